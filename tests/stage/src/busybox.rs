//! A small image with a shell, made of the host's static busybox.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;

use crate::process::{archive, program};

/// The image's name.
pub const BUSYBOX: &str = "windlass-test/busybox:1";

static IMPORTING: Mutex<()> = Mutex::new(());

/// The programs that tests run in it.
const APPLETS: &[&str] = &["sh", "sleep", "cat", "echo", "env", "nc", "httpd", "true", "false", "ls", "test"];

/// Imports [`BUSYBOX`] with a Docker client (`docker` or that of an engine of the test's own), unless it is there.
///
/// # Errors
/// When there is no static busybox (Debian's `busybox-static`), or the engine refuses.
pub fn import_busybox(docker: impl Fn(&[&str]) -> Result<String>) -> Result<&'static str> {
    // Tests that start together would import it each, and all but the last image would stay without a name.
    let _one = IMPORTING.lock().unwrap_or_else(PoisonError::into_inner);
    if docker(&["image", "inspect", "--format", "{{.Id}}", BUSYBOX]).is_err() {
        import_shell(docker, BUSYBOX, &[])?;
    }
    Ok(BUSYBOX)
}

/// Imports the same programs under another name, with more of what `docker import --change` takes (`ENV VERSION=2`).
///
/// # Errors
/// As [`import_busybox`].
pub fn import_shell(docker: impl Fn(&[&str]) -> Result<String>, reference: &str, changes: &[&str]) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let root = directory.path().join("root");
    fs::create_dir_all(root.join("bin"))?;
    fs::create_dir_all(root.join("tmp"))?;
    fs::copy(program("busybox")?, root.join("bin/busybox"))?;
    for applet in APPLETS {
        symlink("busybox", root.join("bin").join(applet))?;
    }
    let archive = archive(&root, directory.path())?;
    let mut arguments = vec!["import", "--change", "CMD [\"sh\"]", "--change", "ENV PATH=/bin"];
    arguments.extend(changes.iter().flat_map(|change| ["--change", change]));
    arguments.extend([archive.as_str(), reference]);
    docker(&arguments)?;
    Ok(())
}
