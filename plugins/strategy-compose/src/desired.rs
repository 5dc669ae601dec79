//! What should run: bodies for the engine, made from the model and the release.
//!
//! Pure: the same files and the same release give the same bodies and the same hashes, on every engine: an engine that
//! does not have what they say is refused. The bodies are those that Docker Compose 2.26 sends to an engine of API 1.41,
//! with the image pinned; `docs/` of this repository and the tests list the differences.

mod above;
mod body;
mod carried;
mod content;
mod hash;
mod host;
mod later;
mod limits;
mod mounts;
mod networks;
mod pin;
mod platform;
mod refused;
mod replace;
mod shared;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value, json};
use windlass_compose::{Application, Condition, Problem, Problems, RestartPolicy, Service};
use windlass_domain::Release;
use windlass_sdk::Context;

use crate::{Config, labels};

pub(crate) use carried::{carry, cleaned, declared};
pub(crate) use content::{Content, NO_PROGRAM, PROGRAM};
pub(crate) use later::Api;
pub(crate) use limits::as_asked;
pub(crate) use mounts::{BUNDLE, CONTENT, RECURSION};
pub(crate) use networks::MAC_ADDRESS;
pub(crate) use pin::Pinned;
pub(crate) use platform::Platform;
pub(crate) use replace::Manner;
pub(crate) use shared::{fill, name, named};

/// A whole application as it should run.
#[derive(Debug, Clone)]
pub(crate) struct Desired {
    pub(crate) project: String,
    /// By [`DesiredService::key`]; a service with replicas is here more than once, one with none is not.
    pub(crate) services: BTreeMap<String, DesiredService>,
    /// Services of the files that should have no container.
    pub(crate) idle: BTreeSet<String>,
    /// The services with their profiles, where none is active: then nothing is to be deployed.
    pub(crate) asleep: BTreeMap<String, Vec<String>>,
    /// By key in the file.
    pub(crate) networks: BTreeMap<String, Resource>,
    /// By key in the file.
    pub(crate) volumes: BTreeMap<String, Resource>,
    pub(crate) warnings: Vec<String>,
    /// The settling time.
    pub(crate) settle: Duration,
    /// Whether containers of services that the files do not have go also where Docker Compose made them.
    pub(crate) remove_orphans: bool,
    /// What is known of the release besides its files.
    pub(crate) standing: Standing,
}

/// What a release is to what ran before it is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Standing {
    /// Nothing was deployed before.
    #[default]
    First,
    /// It is the release that should run already.
    Runs,
    /// Another one should run.
    Other,
    /// Another one should run, and this deployment is a rollback to this one.
    Back,
}

impl Standing {
    /// As the agent tells it.
    pub(crate) fn of(context: &Context<'_>) -> windlass_sdk::Result<Self> {
        let Some(running) = context.running()? else { return Ok(Self::First) };
        Ok(if running.id == context.release()?.id {
            Self::Runs
        } else if context.purpose() == "rollback" {
            Self::Back
        } else {
            Self::Other
        })
    }

    /// Whether the release ran here, so that a flaw of its files must not prevent its deployment.
    pub(crate) fn has_run(self) -> bool {
        matches!(self, Self::Runs | Self::Back)
    }
}

impl DesiredService {
    /// The references of all images that it needs: its own, and those whose files it mounts.
    pub(crate) fn images(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.image).chain(&self.mounted_images).map(|image| image.reference.as_str())
    }
}

impl Desired {
    /// Whether the files have a service of that name.
    pub(crate) fn knows(&self, service: &str) -> bool {
        self.idle.contains(service) || self.services.contains_key(service)
    }

    /// The containers of a service as they should run, by number.
    pub(crate) fn of_service<'a>(&'a self, service: &'a str) -> impl Iterator<Item = &'a DesiredService> {
        let first = self.services.get(service);
        let more = first.map_or(0, |first| first.service.replicas());
        let more = (2..=more).filter_map(move |number| self.services.get(&key(service, number)));
        first.into_iter().chain(more)
    }

    /// What should be of a container, by its name.
    pub(crate) fn of_container(&self, service: &str, name: &str) -> Option<&DesiredService> {
        let first = self.services.get(service)?;
        if first.container == name {
            return Some(first);
        }
        let number = name.rsplit_once('-').and_then(|(_, number)| number.parse().ok())?;
        self.services.get(&key(service, number)).filter(|desired| desired.container == name)
    }
}

/// `web` for the first container of a service, `web#2` for the second: no service's name has that character.
fn key(service: &str, number: u32) -> String {
    if number == 1 { service.to_owned() } else { format!("{service}#{number}") }
}

/// One container as it should run.
#[derive(Debug, Clone)]
pub(crate) struct DesiredService {
    pub(crate) service: Service,
    /// The service's name, with the number of the container where that is not the first.
    pub(crate) key: String,
    /// The container's name: `kudos-backend-1`.
    pub(crate) container: String,
    pub(crate) image: Pinned,
    /// Images whose files it mounts.
    pub(crate) mounted_images: Vec<Pinned>,
    /// The body of `POST /containers/create`, with all labels but the image's id.
    pub(crate) body: Value,
    /// Networks in the order in which the container is connected, each with its names there. The first one is part of
    /// the body.
    pub(crate) endpoints: Vec<Endpoint>,
    /// Changes when and only when the container must be replaced.
    pub(crate) hash: String,
    /// The same without the modes of mounted files, as earlier versions made it.
    pub(crate) hash_before: String,
    /// Files of the release that it mounts, by target.
    pub(crate) files: BTreeMap<String, Content>,
    /// Whether it is meant to end: a migration, say.
    pub(crate) is_job: bool,
    pub(crate) manner: Manner,
    /// Services on whose containers it lives: their namespaces, their volumes.
    pub(crate) shares: BTreeSet<String>,
    /// Services with which it restarts; those that it lives on are among them.
    pub(crate) bound: BTreeSet<String>,
    /// How long the old one may finish what it began.
    pub(crate) drain: Duration,
    /// How long it may take to become healthy, or to end.
    pub(crate) deadline: Duration,
}

/// A connection of a container to a network.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Endpoint {
    /// The network's name in the engine.
    pub(crate) network: String,
    /// The container's names there, besides those that the engine gives.
    pub(crate) aliases: Vec<String>,
    /// What else the engine is told: addresses, links, options of the driver.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) settings: Map<String, Value>,
}

impl Endpoint {
    /// The engine's `EndpointConfig`.
    pub(crate) fn config(&self) -> Value {
        let mut config = self.settings.clone();
        config.insert("Aliases".to_owned(), json!(self.aliases));
        Value::Object(config)
    }

    /// The same connection without names, so that no other container finds this one by them.
    pub(crate) fn unnamed(&self) -> Self {
        Self { aliases: Vec::new(), ..self.clone() }
    }
}

/// A network or a volume.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// The name in the engine.
    pub(crate) name: String,
    /// Whether it is made and kept outside of the application.
    pub(crate) external: bool,
    /// The body of its creation.
    pub(crate) body: Value,
}

/// Makes bodies of the model. `compose_files` are the paths of the Compose files in the bundle; `api` is what the engine
/// is spoken to in, which matters where [`Application::later`] is not empty.
pub(crate) fn desired(
    application: &Application,
    compose_files: &[String],
    release: &Release,
    config: &Config,
    api: &Api,
) -> Result<Desired, Problems> {
    let project = config.project_of(&release.application);
    let mut problems = Vec::new();
    later::add(application, api, &mut problems);
    above::add(application, &mut problems);
    let networks: BTreeMap<String, Resource> = application
        .networks
        .iter()
        .map(|(key, network)| (key.clone(), networks::network(&project, key, network)))
        .collect();
    let volumes: BTreeMap<String, Resource> = application
        .volumes
        .iter()
        .map(|(key, volume)| (key.clone(), networks::volume(&project, key, volume)))
        .collect();
    let jobs: Vec<&str> = application
        .services
        .values()
        .flat_map(|service| &service.depends_on)
        .filter(|(_, dependency)| dependency.condition == Condition::Completed)
        .map(|(name, _)| name.as_str())
        .collect();

    let mut services = BTreeMap::new();
    let mut idle = BTreeSet::new();
    let scope =
        Scope { project: &project, application, compose_files, release, networks: &networks, volumes: &volumes };
    for service in application.services.values() {
        let is_job = jobs.contains(&service.name.as_str());
        if service.replicas() == 0 {
            idle.insert(service.name.clone());
        }
        for number in 1..=service.replicas().min(refused::MOST_REPLICAS) {
            match one(&scope, service, number, is_job, config) {
                Ok(desired) => {
                    services.insert(desired.key.clone(), desired);
                }
                Err(mut own) => {
                    problems.append(&mut own);
                    // The others have the same.
                    break;
                }
            }
        }
    }
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    let warnings = mounts::warnings(application);
    let (settle, remove_orphans) = (config.settle.0, config.remove_orphans);
    let asleep = if services.is_empty() && idle.is_empty() { application.inactive.clone() } else { BTreeMap::new() };
    Ok(Desired {
        project,
        services,
        idle,
        asleep,
        networks,
        volumes,
        warnings,
        settle,
        remove_orphans,
        standing: Standing::default(),
    })
}

/// What the body of a service is made from, besides the service.
struct Scope<'a> {
    project: &'a str,
    application: &'a Application,
    compose_files: &'a [String],
    release: &'a Release,
    networks: &'a BTreeMap<String, Resource>,
    volumes: &'a BTreeMap<String, Resource>,
}

/// The container of a service with that number.
fn one(
    scope: &Scope<'_>,
    service: &Service,
    number: u32,
    is_job: bool,
    config: &Config,
) -> Result<DesiredService, Vec<Problem>> {
    let mut problems = Vec::new();
    let image = pin::pin(service, scope.release, scope.project).unwrap_or_else(|problem| {
        problems.push(problem);
        Pinned::default()
    });
    let mounted = mounts::mounts(scope, service, &mut problems);
    let policy = service.effective_restart().policy;
    if is_job && matches!(policy, RestartPolicy::Always | RestartPolicy::UnlessStopped) {
        problems.push(Problem::at(
            &service.position,
            format!(
                "others wait until `services.{}` ends, but `restart: {}` never lets it end",
                service.name,
                policy.as_str()
            ),
        ));
    }
    refused::add(scope.application, service, &mut problems);
    let manner = replace::manner(service, is_job).unwrap_or_else(|problem| {
        problems.push(problem);
        Manner::StartFirst
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    let container = networks::container(scope.project, service, number);
    let endpoints = networks::endpoints(scope, service, &container);
    let mut body = body::body(service, &image, &mounted, &endpoints);
    let hash = |with_modes| hash::hash(&body, &endpoints, &content::hashed(&mounted.files, with_modes));
    let (hash, hash_before) = (hash(true), hash(false));
    body::label(&mut body, scope, service, number, &image, &hash, &mounted.files);
    let endpoints = networks::with_first_address(endpoints, service);
    let addresses = networks::addresses(&endpoints);
    if !addresses.is_empty() {
        body["Labels"][labels::HARDWARE_ADDRESSES] = json!(Value::Object(addresses).to_string());
    }
    if is_job {
        body["Labels"][labels::VOLUMES] = json!(labels::DISCARD);
    }
    Ok(DesiredService {
        key: key(&service.name, number),
        container,
        image,
        body,
        endpoints,
        hash,
        hash_before,
        files: mounted.files,
        mounted_images: mounted.images,
        is_job,
        manner,
        shares: shared::shares(service),
        bound: shared::bound(service),
        drain: service.windlass.drain.unwrap_or(config.drain.0),
        deadline: deadline(service, config),
        service: service.clone(),
    })
}

/// A service whose health check may say no for longer than the configured time is given that time.
fn deadline(service: &Service, config: &Config) -> Duration {
    if let Some(deadline) = service.windlass.deadline {
        return deadline;
    }
    let configured = config.health_timeout.0;
    let Some(check) = &service.healthcheck else { return configured };
    // The engine's defaults where the file says nothing.
    let interval = check.interval.unwrap_or(Duration::from_secs(30));
    let timeout = check.timeout.unwrap_or(Duration::from_secs(30));
    let retries = u32::try_from(check.retries.unwrap_or(3)).unwrap_or(3).clamp(1, 1_000);
    let needed = check.start_period.unwrap_or_default()
        + interval.saturating_add(timeout.min(interval)).saturating_mul(retries)
        + Duration::from_secs(30);
    if check.is_disabled() { configured } else { configured.max(needed) }
}
