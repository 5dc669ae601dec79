//! One command that the agent carries out: everything that it told so far, line by line, and how it can be stopped.
//!
//! It runs to its end whoever listens. What it tells is bounded: after that, only its end is kept.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use windlass_api::{CommandEvent, ErrorFact, Reply};
use windlass_deployment::Stop;
use windlass_service::Sink;

use super::announcement;
use super::event_log::{EventLogs, Heading, Kept, LARGEST_LOG};
use super::protocol::{OperationFact, StreamObject};

/// The most lines.
const MOST_LINES: usize = 50_000;

/// One command that the agent carries out, or did.
pub(super) struct Operation {
    pub(super) heading: Heading,
    told: Mutex<Told>,
    /// How many lines there are.
    number: watch::Sender<u64>,
    stop: Stop,
    logs: EventLogs,
}

/// What it told.
#[derive(Default)]
struct Told {
    lines: Vec<Arc<str>>,
    bytes: u64,
    /// Set from when a deployment begins: that outlives the agent.
    file: Option<File>,
    application: Option<String>,
    stoppable: bool,
    /// More is not kept.
    full: bool,
    ended: bool,
}

impl Operation {
    /// A new one.
    pub(super) fn begin(heading: Heading, logs: &EventLogs) -> Self {
        Self::of(heading, Told::default(), logs)
    }

    /// One that is read from its file. It has ended, unless `go_on` says that it is carried on now.
    pub(super) fn kept(kept: Kept, go_on: Option<File>, logs: &EventLogs) -> Self {
        let Kept { heading, lines } = kept;
        let mut told = Told { ended: go_on.is_none(), file: go_on, ..Told::default() };
        for line in &lines {
            told.bytes += bytes(line);
            // All are about the same deployment.
            if told.application.is_none()
                && let Ok(StreamObject { event: Some(event), .. }) = serde_json::from_str(line)
            {
                told.look(&event);
            }
        }
        told.lines = lines;
        Self::of(heading, told, logs)
    }

    fn of(heading: Heading, told: Told, logs: &EventLogs) -> Self {
        let (number, _) = watch::channel(count(&told.lines));
        Self { heading, told: Mutex::new(told), number, stop: Stop::new(), logs: logs.clone() }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the list of operations says about it.
    pub(super) fn fact(&self) -> OperationFact {
        let told = self.told();
        OperationFact {
            operation: self.heading.operation.clone(),
            command: self.heading.command.clone(),
            application: told.application.clone(),
            by: self.heading.by.sentence(),
            since: self.heading.since,
            running: !told.ended,
            lines: count(&told.lines),
        }
    }

    /// What the log of the host calls it.
    pub(super) fn named(&self) -> announcement::Operation {
        announcement::Operation {
            id: self.heading.operation.clone(),
            command: self.heading.command.clone(),
            deploys: self.heading.deploys,
            application: self.application(),
            by: self.heading.by.sentence(),
        }
    }

    /// The application that it is about, as soon as it is known by its deployment.
    pub(super) fn application(&self) -> Option<String> {
        self.told().application.clone()
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.told().ended
    }

    /// What it was answered, where that was told: a file that lacks it is one of an agent that ended first.
    pub(super) fn told_end(&self) -> Option<Result<Reply, ErrorFact>> {
        let told = self.told();
        let object: StreamObject = serde_json::from_str(told.lines.last()?).ok()?;
        object.error.map(|error| Err(*error)).or_else(|| object.reply.map(|reply| Ok(*reply)))
    }

    /// Waits for its end.
    pub(super) async fn ended(&self) {
        self.after(u64::MAX).await;
    }

    /// How it is stopped.
    pub(super) fn stopping(&self) -> &Stop {
        &self.stop
    }

    /// The lines after so many, and whether those are the last. Waits where there is none yet.
    pub(super) async fn after(&self, number: u64) -> (Vec<Arc<str>>, bool) {
        let mut seen = self.number.subscribe();
        loop {
            {
                let told = self.told();
                let from = usize::try_from(number).unwrap_or(usize::MAX);
                if from < told.lines.len() || told.ended {
                    return (told.lines.get(from..).unwrap_or_default().to_vec(), told.ended);
                }
            }
            // The sender is a part of this operation.
            if seen.changed().await.is_err() {
                return (Vec::new(), true);
            }
        }
    }

    /// Adds the last line.
    pub(super) fn end(&self, done: Result<Reply, ErrorFact>) {
        {
            let mut told = self.told();
            told.push(StreamObject::end(done));
            told.ended = true;
            told.file = None;
        }
        self.announce();
    }

    fn announce(&self) {
        let number = count(&self.told().lines);
        self.number.send_replace(number);
    }
}

impl Sink for Operation {
    fn event(&self, event: CommandEvent) {
        {
            let mut told = self.told();
            told.look(&event);
            if told.full {
                return;
            }
            let event = if told.lines.len() >= MOST_LINES || told.bytes >= LARGEST_LOG {
                told.full = true;
                CommandEvent::Warning("the agent keeps no more of what happens now; only the end follows".to_owned())
            } else {
                event
            };
            told.push(StreamObject::event(event));
        }
        self.announce();
    }

    fn stop(&self) -> io::Result<Stop> {
        {
            let mut told = self.told();
            if !told.stoppable {
                told.stoppable = true;
                // From here on it is more than a question: who asks may do it, and a deployment begins.
                if self.heading.deploys && told.file.is_none() {
                    let mut file = self.logs.begin(&self.heading)?;
                    told.lines.iter().try_for_each(|line| file.write_all(line.as_bytes()))?;
                    told.file = Some(file);
                }
                told.push(StreamObject { stoppable: true, ..StreamObject::default() });
            }
        }
        self.announce();
        Ok(self.stop.clone())
    }
}

impl Told {
    /// Takes from an event what the operation is about: the deployment that it makes says so.
    fn look(&mut self, event: &CommandEvent) {
        if let CommandEvent::Progress(event) = event
            && event.of.deployment.is_some()
        {
            self.application = Some(event.of.application.clone());
        }
    }

    fn push(&mut self, object: StreamObject) {
        let object = StreamObject { sequence: Some(count(&self.lines) + 1), ..object };
        // It is made of what can be written as JSON.
        let Ok(mut line) = serde_json::to_string(&object) else { return };
        line.push('\n');
        self.bytes += bytes(&line);
        if let Some(file) = &mut self.file
            && file.write_all(line.as_bytes()).is_err()
        {
            // The disk is full: those who listen now hear everything, and the journal has the record.
            self.file = None;
        }
        self.lines.push(line.into());
    }
}

fn count(lines: &[Arc<str>]) -> u64 {
    u64::try_from(lines.len()).unwrap_or(u64::MAX)
}

fn bytes(line: &str) -> u64 {
    u64::try_from(line.len()).unwrap_or(u64::MAX)
}
