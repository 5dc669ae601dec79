//! Work as data: what the agent that stays lets a process of its own do. Such a process is gone with all that it took, and
//! what breaks it does not break the agent.
//!
//! Where that process is started, and how it is spoken with, is not known here.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use windlass_api::{Command, Reply};
use windlass_foundation::explain::ExplainedError;
use windlass_foundation::principal::Principal;

use super::by_itself::Findings;
use super::by_itself::watch::{Memory, Watched};
use super::error::CommandError;
use super::trigger::Event;
use super::{Service, Sink};

/// What is to be done.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// A command, as [`Service::execute_as`] carries it out.
    Command {
        /// Who asked for it.
        by: Principal,
        /// The id of the deployment that it begins.
        id: Option<String>,
        /// What.
        command: Box<Command>,
    },
    /// What an event starts, as [`Service::act`] carries it out.
    Event {
        /// The event.
        event: Event,
        /// Whether it was begun before, and its end is not known.
        kept: bool,
        /// The id of the deployment that it begins.
        id: String,
    },
    /// Recorders are told what is due.
    Deliver,
    /// What is watched is asked once.
    Sample {
        /// What.
        watched: Watched,
        /// What the last sample left.
        memory: Memory,
    },
    /// What runs is compared with what was deployed.
    Drift,
    /// What no kept release needs is removed.
    Sweep,
}

/// What was done. Each kind of work has its own.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    /// Of a command and of an event.
    Reply(Box<Reply>),
    /// Of a delivery: when the next event is due.
    Delivered(Option<Timestamp>),
    /// Of a sample.
    Sampled {
        /// What follows from it; none where it is not watched any more.
        findings: Option<Findings>,
        /// What it leaves for the next one.
        memory: Memory,
    },
    /// Of a look for drift, and of a sweep.
    Found(Findings),
}

impl Service {
    /// Does it. The sink hears events until this returns.
    ///
    /// # Errors
    /// Those of the function that does it, and when the caller cannot be heard.
    pub async fn carry_out(&self, work: Work, sink: Arc<dyn Sink>) -> Result<Done, ExplainedError> {
        let stop = || sink.stop().map_err(CommandError::Unheard);
        Ok(match work {
            Work::Command { by, id, command } => Done::Reply(Box::new(self.execute_as(&by, id, *command, sink).await?)),
            Work::Event { event, kept, id } => Done::Reply(Box::new(self.act(event, kept, id, sink).await?)),
            Work::Deliver => Done::Delivered(self.deliver_due(&stop()?).await?),
            Work::Sample { watched, mut memory } => {
                let findings = self.sample(&watched, &mut memory, &stop()?).await?;
                Done::Sampled { findings, memory }
            }
            Work::Drift => Done::Found(self.look_for_drift().await?),
            Work::Sweep => Done::Found(self.sweep(&stop()?).await?),
        })
    }
}

impl Work {
    /// Whether it only reads the record or adds to it: it opens no plugin, asks no registry and waits for nothing. Of a
    /// deployment that is stuck, it asks the engine what was left.
    #[must_use]
    pub fn only_needs_the_record(&self) -> bool {
        use Command as C;
        let Self::Command { command, .. } = self else { return false };
        matches!(
            **command,
            C::History { .. }
                | C::Show { .. }
                | C::Report { .. }
                | C::Logs { .. }
                | C::ReleaseList { .. }
                | C::ReleaseShow { .. }
                | C::OutboxList { .. }
                | C::OutboxRetry { .. }
                | C::OutboxDrop { .. }
                | C::AuditVerify
                | C::Whoami
                | C::Freeze { .. }
                | C::Unfreeze { .. }
                | C::Pin { .. }
                | C::Unpin { .. }
                | C::Quarantine { .. }
                | C::Unquarantine { .. }
        )
    }
}
