//! What versions are called at the broker: a text with facts of the release in braces, and three words for the usual ones.
//!
//! A version at a broker may hold spaces and slashes, which no tag and no release label can: so it is made here, of them.

use schemars::JsonSchema;
use serde::Deserialize;
use windlass_records::fill_with;
use windlass_sdk::documents::Release;
use windlass_sdk::{Error, Result};

/// What can stand in braces.
const FACTS: &str = "`{tag}` (of the artifact), `{commit}` and `{release}` (the release's version label)";

/// What a pacticipant's version is called at the broker: `tag`, `commit`, `release`, or a text with `{tag}`, `{commit}`
/// or `{release}` in it, such as `{release} build {commit}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Naming(String);

impl Default for Naming {
    fn default() -> Self {
        Self("{tag}".to_owned())
    }
}

impl TryFrom<String> for Naming {
    type Error = String;

    fn try_from(written: String) -> std::result::Result<Self, String> {
        Self::parse(&written).map_err(|error| {
            let hint = error.advice().unwrap_or_default();
            if hint.is_empty() { error.message().to_owned() } else { format!("{} ({hint})", error.message()) }
        })
    }
}

impl Naming {
    /// Reads one of the words, or a text with at least one fact.
    ///
    /// # Errors
    /// `invalid-config` for a fact that is unknown, a brace without a partner, and a text that would be the same for
    /// every release.
    pub fn parse(written: &str) -> Result<Self> {
        if matches!(written, "tag" | "commit" | "release") {
            return Ok(Self(format!("{{{written}}}")));
        }
        let mut facts = 0_usize;
        fill_with(written, &mut |name, secret| {
            if secret || !matches!(name, "tag" | "commit" | "release") {
                let name = if secret { format!("secret:{name}") } else { name.to_owned() };
                return Err(Error::config(format!(
                    "`version` has `{{{name}}}`, which is unknown; what can stand in braces: {FACTS}"
                )));
            }
            facts += 1;
            Ok(String::new())
        })?;
        if facts == 0 {
            return Err(Error::config(format!(
                "`version` is {written:?}, which is the same for every release; write `\"tag\"`, `\"commit\"`, \
                 `\"release\"`, or a text with one of {FACTS}"
            )));
        }
        Ok(Self(written.to_owned()))
    }

    /// The version of an artifact of a release.
    ///
    /// # Errors
    /// `invalid-config` when the release lacks what the name is made of, or nothing but spaces comes out.
    pub fn version(&self, release: &Release, artifact: &str) -> Result<String> {
        let version = fill_with(&self.0, &mut |name, _| match name {
            "release" => Ok(release.version.clone()),
            "commit" => release.commit.clone().ok_or_else(|| {
                Error::config("the release names no commit, of which `version` is to be made")
                    .hint("give `--commit`, or write `version = \"tag\"`")
            }),
            _ => tag(release, artifact),
        })?;
        if version.trim().is_empty() {
            return Err(Error::config(format!(
                "the artifact `{artifact}` has no version at the broker: nothing but spaces comes out of `version`"
            )));
        }
        Ok(version)
    }
}

fn tag(release: &Release, name: &str) -> Result<String> {
    match release.artifacts.get(name).and_then(|artifact| artifact.tag.as_deref()) {
        Some("latest") => Err(Error::config(format!(
            "the artifact `{name}` is asked for as `latest`, which names no version that a broker could know"
        ))
        .hint("deploy it by the tag that its build gave it, or write `version = \"commit\"`")),
        Some(tag) => Ok(tag.to_owned()),
        None => Err(Error::config(format!("the artifact `{name}` is asked for by digest and has no tag"))
            .hint("write `version = \"commit\"` or `version = \"release\"`, or give the artifact a tag")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_version_is_refused_with_what_does() {
        for (written, words) in [
            ("{branch}", "`{branch}`, which is unknown; what can stand in braces: `{tag}`"),
            ("{tag", "a brace without a partner"),
            ("{secret:token}", "`{secret:token}`, which is unknown"),
            ("", "the same for every release"),
            ("latest", "write `\"tag\"`, `\"commit\"`, `\"release\"`"),
        ] {
            let error = Naming::parse(written).unwrap_err();
            assert!(error.code() == "invalid-config" && error.message().contains(words), "{written}: {error}");
        }
        assert_eq!(Naming::parse("tag").unwrap(), Naming::default());
        assert!(serde_json::from_str::<Naming>("\"{branch}\"").unwrap_err().to_string().contains("`{commit}`"));
    }
}
