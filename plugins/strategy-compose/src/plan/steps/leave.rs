//! What goes away: early, where something new needs its place, and otherwise when all that is new is there.

use windlass_domain::When;

use super::{MARGIN, Services, Work, before, is_made, subject};
use crate::desired::{Desired, DesiredService, Manner};
use crate::operation::{Before, Operation};
use crate::plan::{Draft, NewStep};
use crate::state::{Container, State};

impl Services<'_> {
    /// Steps that stop containers of services that are gone and hold a port that this one publishes: of one that got
    /// another name in the files, say.
    pub(super) fn freed(&mut self, service: &DesiredService) -> Vec<String> {
        let ports: Vec<_> =
            service.service.ports.iter().filter_map(|port| Some((port.fixed()?, port.protocol.as_str()))).collect();
        let mut freed = Vec::new();
        for (name, decision) in self.decisions {
            let running = decision.running();
            let holds = |old: &Container| ports.iter().any(|(port, protocol)| old.publishes(*port, protocol));
            if self.desired.services.contains_key(name) || !running.iter().any(holds) {
                continue;
            }
            if let Some(stop) = self.stopped.get(name) {
                freed.push(stop.clone());
                continue;
            }
            let work = Work::stop(Operation::Stop, &running);
            let stop = self.draft.apply(NewStep {
                id: format!("{name}:stop"),
                title: format!("stop {name}, whose port {} takes", service.key),
                needs: self.prepared.iter().cloned().collect(),
                subject: Some(&subject(name)),
                timeout_seconds: work.timeout,
                operation: work.operation,
                before: work.before,
            });
            self.stopped.insert(name.clone(), stop.clone());
            freed.push(stop);
        }
        freed
    }

    /// Stops what restarts with a service, before that one gives way: so that it goes when all is still there, and on
    /// the way back comes when all is there again. Returns the steps.
    pub(super) fn let_go(&mut self, name: &str, needs: &[String]) -> Vec<String> {
        let mut steps = Vec::new();
        for service in self.desired.services.values().filter(|service| service.bound.contains(name)) {
            let Some(decision) = self.decisions.get(&service.key).filter(|decision| is_made(decision)) else {
                continue;
            };
            let running = decision.running();
            if service.is_job || running.is_empty() {
                continue;
            }
            if let Some(step) = self.let_go.get(&service.key) {
                steps.push(step.clone());
                continue;
            }
            let mut needs = needs.to_vec();
            needs.extend(self.let_go(&service.service.name, &needs.clone()));
            let work = Work::stop(Operation::Stop, &running);
            let title = format!("stop {} (old), which restarts with {name}", service.key);
            let step = self.step(service, "stop", title, needs, work);
            self.let_go.insert(service.key.clone(), step.clone());
            steps.push(step);
        }
        steps
    }

    /// Stops what is no longer wanted, when all that is new is there: the release is verified without it. What was replaced
    /// start-first ends while the release is verified.
    pub(super) fn retire(&mut self) {
        let mut gathered = None;
        for (name, decision) in self.decisions {
            let running = decision.running();
            let is_replaced = is_made(decision);
            let is_over = is_replaced && decision.manner != Some(Manner::StartFirst);
            if self.stopped.contains_key(name) || is_over || running.is_empty() {
                continue;
            }
            let ready =
                gathered.get_or_insert_with(|| self.draft.apply(ready(&self.ready, self.prepared.as_ref()))).clone();
            let when = if is_replaced { When::DuringVerify } else { When::Apply };
            let drain = self.desired.services.get(name).filter(|_| is_replaced).map(|service| service.drain);
            // Each by itself, so that they all finish and end at the same time.
            for old in &running {
                let which = if running.len() == 1 { name } else { &old.name };
                let drained = drain.filter(|drain| !drain.is_zero()).map(|drain| {
                    let step = NewStep {
                        id: format!("{name}:drain"),
                        title: format!("wait until {which} (old) finished what it began"),
                        needs: vec![ready.clone()],
                        subject: Some(&subject(name)),
                        timeout_seconds: Some(drain.as_secs() + MARGIN),
                        operation: Operation::Drain {
                            milliseconds: u64::try_from(drain.as_millis()).unwrap_or(u64::MAX),
                        },
                        before: before(std::slice::from_ref(old)),
                    };
                    self.draft.apply(step)
                });
                let work = Work::stop(Operation::Retire { drain_milliseconds: 0 }, std::slice::from_ref(old));
                let step = NewStep {
                    id: format!("{name}:retire"),
                    title: format!("stop {which} (old)"),
                    needs: vec![drained.unwrap_or_else(|| ready.clone())],
                    subject: Some(&subject(name)),
                    timeout_seconds: work.timeout,
                    operation: work.operation,
                    before: work.before,
                };
                self.draft.add(step, when);
            }
        }
    }
}

/// The step that is done when all that is new is there.
fn ready<'a>(ready: &[String], prepared: Option<&String>) -> NewStep<'a> {
    NewStep {
        id: "ready".to_owned(),
        title: "everything new is there".to_owned(),
        needs: if ready.is_empty() { prepared.into_iter().cloned().collect() } else { ready.to_vec() },
        subject: None,
        timeout_seconds: None,
        operation: Operation::Gather,
        before: Before::default(),
    }
}

/// Containers of the project that neither the files nor the agent know are left alone, and named.
pub(super) fn warn_about_strangers(desired: &Desired, state: &State, draft: &mut Draft) {
    for container in &state.containers {
        if !desired.knows(&container.service) && !container.is_ours() && !desired.remove_orphans {
            draft.plan.warnings.push(format!(
                "container {} of service {} is in no Compose file and was not made by this agent; it is left alone",
                container.name, container.service
            ));
        }
    }
}
