//! Windlass exchanged for another version of itself, `windlass self-update`: the new file is proved by a signature, the old version is
//! kept, and put back when the new one does not answer.
//!
//! [`change`] is the order in which that happens; each other module does one thing of it. At each moment the old or the new program
//! is at its place, so a process that is killed leaves a host that works, and [`record`] says how far it came. Nothing here reads a
//! command line or prints, and nothing fetches a version: the file is brought by whoever updates the host.

mod agent;
mod back;
mod change;
mod command;
mod contents;
mod error;
mod files;
mod hooks;
mod incoming;
mod installed;
mod package;
mod place;
mod program;
mod record;
mod swap;

use std::path::PathBuf;
use std::time::Duration;

use windlass_config::{Config, DEFAULT_PATH};
use windlass_foundation::explain::ExplainedError;
use windlass_service::{Grammar, Service};

pub use back::go_back;
pub use change::update;
pub use error::UpdateError;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The new version: a program, the tarball or the Debian package.
    pub file: PathBuf,
    /// Its signature, where it is not beside the file.
    pub signature: Option<PathBuf>,
    /// An older version may replace a newer one.
    pub downgrade: bool,
    /// How long operations of the agent are waited for.
    pub wait: Option<Duration>,
    /// Go on although the package that is installed is not here to be installed again.
    pub without_way_back: bool,
}

/// The host whose Windlass it is.
#[derive(Debug, Clone)]
pub struct Host {
    /// The operator's file.
    config: Config,
    /// Asks the journal.
    service: Service,
}

impl Host {
    /// The host of an operator's file; none means `/etc/windlass/agent.toml`, and defaults where that is not there.
    ///
    /// # Errors
    /// When the file is wrong.
    pub fn read(config: Option<PathBuf>, grammar: Grammar) -> Result<Self, ExplainedError> {
        let file = config.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_PATH));
        let read = if config.is_none() && !file.exists() { Config::defaults()? } else { Config::read(&file)? };
        Ok(Self { config: read, service: Service::new(config, grammar) })
    }
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The new version is in place, and answered.
    Updated {
        /// The version from before, where it ran.
        from: Option<String>,
        /// The new one.
        to: String,
        /// The program.
        path: PathBuf,
        /// Where the program from before is kept.
        kept: PathBuf,
    },
    /// It is the version that is installed. Nothing was done.
    Unchanged {
        /// Which.
        version: String,
        /// The program.
        path: PathBuf,
    },
    /// It is the package that is installed: it is kept, so that the next update can go back to it.
    Kept {
        /// Which.
        version: String,
        /// Where it is kept.
        kept: PathBuf,
        /// The program.
        path: PathBuf,
    },
    /// The version from before is in place again.
    Back {
        /// The version that was taken back, where it is known.
        from: Option<String>,
        /// The version from before.
        to: String,
        /// The program.
        path: PathBuf,
    },
}
