//! What an event is about: a few fields by name, taken from its body.
//!
//! For GitHub these are `event`, `action`, `repository`, `sender`, and what the event has of `branch`, `tag`, `commit`,
//! `workflow`, `conclusion` and `head-repository`; see "Webhook events and payloads" in GitHub's documentation. A Pact Broker sends what the
//! webhook's own template says: every text or number at the top of its body is a field.

use serde_json::Value;

use super::{Fields, Message, TriggerError};

/// The repository that the branch and the commit of an event are in. It is another one than `repository` for runs and
/// pull requests of forks, whose branches may have any name.
pub(super) const HEAD: &str = "head-repository";

/// Fields of a Pact Broker's event of which each verification has its own: what a template gives them is
/// `${pactbroker.verificationResultUrl}`.
pub(super) const UNIQUE: &[&str] = &["verification-result-url", "verificationResultUrl"];

/// What stands there when GitHub does not say: the fork is gone.
const GONE: &str = "unknown";

/// An event of GitHub.
pub(super) fn github(message: &Message) -> Result<Fields, TriggerError> {
    let body = json(message)?;
    let event = message.header("x-github-event")?.unwrap_or_default();
    let mut fields = Fields::new();
    let mut put = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            fields.insert(name.to_owned(), value.to_owned());
        }
    };
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    put("event", Some(event));
    put("action", text("/action"));
    put("repository", text("/repository/full_name"));
    put("sender", text("/sender/login"));
    let reference = text("/ref").unwrap_or_default();
    let kind = text("/ref_type");
    put("branch", reference.strip_prefix("refs/heads/").or((kind == Some("branch")).then_some(reference)));
    put("tag", reference.strip_prefix("refs/tags/").or((kind == Some("tag")).then_some(reference)));
    put("tag", text("/release/tag_name"));
    // A push that deletes a branch has a commit of zeros.
    put("commit", text("/after").filter(|commit| commit.bytes().any(|digit| digit != b'0')));
    for run in ["workflow_run", "check_suite", "check_run"] {
        let of = |name: &str| text(&format!("/{run}/{name}"));
        put("branch", of("head_branch"));
        put("commit", of("head_sha"));
        put("workflow", of("name"));
        put("conclusion", of("conclusion"));
    }
    for (subject, head) in [("workflow_run", "head_repository"), ("pull_request", "head/repo")] {
        if body.get(subject).is_some() {
            put(HEAD, Some(text(&format!("/{subject}/{head}/full_name")).unwrap_or(GONE)));
        }
    }
    put("branch", text("/pull_request/head/ref"));
    put("commit", text("/pull_request/head/sha"));
    Ok(fields)
}

/// An event whose body is an object of fields.
pub(super) fn plain(message: &Message) -> Result<Fields, TriggerError> {
    let body = json(message)?;
    let fields = body.as_object().into_iter().flatten().filter_map(|(name, value)| {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some((name.clone(), value))
    });
    Ok(fields.collect())
}

fn json(message: &Message) -> Result<Value, TriggerError> {
    let wrong = |reason: String| TriggerError::Body { reason };
    if message.header("content-type")?.is_some_and(|kind| kind.contains("x-www-form-urlencoded")) {
        return Err(wrong("it is a form: set the webhook's content type to `application/json`".to_owned()));
    }
    let value: Value = serde_json::from_slice(&message.body).map_err(|error| wrong(format!("not JSON: {error}")))?;
    if value.is_object() { Ok(value) } else { Err(wrong("it is not an object".to_owned())) }
}
