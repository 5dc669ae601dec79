//! `check`.

use windlass_api::command::{DeploymentSubject, Manner};
use windlass_api::facts::CheckFact;
use windlass_api::{Answer, Reply};
use windlass_domain::Verdict;
use windlass_foundation::explain::{ExitCode, ExplainedError};

use super::deploy::{Asking, asking, request};
use super::excerpt;
use crate::facts;
use crate::run::Run;

/// Runs the checks of a release.
pub(super) async fn run(
    run: &Run,
    subject: &DeploymentSubject,
    environment: Option<&str>,
) -> Result<Reply, ExplainedError> {
    let Asking { agent, instance, target, stop } = asking(run, subject, environment).await?;
    let request = request(run, instance.clone(), target, Manner::default());
    let gated = windlass_deployment::check_only(&agent.engine, &request, &stop).await;
    let gated = gated.map_err(|error| excerpt::add(error, &request.target))?;
    let checks: Vec<_> = gated.checks.iter().map(facts::probe).collect();
    let verdicts = checks.iter().map(|check| check.report.as_ref().map_or(Verdict::Fail, |report| report.verdict));
    let check = CheckFact {
        application: instance.to_string(),
        environment: gated.planned.environment.clone(),
        version: gated.planned.release.version.clone(),
        refused: !gated.passed,
        verdict: Verdict::worst(verdicts),
        checks,
    };
    let exit = if gated.passed { ExitCode::Succeeded } else { ExitCode::Refused };
    Ok(Reply { answer: Answer::Check { check }, exit })
}
