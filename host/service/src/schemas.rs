//! The JSON Schemas of files and documents, from the types that read and write them.

use schemars::{JsonSchema, schema_for};
use serde_json::Value;
use windlass_api::facts::Fact;
use windlass_api::{Command, CommandEvent, ErrorFact, Reply};
use windlass_domain as documents;

/// A schema by its name.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// The name.
    pub name: &'static str,
    /// What it describes.
    pub title: &'static str,
    make: fn() -> Value,
}

impl Schema {
    const fn of<T: JsonSchema>(name: &'static str, title: &'static str) -> Self {
        Self { name, title, make: || schema_for!(T).to_value() }
    }

    /// One that is made elsewhere.
    #[must_use]
    pub const fn made(name: &'static str, title: &'static str, make: fn() -> Value) -> Self {
        Self { name, title, make }
    }

    /// The schema itself.
    #[must_use]
    pub fn value(&self) -> Value {
        (self.make)()
    }
}

/// All of them.
pub const ALL: &[Schema] = &[
    Schema { name: "release.toml", title: "the team's file: what to deploy", make: windlass_release::file::schema },
    Schema { name: "agent.toml", title: "the operator's file: what is allowed here", make: windlass_config::schema },
    Schema::of::<documents::Release>("release", "a release, as plugins and `--json` see it"),
    Schema::of::<documents::ReleaseDocument>(
        "release-document",
        "a release as a file, which `deploy --release` and `promote` read",
    ),
    Schema::of::<documents::Observation>("observation", "what runs, as a strategy observes it"),
    Schema::of::<documents::Plan>("plan", "a plan, as a strategy makes it"),
    Schema::of::<documents::Step>("step", "one step of a plan"),
    Schema::of::<documents::Report>("report", "the answer of a check or a smoke test"),
    Schema::of::<documents::Event>("event", "the end of a deployment, as recorders are told"),
    Schema::of::<Fact>("json-output", "a line that `--json` prints"),
    Schema::of::<Command>("command", "a command as data"),
    Schema::of::<CommandEvent>("command-event", "what the caller of a command hears while it runs"),
    Schema::of::<Reply>("command-reply", "the answer of a command that could be carried out"),
    Schema::of::<ErrorFact>("command-error", "why a command could not be carried out"),
];
