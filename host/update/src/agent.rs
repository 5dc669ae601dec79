//! The agent that stays, where systemd started it: stopped, kept from starting while files change, and started again.
//!
//! An agent that systemd did not start from this program is not this command's to start again, so an update is refused beside it.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use windlass_daemon::{Client, Place as Socket, protocol::Health};
use windlass_foundation::principal::Principal;

use crate::UpdateError;
use crate::command::{self, answer, lines};

/// The units.
const SERVICE: &str = "windlass.service";
const SOCKET: &str = "windlass.socket";

/// Where a word to systemd lasts until the host is started again.
const WORDS: &str = "/run/systemd/system";

/// The word that keeps a unit from starting, in a directory of its own for each unit.
const HOLD: &str = "50-self-update.conf";

/// How long the service may take to stop: more than the unit's own time.
const STOP: Duration = Duration::from_mins(3);

/// How long one question to an agent may take, and how long a pause is before the next.
const QUESTION: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(250);

/// How many lines of an agent's log are shown.
const LOG: &str = "12";

/// The agent, as it was before anything was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Agent {
    /// systemd had the service running, or had to.
    service: bool,
    /// systemd listened for it.
    socket: bool,
}

impl Agent {
    /// The agent that systemd starts from a program.
    pub(crate) async fn find(program: &Path) -> Self {
        let none = Self { service: false, socket: false };
        if !Path::new(WORDS).is_dir() || !starts(program).await {
            return none;
        }
        // One that failed, or is about to be started again, was to run.
        let is = async |unit: &str, states: &[&str]| states.contains(&property(unit, "ActiveState").await.as_str());
        let running = ["active", "activating", "reloading", "failed"];
        Self { service: is(SERVICE, &running).await, socket: is(SOCKET, &running[..3]).await }
    }

    /// This or another one.
    pub(crate) fn or(self, other: Self) -> Self {
        Self { service: self.service || other.service, socket: self.socket || other.socket }
    }

    /// Whether there is one.
    pub(crate) fn is_there(self) -> bool {
        self.service || self.socket
    }

    /// Asks systemd to stop it and waits for its end, and keeps every process from starting it while this process lives.
    pub(crate) async fn stop(self) -> Result<(), String> {
        if !self.is_there() {
            return Ok(());
        }
        let word = format!(
            "# Of `windlass self-update`, and without effect when that has ended.\n[Unit]\nConditionPathExists=!/proc/{}\n",
            std::process::id()
        );
        hold(&word).map_err(|error| format!("systemd cannot be told to wait: {error}"))?;
        systemctl(&["daemon-reload"], STOP).await?;
        systemctl(&["stop", SOCKET, SERVICE], STOP).await
    }

    /// Lets it start, and starts what ran before. It does not wait until it answers.
    pub(crate) async fn start(self) -> Result<(), String> {
        if !self.is_there() {
            return Ok(());
        }
        release();
        systemctl(&["daemon-reload"], STOP).await?;
        // What failed too often before is not counted.
        systemctl(&["reset-failed", SERVICE, SOCKET], STOP).await.ok();
        if self.socket {
            systemctl(&["start", SOCKET], STOP).await?;
        }
        if self.service {
            systemctl(&["start", "--no-block", SERVICE], STOP).await?;
        }
        Ok(())
    }

    /// What it said last.
    pub(crate) async fn log(self) -> Vec<String> {
        if !self.is_there() {
            return Vec::new();
        }
        let asked = ["--unit", SERVICE, "--lines", LOG, "--no-pager", "--output", "cat", "--boot"];
        let said = command::run("journalctl", &asked, command::QUESTION).await;
        said.map(|ended| lines(&ended.out)).unwrap_or_default()
    }
}

/// Whether the unit starts this program.
async fn starts(program: &Path) -> bool {
    let told = property(SERVICE, "ExecStart").await;
    let path = told.split("path=").nth(1).and_then(|rest| rest.split(" ;").next());
    path.is_some_and(|path| Path::new(path).canonicalize().is_ok_and(|path| path == *program))
}

async fn property(unit: &str, name: &str) -> String {
    answer("systemctl", &["show", "--property", name, "--value", unit]).await.unwrap_or_default()
}

async fn systemctl(arguments: &[&str], within: Duration) -> Result<(), String> {
    let failed = |why: String| format!("`systemctl {}` failed: {why}", arguments.join(" "));
    match command::run("systemctl", arguments, within).await {
        Ok(ended) if ended.well => Ok(()),
        Ok(ended) => Err(failed(ended.said())),
        Err(error) => Err(failed(error.to_string())),
    }
}

fn hold(word: &str) -> io::Result<()> {
    for unit in [SERVICE, SOCKET] {
        let directory = Path::new(WORDS).join(format!("{unit}.d"));
        fs::create_dir_all(&directory)?;
        fs::write(directory.join(HOLD), word)?;
    }
    Ok(())
}

fn release() {
    for unit in [SERVICE, SOCKET] {
        let directory = Path::new(WORDS).join(format!("{unit}.d"));
        fs::remove_file(directory.join(HOLD)).ok();
        // Others may have words there too.
        fs::remove_dir(directory).ok();
    }
}

/// How the agent at a socket is; why not, where none answers.
pub(crate) async fn health(socket: &Socket) -> Result<Health, UpdateError> {
    let unasked = |error: windlass_daemon::AgentError| UpdateError::host("the agent cannot be asked", chain(&error));
    let client = Client::new(socket.clone(), Principal::agent()).map_err(unasked)?;
    client.health(QUESTION).await.map_err(unasked)
}

/// Waits until the agent of a version answers.
pub(crate) async fn answers(socket: &Socket, version: &str, within: Duration) -> Result<(), String> {
    let begin = Instant::now();
    loop {
        let said = match health(socket).await {
            Ok(health) if health.version == version => return Ok(()),
            Ok(health) => format!("the agent that answers is version {}", health.version),
            Err(error) => error.to_string(),
        };
        if begin.elapsed() >= within {
            return Err(format!("its agent did not answer within {} seconds: {said}", within.as_secs()));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
