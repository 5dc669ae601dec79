//! Numbers about the agent in the text format of Prometheus, version 0.0.4.
//!
//! What a restart must not change is read from the journal for each answer. The rest is counted while the agent runs, and
//! begins at zero with it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use jiff::Timestamp;
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use windlass_api::CommandEvent;
use windlass_deployment::Stop;
use windlass_foundation::explain::ExitCode;
use windlass_foundation::progress::Progress;
use windlass_foundation::tally::Tally;
use windlass_service::Sink;
use windlass_service::numbers::Numbers;

use super::protocol::version;
use super::routes::{Refusal, Shared};

/// What a collector is told about the form of the answer.
pub(super) const FORM: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds of how long a phase takes, in seconds: from a look at files to a pull that takes half an hour.
const TOOK: [f64; 12] = [0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 1800.0];

type Labels = Vec<(&'static str, String)>;
type Histograms = Family<Labels, Histogram, fn() -> Histogram>;

/// What is counted while the agent runs.
#[derive(Debug, Clone)]
pub(super) struct Counters {
    began: Timestamp,
    phases: Histograms,
    hooks: Family<Labels, Counter>,
}

impl Counters {
    /// Those of an agent that begins now.
    pub(super) fn new() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(TOOK);
        Self { began: Timestamp::now(), phases: Family::new_with_constructor(histogram), hooks: Family::default() }
    }

    /// A phase of a deployment has ended.
    fn phase(&self, phase: &str, took: Duration) {
        self.phases.get_or_create(&vec![("phase", phase.to_owned())]).observe(took.as_secs_f64());
    }

    /// A request at the port for hooks was answered. The name is that of a trigger, or empty where there is none of the name that was
    /// asked for.
    pub(super) fn hook(&self, trigger: &str, answer: &'static str) {
        self.hooks.get_or_create(&vec![("trigger", trigger.to_owned()), ("answer", answer.to_owned())]).inc();
    }
}

/// A caller of a command, whose deployments are counted.
pub(super) struct Counted {
    pub(super) inner: Arc<dyn Sink>,
    pub(super) counters: Counters,
}

impl Sink for Counted {
    fn event(&self, event: CommandEvent) {
        // What belongs to no deployment is a question, and questions are asked all the time.
        if let CommandEvent::Progress(event) = &event
            && event.of.deployment.is_some()
            && let Progress::PhaseFinished { phase, took } = &event.progress
        {
            self.counters.phase(phase.word(), *took);
        }
        self.inner.event(event);
    }

    fn stop(&self) -> io::Result<Stop> {
        self.inner.stop()
    }
}

/// Answers with all of them.
pub(super) async fn answer(State(shared): State<Shared>) -> Result<Response, Refusal> {
    let numbers = shared.service.numbers().await?;
    let mut text = String::new();
    let registry = registry(&shared.counters, &numbers, &shared.environment);
    prometheus_text::encode(&mut text, &registry).map_err(|error| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, ExitCode::Unexpected, format!("no numbers: {error}"))
    })?;
    Ok(([(header::CONTENT_TYPE, FORM)], text).into_response())
}

/// All numbers, with their names and what they mean.
fn registry(counters: &Counters, numbers: &Numbers, environment: &str) -> Registry {
    let mut registry = Registry::with_prefix("windlass");
    let build: Labels = vec![("version", version()), ("environment", environment.to_owned())];
    registry.register("build", "The release of the agent, and the environment of this host", Info::new(build));
    let began = Gauge::<i64>::default();
    began.set(counters.began.as_second());
    registry.register_with_unit(
        "start_time",
        "When the agent was started, in seconds since 1970",
        Unit::Seconds,
        began,
    );

    let deployments = Family::<Labels, Counter>::default();
    for (application, environment, outcome, count) in &numbers.ended {
        let labels = vec![
            ("application", application.clone()),
            ("environment", environment.clone()),
            ("outcome", (*outcome).to_owned()),
        ];
        deployments.get_or_create(&labels).inc_by(*count);
    }
    registry.register("deployments", "Deployments that ended, since the journal began", deployments);
    gauge(&mut registry, "open_deployments", "Deployments that have not ended", numbers.open);
    gauge(&mut registry, "stuck", "Deployments that wait for a person", numbers.stuck);
    let frozen = Family::<Labels, Gauge>::default();
    for (application, is_frozen) in &numbers.frozen {
        frozen.get_or_create(&vec![("application", application.clone())]).set(i64::from(*is_frozen));
    }
    registry.register("frozen", "1 where no deployment of the application may begin", frozen);
    let outbox = Family::<Labels, Gauge>::default();
    for (state, count) in [("waiting", numbers.waiting), ("set-aside", numbers.set_aside)] {
        outbox.get_or_create(&vec![("state", state.to_owned())]).set(signed(count));
    }
    let help = "Events that recorders have not received: they wait to be told, or were refused and wait for a person";
    registry.register("outbox_events", help, outbox);
    let oldest = Gauge::<f64, std::sync::atomic::AtomicU64>::default();
    oldest.set(numbers.oldest.unwrap_or_default().as_secs_f64());
    let help = "How long ago the deployment ended whose event waits longest; 0 where none waits";
    registry.register_with_unit("outbox_oldest_age", help, Unit::Seconds, oldest);

    let help = "How long phases of deployments took, since the agent was started";
    registry.register_with_unit("deployment_duration", help, Unit::Seconds, counters.phases.clone());
    let (calls, denials) = plugins();
    registry.register("plugin_calls", "Calls of plugins that ended, since the agent was started", calls);
    let help = "How often a plugin asked for what it may not have, since the agent was started";
    registry.register("plugin_denials", help, denials);
    let help = "Requests at the port for hooks, since the agent was started";
    registry.register("hook_requests", help, counters.hooks.clone());
    registry
}

fn plugins() -> (Family<Labels, Counter>, Family<Labels, Counter>) {
    let (calls, denials) = (Family::<Labels, Counter>::default(), Family::<Labels, Counter>::default());
    for (name, plugin) in Tally::process().plugins() {
        for (outcome, count) in &plugin.calls {
            let labels = vec![("plugin", name.clone()), ("outcome", outcome.clone())];
            calls.get_or_create(&labels).inc_by(*count);
        }
        denials.get_or_create(&vec![("plugin", name)]).inc_by(plugin.denials);
    }
    (calls, denials)
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(signed(value));
    registry.register(name, help, gauge);
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod tests;
