//! What the flow and the journal say, as facts for the answer.

use windlass_api::facts::{
    AnswerFact, DeploymentFact, FoundFact, HistoryFact, LogFact, PhaseFact, ProbeFact, ReleaseFact, StepFact,
    milliseconds,
};
use windlass_deployment::{Ending, to_resolve};
use windlass_domain::{Outcome, Release};
use windlass_foundation::progress::Level;
use windlass_journal::{
    Answered, Applied, DeploymentState, Error, Event, Found, Journal, Line, ProbeResult, Purpose, Resolution, Shown,
    Summary, outcome_word,
};

pub(crate) mod course;
mod left;
mod phases;
mod records;

pub(crate) use left::look;
pub(crate) use records::delivery;

/// How a deployment ended. `phases` is what was measured while it ran.
pub(crate) fn ending(ending: &Ending, phases: Vec<PhaseFact>) -> DeploymentFact {
    let shared = |release: &Release| ending.shared_labels.contains(&release.version);
    let mut fact = deployment(&ending.state, ending.previous.as_deref(), phases, shared);
    outcome_word(ending.outcome).clone_into(&mut fact.outcome);
    fact.took = Some(milliseconds(ending.took));
    fact.next = next(ending.outcome, &ending.state, ending.previous.as_deref());
    if ending.outcome == Outcome::RolledBack {
        fact.next.extend(fact.release.as_ref().map(|release| again(&ending.state, release.name())));
    }
    if let (Outcome::Succeeded, Some(back)) = (ending.outcome, &ending.back) {
        let version = back.version.clone().unwrap_or_default();
        let id = back.release.as_deref().filter(|_| ending.shared_labels.contains(&version));
        let name = id.map_or(version.clone(), |id| windlass_foundation::words::label(&version, id));
        fact.next.push(format!("`windlass rollback {}` goes back to {name}", fact.application));
    }
    fact.records = ending.deliveries.iter().map(records::record).collect();
    let application = ending.state.instance.as_str();
    fact.outbox = ending.undelivered.iter().map(|delivery| records::delivery(application, delivery)).collect();
    fact
}

/// What the journal knows of a deployment.
pub(crate) fn shown(journal: &Journal, shown: &Shown) -> Result<DeploymentFact, Error> {
    let previous = match &shown.state.previous {
        Some(id) => journal.deployment_state(id)?.release,
        None => None,
    };
    let application = &shown.summary.instance;
    let shared = |release: &Release| journal.shares_label(application, &release.version).unwrap_or(false);
    let mut fact = deployment(&shown.state, previous.as_deref(), phases::of(&shown.entries), shared);
    let answer = shown.entries.iter().rev().find_map(|entry| match &entry.event {
        Event::Answered { actor, reason, resolution: Resolution::Accept } => Some(AnswerFact {
            actor: actor.name.clone(),
            principal: actor.principal().as_ref().map(Into::into),
            reason: reason.clone(),
            time: entry.time.to_string(),
        }),
        _ => None,
    });
    fact.next = match (shown.summary.open, shown.state.outcome()) {
        (true, _) => vec![format!("`windlass resume {}` finishes it, or puts the old version back", fact.application)],
        (false, Some(Outcome::Stuck)) if answer.is_none() => next(Outcome::Stuck, &shown.state, previous.as_deref()),
        (false, _) => Vec::new(),
    };
    if shown.summary.open {
        "open".clone_into(&mut fact.outcome);
    } else if answer.is_some() {
        "resolved".clone_into(&mut fact.outcome);
    }
    fact.resolved = answer;
    fact.found = journal.found_of(application, &shown.summary.id)?.iter().map(found).collect();
    fact.records = shown.deliveries.iter().map(records::record).collect();
    Ok(fact)
}

/// A deployment, computed from its lines.
fn deployment(
    state: &DeploymentState,
    previous: Option<&Release>,
    phases: Vec<PhaseFact>,
    shared: impl Fn(&Release) -> bool,
) -> DeploymentFact {
    let release = |release: &Release| ReleaseFact::of(release, shared(release));
    let undo_failure = state.steps.values().find_map(|step| step.undo_failure.clone());
    DeploymentFact {
        deployment: state.id.clone(),
        sequence: state.number,
        application: state.instance.to_string(),
        environment: state.environment.clone(),
        outcome: state.outcome().map_or("open", outcome_word).to_owned(),
        cancelled: state.is_cancelled(),
        rollback: state.asked.purpose == Purpose::Rollback,
        actor: state.owner.actor.name.clone(),
        principal: state.owner.actor.principal().as_ref().map(Into::into),
        reason: state.asked.reason.clone(),
        break_glass: state.asked.break_glass.clone(),
        release: state.release.as_deref().map(release),
        previous: previous.map(release),
        runs: state.seen.is_some().then(|| state.something_runs()),
        trouble: state.trouble(),
        found: Vec::new(),
        started: state.started.to_string(),
        finished: state.finished.map(|finished| finished.to_string()),
        took: state.finished.map(|finished| elapsed(state.started, finished)),
        phases,
        checks: state.checks.iter().map(probe).collect(),
        smoke: state.proofs.iter().map(probe).collect(),
        steps: steps(state),
        failure: state.failure.clone().or_else(|| state.cause.clone()),
        undo_failure,
        left_behind: state.left_behind.clone(),
        left_objects: Vec::new(),
        left_unknown: None,
        resolved: None,
        records: Vec::new(),
        outbox: Vec::new(),
        next: Vec::new(),
    }
}

/// The planned steps, each with where it is.
fn steps(state: &DeploymentState) -> Vec<StepFact> {
    let planned = state.plan.iter().flat_map(|plan| &plan.steps);
    planned
        .map(|step| {
            let known = state.steps.get(&step.id);
            StepFact {
                step: step.id.clone(),
                title: step.title.clone(),
                state: state.step_status(&step.id).word().to_owned(),
                applied: state.applied(&step.id).map(applied),
                took: known.and_then(|known| known.applying.took()).map(milliseconds),
                undo_took: known.and_then(|known| known.undoing.took()).map(milliseconds).filter(|_| step.changes),
            }
        })
        .collect()
}

/// How applying a step ended, as a word.
fn applied(applied: Applied) -> String {
    match applied {
        Applied::Done => "done",
        Applied::Failed => "failed",
        Applied::Stopped => "stopped",
    }
    .to_owned()
}

/// What a check, the verification or a smoke test said.
pub(crate) fn probe(answered: &Answered) -> ProbeFact {
    let (report, failure) = match &answered.answer {
        ProbeResult::Report(report) => (Some(report.clone()), None),
        ProbeResult::Failure(failure) => (None, Some(failure.clone())),
    };
    ProbeFact { name: answered.name.clone(), report, failure, took: None }
}

/// What the agent found after a deployment.
pub(crate) fn found(found: &Found) -> FoundFact {
    FoundFact { by: found.about.word().to_owned(), what: found.what.clone(), since: found.since.to_string() }
}

/// A row of the history.
pub(crate) fn summary(journal: &Journal, summary: &Summary) -> HistoryFact {
    let label = summary.version.as_deref().zip(summary.release.as_deref()).and_then(|(version, release)| {
        let shared = journal.shares_label(&summary.instance, version).unwrap_or(false);
        shared.then(|| windlass_foundation::words::label(version, release))
    });
    HistoryFact {
        sequence: summary.number,
        deployment: summary.id.clone(),
        application: summary.instance.to_string(),
        environment: summary.environment.clone(),
        outcome: summary.outcome.map_or("open", outcome_word).to_owned(),
        cancelled: summary.cancelled,
        rollback: summary.purpose == Purpose::Rollback,
        version: summary.version.clone(),
        label,
        actor: summary.actor.clone(),
        principal: journal.asked_by(&summary.id).unwrap_or_default().as_ref().map(Into::into),
        reason: summary.reason.clone(),
        break_glass: summary.break_glass.clone(),
        started: summary.started.to_string(),
        took: summary.finished.map(|finished| elapsed(summary.started, finished)),
    }
}

/// A line of a log.
pub(crate) fn line(line: &Line) -> LogFact {
    let level = match line.level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    };
    LogFact {
        deployment: line.deployment.clone(),
        time: line.time.to_string(),
        source: line.source.clone(),
        level: level.to_owned(),
        message: line.message.clone(),
    }
}

/// Why an application is closed, in words.
pub(crate) fn frozen(freeze: &windlass_journal::Freeze) -> String {
    let since = windlass_foundation::words::timestamp(freeze.since);
    format!("by {} since {since}: {}", freeze.actor.sentence(), freeze.reason)
}

/// Which release is pinned, in words.
pub(crate) fn pinned(pin: &windlass_journal::Pin) -> String {
    format!(
        "to {} by {} since {}: {}",
        pin.version,
        pin.actor.sentence(),
        windlass_foundation::words::timestamp(pin.since),
        pin.reason
    )
}

/// Why a release is refused, in words.
pub(crate) fn quarantined(quarantine: &windlass_journal::Quarantine) -> String {
    let since = windlass_foundation::words::timestamp(quarantine.since);
    let windlass_journal::Quarantine { version, reason, .. } = quarantine;
    let what = match &quarantine.actor {
        Some(actor) => format!("{version} by {} since {since}", actor.sentence()),
        None => format!("{version} failed here on {since}"),
    };
    format!("{what}: {reason}; `--retry` deploys it all the same")
}

/// What a person can do after an ending.
fn next(outcome: Outcome, state: &DeploymentState, previous: Option<&Release>) -> Vec<String> {
    let (application, id) = (state.instance.as_str(), &state.id);
    match outcome {
        Outcome::Succeeded | Outcome::Unchanged | Outcome::Refused => Vec::new(),
        Outcome::RolledBack => {
            let evidence = format!("`windlass show {id}` has the evidence, `windlass logs {id}` the log");
            let start = state.previous.as_ref().filter(|_| previous.is_some() && !state.something_runs());
            let start =
                start.map(|of| format!("`windlass rollback {application} --to {of}` starts what ran before again"));
            std::iter::once(evidence).chain(start).collect()
        }
        Outcome::Stuck => {
            vec![format!("`windlass show {id}` has both errors and what is left behind"), to_resolve(application)]
        }
    }
}

/// Whether the version that failed is refused from now on.
fn again(state: &DeploymentState, name: &str) -> String {
    if state.quarantines().is_some() {
        return format!("{name} is set aside because it failed here: `--retry` deploys it again");
    }
    format!("{name} is not set aside, because the fault was not its own: it may be deployed again as it is")
}

/// Milliseconds between two times by the wall clock; none when it was set back in between.
fn elapsed(from: jiff::Timestamp, to: jiff::Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_millis()).unwrap_or(0)
}
