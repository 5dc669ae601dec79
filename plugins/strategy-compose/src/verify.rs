//! Whether what runs is exactly the release and well, held through the settling window.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;
use windlass_domain::{Action, Finding, Report, Verdict};
use windlass_sdk::{Context, Result};

use crate::desired::{Desired, DesiredService};
use crate::engine::Engine;
use crate::gather::{Detail, gather};
use crate::health::{self, Health, Rule};
use crate::plan::{Decision, decide};
use crate::state::State;
use crate::wait::{self, Clock};
use crate::{apply, json, labels};

/// Looks at every service until all have settled or one fails.
pub(crate) fn verify(context: &Context<'_>, engine: &dyn Engine, desired: &Desired) -> Result<Report> {
    let events = engine.subscribe()?;
    let clock = Clock::ask(engine)?;
    let state = gather(engine, &desired.project, Some(desired), Detail::All)?;
    let mut findings = Vec::new();
    let mut watched = Vec::new();
    for service in desired.services.values() {
        let decision = decide(desired, service, &state);
        match identity(service, &decision, &state) {
            Err(finding) => findings.push(finding),
            Ok(finding) => {
                findings.push(finding);
                if let Some(container) = decision.kept.filter(|_| !service.is_job) {
                    let restarts =
                        container.inspect.as_ref().map_or(0, |inspect| json::number(inspect, "/RestartCount"));
                    watched.push(Watched { service, id: container.id, restarts });
                }
            }
        }
    }
    let stopping = apply::stops_meanwhile(context.plan()?.as_ref());
    findings.extend(strangers(desired, &state, &stopping));
    // What runs the wrong version need not be waited for.
    if findings.iter().all(|finding| finding.verdict == Verdict::Pass) {
        let longest = desired.services.values().map(|service| service.deadline).max().unwrap_or_default();
        let margin = Duration::from_secs(2);
        let end = Instant::now() + (longest + desired.settle).min(context.remaining().saturating_sub(margin));
        let ids: Vec<String> = watched.iter().map(|one| one.id.clone()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        loop {
            let mut wait = None;
            for one in std::mem::take(&mut watched) {
                match one.look(engine, &clock, desired.settle)? {
                    Look::Finding(finding) => findings.push(finding),
                    Look::Again(time) => {
                        wait = Some(wait.map_or(time, |wait: Duration| wait.min(time)));
                        watched.push(one);
                    }
                }
            }
            let failed = findings.iter().any(|finding| finding.verdict == Verdict::Fail);
            let left = end.saturating_duration_since(Instant::now());
            let Some(wait) = wait.filter(|_| !failed) else { break };
            if left.is_zero() {
                findings.extend(watched.iter().map(|one| one.finding(Verdict::Fail, "is not well in time", None)));
                break;
            }
            wait::event(context, events.as_ref(), &ids, wait.min(left))?;
        }
    }
    Ok(report(desired, findings))
}

/// A container on its way through the settling window.
struct Watched<'a> {
    service: &'a DesiredService,
    id: String,
    restarts: i64,
}

enum Look {
    Finding(Finding),
    Again(Duration),
}

impl Watched<'_> {
    fn look(&self, engine: &dyn Engine, clock: &Clock, settle: Duration) -> Result<Look> {
        let inspect = engine.container(&self.id)?;
        let uptime = health::uptime(&inspect, clock.now());
        // Restarts of long ago are forgiven; those within the window are not.
        let restarts = if uptime.is_some_and(|uptime| uptime >= settle) { self.restarts } else { 0 };
        let rule = Rule { settle, hold: true, restarts };
        let lack = apply::lack(engine, &inspect, &self.service.endpoints);
        if !lack.is_nothing() {
            let evidence = wait::evidence(engine, &inspect);
            return Ok(Look::Finding(self.finding(Verdict::Fail, &format!("runs, but {lack}"), Some(evidence))));
        }
        Ok(match health::judge(&inspect, uptime, rule) {
            Health::Good => {
                let checked = inspect.pointer("/State/Health/Status").is_some();
                let how = if checked { "is healthy" } else { "runs; it has no health check" };
                Look::Finding(self.finding(Verdict::Pass, &format!("{how}, without a restart"), None))
            }
            Health::Waiting(time) => Look::Again(time.unwrap_or(Duration::from_hours(1))),
            Health::Bad(why) => {
                let evidence = wait::evidence(engine, &inspect);
                Look::Finding(self.finding(Verdict::Fail, &format!("is not well: {why}"), Some(evidence)))
            }
        })
    }

    fn finding(&self, verdict: Verdict, what: &str, evidence: Option<Value>) -> Finding {
        let name = &self.service.key;
        Finding { id: format!("health:{name}"), verdict, title: format!("{name} {what}"), remedy: None, evidence }
    }
}

/// Whether the container is the release's.
fn identity(service: &DesiredService, decision: &Decision, state: &State) -> Result<Finding, Finding> {
    let name = &service.key;
    let finding = |verdict, title| Finding {
        id: format!("version:{name}"),
        verdict,
        title,
        remedy: None,
        evidence: Some(serde_json::json!({ "reference": service.image.reference })),
    };
    let image = state.images.get(&service.image.reference).and_then(Option::as_ref);
    let (Some(kept), Action::Keep) = (&decision.kept, decision.action) else {
        return Err(finding(Verdict::Fail, format!("{name} is not what the release says: {}", decision.cause)));
    };
    if image.is_none_or(|image| image.id != kept.image_id) {
        return Err(finding(Verdict::Fail, format!("{name} runs another image than the release's")));
    }
    let how = if service.is_job { "ended well with" } else { "runs" };
    Ok(finding(Verdict::Pass, format!("{name} {how} {} {}", service.image.name, service.image.version)))
}

/// Containers of the release's services that run besides those that should, and besides those that stop meanwhile.
fn strangers(desired: &Desired, state: &State, stopping: &BTreeSet<String>) -> Vec<Finding> {
    state
        .containers
        .iter()
        .filter(|container| container.is_running() && !stopping.contains(&container.id))
        .filter(|container| {
            let has_place = desired.of_container(&container.service, &container.name).is_some();
            let is_known = desired.knows(&container.service) || container.labels.contains_key(labels::HASH);
            is_known && !has_place
        })
        .map(|container| Finding {
            id: format!("besides:{}", container.name),
            verdict: Verdict::Fail,
            title: format!("{} runs besides what the release wants", container.name),
            remedy: None,
            evidence: None,
        })
        .collect()
}

fn report(desired: &Desired, findings: Vec<Finding>) -> Report {
    let verdict = Verdict::worst(findings.iter().map(|finding| finding.verdict));
    let bad: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.verdict != Verdict::Pass)
        .map(|finding| finding.title.as_str())
        .collect();
    let summary = if bad.is_empty() {
        let services = desired.services.values().filter(|one| one.key == one.service.name).count();
        let run = if services == 1 { "1 service runs".to_owned() } else { format!("{services} services run") };
        format!("{run} the release, held for {} seconds", desired.settle.as_secs())
    } else {
        bad.join("; ")
    };
    Report { verdict, summary, findings, data: None }
}
