//! The Debian package: what dpkg knows of it, and its installation. dpkg alone writes below what it owns.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::UpdateError;
use crate::command::{self, QUESTION, answer};
use crate::contents;

/// The package's name.
const NAME: &str = "windlass";

/// How long dpkg may take; other packages may have things to do after an installation.
const INSTALLATION: Duration = Duration::from_mins(10);

/// The package that owns a path; none where there is none, or no dpkg.
pub(crate) async fn owner(path: &Path) -> Result<Option<String>, UpdateError> {
    let asked = command::run("dpkg-query", &[Path::new("-S").as_os_str(), command::path(path)], QUESTION).await;
    match asked {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(UpdateError::host("`dpkg-query` cannot be asked", error)),
        Ok(ended) => {
            let end = format!(": {}", path.display());
            let owner = ended.out.lines().filter(|_| ended.well).find_map(|line| line.strip_suffix(&end));
            Ok(owner.filter(|owner| !owner.starts_with("diversion by ")).map(str::to_owned))
        }
    }
}

/// The version that is installed.
pub(crate) async fn installed() -> Result<String, UpdateError> {
    answer("dpkg-query", &["--show", "--showformat=${Version}", NAME]).await
}

/// The version of a package in a file, when it is ours and for this host.
pub(crate) async fn version(file: &Path) -> Result<String, UpdateError> {
    let wrong = |why: String| UpdateError::NotAVersion { path: file.to_owned(), why };
    let field = async |name: &str| {
        let asked = [Path::new("--field").as_os_str(), command::path(file), name.as_ref()];
        answer("dpkg-deb", &asked).await.map_err(|error| match error {
            UpdateError::Host { why, .. } => wrong(why),
            error => error,
        })
    };
    let name = field("Package").await?;
    if name != NAME {
        return Err(wrong(format!("it is the package `{name}`")));
    }
    let (found, wanted) = (field("Architecture").await?, answer("dpkg", &["--print-architecture"]).await?);
    if found != wanted {
        return Err(UpdateError::OtherMachine { found, wanted });
    }
    field("Version").await
}

/// Whether a version is older than another, as dpkg orders them.
pub(crate) async fn is_older(one: &str, other: &str) -> Result<bool, UpdateError> {
    let asked = command::run("dpkg", &["--compare-versions", one, "lt", other], QUESTION).await;
    asked.map(|ended| ended.well).map_err(|error| UpdateError::host("`dpkg` cannot be asked", error))
}

/// The program in a package.
pub(crate) fn program(file: &Path) -> Result<Vec<u8>, UpdateError> {
    let wrong = |why: String| UpdateError::NotAVersion { path: file.to_owned(), why };
    let mut unpacking = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| wrong(error.to_string()))?;
    let found = unpacking.stdout.take().map(contents::of_package);
    // It may still want to write what was not read.
    unpacking.kill().ok();
    unpacking.wait().ok();
    found.unwrap_or_else(|| Err("dpkg-deb says nothing".to_owned())).map_err(wrong)
}

/// Installs a package. What the operator wrote into files below `/etc` stays.
pub(crate) async fn install(file: &Path) -> Result<(), String> {
    let options = ["--force-confdef", "--force-confold", "--install"].map(std::ffi::OsStr::new);
    let arguments: Vec<_> = options.into_iter().chain([command::path(file)]).collect();
    match command::run("dpkg", &arguments, INSTALLATION).await {
        Ok(ended) if ended.well => Ok(()),
        Ok(ended) => Err(format!("`dpkg --install` failed: {}", ended.said())),
        Err(error) => Err(format!("`dpkg --install` failed: {error}")),
    }
}
