//! What was reported about a commit, by any reporter and as a status or a check run. Makes no requests.

use windlass_sdk::prelude::*;

/// The longest name or link that is shown.
const MOST: usize = 300;

/// One thing that was reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signal {
    pub(crate) name: String,
    pub(crate) result: Outcome,
    /// In the provider's word.
    pub(crate) word: String,
    /// Where people can read more.
    pub(crate) link: Option<String>,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    /// It ran and proves nothing: skipped or neutral.
    Nothing,
    Waiting,
    Failure,
}

/// A commit status: <https://docs.github.com/rest/commits/statuses>.
pub(crate) fn status(value: &Value) -> Result<Signal> {
    let word = text(value, "state");
    let result = match word.as_str() {
        "success" => Outcome::Success,
        "pending" => Outcome::Waiting,
        "failure" | "error" => Outcome::Failure,
        _ => return Err(unknown("state", &word)),
    };
    Ok(Signal { name: text(value, "context"), result, word, link: link(value, "target_url") })
}

/// A check run: <https://docs.github.com/rest/checks/runs>.
pub(crate) fn check_run(value: &Value) -> Result<Signal> {
    let (state, conclusion) = (text(value, "status"), text(value, "conclusion"));
    let (result, word) = if state == "completed" {
        let result = match conclusion.as_str() {
            "success" => Outcome::Success,
            "neutral" | "skipped" => Outcome::Nothing,
            "failure" | "timed_out" | "cancelled" | "action_required" | "stale" | "startup_failure" => Outcome::Failure,
            _ => return Err(unknown("conclusion", &conclusion)),
        };
        (result, conclusion)
    } else if matches!(state.as_str(), "queued" | "in_progress" | "waiting" | "requested" | "pending") {
        (Outcome::Waiting, state)
    } else {
        return Err(unknown("status", &state));
    };
    Ok(Signal { name: text(value, "name"), result, word, link: link(value, "html_url") })
}

fn text(value: &Value, name: &str) -> String {
    let text = value.get(name).and_then(Value::as_str).unwrap_or_default();
    text.chars().filter(|letter| !letter.is_control()).take(MOST).collect()
}

fn link(value: &Value, name: &str) -> Option<String> {
    let link = text(value, name);
    (link.starts_with("https://") || link.starts_with("http://")).then_some(link)
}

/// A word that is new is not taken for success.
fn unknown(what: &str, word: &str) -> Error {
    Error::new("plugin:github", format!("GitHub reports a {what} {word:?}, which this plugin does not know"))
        .hint("is there a newer version of the plugin?")
}
