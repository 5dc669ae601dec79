//! The strategy's `with` table.

use std::collections::BTreeMap;

use windlass_sdk::http::Request;
use windlass_sdk::prelude::*;
use windlass_strategies::{Words, check};

/// The variable that tells whose job one is; the team's own cannot have its name.
pub(crate) const MARK: &str = "windlass_deployment";

/// The strategy's `with` table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// AWX's address: `https://awx.example.org`.
    #[schemars(extend("format" = "uri"))]
    pub url: String,
    /// Where its API is below the address.
    #[serde(default = "api")]
    pub api: String,
    /// The job template: its name, or its number.
    pub template: Template,
    /// Extra variables of the job. In texts, facts stand in braces: `{version}`. The variable `windlass_deployment` is
    /// added.
    #[serde(default)]
    pub variables: BTreeMap<String, Value>,
    /// Hosts that the job is limited to.
    pub limit: Option<String>,
    /// Tags of the playbook's tasks, with commas.
    pub job_tags: Option<String>,
    /// The secret with an `OAuth2` token of AWX.
    #[schemars(extend("format" = "secret-name"))]
    pub token: Option<String>,
    /// The user's name, where there is no token.
    pub user: Option<String>,
    /// The secret with that user's password.
    #[schemars(extend("format" = "secret-name"))]
    pub password: Option<String>,
    /// How long to wait between two questions how the job is. Longer where the job may take very long.
    #[serde(default = "interval")]
    pub interval: Period,
    /// How long the job may take, the time in AWX's queue included. Then it is cancelled.
    #[serde(default = "deadline")]
    pub deadline: Period,
    /// How long a job is looked for when AWX's answer to the launch was lost.
    #[serde(default = "search")]
    pub search: Period,
}

/// A template by number or name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Template {
    /// Its number.
    Id(u64),
    /// Its name, which must be the only one.
    Name(String),
}

impl std::fmt::Display for Template {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(formatter, "{id}"),
            Self::Name(name) => write!(formatter, "`{name}`"),
        }
    }
}

fn api() -> String {
    "/api/v2/".to_owned()
}

const fn interval() -> Period {
    Period::seconds(2)
}

const fn deadline() -> Period {
    Period::seconds(1800)
}

const fn search() -> Period {
    Period::seconds(30)
}

impl Config {
    /// Whether it makes sense.
    pub(crate) fn validate(&self) -> Result<()> {
        Request::get(&self.url).check().map_err(|error| Error::config(error.message()).context("`url`"))?;
        if !self.api.starts_with('/') {
            return Err(Error::config("`api` is a path and begins with `/`"));
        }
        match (&self.token, &self.user, &self.password) {
            (Some(_), None, None) | (None, Some(_), Some(_)) => {}
            _ => return Err(Error::config("AWX wants either a `token`, or a `user` and a `password`")),
        }
        if self.template == Template::Name(String::new()) {
            return Err(Error::config("`template` is empty"));
        }
        if self.variables.contains_key(MARK) {
            return Err(Error::config(format!("`variables`: `{MARK}` is added by the strategy itself")));
        }
        for (name, value) in &self.variables {
            texts(value, &mut |text| check(text, false)).map_err(|error| error.context(format!("`{name}`")))?;
        }
        for text in self.limit.iter().chain(&self.job_tags) {
            check(text, false)?;
        }
        if self.interval.0.as_millis() < 100 || self.deadline.0.as_secs() < 1 {
            return Err(Error::config("`interval` is at least 100ms and `deadline` at least 1s"));
        }
        Ok(())
    }

    /// What is sent to launch the release of these facts, without the mark.
    pub(crate) fn launch(&self, words: &Words) -> Result<Value> {
        let mut variables = json!({});
        for (name, value) in &self.variables {
            variables[name] = fill(value, words).map_err(|error| error.context(format!("the variable `{name}`")))?;
        }
        let mut body = json!({ "extra_vars": variables });
        for (name, value) in [("limit", &self.limit), ("job_tags", &self.job_tags)] {
            if let Some(value) = value {
                body[name] = json!(words.fill(value)?);
            }
        }
        Ok(body)
    }
}

fn texts(value: &Value, judge: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
    match value {
        Value::String(text) => judge(text),
        Value::Array(items) => items.iter().try_for_each(|item| texts(item, judge)),
        Value::Object(fields) => fields.values().try_for_each(|field| texts(field, judge)),
        _ => Ok(()),
    }
}

fn fill(value: &Value, words: &Words) -> Result<Value> {
    Ok(match value {
        Value::String(text) => Value::String(words.fill(text)?),
        Value::Array(items) => Value::Array(items.iter().map(|item| fill(item, words)).collect::<Result<_>>()?),
        Value::Object(fields) => {
            let filled = fields.iter().map(|(name, field)| Ok((name.clone(), fill(field, words)?)));
            Value::Object(filled.collect::<Result<_>>()?)
        }
        other => other.clone(),
    })
}
