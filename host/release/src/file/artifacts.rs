//! The images of a release file: where each comes from, and which version of it is meant.
//!
//! Whether an image exists is asked when the release is resolved.

use std::collections::BTreeMap;

use windlass_config::document::{Noted, Read, Spot, all};
use windlass_domain::reference::{Reference, is_digest};

use super::ArtifactSource;
use super::convert::Reader;
use super::wire;

impl Reader<'_> {
    pub(super) fn artifacts(
        &self,
        written: BTreeMap<String, Spot<wire::Artifact>>,
    ) -> Read<BTreeMap<String, ArtifactSource>> {
        let mut repositories: BTreeMap<String, String> = BTreeMap::new();
        all(written.into_iter().map(|(name, artifact)| {
            let named = self.name(&name, artifact.span.clone(), "an artifact's name");
            let source = self.artifact(&name, &artifact.value)?;
            named?;
            if let Some(other) = repositories.insert(source.repository.repository(), name.clone()) {
                let message = format!("the artifacts `{other}` and `{name}` have the same repository");
                return Err(self.mistakes.note(artifact.value.image.span.clone(), message, None));
            }
            Ok((name, source))
        }))
    }

    /// Whether a path stays in the application's directory.
    pub(super) fn beside(&self, path: &Spot<String>) -> Read<()> {
        if !path.starts_with('/') && !path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Ok(());
        }
        let message = format!("`{}` is not the path of a file beside the release file", path.value);
        Err(self.mistakes.note(path.span.clone(), message, None))
    }

    fn artifact(&self, name: &str, written: &wire::Artifact) -> Read<ArtifactSource> {
        let repository = self.repository(&written.image);
        let tag = written.tag.as_ref().map_or(Ok(()), |tag| self.tag(name, tag, written, repository.as_ref().ok()));
        let file = written.version_file.as_ref().map_or(Ok(()), |file| self.version_file(name, file, written));
        if let Some(digest) = &written.digest
            && !is_digest(digest)
        {
            let message = format!("`{}` is not `sha256:` and 64 hexadecimal digits", digest.value);
            return Err(self.wrong(digest, message, None));
        }
        tag.and(file)?;
        let value = |spot: &Option<Spot<String>>| spot.as_ref().map(|spot| spot.value.clone());
        Ok(ArtifactSource {
            repository: repository?,
            // A version of a file is the tag where nothing else is said.
            tag: value(&written.tag).or_else(|| written.version_file.as_ref().map(|_| "{version}".to_owned())),
            version_file: value(&written.version_file),
            digest: value(&written.digest),
            local: written.local,
        })
    }

    fn repository(&self, image: &Spot<String>) -> Read<Reference> {
        let repository = Reference::parse(image).map_err(|error| self.wrong(image, error.to_string(), None))?;
        if repository.tag().is_some() || repository.digest().is_some() {
            let bare = repository.repository();
            let hint = format!("write `image = \"{bare}\"`, and the version as `tag` or `digest`");
            return Err(self.wrong(image, "`image` is a repository without a version".into(), Some(hint)));
        }
        Ok(repository)
    }

    /// A tag is held against its repository, and not judged without one.
    fn tag(
        &self,
        name: &str,
        tag: &Spot<String>,
        written: &wire::Artifact,
        repository: Option<&Reference>,
    ) -> Read<()> {
        let plain = tag.replace("{commit}", "0123456");
        let plain = if written.version_file.is_some() { plain.replace("{version}", "1.0") } else { plain };
        let valid = |repository: &Reference| {
            repository.with_version(&plain).is_ok_and(|reference| reference.digest().is_none())
        };
        if !repository.is_none_or(valid) {
            let message = format!("`{}` is not a tag", tag.value);
            let hint = "tags are letters, digits, `_`, `.` and `-`; `{commit}` stands for the commit of `--commit`, \
                        and `{version}` for what `version-file` has";
            return Err(self.wrong(tag, message, Some(hint.into())));
        }
        if written.digest.is_some() && tag.contains("{commit}") {
            let message =
                format!("the artifact `{name}` has a fixed `digest`, so that its tag cannot follow the commit");
            return Err(self.wrong(tag, message, None));
        }
        Ok(())
    }

    fn version_file(&self, name: &str, file: &Spot<String>, written: &wire::Artifact) -> Read<()> {
        self.beside(file)?;
        if written.digest.is_some() {
            let message = format!("the artifact `{name}` has a fixed `digest`, so that it has no version of a file");
            return Err(self.wrong(file, message, None));
        }
        Ok(())
    }

    fn wrong(&self, spot: &Spot<String>, message: String, hint: Option<String>) -> Noted {
        self.mistakes.note(spot.span.clone(), message, hint)
    }
}
