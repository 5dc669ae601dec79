//! What the agent does by itself, each thing when it is due: it tells recorders what they did not take, watches what was
//! deployed, looks for drift and sweeps.
//!
//! Where nothing is due, nothing wakes. What a chore does is the service's; a command that follows from it becomes an
//! operation like that of any caller.

use std::collections::HashMap;
use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use windlass_api::CommandEvent;
use windlass_config::Resident;
use windlass_deployment::Stop;
use windlass_foundation::names::Instance;
use windlass_foundation::principal::Principal;
use windlass_service::by_itself::Findings;
use windlass_service::by_itself::watch::{Memory, Survey, Watched};
use windlass_service::work::{Done, Work};
use windlass_service::{Service, Sink};

use super::operations::Operations;
use super::schedule::Schedule;
use super::worker::{Failure, Workers};

/// How long after an error it is tried again.
const AFTER_ERROR: Duration = Duration::from_mins(5);

/// The longest that a recorder's time is waited for at once: the clock of the host may be set meanwhile.
const LONGEST: Duration = Duration::from_hours(1);

/// How many samples are taken at once.
const AT_ONCE: usize = 4;

/// Something that the agent does by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Chore {
    /// What recorders did not take is told again.
    Deliver,
    /// What there is to watch is looked up.
    Survey,
    /// A sample of what is watched.
    Sample(Instance),
    /// What runs is compared with what was deployed.
    Drift,
    /// What nothing needs is removed.
    Sweep,
}

/// Hears what the agent does by itself.
pub(super) trait Hearer: Clone + Send + 'static {
    /// Recorders could not be told.
    fn not_delivered(&self, why: String);
    /// Something was found or done, in a sentence.
    fn told(&self, text: String);
}

/// What the chores share.
struct Chores<H> {
    service: Service,
    workers: Workers,
    operations: Arc<Operations>,
    settings: Resident,
    stop: Stop,
    hearer: H,
    samples: Semaphore,
    /// What is watched.
    watched: Mutex<HashMap<Instance, Known>>,
}

/// Something that is watched, and what its last sample left.
type Known = (Watched, Arc<Mutex<Memory>>);

/// What a chore leaves: when it is due again, and others that are due then at the latest.
#[derive(Default)]
struct Next {
    again: Option<Duration>,
    others: Vec<(Chore, Duration)>,
}

impl Next {
    fn again(pause: Option<Duration>) -> Self {
        Self { again: pause, others: Vec::new() }
    }
}

/// Does what is due until it is asked to stop; what is under way then is not cut off.
pub(super) async fn keep(
    service: Service,
    workers: Workers,
    operations: Arc<Operations>,
    settings: Resident,
    stopping: CancellationToken,
    hearer: impl Hearer + Sync,
) {
    let ended = operations.endings();
    let mut schedule = Schedule::new();
    let now = Instant::now();
    schedule.by(Chore::Deliver, now);
    schedule.by(Chore::Survey, now);
    if let Some(every) = settings.sweep_every {
        schedule.by(Chore::Sweep, now + every);
    }
    let (stop, samples) = (Stop::new(), Semaphore::new(AT_ONCE));
    let chores = Arc::new(Chores {
        service,
        workers,
        operations,
        settings,
        stop: stop.clone(),
        hearer,
        samples,
        watched: Mutex::default(),
    });
    let mut begun = JoinSet::new();
    loop {
        for chore in schedule.begin(Instant::now()) {
            let (chores, of) = (chores.clone(), chore.clone());
            // A task of its own, so that one that breaks is tried again like one that fails.
            let task = tokio::spawn(async move { chores.carry_out(&of).await });
            begun.spawn(async move { (chore, task.await.unwrap_or_else(|_| Next::again(Some(AFTER_ERROR)))) });
        }
        tokio::select! {
            biased;
            () = stopping.cancelled() => break,
            () = ended.notified() => {
                schedule.by(Chore::Deliver, Instant::now());
                schedule.by(Chore::Survey, Instant::now());
            }
            Some(done) = begun.join_next() => {
                let Ok((chore, Next { again, others })) = done else { continue };
                let now = Instant::now();
                schedule.end(&chore, again.map(|pause| now + pause));
                for (other, pause) in others {
                    schedule.by(other, now + pause);
                }
            }
            () = asleep(schedule.next()) => {}
        }
    }
    // A question is not waited for; what changes something goes on to its end.
    stop.ask();
    while begun.join_next().await.is_some() {}
}

async fn asleep(until: Option<Instant>) {
    match until {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

impl<H: Hearer> Chores<H> {
    async fn carry_out(&self, chore: &Chore) -> Next {
        match chore {
            Chore::Deliver => Next::again(self.deliver().await),
            Chore::Survey => self.survey().await,
            Chore::Sample(instance) => Next::again(self.sample(instance).await),
            Chore::Drift => Next::again(self.drift().await),
            Chore::Sweep => {
                self.find("sweep", Work::Sweep).await;
                Next::again(self.settings.sweep_every)
            }
        }
    }

    /// Lets a worker do something that the agent does by itself.
    async fn work(&self, work: Work, stop: &Stop) -> Result<Done, Failure> {
        self.workers.carry_out(work, Arc::new(ByItself(stop.clone()))).await
    }

    async fn deliver(&self) -> Option<Duration> {
        // Only what is due is worth a process.
        match self.service.next_delivery().await {
            Ok(Some(due)) if due <= Timestamp::now() => {}
            Ok(next) => return next.map(until),
            Err(error) => {
                self.hearer.not_delivered(error.error().to_string());
                return Some(AFTER_ERROR);
            }
        }
        match self.work(Work::Deliver, &Stop::new()).await {
            Ok(Done::Delivered(next)) => return next.map(until),
            other => self.hearer.not_delivered(Failure::of(other).to_string()),
        }
        Some(AFTER_ERROR)
    }

    /// Looks up what there is to watch and to look at, after an operation that may have deployed something.
    async fn survey(&self) -> Next {
        let Survey { watched, may_drift } = match self.service.survey().await {
            Ok(survey) => survey,
            Err(error) => {
                self.failed("watch", error.error());
                return Next::again(Some(AFTER_ERROR));
            }
        };
        let mut others = Vec::new();
        let mut known = self.watched.lock().await;
        known.retain(|_, (old, _)| watched.iter().any(|new| new.deployment == old.deployment));
        for new in watched {
            others.push((Chore::Sample(new.instance.clone()), new.every));
            // What the last sample left is about the same deployment.
            known.entry(new.instance.clone()).or_insert_with(|| (new, Arc::default()));
        }
        drop(known);
        if let Some(every) = self.settings.drift_every
            && may_drift
        {
            others.push((Chore::Drift, every));
        }
        Next { again: None, others }
    }

    async fn sample(&self, instance: &Instance) -> Option<Duration> {
        let (watched, memory) = self.watched.lock().await.get(instance).cloned()?;
        let _one_of_few = self.samples.acquire().await;
        let mut memory = memory.lock().await;
        let work = Work::Sample { watched: watched.clone(), memory: memory.clone() };
        match self.work(work, &self.stop).await {
            Ok(Done::Sampled { findings, memory: left }) => {
                *memory = left;
                // It may not be watched any more.
                self.follow(findings?);
                return Some(watched.every);
            }
            other => self.failed("watch", &Failure::of(other)),
        }
        Some(AFTER_ERROR)
    }

    async fn drift(&self) -> Option<Duration> {
        self.find("drift", Work::Drift).await;
        self.settings.drift_every.filter(|_| !self.stop.asked())
    }

    /// Does what may find something, and what follows from it.
    async fn find(&self, what: &str, work: Work) {
        match self.work(work, &self.stop).await {
            Ok(Done::Found(findings)) => self.follow(findings),
            other => self.failed(what, &Failure::of(other)),
        }
    }

    /// Begins what follows from what was found, and tells it. Recorders are told at once.
    fn follow(&self, findings: Findings) {
        let is_new = !findings.told.is_empty();
        for command in findings.commands {
            // An agent that ends begins nothing; the next one finds the same.
            drop(self.operations.begin(Principal::agent(), command, None));
        }
        for text in findings.told {
            self.hearer.told(text);
        }
        if is_new {
            self.operations.endings().notify_one();
        }
    }

    fn failed(&self, what: &str, error: &dyn Display) {
        self.hearer.told(format!("{what}: {error}; it is tried again"));
    }
}

/// The agent that does something by itself: it may be asked to stop, and hears nothing.
struct ByItself(Stop);

impl Sink for ByItself {
    fn event(&self, _: CommandEvent) {}

    fn stop(&self) -> io::Result<Stop> {
        Ok(self.0.clone())
    }
}

/// How long it is until then.
fn until(due: Timestamp) -> Duration {
    Duration::try_from(due.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO).min(LONGEST)
}
