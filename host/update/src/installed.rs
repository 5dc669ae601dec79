//! What is installed: the program that this process is, or the one whose earlier version it is, and the package that owns it.

use std::path::PathBuf;

use semver::Version;

use crate::UpdateError;
use crate::package;
use crate::place::Place;
use crate::program;

/// What is installed.
#[derive(Debug, Clone)]
pub(crate) struct Installed {
    /// The program.
    pub(crate) path: PathBuf,
    /// The version that it tells; none where it does not run.
    pub(crate) version: Option<Version>,
    /// The version of the package that owns it, where one does.
    pub(crate) package: Option<String>,
}

impl Installed {
    /// Looks for it.
    pub(crate) async fn find() -> Result<Self, UpdateError> {
        let own = std::env::current_exe().map_err(|error| UpdateError::host("this program cannot be found", error))?;
        let path = Place::program_of(&own).unwrap_or(own);
        if !path.is_file() {
            let why = "it was replaced while this process ran; run the command again";
            return Err(UpdateError::host(format!("`{}` is not there", path.display()), why));
        }
        let package = match package::owner(&path).await? {
            None => None,
            Some(owner) if owner == "windlass" => Some(package::installed().await?),
            Some(package) => return Err(UpdateError::OfPackage { path, package }),
        };
        Ok(Self { version: program::version(&path).await.ok(), path, package })
    }

    /// What is installed, for people.
    pub(crate) fn name(&self) -> String {
        let program = self.version.as_ref().map(ToString::to_string);
        self.package.clone().or(program).unwrap_or_else(|| "a version that does not run".to_owned())
    }
}
