//! The engine: whether it answers, is recent enough, and has the agent's time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use windlass_sdk::prelude::*;

use crate::config::{Config, api};
use crate::rfc3339;

/// What there is to say, and whether the engine answers at all.
pub(crate) fn check(config: &Config) -> Result<(Vec<Finding>, bool)> {
    let version = match docker::version() {
        Ok(version) => version,
        Err(error) if matches!(error.code(), "capability-denied" | "cancelled" | "limit-exceeded") => {
            return Err(error);
        }
        Err(error) => {
            let finding = Finding::new("engine", Verdict::Fail, format!("the engine does not answer: {error}"))
                .remedy("start it: `systemctl start docker`");
            return Ok((vec![finding], false));
        }
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok((vec![recent(&version, config), clock(&version, now, config)], true))
}

fn recent(version: &Value, config: &Config) -> Finding {
    let text = |name: &str| version.get(name).and_then(Value::as_str).unwrap_or("unknown");
    let (engine, has) = (text("Version"), text("ApiVersion"));
    let wants = &config.engine_api;
    if api(has) >= api(wants) {
        return Finding::new("engine", Verdict::Pass, format!("the engine {engine} has API {has}"));
    }
    Finding::new("engine", Verdict::Fail, format!("the engine {engine} has API {has}, but {wants} is needed"))
        .remedy("update Docker on the host")
}

fn clock(version: &Value, now: Duration, config: &Config) -> Finding {
    let engine = version.get("SystemTime").and_then(Value::as_str);
    let Some(engine) = engine.and_then(rfc3339::since_epoch) else {
        return Finding::new("clock", Verdict::Pass, "the engine does not tell its time");
    };
    let apart = now.abs_diff(engine);
    let (title, remedy) = (
        format!("the engine's clock and the agent's are {} apart", seconds(apart)),
        "synchronise the clocks: `timedatectl set-ntp true`",
    );
    if apart > config.clock_fail.0 {
        Finding::new("clock", Verdict::Fail, title).remedy(remedy)
    } else if apart > config.clock_warn.0 {
        Finding::new("clock", Verdict::Warn, title).remedy(remedy)
    } else {
        Finding::new("clock", Verdict::Pass, "the engine's clock is right")
    }
}

fn seconds(duration: Duration) -> String {
    Period::seconds(duration.as_secs()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_engine_is_refused() {
        let verdict = |has: &str| recent(&json!({ "ApiVersion": has }), &Config::default()).verdict;
        assert_eq!((verdict("1.41"), verdict("1.52")), (Verdict::Pass, Verdict::Pass));
        assert_eq!((verdict("1.40"), verdict("")), (Verdict::Fail, Verdict::Fail));
    }

    #[test]
    fn clocks_that_differ_are_told() {
        let engine = json!({ "SystemTime": "1970-01-01T00:01:40Z" });
        let verdict = |now| clock(&engine, Duration::from_secs(now), &Config::default()).verdict;
        assert_eq!((verdict(100), verdict(95), verdict(106)), (Verdict::Pass, Verdict::Pass, Verdict::Warn));
        assert_eq!(verdict(69), Verdict::Fail);
        let finding = clock(&engine, Duration::from_secs(190), &Config::default());
        assert_eq!(finding.title, "the engine's clock and the agent's are 1m30s apart");
    }
}
