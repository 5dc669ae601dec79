//! `verify`: what a deployment asks before it counts as succeeded, asked about what runs now.

use std::time::Duration;

use windlass_api::command::ApplicationRef;
use windlass_api::facts::VerifiedFact;
use windlass_api::{Answer, Reply};
use windlass_deployment::Verified;
use windlass_domain::Verdict;
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_journal::Mode;

use super::lost;
use crate::facts;
use crate::run::Run;

/// How long something that is not well yet is waited for: a person asks about now.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks about one application, or about all that were deployed, one after the other.
pub(super) async fn run(run: &Run, application: Option<&ApplicationRef>) -> Result<Reply, ExplainedError> {
    let name = run.name_or_all(application)?;
    let agent = run.open(Mode::Read).await?;
    let known = agent.journal.status(name.as_ref())?;
    if let (Some(wanted), true) = (&name, known.is_empty()) {
        return Err(lost::unknown(&agent, wanted.to_string()).await.into());
    }
    // Of several, those of which nothing runs are left out.
    let meant = known.into_iter().filter(|known| name.is_some() || known.running.is_some());
    let stop = run.stop()?;
    let mut applications = Vec::new();
    for known in meant {
        let verified = windlass_deployment::verify_only(&agent.engine, &known.instance, PATIENCE, &stop).await?;
        applications.push(fact(known.instance.to_string(), agent.environment.clone(), &verified));
    }
    let exit = if applications.iter().all(|one| one.passed) { ExitCode::Succeeded } else { ExitCode::Refused };
    Ok(Reply { answer: Answer::Verified { applications }, exit })
}

fn fact(application: String, environment: String, verified: &Verified) -> VerifiedFact {
    let proofs: Vec<_> = verified.proofs.iter().map(facts::probe).collect();
    let verdicts = proofs.iter().map(|proof| proof.report.as_ref().map_or(Verdict::Fail, |report| report.verdict));
    VerifiedFact {
        application,
        environment,
        version: verified.running.release.version.clone(),
        deployment: verified.running.deployment.clone(),
        passed: verified.passed(),
        verdict: Verdict::worst(verdicts),
        proofs,
    }
}
