//! Paths of Compose files: into the bundle, or of the host.

use super::Path;
use crate::paths;

/// Reads a path that is relative to `directory`, a directory of the bundle.
pub(super) fn read(text: &str, directory: &str) -> Result<Path, String> {
    if text.starts_with('/') {
        return Ok(Path::Host(text.to_owned()));
    }
    if text.starts_with('~') {
        return Err(format!("`{text}` is in a home directory, which a release does not have; write the path in full"));
    }
    if text.contains('\\') || text.chars().nth(1) == Some(':') {
        return Err(format!("`{text}` is a Windows path"));
    }
    bundle(text, directory).map(Path::Bundle)
}

/// A path of the bundle without `.` and `..`.
pub(super) fn bundle(text: &str, directory: &str) -> Result<String, String> {
    if text.starts_with('/') {
        return Err(format!("`{text}` is not a file of the release; write it relative to the Compose file"));
    }
    paths::joined(directory, text).ok_or_else(|| format!("`{text}` leaves the release's directory"))
}

/// An absolute path without `.`, `..` and doubled slashes, as Go's `path.Clean` makes it.
pub(super) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_bundle() {
        let table = [
            ("./a", "", Ok(Path::Bundle("a".into()))),
            ("../a/./b", "deploy", Ok(Path::Bundle("a/b".into()))),
            (".", "deploy", Ok(Path::Bundle("deploy".into()))),
            ("/srv", "", Ok(Path::Host("/srv".into()))),
        ];
        for (text, directory, expected) in table {
            assert_eq!(read(text, directory), expected, "{text}");
        }
        for text in ["../a", "./a/../../b", "~/x", "C:\\x"] {
            assert!(read(text, "").is_err(), "{text}");
        }
    }
}
