//! The `with` table.

use std::collections::BTreeMap;

use windlass_sdk::prelude::*;

use crate::rule::Rule;
use crate::unresolved::Unresolved;

/// What must be there.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// Variables of the release and the environment, and what their values must be.
    pub variables: BTreeMap<String, Rule>,
    /// Configuration files.
    pub files: Vec<File>,
    /// Secrets that must be there.
    #[schemars(extend("items" = { "type": "string", "format": "secret-name" }))]
    pub secrets: Vec<String>,
    /// Regular expressions of placeholders that were not filled in, for variables and files. Default: `${…}`, `{{…}}`,
    /// `<name>`, `CHANGEME`, `REPLACE_ME`, `TODO`, `FIXME`. An empty list looks for nothing.
    pub placeholders: Option<Vec<String>>,
}

/// A configuration file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct File {
    /// The path below its root.
    pub path: String,
    /// The root: the release's `bundle`, or one that the operator grants.
    #[serde(default = "bundle")]
    pub root: String,
    /// How it is read. Default: what its name says.
    #[serde(default)]
    pub format: Option<Format>,
    /// Whether it must be there.
    #[serde(default = "yes")]
    pub required: bool,
    /// Values by variable name, or by JSON pointer (`/database/port`) in TOML, YAML and JSON.
    #[serde(default)]
    pub values: BTreeMap<String, Rule>,
    /// Other regular expressions than those of the whole.
    #[serde(default)]
    pub placeholders: Option<Vec<String>>,
}

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `NAME=value` lines, as Docker Compose reads them.
    Env,
    /// TOML.
    Toml,
    /// YAML.
    Yaml,
    /// JSON.
    Json,
    /// Lines, in which only placeholders are looked for.
    Text,
}

fn bundle() -> String {
    files::BUNDLE.to_owned()
}

fn yes() -> bool {
    true
}

impl Config {
    /// What a schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        if self.variables.is_empty() && self.files.is_empty() && self.secrets.is_empty() {
            return Err(Error::config("there are no `variables`, `files` and `secrets`, so nothing would be checked"));
        }
        Unresolved::new(self.placeholders.as_deref())?;
        for (name, rule) in &self.variables {
            rule.check().map_err(|error| error.context(format!("variable `{name}`")))?;
        }
        for file in &self.files {
            file.check().map_err(|error| error.context(format!("file `{}`", file.path)))?;
        }
        Ok(())
    }
}

impl File {
    /// How it is read.
    pub(crate) fn format(&self) -> Format {
        let name = self.path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let by_name = || match name.rsplit('.').next() {
            Some("toml") => Format::Toml,
            Some("yaml" | "yml") => Format::Yaml,
            Some("json") => Format::Json,
            Some("env") => Format::Env,
            _ if name.starts_with(".env.") => Format::Env,
            _ => Format::Text,
        };
        self.format.unwrap_or_else(by_name)
    }

    fn check(&self) -> Result<()> {
        if self.path.is_empty() {
            return Err(Error::config("`path` is empty"));
        }
        Unresolved::new(self.placeholders.as_deref())?;
        let format = self.format();
        if format == Format::Text && !self.values.is_empty() {
            return Err(Error::config("has `values`, and its name does not say how it is read")
                .hint("add `format`: `env`, `toml`, `yaml` or `json`"));
        }
        for (name, rule) in &self.values {
            if format != Format::Env && !name.starts_with('/') {
                return Err(Error::config(format!("`{name}` is not a JSON pointer"))
                    .hint(format!("write `/{}`", name.replace('.', "/"))));
            }
            rule.check().map_err(|error| error.context(format!("value `{name}`")))?;
            if rule.secret {
                return Err(Error::config(format!("value `{name}`: `secret` is for variables, a file holds values")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_said_before_anything_is_touched() {
        for (with, word) in [
            (json!({}), "nothing would be checked"),
            (json!({ "variables": { "A": { "pattern": "(" } } }), "`A`"),
            (json!({ "variables": { "A": { "one-of": [] } } }), "one-of"),
            (json!({ "secrets": ["a"], "placeholders": ["("] }), "placeholders"),
            (json!({ "files": [{ "path": "app.conf", "values": { "A": {} } }] }), "how it is read"),
            (json!({ "files": [{ "path": "a.toml", "values": { "a.b": {} } }] }), "JSON pointer"),
            (json!({ "files": [{ "path": "a.env", "values": { "A": { "secret": true } } }] }), "`secret`"),
        ] {
            let error = Config::deserialize(with.clone()).unwrap().check().unwrap_err();
            assert!(error.message().contains(word), "{with}: {error}");
        }
    }

    #[test]
    fn a_name_says_how_a_file_is_read() {
        for (path, format) in [
            ("x/.env", Format::Env),
            (".env.uat", Format::Env),
            ("app.env", Format::Env),
            ("a.yml", Format::Yaml),
            ("a.toml", Format::Toml),
            ("a.JSON", Format::Json),
            ("nginx.conf", Format::Text),
        ] {
            let file = File::deserialize(json!({ "path": path })).unwrap();
            assert_eq!(file.format(), format, "{path}");
        }
    }
}
