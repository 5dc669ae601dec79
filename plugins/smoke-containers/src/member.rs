//! A container of the application, as far as this plugin looks at it.

use std::collections::BTreeSet;

use windlass_sdk::prelude::*;

/// The label by which Docker Compose and Windlass name a container's service.
const SERVICE: &str = "com.docker.compose.service";
/// Which of its service's containers a container is, from 1.
const NUMBER: &str = "com.docker.compose.container-number";
/// Marks containers of `docker compose run`.
const ONEOFF: &str = "com.docker.compose.oneoff";
/// The release that a container was made for.
const RELEASE: &str = "windlass.release";
/// The deployment that made a container.
const DEPLOYMENT: &str = "windlass.deployment";

/// One container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) service: String,
    pub(crate) number: u64,
    pub(crate) release: Option<String>,
    pub(crate) deployment: Option<String>,
    /// `created`, `running`, `paused`, `restarting`, `exited`, `dead`.
    pub(crate) state: String,
    /// `healthy`, `unhealthy`, `starting`; none without a health check.
    pub(crate) health: Option<String>,
    /// What the last health check printed.
    pub(crate) health_output: Option<String>,
    pub(crate) exit_code: i64,
    pub(crate) restarts: u64,
    pub(crate) started: String,
    /// Whether the engine starts it again when it ends.
    pub(crate) is_restarted: bool,
    /// Its networks: the network's name, its address there, its aliases there.
    pub(crate) networks: Vec<Attachment>,
}

/// A container's place in a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub(crate) network: String,
    pub(crate) address: String,
    pub(crate) aliases: BTreeSet<String>,
}

/// A service, or one of its containers where it has several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) service: String,
    /// From 1; any where it is none.
    number: Option<u64>,
}

impl Place {
    /// All containers of a service.
    pub(crate) fn service(name: &str) -> Self {
        Self { service: name.to_owned(), number: None }
    }

    /// What a plan means by `service web` and `service web#2`: the first and the second container of `web`.
    pub(crate) fn of_subject(subject: &str) -> Option<Self> {
        let name = subject.strip_prefix("service ")?;
        Some(match name.rsplit_once('#').and_then(|(service, number)| Some((service, number.parse().ok()?))) {
            Some((service, number)) => Self { service: service.to_owned(), number: Some(number) },
            None => Self { service: name.to_owned(), number: Some(1) },
        })
    }

    pub(crate) fn is_of(&self, member: &Member) -> bool {
        self.service == member.service && self.number.is_none_or(|number| number == member.number)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.number {
            None | Some(1) => formatter.write_str(&self.service),
            Some(number) => write!(formatter, "{}#{number}", self.service),
        }
    }
}

impl Member {
    /// Reads the answer of `GET /containers/{id}/json`; none when it is no service's container.
    pub(crate) fn read(inspection: &Value) -> Option<Self> {
        let text = |pointer: &str| inspection.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let labels = inspection.pointer("/Config/Labels")?;
        let label = |name: &str| labels.get(name).and_then(Value::as_str).map(str::to_owned);
        if label(ONEOFF).is_some_and(|value| value == "True") {
            return None;
        }
        let health = text("/State/Health/Status").filter(|status| status != "none" && !status.is_empty());
        let outputs = inspection.pointer("/State/Health/Log").and_then(Value::as_array);
        let last = outputs.and_then(|log| log.last()?.get("Output")?.as_str().map(str::trim).map(str::to_owned));
        let policy = text("/HostConfig/RestartPolicy/Name").unwrap_or_default();
        Some(Self {
            id: text("/Id")?,
            name: text("/Name").unwrap_or_default().trim_start_matches('/').to_owned(),
            service: label(SERVICE)?,
            number: label(NUMBER).and_then(|number| number.parse().ok()).unwrap_or(1),
            release: label(RELEASE),
            deployment: label(DEPLOYMENT),
            state: text("/State/Status").unwrap_or_default(),
            health,
            health_output: last.filter(|output| !output.is_empty()),
            exit_code: inspection.pointer("/State/ExitCode").and_then(Value::as_i64).unwrap_or_default(),
            restarts: inspection.pointer("/RestartCount").and_then(Value::as_u64).unwrap_or_default(),
            started: text("/State/StartedAt").unwrap_or_default(),
            is_restarted: !matches!(policy.as_str(), "" | "no"),
            networks: networks(inspection),
        })
    }

    fn place(&self) -> (String, u64) {
        (self.service.clone(), self.number)
    }

    /// Whether it did its work and ended, as a migration does.
    pub(crate) fn is_done(&self) -> bool {
        self.state == "exited" && self.exit_code == 0 && !self.is_restarted
    }
}

fn networks(inspection: &Value) -> Vec<Attachment> {
    let Some(networks) = inspection.pointer("/NetworkSettings/Networks").and_then(Value::as_object) else {
        return Vec::new();
    };
    networks
        .iter()
        .map(|(network, endpoint)| {
            let text = |name: &str| endpoint.get(name).and_then(Value::as_str).unwrap_or_default();
            let aliases = endpoint.get("Aliases").and_then(Value::as_array).into_iter().flatten();
            let address = if text("IPAddress").is_empty() { text("GlobalIPv6Address") } else { text("IPAddress") };
            Attachment {
                network: network.clone(),
                address: address.to_owned(),
                aliases: aliases.filter_map(|alias| alias.as_str().map(str::to_owned)).collect(),
            }
        })
        .collect()
}

/// The containers that count: of each place in a service, those of the release where there are any, otherwise all that
/// are not leftovers of an earlier one.
pub(crate) fn current(mut members: Vec<Member>, release: &str) -> Vec<Member> {
    let places = |counts: &dyn Fn(&Member) -> bool| -> BTreeSet<(String, u64)> {
        members.iter().filter(|member| counts(member)).map(Member::place).collect()
    };
    let of_release = places(&|member| member.release.as_deref() == Some(release));
    let running = places(&|member| member.state == "running");
    members.retain(|member| {
        if of_release.contains(&member.place()) {
            member.release.as_deref() == Some(release)
        } else {
            // What the release did not touch has no old version beside it, unless one was left stopped.
            member.state == "running" || !running.contains(&member.place())
        }
    });
    members.sort_by(|a, b| (&a.service, &a.name).cmp(&(&b.service, &b.name)));
    members
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A healthy container of a release.
    pub(crate) fn member(service: &str, release: &str) -> Member {
        Member::read(&json!({
            "Id": format!("{service}-{release}"), "Name": format!("/app-{service}-1"), "RestartCount": 0,
            "Config": { "Labels": {
                SERVICE: service, RELEASE: release, DEPLOYMENT: format!("deployment-of-{release}"),
            } },
            "State": { "Status": "running", "ExitCode": 0, "StartedAt": "2026-01-01T00:00:00Z",
                "Health": { "Status": "healthy", "Log": [{ "Output": "fine\n" }] } },
            "HostConfig": { "RestartPolicy": { "Name": "unless-stopped" } },
            "NetworkSettings": { "Networks": { "app_default": {
                "IPAddress": "172.18.0.2", "Aliases": [service, "alias"],
            } } },
        }))
        .unwrap()
    }

    #[test]
    fn an_inspection_is_read() {
        let member = member("web", "r1");
        assert_eq!((member.name.as_str(), member.health.as_deref()), ("app-web-1", Some("healthy")));
        assert_eq!(member.health_output.as_deref(), Some("fine"));
        assert_eq!(member.networks[0].address, "172.18.0.2");
        assert_eq!(Member::read(&json!({ "Id": "x", "Config": { "Labels": {} } })), None);
    }

    #[test]
    fn a_plan_names_each_container_of_a_service() {
        let second = Member { number: 2, ..member("web", "r1") };
        let place = Place::of_subject("service web#2").unwrap();
        assert!(place.is_of(&second) && !place.is_of(&member("web", "r1")) && place.to_string() == "web#2");
        let first = Place::of_subject("service web").unwrap();
        assert!(first.is_of(&member("web", "r1")) && !first.is_of(&second) && first.to_string() == "web");
        assert!(Place::service("web").is_of(&second));
        assert_eq!(Place::of_subject("network web"), None);
    }

    #[test]
    fn old_containers_beside_the_new_do_not_count() {
        let old = Member { state: "exited".to_owned(), ..member("web", "r1") };
        let kept = member("db", "r0");
        let counted = current(vec![old, member("web", "r2"), kept.clone()], "r2");
        assert_eq!(counted, [kept.clone(), member("web", "r2")]);
        let second = Member { number: 2, ..member("db", "r2") };
        assert_eq!(current(vec![kept.clone(), second.clone()], "r2"), [kept, second], "the first one was kept");
    }
}
