//! `resume`: what was interrupted is finished, or undone.

use windlass_api::command::ApplicationRef;
use windlass_api::{Answer, CommandEvent, Reply};
use windlass_deployment::Onward;
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_foundation::names::Instance;
use windlass_journal::Mode;

use crate::access::Asked;
use crate::run::Run;

/// Resumes one application's open deployment, or all. Nothing open is nothing to do. The exit code is that of the
/// first that did not succeed.
pub(super) async fn run(
    run: &Run,
    application: Option<&ApplicationRef>,
    unwind: bool,
) -> Result<Reply, ExplainedError> {
    let agent = run.open(Mode::Write).await?;
    if run.asked == Asked::Agent {
        // The host may have just started, and the engine starts beside the agent.
        agent.docker.has_answered_before();
    }
    let wanted = run.known_or_all(application, &agent)?;
    let mut applications: Vec<Instance> = Vec::new();
    for open in agent.journal.open_deployments(wanted.as_ref())? {
        if !applications.contains(&open.instance) {
            applications.push(open.instance);
        }
    }
    let answer = Answer::Resumed { application: wanted.map(Into::into), number: applications.len() };
    if applications.is_empty() {
        return Ok(Reply::succeeded(answer));
    }
    let stop = run.stop()?;
    let onward = if unwind { Onward::Back } else { Onward::Forward };
    let mut exit = ExitCode::Succeeded;
    for application in applications {
        let ending = windlass_deployment::resume(&agent.engine, &application, &run.principal, onward, &stop).await?;
        let ended = run.ended(&agent, &ending).await;
        run.event(CommandEvent::Part(Box::new(ended.answer)));
        if exit == ExitCode::Succeeded {
            exit = ended.exit;
        }
    }
    Ok(Reply { answer, exit })
}
