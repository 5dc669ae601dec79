//! What goes away: early, where something new needs its place, and otherwise when all that is new is there.

use super::{Services, Work, is_made, subject};
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
            let work = Work::stop(Operation::Stop, &running, 0);
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
            let work = Work::stop(Operation::Stop, &running, 0);
            let title = format!("stop {} (old), which restarts with {name}", service.key);
            let step = self.step(service, "stop", title, needs, work);
            self.let_go.insert(service.key.clone(), step.clone());
            steps.push(step);
        }
        steps
    }

    /// Stops what was replaced start-first and what is no longer wanted, when all that is new is there.
    pub(super) fn retire(&mut self) {
        let mut gathered = None;
        for (name, decision) in self.decisions {
            let running = decision.running();
            let service = self.desired.services.get(name);
            let later = decision.manner == Some(Manner::StartFirst) || !is_made(decision);
            if self.stopped.contains_key(name)
                || !later
                || (running.is_empty() && decision.manner != Some(Manner::StartFirst))
            {
                continue;
            }
            let ready = gathered.get_or_insert_with(|| {
                self.draft.apply(NewStep {
                    id: "ready".to_owned(),
                    title: "everything new is there".to_owned(),
                    needs: if self.ready.is_empty() {
                        self.prepared.iter().cloned().collect()
                    } else {
                        self.ready.clone()
                    },
                    subject: None,
                    timeout_seconds: None,
                    operation: Operation::Gather,
                    before: Before::default(),
                })
            });
            let mut needs = vec![ready.clone()];
            if !running.is_empty() {
                let drain = service.filter(|_| is_made(decision)).map(|service| service.drain).unwrap_or_default();
                let drain_milliseconds = u64::try_from(drain.as_millis()).unwrap_or(u64::MAX);
                // Each by itself, so that they all finish and end at the same time.
                let retired = running.iter().map(|old| {
                    let operation = Operation::Retire { drain_milliseconds };
                    let work = Work::stop(operation, std::slice::from_ref(old), drain.as_secs());
                    let which = if running.len() == 1 { name } else { &old.name };
                    self.draft.apply(NewStep {
                        id: format!("{name}:retire"),
                        title: format!("stop {which} (old)"),
                        needs: needs.clone(),
                        subject: Some(&subject(name)),
                        timeout_seconds: work.timeout,
                        operation: work.operation,
                        before: work.before,
                    })
                });
                needs = retired.collect();
            }
            if let Some(service) = service.filter(|_| is_made(decision)) {
                self.rename(service, decision, needs);
            }
        }
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
