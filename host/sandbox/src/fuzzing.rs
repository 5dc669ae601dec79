//! What a guest hands over, from a fuzzer: it is refused or taken within its limits, and no message grows with it.

use std::sync::OnceLock;

use serde_json::Value;
use windlass_config::Config;
use windlass_config::Limits;
use windlass_domain::{Observation, Plan};
use windlass_foundation::redact::Redactor;

use super::convert::Cleaner;
use super::manifest::Manifest;
use super::{plan, schema};

/// No message about a guest's document is longer, in bytes.
const LONGEST: usize = 8_000;

/// The first byte says what the rest is: a manifest, a plan, an observation, facts, or a schema, an empty line and a
/// table.
///
/// # Panics
/// When a limit doesn't hold.
pub fn guest_document(input: &[u8]) {
    static LIMITS: OnceLock<Option<Limits>> = OnceLock::new();
    let Some((kind, text)) = input.split_first() else { return };
    // Those of an agent whose operator wrote none.
    let Some(limits) = LIMITS.get_or_init(|| Config::defaults().ok().map(|config| config.limits)) else { return };
    let redactor = Redactor::new();
    let cleaner = Cleaner { redactor: &redactor, limits };
    if *kind == b'm' {
        if let Err(error) = Manifest::read(&[text]) {
            short(&error.to_string());
        }
        return;
    }
    let Ok(text) = std::str::from_utf8(text) else { return };
    match kind {
        b'p' => match cleaner.document::<Plan>("plan", text) {
            Ok(found) => {
                let checked = plan::check(&found, limits);
                checked.unwrap_or_else(|reason| short(&reason));
            }
            Err(reason) => short(&reason),
        },
        b'o' => {
            let read = cleaner.document::<Observation>("observation", text);
            read.map_or_else(|reason| short(&reason), drop);
        }
        b'f' => match cleaner.facts("its facts", text) {
            Ok(_) => assert!(text.len() as u64 <= limits.facts),
            Err(reason) => short(&reason),
        },
        _ => compare(text, limits),
    }
}

/// A schema, and a table that is compared with it.
fn compare(text: &str, limits: &Limits) {
    let (schema, table) = text.split_once("\n\n").unwrap_or((text, "{}"));
    let (Ok(schema), Ok(table)) = (serde_json::from_str::<Value>(schema), serde_json::from_str::<Value>(table)) else {
        return;
    };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return };
    runtime.block_on(async {
        match schema::compile(schema, limits).await {
            Ok(schema) => {
                if let Err(failure) = schema::validate(&schema, "check-x", &table, limits).await {
                    short(&failure.message);
                }
            }
            Err(reason) => short(&reason),
        }
    });
}

fn short(message: &str) {
    assert!(message.len() <= LONGEST, "{} bytes: {}", message.len(), message.chars().take(200).collect::<String>());
    assert!(!message.contains('\u{1b}'), "{message:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_and_what_was_ever_found_are_taken() {
        assert!(windlass_stage::seeds("guest-document", guest_document).unwrap() >= 2);
    }
}
