//! Verification: what runs is the release, is healthy and stays so. Then the smoke tests run, all at once. Meanwhile
//! the old version ends.
//!
//! The release must answer the smoke tests. A stopping program may answer until it ends, on connections that were open
//! before. So the smoke tests wait until the old version has ended, but not for a program that ignores its stop signal.

use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::FuturesUnordered;
use tokio::sync::SetOnce;
use tokio::time::Instant;
use windlass_domain::{Failure, Outcome, When};
use windlass_foundation::explain::FailureKind;
use windlass_foundation::names::Instance;
use windlass_foundation::progress::FlowPhase;
use windlass_journal::{Answered, Decision, Event, ProbeResult, Running, Status};

use super::backend::{BackendError, OnDoubt, ProbePolicy};
use super::engine::Engine;
use super::error::Error;
use super::probe;
use super::steps;
use super::stop::Stop;
use super::subject::Subject;
use super::work::{Deployment, Halt};

/// The name of the strategy's own verification.
pub(super) const HEALTH: &str = windlass_domain::VERIFICATION;

/// Verifies the release. Fails with the reason why the deployment is undone.
pub(super) async fn verify(deployment: &Deployment<'_>) -> Result<(), Halt> {
    if deployment.status() != Status::Verifying {
        return Ok(());
    }
    let phase = deployment.phase(FlowPhase::Verify);
    stopped(deployment)?;
    let subject = match deployment.subject().await {
        Ok(subject) => subject,
        Err(failure) => return Err(Halt::Leave(super::Error::Failed(failure))),
    };
    let mut ending = pin!(steps::run(deployment, When::DuringVerify));
    let ended = SetOnce::new();
    {
        let mut proof = pin!(prove(deployment, &subject, &ended));
        loop {
            tokio::select! {
                biased;
                done = &mut ending, if !ended.initialized() => {
                    done?;
                    let _ = ended.set(());
                }
                proved = &mut proof => break proved?,
            }
        }
    }
    deployment.settle(Outcome::Succeeded, None, None).await.map_err(Halt::Leave)?;
    drop(phase);
    if !ended.initialized() {
        let _phase = deployment.phase(FlowPhase::Sweep);
        ending.await?;
    }
    Ok(())
}

/// Proves another release than the one that runs by what runs, where nothing is to be changed, so that it can be promoted
/// like any other, and ends it here. What does not prove it refuses it: nothing was touched.
pub(super) async fn as_it_runs(deployment: &Deployment<'_>) -> Result<(), Halt> {
    if !deployment.has_nothing_to_change() {
        return Ok(());
    }
    let _phase = deployment.phase(FlowPhase::Verify);
    let subject = deployment.subject().await.map_err(Halt::Refuse)?;
    match prove(deployment, &subject, &SetOnce::new_with(Some(()))).await {
        Ok(()) => Err(Halt::Unchanged),
        Err(Halt::Unwind(failure)) => Err(Halt::Refuse(failure)),
        Err(other) => Err(other),
    }
}

/// Asks about what runs what a deployment asks about its release: its health, and every smoke test, all at once. Changes
/// nothing, needs no lock, and waits for the health at most `patience`.
///
/// # Errors
/// When nothing was deployed here, or what runs cannot be asked about.
pub async fn only(engine: &Engine, instance: &Instance, patience: Duration, stop: &Stop) -> Result<Verified, Error> {
    let nothing =
        || Error::NoTarget { application: instance.to_string(), wished: "no release succeeded here yet".to_owned() };
    let running = engine.journal.running(instance)?.ok_or_else(nothing)?;
    let subject = Subject::of_running(engine, instance, &running, stop.unwind().clone()).await?;
    let own = own_probe(&subject);
    let own = ProbePolicy { deadline: own.deadline.min(patience), ..own };
    let health = health_within(&subject, &own);
    let smoke = async {
        let mut answers = Vec::new();
        let mut asking = ask_smoke(&subject);
        while let Some((test, answer)) = asking.next().await {
            answers.push(answered(test, answer));
        }
        answers
    };
    let (health, smoke) = tokio::join!(health, smoke);
    if stop.asked() {
        return Err(Error::Stopped);
    }
    let mut proofs = vec![answered(&own, health)];
    // In the order of the file, whoever answered first.
    let place = |name: &String| subject.settings.smoke.iter().position(|test| test.name == *name);
    proofs.extend(smoke);
    proofs.sort_by_key(|proof| place(&proof.name));
    Ok(Verified { running, proofs })
}

/// What the verification and the smoke tests say about what runs.
#[derive(Debug, Clone)]
pub struct Verified {
    /// What runs, as the journal knows it.
    pub running: Running,
    /// The health, and then each smoke test.
    pub proofs: Vec<Answered>,
}

impl Verified {
    /// Whether a deployment would be proved by this.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.proofs.iter().all(|proof| proof.decision != Decision::Refused)
    }
}

fn answered(test: &ProbePolicy, answer: ProbeResult) -> Answered {
    let decision = probe::rule(&answer, test);
    Answered { name: test.name.clone(), answer, decision }
}

/// `ended` is set when the old version has ended.
async fn prove(deployment: &Deployment<'_>, subject: &Subject<'_>, ended: &SetOnce<()>) -> Result<(), Halt> {
    let (began, backend) = (Instant::now(), &subject.engine.backend);
    let mut absences = backend.absences();
    prove_health(deployment, subject).await?;
    if !subject.settings.smoke.is_empty() {
        tokio::select! {
            () = ended.wait() => {}
            () = tokio::time::sleep_until(began + deployment.engine.retry_policy.old_version) => {}
            () = deployment.halt().cancelled() => {}
        }
    }
    smoke(deployment, subject).await?;
    // What was restarted with what it runs on has to hold once more.
    while backend.absences() > absences {
        absences = backend.absences();
        prove_health(deployment, subject).await?;
    }
    Ok(())
}

async fn prove_health(deployment: &Deployment<'_>, subject: &Subject<'_>) -> Result<(), Halt> {
    let health = health(subject).await;
    let decision = probe::rule(&health, &own_probe(subject));
    proved(deployment, HEALTH, &health, decision)
}

/// Returns a failure after a request to stop: without a complete proof the deployment is undone.
fn stopped(deployment: &Deployment<'_>) -> Result<(), Halt> {
    match deployment.stopped()? {
        Some(stopped) => Err(Halt::Unwind(stopped)),
        None => Ok(()),
    }
}

/// Asks the strategy about the subject's release.
pub(super) async fn health(subject: &Subject<'_>) -> ProbeResult {
    health_within(subject, &own_probe(subject)).await
}

async fn health_within(subject: &Subject<'_>, own: &ProbePolicy) -> ProbeResult {
    probe::ask(subject, own, |subject, context| async move { subject.engine.backend.verify(&context).await }.boxed())
        .await
}

pub(super) fn own_probe(subject: &Subject<'_>) -> ProbePolicy {
    ProbePolicy {
        name: HEALTH.to_owned(),
        deadline: subject.settings.verify_deadline,
        interval: Duration::from_secs(1),
        on_error: OnDoubt::Refuse,
        on_inconclusive: OnDoubt::Refuse,
    }
}

/// Asks all smoke tests at once.
fn ask_smoke<'a>(subject: &'a Subject<'a>) -> FuturesUnordered<BoxFuture<'a, (&'a ProbePolicy, ProbeResult)>> {
    subject
        .settings
        .smoke
        .iter()
        .map(|test| {
            let asked = async move {
                let answer = probe::ask(subject, test, |subject, context| {
                    let name = test.name.clone();
                    async move { subject.engine.backend.smoke(&context, &name).await }.boxed()
                });
                (test, answer.await)
            };
            asked.boxed()
        })
        .collect()
}

async fn smoke(deployment: &Deployment<'_>, subject: &Subject<'_>) -> Result<(), Halt> {
    let mut asking = ask_smoke(subject);
    let mut first = None;
    while let Some((test, answer)) = asking.next().await {
        let decision = probe::rule(&answer, test);
        if let Err(halt) = proved(deployment, &test.name, &answer, decision) {
            first.get_or_insert(halt);
        }
    }
    match first {
        Some(halt) => Err(halt),
        None => stopped(deployment),
    }
}

fn proved(deployment: &Deployment<'_>, name: &str, answer: &ProbeResult, decision: Decision) -> Result<(), Halt> {
    stopped(deployment)?;
    deployment.write(&Event::Proved { name: name.to_owned(), answer: answer.clone(), decision })?;
    match decision {
        Decision::Passed | Decision::Warned | Decision::Overridden => Ok(()),
        Decision::Refused => Err(Halt::Unwind(cause(name, answer))),
    }
}

/// The reason for the undo, with the evidence.
pub(super) fn cause(name: &str, answer: &ProbeResult) -> BackendError {
    let line = probe::line(name, answer);
    match answer {
        ProbeResult::Report(report) => {
            let findings = serde_json::to_value(&report.findings).ok();
            let evidence = findings.map(|findings| serde_json::json!({ "findings": findings }));
            BackendError::new(FailureKind::NotProved, line).with_facts(evidence)
        }
        ProbeResult::Failure(failure) => {
            let failure = Failure { retryable: false, ..failure.clone() };
            BackendError::from(failure).of_kind(FailureKind::NotProved).reworded(|_| line)
        }
    }
}
