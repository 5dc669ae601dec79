//! What a person reads when a plugin did not answer: who, in which function, why, and its last words.

use std::time::Duration;

use serde_json::{Map, Value, json};
use wasmtime::component::ResourceTableError;
use wasmtime::{Trap, WasmBacktrace};
use windlass_config::Limits;
use windlass_domain::Failure;
use windlass_foundation::identity::Identity;

use super::limits::bytes;
use super::meter::Stop;
use super::text::{beginning, plain};

/// How a call ended without an answer of the plugin.
pub(super) enum Ended {
    /// The sandbox ended it, or it ended itself.
    Broke(wasmtime::Error),
    /// It did not answer in time.
    Late(Duration),
    /// The call was cancelled and did not end by itself.
    Cancelled,
    /// It answered something that cannot be used: a fragment that begins "its …".
    Nonsense(String),
}

/// The failure of a call.
pub(super) fn explain(
    identity: &Identity,
    function: &str,
    ended: &Ended,
    stderr: &[String],
    limits: &Limits,
) -> Failure {
    let (code, reason, retryable) = match ended {
        Ended::Broke(error) => {
            let (code, reason) = broke(error, stderr, limits);
            (code, reason, false)
        }
        Ended::Late(after) => ("timeout", format!("it did not answer within {}", seconds(*after)), true),
        Ended::Cancelled => ("cancelled", "it was asked to stop and did not".to_owned(), true),
        Ended::Nonsense(text) => ("internal", text.clone(), false),
    };
    let mut message = format!("{identity} failed in `{function}`: {reason}");
    let shown = stderr.iter().rev().take(3).rev().map(String::as_str).collect::<Vec<_>>().join(" | ");
    if !shown.is_empty() && !reason.starts_with("it panicked") {
        message = format!("{message}; the last line that it wrote: {}", beginning(&shown, 500));
    }
    let details = json!({
        "plugin": identity.name,
        "version": identity.version,
        "digest": identity.digest,
        "function": function,
        "reason": reason,
        "stderr": stderr,
        "calls": calls(ended),
    });
    Failure { code: code.to_owned(), message, retryable, details: Some(details) }
}

/// A plugin's own failure, with what was denied to it where it does not say so itself.
pub(super) fn with_denials(mut failure: Failure, denied: &[Failure]) -> Failure {
    let Some(first) = denied.first() else { return failure };
    let mut details = match failure.details.take() {
        Some(Value::Object(details)) => details,
        Some(other) => Map::from_iter([("plugin-details".to_owned(), other)]),
        None => Map::new(),
    };
    if !details.contains_key("grant")
        && let Some(grant) = first.details.as_ref().and_then(|details| details.get("grant"))
    {
        details.insert("grant".to_owned(), grant.clone());
    }
    details.insert("denied".to_owned(), denied.iter().map(|denial| denial.message.clone()).collect());
    failure.details = Some(Value::Object(details));
    failure
}

/// The innermost functions of the plugin that were running, where it kept their names.
fn calls(ended: &Ended) -> Vec<String> {
    let Ended::Broke(error) = ended else { return Vec::new() };
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else { return Vec::new() };
    let name = |frame: &wasmtime::FrameInfo| frame.func_name().map(|name| beginning(&plain(name), 200));
    backtrace.frames().iter().filter_map(name).take(10).collect()
}

fn broke(error: &wasmtime::Error, stderr: &[String], limits: &Limits) -> (&'static str, String) {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return ("limit-exceeded", stop.to_string());
    }
    if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
        return ("internal", format!("it ended itself with code {}", exit.0));
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref::<ResourceTableError>() {
        return ("limit-exceeded", handles(limits));
    }
    let root = error.root_cause().to_string();
    // Wasmtime has no types for these.
    if root.contains("fuel allocated for hostcalls") {
        let allowed = bytes(limits.host_call);
        let reason = format!("it handed over more at once than it may (limit `host-call` = {allowed})");
        return ("limit-exceeded", reason);
    }
    if root.contains("handles") && root.contains("limit") {
        return ("limit-exceeded", handles(limits));
    }
    if root.contains("utf-8") || root.contains("utf8") {
        return ("internal", "it handed over text that is not valid UTF-8".to_owned());
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => (
            "limit-exceeded",
            format!("it called itself too deeply for its stack of {}", bytes(super::engine::STACK as u64)),
        ),
        Some(Trap::UnreachableCodeReached) => ("internal", panic_text(stderr).unwrap_or_else(|| trapped(&root))),
        Some(trap @ Trap::MemoryOutOfBounds) => {
            ("internal", format!("{} (as when it called itself too deeply)", trapped(&trap.to_string())))
        }
        Some(trap) => ("internal", trapped(&trap.to_string())),
        None => ("internal", beginning(&root, 1_000)),
    }
}

fn trapped(text: &str) -> String {
    let text = text.strip_prefix("wasm trap: ").unwrap_or(text);
    format!("it trapped: {text}")
}

fn handles(limits: &Limits) -> String {
    format!("it holds more of the host's resources than it may (limit `handles` = {})", limits.handles)
}

/// What a Rust plugin's panic wrote: `thread 'main' panicked at src/lib.rs:10:5:`, then the message.
fn panic_text(stderr: &[String]) -> Option<String> {
    let at = stderr.iter().rposition(|line| line.contains("panicked at "))?;
    let place = stderr.get(at)?.split("panicked at ").nth(1)?.trim_end_matches(':');
    let message = stderr.get(at + 1).filter(|line| !line.starts_with("note: ")).map_or("", String::as_str);
    Some(format!("it panicked at {place}: {}", beginning(message, 500)))
}

/// A duration for people: `15s`, `1.5s`.
fn seconds(duration: Duration) -> String {
    let tenths = duration.as_millis() / 100;
    if tenths.is_multiple_of(10) { format!("{}s", tenths / 10) } else { format!("{}.{}s", tenths / 10, tenths % 10) }
}

#[cfg(test)]
mod tests {
    use super::super::limits::defaults;
    use super::*;

    fn identity() -> Identity {
        Identity {
            name: "check-x".to_owned(),
            version: "1.0.0".to_owned(),
            digest: format!("sha256:{}", "ab".repeat(32)),
        }
    }

    #[test]
    fn shows_the_words_of_a_panic() {
        let stderr = [
            "thread 'main' (1) panicked at src/lib.rs:3:5:".to_owned(),
            "no such broker".to_owned(),
            "note: run with `RUST_BACKTRACE=1`".to_owned(),
        ];
        let ended = Ended::Broke(Trap::UnreachableCodeReached.into());
        let failure = explain(&identity(), "run", &ended, &stderr, &defaults());
        assert_eq!(
            failure.message,
            "check-x 1.0.0 (sha256:abababababab) failed in `run`: it panicked at src/lib.rs:3:5: no such broker"
        );
    }

    #[test]
    fn shows_the_last_words_otherwise() {
        let failure =
            explain(&identity(), "plan", &Ended::Late(Duration::from_millis(1500)), &["one".to_owned()], &defaults());
        assert_eq!(failure.code, "timeout");
        assert_eq!(
            failure.message,
            "check-x 1.0.0 (sha256:abababababab) failed in `plan`: it did not answer within 1.5s; the last line that it wrote: one"
        );
    }

    #[test]
    fn a_denial_that_the_plugin_hides_is_shown() {
        let denial = Failure {
            code: "capability-denied".to_owned(),
            message: "no".to_owned(),
            retryable: false,
            details: Some(json!({"grant": "secrets = [\"x\"]"})),
        };
        let own = Failure { code: "plugin:x".to_owned(), message: "m".to_owned(), retryable: false, details: None };
        let failure = with_denials(own, &[denial]);
        assert_eq!(failure.details, Some(json!({"grant": "secrets = [\"x\"]", "denied": ["no"]})));
    }
}
