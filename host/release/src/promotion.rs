//! The release that succeeded in another environment: fetched from a file, over the system's `ssh`, or from a git
//! repository with the system's `git`, with the operator's own keys and settings of both.
//!
//! What is fetched is a release document, or the state file of a recorder that keeps one for each application. What it
//! says is checked by [`super::document`].

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use windlass_config::{Promotion, PromotionSource};
use windlass_domain::{ReleaseDocument, Verdict};
use windlass_foundation::explain::{ExitCode, Explain, Place};
use windlass_foundation::names;

use super::bundle::MAX_BYTES;
use super::directory::TeamDirectory;
use super::document::{self, DocumentError};

/// The most bytes that are fetched.
const LIMIT: u64 = MAX_BYTES * 2;

/// How much of a program's complaint is repeated.
const COMPLAINT: usize = 600;

/// Why there is nothing to promote.
#[derive(Debug, thiserror::Error)]
pub enum PromotionError {
    /// The operator's file does not say where that environment is.
    #[error("`agent.toml` does not say where releases of `{environment}` are")]
    Unknown {
        /// What was asked for.
        environment: String,
        /// Those that it names.
        known: Vec<String>,
    },
    /// A program could not be started.
    #[error("cannot run `{program}`")]
    Program {
        /// Its name.
        program: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A program failed.
    #[error("the release cannot be fetched from {origin}: {reason}")]
    Failed {
        /// Where from.
        origin: String,
        /// What it said.
        reason: String,
    },
    /// The file that was fetched says nothing about the application.
    #[error("{origin} says nothing about `{application}`")]
    Nothing {
        /// Where from.
        origin: String,
        /// The application.
        application: String,
    },
    /// The document is wrong.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The release was not proved where it comes from.
    #[error("release {version} may not be promoted from {environment}: {why}")]
    Unproved {
        /// Its label.
        version: String,
        /// Where from.
        environment: String,
        /// What is missing.
        why: String,
    },
    /// Neither the operator nor a trusted key vouches for what the document says about it.
    #[error("release {version} may not be promoted: no trusted key has signed that it succeeded in `{environment}`")]
    Unsigned {
        /// Its label.
        version: String,
        /// Where it says that it succeeded.
        environment: String,
    },
    /// It is of another application.
    #[error("{origin} has a release of `{found}`, not of `{application}`")]
    Other {
        /// Where from.
        origin: String,
        /// What was asked for.
        application: String,
        /// What it is.
        found: String,
    },
}

impl Explain for PromotionError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Unknown { .. } | Self::Nothing { .. } => ExitCode::NotFound,
            Self::Program { .. } | Self::Failed { .. } => ExitCode::Unavailable,
            Self::Document(error) => error.exit(),
            Self::Unproved { .. } | Self::Unsigned { .. } | Self::Other { .. } => ExitCode::Refused,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { environment, known } if known.is_empty() => Some(format!(
                "add a section `[promote.{environment}]` with `file`, `ssh` or `git`, or name a file with `--from ./FILE`"
            )),
            Self::Unknown { known, .. } => Some(format!("it names `{}`", known.join("`, `"))),
            Self::Program { program, .. } => Some(format!("install `{program}`; the agent uses the system's own")),
            Self::Document(error) => error.hint(),
            Self::Unproved { .. } => Some(
                "deploy and test it there first; `--break-glass REASON` promotes it all the same, and says so"
                    .to_owned(),
            ),
            Self::Unsigned { .. } => Some(
                "sign the document with `minisign -S -m FILE` and a key of `[releases] keys`, or promote from an environment \
                 that agent.toml names with `[promote.NAME]`; `accept-unsigned-proofs = true` in `[releases]` believes every \
                 document, and `--break-glass REASON` this one"
                    .to_owned(),
            ),
            Self::Failed { .. } | Self::Nothing { .. } | Self::Other { .. } => None,
        }
    }

    fn place(&self) -> Option<Place> {
        match self {
            Self::Document(error) => error.place(),
            _ => None,
        }
    }
}

/// A document that was fetched from an environment, not yet checked.
#[derive(Debug)]
pub struct Fetched {
    /// Where from, for people.
    pub origin: String,
    /// The file on this host, beside which a signature may be; none when it came another way.
    pub path: Option<PathBuf>,
    /// What it holds.
    pub content: Vec<u8>,
}

impl Fetched {
    /// A file of this host that a person named.
    pub fn file(path: &Path) -> Result<Self, PromotionError> {
        let content = document::read(path)?;
        Ok(Self { origin: format!("`{}`", path.display()), path: Some(path.to_owned()), content })
    }

    /// The release of an application in it, checked against itself.
    pub fn document(&self, application: &str) -> Result<ReleaseDocument, PromotionError> {
        let name = self.origin.trim_matches('`');
        let document = match held(&self.content, application) {
            Held::Document => document::parse(name, &self.content)?,
            Held::Record(record) => document::parse(name, record.to_string().as_bytes())?,
            Held::Nothing => {
                return Err(PromotionError::Nothing {
                    origin: self.origin.clone(),
                    application: application.to_owned(),
                });
            }
        };
        let found = &document.release.application;
        if found == application {
            return Ok(document);
        }
        Err(PromotionError::Other {
            origin: self.origin.clone(),
            application: application.to_owned(),
            found: found.clone(),
        })
    }
}

/// What a content is.
enum Held {
    /// A document of its own, or no such thing at all.
    Document,
    /// A state file, with this record of the application.
    Record(serde_json::Value),
    /// A state file without one.
    Nothing,
}

fn held(content: &[u8], application: &str) -> Held {
    let value: Option<serde_json::Value> = serde_json::from_slice(content).ok();
    let Some(applications) = value.as_ref().and_then(|value| value.get("applications")?.as_object()) else {
        return Held::Document;
    };
    match applications.get(application).and_then(|one| one.get("record")) {
        Some(record) if !record.is_null() => Held::Record(record.clone()),
        _ => Held::Nothing,
    }
}

/// Whether a release may go on from an environment: it succeeded there, and smoke tests said so.
///
/// A proof counts only where a trusted party vouches for it: the operator, who says where an environment is, or a
/// trusted key that signed the document.
pub fn proved(document: &ReleaseDocument, environment: Option<&str>, vouched: bool) -> Result<(), PromotionError> {
    let unproved = |why: String| {
        let environment = environment.map_or_else(|| "elsewhere".to_owned(), |name| format!("`{name}`"));
        Err(PromotionError::Unproved { version: document.release.version.clone(), environment, why })
    };
    let Some(proof) = &document.proof else { return unproved("it did not succeed there".to_owned()) };
    if let Some(wished) = environment
        && proof.environment != wished
    {
        return unproved(format!("it succeeded in `{}`", proof.environment));
    }
    if proof.smoke.is_empty() {
        return unproved("no smoke test was run there".to_owned());
    }
    let unhappy = proof.smoke.iter().find(|(_, verdict)| !matches!(verdict, Verdict::Pass | Verdict::Warn));
    match unhappy {
        Some((name, _)) => unproved(format!("the smoke test `{name}` did not pass there")),
        None if !vouched => Err(PromotionError::Unsigned {
            version: document.release.version.clone(),
            environment: proof.environment.clone(),
        }),
        None => Ok(()),
    }
}

/// Fetches what an environment's promotion names.
pub async fn fetch(promotion: &Promotion, application: &str) -> Result<Fetched, PromotionError> {
    let fill = |text: &str| text.replace("{application}", application);
    match &promotion.from {
        PromotionSource::File(path) => Fetched::file(Path::new(&fill(&path.to_string_lossy()))),
        PromotionSource::Ssh(host) => {
            let seconds = promotion.timeout.as_secs().clamp(1, 60).to_string();
            let mut command = Command::new("ssh");
            if let Some(config) = &promotion.ssh_config {
                command.arg("-F").arg(config);
            }
            command.args(["-o", "BatchMode=yes", "-o", &format!("ConnectTimeout={seconds}"), "--", host]);
            let origin = format!("`{host}` over ssh");
            // The other host's shell reads one text.
            let remote = names::remote_command(["windlass", "release", "export", application]);
            command.arg(remote.map_err(|reason| PromotionError::Failed { origin: origin.clone(), reason })?);
            let content = run("ssh", command, &origin, promotion.timeout).await?;
            Ok(Fetched { origin, path: None, content })
        }
        PromotionSource::Git { repository, branch, path } => {
            let origin = format!("`{path}` of {repository}");
            let failed = |source: std::io::Error| PromotionError::Failed {
                origin: origin.clone(),
                reason: format!("there is no place for a clone: {source}"),
            };
            let directory = tempfile::tempdir().map_err(failed)?;
            let clone = directory.path().join("clone");
            let mut command = Command::new("git");
            command.args(["clone", "--quiet", "--depth", "1", "--single-branch", "--no-tags"]);
            if let Some(branch) = branch {
                command.args(["--branch", branch]);
            }
            command.arg("--").arg(repository).arg(&clone);
            command.env("GIT_TERMINAL_PROMPT", "0");
            // No transport that runs a command which stands in an address.
            command.env("GIT_ALLOW_PROTOCOL", "file:git:http:https:ssh");
            command.env("GIT_SSH_COMMAND", ssh_command(promotion));
            run("git", command, &origin, promotion.timeout).await?;
            let wanted = fill(path);
            // Opened beneath the clone: what a repository holds may be a link that leads elsewhere.
            let content = TeamDirectory::open(&clone).and_then(|inside| inside.read(&wanted, LIMIT));
            let content = content.map_err(|error| PromotionError::Failed {
                origin: origin.clone(),
                reason: format!("`{wanted}` cannot be read: {}", told(&error)),
            })?;
            Ok(Fetched { origin, path: None, content })
        }
    }
}

/// An error with its cause.
fn told(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

/// What git starts for ssh, which git has a shell read.
fn ssh_command(promotion: &Promotion) -> String {
    let config = promotion.ssh_config.as_ref().map(|path| path.display().to_string().replace('\'', r"'\''"));
    let config = config.map(|path| format!(" -F '{path}'")).unwrap_or_default();
    format!("ssh{config} -o BatchMode=yes")
}

/// Runs a program to its end; what it printed, or why it failed.
async fn run(
    program: &'static str,
    mut command: Command,
    origin: &str,
    patience: Duration,
) -> Result<Vec<u8>, PromotionError> {
    let failed = |reason: String| PromotionError::Failed { origin: origin.to_owned(), reason };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|source| PromotionError::Program { program, source })?;
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(failed("its output cannot be read".to_owned()));
    };
    let (mut content, mut complaint) = (Vec::new(), Vec::new());
    let (mut stdout, mut stderr) = (stdout.take(LIMIT + 1), stderr.take(64 << 10));
    let finished = async {
        let (read, _) = tokio::join!(stdout.read_to_end(&mut content), stderr.read_to_end(&mut complaint));
        read?;
        child.wait().await
    };
    let status = match tokio::time::timeout(patience, finished).await {
        Err(_) => return Err(failed(format!("`{program}` did not end within {} s", patience.as_secs()))),
        Ok(status) => status.map_err(|error| failed(error.to_string()))?,
    };
    if content.len() as u64 > LIMIT {
        return Err(failed(format!("`{program}` printed more than {} MiB", LIMIT >> 20)));
    }
    if status.success() {
        return Ok(content);
    }
    let complaint = String::from_utf8_lossy(&complaint);
    let complaint: String =
        complaint.trim().chars().filter(|c| !c.is_control() || *c == '\n').take(COMPLAINT).collect();
    Err(failed(format!("`{program}` ended with {status}: {}", complaint.replace('\n', "; "))))
}

#[cfg(test)]
#[path = "promotion/tests.rs"]
mod tests;
