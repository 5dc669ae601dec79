//! How a command names an application: by its name, or by the path of its release file or directory.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use windlass_foundation::names::Kind;

/// An application, as a caller names it. As JSON it is one text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum ApplicationRef {
    /// A name: the release file is in the operator's applications directory, and the journal knows it.
    Name(String),
    /// A release file, or a directory with a `release.toml`, on the host of the agent.
    Path(PathBuf),
}

impl std::fmt::Display for ApplicationRef {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => formatter.write_str(name),
            Self::Path(path) => path.display().fmt(formatter),
        }
    }
}

impl FromStr for ApplicationRef {
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

impl TryFrom<String> for ApplicationRef {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ApplicationRef> for String {
    fn from(application: ApplicationRef) -> Self {
        application.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_are_told_apart() {
        let parse = |text: &str| text.parse::<ApplicationRef>().unwrap();
        assert_eq!(parse("kudos"), ApplicationRef::Name("kudos".to_owned()));
        for neither in ["kudos;id", "kudos.v2", "Kudos", "", "-", "$(id)", "kudos id", "'"] {
            assert!(neither.parse::<ApplicationRef>().is_err(), "{neither}");
        }
        for path in [".", "..", "./kudos", "/srv/kudos", "kudos/", "release.toml", "kudos.toml"] {
            assert_eq!(parse(path), ApplicationRef::Path(PathBuf::from(path)));
        }
    }
}
