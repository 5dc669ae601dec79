//! Whether a container is well: one look, without waiting.
//!
//! Pure. The rules: with a health check, `healthy`; without one, running long enough; never after a restart.

use std::time::Duration;

use serde_json::Value;

use crate::json;

/// What one look says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Health {
    /// Well.
    Good,
    /// Not yet. An event will tell, or the time that must pass, where it is known.
    Waiting(Option<Duration>),
    /// It will not become well: why.
    Bad(String),
}

/// How a look is judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    /// How long a container without a health check must have run.
    pub(crate) settle: Duration,
    /// Whether one with a health check must have run that long, too.
    pub(crate) hold: bool,
    /// Restarts that happened before and say nothing about now.
    pub(crate) restarts: i64,
}

/// Judges `GET /containers/{id}/json`. `uptime` is by the engine's clock.
pub(crate) fn judge(inspect: &Value, uptime: Option<Duration>, rule: Rule) -> Health {
    let status = json::text(inspect, "/State/Status").unwrap_or_default();
    let code = json::number(inspect, "/State/ExitCode");
    let restarts = json::number(inspect, "/RestartCount");
    if restarts > rule.restarts || status == "restarting" {
        return Health::Bad(format!("it ended with exit code {code} and was restarted by the engine"));
    }
    match status.as_str() {
        "running" => {}
        "created" => return Health::Waiting(None),
        "paused" => return Health::Bad("it is paused".to_owned()),
        "exited" | "dead" | "removing" => {
            let killed = inspect.pointer("/State/OOMKilled").and_then(Value::as_bool) == Some(true);
            let memory = if killed { ", killed for using too much memory" } else { "" };
            let error = json::text(inspect, "/State/Error").map(|error| format!(": {error}")).unwrap_or_default();
            return Health::Bad(format!("it ended with exit code {code}{memory}{error}"));
        }
        other => return Health::Bad(format!("its state is `{other}`")),
    }
    let health = json::text(inspect, "/State/Health/Status").filter(|health| health != "none");
    let left = rule.settle.saturating_sub(uptime.unwrap_or_default());
    match health.as_deref() {
        None | Some("healthy") if health.is_none() || rule.hold => {
            if left.is_zero() {
                Health::Good
            } else {
                Health::Waiting(Some(left))
            }
        }
        Some("healthy") => Health::Good,
        Some("unhealthy") => Health::Bad(format!("its health check fails: {}", last_check(inspect))),
        _ => Health::Waiting(None),
    }
}

/// What the last health check said, in one line.
fn last_check(inspect: &Value) -> String {
    let last = inspect.pointer("/State/Health/Log").and_then(Value::as_array).and_then(|log| log.last());
    let Some(last) = last else { return "no result".to_owned() };
    let code = json::number(last, "/ExitCode");
    let output = json::text(last, "/Output").unwrap_or_default();
    let line = output.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("no output");
    format!("exit code {code}, {}", line.chars().take(200).collect::<String>())
}

/// Since when a container runs, by the engine's clock.
pub(crate) fn uptime(inspect: &Value, now: Option<jiff::Timestamp>) -> Option<Duration> {
    let started: jiff::Timestamp = json::text(inspect, "/State/StartedAt")?.parse().ok()?;
    let passed = now?.duration_since(started);
    Some(Duration::try_from(passed).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_look() {
        let running = |health: Value| json!({ "State": { "Status": "running", "Health": health } });
        let rule = Rule { settle: Duration::from_secs(10), hold: false, restarts: 0 };
        let hold = Rule { hold: true, ..rule };
        let waiting = |seconds: u64| Health::Waiting(Some(Duration::from_secs(seconds)));
        let table = [
            (running(Value::Null), 3, rule, waiting(7)),
            (running(Value::Null), 10, rule, Health::Good),
            (running(json!({ "Status": "starting" })), 99, rule, Health::Waiting(None)),
            (running(json!({ "Status": "healthy" })), 1, rule, Health::Good),
            (running(json!({ "Status": "healthy" })), 1, hold, waiting(9)),
            (running(json!({ "Status": "healthy" })), 10, hold, Health::Good),
            (
                running(json!({ "Status": "unhealthy", "Log": [{ "ExitCode": 1, "Output": "a\nno route\n" }] })),
                1,
                rule,
                Health::Bad("its health check fails: exit code 1, no route".into()),
            ),
            (
                json!({ "State": { "Status": "exited", "ExitCode": 137, "OOMKilled": true } }),
                0,
                rule,
                Health::Bad("it ended with exit code 137, killed for using too much memory".into()),
            ),
            (
                json!({ "RestartCount": 1, "State": { "Status": "running", "ExitCode": 2 } }),
                0,
                rule,
                Health::Bad("it ended with exit code 2 and was restarted by the engine".into()),
            ),
            (
                json!({ "RestartCount": 1, "State": { "Status": "running" } }),
                10,
                Rule { restarts: 1, ..rule },
                Health::Good,
            ),
            (json!({ "State": { "Status": "created" } }), 0, rule, Health::Waiting(None)),
        ];
        for (inspect, uptime, rule, expected) in table {
            assert_eq!(judge(&inspect, Some(Duration::from_secs(uptime)), rule), expected, "{inspect}");
        }
    }
}
