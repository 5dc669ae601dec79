//! `windlass init`: a release file and an operator's file from an existing Compose file.
//!
//! Pure: files in, texts out. The command shows them and writes them.

mod artifacts;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path as HostPath;

use windlass_compose::{Application, DataRoot, Files, Loaded, MountKind, Options, Path, Protocol, Service};

use super::compose::{self, ComposeError};
use crate::capability::grants::DATA;
use crate::names::Kind;
use crate::report::{ExitCode, Explain, Place};
use artifacts::Found;

/// What the proposal is made from.
pub struct Inputs<'a> {
    /// The directory that the release file will be in, with the Compose file in it or below it.
    pub files: &'a dyn Files,
    /// The Compose file, relative to that directory; empty for the one that Docker Compose would find.
    pub compose: &'a str,
    /// The application's name; without one, the Compose file's `name`.
    pub application: Option<&'a str>,
    /// The name of the directory, for an application that is named nowhere.
    pub directory: &'a str,
    /// The absolute path of the directory that the release file will be in: the application is bound to it.
    pub place: &'a std::path::Path,
    /// Whether the directory has a file of that path, or a directory with something in it.
    pub is_there: &'a dyn Fn(&str) -> bool,
    /// Where the operator's file is written: no directory with it in it is proposed to be mounted.
    pub agent_file: &'a HostPath,
}

/// The two files that `windlass init` proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The application's name.
    pub application: String,
    /// `release.toml`, commented.
    pub release_file: String,
    /// `agent.toml`, commented, with the grants that the release needs.
    pub agent_file: String,
    /// What a person should look at.
    pub remarks: Vec<String>,
    /// Where images must be built before the release can be made: `.windlassignore`, so that what is made is no part of the
    /// next release.
    pub ignore_file: Option<String>,
}

/// Why there is no proposal.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The Compose file cannot be used.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The name cannot be an application's.
    #[error("`{name}` is not an application's name: {}", Kind::Application.grammar())]
    Name {
        /// The name, without control characters.
        name: String,
    },
}

impl Explain for InitError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Compose(error) => error.exit(),
            Self::Name { .. } => ExitCode::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Compose(error) => error.hint(),
            Self::Name { .. } => Some("give one with `--application NAME`".into()),
        }
    }

    fn place(&self) -> Option<Place> {
        match self {
            Self::Compose(error) => error.place(),
            Self::Name { .. } => None,
        }
    }
}

/// What the operator must allow, found in the Compose file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Needs {
    /// Host directories that are mounted.
    bind_roots: BTreeSet<String>,
    /// The directory for data, where containers write to relative paths.
    data_root: Option<String>,
    /// Whether the engine's socket is mounted.
    docker_socket: bool,
    /// Registries of the images.
    registries: BTreeSet<String>,
    /// Published TCP ports, for the examples of smoke tests.
    ports: BTreeMap<u16, String>,
}

/// What is never mounted, whatever is granted, where nothing else is said.
const NEVER: &[(&str, &str)] = &[
    ("/etc/windlass", "the operator's configuration"),
    ("/var/lib/windlass", "the agent's state"),
    ("/var/lib/docker", "the engine's data"),
    ("/run/docker.sock", "the engine's socket"),
    ("/var/run/docker.sock", "the engine's socket"),
];

impl Needs {
    /// Takes out roots that the agent would refuse to mount all the same.
    fn leave_out(&mut self, agent_file: &HostPath, remarks: &mut Vec<String>) {
        let never = NEVER.iter().map(|(path, what)| (HostPath::new(path), *what));
        let never: Vec<_> = never.chain([(agent_file, "the operator's file that is written here")]).collect();
        self.bind_roots.retain(|root| {
            let path = HostPath::new(root);
            let Some((place, what)) =
                never.iter().find(|(place, _)| place.starts_with(path) || path.starts_with(place))
            else {
                return true;
            };
            remarks.push(format!(
                "a service mounts `{root}`, which no grant allows: it is, contains or is inside {what} ({})",
                place.display()
            ));
            false
        });
    }
}

/// Proposes the two files.
pub fn propose(inputs: &Inputs<'_>) -> Result<Proposal, InitError> {
    let files = if inputs.compose.is_empty() { Vec::new() } else { vec![inputs.compose.to_owned()] };
    let options = Options { files, profiles: vec!["*".to_owned()], ..Options::default() };
    let loaded = compose::read(inputs.files, &options)?;
    let application = name(inputs, &loaded.application)?;
    let found = artifacts::find(&loaded.application, &application);
    let mut needs = needs(&loaded.application, &found);
    let mut remarks = loaded.warnings.clone();
    data(inputs, &application, &loaded, &mut needs, &mut remarks);
    needs.leave_out(inputs.agent_file, &mut remarks);
    remarks.extend(found.remarks.iter().cloned());
    if needs.docker_socket {
        remarks.push("a service mounts the engine's socket and can do anything on this host; the grant says so".into());
    }
    Ok(Proposal {
        release_file: write::release_file(&application, &loaded.files, &loaded.application, &found, &needs),
        agent_file: write::agent_file(&application, inputs.place, &needs),
        ignore_file: found.artifacts.values().any(|artifact| artifact.built).then(|| write::ignore_file(&application)),
        application,
        remarks,
    })
}

/// A name that was given must fit; one that is guessed is made to.
fn name(inputs: &Inputs<'_>, application: &Application) -> Result<String, InitError> {
    let given = inputs.application.or(application.name.as_deref());
    let name = given.map_or_else(|| artifacts::plain_name(inputs.directory), str::to_owned);
    if name == artifacts::plain_name(&name) && !name.is_empty() {
        Ok(name)
    } else {
        Err(InitError::Name { name: name.chars().take(100).collect::<String>().escape_debug().to_string() })
    }
}

/// Proposes a directory for what containers write to by relative paths, and says what of it is where.
fn data(inputs: &Inputs<'_>, application: &str, loaded: &Loaded, needs: &mut Needs, remarks: &mut Vec<String>) {
    let root = format!("{DATA}/{application}");
    let mut on_host = loaded.application.clone();
    let problems = on_host.place_data(&DataRoot {
        root: Ok(&root),
        project: loaded.project_directory(),
        is_released: inputs.is_there,
    });
    let mut binds = loaded.application.data_mounts().peekable();
    if binds.peek().is_some() {
        needs.data_root = Some(root);
    }
    let place_of = |service: &str, target: &str| {
        let mount = on_host.services.get(service)?.mounts.iter().find(|mount| mount.target == target)?;
        match &mount.kind {
            MountKind::Bind { source: Path::Host(path), .. } => Some(path.clone()),
            _ => None,
        }
    };
    for bind in binds {
        if let Some(place) = place_of(bind.service, bind.target) {
            remarks.push(format!(
                "the service `{}` writes to `{}`, which will be `{place}` on this host (`data-root` in agent.toml); move there \
                 what it has now",
                bind.service, bind.path
            ));
        }
    }
    for problem in problems {
        let hint = problem.hint.as_deref().map(|hint| format!(": {hint}")).unwrap_or_default();
        remarks.push(format!("{problem}{hint}"));
    }
}

fn needs(application: &Application, found: &Found) -> Needs {
    let mut needs = Needs::default();
    for service in application.services.values() {
        binds(service, &mut needs);
        for port in &service.ports {
            if port.protocol == Protocol::Tcp
                && let Some(published) = port.fixed()
            {
                needs.ports.entry(published).or_insert_with(|| service.name.clone());
            }
        }
    }
    let pulled = found.artifacts.values().filter(|artifact| !artifact.built);
    needs.registries = pulled.map(|artifact| artifact.reference.registry().to_owned()).collect();
    needs
}

fn binds(service: &Service, needs: &mut Needs) {
    for mount in &service.mounts {
        let MountKind::Bind { source: Path::Host(path), .. } = &mount.kind else { continue };
        if path.ends_with("/docker.sock") {
            needs.docker_socket = true;
        } else {
            needs.bind_roots.insert(path.clone());
        }
    }
}

#[cfg(test)]
#[path = "init/tests.rs"]
mod tests;
