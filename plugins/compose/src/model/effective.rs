//! What a service comes to where two elements say it: its own keys and `deploy`.

use super::{Context, Deploy, Resources, Restart, RestartPolicy, Service};
use crate::Position;

impl Service {
    /// How many containers it has: `scale`, `deploy.replicas`, or one.
    #[must_use]
    pub fn replicas(&self) -> u32 {
        let deploy = self.deploy.as_ref().and_then(|deploy| deploy.replicas);
        self.scale.or(deploy).unwrap_or(1)
    }

    /// What its containers may use: `deploy.resources` over the service's own keys.
    #[must_use]
    pub fn effective_resources(&self) -> Resources {
        let mut resources = self.resources.clone();
        let not_zero = |value: Option<i64>| value.filter(|value| *value != 0);
        if let Some(limits) = self.deploy.as_ref().and_then(|deploy| deploy.limits.as_ref()) {
            resources.nano_cpus = not_zero(limits.nano_cpus).or(resources.nano_cpus);
            resources.memory = not_zero(limits.memory).or(resources.memory);
            resources.pids = limits.pids.filter(|pids| *pids > 0).or(resources.pids);
        }
        if let Some(reservations) = self.deploy.as_ref().and_then(|deploy| deploy.reservations.as_ref()) {
            resources.memory_reservation = not_zero(reservations.memory).or(resources.memory_reservation);
        }
        resources
    }

    /// What the engine does when a container ends: `deploy.restart_policy`, `restart`, or nothing.
    #[must_use]
    pub fn effective_restart(&self) -> Restart {
        let Some(policy) = self.deploy.as_ref().and_then(|deploy| deploy.restart_policy.as_ref()) else {
            return self.restart.unwrap_or_default();
        };
        let word = match policy.condition.as_deref() {
            Some("on-failure") => RestartPolicy::OnFailure,
            Some("unless-stopped") => RestartPolicy::UnlessStopped,
            Some("any" | "always") => RestartPolicy::Always,
            _ => RestartPolicy::No,
        };
        let maximum = policy.max_attempts.and_then(|count| u32::try_from(count).ok()).unwrap_or(0);
        Restart { policy: word, maximum }
    }
}

/// What is given in both places must be the same in both, as Docker Compose demands.
pub(super) fn agree(context: &Context<'_>, service: &Service) {
    let Some(deploy) = &service.deploy else { return };
    let differ = |position: &Position, own: &str, theirs: &str| {
        context.report.at(
            position,
            format!("`services.{0}.{own}` and `services.{0}.deploy.{theirs}` must say the same", service.name),
        );
    };
    let distinct = |own: Option<i64>, theirs: Option<i64>| {
        own.is_some_and(|own| own != 0) && own != Some(theirs.unwrap_or_default())
    };
    let (own, position) = (&service.resources, &deploy.position);
    if let Some(limits) = &deploy.limits {
        for (key, own, inner, theirs) in [
            ("cpus", own.nano_cpus, "resources.limits.cpus", limits.nano_cpus),
            ("mem_limit", own.memory, "resources.limits.memory", limits.memory),
            ("pids_limit", own.pids, "resources.limits.pids", limits.pids),
        ] {
            if distinct(own, theirs) {
                differ(position, key, inner);
            }
        }
    }
    if let Some(reservations) = &deploy.reservations
        && distinct(own.memory_reservation, reservations.memory)
    {
        differ(position, "mem_reservation", "resources.reservations.memory");
    }
    scale(deploy, service, &differ);
}

fn scale(deploy: &Deploy, service: &Service, differ: &dyn Fn(&Position, &str, &str)) {
    if let (Some(scale), Some(replicas)) = (service.scale, deploy.replicas)
        && scale != replicas
    {
        differ(&deploy.position, "scale", "replicas");
    }
}
