//! `windlass plan`.

use windlass_deployment::Target;
use windlass_foundation::explain::ExitCode;
use windlass_foundation::private;
use windlass_journal::Mode;
use windlass_report::facts::{Fact, PlanFact};
use windlass_report::{Fault, plan};

use super::arguments::PlanArguments;
use super::deploy::{left_open, moved, target};
use super::error::CliError;
use super::excerpt;
use super::session::Session;

/// Shows what a deployment would change.
pub(super) async fn run(arguments: &PlanArguments, session: &Session) -> Result<ExitCode, Fault> {
    let (name, target) = if arguments.rollback {
        // The files of the application are not needed: the release was kept.
        (session.name(&arguments.release.versions.app)?, Target::Rollback { to: arguments.to.clone() })
    } else {
        target(&arguments.release, session)?
    };
    let agent = session.open(Mode::Read).await?;
    session.environment(arguments.release.environment.as_deref(), &agent)?;
    moved(&agent, &name, &target, session)?;
    left_open(&agent, &name, session)?;
    let stop = session.stop()?;
    let planned = windlass_deployment::plan_only(&agent.engine, &name, &target, &stop).await;
    let planned = planned.map_err(|error| excerpt::add(error, &target))?;
    session.teller.finish();
    if let Some(path) = &arguments.out {
        let failed = |source| CliError::Write { path: path.clone(), source };
        let file = agent.engine.backend.seal(planned.file()).await.map_err(windlass_deployment::Error::Failed)?;
        let text = serde_json::to_vec_pretty(&file).map_err(|error| failed(error.into()))?;
        private::write(path, &text).map_err(failed)?;
    }
    let fact = PlanFact {
        application: name,
        environment: planned.environment.clone(),
        release: (*planned.release).clone(),
        running: planned.running.as_ref().map(|release| release.version.clone()),
        running_release: planned.running.as_ref().map(|release| release.id.clone()),
        plan: (*planned.plan).clone(),
        written: arguments.out.as_ref().map(|path| path.display().to_string()),
    };
    let width = session.printer.width();
    session.printer.answer(&Fact::Plan(Box::new(fact.clone())), |_| plan::page(&fact, width));
    Ok(ExitCode::Succeeded)
}
