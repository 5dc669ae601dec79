//! The `with` table.

use serde_json::Map;
use windlass_records::{check, check_json};
use windlass_sdk::prelude::*;

/// What is written, where, and how it is signed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// The file in the repository. Default: the environment's name with `.json`.
    pub path: Option<String>,
    /// The file's content: keys and templates. Default: the layout of `recorder-state-file`.
    #[schemars(with = "Map<String, Value>")]
    pub content: Map<String, Value>,
    /// How many of the last deployments are kept in a file of the default layout.
    #[schemars(range(max = 1000))]
    pub history: usize,
    /// The commit's message, a template. Facts of the deployment follow it in lines of their own.
    #[schemars(length(min = 1))]
    pub message: String,
    /// Who writes the commits. Default: `windlass`, at the host's name. With `sign` it is the operator's git that says.
    pub author: Option<Author>,
    /// Whether commits are signed, as the operator's git is configured to.
    pub sign: bool,
    /// Which outcomes are recorded.
    pub on: Vec<Outcome>,
    /// How often a commit is made again when another commit was pushed first.
    #[schemars(range(min = 1, max = 50))]
    pub attempts: u32,
    /// What the names of the operator's commands begin with.
    pub commands: String,
}

/// Who writes the commits.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Author {
    /// The name in commits.
    pub name: String,
    /// The address in commits.
    pub email: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: None,
            content: Map::new(),
            history: 10,
            message: "{summary}".to_owned(),
            author: None,
            sign: false,
            on: vec![Outcome::Succeeded, Outcome::RolledBack, Outcome::Stuck],
            attempts: 5,
            commands: "git-state".to_owned(),
        }
    }
}

impl Config {
    /// What a schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some(path) = &self.path {
            check_path(path)?;
        }
        check(&self.message, false).map_err(|error| error.context("`message`"))?;
        for (key, value) in &self.content {
            check_json(value).map_err(|error| error.context(format!("`content.{key}`")))?;
        }
        if let Some(author) = &self.author {
            check_person("name", &author.name)?;
            check_person("email", &author.email)?;
        }
        if self.message.trim().is_empty() {
            return Err(Error::config("`message` is empty; git wants a subject"));
        }
        if self.on.is_empty() {
            return Err(Error::config("`on` names no outcome, so nothing would be recorded"));
        }
        let name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
        if self.commands.is_empty() || self.commands.len() > 48 || !self.commands.chars().all(name) {
            let message = format!("`commands` is {:?}; it has letters, digits, `-` and `_`, at most 48", self.commands);
            return Err(Error::config(message));
        }
        Ok(())
    }

    /// The file of an environment.
    pub(crate) fn path_in(&self, environment: &str) -> String {
        self.path.clone().unwrap_or_else(|| format!("{environment}.json"))
    }
}

fn check_path(path: &str) -> Result<()> {
    let wrong = |part: &str| part.is_empty() || part == "." || part == ".." || part.eq_ignore_ascii_case(".git");
    if path.split('/').any(wrong) || path.contains(|letter: char| letter.is_control() || matches!(letter, '"' | '\\')) {
        return Err(Error::config(format!("`path` is {path:?}, which is not a file below the top of a repository"))
            .hint("write it like `environments/uat.json`"));
    }
    Ok(())
}

/// git ends a name at `<` and an address at `>`.
fn check_person(what: &str, text: &str) -> Result<()> {
    let wrong =
        text.trim().is_empty() || text.contains(|letter: char| letter.is_control() || matches!(letter, '<' | '>'));
    if wrong { Err(Error::config(format!("`author.{what}` is {text:?}, which git cannot write"))) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_said_before_anything_is_touched() {
        for (with, word) in [
            (json!({ "path": "../x" }), "`path`"),
            (json!({ "path": "/etc/x" }), "`path`"),
            (json!({ "path": "a/.GIT/config" }), "`path`"),
            (json!({ "path": "a\nM 100644 inline b" }), "`path`"),
            (json!({ "content": { "a": ["{x}"] } }), "`content.a`"),
            (json!({ "message": "{nothing}" }), "`message`"),
            (json!({ "message": " " }), "subject"),
            (json!({ "author": { "name": "a <b>", "email": "c" } }), "`author.name`"),
            (json!({ "author": { "name": "a", "email": "c\nd" } }), "`author.email`"),
            (json!({ "on": [] }), "`on`"),
            (json!({ "commands": "a b" }), "`commands`"),
        ] {
            let error = Config::deserialize(with.clone()).unwrap().check().unwrap_err();
            assert!(error.message().contains(word), "{with}: {error}");
        }
    }
}
