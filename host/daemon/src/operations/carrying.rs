//! How the work of one operation is done: by a worker, and by another one where a worker broke off and left a deployment open.
//!
//! What became of a deployment is asked of the journal, never guessed.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use windlass_api::command::ApplicationRef;
use windlass_api::{Answer, Command, CommandEvent, ErrorFact, Reply};
use windlass_deployment::Stop;
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_foundation::names::Instance;
use windlass_foundation::principal::Principal;
use windlass_service::Sink;
use windlass_service::work::{Done, Work};

use super::Operations;
use crate::inbox::MOST_TRIES;
use crate::metrics::Counted;
use crate::operation::Operation;
use crate::worker::Failure;

/// What follows on a worker that broke off.
enum Next {
    /// Its end was in the journal already.
    Ended(Box<Reply>),
    /// Another worker does this.
    Again(Box<Work>),
}

impl Operations {
    /// Does the work of an operation, to its end.
    pub(super) async fn done(self: Arc<Self>, operation: Arc<Operation>, mut work: Work) -> Result<Reply, ErrorFact> {
        let mut tries = 1;
        loop {
            let how = match self.once(&operation, work.clone()).await {
                Ok(reply) => return Ok(reply),
                Err(Failure::Error(error)) => return Err(error),
                Err(Failure::Ended { how }) => how,
            };
            if self.is_stopping() {
                return Err(broken_off(&operation, &how));
            }
            work = match self.next(&operation, work, &how).await? {
                Next::Ended(reply) => return Ok(*reply),
                Next::Again(_) if tries >= MOST_TRIES => return Err(broken_off(&operation, &how)),
                Next::Again(work) => *work,
            };
            tries += 1;
            operation.event(CommandEvent::Warning(format!(
                "the process that carried this out broke off: {how}; another one goes on"
            )));
        }
    }

    /// Does it once.
    async fn once(&self, operation: &Arc<Operation>, work: Work) -> Result<Reply, Failure> {
        // A resumption has no id of its own: who listens hears it as the one deployment.
        let resumes = matches!(&work, Work::Command { id: None, .. });
        let one = Arc::new(OneDeployment { operation: operation.clone(), resumes, ended: Mutex::default() });
        let sink = Arc::new(Counted { inner: one.clone(), counters: self.counters.clone() });
        let reply = match self.workers.carry_out(work, sink).await {
            Ok(Done::Reply(reply)) => reply,
            other => return Err(Failure::of(other)),
        };
        let ended = one.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(Reply { answer: ended.unwrap_or(reply.answer), exit: reply.exit })
    }

    /// What follows on a worker that broke off, as the journal has it.
    async fn next(&self, operation: &Operation, work: Work, how: &str) -> Result<Next, ErrorFact> {
        let id = &operation.heading.operation;
        let failed = |error: ExplainedError| ErrorFact::from(&error);
        let open = self.service.open_deployments().await.map_err(failed)?;
        if let Some((_, instance)) = open.into_iter().find(|(open, _)| open == id) {
            return Ok(Next::Again(Box::new(resumption(&instance))));
        }
        if let Some(reply) = self.service.ended(id).await.map_err(failed)? {
            return Ok(Next::Ended(Box::new(reply)));
        }
        match work {
            Work::Event { event, id, .. } => Ok(Next::Again(Box::new(Work::Event { event, kept: true, id }))),
            _ => Err(broken_off(operation, how)),
        }
    }
}

/// The resumption of the open deployment of an instance, by the agent.
pub(super) fn resumption(instance: &Instance) -> Work {
    Work::Command { by: Principal::agent(), id: None, command: Box::new(resume(instance)) }
}

/// Its command.
pub(super) fn resume(instance: &Instance) -> Command {
    Command::Resume { application: Some(ApplicationRef::Name(instance.to_string())), unwind: false }
}

/// The end of an operation whose worker broke off.
fn broken_off(operation: &Operation, how: &str) -> ErrorFact {
    let text = format!("the process that carried out `{}` broke off: {how}", operation.heading.command);
    let hint = if operation.heading.deploys {
        "`windlass history` lists all deployments, and `windlass resume` goes on with an open one"
    } else {
        "run the command again; the log of the host may say why, such as too little memory"
    };
    ErrorFact::new(ExitCode::Interrupted, text).with_hint(hint)
}

/// The caller of an operation. Where a deployment is resumed, its end is the answer, and no part of one.
struct OneDeployment {
    operation: Arc<Operation>,
    resumes: bool,
    ended: Mutex<Option<Answer>>,
}

impl Sink for OneDeployment {
    fn event(&self, event: CommandEvent) {
        match event {
            CommandEvent::Part(answer) if self.resumes => {
                *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(*answer);
            }
            event => self.operation.event(event),
        }
    }

    fn stop(&self) -> io::Result<Stop> {
        self.operation.stop()
    }
}
