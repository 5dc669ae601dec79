//! A release file and an operator's file from an existing Compose file.
//!
//! [`propose`] is pure: files in, texts out. [`prepare`] reads the caller's files and says where the proposed ones would be.
//! Showing them and asking is the caller's.

mod artifacts;
mod bodies;
mod needs;
mod place;
mod secrets;
mod texts;

use std::collections::BTreeMap;
use std::path::Path as HostPath;

use windlass_capability::grants::DATA;
use windlass_compose::{
    Application, DEFAULT_FILES, DEFAULT_OVERRIDES, DataRoot, Files, Loaded, MountKind, Options, Path, Problem,
};
use windlass_foundation::explain::{ExitCode, Explain, Place};
use windlass_foundation::names::Kind;
use windlass_release::compose::{self, ComposeError};

pub use place::{PlaceError, Prepared, Wanted, prepare, write};

use needs::Needs;

/// What the proposal is made from.
pub struct Inputs<'a> {
    /// The directory that the release file will be in, with the Compose file in it or below it.
    pub files: &'a dyn Files,
    /// The Compose files, relative to that directory; none for those that Docker Compose would find.
    pub compose: &'a [String],
    /// Variables of the caller that say what Docker Compose takes: `COMPOSE_FILE`, `COMPOSE_PROJECT_NAME`,
    /// `COMPOSE_PROFILES`.
    pub variables: BTreeMap<String, String>,
    /// The application's name; without one, the project's.
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
    /// `.windlassignore`: what is written here for the operator, and the release that is built, are no part of a release.
    pub ignore_file: String,
    /// Whether images must be built before the release can be made.
    pub builds: bool,
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

/// Proposes the two files.
pub fn propose(inputs: &Inputs<'_>) -> Result<Proposal, InitError> {
    let mut remarks = Vec::new();
    let mut loaded = read(inputs, &mut remarks)?;
    let application = name(inputs, &loaded)?;
    let variables = secrets::variables(&loaded, &application);
    remarks.extend(told(&loaded, &variables));
    remarks.extend(variables.remarks.iter().cloned());
    remarks.extend(secrets::in_env_files(&loaded, &application));
    if !variables.secrets.is_empty() {
        // As a deployment will have it: a secret may stand where the host can fill it in, and nowhere else.
        let placeholders = variables.secrets.iter();
        let placeholders =
            placeholders.map(|(variable, secret)| (variable.clone(), format!("{{{{windlass.secret:{secret}}}}}")));
        let mut options = Options { files: loaded.files.clone(), ..options(inputs) };
        options.variables.extend(placeholders);
        match windlass_compose::load(inputs.files, &options) {
            Ok(filled) => loaded.application = filled.application,
            Err(problems) => remarks.extend(problems.0.iter().map(told_problem)),
        }
    }
    let found = artifacts::find(&loaded.application, &application);
    let active = active(inputs, &loaded, &mut remarks);
    let mut needs = needs::needs(&application, &active, &found, inputs.agent_file, &mut remarks);
    needs.secrets = variables.secrets.values().cloned().collect();
    data(inputs, &application, &loaded, &mut needs, &mut remarks);
    remarks.extend(found.remarks.iter().cloned());
    remarks.extend(loaded.application.unsupported().iter().map(told_problem));
    remarks.extend(loaded.application.later().iter().map(|later| {
        let message =
            format!("`{}` needs Docker's API 1.{} (Docker {}) or newer", later.key, later.minor, later.docker);
        told_problem(&Problem::at(later.position, message))
    }));
    let built = found.artifacts.values().any(|artifact| artifact.built);
    Ok(Proposal {
        release_file: texts::release_file(&application, &loaded, &found, &needs, &variables, &profiles(inputs)),
        agent_file: texts::agent_file(&application, inputs.place, &needs),
        ignore_file: texts::ignore_file(&application, built),
        builds: built,
        application,
        remarks,
    })
}

/// All services, those behind profiles as well: each has an image.
fn options(inputs: &Inputs<'_>) -> Options {
    Options {
        files: inputs.compose.to_vec(),
        variables: inputs.variables.clone(),
        profiles: vec!["*".to_owned()],
        assume_required: true,
        ..Options::default()
    }
}

/// Reads the files that Docker Compose would. An override file is meant for development and is not part of a release,
/// unless the file that it is put over cannot be used without it.
fn read(inputs: &Inputs<'_>, remarks: &mut Vec<String>) -> Result<Loaded, InitError> {
    let alone = match compose::read(inputs.files, &options(inputs)) {
        Ok(loaded) => return Ok(loaded),
        Err(error) => error,
    };
    let default = match inputs.compose {
        [] => DEFAULT_FILES.into_iter().find(|file| matches!(inputs.files.read(file), Ok(Some(_)))).map(str::to_owned),
        [file] => Some(file.clone()).filter(|file| DEFAULT_FILES.contains(&file.as_str())),
        _ => None,
    };
    let over = DEFAULT_OVERRIDES.into_iter().find(|file| matches!(inputs.files.read(file), Ok(Some(_))));
    if let (Some(default), Some(over)) = (default, over) {
        let files = vec![default.clone(), over.to_owned()];
        if let Ok(loaded) = windlass_compose::load(inputs.files, &Options { files, ..options(inputs) }) {
            remarks.push(format!(
                "`{default}` cannot be used without `{over}`, which Docker Compose puts over it by itself, so both are part of \
                 the release"
            ));
            return Ok(loaded);
        }
    }
    Err(alone.into())
}

/// What is deployed when no more is said: only that needs grants.
fn active(inputs: &Inputs<'_>, loaded: &Loaded, remarks: &mut Vec<String>) -> Application {
    let options = Options { files: loaded.files.clone(), profiles: profiles(inputs), ..options(inputs) };
    let active = windlass_compose::load(inputs.files, &options).map(|active| active.application);
    match active {
        Ok(active) if !active.services.is_empty() => {
            if !active.inactive.is_empty() {
                let names: Vec<String> = active.inactive.keys().map(|name| format!("`{name}`")).collect();
                remarks.push(format!(
                    "{} not active without a profile, and agent.toml grants nothing for {}: name profiles with \
                     `profiles = […]` in the strategy's `with`; `COMPOSE_PROFILES=… windlass init` proposes for them",
                    if names.len() == 1 {
                        format!("the service {} is", names.join(", "))
                    } else {
                        format!("the services {} are", names.join(", "))
                    },
                    if names.len() == 1 { "it" } else { "them" }
                ));
            }
            active
        }
        _ => loaded.application.clone(),
    }
}

/// The profiles that the caller's environment names.
fn profiles(inputs: &Inputs<'_>) -> Vec<String> {
    let named = inputs.variables.get("COMPOSE_PROFILES").map(String::as_str).unwrap_or_default();
    named.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The warnings of the files, without those that other messages already contain.
fn told(loaded: &Loaded, variables: &secrets::Variables) -> Vec<String> {
    let handled = variables.secrets.keys().chain(&variables.required);
    let handled: Vec<String> = handled.map(|name| format!("variable `{name}`")).collect();
    let other = |warning: &&String| !handled.iter().any(|variable| warning.contains(variable));
    loaded.warnings.iter().filter(other).cloned().collect()
}

/// A problem in one line, with what to do about it.
fn told_problem(problem: &Problem) -> String {
    let hint = problem.hint.as_deref().map(|hint| format!(": {hint}")).unwrap_or_default();
    format!("{problem}{hint}")
}

/// A name that was given must fit; one that is guessed is made to.
fn name(inputs: &Inputs<'_>, loaded: &Loaded) -> Result<String, InitError> {
    let given = inputs.application.or(loaded.project.as_deref());
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
    remarks.extend(problems.iter().map(told_problem));
}

#[cfg(test)]
#[path = "init/tests.rs"]
mod tests;
