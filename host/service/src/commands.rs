//! One module for each command: it calls the layers below, and makes the answer. Nothing here decides about a deployment.

mod audit;
mod build;
mod check;
mod config;
mod deploy;
mod doctor;
mod excerpt;
mod history;
mod holds;
pub(crate) mod lost;
pub(crate) mod outbox;
mod plan;
mod plugin;
mod promote;
mod release;
mod resolve;
mod resume;
mod rollback;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod trigger;
mod verify;
mod whoami;

use windlass_api::{Command, Reply};
use windlass_foundation::explain::ExplainedError;

use super::run::Run;

/// Carries out a command.
pub(crate) async fn execute(run: &Run, command: Command) -> Result<Reply, ExplainedError> {
    use Command as C;
    match command {
        C::Config { application, bundle, environment, explain } => {
            config::run(run, &application, bundle.as_ref(), environment, explain.as_deref())
        }
        C::Plan { subject, environment, file } => plan::run(run, &subject, environment.as_deref(), file).await,
        C::Check { subject, environment } => check::run(run, &subject, environment.as_deref()).await,
        C::Verify { application } => verify::run(run, application.as_ref()).await,
        C::Deploy { subject, environment, manner } => deploy::run(run, &subject, environment.as_deref(), manner).await,
        C::Rollback { application, to, pin, manner } => rollback::run(run, &application, to, pin, manner).await,
        C::Promote { application, from, manner } => promote::run(run, &application, from, manner).await,
        C::ReleaseCreate { application, bundle, versions, environment, build } => {
            release::create(run, &application, bundle.as_ref(), versions, environment, build).await
        }
        C::ReleaseExport { application, release } => release::export(run, &application, release.as_deref()).await,
        C::ReleaseList { application } => release::list(run, &application).await,
        C::ReleaseShow { application, release } => release::show(run, &application, release.as_deref()).await,
        C::ReleaseRead { document } => release::read(run, &document),
        C::ReleaseVerify { document, keys } => release::verify(run, &document, keys),
        C::Trigger { trigger, message, again } => trigger::run(run, &trigger, &message.0, again).await,
        C::Resume { application, unwind } => resume::run(run, application.as_ref(), unwind).await,
        C::Resolve { application, retry, reason } => resolve::run(run, &application, retry, reason.as_deref()).await,
        C::Freeze { application, reason } => holds::freeze(run, &application, reason).await,
        C::Unfreeze { application, reason } => holds::unfreeze(run, &application, reason).await,
        C::Pin { application, to, reason } => holds::pin(run, &application, to.as_deref(), reason).await,
        C::Unpin { application, reason } => holds::unpin(run, &application, reason).await,
        C::Quarantine { application, release, reason } => holds::quarantine(run, &application, &release, reason).await,
        C::Unquarantine { application, release, reason } => {
            holds::unquarantine(run, &application, &release, reason).await
        }
        C::OutboxList { application } => outbox::list(run, application.as_ref()).await,
        C::OutboxFlush { application } => outbox::flush(run, application.as_ref()).await,
        C::OutboxRetry { number } => outbox::retry(run, number).await,
        C::OutboxDrop { number, reason } => outbox::give_up(run, number, &reason).await,
        C::Status { application } => status::run(run, application.as_ref()).await,
        C::History { application, limit } => history::run(run, application.as_ref(), limit).await,
        C::Show { deployment } => show::run(run, &deployment).await,
        C::Report { deployment } => show::report(run, &deployment).await,
        C::Logs { deployment } => show::logs(run, &deployment).await,
        C::AuditVerify => audit::verify(run).await,
        C::PluginList => plugin::list(run).await,
        C::PluginInspect { plugin } => plugin::inspect(run, &plugin).await,
        C::PluginDiff { old, new } => plugin::diff(run, &old, &new).await,
        C::PluginGrants { application } => plugin::grants(run, &application).await,
        C::Whoami => whoami::run(run),
        C::Doctor { application } => doctor::run(run, application.as_ref()).await,
    }
}
