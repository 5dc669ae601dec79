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
        add(self, service, &mut |position, key, why, instead| {
            let problem = Problem::at(position, format!("`services.{}.{key}` {why}", service.name));
            problems.push(match instead {
                Some(hint) => problem.hint(hint),
                None => problem,
            });
        });
        problems
    }
}

/// Takes where a key stands, the key, why it is refused, and what to write instead where there is such a thing.
type Refuse<'a> = dyn FnMut(&Position, &str, &str, Option<&str>) + 'a;

const INSTEAD_OF_PRE_START: &str = "make it a service of its own that ends, and let others wait for it: \
                                    `depends_on: {NAME: {condition: service_completed_successfully}}`";
const INSTEAD_OF_POST_START: &str = "run it in the service's `command`, before the program, or in a service of its own \
                                     that depends on this one";
const INSTEAD_OF_PRE_STOP: &str =
    "let the program do it when it gets its `stop_signal`; `stop_grace_period` says how long it may take";
const INSTEAD_OF_A_PROFILE: &str = "leave it out for the engine's own profile, or make the profile that of the engine \
                                    (`seccomp-profile` in daemon.json)";

fn add(application: &Application, service: &Service, refuse: &mut Refuse<'_>) {
    if let Some(deploy) = &service.deploy
        && let Some(mode) = deploy.mode.as_deref().filter(|mode| *mode != "replicated")
    {
        refuse(&deploy.position, "deploy.mode", &format!("is `{mode}`, which is for clusters"), None);
    }
    files(application, service, refuse);
    let hooks = [
        ("pre_start", &service.pre_start, INSTEAD_OF_PRE_START),
        ("post_start", &service.post_start, INSTEAD_OF_POST_START),
        ("pre_stop", &service.pre_stop, INSTEAD_OF_PRE_STOP),
    ];
    for (key, hooks, instead) in hooks {
        if let Some(hook) = hooks.first() {
            refuse(&hook.position, key, "is not supported yet", Some(instead));
        }
    }
    if service.healthcheck.as_ref().is_some_and(|check| check.start_interval.is_some() && check.start_period.is_none())
    {
        let why = "needs a `start_period` beside it: the time in which it is used";
        refuse(&service.position, "healthcheck.start_interval", why, None);
    }
    if service.networks.is_empty() && service.namespaces.network.is_none() {
        let why = "is empty; leave it out, or write `none` for no network at all";
        refuse(&service.position, "network_mode", why, None);
    }
    for host in &service.extra_hosts {
        let (name, address) = host.split_once(':').unwrap_or((host, ""));
        if address != "host-gateway" && address.parse::<IpAddr>().is_err() {
            let why =
                format!("gives `{name}` the address `{address}`, which is neither an IP address nor `host-gateway`");
            refuse(&service.position, "extra_hosts", &why, None);
        }
    }
    for option in &service.security_opt {
        let file = option.strip_prefix("seccomp").and_then(|rest| rest.strip_prefix([':', '=']));
        if let Some(file) = file.filter(|value| !matches!(*value, "unconfined" | "builtin")) {
            let why = format!("names the file `{file}`, which is not supported yet");
            refuse(&service.position, "security_opt", &why, Some(INSTEAD_OF_A_PROFILE));
        }
    }
    if service.pull_policy.as_deref() == Some("build") && service.build.is_none() {
        refuse(&service.position, "pull_policy", "is `build`, and nothing says how the image is built", None);
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
                    None,
                ),
                // Docker Compose heeds them where it writes the file itself, and nowhere else.
                FileSource::Content(_) | FileSource::Environment { .. } => {
                    if let FileSource::Environment { variable, value: None } = &object.source {
                        let why = format!("names `{}`, whose variable `{variable}` is not set", reference.source);
                        refuse(&reference.position, group, &why, None);
                    }
                    if let Some((key, id)) = named {
                        let why = format!("gives `{}` the {key} `{id}`, which is not a number", reference.source);
                        refuse(&reference.position, group, &why, None);
                    }
                    if let Some(mode) = special {
                        let why = format!("gives `{}` the mode {mode:o}; bits beyond 0777 are not", reference.source);
                        refuse(&reference.position, group, &format!("{why} those of a text that is read"), None);
                    }
                }
                FileSource::File(_) => {}
            }
        }
    }
}
