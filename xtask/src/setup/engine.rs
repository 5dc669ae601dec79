//! A Docker Engine that answers.

use std::fs::{self, File};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::{apt, say};
use crate::paths;
use crate::process;

/// Where the engine listens.
pub(crate) const SOCKET: &str = "/var/run/docker.sock";

/// How long a fresh engine may take until it listens.
const START: Duration = Duration::from_mins(1);
/// What an engine that this program started tells when it ends instead.
const ENDED: &str = "ENDED=1";
/// Where an engine remembers its networks.
const NETWORKS: &str = "/var/lib/docker/network/files/local-kv.db";

/// Looks for the engine, installs and starts it where that is possible.
pub(crate) fn ensure() -> Result<()> {
    if answers() {
        say("Docker Engine: there");
        return Ok(());
    }
    if apt::program("dockerd").is_none() {
        say("Docker Engine: installing docker.io and iptables");
        apt::install(&["docker.io", "iptables"]).context("no Docker Engine")?;
    }
    if answers() {
        return Ok(());
    }
    start()
}

fn answers() -> bool {
    UnixStream::connect(SOCKET).is_ok()
}

/// Starts the engine through systemd where that runs, and by hand in a container or a minimal machine.
fn start() -> Result<()> {
    if !apt::is_root() {
        bail!(
            "the Docker Engine does not run, or you may not use it: run `sudo systemctl start docker`, and \
               `sudo usermod -aG docker $USER` with a new login if {SOCKET} is refused"
        );
    }
    if Path::new("/run/systemd/system").is_dir() {
        say("Docker Engine: starting it with systemctl");
        process::run_quietly(Command::new("systemctl").args(["start", "docker"]))?;
        return Ok(());
    }
    let log = paths::target().join("dockerd.log");
    say(&format!("Docker Engine: starting dockerd (it goes on running; its log is {})", log.display()));
    fs::create_dir_all(paths::target())?;
    let Err(error) = run(&log) else { return Ok(()) };
    if !forget_networks(&log)? {
        return Err(error);
    }
    run(&log)
}

/// Runs the engine by hand and waits until it listens.
fn run(log: &Path) -> Result<()> {
    let dockerd = apt::program("dockerd").context("dockerd is not there although docker.io is installed")?;
    // The engine says that it is ready in the way that it says so to systemd.
    let ready = paths::target().join("dockerd.ready");
    fs::remove_file(&ready).ok();
    let notices = UnixDatagram::bind(&ready).with_context(|| format!("cannot listen on {}", ready.display()))?;
    notices.set_read_timeout(Some(START))?;
    let output = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let engine = Command::new(dockerd)
        .env("NOTIFY_SOCKET", &ready)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        // A process group of its own, so that Ctrl-C here does not end the engine.
        .process_group(0)
        .spawn()
        .context("cannot start dockerd")?;
    tell_its_end(engine, &ready)?;
    let announced = wait_for_ready(&notices);
    fs::remove_file(&ready).ok();
    announced.with_context(|| {
        let text = fs::read_to_string(log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        format!("dockerd did not start; its last lines:\n  {}", lines[lines.len().saturating_sub(5)..].join("\n  "))
    })
}

/// Tells the one that waits when the engine ends, so that the whole time is not waited for one that is gone.
fn tell_its_end(mut engine: Child, ready: &Path) -> Result<()> {
    let teller = UnixDatagram::unbound()?;
    teller.connect(ready)?;
    thread::spawn(move || {
        engine.wait().ok();
        teller.send(ENDED.as_bytes()).ok();
    });
    Ok(())
}

/// Reads notices until the one that says ready.
fn wait_for_ready(notices: &UnixDatagram) -> Result<()> {
    let mut notice = [0_u8; 1024];
    loop {
        let length = notices.recv(&mut notice).with_context(|| format!("no word for {} s", START.as_secs()))?;
        let notice = String::from_utf8_lossy(&notice[..length]);
        if notice.lines().any(|line| line == "READY=1") {
            return Ok(());
        }
        if notice == ENDED {
            bail!("it ended before it was ready");
        }
    }
}

/// Puts aside what the engine remembers of its networks, when that is what ends it.
///
/// An engine that is killed while it makes a network keeps half of it, and Docker 20.10 panics on that half at every
/// later start. Nothing is lost with it but networks: containers and volumes are remembered elsewhere.
fn forget_networks(log: &Path) -> Result<bool> {
    let text = fs::read_to_string(log).unwrap_or_default();
    let Some(panic) = text.find("\npanic: ") else { return Ok(false) };
    if !text[panic..].contains("libnetwork.New(") {
        return Ok(false);
    }
    let aside = format!("{NETWORKS}.unreadable");
    say(&format!("Docker Engine: it cannot read its networks since it was killed; they are put aside as {aside}"));
    fs::rename(NETWORKS, &aside).with_context(|| format!("cannot rename {NETWORKS}"))?;
    Ok(true)
}
