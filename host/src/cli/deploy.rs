//! `windlass deploy`.

use std::collections::BTreeMap;
use std::path::Path;

use windlass_deployment::{PLAN_FILE_FORMAT, PLAN_FILE_LIMIT, PlanFile, Request, Source, Target};
use windlass_foundation::explain::ExitCode;
use windlass_foundation::regular;
use windlass_journal::Mode;
use windlass_report::Fault;
use windlass_service::agent::Agent;

use super::arguments::{DeployArguments, MannerArguments, ReleaseArguments, VersionArguments};
use super::error::{CliError, Reason};
use super::session::{Asked, Session};

/// Runs `windlass deploy`.
pub(super) async fn run(arguments: &DeployArguments, session: &Session) -> Result<ExitCode, Fault> {
    let (name, target) = match &arguments.plan {
        Some(path) => {
            let plan = plan(path, session, &arguments.release)?;
            (plan.application.clone(), Target::Planned(Box::new(plan)))
        }
        None => target(&arguments.release, session)?,
    };
    let agent = session.open(Mode::Write).await?;
    session.environment(arguments.release.environment.as_deref(), &agent)?;
    moved(&agent, &name, &target, session)?;
    let stop = session.stop()?;
    let request = request(session, name, target, &arguments.manner);
    let ending = windlass_deployment::run(&agent.engine, request, &stop).await?;
    Ok(session.ended(&agent, &ending).await)
}

/// Says loudly when what runs under this name came from another directory: two applications may have one name. Where the
/// operator said where the application is, there is nothing to say.
pub(super) fn moved(agent: &Agent, name: &str, target: &Target, session: &Session) -> Result<(), Fault> {
    let Target::Source(Source { directory, unbound: Some(_), .. }) = target else { return Ok(()) };
    let Some(running) = agent.journal.running(name)? else { return Ok(()) };
    let asked = agent.journal.deployment_state(&running.deployment)?.asked;
    // Anything else is no directory: a plan, a release document, another deployment.
    let Some(earlier) = asked.directory() else { return Ok(()) };
    let same = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or(path.to_owned());
    let (before, now) = (same(earlier), same(directory));
    if before != now {
        session.printer.warn(&format!(
            "`{name}` runs here from `{}` (deployment {}), and this is `{}`: what runs is replaced. If these are two \
             applications, give one of them another `application` in its release.toml, and another `name` in its Compose \
             file",
            before.display(),
            running.deployment,
            now.display(),
        ));
    }
    Ok(())
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
        let name = session.name(&arguments.versions.app)?;
        let given = super::release::given(path, &name, session)?;
        return Ok((name, given));
    }
    let asked = session.find(&arguments.versions.app)?;
    let source = source(&asked, &arguments.versions, arguments.defaults);
    Ok((asked.name, Target::Source(source)))
}

/// The release file and the versions that were typed. Of two for one artifact the last counts.
pub(super) fn source(asked: &Asked, arguments: &VersionArguments, defaults: bool) -> Source {
    Source {
        directory: asked.location.directory.clone(),
        set: arguments.set.iter().cloned().collect::<BTreeMap<_, _>>(),
        commit: arguments.commit.clone(),
        defaults,
        unbound: asked.unbound.clone(),
    }
}

/// Warns that a deployment is open when the caller asks what another one would do: the open one is finished first.
pub(super) fn left_open(agent: &Agent, name: &str, session: &Session) -> Result<(), Fault> {
    for open in agent.journal.open_deployments(Some(name))? {
        let id = &open.id;
        session.printer.warn(&if windlass_deployment::is_held(&agent.engine, name) {
            format!("deployment {id} of `{name}` is running now; `windlass status {name}` shows it")
        } else {
            format!(
                "deployment {id} of `{name}` was interrupted: `windlass resume {name}` finishes it or puts back what it \
                 changed, and so does the next deployment before it begins"
            )
        });
    }
    Ok(())
}

/// Reads a plan that `plan --out` wrote.
fn plan(path: &Path, session: &Session, arguments: &ReleaseArguments) -> Result<PlanFile, Fault> {
    if !arguments.versions.set.is_empty() {
        return Err(CliError::PlanDecides { option: "--set" }.into());
    }
    if arguments.defaults {
        return Err(CliError::PlanDecides { option: "--defaults" }.into());
    }
    if arguments.versions.commit.is_some() {
        return Err(CliError::PlanDecides { option: "--commit" }.into());
    }
    let text = regular::read(path, PLAN_FILE_LIMIT);
    let text = text.map_err(|source| CliError::Read { path: path.to_owned(), source })?;
    let wrong = |reason: String| CliError::NotAPlan { path: path.to_owned(), source: Reason(reason) };
    // A user who may pass a file's name to the agent may not be allowed to read that file, so the error holds none of
    // its content.
    let understood = |error: serde_json::Error| wrong(regular::without_content(&error));
    let format = serde_json::from_slice::<Format>(&text).map_err(understood)?.format;
    if format != PLAN_FILE_FORMAT {
        return Err(wrong(format!("it has format {format}, and this agent reads format {PLAN_FILE_FORMAT}")).into());
    }
    let plan: PlanFile = serde_json::from_slice(&text).map_err(understood)?;
    // A rollback needs no files of the application: the release was kept.
    let (name, unbound) = if plan.rollback_of.is_some() {
        (session.name(&arguments.versions.app)?, None)
    } else {
        let asked = session.find(&arguments.versions.app)?;
        (asked.name, asked.unbound)
    };
    if plan.application != name {
        let path = path.to_owned();
        return Err(CliError::OtherPlan { path, planned: plan.application, application: name }.into());
    }
    if unbound.is_some() && plan.unbound.is_none() {
        return Err(CliError::PlanElsewhere { path: path.to_owned(), application: plan.application }.into());
    }
    Ok(plan)
}

/// What says how the rest is read.
#[derive(serde::Deserialize)]
struct Format {
    format: u32,
}
