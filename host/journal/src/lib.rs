//! The journal: what is meant to happen, written before it happens, and what came of it.
//!
//! An append-only chain of lines in `SQLite`, from which everything else follows: the status, the history, what a
//! crashed deployment does next. Values of secrets are removed here, where things are written. The journal makes no
//! decisions and calls no other code.

mod actor;
mod blame;
mod concerns;
pub mod deployment_state;
pub mod error;
pub mod format;
mod hooks;
mod notice;
mod store;
pub mod testing;
#[cfg(test)]
mod tests;
pub mod transition;
pub mod views;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use windlass_domain::Outcome;

pub use self::deployment_state::{Answered, Applied, DeploymentState, StepState};
pub use self::error::Error;
pub use self::format::{
    Actor, Asked, Concern, Decision, Event, JOURNAL_FORMAT, Notice, Origin, Owner, ProbeResult, Purpose, Resolution,
};
use self::hooks::Crash;
use self::store::Store;
pub use self::store::kept;
pub use self::transition::{Status, StepStatus};
pub use self::views::{
    Application, Aside, ChainFault, Delivery, Ended, Entry, Found, Freeze, Holder, Line, Pin, Put, Quarantine, Refusal,
    Requeued, Room, Running, Shown, Stored, Summary, Verification, summary_of,
};
use windlass_foundation::clock::Clock;
use windlass_foundation::names::Instance;
use windlass_foundation::principal::Principal;
use windlass_foundation::progress::Level;
use windlass_foundation::redact::Redactor;

/// Whether a command writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It only asks. A state directory that isn't there yet is empty.
    Read,
    /// It deploys.
    Write,
}

/// The journal of one host. It may be shared between threads; each call takes a few milliseconds at most, besides
/// waiting for another process that writes at the same moment.
pub struct Journal {
    store: Mutex<Store>,
    clock: Arc<dyn Clock>,
    redactor: Redactor,
    crash: Crash,
    /// Log lines that go to the disk with the next line of the journal, or when there are many.
    waiting: Mutex<Vec<Line>>,
}

/// A line that may be written, and what the tables need to know of its deployment then.
struct Next {
    after: DeploymentState,
    time: Timestamp,
    event: Event,
}

/// The state of a deployment that several tasks read while one of them writes.
pub struct SharedState {
    state: Mutex<DeploymentState>,
    /// Held while a line is written: lines of one deployment are written one after the other.
    writing: Mutex<()>,
}

impl SharedState {
    /// Makes a state that several tasks can share.
    #[must_use]
    pub fn new(state: DeploymentState) -> Self {
        Self { state: Mutex::new(state), writing: Mutex::new(()) }
    }

    /// A copy of the state.
    #[must_use]
    pub fn copy(&self) -> DeploymentState {
        lock(&self.state).clone()
    }

    /// Asks it without copying it.
    pub fn with<T>(&self, question: impl FnOnce(&DeploymentState) -> T) -> T {
        question(&lock(&self.state))
    }
}

/// How many log lines wait in memory before they are written.
const LINES_TOGETHER: usize = 64;

/// What changes in the same transaction as a line of the journal.
#[derive(Debug, Clone, Default)]
pub struct WithLine {
    /// The recorders that receive an event, each with its event.
    pub deliveries: Vec<(String, windlass_domain::Event)>,
}

impl Journal {
    /// Opens the journal in a state directory, and makes it where it isn't there and `mode` writes.
    pub fn open(state: &Path, mode: Mode, clock: Arc<dyn Clock>, redactor: Redactor) -> Result<Self, Error> {
        let store = Store::open(state, mode)?;
        Ok(Self {
            store: Mutex::new(store),
            clock,
            redactor,
            crash: Crash::from_environment(),
            waiting: Mutex::new(Vec::new()),
        })
    }

    /// The time that the next line would get.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Opens a deployment with its first line. `event` is given the deployment's number.
    pub fn begin(&self, id: &str, event: impl FnOnce(u64) -> Event) -> Result<DeploymentState, Error> {
        let time = self.clock.now();
        self.crash.before()?;
        let state = self.store().begin(id, time, |number| {
            let event = event(number);
            self.redacted(&event)
        })?;
        self.crash.after()?;
        Ok(state)
    }

    /// Writes one line and changes the state with it; on an error neither is changed. It waits for the disk.
    pub fn append(&self, state: &mut DeploymentState, event: &Event, also: &WithLine) -> Result<(), Error> {
        let next = self.next(state, event)?;
        self.put(&next, also)?;
        state.add(next.time, &next.event)?;
        self.crash.after()
    }

    /// The same for a state that other tasks read meanwhile: they see it as it was until the line is on the disk, and wait
    /// for nothing.
    pub fn append_to(&self, shared: &SharedState, event: &Event, also: &WithLine) -> Result<(), Error> {
        let _one_after_the_other = lock(&shared.writing);
        let next = self.next(&mut lock(&shared.state), event)?;
        self.put(&next, also)?;
        lock(&shared.state).add(next.time, &next.event)?;
        self.crash.after()
    }

    /// The line of an event that may follow.
    fn next(&self, state: &mut DeploymentState, event: &Event) -> Result<Next, Error> {
        let event = self.redacted(event)?;
        let time = self.clock.now();
        Ok(Next { after: state.followed_by(time, &event)?, time, event })
    }

    fn put(&self, next: &Next, also: &WithLine) -> Result<(), Error> {
        let also = self.redacted_also(also)?;
        let lines = std::mem::take(&mut *lock(&self.waiting));
        self.crash.before()?;
        self.store().append(&next.after, next.time, &next.event, &also, &lines)
    }

    /// Keeps a line of a plugin's or the agent's log with its deployment. It may be lost in a crash, and a disk that
    /// is full loses it: what matters is in the journal's own lines. Now and then it waits for the disk.
    pub fn log(&self, deployment: &str, source: &str, level: Level, message: &str) {
        let line = Line {
            deployment: deployment.to_owned(),
            time: self.clock.now(),
            source: source.to_owned(),
            level,
            message: self.redactor.whole(message),
        };
        let mut waiting = lock(&self.waiting);
        waiting.push(line);
        let many = waiting.len() >= LINES_TOGETHER;
        drop(waiting);
        if many {
            self.flush();
        }
    }

    /// All applications that were ever deployed here, or one of them.
    pub fn status(&self, instance: Option<&Instance>) -> Result<Vec<Application>, Error> {
        self.store().status(instance.map(Instance::as_str))
    }

    /// The newest deployments first: of an application or of all, at most `limit`, those before a number.
    pub fn history(
        &self,
        instance: Option<&Instance>,
        limit: usize,
        before: Option<u64>,
    ) -> Result<Vec<Summary>, Error> {
        self.store().history(instance.map(Instance::as_str), limit, before)
    }

    /// Everything about a deployment; none when there is no such one. `wished` is an id, a prefix that only one id has,
    /// or a number.
    pub fn show(&self, wished: &str) -> Result<Option<Shown>, Error> {
        let store = self.store();
        let Some(summary) = store.find(wished)? else { return Ok(None) };
        let entries = store.entries(&summary.id)?;
        let state = store::replay(&summary.id, &entries)?;
        let deliveries = store.deliveries_of(&summary.id)?;
        Ok(Some(Shown { summary, state, entries, deliveries }))
    }

    /// Who asked for a deployment last; none where the line of that is an earlier agent's, which has the name alone.
    pub fn asked_by(&self, deployment: &str) -> Result<Option<Principal>, Error> {
        Ok(self.store().asked_by(deployment)?.and_then(|actor| actor.principal()))
    }

    /// What the lines of a deployment add up to.
    pub fn deployment_state(&self, id: &str) -> Result<DeploymentState, Error> {
        let entries = self.store().entries(id)?;
        store::replay(id, &entries)
    }

    /// The log lines of a deployment, oldest first.
    pub fn logs(&self, deployment: &str) -> Result<Vec<Line>, Error> {
        self.store().logs(deployment)
    }

    /// Deployments whose flow is not at its end: those of one application, or of all.
    pub fn open_deployments(&self, instance: Option<&Instance>) -> Result<Vec<Summary>, Error> {
        self.store().with_status(instance.map(Instance::as_str), "open = 1")
    }

    /// Deployments that wait for a person, of an application or of all.
    pub fn stuck(&self, instance: Option<&Instance>) -> Result<Vec<Summary>, Error> {
        self.store().with_status(instance.map(Instance::as_str), "status = 'stuck'")
    }

    /// How many deployments ended in which way for good; at most `most` rows.
    pub fn ended(&self, most: u32) -> Result<Vec<Ended>, Error> {
        self.store().ended(most)
    }

    /// What the journal says runs; none before the first success.
    pub fn running(&self, instance: &Instance) -> Result<Option<Running>, Error> {
        self.store().running(instance.as_str())
    }

    /// Deployments of an application that succeeded, newest first.
    pub fn successes(&self, instance: &Instance) -> Result<Vec<Summary>, Error> {
        self.store().with_status(Some(instance.as_str()), "outcome = 'succeeded' ORDER BY number DESC")
    }

    /// The newest deployment of an application that succeeded, of those with a smaller number.
    pub fn success_before(&self, instance: &Instance, number: u64) -> Result<Option<Summary>, Error> {
        self.store().success_before(instance.as_str(), number)
    }

    /// Whether more than one release of an application that was resolved here has this label.
    pub fn shares_label(&self, instance: &Instance, version: &str) -> Result<bool, Error> {
        self.store().shares_label(instance.as_str(), version)
    }

    /// Releases that are kept for going back: the newest that succeeded, each once, at most `most`.
    pub fn kept_releases(&self, instance: &Instance, most: usize) -> Result<Vec<windlass_domain::Release>, Error> {
        self.store().kept_releases(instance.as_str(), most)
    }

    /// Releases that the newest deployments of an application resolved, whatever became of them; of at most `most`
    /// deployments.
    pub fn resolved_releases(&self, instance: &Instance, most: usize) -> Result<Vec<windlass_domain::Release>, Error> {
        self.store().resolved_releases(instance.as_str(), most)
    }

    /// Follows the whole chain, makes again what follows from its lines, and says what doesn't fit.
    pub fn verify(&self) -> Result<Verification, Error> {
        self.store().verify()
    }

    /// Events of an application that a recorder has not received yet, in order: those that wait, and those that were
    /// set aside and that no person has decided about.
    pub fn undelivered(&self, instance: &Instance) -> Result<Vec<Delivery>, Error> {
        self.store().undelivered(instance.as_str())
    }

    /// The deliveries of a deployment's event, those that are done and those that wait.
    pub fn deliveries(&self, deployment: &str) -> Result<Vec<Delivery>, Error> {
        self.store().deliveries_of(deployment)
    }

    /// What a recorder answered to the last events of an application that it answered with facts, the newest first and
    /// at most `most`.
    pub fn answers(&self, instance: &Instance, recorder: &str, most: u32) -> Result<Vec<serde_json::Value>, Error> {
        self.store().answers(instance.as_str(), recorder, most)
    }

    /// Records that an event was delivered. `facts` are what the recorder answered. Earlier events that it `passed`
    /// over are set aside.
    pub fn delivered(
        &self,
        delivery: i64,
        facts: Option<&serde_json::Value>,
        passed: &[(i64, Refusal)],
    ) -> Result<(), Error> {
        let facts = facts.map(|facts| self.redactor.json(facts));
        let passed: Vec<_> = passed.iter().map(|(id, refusal)| (*id, self.clean(refusal))).collect();
        self.store().delivered(delivery, self.clock.now(), facts.as_ref(), &passed)
    }

    /// Sets an event aside that a recorder will never take: the recorder receives later events without it, and a person
    /// has to look. Adds a line to the chain.
    pub fn set_aside(&self, delivery: i64, refusal: &Refusal) -> Result<(), Error> {
        self.crash.before()?;
        self.store().set_aside(delivery, self.clock.now(), &self.clean(refusal))?;
        self.crash.after()
    }

    /// The application of an event of the outbox; none when there is none of that number.
    pub fn instance_of(&self, delivery: i64) -> Result<Option<Instance>, Error> {
        self.store().instance_of(delivery)
    }

    /// Lets an event that was set aside wait again, with a line of the chain.
    pub fn requeue(&self, delivery: i64, by: &Principal) -> Result<Requeued, Error> {
        self.store().requeue(delivery, self.clock.now(), &by.into())
    }

    fn clean(&self, refusal: &Refusal) -> Refusal {
        let Refusal { code, reason, hint } = refusal;
        let text = |text: &String| self.redactor.text(text);
        Refusal { code: text(code), reason: text(reason), hint: hint.as_ref().map(text) }
    }

    /// Records that an event could not be delivered; the next attempt is made from `due` on.
    pub fn delivery_failed(&self, delivery: i64, due: Timestamp, failure: &str) -> Result<(), Error> {
        self.store().delivery_failed(delivery, due, &self.redactor.text(failure))
    }

    /// Gives up telling a recorder one event, with a line of the chain; its application, none when nothing of that
    /// number waits.
    pub fn drop_delivery(&self, delivery: i64, by: &Principal, reason: &str) -> Result<Option<Instance>, Error> {
        self.store().drop_delivery(delivery, self.clock.now(), &by.into(), &self.redactor.text(reason))
    }

    /// Why a release is refused here, when it is.
    pub fn quarantined(&self, instance: &Instance, release: &str) -> Result<Option<Quarantine>, Error> {
        self.store().quarantined(instance.as_str(), release)
    }

    /// Whether the environment is closed for an application.
    pub fn freeze(&self, instance: &Instance) -> Result<Option<Freeze>, Error> {
        self.store().freeze(instance.as_str(), self.clock.now())
    }

    /// The releases of an application that are refused here, the newest first.
    pub fn quarantine(&self, instance: &Instance) -> Result<Vec<Quarantine>, Error> {
        self.store().quarantine(instance.as_str())
    }

    /// The only release of an application that may be deployed; none when no release is pinned.
    pub fn pin(&self, instance: &Instance) -> Result<Option<Pin>, Error> {
        self.store().pin(instance.as_str())
    }

    /// Applies a person's decision about an application, such as a freeze or a pin. Returns whether it changed
    /// anything.
    pub fn note(&self, instance: &Instance, notice: &Notice) -> Result<bool, Error> {
        self.store().note(instance.as_str(), &self.redacted(notice)?, self.clock.now(), None)
    }

    /// Notes that an event of a trigger is acted on from here on. When it was noted before, less than `window` ago,
    /// the time of that; what was noted earlier is forgotten.
    pub fn trigger(&self, trigger: &str, key: &str, window: Duration) -> Result<Option<Timestamp>, Error> {
        self.store().trigger(trigger, key, self.clock.now(), window)
    }

    /// When an event of a trigger was noted, less than `window` ago. Nothing is written.
    pub fn triggered(&self, trigger: &str, key: &str, window: Duration) -> Result<Option<Timestamp>, Error> {
        self.store().triggered(trigger, key, self.clock.now(), window)
    }

    /// Nothing came of an event, which may come again.
    pub fn forget_trigger(&self, trigger: &str, key: &str) -> Result<(), Error> {
        self.store().forget_trigger(trigger, key)
    }

    /// Who holds an application, as far as the journal knows.
    pub fn holder(&self, instance: &Instance) -> Result<Option<Holder>, Error> {
        self.store().holder(instance.as_str())
    }

    /// Says who holds an application from now on.
    pub fn hold(&self, instance: &Instance, owner: &Owner) -> Result<(), Error> {
        self.store().hold(instance.as_str(), owner, self.clock.now())
    }

    /// Marks that no process holds the application any more.
    pub fn release(&self, instance: &Instance) -> Result<(), Error> {
        self.store().release(instance.as_str())
    }

    /// A value of a plugin's own store.
    pub fn state_get(&self, plugin: &str, instance: &Instance, key: &str) -> Result<Option<Stored>, Error> {
        self.store().state_get(plugin, instance.as_str(), key)
    }

    /// Stores a value if the key is at the expected revision and there is room.
    pub fn state_put(
        &self,
        plugin: &str,
        instance: &Instance,
        key: &str,
        value: &[u8],
        expected: Option<u64>,
        most: Room,
    ) -> Result<Put, Error> {
        self.store().state_put(plugin, instance.as_str(), key, value, expected, most)
    }

    /// Removes a key under the same condition; whether the condition held.
    pub fn state_delete(
        &self,
        plugin: &str,
        instance: &Instance,
        key: &str,
        expected: Option<u64>,
    ) -> Result<bool, Error> {
        self.store().state_delete(plugin, instance.as_str(), key, expected)
    }

    /// Keys that begin with a prefix, in order, at most 1,000.
    pub fn state_keys(&self, plugin: &str, instance: &Instance, prefix: &str) -> Result<Vec<String>, Error> {
        self.store().state_keys(plugin, instance.as_str(), prefix)
    }

    /// Writes what waits, now.
    fn flush(&self) {
        let lines = std::mem::take(&mut *lock(&self.waiting));
        if lines.is_empty() {
            return;
        }
        if let Err(error) = self.store().write_lines(&lines) {
            tracing::warn!(%error, "log lines are lost");
        }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    /// The events for recorders, with the value of every secret removed.
    fn redacted_also(&self, also: &WithLine) -> Result<WithLine, Error> {
        let clean = |(recorder, event): &(String, windlass_domain::Event)| {
            let value = serde_json::to_value(event).map_err(Error::Encoding)?;
            Ok((recorder.clone(), serde_json::from_value(self.redactor.json(&value)).map_err(Error::Encoding)?))
        };
        Ok(WithLine { deliveries: also.deliveries.iter().map(clean).collect::<Result<_, Error>>()? })
    }

    /// What may be written: without the value of any secret.
    fn redacted<T: Clone + Serialize + DeserializeOwned>(&self, event: &T) -> Result<T, Error> {
        let value = serde_json::to_value(event).map_err(Error::Encoding)?;
        let clean = self.redactor.json(&value);
        if clean == value {
            return Ok(event.clone());
        }
        serde_json::from_value(clean).map_err(Error::Encoding)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.flush();
    }
}

/// What stands in a lock stays usable when a thread panicked: every change is a single assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The word of an outcome in tables.
#[must_use]
pub fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Unchanged => "unchanged",
        Outcome::Refused => "refused",
        Outcome::RolledBack => "rolled-back",
        Outcome::Stuck => "stuck",
    }
}
