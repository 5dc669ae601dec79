//! What can be wrong with a new version, and what becomes of one that does not serve.

use std::io;
use std::path::PathBuf;

use windlass_foundation::explain::{ExitCode, Explain};
use windlass_foundation::signature::SignatureError;
use windlass_service::presence::PresenceError;

/// Why Windlass was not exchanged, or why it was taken back.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// Another user than root.
    #[error("only root exchanges Windlass")]
    NotRoot,
    /// The operator named no key for new versions.
    #[error("the operator's file names no key that signs new versions of Windlass")]
    NoKeys,
    /// A signature that does not count, or none.
    #[error(transparent)]
    Signature(SignatureError),
    /// The file could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is none of what can be installed.
    #[error("`{}` is no version of Windlass: {why}", path.display())]
    NotAVersion {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// It is for another machine.
    #[error("the new version is for {found}, and this host is {wanted}")]
    OtherMachine {
        /// What it is for.
        found: String,
        /// What this is.
        wanted: String,
    },
    /// It does not run on this host.
    #[error("the new version does not run on this host: {0}")]
    DoesNotRun(String),
    /// It is older than what is installed.
    #[error("{new} is older than {installed}, which is installed")]
    Older {
        /// What is installed.
        installed: String,
        /// The file's.
        new: String,
    },
    /// dpkg has put the program there.
    #[error("`{}` belongs to the package `{package}`, so only a package replaces it", path.display())]
    OfPackage {
        /// The program.
        path: PathBuf,
        /// The package.
        package: String,
    },
    /// A package cannot replace a program that is of none.
    #[error("`{}` belongs to no package, so a package does not replace it", path.display())]
    OfNoPackage {
        /// The program.
        path: PathBuf,
    },
    /// The package that is installed is nowhere.
    #[error("the package {version}, which is installed, is not kept here, so it could not be installed again")]
    NoWayBack {
        /// Which.
        version: String,
    },
    /// Operations go on.
    #[error("the agent carries out {running} operation(s)")]
    Busy {
        /// How many.
        running: usize,
    },
    /// A deployment is open, and no agent goes on with it.
    #[error("a deployment of {applications} is open in the journal, and no agent goes on with it")]
    Open {
        /// Of what.
        applications: String,
    },
    /// An agent that this cannot start again.
    #[error("an agent stays on this host that systemd did not start from this program")]
    OtherAgent(#[source] PresenceError),
    /// Another update goes on.
    #[error("another `windlass self-update` goes on")]
    Taken,
    /// There is no version from before.
    #[error("no earlier version is kept here")]
    NothingKept,
    /// The version from before could not read the journal.
    #[error(
        "the journal has another format since the update, and deployments were recorded in it that the copy from before the update \
         lacks: the version from before cannot read it"
    )]
    Recorded {
        /// The copy.
        copy: PathBuf,
    },
    /// The host could not be asked or changed; nothing was exchanged.
    #[error("{what}: {why}")]
    Host {
        /// What was tried.
        what: String,
        /// Why not.
        why: String,
    },
    /// A file could not be written; nothing was exchanged.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The new version was taken back.
    #[error("{new} was taken back, and {old} is in its place: {why}")]
    TakenBack {
        /// The new version.
        new: String,
        /// The one that is in place again.
        old: String,
        /// Why.
        why: String,
        /// What the new agent said last.
        log: Vec<String>,
        /// What the operator must know besides.
        note: Option<String>,
    },
    /// Neither serves.
    #[error("{new} was not to be had, and going back to {old} failed: {back}")]
    Stuck {
        /// The new version.
        new: String,
        /// The one from before.
        old: String,
        /// Why the new one was to be taken back.
        why: String,
        /// Why that failed.
        back: String,
        /// What lies where.
        lies: String,
    },
}

impl UpdateError {
    /// The error of a question to the host, or of a change to it, that failed.
    pub(crate) fn host(what: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::Host { what: what.into(), why: why.to_string() }
    }
}

impl Explain for UpdateError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Read { .. } | Self::NotAVersion { .. } | Self::OtherMachine { .. } | Self::DoesNotRun(_) => {
                ExitCode::Configuration
            }
            Self::NotRoot
            | Self::NoKeys
            | Self::Signature(_)
            | Self::Older { .. }
            | Self::OfPackage { .. }
            | Self::OfNoPackage { .. }
            | Self::NoWayBack { .. }
            | Self::Recorded { .. } => ExitCode::Refused,
            Self::Busy { .. } | Self::Open { .. } | Self::OtherAgent(_) | Self::Taken => ExitCode::Busy,
            Self::NothingKept => ExitCode::NotFound,
            Self::Host { .. } | Self::Write { .. } => ExitCode::Unexpected,
            Self::TakenBack { .. } => ExitCode::RolledBack,
            Self::Stuck { .. } => ExitCode::Stuck,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotRoot => "run it as root, with `sudo`".to_owned(),
            Self::NoKeys => "write `keys = [\"RW…\"]` below `[update]` in agent.toml: the second line of the `minisign.pub` of \
                             whoever signs them"
                .to_owned(),
            Self::Signature(SignatureError::Missing { path: Some(path), .. }) => format!(
                "put the signature that came with the file at `{}`, or name it with `--signature`; `minisign -S -m FILE` makes one",
                path.display()
            ),
            Self::Signature(SignatureError::Untrusted { .. }) => {
                "get the file and its signature again from where they are published; `keys` below `[update]` in agent.toml says who \
                 is trusted"
                    .to_owned()
            }
            Self::Signature(_) => "get the file and its signature again from where they are published".to_owned(),
            Self::NotAVersion { .. } => {
                "name the program `windlass`, or the tarball or the Debian package with it".to_owned()
            }
            Self::OtherMachine { .. } => "get the file for this host's architecture".to_owned(),
            Self::Older { .. } => "`--downgrade` installs it all the same; an older version refuses a journal that a newer one has \
                                   upgraded"
                .to_owned(),
            Self::OfPackage { .. } => "name the `.deb` of the new version".to_owned(),
            Self::OfNoPackage { .. } => "name the program, or the tarball with it".to_owned(),
            Self::NoWayBack { version } => format!(
                "first run `windlass self-update` with the package {version}, which keeps it; or, with `--without-way-back`, only the \
                 old program is put back when the new version does not answer"
            ),
            Self::Busy { .. } => "`--wait 10m` waits until they have ended".to_owned(),
            Self::Open { .. } => "`windlass resume` ends it".to_owned(),
            Self::OtherAgent(_) => "stop it, update, and start it again".to_owned(),
            Self::Taken => "wait until it has ended".to_owned(),
            Self::NothingKept => {
                "it is kept by an update, and there is one way back for each: name the file of the version that you want".to_owned()
            }
            Self::Recorded { copy } => format!(
                "the version that is installed goes on; the journal as it was before the update is `{}`",
                copy.display()
            ),
            Self::Read { .. } | Self::DoesNotRun(_) | Self::Host { .. } | Self::Write { .. } => return None,
            Self::TakenBack { log, note, .. } => {
                let log = log.iter().map(|line| format!("  {line}")).collect::<Vec<_>>();
                let said = if log.is_empty() { None } else { Some(format!("the new agent said last:\n{}", log.join("\n"))) };
                let all: Vec<String> = note.iter().cloned().chain(said).collect();
                return Some(all.join("\n")).filter(|text| !text.is_empty());
            }
            Self::Stuck { why, lies, .. } => format!("first: {why}\n{lies}"),
        })
    }
}
