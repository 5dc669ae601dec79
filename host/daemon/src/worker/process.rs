//! The worker's own side: one piece of work from standard input, and what happens to standard output.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use tokio::io::{Stdin, stdin, stdout};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::codec::{FramedRead, FramedWrite, LinesCodec};
use windlass_api::{CommandEvent, ErrorFact};
use windlass_deployment::Stop;
use windlass_foundation::explain::ExitCode;
use windlass_foundation::tally::Tally;
use windlass_service::{Grammar, Service, Sink, presence};

use super::{Job, LONGEST_LINE, Order, Told};

/// How long what is left as it is may take to end when the agent is gone.
pub(super) const LEFT: Duration = Duration::from_secs(5);

/// Does the work of an agent that started this process, and says how the process ends.
pub async fn work(config: Option<PathBuf>, grammar: Grammar) -> ExitCode {
    // systemd, or a person, may send them to every process of the service: the agent says when a worker stops.
    for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
        if signal(kind).is_err() {
            return ExitCode::Unexpected;
        }
    }
    let mut lines = FramedRead::new(stdin(), LinesCodec::new_with_max_length(LONGEST_LINE));
    let job = match lines.next().await {
        Some(Ok(line)) => serde_json::from_str(&line).ok(),
        _ => None,
    };
    let Some(Job { agent, state, work }) = job else { return ExitCode::Usage };
    let _presence = match presence::work(&state) {
        Ok(presence) if is_child_of(agent) => presence,
        // The agent is gone, and another one may have begun.
        _ => return ExitCode::Interrupted,
    };
    let (tell, told) = unbounded_channel();
    let telling = tokio::spawn(write(told));
    let (heard, answers) = channel();
    let sink = Arc::new(Agent { tell: tell.clone(), stop: Stop::new(), answers: Mutex::new(answers) });
    let service = Service::new(config, grammar).of_agent(&state);
    // Tasks of their own: a wait for the agent's answer blocks the thread of the work.
    let work = tokio::spawn({
        let sink = sink.clone();
        async move { service.carry_out(work, sink).await }
    });
    let gone = tokio::spawn(obey(lines, sink.stop.clone(), heard));
    let done = tokio::select! {
        done = work => done,
        _ = gone => return ExitCode::Interrupted,
    };
    // Work that broke has said why on standard error.
    let Ok(done) = done else { return ExitCode::Interrupted };
    for (plugin, counts) in Tally::process().plugins() {
        tell.send(Told::Counted(plugin, counts)).ok();
    }
    tell.send(Told::Done(done.map_err(|error| ErrorFact::from(&error)))).ok();
    drop((tell, sink));
    // What still runs of the work has a sender as well, and is not waited for.
    tokio::time::timeout(LEFT, telling).await.ok();
    ExitCode::Succeeded
}

/// Whether this process was started by that one, which is still there.
fn is_child_of(agent: u32) -> bool {
    rustix::process::getppid().is_some_and(|parent| u32::try_from(parent.as_raw_nonzero().get()) == Ok(agent))
}

/// Writes what is told, until all is told or the agent reads no more.
async fn write(mut told: UnboundedReceiver<Told>) {
    let mut lines = FramedWrite::new(stdout(), LinesCodec::new());
    while let Some(told) = told.recv().await {
        let is_end = matches!(told, Told::Done(_));
        let Ok(line) = serde_json::to_string(&told) else { continue };
        if lines.send(line).await.is_err() || is_end {
            return;
        }
    }
}

/// Obeys the agent. Where it is gone, everything is left as it is, and this returns when that had its time.
async fn obey(mut lines: FramedRead<Stdin, LinesCodec>, stop: Stop, heard: Sender<Option<String>>) {
    while let Some(Ok(line)) = lines.next().await {
        match serde_json::from_str(&line) {
            Ok(Order::Heard(failed)) => drop(heard.send(failed)),
            Ok(Order::Stop(request)) => {
                let stop = stop.clone();
                // A pause waits for steps, and what is asked after it does not wait for the pause.
                tokio::spawn(async move { stop.obey(request).await });
            }
            Err(_) => break,
        }
    }
    drop(heard);
    stop.leave_now();
    tokio::time::sleep(LEFT).await;
}

/// The agent, as the work sees it.
struct Agent {
    tell: UnboundedSender<Told>,
    stop: Stop,
    answers: Mutex<Receiver<Option<String>>>,
}

impl Sink for Agent {
    fn event(&self, event: CommandEvent) {
        self.tell.send(Told::Event(event)).ok();
    }

    fn stop(&self) -> io::Result<Stop> {
        self.tell.send(Told::Stoppable).ok();
        let answer = tokio::task::block_in_place(|| self.answers.lock().unwrap_or_else(PoisonError::into_inner).recv());
        match answer {
            Ok(None) => Ok(self.stop.clone()),
            Ok(Some(failed)) => Err(io::Error::other(failed)),
            Err(_) => Err(io::Error::other("the agent is gone")),
        }
    }
}
