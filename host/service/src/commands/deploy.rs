//! `deploy`, and what a plan, a check and a deployment are about.

use std::path::Path;

use windlass_api::Reply;
use windlass_api::command::{ApplicationRef, DeploymentSubject, Document, Manner, Versions};
use windlass_deployment::{DeploymentRequest, PLAN_FILE_FORMAT, PlanFile, Source, Stop, Target};
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_foundation::names::Instance;
use windlass_foundation::regular;
use windlass_journal::Mode;
use windlass_release::bundle::Bundles;

use super::release;
use crate::agent::Agent;
use crate::error::{CommandError, Reason};
use crate::run::{FoundApplication, Run, itself};
use crate::sent;

/// What a plan and a check begin with.
pub(super) struct Asking {
    pub(super) agent: Agent,
    pub(super) instance: Instance,
    pub(super) target: Target,
    pub(super) stop: Stop,
}

/// Begins a question about a deployment that is not made: nothing is written.
pub(super) async fn asking(
    run: &Run,
    subject: &DeploymentSubject,
    environment: Option<&str>,
) -> Result<Asking, ExplainedError> {
    let (agent, instance, target) = open(run, subject, environment, Mode::Read).await?;
    left_open(run, &agent, &instance)?;
    let stop = run.stop()?;
    Ok(Asking { agent, instance, target, stop })
}

/// Deploys.
pub(super) async fn run(
    run: &Run,
    subject: &DeploymentSubject,
    environment: Option<&str>,
    manner: Manner,
) -> Result<Reply, ExplainedError> {
    let (agent, name, target) = open(run, subject, environment, Mode::Write).await?;
    let stop = run.stop()?;
    let request = request(run, name, target, manner);
    let ending = windlass_deployment::run(&agent.engine, request, &stop).await?;
    Ok(run.ended(&agent, &ending).await)
}

/// The agent, the application and what to deploy of it.
async fn open(
    run: &Run,
    subject: &DeploymentSubject,
    environment: Option<&str>,
    mode: Mode,
) -> Result<(Agent, Instance, Target), ExplainedError> {
    let (name, target) = target(run, subject)?;
    let agent = run.open(mode).await?;
    run.environment(environment, &agent)?;
    let target = match target {
        Some(target) => target,
        None => running(&agent, &name)?,
    };
    moved(run, &agent, &name, &target)?;
    Ok((agent, name, target))
}

/// The release that runs, with what its deployment might do.
fn running(agent: &Agent, name: &Instance) -> Result<Target, ExplainedError> {
    let running = agent.journal.running(name)?;
    let running = running.ok_or_else(|| CommandError::NotDeployed { wanted: name.to_string() })?;
    let asked = agent.journal.deployment_state(&running.deployment)?.asked;
    Ok(Target::Given {
        release: Box::new((*running.release).clone()),
        origin: running.deployment,
        signer: None,
        unbound: asked.unbound,
    })
}

/// Says loudly when what runs under this name came from another directory: two applications may have one name. Where the
/// operator said where the application is, there is nothing to say.
fn moved(run: &Run, agent: &Agent, name: &Instance, target: &Target) -> Result<(), ExplainedError> {
    let Target::Source(Source { directory, unbound: Some(_), .. }) = target else { return Ok(()) };
    let Some(running) = agent.journal.running(name)? else { return Ok(()) };
    let asked = agent.journal.deployment_state(&running.deployment)?.asked;
    // Anything else is no directory: a plan, a release document, another deployment.
    let Some(earlier) = asked.directory() else { return Ok(()) };
    let came = Bundles::new(&agent.state_directory).digest_at(earlier).is_some();
    let same = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or(path.to_owned());
    let (before, now) = (same(earlier), same(directory));
    if before != now {
        run.warn(format!(
            "`{name}` runs here from {} (deployment {}), and this is `{}`: what runs is replaced. If these are two \
             applications, give one of them another `application` in its release.toml, and another `name` in its Compose \
             file",
            if came { "files that came with a command".to_owned() } else { format!("`{}`", before.display()) },
            running.deployment,
            now.display(),
        ));
    }
    Ok(())
}

/// A request of this caller.
pub(super) fn request(run: &Run, instance: Instance, target: Target, manner: Manner) -> DeploymentRequest {
    DeploymentRequest {
        id: run.id(),
        instance,
        target,
        principal: run.principal.clone(),
        wait: manner.wait(),
        reason: manner.reason,
        retry: manner.retry,
        break_glass: manner.break_glass,
        after: manner.after,
    }
}

/// The application and what to deploy of it; none means what runs, which the journal knows.
fn target(run: &Run, subject: &DeploymentSubject) -> Result<(Instance, Option<Target>), ExplainedError> {
    let (name, target) = match subject {
        DeploymentSubject::Files { application, bundle, versions, defaults } => {
            let asked = sent::or_found(run, application, bundle.as_ref(), &run.config()?.state_directory)?;
            let source = source(&asked, versions, *defaults);
            (asked.instance, Target::Source(source))
        }
        DeploymentSubject::Document { application, document } => {
            let name = run.name(application)?;
            let given = release::given(run, document, name.application())?;
            (name, given)
        }
        DeploymentSubject::Plan { application, plan } => {
            let plan = planned(run, application, plan)?;
            (itself(&plan.application)?, Target::Planned(Box::new(plan)))
        }
        DeploymentSubject::Running { application } => return Ok((run.name(application)?, None)),
        // The files of the application are not needed: the release was kept.
        DeploymentSubject::Rollback { application, to } => {
            (run.name(application)?, Target::Rollback { to: to.clone() })
        }
    };
    Ok((name, Some(target)))
}

/// The release file and the versions that were asked for.
pub(super) fn source(asked: &FoundApplication, versions: &Versions, defaults: bool) -> Source {
    Source {
        directory: asked.location.directory.clone(),
        set: versions.set.clone(),
        commit: versions.commit.clone(),
        defaults,
        unbound: asked.unbound.clone(),
    }
}

/// Warns that a deployment is open when the caller asks what another one would do: the open one is finished first.
fn left_open(run: &Run, agent: &Agent, name: &Instance) -> Result<(), ExplainedError> {
    for open in agent.journal.open_deployments(Some(name))? {
        let id = &open.id;
        run.warn(if windlass_deployment::is_held(&agent.engine, name) {
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

/// Reads a plan that `plan` made a file of.
fn planned(run: &Run, application: &ApplicationRef, file: &Document) -> Result<PlanFile, ExplainedError> {
    let (path, text) = (&file.path, &file.content.0);
    let wrong = |reason: String| CommandError::NotAPlan { path: path.to_owned(), source: Reason(reason) };
    // A user who may pass a file's name to the agent may not be allowed to read that file, so the error holds none of
    // its content.
    let understood = |error: serde_json::Error| wrong(regular::without_content(&error));
    let format = serde_json::from_slice::<Format>(text).map_err(understood)?.format;
    if format != PLAN_FILE_FORMAT {
        return Err(wrong(format!("it has format {format}, and this agent reads format {PLAN_FILE_FORMAT}")).into());
    }
    let plan: PlanFile = serde_json::from_slice(text).map_err(understood)?;
    // A rollback needs no files of the application: the release was kept. Nor does what who may bring them executes.
    let (name, unbound) = match run.find(application) {
        _ if plan.rollback_of.is_some() => (run.name(application)?, None),
        Ok(asked) => (asked.instance, asked.unbound),
        Err(error) => match application {
            ApplicationRef::Name(name) if error.exit() == ExitCode::NotFound && run.may_bring(name)? => {
                (itself(name)?, None)
            }
            _ => return Err(error),
        },
    };
    if plan.application != name.as_str() {
        let path = path.to_owned();
        return Err(CommandError::OtherPlan { path, planned: plan.application, application: name.to_string() }.into());
    }
    if unbound.is_some() && plan.unbound.is_none() {
        return Err(CommandError::PlanElsewhere { path: path.to_owned(), application: plan.application }.into());
    }
    Ok(plan)
}

/// What says how the rest is read.
#[derive(serde::Deserialize)]
struct Format {
    format: u32,
}
