//! A plugin's `with` table against the plugin's own JSON Schema.
//!
//! Both come from outside. Before the validator sees either, their size and depth, and the work that they make
//! together, are counted by loops that nothing can make recurse or run long; more than a limit is refused. Nothing is
//! fetched for a reference, patterns run in linear time, and the validator works on a thread of its own, so that the
//! agent goes on listening.

mod graph;
pub mod keys;
mod rehearsal;

use std::sync::Arc;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::{Value, json};
use windlass_config::Limits;
use windlass_domain::Failure;

use super::text::{beginning, plain};
use graph::Graph;

/// How many mistakes one failure lists.
const LISTED: usize = 10;

/// The stack of the thread that compiles and validates: each of the few hundred levels that are let through has room.
const STACK: usize = 64 << 20;

/// The most memory of one compiled regular expression, in bytes.
const PATTERN_MEMORY: usize = 1 << 20;

/// A schema, ready to be compared with.
pub(super) struct Schema {
    document: Value,
    validator: Validator,
}

/// Prepares a schema. The error is a fragment: what it is, or does.
pub(super) async fn compile(schema: Value, limits: &Limits) -> Result<Arc<Schema>, String> {
    graph::measure(&schema, limits.config_schema, "config-schema")?;
    apart(move || {
        Graph::of(&schema)?.check()?;
        // A `format` is for people, as in the newest draft: some would compile a text of the table as an expression.
        let validator = jsonschema::options()
            .should_validate_formats(false)
            .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_MEMORY).dfa_size_limit(PATTERN_MEMORY))
            .build(&schema)
            .map_err(|error| format!("is not valid: {}", beginning(&plain(&error.to_string()), 500)))?;
        Ok(Arc::new(Schema { document: schema, validator }))
    })
    .await?
}

/// Whether a table fits. The failure lists every mistake with its place.
pub(super) async fn validate(
    schema: &Arc<Schema>,
    plugin: &str,
    config: &Value,
    limits: &Limits,
) -> Result<(), Failure> {
    let invalid = |text: String| failure(format!("the `with` table of {plugin} is refused: {text}"), None);
    graph::measure(config, limits.config, "config").map_err(|text| invalid(format!("it {text}")))?;
    let (schema, config, plugin) = (Arc::clone(schema), config.clone(), plugin.to_owned());
    let checked = apart(move || {
        let graph = Graph::of(&schema.document)?;
        rehearsal::rehearse(&graph, &config)?;
        Ok(compare(&schema.validator, &plugin, &config))
    });
    checked.await.and_then(|checked| checked).map_err(invalid)?
}

/// Runs work that recurses over documents from outside, on a thread that the agent does not wait for when it ends.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let (sender, answer) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("schema".to_owned())
        .stack_size(STACK)
        .spawn(move || drop(sender.send(work())))
        .map_err(|error| format!("cannot be looked at: no thread can be started: {error}"))?;
    answer.await.map_err(|_| "cannot be looked at: the validator broke off".to_owned())
}

fn compare(validator: &Validator, plugin: &str, config: &Value) -> Result<(), Failure> {
    let mistakes: Vec<_> = validator
        .iter_errors(config)
        .take(LISTED)
        .map(|error| (error.instance_path().to_string(), unknown_key(&error), beginning(&error.to_string(), 300)))
        .collect();
    if mistakes.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = mistakes.iter().map(|(place, _, text)| format!("`{}`: {text}", dotted(place))).collect();
    let fact = |(place, key, text): &(String, Option<String>, String)| match key {
        Some(key) => json!({ "at": place, "key": key, "text": text }),
        None => json!({ "at": place, "text": text }),
    };
    let details = json!({ "mistakes": mistakes.iter().map(fact).collect::<Vec<_>>() });
    Err(failure(format!("the `with` table does not fit {plugin}: {}", lines.join("; ")), Some(details)))
}

/// The key that a mistake is about, where a table has one that it should not have: its place in a file is another one than
/// the table's.
fn unknown_key(error: &ValidationError<'_>) -> Option<String> {
    /// A longer one is only a part of the text.
    const LONGEST: usize = 200;
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            unexpected.first().filter(|key| key.len() <= LONGEST).cloned()
        }
        _ => None,
    }
}

fn failure(message: String, details: Option<Value>) -> Failure {
    Failure { code: "invalid-config".to_owned(), message, retryable: false, details }
}

/// `/requests/0/url` as people write it: `with.requests.0.url`.
fn dotted(place: &str) -> String {
    format!("with{}", place.replace('/', "."))
}

#[cfg(test)]
mod tests;
