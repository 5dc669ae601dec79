//! The agent: everything that a command needs, opened once from the operator's file.
//!
//! It connects the flow with real releases, plugins and Docker. It prints nothing and decides nothing about a
//! deployment.

mod calls;
mod error;
mod images;
mod loaded_release;
mod places;
mod prune;
mod reality;
mod record;
mod sealed;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use windlass_domain::Release;

pub(crate) use self::loaded_release::ReadFile;
use self::reality::Reality;

pub use self::error::Error;
pub use self::images::registries;
#[cfg(any(test, fuzzing))]
pub use self::sealed::plan_file;
use windlass_capability::docker;
use windlass_config::Config;
use windlass_config::units::Span;
use windlass_deployment::{BackendError, Engine, Hooked, RetryPolicy, Source};
use windlass_foundation::clock::{Clock, CountingIds, Ids, RandomIds, SteppingClock, SystemClock};
use windlass_foundation::hooks;
use windlass_foundation::names::Instance;
use windlass_foundation::private;
use windlass_foundation::progress::Events;
use windlass_foundation::redact::Redactor;
use windlass_journal::{Journal, Mode};
use windlass_release::environment::Afterwards;
use windlass_sandbox::Plugins;

/// How to open the agent.
#[derive(Clone)]
pub struct Options {
    /// What the operator decides.
    pub config: Arc<Config>,
    /// Whether the command writes.
    pub mode: Mode,
    /// Takes what happens in all deployments.
    pub events: Arc<dyn Events>,
}

/// Everything that a command needs.
pub struct Agent {
    /// What the operator decides.
    pub config: Arc<Config>,
    /// Where the state is.
    pub state_directory: PathBuf,
    /// The environment's name.
    pub environment: String,
    /// The record: `status`, `history`, `show`, `logs`, `audit verify` ask it.
    pub journal: Arc<Journal>,
    /// Removes secrets from texts.
    pub redactor: Redactor,
    /// The host's Docker Engine; nothing is connected before it is asked.
    pub docker: Arc<docker::Engine>,
    /// What the flow works with: `windlass_deployment::run(&agent.engine, …)`.
    pub engine: Engine,
    reality: Arc<Reality>,
}

impl Agent {
    /// Opens it. Plugins, the host's key and Docker are opened when they are first needed, so that a question about
    /// the history needs neither.
    #[expect(clippy::unused_async, reason = "what is opened lazily today may have to be waited for")]
    pub async fn open(options: Options) -> Result<Self, Error> {
        let config = options.config;
        private::claim(&config.state_directory)?;
        let redactor = Redactor::new();
        let clock = clock()?;
        let journal = Arc::new(Journal::open(&config.state_directory, options.mode, clock.clone(), redactor.clone())?);
        let patience = docker::Patience::from(&config.docker);
        let docker = Arc::new(docker::Engine::new(&config.docker.endpoint).with_patience(patience));
        let host = hostname();
        let reality = Arc::new(Reality::new(
            config.clone(),
            journal.clone(),
            docker.clone(),
            redactor.clone(),
            options.events.clone(),
            clock,
            host.clone(),
        ));
        let engine = Engine {
            journal: journal.clone(),
            backend: Hooked::from_environment(reality.clone()),
            ids: ids(),
            events: options.events,
            locks: config.state_directory.join("locks"),
            environment: config.environment.clone(),
            host,
            retry_policy: retry_policy(),
        };
        Ok(Self {
            state_directory: config.state_directory.clone(),
            environment: config.environment.clone(),
            config,
            journal,
            redactor,
            docker,
            engine,
            reality,
        })
    }

    /// Takes a release file that was read already, so that it is read once.
    pub(crate) fn has_read(&self, read: ReadFile) {
        self.reality.has_read(read);
    }

    /// Makes a release without deploying it: for every host, so that nothing that this host grants, keeps secret or is
    /// called counts.
    pub async fn make_release(&self, instance: &Instance, source: &Source) -> Result<Release, BackendError> {
        self.reality.make(instance, source, None).await.map(|made| made.release)
    }

    /// What a release says about the time after its deployment.
    pub(crate) fn afterwards(&self, release: &Release) -> Result<Afterwards, BackendError> {
        self.reality.afterwards(release)
    }

    /// The plugins, for `plugin list`, `inspect` and `grants`. Makes the host's key and the sandbox when it is first
    /// asked.
    pub fn plugins(&self) -> Result<Plugins, Error> {
        self.reality.plugins()
    }
}

/// The machine's clock, or the one of a test: `WINDLASS_TEST_TIME` is its first reading, in RFC 3339.
fn clock() -> Result<Arc<dyn Clock>, Error> {
    match hooks::variable("WINDLASS_TEST_TIME") {
        Some(time) => match time.parse() {
            Ok(start) => Ok(Arc::new(SteppingClock::new(start))),
            Err(source) => Err(Error::TestTime { time, source }),
        },
        None => Ok(Arc::new(SystemClock)),
    }
}

/// How often and when something is tried again. A test may set the first pause of deliveries: `WINDLASS_TEST_DELIVERY_DELAY`.
fn retry_policy() -> RetryPolicy {
    let usual = RetryPolicy::default();
    let set = hooks::variable("WINDLASS_TEST_DELIVERY_DELAY").and_then(|text| text.parse::<Span>().ok());
    RetryPolicy { delivery_delay: set.map_or(usual.delivery_delay, |span| span.0), ..usual }
}

/// Random ids, or those of a test: `WINDLASS_TEST_IDS` is their beginning.
#[must_use]
pub fn ids() -> Arc<dyn Ids> {
    match hooks::variable("WINDLASS_TEST_IDS") {
        Some(prefix) => Arc::new(CountingIds::new(&prefix)),
        None => Arc::new(RandomIds),
    }
}

/// The host's name, as its kernel has it.
fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
