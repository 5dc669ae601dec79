//! The checks of the gates, before anything is touched. All gates are asked and all answers are shown; one refusal
//! refuses the deployment.
//!
//! `--break-glass` overrides a refusal for one deployment. All gates are still asked, their answers are recorded
//! unchanged, and the reason is kept in the history.

use std::sync::Arc;

use futures::StreamExt;
use futures::future::FutureExt;
use futures::stream::FuturesUnordered;
use windlass_domain::{Finding, Report, Verdict};
use windlass_foundation::call::{CallContext, CallPurpose};
use windlass_foundation::explain::{FailureKind, failure_hint};
use windlass_foundation::progress::FlowPhase;
use windlass_journal::{Answered, Decision, Event, ProbeResult, Status};

use super::apply;
use super::backend::{BackendError, OnDoubt, ProbePolicy};
use super::engine::Engine;
use super::error::Error;
use super::migration;
use super::plan;
use super::probe;
use super::request::{DeploymentRequest, Gated};
use super::stop::Stop;
use super::subject::{Subject, within};
use super::verify;
use super::work::{Deployment, Halt};

/// The name of the agent's own gates.
const OWN: &str = "windlass";

/// What was asked for that matters to the gates.
struct GateOptions<'a> {
    retry: bool,
    break_glass: Option<&'a str>,
}

/// Goes through the gates to where the first step may begin. Again when what runs changed meanwhile: then there is a new
/// plan, and they are asked about it.
pub(super) async fn pass(deployment: &Deployment<'_>) -> Result<(), Halt> {
    loop {
        check(deployment).await?;
        verify::as_it_runs(deployment).await?;
        if apply::begin(deployment).await? {
            return Ok(());
        }
    }
}

/// Asks all gates.
async fn check(deployment: &Deployment<'_>) -> Result<(), Halt> {
    if deployment.status() != Status::Checking {
        return Ok(());
    }
    let _phase = deployment.phase(FlowPhase::Check);
    let subject = deployment.subject().await.map_err(Halt::Refuse)?;
    let asked = deployment.with(|state| state.asked.clone());
    let options = GateOptions { retry: asked.retry, break_glass: asked.break_glass.as_deref() };
    let answers = ask(&subject, &options, |answered| {
        let Answered { name, answer, decision } = answered.clone();
        deployment.write(&Event::Checked { name, answer, decision })
    })
    .await?;
    if let Some(stopped) = deployment.stopped()? {
        return Err(Halt::Refuse(stopped));
    }
    for answered in answers.iter().filter(|answered| answered.decision == Decision::Overridden) {
        let said = probe::line(&answered.name, &answered.answer);
        deployment.warn(format!("`--break-glass` overrides a refusal: {said}"));
    }
    match refusal(&answers) {
        Some(refusal) => Err(Halt::Refuse(refusal)),
        None => Ok(()),
    }
}

/// What the gates say, without a deployment.
pub(super) async fn only(engine: &Engine, request: &DeploymentRequest, stop: &Stop) -> Result<Gated, Error> {
    let (subject, planned) = plan::only(engine, &request.instance, &request.target, stop).await?;
    let subject = subject.purpose(CallPurpose::Check);
    let options = GateOptions { retry: request.retry, break_glass: request.break_glass.as_deref() };
    let checks = ask(&subject, &options, |_| Ok(())).await?;
    if stop.asked() {
        return Err(Error::Stopped);
    }
    let passed = refusal(&checks).is_none();
    Ok(Gated { planned, checks, passed })
}

/// Asks all gates at once. `tell` is called for each gate as soon as it answers.
async fn ask(
    subject: &Subject<'_>,
    options: &GateOptions<'_>,
    mut tell: impl FnMut(&Answered) -> Result<(), windlass_journal::Error>,
) -> Result<Vec<Answered>, windlass_journal::Error> {
    let own = own(subject, options).await?;
    let mut answers = vec![judged(OWN, ProbeResult::Report(own), None, options)];
    tell(&answers[0])?;
    let mut asking: FuturesUnordered<_> = subject
        .settings
        .checks
        .iter()
        .map(|check| async move {
            let answer = probe::ask(subject, check, |subject, context| {
                let name = check.name.clone();
                async move { subject.engine.backend.check(&context, &name).await }.boxed()
            });
            (check, answer.await)
        })
        .collect();
    let way_back = subject.about.purpose == CallPurpose::Rollback;
    while let Some((check, answer)) = asking.next().await {
        let decision = if way_back { probe::rule(&answer, &doubtless(check)) } else { probe::rule(&answer, check) };
        let answered = judged(&check.name, answer, Some(decision), options);
        tell(&answered)?;
        answers.push(answered);
    }
    Ok(answers)
}

/// A check of a way back: what ran here before is not held up by who gives no answer, a registry or a broker that is away
/// say. A no stays a no.
fn doubtless(check: &ProbePolicy) -> ProbePolicy {
    let warned = |on: OnDoubt| if on == OnDoubt::Refuse { OnDoubt::Warn } else { on };
    ProbePolicy { on_error: warned(check.on_error), on_inconclusive: warned(check.on_inconclusive), ..check.clone() }
}

fn judged(name: &str, answer: ProbeResult, decision: Option<Decision>, options: &GateOptions<'_>) -> Answered {
    let decision = decision.unwrap_or(match &answer {
        ProbeResult::Report(report) => match report.verdict {
            Verdict::Pass => Decision::Passed,
            Verdict::Warn => Decision::Warned,
            Verdict::Fail | Verdict::Inconclusive | Verdict::Pending => Decision::Refused,
        },
        ProbeResult::Failure(_) => Decision::Refused,
    });
    let decision =
        if decision == Decision::Refused && options.break_glass.is_some() { Decision::Overridden } else { decision };
    Answered { name: name.to_owned(), answer, decision }
}

/// Why the gates say no, when they do.
fn refusal(answers: &[Answered]) -> Option<BackendError> {
    let refused: Vec<&Answered> = answers.iter().filter(|answered| answered.decision == Decision::Refused).collect();
    let (first, rest) = refused.split_first()?;
    let mut message = probe::line(&first.name, &first.answer);
    if !rest.is_empty() {
        let others: Vec<String> = rest.iter().map(|answered| format!("`{}`", answered.name)).collect();
        message = format!("{message}; also refused by {}", others.join(", "));
    }
    Some(BackendError::new(FailureKind::Refused, message).hint_if_known(remedy(&first.answer)))
}

/// What to do about an answer that refuses: about the worst of what was found, where the plugin knows.
fn remedy(answer: &ProbeResult) -> Option<String> {
    match answer {
        ProbeResult::Report(report) => report
            .findings
            .iter()
            .filter(|finding| !matches!(finding.verdict, Verdict::Pass | Verdict::Warn) && finding.remedy.is_some())
            .min_by_key(|finding| std::cmp::Reverse(finding.verdict.severity()))
            .and_then(|finding| finding.remedy.clone()),
        ProbeResult::Failure(failure) => failure_hint(failure),
    }
}

/// The agent's own gates: the environment is open, the release didn't fail here before, there is a way back, and the
/// data's migrations allow the step.
async fn own(subject: &Subject<'_>, options: &GateOptions<'_>) -> Result<Report, windlass_journal::Error> {
    let journal = &subject.engine.journal;
    let mut findings = Vec::new();
    if let Some(freeze) = journal.freeze(&subject.instance)? {
        findings.push(Finding {
            id: "freeze".to_owned(),
            verdict: Verdict::Fail,
            title: format!("`{}` is frozen by {}: {}", subject.about.application, freeze.actor, freeze.reason),
            remedy: Some(format!(
                "`windlass unfreeze {}` ends that; `--break-glass REASON` deploys once all the same",
                subject.about.application
            )),
            evidence: None,
        });
    }
    if let Some(pin) = journal.pin(&subject.instance)?
        && pin.release != subject.about.release.id
    {
        findings.push(Finding {
            id: "pin".to_owned(),
            verdict: Verdict::Fail,
            title: format!("{} pinned version {}: {}", pin.actor, pin.version, pin.reason),
            remedy: Some(format!(
                "`windlass unpin {}` ends that; `--break-glass REASON` deploys once all the same",
                subject.about.application
            )),
            evidence: None,
        });
    }
    if let Some(quarantine) = journal.quarantined(&subject.instance, &subject.about.release.id)? {
        findings.push(Finding {
            id: "quarantine".to_owned(),
            verdict: if options.retry { Verdict::Warn } else { Verdict::Fail },
            title: quarantine.to_string(),
            remedy: Some(format!(
                "`--retry` deploys it all the same, `windlass unquarantine {} {}` ends the quarantine",
                subject.about.application, subject.about.release.version
            )),
            evidence: None,
        });
    }
    findings.extend(way_back(subject).await);
    if let Some(why) = migration::forbids(journal, &subject.instance, &subject.about.release)? {
        findings.push(Finding {
            id: "migration".to_owned(),
            verdict: Verdict::Fail,
            title: why,
            remedy: Some("deploy a newer release, or restore the data and use `--break-glass REASON`".to_owned()),
            evidence: None,
        });
    }
    let verdict = Verdict::worst(findings.iter().map(|finding| finding.verdict));
    let worst = findings.iter().max_by_key(|finding| finding.verdict.severity());
    let summary = worst.map_or_else(|| "all built-in checks passed".to_owned(), |finding| finding.title.clone());
    Ok(Report { verdict, summary, findings, data: None })
}

/// Whether this host has what going back needs, as the strategy of what runs says.
async fn way_back(subject: &Subject<'_>) -> Option<Finding> {
    if subject.about.plan.as_ref().is_none_or(|plan| plan.is_unchanged()) {
        return None;
    }
    let about = CallContext {
        release: subject.about.running.as_ref().unwrap_or(&subject.about.release).clone(),
        ..(*subject.about).clone()
    };
    let back = Subject { about: Arc::new(about), ..subject.clone() };
    let context = back.context("way-back", 1, back.settings.call_deadline);
    let (title, certain) = match within(&context, "missing", back.engine.backend.missing(&context)).await {
        Ok(missing) if missing.is_empty() => return None,
        Ok(missing) => (format!("a rollback would not be possible: {}", missing.join(", ")), true),
        // What runs can be replaced although it is not known any more how it was deployed.
        Err(failure) => (
            format!("it could not be checked whether a rollback is possible: {}", failure.message()),
            *failure.kind() != FailureKind::Unusable,
        ),
    };
    Some(Finding {
        id: "way-back".to_owned(),
        verdict: if certain && !subject.settings.allow_no_way_back { Verdict::Fail } else { Verdict::Warn },
        title,
        remedy: Some(
            "pull the images that run now, or set `allow-no-way-back = true` under `[policy]` in release.toml"
                .to_owned(),
        ),
        evidence: None,
    })
}
