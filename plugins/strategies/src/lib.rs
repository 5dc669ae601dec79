//! Facts of the release to deploy and of the one that runs, put into texts of a strategy: `{version}`,
//! `{running.commit}`.
//!
//! Ordinary functions over releases. A fact that a release does not have is an error and never an empty text.

use windlass_records::fill_with;
use windlass_sdk::prelude::*;

/// What may stand in braces besides artifacts.
const KNOWN: &str = "{version}, {commit}, {release}, {environment}, {application}, {deployment}, \
                     {artifacts.NAME.version | tag | digest | image | reference}, and those of a release with \
                     {running.…} in front";

/// What is known of each artifact.
const PARTS: [&str; 5] = ["version", "tag", "digest", "image", "reference"];

/// In front of what is known of the release that runs.
const RUNNING: &str = "running.";

/// The facts of one deployment.
#[derive(Debug, Clone)]
pub struct Words {
    application: String,
    environment: String,
    deployment: String,
    release: Release,
    running: Option<Release>,
}

impl Words {
    /// Those of a call.
    pub fn of(context: &Context<'_>) -> Result<Self> {
        Ok(Self {
            application: context.application(),
            environment: context.environment(),
            deployment: context.deployment(),
            release: context.release()?,
            running: context.running()?,
        })
    }

    /// The release to deploy.
    #[must_use]
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// The release that runs; none before the first.
    #[must_use]
    pub fn running(&self) -> Option<&Release> {
        self.running.as_ref()
    }

    /// The same as if the release that runs were to be deployed; none where nothing runs.
    #[must_use]
    pub fn backwards(&self) -> Option<Self> {
        let running = self.running.clone()?;
        Some(Self { release: running, running: Some(self.release.clone()), ..self.clone() })
    }

    /// The text with its facts.
    pub fn fill(&self, template: &str) -> Result<String> {
        fill_with(template, &mut |name, secret| if secret { Err(no_secret(name)) } else { self.get(name) })
    }

    fn get(&self, name: &str) -> Result<String> {
        match name {
            "application" => return Ok(self.application.clone()),
            "environment" => return Ok(self.environment.clone()),
            "deployment" => return Ok(self.deployment.clone()),
            _ => {}
        }
        let (whose, fact, release) = match name.strip_prefix(RUNNING) {
            Some(fact) => ("what runs", fact, self.running.as_ref()),
            None => ("the release", name, Some(&self.release)),
        };
        let Some(release) = release else {
            return Err(Error::new("not-found", format!("nothing runs yet, so `{{{name}}}` stands for nothing")));
        };
        let found = match fact {
            "version" => Some(release.version.clone()),
            "release" => Some(release.id.clone()),
            "commit" => release.commit.clone(),
            _ => {
                let (artifact, part) = artifact(fact).ok_or_else(|| unknown(name))?;
                let known = release.artifacts.get(artifact).ok_or_else(|| {
                    let names: Vec<&str> = release.artifacts.keys().map(String::as_str).collect();
                    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                    Error::config(format!("`{{{name}}}`: {whose} has no artifact `{artifact}`; its artifacts: {names}"))
                })?;
                match part {
                    "version" => Some(known.tag.clone().unwrap_or_else(|| known.digest.clone())),
                    "tag" => known.tag.clone(),
                    "digest" => Some(known.digest.clone()),
                    "image" => Some(known.repository.clone()),
                    _ => Some(known.reference()),
                }
            }
        };
        found.ok_or_else(|| {
            let message = format!("`{{{name}}}` stands for nothing: {whose} ({}) has none", release.version);
            let error = Error::config(message);
            if name == "commit" { error.hint("name the commit: `windlass deploy APP --commit SHA`") } else { error }
        })
    }
}

/// Whether a text can be filled, as far as that is known before there is a release. `running` says whether facts of
/// what runs have a place in it.
pub fn check(template: &str, running: bool) -> Result<()> {
    let judge = &mut |name: &str, secret: bool| {
        if secret {
            return Err(no_secret(name));
        }
        if name.starts_with(RUNNING) && !running {
            return Err(Error::config(format!("`{{{name}}}` has no place here: this is about the release alone")));
        }
        let fact = name.strip_prefix(RUNNING).unwrap_or(name);
        let own = fact == name && ["application", "environment", "deployment"].contains(&fact);
        if own || ["version", "commit", "release"].contains(&fact) || artifact(fact).is_some() {
            return Ok(String::new());
        }
        Err(unknown(name))
    };
    fill_with(template, judge).map(drop)
}

/// Whether a text tells something of what runs.
#[must_use]
pub fn is_about_running(template: &str) -> bool {
    let mut found = false;
    let filled = fill_with(template, &mut |name, _| {
        found |= name.starts_with(RUNNING);
        Ok(String::new())
    });
    found && filled.is_ok()
}

/// Name and part of `artifacts.NAME.PART`.
fn artifact(fact: &str) -> Option<(&str, &str)> {
    let (name, part) = fact.strip_prefix("artifacts.")?.rsplit_once('.')?;
    (!name.is_empty() && PARTS.contains(&part)).then_some((name, part))
}

fn unknown(name: &str) -> Error {
    Error::config(format!("`{{{name}}}` is not known here; what is known: {KNOWN}"))
        .hint("`{{` and `}}` are braces themselves")
}

fn no_secret(name: &str) -> Error {
    Error::config(format!("the secret `{name}` has no place here"))
        .hint("a command's secrets belong in its `environment` in `agent.toml`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(running: bool) -> Words {
        let release = |version: &str, commit: Option<&str>| -> Release {
            serde_json::from_value(json!({
                "format": 1, "id": "sha256:r", "application": "kudos", "version": version, "commit": commit,
                "artifacts": { "web": { "repository": "r.example/web", "tag": version, "digest": "sha256:w" } },
                "bundle": { "digest": "sha256:b", "files": {} },
            }))
            .unwrap()
        };
        Words {
            application: "kudos".to_owned(),
            environment: "uat".to_owned(),
            deployment: "d".to_owned(),
            release: release("2", Some("abc")),
            running: running.then(|| release("1", None)),
        }
    }

    #[test]
    fn facts_of_both_releases_are_known() {
        let words = words(true);
        let filled = words.fill("{version} {commit} {running.version} {artifacts.web.image} {{x}} {environment}");
        assert_eq!(filled.unwrap(), "2 abc 1 r.example/web {x} uat");
        assert_eq!(words.fill("{running.artifacts.web.tag}").unwrap(), "1");
        assert_eq!(words.backwards().unwrap().fill("{version}").unwrap(), "1");
    }

    #[test]
    fn what_is_not_there_is_an_error_and_not_empty() {
        for (template, word) in [
            ("{running.commit}", "what runs (1) has none"),
            ("{artifacts.api.tag}", "its artifacts: web"),
            ("{verson}", "is not known here"),
            ("{secret:token}", "has no place here"),
        ] {
            let error = words(true).fill(template).unwrap_err();
            assert!(error.message().contains(word), "{error}");
        }
        assert_eq!(words(false).fill("{running.version}").unwrap_err().code(), "not-found");
    }

    #[test]
    fn texts_are_judged_before_there_is_a_release() {
        check("{running.artifacts.web.digest} {commit}", true).unwrap();
        check("{commit}", false).unwrap();
        for template in ["{running.commit}", "{x}", "{artifacts.web.x}", "{", "{running.environment}"] {
            assert!(check(template, false).is_err(), "{template}");
        }
        assert!(is_about_running("a{running.commit}") && !is_about_running("{commit}"));
    }
}
