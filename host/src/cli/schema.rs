//! `windlass schema`: the JSON Schemas of files and documents, from the types that read and write them.

use schemars::schema_for;
use serde_json::Value;
use windlass_foundation::explain::ExitCode;
use windlass_report::facts::{Fact, SchemaFact};
use windlass_report::{Fault, Printer, host};

use super::arguments::SchemaArguments;
use super::error::CliError;

/// A schema by its name.
struct Schema {
    name: &'static str,
    title: &'static str,
    make: fn() -> Value,
}

const SCHEMAS: &[Schema] = &[
    Schema { name: "release.toml", title: "the team's file: what to deploy", make: windlass_release::file::schema },
    Schema { name: "agent.toml", title: "the operator's file: what is allowed here", make: windlass_config::schema },
    Schema {
        name: "release",
        title: "a release, as plugins and `--json` see it",
        make: || schema_for!(windlass_documents::Release).to_value(),
    },
    Schema {
        name: "release-document",
        title: "a release as a file, which `deploy --release` and `promote` read",
        make: || schema_for!(windlass_documents::ReleaseDocument).to_value(),
    },
    Schema {
        name: "observation",
        title: "what runs, as a strategy observes it",
        make: || schema_for!(windlass_documents::Observation).to_value(),
    },
    Schema {
        name: "plan",
        title: "a plan, as a strategy makes it",
        make: || schema_for!(windlass_documents::Plan).to_value(),
    },
    Schema { name: "step", title: "one step of a plan", make: || schema_for!(windlass_documents::Step).to_value() },
    Schema {
        name: "report",
        title: "the answer of a check or a smoke test",
        make: || schema_for!(windlass_documents::Report).to_value(),
    },
    Schema {
        name: "event",
        title: "the end of a deployment, as recorders are told",
        make: || schema_for!(windlass_documents::Event).to_value(),
    },
    Schema { name: "json-output", title: "a line that `--json` prints", make: || schema_for!(Fact).to_value() },
];

/// Prints one schema, or the names of all.
pub(super) fn run(arguments: &SchemaArguments, printer: Printer) -> Result<ExitCode, Fault> {
    let Some(name) = &arguments.name else {
        let facts: Vec<SchemaFact> = SCHEMAS
            .iter()
            .map(|schema| SchemaFact { name: schema.name.to_owned(), title: schema.title.to_owned() })
            .collect();
        printer.list(facts, Fact::Schema, host::schemas);
        return Ok(ExitCode::Succeeded);
    };
    let Some(schema) = SCHEMAS.iter().find(|schema| schema.name == name) else {
        let known = SCHEMAS.iter().map(|schema| schema.name).collect();
        return Err(CliError::UnknownSchema { name: name.clone(), known }.into());
    };
    printer.verbatim(&format!("{:#}\n", (schema.make)()));
    Ok(ExitCode::Succeeded)
}
