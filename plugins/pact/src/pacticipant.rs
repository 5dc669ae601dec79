//! Which pacticipants a release is, and in which versions.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use windlass_sdk::documents::Release;
use windlass_sdk::{Error, Result};

use crate::naming::Naming;

/// An application as the broker knows it, in one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pacticipant {
    /// The artifact's name in the release.
    pub artifact: String,
    /// The name at the broker, where case matters.
    pub name: String,
    /// The version that is to run, or runs.
    pub version: String,
}

/// What an artifact is called at the broker: a name, or a table with a name and what its versions are called.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "Written")]
#[schemars(with = "Written")]
pub struct Named {
    /// The name, where case matters.
    pub name: String,
    /// What its versions are called, where that is not what the others' are called.
    pub version: Option<Naming>,
}

/// As people write it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a name, or a table with `name` and `version`")]
enum Written {
    /// The name.
    Name(String),
    /// The name, and what versions of this pacticipant are called.
    Both(Both),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Both {
    /// The name at the broker.
    name: String,
    /// What its versions are called there. Default: as those of the others.
    #[serde(default)]
    version: Option<String>,
}

impl TryFrom<Written> for Named {
    type Error = String;

    fn try_from(written: Written) -> std::result::Result<Self, String> {
        match written {
            Written::Name(name) => Ok(Self { name, version: None }),
            Written::Both(Both { name, version }) => {
                Ok(Self { name, version: version.map(Naming::try_from).transpose()? })
            }
        }
    }
}

impl Pacticipant {
    /// The pacticipants of a release by a table from artifacts to names, in the order of their names at the broker.
    pub fn of_release(release: &Release, table: &BTreeMap<String, Named>, naming: &Naming) -> Result<Vec<Self>> {
        let mut found: Vec<Self> = Vec::new();
        for (artifact, Named { name, version }) in table {
            let version = naming_of(release, artifact, version.as_ref().unwrap_or(naming))?;
            match found.iter().find(|known| known.name == *name) {
                None => found.push(Self { artifact: artifact.clone(), name: name.clone(), version }),
                Some(known) if known.version == version => {}
                Some(known) => {
                    return Err(Error::config(format!(
                        "the artifacts `{}` and `{artifact}` are both the pacticipant `{name}`, in the versions {} and {version}",
                        known.artifact, known.version,
                    )));
                }
            }
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    /// What a table cannot be.
    pub fn check(table: &BTreeMap<String, Named>) -> Result<()> {
        if table.is_empty() {
            return Err(Error::config("`pacticipants` is empty").hint(
                "write what each artifact is called at the broker: `pacticipants = { backend = \"Example API\" }`",
            ));
        }
        match table.iter().find(|(_, named)| named.name.trim().is_empty()) {
            Some((artifact, _)) => Err(Error::config(format!("the pacticipant of `{artifact}` has no name"))),
            None => Ok(()),
        }
    }
}

impl std::fmt::Display for Pacticipant {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.name, self.version)
    }
}

fn naming_of(release: &Release, artifact: &str, naming: &Naming) -> Result<String> {
    if release.artifacts.contains_key(artifact) {
        return naming.version(release, artifact);
    }
    let known: Vec<&str> = release.artifacts.keys().map(String::as_str).collect();
    Err(Error::config(format!("`pacticipants` names the artifact `{artifact}`, which the release does not have"))
        .hint(format!("it has: {}", known.join(", "))))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn release() -> Release {
        let image = |tag: Option<&str>| json!({ "repository": "r/x", "tag": tag, "digest": "sha256:1" });
        serde_json::from_value(json!({
            "format": 1, "id": "sha256:r", "application": "shop", "version": "7", "commit": "c0ffee",
            "artifacts": { "web": image(Some("1.2")), "api": image(Some("3.4")), "new": image(Some("latest")), "pin": image(None) },
            "bundle": { "digest": "sha256:b", "files": {} },
        }))
        .unwrap()
    }

    fn all(table: &Value, naming: &str) -> Result<Vec<String>> {
        let table: BTreeMap<String, Named> = serde_json::from_value(table.clone())?;
        let found = Pacticipant::of_release(&release(), &table, &Naming::parse(naming)?)?;
        Ok(found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_version_is_what_the_build_published() {
        let both = json!({ "web": "Shop Web", "api": "Shop API" });
        assert_eq!(all(&both, "tag").unwrap(), ["Shop API 3.4", "Shop Web 1.2"]);
        assert_eq!(all(&both, "commit").unwrap(), ["Shop API c0ffee", "Shop Web c0ffee"]);
        assert_eq!(all(&both, "release").unwrap(), ["Shop API 7", "Shop Web 7"]);
        let made = all(&both, "{release} build {commit}/{tag}").unwrap();
        assert_eq!(made, ["Shop API 7 build c0ffee/3.4", "Shop Web 7 build c0ffee/1.2"]);
    }

    #[test]
    fn a_pacticipant_may_have_versions_of_its_own_kind() {
        let table = json!({ "web": "Shop Web", "api": { "name": "Shop API", "version": "{{{commit}}}" },
            "new": { "name": "Shop New", "version": "release" } });
        assert_eq!(all(&table, "tag").unwrap(), ["Shop API {c0ffee}", "Shop New 7", "Shop Web 1.2"]);
        let wrong = json!({ "api": { "name": "Shop API", "version": "{branch}" } });
        assert!(all(&wrong, "tag").unwrap_err().message().contains("`{branch}`, which is unknown"));
        let wrong = json!({ "api": 5 });
        assert!(all(&wrong, "tag").unwrap_err().message().contains("a table with `name` and `version`"));
    }

    #[test]
    fn what_names_no_version_is_refused() {
        for (table, words) in [
            (json!({ "new": "New" }), "`latest`"),
            (json!({ "pin": "Pin" }), "by digest"),
            (json!({ "gone": "Gone" }), "does not have"),
            (json!({ "web": "One", "api": "One" }), "both the pacticipant `One`"),
        ] {
            let error = all(&table, "tag").unwrap_err();
            assert!(error.code() == "invalid-config" && error.message().contains(words), "{error}");
        }
    }
}
