//! What runs now, taken from the engine's answers.
//!
//! Pure: answers in, typed facts out. What cannot be read is taken as not there, because the engine's answers grow
//! and shrink between versions.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::desired::{Endpoint, MAC_ADDRESS, Platform, cleaned};
use crate::{json, labels, reach};

/// Everything of the project that the engine has.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// Containers of services, without one-off ones, in the order of their names.
    pub(crate) containers: Vec<Container>,
    /// Networks by name, as the engine lists them.
    pub(crate) networks: BTreeMap<String, Value>,
    /// Volumes by name, as the engine lists them.
    pub(crate) volumes: BTreeMap<String, Value>,
    /// By reference: the image that the reference means here; none when it is not here.
    pub(crate) images: BTreeMap<String, Option<Image>>,
    /// Networks and volumes that the engine was asked about by name because it does not list them as the project's:
    /// external ones, and those of others.
    pub(crate) looked_up: BTreeSet<(&'static str, String)>,
}

/// What a network is called in [`State::looked_up`].
pub(crate) const NETWORK: &str = "network";
/// What a volume is called there.
pub(crate) const VOLUME: &str = "volume";

/// An image on the host.
#[derive(Debug, Clone, Default)]
pub(crate) struct Image {
    /// `sha256:…`
    pub(crate) id: String,
    /// What containers inherit from it.
    pub(crate) config: Value,
    /// What it is built for, where the engine says it.
    pub(crate) platform: Option<Platform>,
}

impl Image {
    /// From `GET /images/{reference}/json`.
    pub(crate) fn read(answer: &Value) -> Self {
        Self {
            id: json::text(answer, "/Id").unwrap_or_default(),
            config: answer.get("Config").cloned().unwrap_or_default(),
            platform: Platform::of_image(answer),
        }
    }
}

/// A container of a service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Container {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) service: String,
    /// `sha256:…`
    pub(crate) image_id: String,
    /// As it was named when the container was made.
    pub(crate) image: String,
    pub(crate) labels: BTreeMap<String, String>,
    /// `created`, `running`, `restarting`, `exited`, `paused`, `dead`.
    pub(crate) state: String,
    /// Whether it was started within the last minute, as far as the list says it.
    pub(crate) is_young: bool,
    /// `healthy`, `unhealthy` or `starting`, as far as the list says it.
    pub(crate) health: Option<String>,
    /// Volumes that it mounts, with a name or without.
    pub(crate) volumes: Vec<Mounted>,
    /// Where it mounts files that are not on the host any more.
    pub(crate) gone: Vec<String>,
    /// Networks that the list says it is connected to; none where the list does not say.
    pub(crate) networks: Option<BTreeSet<String>>,
    /// `GET /containers/{id}/json`, where it was asked for.
    pub(crate) inspect: Option<Value>,
}

/// A volume in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mounted {
    /// Where it is in the container.
    pub(crate) target: String,
    /// Its name, which the engine made up when no name was given.
    pub(crate) volume: String,
    /// Whether the container can write to it.
    pub(crate) writable: bool,
}

/// A container that gives way, with all that is needed to put it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Old {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) running: bool,
    pub(crate) grace_seconds: u64,
    /// The engine's `RestartPolicy`.
    pub(crate) restart_policy: Value,
    pub(crate) endpoints: Vec<Endpoint>,
    /// Whether it could not be reached already then, so that nothing better is expected of it afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) lacked: bool,
}

impl Container {
    /// From an item of `GET /containers/json`; none for what is not a container of the project's services.
    pub(crate) fn read(item: &Value, project: &str) -> Option<Self> {
        let labels: BTreeMap<String, String> = item
            .get("Labels")
            .and_then(Value::as_object)
            .map(|labels| {
                labels.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
            })
            .unwrap_or_default();
        let of_project = labels.get(labels::PROJECT).is_some_and(|name| name == project);
        let one_off = labels.get(labels::ONEOFF).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if !of_project || one_off {
            return None;
        }
        let name = json::text(item, "/Names/0").unwrap_or_default();
        Some(Self {
            id: json::text(item, "/Id")?,
            name: name.trim_start_matches('/').to_owned(),
            service: labels.get(labels::SERVICE)?.clone(),
            image_id: json::text(item, "/ImageID").unwrap_or_default(),
            image: json::text(item, "/Image").unwrap_or_default(),
            state: json::text(item, "/State").unwrap_or_default(),
            is_young: is_young(&json::text(item, "/Status").unwrap_or_default()),
            health: listed_health(&json::text(item, "/Status").unwrap_or_default()),
            gone: item
                .get("WindlassGone")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|target| target.as_str().map(str::to_owned))
                .collect(),
            networks: item.pointer("/NetworkSettings/Networks").and_then(Value::as_object).map(reach::connected),
            labels,
            volumes: volumes(item),
            inspect: None,
        })
    }

    /// Whether it runs or is about to.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.state.as_str(), "running" | "restarting" | "paused")
    }

    /// Whether it ends and is started again by the engine, again and again. In between, such a container runs for a moment.
    pub(crate) fn is_crashing(&self) -> bool {
        let restarts = self.inspect.as_ref().map_or(0, |inspect| json::number(inspect, "/RestartCount"));
        self.state == "restarting" || (self.is_young && restarts > 0)
    }

    /// Whether it publishes a port of the host, where it was inspected.
    pub(crate) fn publishes(&self, port: u16, protocol: &str) -> bool {
        let bindings = self.inspect.as_ref().and_then(|inspect| inspect.pointer("/HostConfig/PortBindings"));
        let port = port.to_string();
        bindings.and_then(Value::as_object).into_iter().flatten().any(|(inside, outside)| {
            inside.ends_with(&format!("/{protocol}"))
                && outside
                    .as_array()
                    .into_iter()
                    .flatten()
                    .any(|one| json::text(one, "/HostPort").as_ref() == Some(&port))
        })
    }

    /// Whether the agent made it.
    pub(crate) fn is_ours(&self) -> bool {
        self.labels.contains_key(labels::APPLICATION) || self.labels.contains_key(labels::HASH)
    }

    /// The exit code, where it was inspected and ended by itself.
    pub(crate) fn exit_code(&self) -> Option<i64> {
        let inspect = self.inspect.as_ref()?;
        if json::text(inspect, "/State/StartedAt").is_none_or(|time| time.starts_with("0001-")) {
            return None;
        }
        inspect.pointer("/State/ExitCode").and_then(Value::as_i64).filter(|_| self.state == "exited")
    }

    /// What giving way and coming back need.
    pub(crate) fn old(&self) -> Old {
        let empty = Value::Null;
        let inspect = self.inspect.as_ref().unwrap_or(&empty);
        Old {
            id: self.id.clone(),
            name: self.name.clone(),
            running: self.is_running(),
            grace_seconds: inspect.pointer("/Config/StopTimeout").and_then(Value::as_u64).unwrap_or(10),
            restart_policy: inspect
                .pointer("/HostConfig/RestartPolicy")
                .cloned()
                .unwrap_or_else(|| json!({ "Name": "no" })),
            endpoints: endpoints(inspect, &self.id),
            lacked: !reach::lack(inspect, &[], &|_| None).is_nothing(),
        }
    }
}

/// The volumes of an item of `GET /containers/json`.
fn volumes(item: &Value) -> Vec<Mounted> {
    let mounts = item.get("Mounts").and_then(Value::as_array).into_iter().flatten();
    let volumes = mounts.filter(|mount| json::text(mount, "/Type").is_some_and(|kind| kind == "volume"));
    let mut volumes: Vec<Mounted> = volumes
        .filter_map(|mount| {
            Some(Mounted {
                target: cleaned(&json::text(mount, "/Destination")?),
                volume: json::text(mount, "/Name").filter(|name| !name.is_empty())?,
                writable: mount.get("RW").and_then(Value::as_bool).unwrap_or(true),
            })
        })
        .collect();
    // The engine tells them in any order.
    volumes.sort_by(|left, right| left.target.cmp(&right.target));
    volumes
}

/// Whether a volume has a name as the engine makes it up for one without a name.
pub(crate) fn is_made_up(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|letter| letter.is_ascii_hexdigit())
}

/// Whether `Up 3 seconds` is less than a minute, as engines word it.
fn is_young(status: &str) -> bool {
    status.strip_prefix("Up ").is_some_and(|since| since.contains("second"))
}

/// The health in `Up 2 hours (healthy)`.
fn listed_health(status: &str) -> Option<String> {
    let (_, inside) = status.strip_suffix(')')?.rsplit_once('(')?;
    let word = inside.strip_prefix("health: ").unwrap_or(inside);
    matches!(word, "healthy" | "unhealthy" | "starting").then(|| word.to_owned())
}

/// A container's connections, without the names that the engine gives by itself. One that has no networks of its own,
/// the host's say, has none that could be changed.
pub(crate) fn endpoints(inspect: &Value, id: &str) -> Vec<Endpoint> {
    let empty = Map::new();
    let mode = json::text(inspect, "/HostConfig/NetworkMode").unwrap_or_default();
    if matches!(mode.as_str(), "host" | "none" | "bridge" | "default") || mode.starts_with("container:") {
        return Vec::new();
    }
    let networks = inspect.pointer("/NetworkSettings/Networks").and_then(Value::as_object).unwrap_or(&empty);
    let hostname = json::text(inspect, "/Config/Hostname").unwrap_or_default();
    let label = inspect.pointer("/Config/Labels").and_then(|labels| labels.get(labels::HARDWARE_ADDRESSES)?.as_str());
    let addresses: Map<String, Value> = label.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    networks
        .iter()
        .map(|(network, endpoint)| {
            let mut aliases = json::texts(endpoint, "/Aliases");
            aliases.retain(|alias| *alias != hostname && !(alias.len() == 12 && id.starts_with(alias.as_str())));
            let mut settings = settings(endpoint);
            if let Some(address) = addresses.get(network).filter(|address| address.is_string()) {
                settings.insert(MAC_ADDRESS.to_owned(), address.clone());
            }
            Endpoint { network: network.clone(), aliases, settings }
        })
        .collect()
}

/// The first twelve digits of an id: the host name of a container that was given none.
pub(crate) fn short(id: &str) -> String {
    id.chars().take(12).collect()
}

/// The settings that were requested, without those that the engine chose.
fn settings(endpoint: &Value) -> Map<String, Value> {
    let mut settings = Map::new();
    for key in ["IPAMConfig", "Links", "DriverOpts", "GwPriority"] {
        let value = endpoint.get(key).unwrap_or(&Value::Null);
        let is_there = match value {
            Value::Object(fields) => !fields.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Number(number) => number.as_i64() != Some(0),
            _ => false,
        };
        if is_there {
            settings.insert(key.to_owned(), value.clone());
        }
    }
    settings
}

impl State {
    /// Containers of a service.
    pub(crate) fn of_service(&self, service: &str) -> Vec<&Container> {
        self.containers.iter().filter(|container| container.service == service).collect()
    }

    /// The choices of people and tools that a plan depends on: which containers, networks and volumes of the project
    /// there are and which containers run; not uptime, not health and not connections, which a container that restarts
    /// loses and gets (the steps that repair them look for themselves), and nothing that the application changes by
    /// working. When a volume was created is such a thing: the engine's local driver tells the time of the last change
    /// of the volume's directory. What a plan looks up besides is no part of it, because an observation does not know
    /// its name.
    pub(crate) fn basis(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let facts = |facts: &[(&str, String)]| -> BTreeMap<String, String> {
            facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
        };
        let containers = self.containers.iter().map(|container| {
            let state = if container.is_running() { "running" } else { "not running" };
            let image = container.image_id.trim_start_matches("sha256:");
            let facts = facts(&[("id", short(&container.id)), ("image", short(image)), ("state", state.to_owned())]);
            (format!("container {}", container.name), facts)
        });
        let listed = |things: &BTreeMap<String, Value>, kind: &'static str| -> Vec<(String, Value)> {
            let of_project = things.iter().filter(|(name, _)| !self.looked_up.contains(&(kind, (*name).clone())));
            of_project.map(|(name, thing)| (name.clone(), thing.clone())).collect()
        };
        let networks = listed(&self.networks, NETWORK).into_iter().map(|(name, network)| {
            let id = short(&json::text(&network, "/Id").unwrap_or_default());
            (format!("network {name}"), facts(&[("id", id)]))
        });
        let volumes = listed(&self.volumes, VOLUME).into_iter().map(|(name, volume)| {
            let driver = json::text(&volume, "/Driver").unwrap_or_default();
            // In the order of their names: the engine's answers are in any order.
            let fields = |key| -> BTreeMap<&String, &Value> {
                volume.pointer(key).and_then(Value::as_object).into_iter().flatten().collect()
            };
            // Only a hash: an option may hold a password.
            let definition = format!("{driver} {:?} {:?}", fields("/Options"), fields("/Labels"));
            let definition = short(&hex::encode(Sha256::digest(definition)));
            (format!("volume {name}"), facts(&[("definition", definition)]))
        });
        containers.chain(networks).chain(volumes).collect()
    }

    /// Changes when and only when the basis does.
    pub(crate) fn fingerprint(&self) -> String {
        hex::encode(Sha256::digest(json!(self.basis()).to_string()))
    }
}
