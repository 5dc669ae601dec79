//! What a mounted file of the release is, as far as its container must be replaced when it changes.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use windlass_domain::Bundle;

use super::pin;

/// A file, a directory or a text that a container mounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    /// The path in the release; empty for a text.
    pub(crate) path: String,
    /// The digest of a file, or over the names and digests of all files below a directory.
    pub(crate) digest: String,
    /// Who is a program: [`PROGRAM`] or [`NO_PROGRAM`] for a file, and for a directory a digest over the names of its
    /// programs, or [`NO_PROGRAM`]. None for a text, whose permission bits are part of the digest, and where the release
    /// was recorded by a version that did not say it.
    pub(crate) modes: Option<String>,
}

/// The mode of a file that may be executed.
pub(crate) const PROGRAM: &str = "x";
/// The mode of one that may not.
pub(crate) const NO_PROGRAM: &str = "-";

impl Content {
    /// A text that the host writes.
    pub(super) fn text(text: &str) -> Self {
        Self { path: String::new(), digest: hex::encode(Sha256::digest(text)), modes: None }
    }

    /// A file or directory of the bundle; none where it has neither.
    pub(super) fn of(bundle: &Bundle, path: &str) -> Option<Self> {
        let content = |digest, modes| Some(Self { path: path.to_owned(), digest, modes });
        if let Some(digest) = bundle.files.get(path) {
            let programs = bundle.programs.as_ref();
            let mode = programs.map(|programs| if programs.contains(path) { PROGRAM } else { NO_PROGRAM }.to_owned());
            return content(digest.strip_prefix("sha256:").unwrap_or(digest).to_owned(), mode);
        }
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let mut hasher = Sha256::new();
        let mut any = false;
        for (name, digest) in bundle.files.iter().filter(|(name, _)| name.starts_with(&prefix)) {
            any = true;
            hasher.update(format!("{}\0{digest}\n", &name[prefix.len()..]));
        }
        if !any {
            return None;
        }
        let modes = bundle.programs.as_ref().map(|programs| {
            let mut hasher = Sha256::new();
            let mut any = false;
            for name in programs.iter().filter(|name| name.starts_with(&prefix)) {
                any = true;
                hasher.update(format!("{}\n", &name[prefix.len()..]));
            }
            if any { hex::encode(hasher.finalize()) } else { NO_PROGRAM.to_owned() }
        });
        content(hex::encode(hasher.finalize()), modes)
    }

    /// As labels have it: the beginnings of the digests.
    pub(crate) fn short(&self) -> String {
        let digest = pin::short(&self.digest);
        self.modes.as_ref().map_or_else(|| digest.clone(), |modes| format!("{digest} {}", pin::short(modes)))
    }
}

/// What the hash of a container is made of: contents and modes, or contents alone, as earlier versions made it.
pub(super) fn hashed(files: &BTreeMap<String, Content>, with_modes: bool) -> BTreeMap<&str, String> {
    let text = |content: &Content| match content.modes.as_ref().filter(|_| with_modes) {
        Some(modes) => format!("{} {modes}", content.digest),
        None => content.digest.clone(),
    };
    files.iter().map(|(target, content)| (target.as_str(), text(content))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn bundle(programs: Option<&[&str]>) -> Bundle {
        let files = ["bin/a", "bin/b", "c"].map(|name| (name.to_owned(), format!("sha256:{name}")));
        let programs = programs.map(|names| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>());
        Bundle { digest: String::new(), files: files.into(), programs }
    }

    #[test]
    fn modes_are_told_apart_from_contents() {
        let (none, one, unknown) = (bundle(Some(&[])), bundle(Some(&["bin/a"])), bundle(None));
        let of = |bundle: &Bundle, path: &str| Content::of(bundle, path).unwrap();
        for path in ["bin/a", "bin", ""] {
            assert_eq!(of(&none, path).digest, of(&one, path).digest, "{path}");
            assert_eq!(of(&none, path).modes.as_deref(), Some(NO_PROGRAM), "{path}");
            assert_ne!(of(&none, path), of(&one, path), "{path}");
            assert_eq!(of(&unknown, path).modes, None, "{path}");
        }
        assert_eq!(of(&one, "bin/a").modes.as_deref(), Some(PROGRAM));
        assert_eq!(of(&one, "bin/a").short(), "bin/a x");
        assert_eq!(of(&one, "c"), of(&none, "c"));
        assert_eq!(Content::of(&one, "nothing"), None);
    }
}
