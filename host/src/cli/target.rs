//! What a person means by APP: the name of an application, or the path of a release file or its directory.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use windlass_foundation::names::Kind;

/// An application as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A name: the release file is in the operator's applications directory, and the journal knows it.
    Name(String),
    /// A release file, or a directory with a `release.toml`.
    Path(PathBuf),
}

impl std::fmt::Display for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => formatter.write_str(name),
            Self::Path(path) => path.display().fmt(formatter),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    /// Whatever has a `/`, ends with `.toml`, or is `.` or `..` is a path; everything else must be a name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_toml = Path::new(text).extension().is_some_and(|extension| extension == "toml");
        let is_path = text.contains('/') || is_toml || text == "." || text == "..";
        if is_path {
            return Ok(Self::Path(PathBuf::from(text)));
        }
        let named = Kind::Application.parse(text).map(Self::Name);
        named.map_err(|why| format!("{why}; what has a `/` in it is a path"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_are_told_apart() {
        let parse = |text: &str| text.parse::<Target>().unwrap();
        assert_eq!(parse("kudos"), Target::Name("kudos".to_owned()));
        for neither in ["kudos;id", "kudos.v2", "Kudos", "", "-", "$(id)", "kudos id", "'"] {
            assert!(neither.parse::<Target>().is_err(), "{neither}");
        }
        for path in [".", "..", "./kudos", "/srv/kudos", "kudos/", "release.toml", "kudos.toml"] {
            assert_eq!(parse(path), Target::Path(PathBuf::from(path)));
        }
    }
}
