//! `plan`.

use windlass_api::command::{Content, DeploymentSubject};
use windlass_api::facts::PlanFact;
use windlass_api::{Answer, Reply};
use windlass_deployment::Error;
use windlass_foundation::explain::ExplainedError;

use super::deploy::{Asking, asking};
use super::excerpt;
use crate::error::CommandError;
use crate::run::Run;

/// Says what a deployment would change. With `wants_file`, the answer holds the plan as a file for `deploy --plan`.
pub(super) async fn run(
    run: &Run,
    subject: &DeploymentSubject,
    environment: Option<&str>,
    wants_file: bool,
) -> Result<Reply, ExplainedError> {
    let Asking { agent, instance, target, stop } = asking(run, subject, environment).await?;
    let planned = windlass_deployment::plan_only(&agent.engine, &instance, &target, &stop).await;
    let planned = planned.map_err(|error| excerpt::add(error, &target))?;
    let file = if wants_file {
        let file = agent.engine.backend.seal(planned.file()).await.map_err(Error::Failed)?;
        Some(Content(serde_json::to_vec_pretty(&file).map_err(CommandError::unwritable)?))
    } else {
        None
    };
    let plan = Box::new(PlanFact {
        application: instance.to_string(),
        environment: planned.environment.clone(),
        release: (*planned.release).clone(),
        running: planned.running.as_ref().map(|release| release.version.clone()),
        running_release: planned.running.as_ref().map(|release| release.id.clone()),
        plan: (*planned.plan).clone(),
        written: None,
    });
    Ok(Reply::succeeded(Answer::Plan { plan, file }))
}
