//! Docker Compose as a program, in two versions.

use std::process::Command;

use serde_json::Value;
pub(crate) use windlass_stage::Compose as Version;

use crate::peer::case::Case;

/// What the program calls itself.
pub(crate) fn found(version: Version) -> String {
    let output = Command::new(version.program().unwrap()).args(["version", "--short"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().trim_start_matches('v').to_owned()
}

/// The resolved application; the error is what it printed.
pub(crate) fn config(version: Version, case: &Case) -> Result<Value, String> {
    let mut command = Command::new(version.program().unwrap());
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
