//! All operations of the agent: each begins here, once, and goes on until it has ended or the agent is stopped.
//!
//! How the work of one is done is in [`carrying`]; what an earlier agent left is taken over in [`recovery`].

mod carrying;
mod recovery;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use windlass_api::{Command, ErrorFact, Reply};
use windlass_config::Right;
use windlass_foundation::clock::Ids;
use windlass_foundation::explain::{ExitCode, shorten};
use windlass_foundation::principal::Principal;
use windlass_service::trigger::Event;
use windlass_service::work::Work;
use windlass_service::{Service, agent};

use super::announcement::{Announce, Announcement};
use super::changes::Changes;
use super::event_log::{EventLogs, Heading};
use super::inbox::{Inbox, Taken};
use super::metrics::Counters;
use super::operation::Operation;
use super::protocol::{Accepted, Joined, OperationFact};
use super::worker::Workers;

/// How many operations that have ended are kept in memory; those that made a deployment are kept in files as well.
const ENDED: usize = 16;

/// How many may go on at the same time.
const MOST_RUNNING: usize = 64;

/// How many deployments that have ended are listed: each file is read for it.
const LISTED: usize = 20;

/// The most keys of requests that are remembered.
const MOST_KEYS: usize = 1_000;

/// Why an operation does not begin.
#[derive(Debug)]
pub(super) enum NotBegun {
    /// The agent ends.
    Stopping,
    /// Too many go on.
    TooMany,
    /// What an event starts could not be kept.
    NotKept(io::Error),
    /// The same key came with another command.
    OtherContent {
        /// The operation of the first one.
        operation: String,
    },
}

/// All of them.
pub(super) struct Operations {
    service: Service,
    workers: Workers,
    ids: Arc<dyn Ids>,
    logs: EventLogs,
    inbox: Inbox,
    known: Mutex<Known>,
    tasks: TaskTracker,
    /// Told whenever one has ended that is more than a look.
    ended: Arc<Notify>,
    announce: Announce,
    counters: Counters,
    /// What pages are told.
    changes: Changes,
}

#[derive(Default)]
struct Known {
    running: BTreeMap<String, Arc<Operation>>,
    ended: VecDeque<Arc<Operation>>,
    /// By who asked and what they called the request: its operation and the hash of its command.
    keys: HashMap<(String, String), (String, String)>,
    /// The same keys, the oldest first.
    order: VecDeque<(String, String)>,
    stopping: bool,
}

impl Known {
    /// Remembers the key of a request, and forgets the oldest one of too many.
    fn remember(&mut self, named: (String, String), operation: (String, String)) {
        if self.keys.insert(named.clone(), operation).is_none() {
            self.order.push_back(named);
        }
        if self.order.len() > MOST_KEYS
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
    }
}

impl Operations {
    /// Those of a state directory; none goes on.
    pub(super) fn open(
        service: Service,
        workers: Workers,
        state: &Path,
        announce: Announce,
        counters: Counters,
    ) -> io::Result<Self> {
        let logs = EventLogs::open(state)?;
        let mut known = Known::default();
        for Heading { operation, by, digest, key, .. } in logs.headings()? {
            if let Some(key) = key {
                known.remember((by.sentence(), key), (operation, digest));
            }
        }
        Ok(Self {
            service,
            workers,
            ids: agent::ids(),
            logs,
            inbox: Inbox::open(state)?,
            known: Mutex::new(known),
            tasks: TaskTracker::new(),
            ended: Arc::default(),
            announce,
            counters,
            changes: Changes::new(),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a command, unless it was begun already: by the same request, or by the same command of another caller that
    /// still runs.
    pub(super) fn begin(
        self: &Arc<Self>,
        by: Principal,
        command: Command,
        key: Option<String>,
    ) -> Result<Accepted, NotBegun> {
        let heading = Heading::new(self.ids.next(), by, &command, key);
        let mut known = self.known();
        if known.stopping {
            return Err(NotBegun::Stopping);
        }
        let named = heading.key.clone().map(|key| (heading.by.sentence(), key));
        if let Some((operation, digest)) = named.as_ref().and_then(|named| known.keys.get(named)) {
            return if *digest == heading.digest {
                Ok(Accepted { operation: operation.clone(), joined: None })
            } else {
                Err(NotBegun::OtherContent { operation: operation.clone() })
            };
        }
        if let Some(same) = self.same(&known, &heading, command.bundle().is_some())? {
            let Heading { operation, by, since, .. } = same.heading.clone();
            return Ok(Accepted { operation, joined: Some(Joined { by: by.sentence(), since }) });
        }
        let operation = Operation::begin(heading, &self.logs);
        if let Some(named) = named {
            let Heading { operation, digest, .. } = &operation.heading;
            known.remember(named, (operation.clone(), digest.clone()));
        }
        let id = operation.heading.operation.clone();
        self.carry_out(&mut known, &Arc::new(operation), command);
        Ok(Accepted { operation: id, joined: None })
    }

    /// Begins what an event starts, unless it goes on already. It is kept until it has ended: an agent that ends first does it when it
    /// is there again.
    pub(super) fn begin_event(self: &Arc<Self>, event: Event) -> Result<Arc<Operation>, NotBegun> {
        let heading = Heading::of_event(self.ids.next(), &event);
        let mut known = self.known();
        if known.stopping {
            return Err(NotBegun::Stopping);
        }
        if let Some(same) = self.same(&known, &heading, false)? {
            return Ok(same);
        }
        let taken = Taken { operation: heading.operation.clone(), event, since: heading.since, tries: 1 };
        self.inbox.keep(&taken).map_err(NotBegun::NotKept)?;
        let operation = Arc::new(Operation::begin(heading, &self.logs));
        self.carry_out_event(&mut known, &operation, taken, &[]);
        Ok(operation)
    }

    /// The last operation that an event began, where it is remembered.
    pub(super) fn of_event(&self, event: &Event) -> Option<String> {
        let digest = Heading::digest_of_event(event);
        let is_it = |heading: &Heading| heading.digest == digest;
        {
            let known = self.known();
            let all = known.running.values().chain(known.ended.iter().rev());
            if let Some(found) = all.map(|one| &one.heading).find(|heading| is_it(heading)) {
                return Some(found.operation.clone());
            }
        }
        self.logs.headings().ok()?.into_iter().rev().find(is_it).map(|heading| heading.operation)
    }

    /// The operation that does the same already, where the caller may do it too; none where a new one may begin.
    fn same(&self, known: &Known, heading: &Heading, brings_files: bool) -> Result<Option<Arc<Operation>>, NotBegun> {
        let same = self.running_same(known, heading, brings_files);
        if same.is_none() && known.running.len() >= MOST_RUNNING {
            return Err(NotBegun::TooMany);
        }
        Ok(same)
    }

    fn running_same(&self, known: &Known, heading: &Heading, brings_files: bool) -> Option<Arc<Operation>> {
        let is_same = |running: &&Arc<Operation>| {
            let other = &running.heading;
            heading.deploys && other.command == heading.command && other.digest == heading.digest
        };
        let same = known.running.values().find(is_same)?;
        let application = same.application();
        let mut needed = std::iter::once(Right::Deploy).chain(brings_files.then_some(Right::BringFiles));
        let may = needed.all(|right| self.service.authorize(&heading.by, right, application.as_deref()).is_ok());
        may.then(|| same.clone())
    }

    fn carry_out(self: &Arc<Self>, known: &mut Known, operation: &Arc<Operation>, command: Command) {
        if !windlass_service::only_looks(&command) {
            self.changes.follow(operation);
        }
        let Heading { operation: id, by, .. } = operation.heading.clone();
        let work = Work::Command { by, id: Some(id), command: Box::new(command) };
        self.spawn(known, operation, Arc::clone(self).done(operation.clone(), work));
    }

    /// Carries out what an event starts, after these operations have ended.
    fn carry_out_event(
        self: &Arc<Self>,
        known: &mut Known,
        operation: &Arc<Operation>,
        taken: Taken,
        after: &[Arc<Operation>],
    ) {
        self.changes.follow(operation);
        let (operations, after) = (Arc::clone(self), after.to_vec());
        let Taken { operation: id, event, tries, .. } = taken;
        let work = operations.done(operation.clone(), Work::Event { event, kept: tries > 1, id });
        self.spawn(known, operation, async move {
            join_all(after.iter().map(|one| one.ended())).await;
            work.await
        });
    }

    /// Lets an operation go on to its end.
    fn spawn(
        self: &Arc<Self>,
        known: &mut Known,
        operation: &Arc<Operation>,
        work: impl Future<Output = Result<Reply, ErrorFact>> + Send + 'static,
    ) {
        if operation.heading.is_told() {
            (self.announce)(Announcement::Began(operation.named()));
        }
        known.running.insert(operation.heading.operation.clone(), operation.clone());
        let (operations, operation) = (Arc::clone(self), operation.clone());
        self.tasks.spawn(async move {
            // A task of its own, so that even a panic is an end.
            let done = match tokio::spawn(work).await {
                Ok(done) => done,
                Err(error) => Err(broken(&error)),
            };
            operations.ended(&operation, done);
        });
    }

    fn ended(&self, operation: &Arc<Operation>, done: Result<Reply, ErrorFact>) {
        if operation.heading.is_told() {
            let (exit, error) = match &done {
                Ok(reply) => (reply.exit, None),
                Err(error) => {
                    (ExitCode::try_from(error.exit).unwrap_or(ExitCode::Unexpected), Some(shorten(&error.error)))
                }
            };
            (self.announce)(Announcement::Ended { operation: operation.named(), exit, error });
        }
        // A deployment that the stop of the agent left open goes on when the agent is there again, and so does its stream.
        let goes_on =
            self.known().stopping && matches!(&done, Err(error) if error.exit == ExitCode::Interrupted.number());
        if !(goes_on && operation.heading.deploys) {
            operation.end(done);
            self.inbox.remove(&operation.heading.operation);
        }
        let mut known = self.known();
        known.running.remove(&operation.heading.operation);
        known.ended.push_back(operation.clone());
        if known.ended.len() > ENDED {
            known.ended.pop_front();
        }
        // A look leaves everything as it was.
        if !operation.heading.only_looks {
            self.ended.notify_one();
        }
    }

    /// Told whenever an operation has ended that is more than a look.
    pub(super) fn endings(&self) -> Arc<Notify> {
        self.ended.clone()
    }

    /// That something changed, whenever it does.
    pub(super) fn changes(&self) -> &Changes {
        &self.changes
    }

    /// One of them: it goes on, or it is kept.
    pub(super) fn find(&self, id: &str) -> Option<Arc<Operation>> {
        {
            let known = self.known();
            let ended = || known.ended.iter().find(|ended| ended.heading.operation == id);
            if let Some(found) = known.running.get(id).or_else(ended) {
                return Some(found.clone());
            }
        }
        self.logs.read(id).ok().map(|kept| Arc::new(Operation::kept(kept, None, &self.logs)))
    }

    /// Those that go on, and then those of the last deployments that have ended, the newest first.
    pub(super) fn list(&self) -> io::Result<Vec<OperationFact>> {
        let mut facts: Vec<OperationFact> = self.known().running.values().map(|running| running.fact()).collect();
        facts.sort_by_key(|fact| std::cmp::Reverse(fact.since));
        for heading in self.logs.headings()?.into_iter().rev().take(LISTED) {
            if !facts.iter().any(|fact| fact.operation == heading.operation)
                && let Some(kept) = self.find(&heading.operation)
            {
                facts.push(kept.fact());
            }
        }
        Ok(facts)
    }

    /// How many go on.
    pub(super) fn running(&self) -> usize {
        self.known().running.len()
    }

    /// Whether the agent ends.
    pub(super) fn is_stopping(&self) -> bool {
        self.known().stopping
    }

    /// Takes no command any more.
    pub(super) fn close(&self) {
        self.known().stopping = true;
    }

    /// Lets the steps end that are in flight, and leaves what is not finished. After `within` nothing is waited for. Called
    /// after [`Operations::close`].
    pub(super) async fn pause(&self, within: Duration) {
        let running: Vec<_> = self.known().running.values().cloned().collect();
        let pause = join_all(running.iter().map(|operation| operation.stopping().pause()));
        tokio::time::timeout(within, pause).await.ok();
        for operation in &running {
            operation.stopping().leave_now();
        }
        self.tasks.close();
        // What was left only has its end to write.
        tokio::time::timeout(LEFT, self.tasks.wait()).await.ok();
    }
}

/// How long what was left may take to end: more than a worker takes to leave everything as it is.
const LEFT: Duration = Duration::from_secs(7);

/// The end of an operation that broke in the agent itself.
fn broken(error: &tokio::task::JoinError) -> ErrorFact {
    let hint = "this is a mistake in Windlass; `windlass resume` goes on with what is open in the journal";
    let fact = ErrorFact::new(ExitCode::Unexpected, "the agent broke off in the middle of the command").with_hint(hint);
    ErrorFact { caused_by: vec![error.to_string()], ..fact }
}
