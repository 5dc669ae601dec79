//! Docker Compose as a program.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use crate::peer::case::Case;

/// What `cargo xtask setup` brings, or what `DOCKER_COMPOSE` names. Its absence is a failure: without it nothing is
/// compared.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = std::env::var_os("DOCKER_COMPOSE").map_or_else(
        || {
            let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
            root.join("target/docker-compose/usr/libexec/docker/cli-plugins/docker-compose")
        },
        PathBuf::from,
    );
    assert!(path.is_file(), "{} is not there: `cargo xtask setup` fetches Docker Compose", path.display());
    path.canonicalize().unwrap()
});

/// The resolved application; the error is what it printed.
pub(crate) fn config(case: &Case) -> Result<Value, String> {
    let mut command = Command::new(&*PROGRAM);
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
