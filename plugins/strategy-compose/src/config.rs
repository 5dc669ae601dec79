//! The strategy's `with` table.

use schemars::JsonSchema;
use serde::Deserialize;
use windlass_sdk::units::Period;
use windlass_sdk::{Error, Result};

/// The strategy's `with` table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Config {
    /// Compose files, relative to the release file, merged in this order. By default the first that is there of
    /// `compose.yaml`, `compose.yml`, `docker-compose.yaml` and `docker-compose.yml`.
    pub files: Vec<String>,
    /// The Compose project's name: the prefix of containers, networks and volumes. By default the application's name.
    pub project: Option<String>,
    /// Active profiles; `*` means all.
    pub profiles: Vec<String>,
    /// Whether containers of services that the Compose files do not have are removed also where Docker Compose made
    /// them. Those that a deployment made are removed in any case. The plan shows them.
    pub remove_orphans: bool,
    /// How long containers must run, healthy and without a restart, before the deployment counts as good.
    pub settle: Period,
    /// How long a service may take to become healthy, and a job to end. Raised for a service whose health check
    /// needs longer; `x-windlass: {deadline: …}` sets it for one service.
    pub health_timeout: Period,
    /// How long an old container may finish what it began after the new one has taken over, before it is told to stop.
    /// `x-windlass: {drain: …}` sets it for one service.
    pub drain: Period,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            project: None,
            profiles: Vec::new(),
            remove_orphans: false,
            settle: Period::seconds(15),
            health_timeout: Period::seconds(120),
            drain: Period::seconds(3),
        }
    }
}

impl Config {
    /// The project's name for an application.
    #[must_use]
    pub fn project_of(&self, application: &str) -> String {
        self.project.clone().unwrap_or_else(|| application.to_owned())
    }

    /// Whether the values make sense.
    pub fn validate(&self) -> Result<()> {
        if let Some(project) = &self.project {
            check_project(project)?;
        }
        if let Some(file) =
            self.files.iter().find(|file| file.starts_with('/') || file.split('/').any(|part| part == ".."))
        {
            return Err(Error::config(format!("`files`: `{file}` is not a path inside the release's directory")));
        }
        Ok(())
    }
}

/// Docker Compose's rule for names of projects.
pub(crate) fn check_project(name: &str) -> Result<()> {
    let first = name.chars().next().is_some_and(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit());
    let rest = name
        .chars()
        .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_' || letter == '-');
    if first && rest {
        return Ok(());
    }
    Err(Error::config(format!(
        "`{name}` is not a name for a Compose project: lower-case letters, digits, `_` and `-` are, after a letter or digit"
    ))
    .hint("set `project` in the strategy's `with` table"))
}
