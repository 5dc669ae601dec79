//! Waits until all is well and stays so. Subscribes first, looks second, waits third: nothing is missed that way.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use windlass_sdk::prelude::*;

use crate::config::Config;
use crate::connect;
use crate::judge::{Baseline, State, judge, matters};
use crate::member::{Member, Place, current};

/// What is kept of the host's own deadline for the report.
const MARGIN: Duration = Duration::from_secs(1);

/// The last lines of a broken container that are kept.
const LINES: u32 = 20;

type States = Vec<(String, Option<Member>, State)>;

pub(crate) fn run(context: &Context<'_>, config: &Config) -> Result<Report> {
    let release = context.release()?.id;
    let deployment = context.deployment();
    let plan = context.plan()?;
    let expected = expected(config, plan.as_ref());
    let planned: BTreeSet<String> = planned(plan.as_ref()).map(|(_, place)| place.service).collect();
    let start = Instant::now();
    let end = start + config.deadline.0.min(context.remaining().saturating_sub(MARGIN));

    let events = docker::subscribe()?;
    let mut baseline = Baseline::new();
    let mut well_since: Option<Instant> = None;
    loop {
        context.stop_if_cancelled()?;
        let members = look(config, &release, &expected, &planned)?;
        let states = judge(&members, &expected, &deployment, &mut baseline);
        if states.iter().any(|(_, _, state)| matches!(state, State::Broken(_))) {
            return Ok(report(&states, Verdict::Fail, start.elapsed()));
        }
        let waiting = states.iter().find(|(_, _, state)| matches!(state, State::Starting(_)));
        let until = if let Some((name, _, State::Starting(why))) = waiting {
            well_since = None;
            log::progress(format!("waiting for {name}, which {why}"), None);
            end
        } else if members.is_empty() && expected.is_empty() && !planned.is_empty() {
            return Ok(Report::pass("no container is left, as the release says"));
        } else if members.is_empty() {
            return Ok(Report::fail("the application has no container"));
        } else {
            let held = *well_since.get_or_insert_with(Instant::now) + config.settle.0;
            if Instant::now() >= held {
                return finish(context, config, &members, &states, end, start);
            }
            log::progress(format!("all are well; watching them for {}", config.settle), None);
            held
        };
        if Instant::now() >= end {
            return Ok(report(&states, Verdict::Fail, start.elapsed()));
        }
        wait(context, &events, until.min(end))?;
    }
}

/// Until something happened that can change an answer, or time is over.
fn wait(context: &Context<'_>, events: &docker::Events, until: Instant) -> Result<()> {
    // Short enough to hear of a cancelled deployment.
    const BREATH: Duration = Duration::from_secs(2);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        context.stop_if_cancelled()?;
        if events.next(left.min(BREATH))?.is_some_and(|event| matters(&event)) {
            return Ok(());
        }
    }
}

fn finish(
    context: &Context<'_>,
    config: &Config,
    members: &[Member],
    states: &States,
    end: Instant,
    start: Instant,
) -> Result<Report> {
    let mut whole = report(states, Verdict::Pass, start.elapsed());
    let mut refused = None;
    for connection in &config.connect {
        let finding = connect::prove(context, connection, members, end)?;
        if finding.verdict == Verdict::Fail {
            refused.get_or_insert_with(|| finding.title.clone());
        }
        whole.findings.push(finding);
    }
    if let Some(title) = refused {
        whole.verdict = Verdict::Fail;
        whole.summary = title;
    } else if !config.connect.is_empty() {
        whole.summary = format!("{}; {} connections work", whole.summary, config.connect.len());
    }
    Ok(whole)
}

/// What must run: what the plan keeps or makes of the services that are asked about, and these in any case.
fn expected(config: &Config, plan: Option<&Plan>) -> Vec<Place> {
    let planned = planned(plan).filter(|(action, _)| *action != Action::Remove).map(|(_, place)| place);
    if config.services.is_empty() {
        return planned.collect();
    }
    let mut wanted: Vec<Place> = planned.filter(|place| config.services.contains(&place.service)).collect();
    for name in &config.services {
        if !wanted.iter().any(|place| place.service == *name) {
            wanted.push(Place::service(name));
        }
    }
    wanted
}

/// What becomes of each container that the plan speaks of.
fn planned(plan: Option<&Plan>) -> impl Iterator<Item = (Action, Place)> {
    let changes = plan.into_iter().flat_map(|plan| &plan.changes);
    changes.filter_map(|change| Some((change.action, Place::of_subject(&change.subject)?)))
}

/// The containers that count, as they are now.
fn look(config: &Config, release: &str, expected: &[Place], planned: &BTreeSet<String>) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    for summary in docker::list_containers()? {
        let Some(id) = summary.get("Id").and_then(Value::as_str) else { continue };
        match docker::inspect_container(id) {
            Ok(inspection) => members.extend(Member::read(&inspection)),
            // It went between the two questions; the event that says so is under way.
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    let mut members = current(members, release);
    // Of a service that the release does without, or has less of, stopped containers stay until they are swept.
    members.retain(|member| !planned.contains(&member.service) || expected.iter().any(|place| place.is_of(member)));
    if !config.services.is_empty() {
        members.retain(|member| config.services.contains(&member.service));
    }
    Ok(members)
}

fn report(states: &States, verdict: Verdict, waited: Duration) -> Report {
    let findings: Vec<Finding> =
        states.iter().map(|(name, member, state)| finding(name, member.as_ref(), state)).collect();
    let summary = match findings.iter().find(|finding| finding.verdict == Verdict::Fail) {
        None if states.len() == 1 => "1 container runs and is healthy".to_owned(),
        None => format!("{} containers run and are healthy", states.len()),
        Some(finding) => format!("{} after {} s", finding.title, waited.as_secs()),
    };
    Report { verdict, ..Report::of(findings, summary) }
}

fn finding(name: &str, member: Option<&Member>, state: &State) -> Finding {
    let id = format!("container:{name}");
    match state {
        State::Well(how) => Finding::new(id, Verdict::Pass, format!("{name} {how}")),
        State::Starting(why) | State::Broken(why) => {
            let finding = Finding::new(id, Verdict::Fail, format!("{name} {why}"));
            let Some(member) = member else { return finding };
            let lines = docker::logs(&member.id, LINES).unwrap_or_default();
            finding.evidence(json!({
                "state": member.state, "health": member.health, "health-output": member.health_output,
                "exit-code": member.exit_code, "restarts": member.restarts, "last-lines": lines,
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_plan_keeps_or_makes_must_run() {
        let plan = Plan::deserialize(json!({
            "format": 1, "fingerprint": "f", "steps": [], "changes": [
                { "subject": "service web", "action": "replace", "cause": "", "differences": [] },
                { "subject": "service old", "action": "remove", "cause": "" },
                { "subject": "service old#2", "action": "remove", "cause": "" },
                { "subject": "service db", "action": "keep", "cause": "" },
                { "subject": "service db#2", "action": "create", "cause": "" },
                { "subject": "network front", "action": "create", "cause": "" },
            ],
        }))
        .unwrap();
        let named = |places: Vec<Place>| places.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(named(expected(&Config::default(), Some(&plan))), ["web", "db", "db#2"]);
        let some = Config { services: vec!["db".to_owned(), "other".to_owned()], ..Config::default() };
        assert_eq!(named(expected(&some, Some(&plan))), ["db", "db#2", "other"]);
    }

    #[test]
    fn the_summary_says_what_is_wrong() {
        let states = vec![
            ("web".to_owned(), None, State::Well("runs and is healthy".to_owned())),
            ("db".to_owned(), None, State::Starting("has no container".to_owned())),
        ];
        let report = report(&states, Verdict::Fail, Duration::from_secs(9));
        assert_eq!(report.summary, "db has no container after 9 s");
    }
}
