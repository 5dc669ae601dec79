//! The `with` table.

use windlass_sdk::prelude::*;

/// When releases may be deployed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// The IANA time zone of all times and dates that name no other: `Europe/Berlin`.
    pub zone: String,
    /// When it is allowed; at any time when nothing is listed.
    pub allow: Vec<Hours>,
    /// Days of `zone` on which nothing is deployed.
    pub holidays: Vec<Holiday>,
    /// Spans in which nothing is deployed.
    pub freezes: Vec<Freeze>,
    /// Whether going back to an earlier release is held to the same times.
    pub hold_rollbacks: bool,
    /// Whether to wait for the next opening, until the check's deadline, instead of refusing at once.
    pub wait: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            zone: "UTC".to_owned(),
            allow: Vec::new(),
            holidays: Vec::new(),
            freezes: Vec::new(),
            hold_rollbacks: false,
            wait: false,
        }
    }
}

/// Hours of days of the week.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Hours {
    /// Days on which they begin: `mon`, `tue`, …, `sun`, or ranges such as `mon-thu`. All days when left out.
    #[serde(default)]
    pub days: Vec<String>,
    /// The first minute: `08:00`. Default: the beginning of the day.
    #[serde(default = "midnight")]
    pub from: String,
    /// The first minute that is no longer allowed: `17:00`, `24:00`. Not after `from` means on the next day.
    #[serde(default = "end_of_day")]
    pub to: String,
    /// Another time zone than that of the whole.
    #[serde(default)]
    pub zone: Option<String>,
}

/// A day on which nothing is deployed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Holiday {
    /// `2027-03-26`, or `12-25` for every year.
    pub on: String,
    /// What people call it.
    #[serde(default)]
    pub name: Option<String>,
}

/// A span in which nothing is deployed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Freeze {
    /// What people call it.
    pub name: String,
    /// Its beginning: `2026-12-18T18:00`, or a date, which means its first minute.
    pub from: String,
    /// Its end: `2027-01-04T08:00`, or a date, which means the end of that day.
    pub to: String,
    /// Another time zone than that of the whole.
    #[serde(default)]
    pub zone: Option<String>,
    /// What people should know, such as whom to ask.
    #[serde(default)]
    pub reason: Option<String>,
}

fn midnight() -> String {
    "00:00".to_owned()
}

fn end_of_day() -> String {
    "24:00".to_owned()
}
