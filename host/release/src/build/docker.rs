//! Runs the host's own `docker`: it knows builders, ignore files and logins, and nothing of that is known here.
//!
//! Arguments are a list, which no shell reads. What it writes is passed on line by line, without what could command a
//! terminal, and it ends by itself or at its deadline.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use windlass_foundation::private;

use super::{Build, BuildError};

/// The longest line that is passed on, in bytes.
const LONGEST: usize = 4 << 10;
/// How many bytes of output are passed on; the end is kept for the error in any case.
const MOST: usize = 8 << 20;
/// How many of the last lines are kept.
const LAST: usize = 20;
/// How long the client may take to say what it knows.
const ASKING: Duration = Duration::from_secs(30);

/// A callback that receives each line of output.
pub type OutputLine<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// The host's `docker`.
pub struct Builder<'a> {
    /// The engine's address, as the operator's file has it.
    pub endpoint: &'a str,
    /// How long one image may take to build, and to push.
    pub patience: Duration,
    /// Receives each line of output.
    pub told: OutputLine<'a>,
}

/// What is done, for errors.
#[derive(Clone, Copy)]
struct Doing<'a> {
    artifact: &'a str,
    command: &'static str,
    done: &'static str,
}

impl Builder<'_> {
    /// Whether the client has the program of `BuildKit`, without which it builds as the engine does.
    ///
    /// # Errors
    /// When there is no client.
    pub async fn has_buildx(&self) -> Result<bool, BuildError> {
        let mut command = self.docker();
        command.args(["buildx", "version"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = start(&mut command)?;
        let status = tokio::time::timeout(ASKING, child.wait()).await;
        Ok(matches!(status, Ok(Ok(status)) if status.success()))
    }

    /// Builds one image, and returns the id that `docker` gives it.
    ///
    /// # Errors
    /// When it cannot be run, fails, or does not end in time.
    pub async fn build(&self, build: &Build, buildx: bool) -> Result<String, BuildError> {
        let place = tempfile::tempdir().map_err(BuildError::NoPlace)?;
        let id = place.path().join("id");
        let mut command = self.docker();
        if buildx {
            // Into the engine, and without a statement about the build, which would make each one another image.
            command.args(["buildx", "build", "--load", "--provenance=false", "--progress=plain"]);
        } else {
            command.arg("build");
        }
        command.args(&build.call.options).arg(format!("--iidfile={}", id.display()));
        if build.call.inline.is_some() {
            command.arg("--file=-");
        }
        command.arg("--").arg(&build.call.context).current_dir(&build.call.context);
        for (name, value) in &build.call.environment {
            command.env(name, value);
        }
        let doing = Doing { artifact: &build.artifact, command: "build", done: "built" };
        self.run(command, build.call.inline.as_deref(), doing).await?;
        let lost = || BuildError::Lost { what: "the image", artifact: build.artifact.clone(), command: "build" };
        std::fs::read_to_string(&id).map(|text| text.trim().to_owned()).map_err(|_| lost())
    }

    /// Pushes an image to its registry, with the registry logins of the user who runs this command.
    ///
    /// # Errors
    /// As for [`Builder::build`].
    pub async fn push(&self, build: &Build) -> Result<(), BuildError> {
        let mut command = self.docker();
        command.args(["push", "--", &build.reference.to_string()]).current_dir(Path::new("/"));
        let doing = Doing { artifact: &build.artifact, command: "push", done: "pushed" };
        self.run(command, None, doing).await
    }

    fn docker(&self) -> Command {
        let mut command = Command::new("docker");
        command.arg(format!("--host={}", self.endpoint)).kill_on_drop(true);
        // Another engine than the operator's is none of this release's.
        for other in ["DOCKER_HOST", "DOCKER_CONTEXT"] {
            command.env_remove(other);
        }
        command
    }

    async fn run(&self, mut command: Command, input: Option<&str>, doing: Doing<'_>) -> Result<(), BuildError> {
        command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = start(&mut command)?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let shown = Mutex::new(Shown { told: self.told, last: Vec::new(), bytes: 0 });
        let finished = async {
            let feeding = async {
                if let (Some(mut stdin), Some(input)) = (stdin, input) {
                    // One that does not read it says why itself.
                    let _ = stdin.write_all(input.as_bytes()).await;
                }
            };
            tokio::join!(feeding, read(stdout, &shown), read(stderr, &shown));
            child.wait().await
        };
        let ended = tokio::time::timeout(self.patience, finished).await;
        let Doing { artifact, command, done } = doing;
        let Ok(status) = ended else {
            let patience = self.patience;
            return Err(BuildError::TooLong { artifact: artifact.to_owned(), done, command, patience });
        };
        let status = status.map_err(|source| BuildError::Program { program: "docker", source })?;
        if status.success() {
            return Ok(());
        }
        let last = shown.into_inner().unwrap_or_else(PoisonError::into_inner).last;
        Err(BuildError::Failed { artifact: artifact.to_owned(), done, command, status, last })
    }
}

fn start(command: &mut Command) -> Result<tokio::process::Child, BuildError> {
    // It makes its files as its own user's shell would.
    private::with_users_mask(|| command.spawn()).map_err(|source| BuildError::Program { program: "docker", source })
}

/// What was passed on.
struct Shown<'a> {
    told: OutputLine<'a>,
    last: Vec<String>,
    bytes: usize,
}

impl Shown<'_> {
    fn line(&mut self, bytes: &[u8]) {
        let text: String = String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control() || *c == '\t').collect();
        if text.trim().is_empty() {
            return;
        }
        let before = self.bytes;
        self.bytes = before.saturating_add(text.len());
        if self.bytes <= MOST {
            (self.told)(&text);
        } else if before <= MOST {
            (self.told)("… and more, which is not shown");
        }
        if self.last.len() == LAST {
            self.last.remove(0);
        }
        self.last.push(text);
    }
}

async fn read(stream: Option<impl AsyncRead + Unpin>, shown: &Mutex<Shown<'_>>) {
    let Some(mut stream) = stream else { return };
    let (mut buffer, mut line) = (vec![0_u8; 16 << 10], Vec::new());
    let told = |line: &mut Vec<u8>| {
        shown.lock().unwrap_or_else(PoisonError::into_inner).line(line);
        line.clear();
    };
    while let Ok(count) = stream.read(&mut buffer).await {
        if count == 0 {
            break;
        }
        for byte in &buffer[..count] {
            match byte {
                b'\n' | b'\r' => told(&mut line),
                _ if line.len() < LONGEST => line.push(*byte),
                _ => {}
            }
        }
    }
    told(&mut line);
}
