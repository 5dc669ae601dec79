//! `windlass schema`: the JSON Schemas of files and documents.

use windlass_api::facts::{Fact, SchemaFact};
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_report::{Printer, host};
use windlass_service::schemas::{self, Schema};

use super::arguments::SchemaArguments;
use super::error::CliError;

/// All schemas.
fn all() -> impl Iterator<Item = Schema> {
    let socket = Schema::made("agent-api", "the agent's socket, as OpenAPI", windlass_daemon::openapi::description);
    schemas::ALL.iter().copied().chain([socket])
}

/// Prints one schema, or the names of all.
pub(super) fn run(arguments: &SchemaArguments, printer: Printer) -> Result<ExitCode, ExplainedError> {
    let Some(name) = &arguments.name else {
        let facts: Vec<SchemaFact> =
            all().map(|schema| SchemaFact { name: schema.name.to_owned(), title: schema.title.to_owned() }).collect();
        printer.list(facts, Fact::Schema, host::schemas);
        return Ok(ExitCode::Succeeded);
    };
    let Some(schema) = all().find(|schema| schema.name == name) else {
        let known = all().map(|schema| schema.name).collect();
        return Err(CliError::UnknownSchema { name: name.clone(), known }.into());
    };
    printer.verbatim(&format!("{:#}\n", schema.value()));
    Ok(ExitCode::Succeeded)
}
