//! From a project to a component that an agent admits: compiles it, puts the manifest in where no SDK did, and has the
//! sandbox look at it as an agent does.
//!
//! What compiles Rust is found in `toolchain`; what a plugin is that no SDK describes is read in `plugin_file`.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use windlass_config::Config;
use windlass_foundation::identity::{Ask, Identity, Kind};
use windlass_foundation::private::with_users_mask;
use windlass_foundation::redact::Redactor;
use windlass_sandbox::{AdmissionError, Plugin, Plugins, Settings, Source};

use crate::error::AuthoringError;
use crate::plugin_file::{PLUGIN_FILE, PluginFile};
use crate::toolchain;

/// A component that was built and admitted.
#[derive(Debug)]
pub struct Built {
    /// Where it is.
    pub path: PathBuf,
    /// How many bytes it has.
    pub size: u64,
    /// Its name, version and digest.
    pub identity: Identity,
    /// What it is for.
    pub kind: Kind,
    /// The contract that it was built for.
    pub contract: String,
    /// What it asks for.
    pub asks: Vec<Ask>,
    /// What its author should look at.
    pub remarks: Vec<String>,
}

/// Builds the plugin of a directory. What compiles writes to standard error; `quiet` asks cargo for nothing but errors.
pub async fn build(directory: &Path, quiet: bool) -> Result<Built, AuthoringError> {
    let file = directory.join(PLUGIN_FILE);
    let (path, described) = if file.is_file() {
        let described = PluginFile::read(&file)?;
        with_users_mask(|| by_command(directory, &described))?;
        (directory.join(&described.component), Some(described))
    } else if directory.join("Cargo.toml").is_file() {
        (with_users_mask(|| by_cargo(directory, quiet))?, None)
    } else {
        return Err(AuthoringError::Nothing { directory: directory.to_owned() });
    };
    let path = seen_from_here(path);
    let name = path.display().to_string();
    let made = fs::read(&path).map_err(|source| AuthoringError::Read { path: path.clone(), source })?;
    let component = match &described {
        Some(PluginFile { manifest, .. }) => {
            let put = manifest.put_into(&made);
            put.map_err(|error| AdmissionError { plugin: format!("`{name}`"), cause: error.into() })?
        }
        None => made.clone(),
    };
    let plugin = admit(&name, &component).await?;
    if component != made {
        let replaced = with_users_mask(|| replace(&path, &component));
        replaced.map_err(|source| AuthoringError::Write { path: path.clone(), source })?;
    }
    let manifest = plugin.manifest();
    Ok(Built {
        path,
        size: component.len() as u64,
        identity: plugin.identity().clone(),
        kind: manifest.kind,
        contract: manifest.contract.clone(),
        asks: manifest.capabilities.clone(),
        remarks: remarks(described.as_ref(), &plugin),
    })
}

/// What two places say differently.
fn remarks(described: Option<&PluginFile>, plugin: &Plugin) -> Vec<String> {
    let own = &plugin.description().summary;
    let said = described.and_then(|described| described.summary.as_ref()).filter(|said| *said != own);
    let remark = |said| format!("`summary` of {PLUGIN_FILE} is {said:?}, but people see what `describe` says: {own:?}");
    said.into_iter().map(remark).collect()
}

/// Runs the command of `plugin.toml`, without a shell.
fn by_command(directory: &Path, described: &PluginFile) -> Result<(), AuthoringError> {
    let Some((program, arguments)) = described.command.split_first() else { return Ok(()) };
    // A path is that of the project, wherever this process is.
    let place = std::path::absolute(directory);
    let place = place.map_err(|source| AuthoringError::Read { path: directory.to_owned(), source })?;
    let program = if program.contains('/') { place.join(program).into_os_string() } else { program.into() };
    let mut command = Command::new(&program);
    // Standard output is for the answer.
    let output = io::stderr().as_fd().try_clone_to_owned().map_or_else(|_| Stdio::null(), Stdio::from);
    command.args(arguments).current_dir(directory).stdin(Stdio::null()).stdout(output);
    let started = command.status();
    let status =
        started.map_err(|source| AuthoringError::Start { program: program.to_string_lossy().into_owned(), source })?;
    if !status.success() {
        return Err(AuthoringError::Failed { command: shown(&command), status });
    }
    let component = directory.join(&described.component);
    if component.exists() { Ok(()) } else { Err(AuthoringError::NotMade { component }) }
}

/// Has cargo build the package of a directory: the path of its component.
fn by_cargo(directory: &Path, quiet: bool) -> Result<PathBuf, AuthoringError> {
    let mut command = toolchain::find(directory)?.build();
    let typed = shown(&command);
    command.arg("--message-format=json-render-diagnostics").current_dir(directory).stdin(Stdio::null());
    if quiet {
        command.arg("--quiet");
    }
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(|source| AuthoringError::Start { program: "cargo".to_owned(), source })?;
    if !output.status.success() {
        return Err(AuthoringError::Failed { command: typed, status: output.status });
    }
    let package = directory.join("Cargo.toml");
    let package =
        fs::canonicalize(&package).map_err(|source| AuthoringError::Read { path: package.clone(), source })?;
    let made = output.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    made.filter(|made: &Made| made.manifest_path == package)
        .flat_map(|made| made.filenames)
        .find(|path| path.extension() == Some(OsStr::new("wasm")))
        .ok_or(AuthoringError::NoComponent { package })
}

/// What cargo tells of something that it made.
#[derive(Deserialize)]
struct Made {
    manifest_path: PathBuf,
    filenames: Vec<PathBuf>,
}

/// A command as a person types it.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// A path below the working directory, relative to it.
fn seen_from_here(path: PathBuf) -> PathBuf {
    let path = path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
    let here = std::env::current_dir().ok();
    let below = here.and_then(|here| path.strip_prefix(here).map(Path::to_owned).ok());
    below.filter(|below| !below.as_os_str().is_empty()).unwrap_or(path)
}

/// All that an agent does before a plugin works for a deployment, in a directory that goes away.
async fn admit(name: &str, component: &[u8]) -> Result<Plugin, AuthoringError> {
    let state = tempfile::tempdir().map_err(AuthoringError::Temporary)?;
    let mut key = vec![0; 32];
    getrandom::fill(&mut key).map_err(|error| AuthoringError::Temporary(error.into()))?;
    let plugins = Plugins::open(Settings {
        state_directory: state.path().to_owned(),
        key,
        // Those of an operator who changed none.
        limits: Config::defaults()?.limits,
        precompiler: None,
        redactor: Redactor::new(),
    })?;
    Ok(plugins.admit(&Source::Bytes(name.to_owned(), component.into()), None).await?)
}

/// Exchanges the content of a file by one rename.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(beside)?;
    file.write_all(content)?;
    file.as_file().set_permissions(fs::metadata(path)?.permissions())?;
    file.persist(path)?;
    Ok(())
}
