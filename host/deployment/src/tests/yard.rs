//! A world in memory: services that are versions, a strategy that replaces them, and faults at every place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};
use windlass_domain::{
    Action, Bundle, Change, Event, Failure, Migration, Observation, Part, Phase, Plan, Release, Report, Step, Verdict,
};
use windlass_foundation::call::CallPurpose;
use windlass_foundation::clock::{CountingIds, SteppingClock};
use windlass_foundation::names::Instance;
use windlass_foundation::principal::{Principal, Proof};
use windlass_foundation::progress::Unwatched;
use windlass_foundation::redact::Redactor;
use windlass_journal::testing::breaking;
use windlass_journal::{Journal, Mode};

use crate::backend::{BackendFuture, Context, DeploymentBackend, DeploymentSettings, OnDoubt, ProbePolicy, Resolved};
use crate::{
    BackendError, DeploymentRequest, Ending, Engine, Error, Hooked, PlanFile, RetryPolicy, Source, Stop, Target, run,
};

/// When a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Before,
    Half,
    After,
}

/// A fault in one step or one undo.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) when: When,
    pub(super) retryable: bool,
    pub(super) times: u32,
}

impl Fault {
    pub(super) fn always(when: When) -> Self {
        Self { when, retryable: false, times: u32::MAX }
    }
}

/// The world, shared by all who look at it.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "switches that tests set by name")]
pub(super) struct World {
    /// What is there: `backend@v1`, each with halves `a` and `b` so that half a step can be done.
    pub(super) things: BTreeSet<String>,
    pub(super) apply_faults: BTreeMap<String, Fault>,
    pub(super) undo_faults: BTreeMap<String, Fault>,
    pub(super) sick: BTreeSet<String>,
    /// Services whose health check fails.
    pub(super) unhealthy: BTreeSet<String>,
    pub(super) checks: BTreeMap<String, Vec<Result<Report, Failure>>>,
    pub(super) smoke: BTreeMap<String, Vec<Result<Report, Failure>>>,
    pub(super) recorder_down: bool,
    /// For how many seconds it wants to be left alone then.
    pub(super) recorder_retry_after: Option<u64>,
    pub(super) told: Vec<(String, Event)>,
    /// What a recorder says about a version, instead of taking it.
    pub(super) recorder_refuses: BTreeMap<String, Failure>,
    /// What it is shown of its own answers, in the order in which it was told.
    pub(super) seen_answers: Vec<Vec<Value>>,
    pub(super) missing: Vec<String>,
    /// The code of the failure when it is asked about the way back.
    pub(super) missing_fails: Option<&'static str>,
    /// The versions that it was asked about going back to.
    pub(super) ways_back: Vec<String>,
    pub(super) migration: BTreeMap<String, Migration>,
    pub(super) unresolvable: Option<Failure>,
    pub(super) running: usize,
    pub(super) most_running: usize,
    /// The same of what ends the old version and removes it.
    pub(super) most_swept: usize,
    /// How long the old version of each service takes to end.
    pub(super) end_takes: Duration,
    /// How long smoke tests wait for it; a minute unless it says otherwise.
    pub(super) patience_with_old: Option<Duration>,
    /// How many steps ran when a smoke test was asked last.
    pub(super) running_when_smoked: usize,
    /// `apply x`, `undo x`, in order.
    pub(super) calls: Vec<String>,
    /// Why it was asked what runs, in order.
    pub(super) looks: Vec<CallPurpose>,
    /// How many of them there were when a recorder was told last.
    pub(super) calls_when_told: usize,
    /// Asks this to stop when a step begins.
    pub(super) stop_at: Option<(String, Stop)>,
    pub(super) stop_twice: bool,
    pub(super) deadline: Option<Duration>,
    /// How long a check or smoke test may take in all.
    pub(super) patience: Option<Duration>,
    /// Whether checks and smoke tests that break are passed over.
    pub(super) errors_pass: bool,
    /// A step that never ends until it is told to stop.
    pub(super) hangs: Option<String>,
    /// A step of every new version that fails so, and what the plan says about running the release's code in it.
    pub(super) breaks: Option<(String, Failure, Option<bool>)>,
    /// What changes with each of so many observations, without anybody having touched it here.
    pub(super) restless: u32,
    /// Whether it changes with each plan too.
    pub(super) plans_move: bool,
    /// Whom the plan's steps belong to, where it says so.
    pub(super) owner: Option<String>,
    /// What changed so.
    pub(super) moved: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) sweep_fails: bool,
    /// How often old images were removed.
    pub(super) prunes: usize,
    pub(super) prune_fails: bool,
}

/// The outside of the flow.
pub(super) struct Yard {
    pub(super) world: Arc<Mutex<World>>,
    /// Service and what it needs.
    pub(super) services: Vec<(String, Vec<String>)>,
}

pub(super) fn said(code: &str, message: &str) -> Failure {
    Failure { code: code.to_owned(), message: message.to_owned(), retryable: false, details: None }
}

fn move_on(world: &mut World) {
    if world.restless > 0 {
        world.restless -= 1;
        let state = world.restless.to_string();
        world.moved.insert("clock".to_owned(), BTreeMap::from([("shows".to_owned(), state)]));
    }
}

fn fingerprint(world: &World) -> String {
    format!("{:?} {:?}", world.things, world.moved)
}

pub(super) fn report(verdict: Verdict, summary: &str) -> Report {
    Report { verdict, summary: summary.to_owned(), findings: Vec::new(), data: None }
}

impl Yard {
    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    fn versions(&self) -> BTreeMap<String, String> {
        let world = self.world();
        world
            .things
            .iter()
            .filter_map(|thing| thing.strip_suffix(".a"))
            .filter_map(|thing| thing.split_once('@'))
            .map(|(service, version)| (service.to_owned(), version.to_owned()))
            .collect()
    }

    fn fault(&self, undo: bool, step: &str, when: When) -> Result<(), Failure> {
        let mut world = self.world();
        let faults = if undo { &mut world.undo_faults } else { &mut world.apply_faults };
        let Some(fault) = faults.get_mut(step) else { return Ok(()) };
        if fault.when != when || fault.times == 0 {
            return Ok(());
        }
        fault.times -= 1;
        Err(Failure {
            code: "plugin:test".to_owned(),
            message: format!("{} {when:?} on purpose", if undo { "undo fails" } else { "fails" }),
            retryable: fault.retryable,
            details: None,
        })
    }

    /// Puts the world of a step: `version` of the service is there and nothing else.
    fn set(&self, service: &str, version: Option<&str>, half: bool) {
        let mut world = self.world();
        let prefix = format!("{service}@");
        world.things.retain(|thing| !thing.starts_with(&prefix));
        if let Some(version) = version {
            world.things.insert(format!("{prefix}{version}.a"));
            if !half {
                world.things.insert(format!("{prefix}{version}.b"));
            }
        }
    }
}

impl DeploymentBackend for Yard {
    fn resolve<'a>(&'a self, instance: &'a Instance, source: &'a Source) -> BackendFuture<'a, Resolved> {
        async move {
            if let Some(failure) = self.world().unresolvable.clone() {
                return Err(failure.into());
            }
            let version = source.set.get("version").cloned().unwrap_or_else(|| "v1".to_owned());
            let release = Release {
                format: 1,
                // Another commit of the same version is another release, of which nothing is to be changed.
                id: format!("sha256:{version}{}", source.commit.as_deref().unwrap_or_default()),
                application: instance.application().to_owned(),
                migration: self.world().migration.get(&version).cloned(),
                version,
                commit: source.commit.clone(),
                artifacts: BTreeMap::new(),
                inputs: BTreeMap::new(),
                bundle: Bundle { digest: "sha256:0".to_owned(), files: BTreeMap::new(), programs: None },
            };
            Ok(Resolved { release, notes: Vec::new() })
        }
        .boxed()
    }

    fn seal(&self, file: PlanFile) -> BackendFuture<'_, PlanFile> {
        async move { Ok(file) }.boxed()
    }

    fn vouch<'a>(&'a self, _: &'a PlanFile) -> BackendFuture<'a, ()> {
        async move { Ok(()) }.boxed()
    }

    fn settings<'a>(&'a self, _: &'a Release) -> BackendFuture<'a, DeploymentSettings> {
        let world = self.world();
        let probe = |name: &String| ProbePolicy {
            name: name.clone(),
            deadline: world.patience.unwrap_or(Duration::from_secs(5)),
            interval: Duration::from_millis(1),
            on_error: if world.errors_pass { OnDoubt::Warn } else { OnDoubt::Refuse },
            on_inconclusive: OnDoubt::Refuse,
        };
        let settings = DeploymentSettings {
            checks: world.checks.keys().map(probe).collect(),
            smoke: world.smoke.keys().map(probe).collect(),
            recorders: vec!["ledger".to_owned()],
            call_deadline: Duration::from_secs(30),
            verify_deadline: Duration::from_secs(5),
            deadline: world.deadline.unwrap_or(Duration::from_mins(1)),
            parallel: 3,
            allow_no_way_back: false,
        };
        async move { Ok(settings) }.boxed()
    }

    fn missing<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Vec<String>> {
        let mut world = self.world();
        world.ways_back.push(context.about.release.version.clone());
        let answer = match world.missing_fails {
            Some(code) => Err(BackendError::from(said(code, "nobody answers"))),
            None => Ok(world.missing.clone()),
        };
        async move { answer }.boxed()
    }

    fn prune<'a>(&'a self, _: &'a Context) -> BackendFuture<'a, Vec<String>> {
        self.world().prunes += 1;
        let failure = self.world().prune_fails.then(|| said("unavailable", "the engine is busy"));
        async move {
            failure
                .map_or_else(|| Ok(vec!["registry.example/web@sha256:old".to_owned()]), |failure| Err(failure.into()))
        }
        .boxed()
    }

    fn observe<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Observation> {
        async move {
            self.world().looks.push(context.about.purpose);
            let unhealthy = self.world().unhealthy.clone();
            let parts: Vec<Part> = self
                .versions()
                .into_iter()
                .map(|(service, version)| Part {
                    health: unhealthy.contains(&service).then(|| "unhealthy".to_owned()),
                    instance: service.clone(),
                    service,
                    release: Some(format!("sha256:{version}")),
                    version: Some(version),
                    reference: None,
                    state: "running".to_owned(),
                    restarts: 0,
                    since: None,
                    trouble: None,
                    finished: false,
                })
                .collect();
            let mut world = self.world();
            move_on(&mut world);
            Ok(Observation { format: 1, fingerprint: fingerprint(&world), parts, basis: world.moved.clone() })
        }
        .boxed()
    }

    fn plan<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Plan> {
        async move {
            let now = self.versions();
            let wished = &context.about.release.version;
            if self.world().plans_move {
                move_on(&mut self.world());
            }
            let mut plan = Plan {
                format: 1,
                fingerprint: fingerprint(&self.world()),
                changes: Vec::new(),
                steps: Vec::new(),
                warnings: Vec::new(),
                way_back: now.values().map(|version| format!("image@{version}")).collect(),
            };
            for (service, needs) in &self.services {
                let before = now.get(service);
                let same = before == Some(wished);
                plan.changes.push(Change {
                    subject: format!("service {service}"),
                    action: if same { Action::Keep } else { Action::Replace },
                    cause: "test".to_owned(),
                    manner: None,
                    differences: Vec::new(),
                });
                if same {
                    continue;
                }
                let step = |id: String, phase, needs| Step {
                    title: format!("replace {service}"),
                    id,
                    phase,
                    needs,
                    changes: true,
                    during_verify: false,
                    owner: None,
                    runs_release: self
                        .world()
                        .breaks
                        .as_ref()
                        .and_then(|(step, _, runs)| runs.filter(|_| step == service)),
                    subject: None,
                    timeout_seconds: None,
                    before: json!(before),
                    details: json!({ "service": service, "version": wished }),
                };
                plan.steps.push(step(service.clone(), Phase::Apply, needs.clone()));
                if before.is_some() {
                    let ends = step(format!("{service}:end"), Phase::Apply, vec![service.clone()]);
                    plan.steps.push(Step { during_verify: true, ..ends });
                }
                plan.steps.push(step(format!("{service}:sweep"), Phase::Sweep, Vec::new()));
            }
            let there: BTreeSet<String> = plan.steps.iter().map(|step| step.id.clone()).collect();
            for step in &mut plan.steps {
                step.needs.retain(|need| there.contains(need));
                step.owner.clone_from(&self.world().owner);
            }
            Ok(plan)
        }
        .boxed()
    }

    fn apply<'a>(&'a self, context: &'a Context, step: &'a Step) -> BackendFuture<'a, Value> {
        async move {
            {
                let mut world = self.world();
                world.running += 1;
                let running = world.running;
                let most = if step.phase == Phase::Sweep || step.during_verify {
                    &mut world.most_swept
                } else {
                    &mut world.most_running
                };
                *most = running.max(*most);
                world.calls.push(format!("apply {}", step.id));
                if let Some((at, stop)) = &world.stop_at
                    && *at == step.id
                {
                    stop.ask();
                    if world.stop_twice {
                        stop.ask();
                    }
                }
            }
            tokio::task::yield_now().await;
            let end_takes = self.world().end_takes;
            if step.during_verify && !end_takes.is_zero() {
                tokio::time::sleep(end_takes).await;
            }
            if self.world().hangs.as_ref() == Some(&step.id) {
                context.cancelled.cancelled().await;
            }
            let broken = self.world().breaks.clone().filter(|(id, _, _)| *id == step.id);
            let done = (|| {
                if let Some((_, failure, _)) = broken {
                    return Err(failure);
                }
                if step.during_verify {
                    self.fault(false, &step.id, When::Before)?;
                    return Ok(());
                }
                if step.phase == Phase::Sweep {
                    return if self.world().sweep_fails { Err(said("test", "cannot sweep")) } else { Ok(()) };
                }
                let service = step.details["service"].as_str().unwrap_or_default();
                let version = step.details["version"].as_str();
                self.fault(false, &step.id, When::Before)?;
                self.set(service, version, true);
                self.fault(false, &step.id, When::Half)?;
                self.set(service, version, false);
                self.fault(false, &step.id, When::After)
            })();
            self.world().running -= 1;
            if context.cancelled.is_cancelled() && done.is_ok() && self.world().stop_at.is_some() {
                return Err(said("cancelled", "stopped").into());
            }
            done.map(|()| json!({ "made": step.id })).map_err(BackendError::from)
        }
        .boxed()
    }

    fn undo<'a>(&'a self, context: &'a Context, step: &'a Step, _: Option<&'a Value>) -> BackendFuture<'a, ()> {
        async move {
            assert!(!context.cancelled.is_cancelled(), "undo is never told to stop");
            self.world().calls.push(format!("undo {}", step.id));
            if step.during_verify {
                return Ok(());
            }
            let service = step.details["service"].as_str().unwrap_or_default();
            self.fault(true, &step.id, When::Before)?;
            self.set(service, step.before.as_str(), true);
            self.fault(true, &step.id, When::Half)?;
            self.set(service, step.before.as_str(), false);
            self.fault(true, &step.id, When::After).map_err(BackendError::from)
        }
        .boxed()
    }

    fn verify<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Report> {
        async move {
            let versions = self.versions();
            let wished = &context.about.release.version;
            let world = self.world();
            if world.sick.contains(wished) {
                return Ok(report(Verdict::Fail, "unhealthy"));
            }
            let whole = self.services.iter().all(|(service, _)| {
                versions.get(service) == Some(wished) && world.things.contains(&format!("{service}@{wished}.b"))
            });
            Ok(if whole { report(Verdict::Pass, "healthy") } else { report(Verdict::Fail, "something else runs") })
        }
        .boxed()
    }

    fn check<'a>(&'a self, _: &'a Context, name: &'a str) -> BackendFuture<'a, Report> {
        let answer = next(&mut self.world().checks, name);
        async move { answer.map_err(BackendError::from) }.boxed()
    }

    fn smoke<'a>(&'a self, _: &'a Context, name: &'a str) -> BackendFuture<'a, Report> {
        {
            let mut world = self.world();
            world.running_when_smoked = world.running;
        }
        let answer = next(&mut self.world().smoke, name);
        async move { answer.map_err(BackendError::from) }.boxed()
    }

    fn absences(&self) -> usize {
        0
    }

    fn was_away(&self) -> BoxFuture<'_, bool> {
        Box::pin(async { false })
    }

    fn deliver<'a>(
        &'a self,
        context: &'a Context,
        recorder: &'a str,
        event: &'a Event,
    ) -> BackendFuture<'a, Option<Value>> {
        async move {
            let mut world = self.world();
            if let Some(refusal) = world.recorder_refuses.get(&event.release.version) {
                return Err(refusal.clone().into());
            }
            if world.recorder_down {
                let mut away = said("unavailable", "the ledger is away");
                away.retryable = true;
                away.details = world.recorder_retry_after.map(|seconds| json!({ "retry-after": seconds }));
                return Err(away.into());
            }
            world.calls_when_told = world.calls.len();
            world.told.push((recorder.to_owned(), event.clone()));
            world.seen_answers.push(context.last_facts.to_vec());
            Ok(Some(json!({ "wrote": event.release.version, "summary": format!("wrote {}", event.release.version) })))
        }
        .boxed()
    }
}

/// The next answer of a script; the last one for ever.
fn next(scripts: &mut BTreeMap<String, Vec<Result<Report, Failure>>>, name: &str) -> Result<Report, Failure> {
    let script = scripts.get_mut(name).unwrap();
    if script.len() > 1 { script.remove(0) } else { script[0].clone() }
}

/// A host for tests: a state directory, a world, and processes that come and go.
pub(super) struct Host {
    pub(super) state: tempfile::TempDir,
    pub(super) world: Arc<Mutex<World>>,
    pub(super) services: Vec<(String, Vec<String>)>,
    processes: Mutex<u32>,
    pub(super) repeat: bool,
}

/// The application of these tests.
pub(super) fn kudos() -> Instance {
    Instance::parse("kudos").unwrap()
}

impl Host {
    pub(super) fn new(services: &[(&str, &[&str])]) -> Self {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self {
            state: state(),
            world: Arc::default(),
            services: services.iter().map(|(service, needs)| ((*service).to_owned(), own(needs))).collect(),
            processes: Mutex::new(0),
            repeat: false,
        }
    }

    /// Three services, one of which needs the two others.
    pub(super) fn three() -> Self {
        Self::new(&[("data", &[]), ("backend", &["data"]), ("web", &["backend"])])
    }

    /// A new process; `breaks` is the line of the journal at which it ends.
    pub(super) fn process(&self, breaks: Option<&str>) -> Engine {
        let mut processes = self.processes.lock().unwrap();
        *processes += 1;
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = Arc::new(SteppingClock::new(start));
        let mut journal = Journal::open(self.state.path(), Mode::Write, clock, Redactor::new()).unwrap();
        if let Some(breaks) = breaks {
            journal = breaking(journal, breaks);
        }
        let yard = Arc::new(Yard { world: self.world.clone(), services: self.services.clone() });
        let outside: Arc<dyn DeploymentBackend> = if self.repeat {
            let all = Some("*".to_owned());
            Arc::new(Hooked { inside: yard, fail_step: None, repeat_step: all.clone(), repeat_undo: all })
        } else {
            yard
        };
        Engine {
            journal: Arc::new(journal),
            backend: outside,
            ids: Arc::new(CountingIds::new(&format!("p{processes}-"))),
            events: Arc::new(Unwatched),
            locks: self.state.path().join("locks"),
            environment: "uat".to_owned(),
            host: "test".to_owned(),
            retry_policy: RetryPolicy {
                apply_attempts: 3,
                undo_attempts: 3,
                retry_delay: Duration::from_millis(1),
                stop_grace: Duration::from_secs(5),
                old_version: self.world().patience_with_old.unwrap_or(Duration::from_mins(1)),
                delivery_delay: Duration::ZERO,
            },
        }
    }

    pub(super) fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(super) async fn deploy(&self, version: &str) -> Ending {
        run(&self.process(None), request(version), &Stop::new()).await.unwrap()
    }

    pub(super) async fn try_deploy(&self, request: DeploymentRequest) -> Result<Ending, Error> {
        run(&self.process(None), request, &Stop::new()).await
    }

    /// Which version runs, whole, of every service; none when they are not all whole and the same.
    pub(super) fn serves(&self) -> Option<String> {
        let world = self.world();
        let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for thing in &world.things {
            let (service, rest) = thing.split_once('@').unwrap();
            versions.entry(service).or_default().push(rest);
        }
        let mut all = BTreeSet::new();
        for (service, _) in &self.services {
            let halves = versions.remove(service.as_str())?;
            let version = halves[0].strip_suffix(".a")?;
            if halves != [format!("{version}.a"), format!("{version}.b")] {
                return None;
            }
            all.insert(version.to_owned());
        }
        let one = all.pop_first()?;
        (all.is_empty() && versions.is_empty()).then_some(one)
    }
}

/// In memory where there is such a place: these tests write tens of thousands of lines, each to the disk.
fn state() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

pub(super) fn principal(name: &str) -> Principal {
    Principal::new(name, Proof::LocalUser { uid: 1000 })
}

pub(super) fn request(version: &str) -> DeploymentRequest {
    DeploymentRequest {
        id: None,
        instance: kudos(),
        target: Target::Source(Source {
            directory: PathBuf::from("/release"),
            set: BTreeMap::from([("version".to_owned(), version.to_owned())]),
            commit: None,
            defaults: false,
            unbound: None,
        }),
        principal: principal("tester"),
        reason: None,
        wait: None,
        retry: false,
        break_glass: None,
        after: None,
    }
}

pub(super) fn rollback(to: Option<&str>) -> DeploymentRequest {
    DeploymentRequest { target: Target::Rollback { to: to.map(str::to_owned) }, ..request("") }
}
