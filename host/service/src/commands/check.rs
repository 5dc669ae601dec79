//! `check`.

use windlass_api::command::{Manner, Subject};
use windlass_api::facts::CheckFact;
use windlass_api::{Answer, Reply};
use windlass_domain::Verdict;
use windlass_foundation::explain::{ExitCode, Fault};
use windlass_journal::Mode;

use super::deploy::{left_open, moved, request, target};
use super::excerpt;
use crate::facts;
use crate::run::Run;

/// Runs the checks of a release.
pub(super) async fn run(run: &Run, subject: &Subject, environment: Option<&str>) -> Result<Reply, Fault> {
    let (name, target) = target(run, subject)?;
    let agent = run.open(Mode::Read).await?;
    run.environment(environment, &agent)?;
    moved(run, &agent, &name, &target)?;
    left_open(run, &agent, &name)?;
    let stop = run.stop()?;
    let request = request(run, name.clone(), target, Manner::default());
    let gated = windlass_deployment::check_only(&agent.engine, &request, &stop).await;
    let gated = gated.map_err(|error| excerpt::add(error, &request.target))?;
    let checks: Vec<_> = gated.checks.iter().map(facts::probe).collect();
    let verdicts = checks.iter().map(|check| check.report.as_ref().map_or(Verdict::Fail, |report| report.verdict));
    let check = CheckFact {
        application: name.to_string(),
        environment: gated.planned.environment.clone(),
        version: gated.planned.release.version.clone(),
        refused: !gated.passed,
        verdict: Verdict::worst(verdicts),
        checks,
    };
    let exit = if gated.passed { ExitCode::Succeeded } else { ExitCode::Refused };
    Ok(Reply { answer: Answer::Check { check }, exit })
}
