//! The rules for one version: what the table says, with what an artifact has of its own put in.

use windlass_github::{Settings, check_template};
use windlass_sdk::prelude::*;

use crate::config::{Config, Own};
use crate::versions::Versions;

/// The rules for one version.
#[expect(clippy::struct_excessive_bools, reason = "each is a rule that people turn on by itself")]
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) versions: Versions,
    pub(crate) must_increase: bool,
    pub(crate) contained_in: Option<String>,
    pub(crate) linear: bool,
    pub(crate) tag: String,
    pub(crate) tag_must_exist: bool,
    pub(crate) tag_signed: bool,
    pub(crate) source: Option<Source>,
    /// Whether the source is the release's own, so that the release's commit is one of it.
    pub(crate) shared: bool,
}

/// Who knows the commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// GitHub.
    GitHub(Settings),
    /// A clone, by the beginning of its commands' names.
    Clone { commands: String, fetch: bool },
}

impl Policy {
    /// The rules of the whole.
    pub(crate) fn of(config: &Config) -> Result<Self> {
        Self::with(config, &Own::default())
    }

    /// The rules of an artifact.
    pub(crate) fn of_artifact(config: &Config, name: &str) -> Result<Self> {
        match config.artifacts.get(name) {
            Some(own) => Self::with(config, own).map_err(|error| error.context(format!("artifact `{name}`"))),
            None => Self::of(config),
        }
    }

    fn with(config: &Config, own: &Own) -> Result<Self> {
        // A pattern belongs to its scheme.
        let inherited = config.pattern.as_deref().filter(|_| own.scheme.is_none());
        let pattern = own.pattern.as_deref().or(inherited);
        let branch = own.contained_in.clone().or_else(|| config.contained_in.clone());
        let policy = Self {
            versions: Versions::of(own.scheme.or(config.scheme), pattern)?,
            must_increase: own.must_increase.unwrap_or(config.must_increase),
            contained_in: branch.filter(|branch| !branch.is_empty()),
            linear: own.linear.unwrap_or(config.linear),
            tag: own.tag.clone().unwrap_or_else(|| config.tag.clone()),
            tag_must_exist: own.tag_must_exist.unwrap_or(config.tag_must_exist),
            tag_signed: own.tag_signed.unwrap_or(config.tag_signed),
            source: source(config, own)?,
            shared: own.repository.is_none() && own.clone.is_none(),
        };
        check_template(&policy.tag)?;
        if policy.asks() && policy.source.is_none() {
            let message =
                "`contained-in`, `linear`, `tag-must-exist` and `tag-signed` are questions about a repository";
            return Err(Error::config(format!("{message}, and none is named"))
                .hint("name the one at GitHub in `repository`, or a clone on the host in `clone`"));
        }
        Ok(policy)
    }

    /// Whether there is anything to ask about commits.
    pub(crate) fn asks(&self) -> bool {
        self.contained_in.is_some() || self.linear || self.tag_must_exist || self.tag_signed
    }

    /// The tag of a version.
    pub(crate) fn tag_of(&self, version: &str) -> String {
        self.tag.replace("{version}", version)
    }
}

fn source(config: &Config, own: &Own) -> Result<Option<Source>> {
    let (repository, clone) = match (&own.repository, &own.clone) {
        (None, None) => (&config.repository, &config.clone),
        both => both,
    };
    match (repository, clone) {
        (None, None) => Ok(None),
        (Some(repository), None) => {
            let (repository, api, token) = (repository.clone(), config.api.clone(), config.token.clone());
            let settings = Settings { repository, api, token };
            settings.check()?;
            Ok(Some(Source::GitHub(settings)))
        }
        (None, Some(commands)) => Ok(Some(Source::Clone { commands: commands.clone(), fetch: config.fetch })),
        (Some(_), Some(_)) => Err(Error::config("`repository` and `clone` both say where commits are known")
            .hint("name the repository at GitHub or the clone on the host, not both")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(value: Value) -> Config {
        Config::deserialize(value).unwrap()
    }

    #[test]
    fn an_artifact_has_what_it_says_and_the_rest_of_the_whole() {
        let config = config(json!({
            "scheme": "calver", "must-increase": true, "contained-in": "main", "repository": "a/b", "token": "t",
            "artifacts": { "web": { "scheme": "semver", "repository": "a/web", "contained-in": "" } },
        }));
        let policy = Policy::of_artifact(&config, "web").unwrap();
        assert!(policy.must_increase && policy.contained_in.is_none() && !policy.shared);
        assert!(matches!(&policy.source, Some(Source::GitHub(settings)) if settings.repository == "a/web"
            && settings.token.as_deref() == Some("t")));
        assert!(Policy::of_artifact(&config, "other").unwrap().shared);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (value, word) in [
            (json!({ "linear": true }), "none is named"),
            (json!({ "repository": "a/b", "clone": "git" }), "both"),
            (json!({ "repository": "b" }), "OWNER/NAME"),
            (json!({ "tag": "v1" }), "{version}"),
            (json!({ "scheme": "regex" }), "`pattern`"),
            (json!({ "scheme": "regex", "pattern": "(" }), "`pattern`"),
            (json!({ "scheme": "semver", "pattern": "x" }), "`pattern`"),
            (json!({ "scheme": "calver", "pattern": "x" }), "`pattern`"),
            (json!({ "pattern": "x" }), "`scheme`"),
        ] {
            let error = Policy::of(&config(value.clone())).unwrap_err();
            assert!(error.message().contains(word), "{value}: {error}");
        }
    }
}
