//! What a request leaves open, on a host where the application runs: what is not set stays as it runs, and the release
//! file's own version counts for the first deployment, when the file changed it, and when the request asks for it.
//!
//! A tag that the file has and that runs is asked for anew when no version was set: it may mean another image by now.

use std::collections::{BTreeMap, BTreeSet};

use windlass_domain::{Artifact, Release};

use super::{VersionRequest, versions};
use crate::file::{ArtifactSource, ReleaseFile};

/// A release file with the versions that stand in other files of the application.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// The file.
    pub file: &'a ReleaseFile,
    /// As [`VersionRequest::of_files`].
    pub of_files: &'a BTreeMap<String, String>,
}

impl Written<'_> {
    /// The version that is written, with `{commit}` where it stands for one; none where nothing is.
    fn version(&self, name: &str) -> Option<String> {
        let source = self.file.artifacts.get(name)?;
        versions::written(source, self.of_files.get(name).map(String::as_str))
    }
}

/// What stays, and remarks about versions that the request did not name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Artifacts that stay as they run.
    pub artifacts: BTreeMap<String, Artifact>,
    /// Those of them whose version the release file does not say.
    pub unwritten: BTreeSet<String>,
    /// One sentence each.
    pub notes: Vec<String>,
}

/// What stays of a release that runs, which was made from `before`. With `defaults` nothing does.
#[must_use]
pub fn keep(
    now: Written<'_>,
    before: Written<'_>,
    request: &VersionRequest,
    running: &Release,
    defaults: bool,
) -> Kept {
    let mut kept = Kept::default();
    let something_is_set = !request.versions.is_empty();
    for (name, source) in &now.file.artifacts {
        let (Some(artifact), Some(then)) = (running.artifacts.get(name), before.file.artifacts.get(name)) else {
            continue;
        };
        let is_other =
            |of: &ArtifactSource| artifact.repository != of.repository.repository() || artifact.local != of.local;
        if request.versions.contains_key(name) || is_other(source) || is_other(then) {
            continue;
        }
        let (written, before, runs) = (now.version(name), before.version(name), versions::version(artifact));
        let follows_commit = written.as_ref().is_some_and(|version| version.contains(versions::COMMIT));
        if follows_commit && request.commit.is_some() {
            continue;
        }
        let says_what_runs = |version: &Option<String>| version.as_ref().is_some_and(|version| is(artifact, version));
        let is_written = says_what_runs(&written);
        let shown = written.as_deref().map(versions::without_digest);
        if defaults || written != before {
            // A version that was set before and is not the file's any more.
            if !is_written && (defaults || !says_what_runs(&before)) {
                let to = shown.unwrap_or("nothing");
                kept.notes.push(format!("artifact {name}: {runs} -> {to}, which the release file says"));
            }
            continue;
        }
        if is_written && !something_is_set {
            continue;
        }
        if !is_written {
            kept.notes.extend(shown.map(|shown| {
                format!(
                    "artifact {name} stays at {runs}, which runs; the release file says {shown}, which `--defaults` \
                     deploys"
                )
            }));
            kept.unwritten.insert(name.clone());
        }
        kept.artifacts.insert(name.clone(), artifact.clone());
    }
    kept
}

/// Whether an artifact is what `TAG`, `DIGEST` or `TAG@DIGEST` says.
fn is(artifact: &Artifact, version: &str) -> bool {
    match version.split_once('@') {
        Some((tag, digest)) => artifact.tag.as_deref() == Some(tag) && artifact.digest == digest,
        None => artifact.tag.as_deref() == Some(version) || artifact.tag.is_none() && artifact.digest == version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(web: &str, api: &str) -> ReleaseFile {
        let text = format!(
            "application = \"kudos\"\n[strategy]\nplugin = \"strategy-compose\"\n\
             [artifacts.web]\nimage = \"r.example/web\"\n{web}\n[artifacts.api]\nimage = \"r.example/api\"\n{api}\n"
        );
        ReleaseFile::parse(text.as_bytes(), "release.toml").unwrap()
    }

    fn running(web: &str, api: &str) -> Release {
        let artifact = |name: &str, tag: &str| Artifact {
            repository: format!("r.example/{name}"),
            tag: Some(tag.to_owned()),
            digest: format!("sha256:{}", "ab".repeat(32)),
            local: false,
        };
        Release {
            format: 1,
            id: "sha256:1".to_owned(),
            application: "kudos".to_owned(),
            version: "v".to_owned(),
            commit: None,
            artifacts: [("web".to_owned(), artifact("web", web)), ("api".to_owned(), artifact("api", api))].into(),
            inputs: BTreeMap::new(),
            bundle: windlass_domain::Bundle { digest: String::new(), files: BTreeMap::new(), programs: None },
            migration: None,
        }
    }

    /// What stays, and the notes.
    fn kept(
        (before, now): (&ReleaseFile, &ReleaseFile),
        set: &[&str],
        commit: Option<&str>,
        runs: (&str, &str),
        defaults: bool,
    ) -> (Vec<String>, String) {
        let none = BTreeMap::new();
        let versions = set.iter().map(|name| ((*name).to_owned(), "9".to_owned())).collect();
        let request = VersionRequest { versions, commit: commit.map(str::to_owned), ..VersionRequest::default() };
        let written = |file| Written { file, of_files: &none };
        let kept = keep(written(now), written(before), &request, &running(runs.0, runs.1), defaults);
        (kept.artifacts.into_keys().collect(), kept.notes.join("\n"))
    }

    #[test]
    fn what_is_not_set_stays_and_a_changed_file_counts() {
        let (one, two) = (file("tag = \"1\"", "tag = \"1\""), file("tag = \"1\"", "tag = \"2\""));
        let same = (&one, &one);
        let note = "artifact api stays at 3, which runs; the release file says 1, which `--defaults` deploys";
        // The other artifact is set: this one stays, whatever the tag means by now.
        assert_eq!(kept(same, &["web"], None, ("1", "1"), false), (vec!["api".to_owned()], String::new()));
        assert_eq!(kept(same, &["web"], None, ("1", "3"), false), (vec!["api".to_owned()], note.to_owned()));
        // Nothing is set: what was set before stays, and the file's tag is asked for anew.
        assert_eq!(kept(same, &[], None, ("1", "3"), false), (vec!["api".to_owned()], note.to_owned()));
        // The file says otherwise now.
        assert_eq!(kept((&one, &two), &[], None, ("1", "1"), false), (vec![], String::new()));
        let back = "artifact api: 3 -> 2, which the release file says";
        assert_eq!(kept((&one, &two), &["web"], None, ("1", "3"), false), (vec![], back.to_owned()));
        let back = "artifact api: 3 -> 1, which the release file says";
        assert_eq!(kept(same, &["web"], None, ("1", "3"), true), (vec![], back.to_owned()));
    }

    #[test]
    fn a_commit_is_a_version_for_what_follows_it() {
        let both = file("tag = \"{commit}\"", "tag = \"7\"");
        let same = (&both, &both);
        assert!(kept(same, &[], Some("1ef921a"), ("c0ffee1", "7"), false).0.is_empty());
        assert_eq!(kept(same, &[], Some("1ef921a"), ("c0ffee1", "8"), false).0, ["api"]);
        assert_eq!(kept(same, &["api"], None, ("c0ffee1", "7"), false).0, ["web"]);
        // Without a version of its own there is nothing but what runs.
        let none = file("", "tag = \"7\"");
        assert_eq!(kept((&none, &none), &["api"], None, ("5", "7"), false), (vec!["web".to_owned()], String::new()));
    }

    #[test]
    fn another_image_of_the_same_name_is_not_what_runs() {
        let one = file("tag = \"1\"", "tag = \"1\"");
        let other = file("tag = \"1\"", "tag = \"1\"\nlocal = true");
        assert_eq!(kept((&one, &other), &["web"], None, ("1", "3"), false), (vec![], String::new()));
    }
}
