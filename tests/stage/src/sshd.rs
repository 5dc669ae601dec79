//! A real SSH server, on loopback or between two networks of this machine: OpenSSH's `sshd`, as the user who runs the tests. One key may log in, until a test
//! says otherwise in the server's file of keys.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::Ipv4Addr;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::process::{free_port, program};

/// How long it may take to start.
const START: Duration = Duration::from_secs(30);

/// A server that is ended when it is dropped.
#[derive(Debug)]
pub struct Sshd {
    process: Child,
    directory: TempDir,
}

impl Sshd {
    /// Starts a server on which one key may log in. `environment` is what its sessions have besides their own; its
    /// client knows it as the host `name`, by [`Sshd::client_config`].
    ///
    /// # Errors
    /// When OpenSSH is not installed or does not listen within half a minute.
    pub fn start(name: &str, environment: &[(&str, &str)]) -> Result<Self> {
        Self::start_with(name, environment, "")
    }

    /// The same with more lines at the end of the server's configuration; the last of them may be those of a `Match`.
    ///
    /// # Errors
    /// As for [`Sshd::start`].
    pub fn start_with(name: &str, environment: &[(&str, &str)], lines: &str) -> Result<Self> {
        Self::start_at(Ipv4Addr::LOCALHOST, name, environment, lines)
    }

    /// The same at another address of this machine.
    ///
    /// # Errors
    /// As for [`Sshd::start`].
    pub fn start_at(address: Ipv4Addr, name: &str, environment: &[(&str, &str)], lines: &str) -> Result<Self> {
        let directory = TempDir::new()?;
        let place = |file: &str| directory.path().join(file);
        for key in ["host", "client"] {
            make_key(&place(key))?;
        }
        fs::copy(place("client.pub"), place("authorized"))?;
        let port = free_port()?;
        let user = user()?;
        let set: Vec<String> = environment.iter().map(|(key, value)| format!("\"{key}={value}\"")).collect();
        let set = if set.is_empty() { String::new() } else { format!("SetEnv {}\n", set.join(" ")) };
        fs::write(
            place("sshd_config"),
            format!(
                "ListenAddress {address}\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\n\
                 PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nUsePAM no\n{set}{lines}",
                place("host").display(),
                place("authorized").display()
            ),
        )?;
        let host = fs::read_to_string(place("host.pub"))?;
        fs::write(place("known_hosts"), format!("[{address}]:{port} {host}"))?;
        fs::write(
            place("config"),
            format!(
                "Host {name}\n  HostName {address}\n  Port {port}\n  User {user}\n  IdentityFile {}\n  IdentitiesOnly yes\n  \
                 UserKnownHostsFile {}\n",
                place("client").display(),
                place("known_hosts").display()
            ),
        )?;
        fs::set_permissions(place("config"), fs::Permissions::from_mode(0o600))?;
        // Where the server puts its children that have no rights.
        fs::DirBuilder::new().recursive(true).mode(0o755).create("/run/sshd").ok();
        let mut process = Command::new(program("sshd")?)
            .args(["-D", "-e", "-f"])
            .arg(place("sshd_config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start sshd")?;
        let stderr = process.stderr.take().context("sshd has no standard error")?;
        let (ready, is_ready) = mpsc::channel();
        // The thread goes on reading, so that the server never waits for a reader of its log.
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if line.contains("Server listening on") {
                    ready.send(()).ok();
                }
            }
        });
        let server = Self { process, directory };
        is_ready.recv_timeout(START).context("sshd does not listen")?;
        Ok(server)
    }

    /// The server's process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// A configuration for `ssh -F` in which the server has its name, the key and the server's own key.
    #[must_use]
    pub fn client_config(&self) -> PathBuf {
        self.directory.path().join("config")
    }

    /// The file of the keys that may log in. The server reads it at each login.
    #[must_use]
    pub fn authorized(&self) -> PathBuf {
        self.directory.path().join("authorized")
    }

    /// Makes another key, which may not log in yet; the path of its private half.
    ///
    /// # Errors
    /// When OpenSSH is not installed.
    pub fn key(&self, name: &str) -> Result<PathBuf> {
        let path = self.directory.path().join(name);
        make_key(&path)?;
        Ok(path)
    }

    /// The directory of its keys: `client` may log in.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The fingerprint of a public key, as OpenSSH prints it.
///
/// # Errors
/// When OpenSSH is not installed, or the file is no key.
pub fn fingerprint(public: &Path) -> Result<String> {
    let output = Command::new(program("ssh-keygen")?).arg("-l").arg("-f").arg(public).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout)?;
    Ok(printed.split(' ').nth(1).context("a fingerprint")?.to_owned())
}

fn make_key(path: &Path) -> Result<()> {
    let mut keygen = Command::new(program("ssh-keygen")?);
    let made = keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).stdin(Stdio::null()).status()?;
    ensure!(made.success(), "ssh-keygen failed");
    Ok(())
}

/// The name of the user who runs this.
fn user() -> Result<String> {
    let output = Command::new("id").arg("-un").output().context("cannot run `id`")?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
