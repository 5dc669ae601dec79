//! Plan: from what runs to the release, as data. Reads and changes nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use windlass_domain::{Observation, Plan, Step};
use windlass_foundation::call::{CallContext, CallPurpose};
use windlass_foundation::explain::FailureKind;
use windlass_foundation::names::Instance;
use windlass_foundation::progress::{FlowPhase, Level, Progress};
use windlass_journal::{Decision, Event, ProbeResult, Status};

use super::backend::BackendError;
use super::engine::Engine;
use super::error::Error;
use super::look::is_well;
use super::moved;
use super::owner::owner_of;
use super::probe;
use super::request::{FromDocument, Planned, Target};
use super::stop::Stop;
use super::subject::{Subject, within};
use super::target;
use super::verify;
use super::work::{Deployment, Halt, ReadyMade};

/// Larger plans are refused.
const MOST_STEPS: usize = 8_000;
/// Plans whose steps wait for more, together, are refused.
const MOST_NEEDS: usize = 100_000;
/// Longer ids are refused.
const LONGEST_ID: usize = 128;
/// How often one deployment is planned at most, when what runs does not stay as it was planned from.
pub(super) const MOST_PLANS: u32 = 3;

/// Plans the deployment. A release that runs already ends it here.
pub(super) async fn plan(deployment: &Deployment<'_>) -> Result<(), Halt> {
    match deployment.status() {
        Status::Planning => {}
        Status::Checking => return runs_already(deployment).await,
        _ => return Ok(()),
    }
    let _phase = deployment.phase(FlowPhase::Plan);
    if let Some(stopped) = deployment.stopped()? {
        return Err(Halt::Refuse(stopped));
    }
    if let Some(ReadyMade::Plan(file)) = &deployment.given {
        return write(deployment, file.observation.clone(), file.plan.clone()).await;
    }
    if deployment.with(|state| state.asked.is_given_plan()) {
        // It is not in the journal yet, and another one is not what was asked for. Nothing was touched.
        let text = "it was interrupted before the plan that it was given was kept";
        return Err(Halt::Refuse(BackendError::cancelled(text)));
    }
    again(deployment).await
}

/// Plans from what runs now, whether there was a plan before or not.
pub(super) async fn again(deployment: &Deployment<'_>) -> Result<(), Halt> {
    let (observation, mut plan) = {
        let subject = deployment.subject().await.map_err(Halt::Refuse)?;
        tokio::select! {
            made = make(&subject) => made.map_err(Halt::Refuse)?,
            () = deployment.halt().cancelled() => {
                let stopped = deployment.stopped()?.unwrap_or_else(BackendError::stopped);
                return Err(Halt::Refuse(stopped));
            }
        }
    };
    plan.warnings.extend(deployment.notes.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned());
    write(deployment, observation, plan).await
}

async fn write(deployment: &Deployment<'_>, observation: Observation, plan: Plan) -> Result<(), Halt> {
    valid(&plan).map_err(Halt::Refuse)?;
    deployment.notice(Progress::Planned { plan: Box::new(plan.clone()) });
    let written = deployment.write(&Event::Planned { observation, plan });
    written.or_else(refuse_when_full)?;
    runs_already(deployment).await
}

/// A full disk before anything was touched is a refusal like any other; its own line is written from the reserve.
pub(super) fn refuse_when_full(error: windlass_journal::Error) -> Result<(), Halt> {
    match error {
        windlass_journal::Error::DiskFull { .. } => Err(Halt::Refuse(BackendError::disk_full(&error))),
        other => Err(other.into()),
    }
}

/// The release that runs already needs no gates.
async fn runs_already(deployment: &Deployment<'_>) -> Result<(), Halt> {
    if deployment.is_what_runs() { unchanged(deployment).await } else { Ok(()) }
}

/// Ends it here when nothing is to be changed. What is not seen to be well is verified like a deployment: `unchanged`
/// says that all is well. Another release than the one that runs, with the same parts, passes the gates and is proved
/// before it ends so.
async fn unchanged(deployment: &Deployment<'_>) -> Result<(), Halt> {
    if !deployment.has_nothing_to_change() {
        return Ok(());
    }
    // Where nothing was observed there is nothing to be ill.
    let well = |observation: &Observation| observation.parts.is_empty() || is_well(observation);
    if deployment.with(|state| state.observation.as_deref().is_none_or(well)) {
        return Err(Halt::Unchanged);
    }
    let subject = deployment.subject().await.map_err(Halt::Refuse)?;
    let answer = verify::health(&subject).await;
    if let Some(stopped) = deployment.stopped()? {
        return Err(Halt::Refuse(stopped));
    }
    match probe::rule(&answer, &verify::own_probe(&subject)) {
        Decision::Passed | Decision::Warned | Decision::Overridden => Err(Halt::Unchanged),
        Decision::Refused => Err(Halt::Refuse(not_well(&subject, &answer))),
    }
}

/// The failure of a deployment that has nothing to change and finds what runs unwell.
fn not_well(subject: &Subject<'_>, answer: &ProbeResult) -> BackendError {
    let cause = verify::cause(verify::HEALTH, answer);
    let (version, application) = (&subject.about.release.version, &subject.about.application);
    let said = match answer {
        ProbeResult::Report(report) => report.summary.clone(),
        ProbeResult::Failure(failure) => format!("it could not be verified: {}", failure.message),
    };
    let message = format!("{version} is what runs and nothing is to be changed, but it is not well: {said}");
    cause.of_kind(FailureKind::NotWell).reworded(|_| message).with_hint(format!(
        "`windlass status {application}` shows what runs; put right what keeps it from being well, or deploy another version"
    ))
}

/// Asks the strategy, again when what runs changes meanwhile. The plugin observes for itself when it plans; what changed
/// in between would make every later comparison wrong.
async fn make(subject: &Subject<'_>) -> Result<(Observation, Plan), BackendError> {
    let outside = &subject.engine.backend;
    let context = subject.context("plan", 1, subject.settings.call_deadline);
    // The plugin observes for itself when it plans, so both are asked at once.
    let (mut before, mut plan) = tokio::try_join!(
        within(&context, "observe", outside.observe(&context)),
        within(&context, "plan", outside.plan(&context)),
    )?;
    let mut times = 1;
    loop {
        if plan.fingerprint == before.fingerprint {
            return Ok((before, plan));
        }
        let after = within(&context, "observe", outside.observe(&context)).await?;
        if plan.fingerprint == after.fingerprint {
            return Ok((after, plan));
        }
        let what = moved::told(Some(&before), &after);
        match (times < MOST_PLANS, before.fingerprint == after.fingerprint) {
            (true, _) => {
                let message = format!("what runs changes while it is being planned, so it is planned again: {what}");
                subject.notice(Progress::Log { source: "windlass".to_owned(), level: Level::Warn, message });
            }
            (false, true) => {
                let message = "the strategy makes its plan from something else than what it observes, although nothing \
                               changed meanwhile; this is a mistake in the strategy";
                return Err(BackendError::new(FailureKind::InvalidPlan, message));
            }
            (false, false) => {
                return Err(moved::each_time(times, &what, "try again"));
            }
        }
        before = after;
        times += 1;
        plan = within(&context, "plan", outside.plan(&context)).await?;
    }
}

/// A plan for a question without a deployment.
pub(super) async fn only<'a>(
    engine: &'a Engine,
    instance: &Instance,
    wished: &Target,
    stop: &Stop,
) -> Result<(Subject<'a>, Planned), Error> {
    let made = async {
        let (mut rollback_of, mut notes) = (None, Vec::new());
        let (release, document, unbound) = match wished {
            Target::Source(source) => {
                let resolved = engine.backend.resolve(instance, source).await?;
                notes = resolved.notes;
                (resolved.release, None, source.unbound.clone())
            }
            Target::Planned(file) => {
                target::vouch(engine, file, instance).await?;
                rollback_of.clone_from(&file.rollback_of);
                (file.release.clone(), file.document.clone(), file.unbound.clone())
            }
            Target::Given { release, origin, signer, unbound } => {
                let document = FromDocument { origin: origin.clone(), signer: signer.clone() };
                ((**release).clone(), Some(document), unbound.clone())
            }
            Target::Rollback { to } => {
                let of = target::earlier(engine, instance, to.as_deref())?.id;
                let state = engine.journal.deployment_state(&of)?;
                let release = state.release.ok_or_else(|| Error::NoTarget {
                    application: instance.to_string(),
                    wished: format!("`{of}` has no release"),
                })?;
                rollback_of = Some(of);
                ((*release).clone(), None, state.asked.unbound)
            }
        };
        let settings = engine.backend.settings(&release).await?;
        let running = engine.journal.running(instance)?.map(|running| running.release);
        let about = CallContext {
            deployment: engine.ids.next(),
            application: instance.to_string(),
            environment: engine.environment.clone(),
            purpose: if rollback_of.is_some() { CallPurpose::PlanRollback } else { CallPurpose::Plan },
            release: Arc::new(release),
            running,
            plan: None,
            unbound: unbound.clone(),
        };
        let (about, settings) = (Arc::new(about), Arc::new(settings));
        let mut subject =
            Subject { engine, instance: instance.clone(), about, settings, cancelled: stop.unwind().clone() };
        let (observation, mut plan) = match wished {
            Target::Planned(file) => (file.observation.clone(), file.plan.clone()),
            Target::Source(_) | Target::Given { .. } | Target::Rollback { .. } => make(&subject).await?,
        };
        plan.warnings.append(&mut notes);
        valid(&plan)?;
        let plan = Arc::new(plan);
        subject.about = Arc::new(CallContext { plan: Some(plan.clone()), ..(*subject.about).clone() });
        let planned = Planned {
            release: subject.about.release.clone(),
            running: subject.about.running.clone(),
            observation: Arc::new(observation),
            plan,
            environment: engine.environment.clone(),
            document,
            unbound,
            rollback_of,
        };
        Ok((subject, planned))
    };
    tokio::select! {
        made = made => made,
        () = stop.unwind().cancelled() => Err(Error::Stopped),
    }
}

/// A plan is data from a plugin: it is believed nothing.
fn valid(plan: &Plan) -> Result<(), BackendError> {
    let wrong = |what: String| {
        let text = format!("the strategy's plan is refused: {what}");
        Err(BackendError::new(FailureKind::InvalidPlan, text))
    };
    if plan.steps.is_empty() && plan.changes.is_empty() {
        return wrong("it is empty: it neither changes nor keeps anything".to_owned());
    }
    if plan.steps.len() > MOST_STEPS {
        return wrong(format!("it has {} steps, at most {MOST_STEPS} are allowed", plan.steps.len()));
    }
    let needs: usize = plan.steps.iter().map(|step| step.needs.len()).sum();
    if needs > MOST_NEEDS {
        return wrong(format!("its steps have {needs} needs, at most {MOST_NEEDS} are allowed"));
    }
    let mut steps: BTreeMap<&str, &Step> = BTreeMap::new();
    for step in &plan.steps {
        if step.id.is_empty() || step.id.len() > LONGEST_ID {
            return wrong(format!("a step's id has {} bytes, 1 to {LONGEST_ID} are allowed", step.id.len()));
        }
        if steps.insert(&step.id, step).is_some() {
            return wrong(format!("two steps have the id `{}`", step.id));
        }
        if let Err(failure) = owner_of(step) {
            return wrong(failure.message());
        }
    }
    for step in &plan.steps {
        for need in &step.needs {
            match steps.get(need.as_str()) {
                None => return wrong(format!("the step `{}` needs `{need}`, which is not there", step.id)),
                Some(other) if other.phase != step.phase => {
                    return wrong(format!("the step `{}` needs `{need}` of another phase", step.id));
                }
                Some(other) if !step.may_need(other) => {
                    return wrong(format!("the step `{}` needs `{need}`, which is begun later", step.id));
                }
                Some(_) => {}
            }
        }
    }
    match plan.endless().first() {
        Some(step) => wrong(format!("the step `{step}` needs itself in the end")),
        None => Ok(()),
    }
}
