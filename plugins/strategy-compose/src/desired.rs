//! What should run: bodies for the engine, made from the model and the release.
//!
//! Pure: the same files and the same release give the same bodies and the same hashes. The bodies are those that
//! Docker Compose 2.26 sends to an engine of API 1.41, with the image pinned; `docs/` of this repository and the tests
//! list the differences.

mod body;
mod hash;
mod host;
mod limits;
mod mounts;
mod networks;
mod pin;
mod refused;
mod replace;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};
use windlass_compose::{Application, Condition, Problem, Problems, RestartPolicy, Service};
use windlass_documents::Release;

use crate::Config;

pub(crate) use mounts::{BUNDLE, CONTENT};
pub(crate) use pin::Pinned;
pub(crate) use replace::Manner;

/// A whole application as it should run.
#[derive(Debug, Clone)]
pub(crate) struct Desired {
    pub(crate) project: String,
    /// By the services' names.
    pub(crate) services: BTreeMap<String, DesiredService>,
    /// By key in the file.
    pub(crate) networks: BTreeMap<String, Resource>,
    /// By key in the file.
    pub(crate) volumes: BTreeMap<String, Resource>,
    pub(crate) warnings: Vec<String>,
    /// The settling time.
    pub(crate) settle: Duration,
}

/// One container as it should run.
#[derive(Debug, Clone)]
pub(crate) struct DesiredService {
    pub(crate) service: Service,
    /// The container's name: `kudos-backend-1`.
    pub(crate) container: String,
    pub(crate) image: Pinned,
    /// The body of `POST /containers/create`, with all labels but the image's id.
    pub(crate) body: Value,
    /// Networks in the order in which the container is connected, each with its names there. The first one is part of
    /// the body.
    pub(crate) endpoints: Vec<Endpoint>,
    /// Changes when and only when the container must be replaced.
    pub(crate) hash: String,
    /// Files of the release that it mounts: target to digest.
    pub(crate) files: BTreeMap<String, String>,
    /// Whether it is meant to end: a migration, say.
    pub(crate) is_job: bool,
    pub(crate) manner: Manner,
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

    /// The same connection without names, so that nobody finds the container by them.
    pub(crate) fn unnamed(&self) -> Self {
        Self { aliases: Vec::new(), ..self.clone() }
    }
}

/// A network or a volume.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// The name in the engine.
    pub(crate) name: String,
    /// Whether somebody else makes and keeps it.
    pub(crate) external: bool,
    /// The body of its creation.
    pub(crate) body: Value,
}

/// Makes bodies of the model. `compose_files` are the paths of the Compose files in the bundle.
pub(crate) fn desired(
    application: &Application,
    compose_files: &[String],
    release: &Release,
    config: &Config,
) -> Result<Desired, Problems> {
    let project = config.project_of(&release.application);
    let mut problems = Vec::new();
    refused::of_networks(application, &mut problems);
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
    let scope =
        Scope { project: &project, application, compose_files, release, networks: &networks, volumes: &volumes };
    for service in application.services.values() {
        let is_job = jobs.contains(&service.name.as_str());
        match one(&scope, service, is_job, config) {
            Ok(desired) => {
                services.insert(service.name.clone(), desired);
            }
            Err(mut own) => problems.append(&mut own),
        }
    }
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    let warnings = Vec::new();
    Ok(Desired { project, services, networks, volumes, warnings, settle: config.settle.0 })
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

fn one(scope: &Scope<'_>, service: &Service, is_job: bool, config: &Config) -> Result<DesiredService, Vec<Problem>> {
    let mut problems = Vec::new();
    let image = pin::pin(service, scope.release).unwrap_or_else(|problem| {
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
    let container = networks::container(scope.project, service);
    let endpoints = networks::endpoints(scope, service, &container);
    let mut body = body::body(service, &image, &mounted, &endpoints);
    let hash = hash::hash(&body, &endpoints, &mounted.files);
    body::label(&mut body, scope, service, &image, &hash, &mounted.files);
    Ok(DesiredService {
        container,
        image,
        body,
        endpoints,
        hash,
        files: mounted.files,
        is_job,
        manner,
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
