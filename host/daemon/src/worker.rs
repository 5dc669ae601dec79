//! Processes that do the agent's work, one for each piece: a deployment, a look that asks plugins or the engine, a sample of the
//! watch. The memory that compiled plugins take goes with them, and a process that breaks, or that the kernel ends for its
//! memory, is not the agent.
//!
//! A worker is the same program, `windlass internal work`. It is given its [`Job`] on standard input and told there to stop; on
//! standard output it tells what happens. The end of its standard input means that the agent is gone: then it leaves
//! everything as it is, for the next agent. [`process`] is the worker's own side.

mod process;

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde::{Deserialize, Serialize};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::codec::{FramedRead, FramedWrite, LinesCodec};
use tokio_util::task::AbortOnDropHandle;
use windlass_api::{CommandEvent, ErrorFact};
use windlass_deployment::StopRequest;
use windlass_foundation::explain::ExitCode;
use windlass_foundation::private::with_users_mask;
use windlass_foundation::process::THIS_PROGRAM;
use windlass_foundation::tally::{Plugin, Tally};
use windlass_service::work::{Done, Work};
use windlass_service::{Service, Sink};

pub use process::work;

/// The arguments of a worker, after those of every command.
const ARGUMENTS: [&str; 2] = ["internal", "work"];

/// Variables by which systemd speaks with the agent alone.
const AGENTS_OWN: [&str; 3] = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];

/// How long a worker may go on whose agent is gone.
pub(super) const LONGEST_END: Duration = process::LEFT.saturating_mul(2);

/// How many looks are carried out at once, whoever asks: each is a process that takes memory. More of them wait.
const LOOKS: usize = 8;

/// The longest line: an answer has whole release documents in it, and a command the files that came with it.
const LONGEST_LINE: usize = 128 << 20;

/// The first line that a worker is given.
#[derive(Debug, Serialize, Deserialize)]
struct Job {
    /// The agent's process.
    agent: u32,
    /// The state directory that the agent holds.
    state: PathBuf,
    work: Work,
}

/// Every other line that it is given.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Order {
    /// The caller can ask it to stop from now on, or why it cannot.
    Heard(Option<String>),
    /// It is asked to stop.
    Stop(StopRequest),
}

/// What a worker tells.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Told {
    /// Something happened.
    Event(CommandEvent),
    /// What must be stopped in order begins, once the caller can ask for it.
    Stoppable,
    /// What it counted about a plugin.
    Counted(String, Plugin),
    /// The end.
    Done(Result<Done, ErrorFact>),
}

/// Why work has no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// It could not be carried out.
    #[error("{}", .0.error)]
    Error(ErrorFact),
    /// The process ended before it said how the work ended.
    #[error("the process that carried it out broke off: {how}")]
    Ended {
        /// How, as in "it was killed by signal 9".
        how: String,
    },
}

impl Failure {
    /// Why work has no result of its kind: it failed, or something else was done.
    pub(super) fn of(other: Result<Done, Self>) -> Self {
        let something_else = "the process that carried out the command answered something else";
        other.err().unwrap_or_else(|| Self::Error(ErrorFact::new(ExitCode::Unexpected, something_else)))
    }
}

/// Starts workers for one agent.
#[derive(Debug, Clone)]
pub(super) struct Workers {
    service: Service,
    config: Option<PathBuf>,
    state: PathBuf,
    looks: Arc<Semaphore>,
}

impl Workers {
    /// Those of the agent with this operator's file and state directory.
    pub(super) fn new(service: Service, config: Option<PathBuf>, state: &Path) -> Self {
        Self { service, config, state: state.to_owned(), looks: Arc::new(Semaphore::new(LOOKS)) }
    }

    /// Does it: in this process where that only needs the record, and in a new one else, which is killed where this is dropped
    /// before its end.
    pub(super) async fn carry_out(&self, work: Work, sink: Arc<dyn Sink>) -> Result<Done, Failure> {
        if work.only_needs_the_record() {
            let done = self.service.carry_out(work, sink).await;
            return done.map_err(|error| Failure::Error(ErrorFact::from(&error)));
        }
        let _one_of_few = match &work {
            Work::Command { command, .. } if windlass_service::only_looks(command) => Some(self.looks.acquire().await),
            _ => None,
        };
        let cannot = |error: io::Error| Failure::Error(not_started(&error));
        let mut child = self.start().map_err(cannot)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(cannot(io::Error::other("it has no pipes")));
        };
        let (orders, to_give) = unbounded_channel();
        let job = Job { agent: std::process::id(), state: self.state.clone(), work };
        let giving = AbortOnDropHandle::new(tokio::spawn(give(input, job, to_give)));
        let done = hear(output, &sink, &orders).await;
        drop((giving, orders));
        let status = child.wait().await;
        done.ok_or_else(|| Failure::Ended { how: how(status) })?.map_err(Failure::Error)
    }

    fn start(&self) -> io::Result<Child> {
        let mut command = Command::new(THIS_PROGRAM);
        command.arg0("windlass");
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        }
        for variable in AGENTS_OWN {
            command.env_remove(variable);
        }
        command.args(ARGUMENTS).stdin(Stdio::piped()).stdout(Stdio::piped());
        // A Ctrl-C at the agent's terminal is meant for the agent, which lets the step in flight end.
        command.process_group(0).kill_on_drop(true);
        // It starts the operator's programs with the mask that it was started with.
        with_users_mask(|| command.spawn())
    }
}

/// Gives a worker its job, and then its orders until there are none any more.
async fn give(input: ChildStdin, job: Job, mut orders: UnboundedReceiver<Order>) {
    let mut lines = FramedWrite::new(input, LinesCodec::new());
    // A worker that ended does not read: how it ended is said where it is waited for.
    let Ok(job) = serde_json::to_string(&job) else { return };
    if lines.send(job).await.is_err() {
        return;
    }
    while let Some(order) = orders.recv().await {
        let Ok(line) = serde_json::to_string(&order) else { return };
        if lines.send(line).await.is_err() {
            return;
        }
    }
}

/// Passes on what a worker tells, to its end; none where it ended without a result.
async fn hear(
    output: ChildStdout,
    sink: &Arc<dyn Sink>,
    orders: &UnboundedSender<Order>,
) -> Option<Result<Done, ErrorFact>> {
    let mut lines = FramedRead::new(output, LinesCodec::new_with_max_length(LONGEST_LINE));
    let (mut done, mut relay) = (None, None);
    while let Some(Ok(line)) = lines.next().await {
        // One that does not speak as it should is broken, and is killed.
        match serde_json::from_str(&line).ok()? {
            Told::Event(event) => sink.event(event),
            Told::Stoppable => {
                let stop = sink.stop();
                let failed = stop.as_ref().err().map(ToString::to_string);
                orders.send(Order::Heard(failed)).ok();
                if let Ok(stop) = stop {
                    let orders = orders.clone();
                    let tell = move |request| drop(orders.send(Order::Stop(request)));
                    relay = Some(AbortOnDropHandle::new(tokio::spawn(async move { stop.relay(tell).await })));
                }
            }
            Told::Counted(plugin, counts) => Tally::process().add(&plugin, counts),
            Told::Done(result) => done = Some(result),
        }
    }
    drop(relay);
    done
}

/// How a process ended that said nothing about it.
fn how(status: io::Result<ExitStatus>) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match status {
        Ok(status) => match (status.signal(), status.code()) {
            (Some(signal), _) => format!("it was killed by signal {signal}"),
            (None, Some(code)) => format!("it ended with code {code}"),
            (None, None) => status.to_string(),
        },
        Err(error) => error.to_string(),
    }
}

fn not_started(error: &io::Error) -> ErrorFact {
    let fact = ErrorFact::new(ExitCode::Unexpected, "the agent cannot start a process for the command");
    ErrorFact { caused_by: vec![error.to_string()], ..fact }
}
