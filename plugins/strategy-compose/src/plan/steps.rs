//! The steps of services that change.

mod create;
mod leave;

use std::collections::{BTreeMap, BTreeSet};

use windlass_domain::Action;

use super::decide::{Decision, subject};
use super::graph::{Milestones, gates};
use super::{Draft, NewStep};
use crate::desired::{Desired, DesiredService, Endpoint, Manner};
use crate::operation::{Before, New, Operation};
use crate::state::{Container, Old, State};

/// Time that a step may take beyond what it waits for.
const MARGIN: u64 = 30;

/// Adds creation, take-over and retirement of every service that changes.
pub(super) fn add(desired: &Desired, state: &State, decisions: &BTreeMap<String, Decision>, draft: &mut Draft) {
    let mut all = Services {
        desired,
        decisions,
        draft,
        prepared: None,
        milestones: BTreeMap::new(),
        ready: Vec::new(),
        stopped: BTreeMap::new(),
        let_go: BTreeMap::new(),
        switched: None,
        unsure: super::checked::unsure(desired, state),
    };
    all.create();
    for name in order(desired) {
        all.take_over(&name);
    }
    all.retire();
    leave::warn_about_strangers(desired, state, draft);
}

struct Services<'a> {
    desired: &'a Desired,
    decisions: &'a BTreeMap<String, Decision>,
    draft: &'a mut Draft,
    /// The step that is done when everything is prepared; none when nothing is.
    prepared: Option<String>,
    /// By the services' names, one for each container.
    milestones: BTreeMap<String, Vec<Milestones>>,
    /// Steps that must be done before old containers are let go.
    ready: Vec<String>,
    /// Services that are gone and stop early, with the step.
    stopped: BTreeMap<String, String>,
    /// Containers that restart with another one and stop before it is replaced, by key, with the step.
    let_go: BTreeMap<String, String>,
    /// The last `switch`. They come one after the other: each gives an address back and takes it again, and two at a
    /// time would take each other's.
    switched: Option<String>,
    /// Services of which only their images, which are not here yet, say whether they have a health check; each with one
    /// that waits for it.
    unsure: BTreeMap<String, String>,
}

/// Services such that each comes after what it depends on. The loader refused cycles.
pub(super) fn order(desired: &Desired) -> Vec<String> {
    fn visit<'a>(desired: &'a Desired, name: &'a str, seen: &mut BTreeSet<&'a str>, order: &mut Vec<String>) {
        if !seen.insert(name) {
            return;
        }
        if let Some(service) = desired.services.get(name) {
            for dependency in service.service.depends_on.keys() {
                visit(desired, dependency, seen, order);
            }
            order.extend(desired.of_service(name).map(|one| one.key.clone()));
        }
    }
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    for service in desired.services.values() {
        visit(desired, &service.service.name, &mut seen, &mut order);
    }
    order
}

/// What a step does, on what, and how long it may take where the host's default does not fit.
struct Work {
    operation: Operation,
    before: Before,
    timeout: Option<u64>,
}

impl Work {
    fn new(operation: Operation) -> Self {
        Self { operation, before: Before::default(), timeout: None }
    }

    fn on(mut self, containers: &[Container]) -> Self {
        self.before = before(containers);
        self
    }

    fn within(mut self, seconds: u64) -> Self {
        self.timeout = Some(seconds);
        self
    }

    /// Long enough for the slowest of the containers to stop.
    fn stop(operation: Operation, containers: &[Container]) -> Self {
        let work = Self::new(operation).on(containers);
        let seconds = longest_grace(&work.before.containers) + MARGIN;
        work.within(seconds)
    }
}

fn is_made(decision: &Decision) -> bool {
    matches!(decision.action, Action::Create | Action::Replace)
}

fn new(service: &DesiredService) -> New {
    New { service: service.key.clone(), name: service.container.clone() }
}

fn start(service: &DesiredService, endpoints: Vec<Endpoint>) -> Operation {
    Operation::Start { container: new(service), grace_seconds: grace(service), endpoints }
}

fn before(containers: &[Container]) -> Before {
    Before { containers: containers.iter().map(Container::old).collect() }
}

fn grace(service: &DesiredService) -> u64 {
    service.service.stop_grace_period.map_or(10, |grace| grace.as_secs() + u64::from(grace.subsec_nanos() > 0))
}

fn longest_grace(containers: &[Old]) -> u64 {
    containers.iter().map(|old| old.grace_seconds).max().unwrap_or_default()
}

impl Services<'_> {
    /// Starts one service and lets it take over.
    fn take_over(&mut self, name: &str) {
        let (Some(service), Some(decision)) = (self.desired.services.get(name), self.decisions.get(name)) else {
            return;
        };
        let conditions = service.service.depends_on.iter().map(|(name, dependency)| (name, dependency.condition));
        let mut needs: Vec<String> = self.prepared.iter().cloned().collect();
        needs.extend(gates(conditions, &self.milestones));
        // Replicas that stop before they are replaced do so one after the other, so that some always serve.
        if matches!(decision.manner, Some(Manner::StopFirst(_))) {
            let earlier = self.milestones.get(&service.service.name).and_then(|reached| reached.last());
            needs.extend(earlier.and_then(|reached| reached.ready.clone()));
        }
        let milestones = match (decision.action, &decision.manner) {
            (Action::Keep | Action::Remove, _) => self.watch(service, decision, needs),
            (Action::Update, _) if decision.reconnects => self.connect(service, decision, needs),
            (Action::Update, _) => self.start_again(service, decision, needs),
            (_, Some(Manner::Job)) => self.run(service, decision, needs),
            (_, Some(Manner::StartFirst)) => self.start_first(service, decision, needs),
            (_, Some(Manner::StopFirst(reason))) => self.stop_first(service, decision, needs, Some(reason)),
            (_, None) => self.stop_first(service, decision, needs, None),
        };
        self.ready.extend(milestones.ready.clone());
        self.milestones.entry(service.service.name.clone()).or_default().push(milestones);
    }

    fn step(&mut self, service: &DesiredService, verb: &str, title: String, needs: Vec<String>, work: Work) -> String {
        let name = &service.key;
        self.draft.apply(NewStep {
            id: format!("{name}:{verb}"),
            title,
            needs,
            subject: Some(&subject(name)),
            timeout_seconds: work.timeout,
            operation: work.operation,
            before: work.before,
        })
    }

    /// A service that stays: others may still have to wait until it is healthy.
    fn watch(&mut self, service: &DesiredService, decision: &Decision, needs: Vec<String>) -> Milestones {
        let name = &service.service.name;
        let wanted = self.desired.services.values().any(|other| {
            other
                .service
                .depends_on
                .get(name)
                .is_some_and(|dependency| dependency.condition == windlass_compose::Condition::Healthy)
                && self.decisions.get(&other.key).is_some_and(|decision| decision.action != Action::Keep)
        });
        let Some(kept) = decision.kept.as_ref().filter(|_| wanted) else { return Milestones::default() };
        let health = self.health(service, needs, Some(kept), &service.endpoints, false);
        Milestones { started: None, ready: Some(health) }
    }

    fn health(
        &mut self,
        service: &DesiredService,
        needs: Vec<String>,
        existing: Option<&Container>,
        endpoints: &[Endpoint],
        settle: bool,
    ) -> String {
        let deadline = service.deadline.as_secs().max(1);
        let settle = if settle { self.desired.settle } else { std::time::Duration::ZERO };
        let mut work = Work::new(Operation::Await {
            container: existing.is_none().then(|| new(service)),
            deadline_seconds: deadline,
            settle_milliseconds: u64::try_from(settle.as_millis()).unwrap_or(u64::MAX),
            endpoints: endpoints.to_vec(),
            for_service: self.unsure.get(&service.service.name).cloned(),
        });
        if let Some(existing) = existing {
            work = work.on(std::slice::from_ref(existing));
        }
        self.step(
            service,
            "health",
            format!("wait until {} is healthy", service.key),
            needs,
            work.within(deadline + settle.as_secs() + MARGIN),
        )
    }

    fn start_again(&mut self, service: &DesiredService, decision: &Decision, needs: Vec<String>) -> Milestones {
        let Some(kept) = &decision.kept else { return Milestones::default() };
        let name = &service.key;
        let start = self.step(
            service,
            "start",
            format!("start {name} again"),
            needs,
            Work::new(Operation::StartAgain { endpoints: service.endpoints.clone() }).on(std::slice::from_ref(kept)),
        );
        let health = self.health(service, vec![start.clone()], Some(kept), &service.endpoints, false);
        Milestones { started: Some(start), ready: Some(health) }
    }

    /// It runs and is as it should be, but cannot be reached.
    fn connect(&mut self, service: &DesiredService, decision: &Decision, needs: Vec<String>) -> Milestones {
        let Some(kept) = &decision.kept else { return Milestones::default() };
        let name = &service.key;
        let connect = self.step(
            service,
            "connect",
            format!("connect {name} to its networks"),
            needs,
            Work::new(Operation::Connect { endpoints: service.endpoints.clone() }).on(std::slice::from_ref(kept)),
        );
        let health = self.health(service, vec![connect.clone()], Some(kept), &service.endpoints, false);
        Milestones { started: Some(connect), ready: Some(health) }
    }

    /// The old one, if any, stops before the new one starts.
    fn stop_first(
        &mut self,
        service: &DesiredService,
        decision: &Decision,
        needs: Vec<String>,
        reason: Option<&String>,
    ) -> Milestones {
        let name = &service.key;
        if let Some(reason) = reason.filter(|_| !decision.running().is_empty()) {
            self.draft.plan.warnings.push(format!("{name} is not there while it is replaced: it {reason}"));
        }
        let needs = self.stop(service, decision, needs);
        let mut needs = self.rename(service, decision, needs);
        needs.extend(self.freed(service));
        let start = self.step(
            service,
            "start",
            format!("start {name}"),
            needs,
            Work::new(self::start(service, service.endpoints.clone())),
        );
        let health = self.health(service, vec![start.clone()], None, &service.endpoints, false);
        Milestones { started: Some(start), ready: Some(health) }
    }

    /// What gives way stops, after all that restarts with it.
    fn stop(&mut self, service: &DesiredService, decision: &Decision, mut needs: Vec<String>) -> Vec<String> {
        let name = &service.key;
        if let Some(stopped) = self.let_go.get(name) {
            needs.push(stopped.clone());
            return needs;
        }
        needs.extend(self.let_go(&service.service.name, &needs));
        let running = decision.running();
        if running.is_empty() {
            return needs;
        }
        let work = Work::stop(Operation::Stop, &running);
        vec![self.step(service, "stop", format!("stop {name} (old)"), needs, work)]
    }

    /// Old and new change names where the old one has the final name.
    fn rename(&mut self, service: &DesiredService, decision: &Decision, needs: Vec<String>) -> Vec<String> {
        let holder: Vec<Container> =
            decision.leaving.iter().filter(|old| old.name == service.container).cloned().collect();
        if holder.is_empty() {
            return needs;
        }
        let title = format!("give the name {} to the new container", service.container);
        let work = Work::new(Operation::Rename { container: new(service) }).on(&holder);
        vec![self.step(service, "rename", title, needs, work)]
    }

    fn run(&mut self, service: &DesiredService, decision: &Decision, needs: Vec<String>) -> Milestones {
        let name = &service.key;
        let needs = self.stop(service, decision, needs);
        let needs = self.rename(service, decision, needs);
        let deadline = service.deadline.as_secs().max(1);
        let run = self.step(
            service,
            "run",
            format!("run {name} to its end"),
            needs,
            Work::new(Operation::Run {
                container: new(service),
                deadline_seconds: deadline,
                grace_seconds: grace(service),
                endpoints: service.endpoints.clone(),
            })
            .within(deadline + MARGIN),
        );
        Milestones { started: Some(run.clone()), ready: Some(run) }
    }

    /// The new one runs and is healthy, then takes the names; the old one ends while the release is verified.
    fn start_first(&mut self, service: &DesiredService, decision: &Decision, needs: Vec<String>) -> Milestones {
        let name = &service.key;
        let unnamed: Vec<Endpoint> = service.endpoints.iter().map(Endpoint::unnamed).collect();
        let start = self.step(
            service,
            "start",
            format!("start {name} (new) beside the old one"),
            needs,
            Work::new(self::start(service, unnamed.clone())),
        );
        let health = self.health(service, vec![start], None, &unnamed, true);
        let running = decision.running();
        let mut needs = self.let_go(&service.service.name, std::slice::from_ref(&health));
        needs.extend(std::iter::once(health).chain(self.switched.take()));
        let switch = self.step(
            service,
            "switch",
            format!("let {name} (new) take over"),
            needs,
            Work::new(Operation::Switch { container: new(service), endpoints: service.endpoints.clone() }).on(&running),
        );
        self.switched = Some(switch.clone());
        self.rename(service, decision, vec![switch.clone()]);
        Milestones { started: Some(switch.clone()), ready: Some(switch) }
    }
}
