//! Docker Compose as a program, in two versions.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use crate::peer::case::Case;

/// One of the two that every case is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Version {
    Older,
    /// What we follow where the two disagree.
    Newer,
}

static OLDER: LazyLock<PathBuf> = LazyLock::new(|| find("DOCKER_COMPOSE", "older"));
static NEWER: LazyLock<PathBuf> = LazyLock::new(|| find("DOCKER_COMPOSE_NEWER", "newer"));

/// What a variable names, or what `cargo xtask setup` brings. Its absence is a failure: without it nothing is compared.
fn find(variable: &str, name: &str) -> PathBuf {
    let unpacked = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/docker-compose").join(name);
    let path = std::env::var_os(variable).map_or(unpacked, PathBuf::from);
    assert!(path.is_file(), "{} is not there: `cargo xtask setup` fetches Docker Compose", path.display());
    path.canonicalize().unwrap()
}

impl Version {
    pub(crate) const BOTH: [Self; 2] = [Self::Older, Self::Newer];

    /// What the page calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Older => "2.26",
            Self::Newer => "2.40",
        }
    }

    fn program(self) -> &'static PathBuf {
        match self {
            Self::Older => &OLDER,
            Self::Newer => &NEWER,
        }
    }

    /// What the program calls itself.
    pub(crate) fn found(self) -> String {
        let output = Command::new(self.program()).args(["version", "--short"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().trim_start_matches('v').to_owned()
    }

    /// The resolved application; the error is what it printed.
    pub(crate) fn config(self, case: &Case) -> Result<Value, String> {
        let mut command = Command::new(self.program());
        command.current_dir(&case.directory).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/home/nobody");
        command.envs(&case.variables);
        if let Some(project) = &case.project {
            command.args(["-p", project]);
        }
        for file in &case.files {
            command.args(["-f", file]);
        }
        for profile in &case.profiles {
            command.args(["--profile", profile]);
        }
        let output = command.args(["config", "--format", "json"]).output().unwrap();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    }
}
