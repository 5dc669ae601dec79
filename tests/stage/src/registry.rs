//! A real image registry on loopback: Debian's `docker-registry`.
//!
//! A test that needs nothing particular of it uses the one of the run, which `cargo xtask test` names.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::process::{free_port, program};

/// How long it may take to start.
const START: Duration = Duration::from_secs(30);

/// The variable that holds the address of the run's registry.
pub const REGISTRY: &str = "WINDLASS_TEST_REGISTRY";

/// A registry. One that was started here is ended and emptied when it is dropped.
#[derive(Debug)]
pub struct Registry {
    address: String,
    own: Option<(Child, TempDir)>,
}

impl Registry {
    /// The run's registry, or one of its own where there is none. Each test pushes below a name of its own.
    ///
    /// # Errors
    /// As for [`Registry::start`].
    pub fn shared() -> Result<Self> {
        match std::env::var(REGISTRY) {
            Ok(address) => Ok(Self { address, own: None }),
            Err(_) => Self::start(),
        }
    }

    /// Starts an open registry on a free port.
    ///
    /// # Errors
    /// When `docker-registry` is not installed or does not listen within half a minute.
    pub fn start() -> Result<Self> {
        Self::start_with("")
    }

    /// Starts a registry with more configuration: top-level YAML such as `auth:`.
    ///
    /// # Errors
    /// As for [`Registry::start`].
    pub fn start_with(more: &str) -> Result<Self> {
        Self::launch("", more)
    }

    /// Starts a registry that speaks TLS with a certificate and its key, both PEM files.
    ///
    /// # Errors
    /// As for [`Registry::start`].
    pub fn start_tls(certificate: &Path, key: &Path) -> Result<Self> {
        Self::launch(&format!(", tls: {{certificate: {}, key: {}}}", certificate.display(), key.display()), "")
    }

    fn launch(http: &str, more: &str) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let port = free_port()?;
        let configuration = data.path().join("config.yml");
        fs::write(
            &configuration,
            format!(
                "version: 0.1\nlog: {{level: info}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\n  delete: {{enabled: true}}\n\
                 http: {{addr: \"127.0.0.1:{port}\"{http}}}\n{more}",
                data.path().display()
            ),
        )?;
        let mut process = Command::new(program("docker-registry")?)
            .arg("serve")
            .arg(&configuration)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start docker-registry")?;
        let stderr = process.stderr.take().context("docker-registry has no standard error")?;
        let (ready, is_ready) = mpsc::channel();
        // The thread goes on reading, so that the registry never waits for a reader of its log.
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if line.contains("listening on") {
                    ready.send(()).ok();
                }
            }
        });
        let registry = Self { address: format!("127.0.0.1:{port}"), own: Some((process, data)) };
        is_ready.recv_timeout(START).context("docker-registry does not listen")?;
        Ok(registry)
    }

    /// `127.0.0.1:PORT`, as image references begin.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.clone()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if let Some((process, _)) = &mut self.own {
            process.kill().ok();
            process.wait().ok();
        }
    }
}
