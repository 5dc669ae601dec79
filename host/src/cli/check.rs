//! `windlass check`.

use windlass_deployment::Request;
use windlass_documents::Verdict;
use windlass_foundation::explain::ExitCode;
use windlass_journal::Mode;
use windlass_report::facts::{CheckFact, Fact};
use windlass_report::{Fault, Verbosity, probe};

use super::arguments::CheckArguments;
use super::deploy::{left_open, moved, target};
use super::session::Session;
use super::{excerpt, present};

/// Runs the checks of a release.
pub(super) async fn run(arguments: &CheckArguments, session: &Session) -> Result<ExitCode, Fault> {
    let (name, target) = target(&arguments.release, session)?;
    let agent = session.open(Mode::Read).await?;
    session.environment(arguments.release.environment.as_deref(), &agent)?;
    moved(&agent, &name, &target, session)?;
    left_open(&agent, &name, session)?;
    let stop = session.stop()?;
    let request = Request {
        application: name.clone(),
        target,
        actor: session.actor(),
        reason: None,
        wait: None,
        retry: false,
        break_glass: None,
    };
    let gated = windlass_deployment::check_only(&agent.engine, &request, &stop).await;
    let gated = gated.map_err(|error| excerpt::add(error, &request.target))?;
    session.teller.finish();
    let checks: Vec<_> = gated.checks.iter().map(present::probe).collect();
    let verdicts = checks.iter().map(|check| check.report.as_ref().map_or(Verdict::Fail, |report| report.verdict));
    let fact = CheckFact {
        application: name,
        environment: gated.planned.environment.clone(),
        version: gated.planned.release.version.clone(),
        refused: !gated.passed,
        verdict: Verdict::worst(verdicts),
        checks,
    };
    let printer = session.printer;
    let all = printer.verbosity() == Verbosity::Verbose;
    printer.answer(&Fact::Check(fact.clone()), |_| probe::check(&fact, all, printer.width()));
    Ok(if gated.passed { ExitCode::Succeeded } else { ExitCode::Refused })
}
