//! `windlass schema`: the JSON Schemas of files and documents.

use windlass_api::facts::{Fact, SchemaFact};
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_report::{Printer, host};
use windlass_service::schemas;

use super::arguments::SchemaArguments;
use super::error::CliError;

/// Prints one schema, or the names of all.
pub(super) fn run(arguments: &SchemaArguments, printer: Printer) -> Result<ExitCode, ExplainedError> {
    let Some(name) = &arguments.name else {
        let facts: Vec<SchemaFact> = schemas::ALL
            .iter()
            .map(|schema| SchemaFact { name: schema.name.to_owned(), title: schema.title.to_owned() })
            .collect();
        printer.list(facts, Fact::Schema, host::schemas);
        return Ok(ExitCode::Succeeded);
    };
    let Some(schema) = schemas::ALL.iter().find(|schema| schema.name == name) else {
        let known = schemas::ALL.iter().map(|schema| schema.name).collect();
        return Err(CliError::UnknownSchema { name: name.clone(), known }.into());
    };
    printer.verbatim(&format!("{:#}\n", schema.value()));
    Ok(ExitCode::Succeeded)
}
