//! Waiting for containers, by the engine's events: subscribe first, look second, wait third.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use windlass_sdk::{Context, Error, Result};

use crate::desired::Endpoint;
use crate::engine::{Engine, Events};
use crate::health::{self, Health, Rule};
use crate::{apply, json, plan};

/// How long one wait lasts at most, to see whether an operator asked to stop.
const BREATH: Duration = Duration::from_secs(5);
/// Log lines that are kept as evidence.
const EVIDENCE: u32 = 40;

/// The engine's clock, asked once and followed with ours.
pub(crate) struct Clock {
    engine: Option<jiff::Timestamp>,
    asked: Instant,
}

impl Clock {
    pub(crate) fn ask(engine: &dyn Engine) -> Result<Self> {
        let info = engine.info()?;
        let time = json::text(&info, "/SystemTime").and_then(|time| time.parse().ok());
        Ok(Self { engine: time, asked: Instant::now() })
    }

    pub(crate) fn now(&self) -> Option<jiff::Timestamp> {
        let passed = jiff::SignedDuration::try_from(self.asked.elapsed()).ok()?;
        self.engine?.checked_add(passed).ok()
    }
}

/// Lets time pass, unless the deployment is cancelled. For what announces itself to none of us: a connection that is
/// answered to its end.
pub(crate) fn pass(context: &Context<'_>, time: Duration) -> Result<()> {
    let end = Instant::now() + time;
    loop {
        context.stop_if_cancelled()?;
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(Duration::from_secs(1)));
    }
}

/// Waits for the next event about one of `containers`, or until `wait` has passed.
pub(crate) fn event(context: &Context<'_>, events: &dyn Events, containers: &[&str], wait: Duration) -> Result<()> {
    let end = Instant::now() + wait;
    loop {
        context.stop_if_cancelled()?;
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        let Some(event) = events.next(left.min(BREATH))? else { continue };
        let about = json::text(&event, "/Actor/ID").or_else(|| json::text(&event, "/id"));
        let reconnected = json::text(&event, "/Action").is_some_and(|action| action == "reconnected");
        if reconnected || about.is_some_and(|about| containers.contains(&about.as_str())) {
            return Ok(());
        }
    }
}

/// What is waited for.
pub(crate) struct Wish<'a> {
    /// At most.
    pub(crate) deadline: Duration,
    /// Without a health check: how long it must run.
    pub(crate) settle: Duration,
    /// The connections that it must have.
    pub(crate) endpoints: &'a [Endpoint],
    /// A service that waits for its health; then it must have a health check.
    pub(crate) for_service: Option<&'a str>,
}

/// Waits until a container is well and can be reached.
pub(crate) fn healthy(context: &Context<'_>, engine: &dyn Engine, container: &str, wish: &Wish<'_>) -> Result<Value> {
    let Wish { deadline, settle, .. } = *wish;
    let events = engine.subscribe()?;
    let clock = Clock::ask(engine)?;
    let end = Instant::now() + deadline.max(settle);
    let mut rule = None;
    loop {
        let inspect = engine.container(container)?;
        let rule = *rule.get_or_insert_with(|| Rule {
            settle,
            hold: false,
            // A container that this deployment made has none; one that stays may have had some long ago.
            restarts: if has_run_long(&inspect, &clock) { json::number(&inspect, "/RestartCount") } else { 0 },
        });
        if let (Some(waiting), None) = (wish.for_service, inspect.pointer("/State/Health/Status")) {
            let (message, hint) = plan::lacks_health_check(waiting, &service_of(&inspect));
            return Err(Error::new("invalid-config", message).hint(hint));
        }
        let lack = apply::lack(engine, &inspect, wish.endpoints);
        if !lack.is_nothing() {
            return Err(failed(engine, &inspect, &format!("it runs, but {lack}")));
        }
        let left = end.saturating_duration_since(Instant::now());
        let wait = match health::judge(&inspect, health::uptime(&inspect, clock.now()), rule) {
            Health::Good => return Ok(inspect),
            Health::Bad(why) => return Err(failed(engine, &inspect, &why)),
            Health::Waiting(_) if left.is_zero() => {
                let health = json::text(&inspect, "/State/Health/Status").unwrap_or_else(|| "running".to_owned());
                let why = format!("it is still `{health}` after {} seconds", deadline.as_secs());
                return Err(failed(engine, &inspect, &why));
            }
            Health::Waiting(time) => time.unwrap_or(left).min(left),
        };
        event(context, events.as_ref(), &[container], wait)?;
    }
}

fn has_run_long(inspect: &Value, clock: &Clock) -> bool {
    // Longer than the engine's ten seconds, after which a restart counts as overcome.
    health::uptime(inspect, clock.now()).is_some_and(|uptime| uptime > Duration::from_secs(10))
}

/// Waits until a container has ended, and returns its exit code.
pub(crate) fn ended(context: &Context<'_>, engine: &dyn Engine, container: &str, deadline: Duration) -> Result<Value> {
    let events = engine.subscribe()?;
    let end = Instant::now() + deadline;
    if json::text(&engine.container(container)?, "/State/Status").as_deref() == Some("created") {
        engine.start(container)?;
    }
    loop {
        let inspect = engine.container(container)?;
        let status = json::text(&inspect, "/State/Status").unwrap_or_default();
        if matches!(status.as_str(), "exited" | "dead") {
            let code = json::number(&inspect, "/State/ExitCode");
            return if code == 0 {
                Ok(inspect)
            } else {
                Err(failed(engine, &inspect, &format!("it ended with exit code {code}")))
            };
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let why = format!("it has not ended after {} seconds", deadline.as_secs());
            return Err(failed(engine, &inspect, &why));
        }
        event(context, events.as_ref(), &[container], left)?;
    }
}

/// An error with what a person needs to understand it: state, health log, last lines.
pub(crate) fn failed(engine: &dyn Engine, inspect: &Value, why: &str) -> Error {
    let service = service_of(inspect);
    let evidence = evidence(engine, inspect);
    let last = evidence
        .get("logs")
        .and_then(Value::as_array)
        .and_then(|lines| lines.iter().filter_map(Value::as_str).rfind(|line| !line.trim().is_empty()))
        .map(|line| format!("; its last line: {}", line.chars().take(200).collect::<String>()))
        .unwrap_or_default();
    let mut error = Error::new("plugin:unhealthy", format!("{service} is not well: {why}{last}"));
    if let Value::Object(fields) = evidence {
        for (key, value) in fields {
            error = error.detail(&key, value);
        }
    }
    error
}

/// The name of a container's service, or its own where it has none.
fn service_of(inspect: &Value) -> String {
    let labels = inspect.pointer("/Config/Labels");
    let service = labels.and_then(|labels| labels.get(crate::labels::SERVICE)).and_then(Value::as_str);
    service.map_or_else(|| json::name(inspect), str::to_owned)
}

/// What is kept of a container that failed.
pub(crate) fn evidence(engine: &dyn Engine, inspect: &Value) -> Value {
    let id = json::text(inspect, "/Id").unwrap_or_default();
    json!({
        "container": json::name(inspect),
        "image": inspect.pointer("/Config/Image"),
        "state": json::text(inspect, "/State/Status"),
        "exit-code": inspect.pointer("/State/ExitCode"),
        "restarts": inspect.get("RestartCount"),
        "health-log": inspect.pointer("/State/Health/Log"),
        "logs": engine.logs(&id, EVIDENCE).unwrap_or_default(),
    })
}
