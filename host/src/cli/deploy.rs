//! `windlass deploy`.

use std::collections::BTreeMap;
use std::path::Path;

use super::arguments::{DeployArguments, MannerArguments, ReleaseArguments};
use super::error::CliError;
use super::session::{Asked, Session};
use crate::deployment::{self, PlanFile, Request, Source, Target};
use crate::journal::Mode;
use crate::report::{ExitCode, Fault};

/// Deploys.
pub(super) async fn run(arguments: &DeployArguments, session: &Session) -> Result<ExitCode, Fault> {
    let (name, target) = match &arguments.plan {
        Some(path) => {
            let asked = session.find(&arguments.release.app)?;
            let plan = plan(path, &asked, &arguments.release)?;
            (asked.name, Target::Planned(Box::new(plan)))
        }
        None => target(&arguments.release, session)?,
    };
    let agent = session.open(Mode::Write).await?;
    session.environment(arguments.release.environment.as_deref(), &agent)?;
    let stop = session.stop()?;
    let request = request(session, name, target, &arguments.manner);
    let ending = deployment::run(&agent.engine, request, &stop).await?;
    Ok(session.ended(&ending))
}

/// What was typed as the engine wants it.
pub(super) fn request(session: &Session, application: String, target: Target, manner: &MannerArguments) -> Request {
    Request {
        application,
        target,
        actor: session.actor(),
        reason: manner.reason.clone(),
        wait: manner.wait,
        retry: manner.retry,
        break_glass: manner.break_glass.clone(),
    }
}

/// The application and what to deploy of it: its files with the versions that were typed, or a release document.
pub(super) fn target(arguments: &ReleaseArguments, session: &Session) -> Result<(String, Target), Fault> {
    if let Some(path) = &arguments.release {
        let name = session.name(&arguments.app)?;
        let given = super::release::given(path, &name, session)?;
        return Ok((name, given));
    }
    let asked = session.find(&arguments.app)?;
    let source = source(&asked, arguments);
    Ok((asked.name, Target::Source(source)))
}

/// The release file and the versions that were typed. Of two for one artifact the last counts.
pub(super) fn source(asked: &Asked, arguments: &ReleaseArguments) -> Source {
    Source {
        directory: asked.location.directory.clone(),
        set: arguments.set.iter().cloned().collect::<BTreeMap<_, _>>(),
        commit: arguments.commit.clone(),
    }
}

/// Reads a plan that `plan --out` wrote.
fn plan(path: &Path, asked: &Asked, arguments: &ReleaseArguments) -> Result<PlanFile, CliError> {
    if !arguments.set.is_empty() {
        return Err(CliError::PlanDecides { option: "--set" });
    }
    if arguments.commit.is_some() {
        return Err(CliError::PlanDecides { option: "--commit" });
    }
    let text = std::fs::read(path).map_err(|source| CliError::Read { path: path.to_owned(), source })?;
    let plan: PlanFile =
        serde_json::from_slice(&text).map_err(|source| CliError::NotAPlan { path: path.to_owned(), source })?;
    if plan.application != asked.name {
        return Err(CliError::OtherPlan {
            path: path.to_owned(),
            planned: plan.application,
            application: asked.name.clone(),
        });
    }
    Ok(plan)
}
