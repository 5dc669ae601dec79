//! Paths inside the bundle, which is the boundary: no file outside it is ever asked for.

/// A path of the bundle without `.` and `..`.
pub(crate) fn inside(text: &str, directory: &str) -> Result<String, String> {
    if text.contains("://") || text.starts_with("git@") || text.starts_with("oci:") {
        return Err(format!("`{text}` is somewhere else; a release brings every file that it needs"));
    }
    if text.starts_with('/') || text.starts_with('~') {
        return Err(format!(
            "`{text}` is outside the release, which is the boundary; write it relative to the Compose file"
        ));
    }
    joined(directory, text).ok_or_else(|| format!("`{text}` leaves the release's directory, which is the boundary"))
}

/// A relative path from a directory of the bundle, without `.` and `..`; none where it leaves the bundle.
pub(crate) fn joined(directory: &str, text: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(text.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The directory of a file.
pub(crate) fn directory(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// How to reach one directory of the bundle from another: empty, `a/b`, or `../a`.
pub(crate) fn from_to(from: &str, to: &str) -> String {
    let parts =
        |path: &'_ str| -> Vec<String> { path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect() };
    let (from, to) = (parts(from), parts(to));
    let shared = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
    let up = from.iter().skip(shared).map(|_| "..");
    up.chain(to.iter().skip(shared).map(String::as_str)).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_bundle() {
        assert_eq!(inside("../a/./b", "deploy").as_deref(), Ok("a/b"));
        assert_eq!(inside(".", "").as_deref(), Ok(""));
        for text in ["../x", "a/../../x", "/etc/passwd", "~/x", "https://host/x.yaml", "oci://host/x"] {
            assert!(inside(text, "").is_err(), "{text}");
        }
    }

    #[test]
    fn directories_are_reached_from_each_other() {
        let table = [("", "", ""), ("", "a/b", "a/b"), ("a", "a", ""), ("a", "b", "../b"), ("a/b", "a", "..")];
        for (from, to, expected) in table {
            assert_eq!(from_to(from, to), expected, "{from} {to}");
        }
    }
}
