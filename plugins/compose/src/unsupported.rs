//! What Compose files may say and no strategy of this agent does: told by name, never ignored.
//!
//! Here is what holds on every engine, so that a proposal can tell it without one; what depends on the engine or on the
//! rest of a release is the strategy's to tell. [`Application::later`] says what needs a newer engine.

use std::net::IpAddr;

use crate::{Application, FileSource, Position, Problem, Service};

impl Application {
    /// What of all services cannot be deployed.
    #[must_use]
    pub fn unsupported(&self) -> Vec<Problem> {
        self.services.values().flat_map(|service| self.unsupported_by(service)).collect()
    }

    /// What of a service cannot be deployed.
    #[must_use]
    pub fn unsupported_by(&self, service: &Service) -> Vec<Problem> {
        let mut problems = Vec::new();
        add(self, service, &mut |position, key, why| {
            problems.push(Problem::at(position, format!("`services.{}.{key}` {why}", service.name)));
        });
        let instead = |problem: Problem| match instead(&problem.message) {
            Some(hint) => problem.hint(hint),
            None => problem,
        };
        problems.into_iter().map(instead).collect()
    }
}

type Refuse<'a> = dyn FnMut(&Position, &str, &str) + 'a;

fn add(application: &Application, service: &Service, refuse: &mut Refuse<'_>) {
    if let Some(deploy) = &service.deploy
        && let Some(mode) = deploy.mode.as_deref().filter(|mode| *mode != "replicated")
    {
        refuse(&deploy.position, "deploy.mode", &format!("is `{mode}`, which is for clusters"));
    }
    files(application, service, refuse);
    let hooks =
        [("pre_start", &service.pre_start), ("post_start", &service.post_start), ("pre_stop", &service.pre_stop)];
    for (key, hooks) in hooks {
        if let Some(hook) = hooks.first() {
            refuse(&hook.position, key, "is not supported yet");
        }
    }
    if service.healthcheck.as_ref().is_some_and(|check| check.start_interval.is_some() && check.start_period.is_none())
    {
        let why = "needs a `start_period` beside it: the time in which it is used";
        refuse(&service.position, "healthcheck.start_interval", why);
    }
    if service.networks.is_empty() && service.namespaces.network.is_none() {
        refuse(&service.position, "network_mode", "is empty; leave it out, or write `none` for no network at all");
    }
    for host in &service.extra_hosts {
        let (name, address) = host.split_once(':').unwrap_or((host, ""));
        if address != "host-gateway" && address.parse::<IpAddr>().is_err() {
            let why =
                format!("gives `{name}` the address `{address}`, which is neither an IP address nor `host-gateway`");
            refuse(&service.position, "extra_hosts", &why);
        }
    }
    for option in &service.security_opt {
        let file = option.strip_prefix("seccomp").and_then(|rest| rest.strip_prefix([':', '=']));
        if let Some(file) = file.filter(|value| !matches!(*value, "unconfined" | "builtin")) {
            refuse(&service.position, "security_opt", &format!("names the file `{file}`, which is not supported yet"));
        }
    }
    if service.pull_policy.as_deref() == Some("build") && service.build.is_none() {
        refuse(&service.position, "pull_policy", "is `build`, and nothing says how the image is built");
    }
}

/// What to write instead, where there is such a thing.
fn instead(message: &str) -> Option<&'static str> {
    let says = |words: &str| message.contains(words);
    if says("pre_start` is") {
        Some(
            "make it a service of its own that ends, and let others wait for it: `depends_on: {NAME: {condition: service_completed_successfully}}`",
        )
    } else if says("post_start` is") {
        Some(
            "run it in the service's `command`, before the program, or in a service of its own that depends on this one",
        )
    } else if says("pre_stop` is") {
        Some("let the program do it when it gets its `stop_signal`; `stop_grace_period` says how long it may take")
    } else if says("names the file") {
        Some(
            "leave it out for the engine's own profile, or make the profile that of the engine (`seccomp-profile` in daemon.json)",
        )
    } else {
        None
    }
}

fn files(application: &Application, service: &Service, refuse: &mut Refuse<'_>) {
    let groups =
        [("secrets", &service.secrets, &application.secrets), ("configs", &service.configs, &application.configs)];
    for (group, references, objects) in groups {
        for reference in references {
            let Some(object) = objects.get(&reference.source) else { continue };
            let owners = [("uid", &reference.uid), ("gid", &reference.gid)];
            let named = owners
                .into_iter()
                .find_map(|(key, id)| Some((key, id.as_ref().filter(|id| id.parse::<u32>().is_err())?)));
            let special = reference.mode.filter(|mode| *mode > 0o777);
            match &object.source {
                FileSource::External => refuse(
                    &reference.position,
                    group,
                    &format!(
                        "names `{}`, which is external: an engine keeps none; use `file` or `environment`",
                        reference.source
                    ),
                ),
                // Docker Compose heeds them where it writes the file itself, and nowhere else.
                FileSource::Content(_) | FileSource::Environment { .. } => {
                    if let FileSource::Environment { variable, value: None } = &object.source {
                        let why = format!("names `{}`, whose variable `{variable}` is not set", reference.source);
                        refuse(&reference.position, group, &why);
                    }
                    if let Some((key, id)) = named {
                        let why = format!("gives `{}` the {key} `{id}`, which is not a number", reference.source);
                        refuse(&reference.position, group, &why);
                    }
                    if let Some(mode) = special {
                        let why = format!("gives `{}` the mode {mode:o}; bits beyond 0777 are not", reference.source);
                        refuse(&reference.position, group, &format!("{why} those of a text that is read"));
                    }
                }
                FileSource::File(_) => {}
            }
        }
    }
}
