//! One command from its start to its end: what the modules of [`commands`](super::commands) share.
//!
//! The operator's file is read once, when it is first needed, and so is the team's.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use windlass_api::command::ApplicationRef;
use windlass_api::{Answer, CommandEvent, Reply};
use windlass_config::{Config, DEFAULT_PATH, Right};
use windlass_deployment::{Ending, Stop};
use windlass_foundation::explain::ExplainedError;
use windlass_foundation::names::Instance;
use windlass_foundation::principal::Principal;
use windlass_journal::Mode;
use windlass_release::application::{self, Location};
use windlass_release::binding::{self, Claim};
use windlass_release::directory::TeamDirectory;
use windlass_release::file::ReleaseFile;

use super::access::{self, Asked, On};
use super::agent::{Agent, Options, ReadFile};
use super::error::CommandError;
use super::facts;
use super::presence;
use super::sink::{Relay, Sink};
use super::{Grammar, Service};

/// How long a person waits before they ask themselves what is going on.
const PATIENCE: Duration = Duration::from_millis(400);

/// What a command works with.
#[derive(Clone)]
pub(crate) struct Run {
    /// The operator's file that was named; none means the usual place.
    named: Option<PathBuf>,
    /// Reads the command of a trigger.
    pub(crate) grammar: Grammar,
    /// Who asks.
    pub(crate) principal: Principal,
    /// What the command needs.
    rights: Vec<Right>,
    /// How it came here.
    pub(crate) asked: Asked,
    /// The state directory that the agent holds; none means the operator's file says it.
    state: Option<Arc<Path>>,
    /// The id of the deployment that it begins, where the caller was told one; for one deployment.
    id: Arc<Mutex<Option<String>>>,
    sink: Arc<dyn Sink>,
    relay: Arc<Relay>,
    config: Arc<OnceLock<Arc<Config>>>,
    /// The release file that was read last, and in which directory.
    read: Arc<Mutex<Option<ReadFile>>>,
}

/// An application that was asked for.
pub(crate) struct FoundApplication {
    /// Its name.
    pub(crate) name: String,
    /// What it is in the journal: the application itself.
    pub(crate) instance: Instance,
    /// Where its files are.
    pub(crate) location: Location,
    /// Its release file.
    pub(crate) file: ReleaseFile,
    /// Whether its files came with the command; `location` is their kept copy then.
    pub(crate) is_sent: bool,
    /// The lines for agent.toml that would bind it to where it is, where the operator wrote no binding.
    pub(crate) unbound: Option<String>,
}

/// The application itself: no command takes another name for it yet.
pub(crate) fn itself(application: &str) -> Result<Instance, ExplainedError> {
    let instance = Instance::parse(application);
    instance.map_err(|_| CommandError::NotDeployed { wanted: application.to_owned() }.into())
}

impl Run {
    pub(crate) fn new(service: &Service, principal: Principal, rights: Vec<Right>, sink: Arc<dyn Sink>) -> Self {
        let relay = Arc::new(Relay::new(sink.clone()));
        Self {
            named: service.config.clone(),
            grammar: service.grammar,
            asked: service.asked,
            state: service.state.clone(),
            principal,
            rights,
            id: Arc::default(),
            sink,
            relay,
            config: Arc::new(service.read.clone().map_or_else(OnceLock::new, OnceLock::from)),
            read: Arc::default(),
        }
    }

    /// The same; the deployment that it begins gets this id.
    pub(crate) fn with_id(self, id: Option<String>) -> Self {
        Self { id: Arc::new(Mutex::new(id)), ..self }
    }

    /// The id of the deployment that begins now; none means a new one.
    pub(crate) fn id(&self) -> Option<String> {
        self.id.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Another command on behalf of another principal, told to the same caller.
    pub(crate) fn acting(&self, principal: Principal, rights: Vec<Right>) -> Self {
        Self { principal, rights, ..self.clone() }
    }

    /// Refuses where the operator's rules do not let the principal do this. Called before anything of what it is about is
    /// looked at.
    pub(crate) fn allow(&self, on: On<'_>) -> Result<(), ExplainedError> {
        if access::is_unrestricted(&self.principal) {
            return Ok(());
        }
        let config = self.config()?;
        if self.rights.is_empty() {
            return Ok(access::check_known(&config, &self.principal)?);
        }
        Ok(access::check(&config, &self.principal, &self.rights, on, self.asked)?)
    }

    /// Whether the principal may bring the files of an application.
    pub(crate) fn may_bring(&self, application: &str) -> Result<bool, ExplainedError> {
        let (config, on) = (self.config()?, On::Application(application));
        Ok(access::check(&config, &self.principal, &[Right::BringFiles], on, self.asked).is_ok())
    }

    /// Tells the caller something.
    pub(crate) fn event(&self, event: CommandEvent) {
        self.sink.event(event);
    }

    /// Tells the caller what a person should know.
    pub(crate) fn warn(&self, text: impl Into<String>) {
        self.event(CommandEvent::Warning(text.into()));
    }

    /// Tells the caller what was done.
    pub(crate) fn note(&self, text: impl Into<String>) {
        self.event(CommandEvent::Note(text.into()));
    }

    /// The operator's file, for texts.
    pub(crate) fn config_path(&self) -> PathBuf {
        self.named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_PATH))
    }

    /// The operator's file; the defaults where none was named and there is none at the usual place.
    pub(crate) fn config(&self) -> Result<Arc<Config>, ExplainedError> {
        if let Some(config) = self.config.get() {
            return Ok(config.clone());
        }
        let path = self.config_path();
        // A file that was named and is not there is a mistake; the usual one may be missing.
        let mut config = match (&self.named, path.exists()) {
            (Some(_), false) => return Err(CommandError::NoConfig { path }.into()),
            (None, false) => Config::defaults()?,
            (_, true) => Config::read(&path)?,
        };
        if let Some(state) = &self.state {
            config.state_directory = state.to_path_buf();
        }
        Ok(self.config.get_or_init(|| Arc::new(config)).clone())
    }

    /// Opens the agent with the operator's file and its state directory.
    pub(crate) async fn open(&self, mode: Mode) -> Result<Agent, ExplainedError> {
        self.open_with(mode, self.config()?).await
    }

    /// Opens the agent with a state of its own, for what leaves nothing on this host.
    pub(crate) async fn open_in(&self, mode: Mode, state_directory: PathBuf) -> Result<Agent, ExplainedError> {
        self.open_with(mode, Arc::new(Config { state_directory, ..(*self.config()?).clone() })).await
    }

    async fn open_with(&self, mode: Mode, config: Arc<Config>) -> Result<Agent, ExplainedError> {
        if mode == Mode::Write && self.asked == Asked::Directly {
            presence::refuse_beside_agent(&config.state_directory)?;
        }
        let agent = Agent::open(Options { config, mode, events: self.relay.clone() }).await?;
        if let Some(read) = self.read.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            agent.has_read(read);
        }
        Ok(agent)
    }

    /// Finds an application's files and its name.
    pub(crate) fn find(&self, application: &ApplicationRef) -> Result<FoundApplication, ExplainedError> {
        let config = self.config()?;
        match application {
            ApplicationRef::Name(name) => self.allow(On::Application(name))?,
            ApplicationRef::Path(path) => self.may_name(path)?,
        }
        let location = application::find(&application.to_string(), &config.applications_directory)?;
        let team = TeamDirectory::open(&location.directory)?;
        let file = ReleaseFile::of(&team)?;
        if let Some(name) = &location.name {
            file.expect_application(name)?;
        }
        let name = file.application.clone();
        if location.name.is_none() {
            self.allow(On::Application(&name))?;
        }
        // Before anything of the application is looked at: its journal, its lock, what runs.
        let unbound = binding::decide(&config, &name, Claim::Files(&team))?;
        self.has_read(ReadFile { directory: team.identity(), file: file.clone() });
        Ok(FoundApplication { instance: itself(&name)?, name, location, file, is_sent: false, unbound })
    }

    /// Keeps the release file that was read, so that it is read once.
    pub(crate) fn has_read(&self, read: ReadFile) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(read);
    }

    /// Refuses a path that another process names and that only this process may read.
    pub(crate) fn may_name(&self, path: &Path) -> Result<(), CommandError> {
        let path = path.to_owned();
        match self.asked {
            Asked::Agent if !access::is_unrestricted(&self.principal) => Err(CommandError::PathOfAgent { path }),
            Asked::Agent if path.is_relative() => Err(CommandError::RelativePath { path }),
            Asked::Agent | Asked::Directly => Ok(()),
        }
    }

    /// The name of an application that the journal is asked about; its files are needed only when a path was given.
    pub(crate) fn name(&self, application: &ApplicationRef) -> Result<Instance, ExplainedError> {
        match application {
            ApplicationRef::Name(name) => {
                self.allow(On::Application(name))?;
                itself(name)
            }
            ApplicationRef::Path(_) => Ok(self.find(application)?.instance),
        }
    }

    /// The same where all applications are meant without a name.
    pub(crate) fn name_or_all(&self, application: Option<&ApplicationRef>) -> Result<Option<Instance>, ExplainedError> {
        match application {
            Some(application) => self.name(application).map(Some),
            None => self.allow(On::All).map(|()| None),
        }
    }

    /// The same of an application that this host knows: it was deployed or held back here, the operator's file names it,
    /// or its files are where applications are looked for. Otherwise a mistyped name would be answered as though all
    /// were well.
    pub(crate) fn known(&self, application: &ApplicationRef, agent: &Agent) -> Result<Instance, ExplainedError> {
        let name = self.name(application)?;
        let journal = &agent.journal;
        let is_known = !journal.status(Some(&name))?.is_empty()
            || journal.freeze(&name)?.is_some()
            || journal.pin(&name)?.is_some()
            || agent.config.bindings.iter().any(|binding| binding.name == name.application());
        if !is_known {
            self.find(application)?;
        }
        Ok(name)
    }

    /// The same where all applications are meant without a name.
    pub(crate) fn known_or_all(
        &self,
        application: Option<&ApplicationRef>,
        agent: &Agent,
    ) -> Result<Option<Instance>, ExplainedError> {
        match application {
            Some(application) => self.known(application, agent).map(Some),
            None => self.allow(On::All).map(|()| None),
        }
    }

    /// Refuses another environment than this host's, so that a user does not deploy on the wrong host.
    pub(crate) fn environment(&self, wanted: Option<&str>, agent: &Agent) -> Result<(), CommandError> {
        match wanted {
            Some(wanted) if wanted != agent.environment => Err(CommandError::OtherEnvironment {
                wanted: wanted.to_owned(),
                here: agent.environment.clone(),
                config: self.config_path(),
            }),
            _ => Ok(()),
        }
    }

    /// Waits for something that is usually quick, and says what it is when it is not.
    pub(crate) async fn patiently<T>(&self, what: &str, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        if let Ok(answer) = tokio::time::timeout(PATIENCE, &mut work).await {
            return answer;
        }
        self.event(CommandEvent::Busy(what.to_owned()));
        work.await
    }

    /// From now on the caller may ask the command to stop in order.
    pub(crate) fn stop(&self) -> Result<Stop, CommandError> {
        self.sink.stop().map_err(CommandError::Unheard)
    }

    /// The reply about a deployment that has ended.
    pub(crate) async fn ended(&self, agent: &Agent, ending: &Ending) -> Reply {
        let mut deployment = facts::ending(ending, self.relay.phases(ending.state.instance.as_str()));
        facts::look(agent, &mut deployment).await;
        for warning in &ending.warnings {
            self.warn(warning);
        }
        Reply { answer: Answer::Ended { deployment: Box::new(deployment) }, exit: ending.exit() }
    }
}
