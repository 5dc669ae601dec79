//! Which pacticipants a release is, and in which versions.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use windlass_sdk::documents::Release;
use windlass_sdk::{Error, Result};

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

/// What a pacticipant's version is called at the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Naming {
    /// The artifact's tag.
    #[default]
    Tag,
    /// The release's commit, in full.
    Commit,
    /// The release's version label.
    Release,
}

impl Pacticipant {
    /// The pacticipants of a release by a table from artifacts to names, in the order of their names at the broker.
    pub fn of_release(release: &Release, table: &BTreeMap<String, String>, naming: Naming) -> Result<Vec<Self>> {
        let mut found: Vec<Self> = Vec::new();
        for (artifact, name) in table {
            let version = version(release, artifact, naming)?;
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
    pub fn check(table: &BTreeMap<String, String>) -> Result<()> {
        if table.is_empty() {
            return Err(Error::config("`pacticipants` is empty").hint(
                "write what each artifact is called at the broker: `pacticipants = { backend = \"Example API\" }`",
            ));
        }
        match table.iter().find(|(_, name)| name.trim().is_empty()) {
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

fn version(release: &Release, name: &str, naming: Naming) -> Result<String> {
    let Some(artifact) = release.artifacts.get(name) else {
        let known: Vec<&str> = release.artifacts.keys().map(String::as_str).collect();
        return Err(Error::config(format!(
            "`pacticipants` names the artifact `{name}`, which the release does not have"
        ))
        .hint(format!("it has: {}", known.join(", "))));
    };
    match naming {
        Naming::Release => Ok(release.version.clone()),
        Naming::Commit => release.commit.clone().ok_or_else(|| {
            Error::config("the release names no commit, which `version = \"commit\"` needs")
                .hint("give `--commit`, or write `version = \"tag\"`")
        }),
        Naming::Tag => match artifact.tag.as_deref() {
            Some("latest") => Err(Error::config(format!(
                "the artifact `{name}` is asked for as `latest`, which names no version that a broker could know"
            ))
            .hint("deploy it by the tag that its build gave it, or write `version = \"commit\"`")),
            Some(tag) => Ok(tag.to_owned()),
            None => Err(Error::config(format!("the artifact `{name}` is asked for by digest and has no tag"))
                .hint("write `version = \"commit\"` or `version = \"release\"`, or give the artifact a tag")),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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

    fn all(table: &[(&str, &str)], naming: Naming) -> Result<Vec<String>> {
        let table = table.iter().map(|(artifact, name)| ((*artifact).to_owned(), (*name).to_owned())).collect();
        let found = Pacticipant::of_release(&release(), &table, naming)?;
        Ok(found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_version_is_what_the_build_published() {
        let both = [("web", "Shop Web"), ("api", "Shop API")];
        assert_eq!(all(&both, Naming::Tag).unwrap(), ["Shop API 3.4", "Shop Web 1.2"]);
        assert_eq!(all(&both, Naming::Commit).unwrap(), ["Shop API c0ffee", "Shop Web c0ffee"]);
        assert_eq!(all(&both, Naming::Release).unwrap(), ["Shop API 7", "Shop Web 7"]);
    }

    #[test]
    fn what_names_no_version_is_refused() {
        for (table, words) in [
            (vec![("new", "New")], "`latest`"),
            (vec![("pin", "Pin")], "by digest"),
            (vec![("gone", "Gone")], "does not have"),
            (vec![("web", "One"), ("api", "One")], "both the pacticipant `One`"),
        ] {
            let error = all(&table, Naming::Tag).unwrap_err();
            assert!(error.code() == "invalid-config" && error.message().contains(words), "{error}");
        }
    }
}
