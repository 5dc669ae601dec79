//! A command that runs while a test does something to it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::host::Run;

/// How long a line or the end of a command is waited for.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running command whose progress can be watched.
#[derive(Debug)]
pub struct Live {
    child: Child,
    lines: Receiver<String>,
    seen: String,
    stdout: thread::JoinHandle<String>,
}

impl Live {
    /// Starts a command.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start the command")?;
        let stderr = child.stderr.take().context("no standard error")?;
        let mut stdout = child.stdout.take().context("no standard output")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let stdout = thread::spawn(move || {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut stdout, &mut text).ok();
            text
        });
        Ok(Self { child, lines, seen: String::new(), stdout })
    }

    /// Waits until a line of its progress contains all of these words.
    ///
    /// # Errors
    /// When it ends before, or says nothing like it for two minutes.
    pub fn wait_for(&mut self, words: &[&str]) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.seen.push_str(&line);
                    self.seen.push('\n');
                    if words.iter().all(|word| line.contains(word)) {
                        return Ok(());
                    }
                }
                Err(_) => bail!("no line with {words:?} in:\n{}", self.seen),
            }
        }
    }

    /// The process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name: `INT`, `TERM`, `HUP`, `KILL`.
    ///
    /// # Errors
    /// When `kill` cannot be run.
    pub fn signal(&self, name: &str) -> Result<()> {
        Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status()?;
        Ok(())
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// When it does not end within two minutes; it is killed then.
    pub fn end(mut self) -> Result<Run> {
        let deadline = Instant::now() + PATIENCE;
        // The channel closes when standard error does, which is at the end.
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push_str(&line);
                    self.seen.push('\n');
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    self.child.kill()?;
                    bail!("the command does not end:\n{}", self.seen);
                }
            }
        }
        let status = self.child.wait()?;
        let stdout = self.stdout.join().unwrap_or_default();
        Ok(Run { code: status.code().unwrap_or(-1), stdout, stderr: self.seen })
    }
}
