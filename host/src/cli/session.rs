//! What the commands share: the agent, the progress sink, how a person stops a deployment, and how its end is reported.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use windlass_config::{Config, DEFAULT_PATH};
use windlass_deployment::{Ending, Stop};
use windlass_foundation::explain::ExitCode;
use windlass_journal::Mode;
use windlass_release::application::{self, Location};
use windlass_release::binding::{self, Claim};
use windlass_release::directory::TeamDirectory;
use windlass_release::file::ReleaseFile;
use windlass_report::facts::Fact;
use windlass_report::page::{Ink, Line};
use windlass_report::{Fault, Printer, Teller, deployment};
use windlass_service::agent::{Agent, Options};

use super::error::CliError;
use super::{Target, actor, present};

/// How long a person waits before they ask themselves what is going on.
const PATIENCE: Duration = Duration::from_millis(400);

/// How long the process has after the second signal to end in order.
const GRACE: Duration = Duration::from_secs(6);

/// Ends a process that two signals did not end.
#[expect(clippy::exit, reason = "every other thread may be busy for ever; the journal copes, as it does with a kill")]
fn end(printer: Printer) {
    let (told, is_told) = std::sync::mpsc::channel();
    // Writing may block because the reader does not read. That must not keep the process from ending.
    std::thread::spawn(move || {
        printer.warn("ended in the middle of its work; `windlass resume` goes on with what is open in the journal");
        let _ = told.send(());
    });
    let _ = is_told.recv_timeout(GRACE);
    std::process::exit(ExitCode::Interrupted.number().into());
}

/// One command from its start to its end.
pub(super) struct Session {
    /// Prints.
    pub(super) printer: Printer,
    /// Watches.
    pub(super) teller: Arc<Teller>,
    /// The operator's file that was named.
    config: Option<PathBuf>,
    /// The actor of the request, when it is not the person behind this process.
    actor: std::sync::OnceLock<String>,
}

/// An application that was asked for.
pub(super) struct Asked {
    /// Its name.
    pub(super) name: String,
    /// Where its files are.
    pub(super) location: Location,
    /// Its release file.
    pub(super) file: ReleaseFile,
    /// The lines for agent.toml that would bind it to where it is, where the operator wrote no binding.
    pub(super) unbound: Option<String>,
}

impl Session {
    /// Creates the session of one command.
    pub(super) fn new(printer: Printer, config: Option<PathBuf>) -> Self {
        Self { printer, teller: Arc::new(Teller::new(printer)), config, actor: std::sync::OnceLock::new() }
    }

    /// The actor of the request, for the record.
    pub(super) fn actor(&self) -> String {
        self.actor.get().cloned().unwrap_or_else(actor::name)
    }

    /// Sets another actor from now on. Only the first call counts.
    pub(super) fn act_as(&self, actor: &str) {
        self.actor.get_or_init(|| windlass_foundation::names::actor(actor));
    }

    /// The operator's file, for texts.
    pub(super) fn config_path(&self) -> PathBuf {
        self.config.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_PATH))
    }

    /// Reads the operator's file; the defaults where none was named and there is none at the usual place.
    pub(super) fn config(&self) -> Result<Config, Fault> {
        let path = self.config_path();
        self.named_config_exists()?;
        if self.config.is_none() && !path.exists() { Ok(Config::defaults()?) } else { Ok(Config::read(&path)?) }
    }

    /// A file that was named and is not there is a mistake; the usual one may be missing.
    fn named_config_exists(&self) -> Result<(), CliError> {
        match &self.config {
            Some(path) if !path.exists() => Err(CliError::NoConfig { path: path.clone() }),
            _ => Ok(()),
        }
    }

    /// Opens the agent with the operator's file and its state directory.
    pub(super) async fn open(&self, mode: Mode) -> Result<Agent, Fault> {
        self.open_in(mode, None).await
    }

    /// Opens the agent with a state of its own, for what leaves nothing on this host.
    pub(super) async fn open_in(&self, mode: Mode, state_directory: Option<PathBuf>) -> Result<Agent, Fault> {
        self.named_config_exists()?;
        let events = Arc::clone(&self.teller) as Arc<dyn windlass_foundation::progress::Events>;
        let options = Options { config: self.config.clone(), state_directory, mode, events };
        Ok(Agent::open(options).await?)
    }

    /// Finds an application's files and its name.
    pub(super) fn find(&self, target: &Target) -> Result<Asked, Fault> {
        let config = self.config()?;
        let location = application::find(&target.to_string(), &config.applications_directory)?;
        let team = TeamDirectory::open(&location.directory)?;
        let file = ReleaseFile::of(&team)?;
        if let Some(name) = &location.name {
            file.expect_application(name)?;
        }
        let name = file.application.clone();
        // Before anything of the application is looked at: its journal, its lock, what runs.
        let unbound = binding::decide(&config, &name, Claim::Files(&team))?;
        Ok(Asked { name, location, file, unbound })
    }

    /// The name of an application that the journal is asked about; its files are needed only when a path was given.
    pub(super) fn name(&self, target: &Target) -> Result<String, Fault> {
        match target {
            Target::Name(name) => Ok(name.clone()),
            Target::Path(_) => Ok(self.find(target)?.name),
        }
    }

    /// The same of an application that this host knows: it was deployed or held back here, the operator's file names it,
    /// or its files are where applications are looked for. Otherwise a mistyped name would be answered as though all
    /// were well.
    pub(super) fn known(&self, target: &Target, agent: &Agent) -> Result<String, Fault> {
        let name = self.name(target)?;
        let journal = &agent.journal;
        let is_known = !journal.status(Some(&name))?.is_empty()
            || journal.freeze(&name)?.is_some()
            || journal.pin(&name)?.is_some()
            || agent.config.bindings.iter().any(|binding| binding.name == name);
        if !is_known {
            self.find(target)?;
        }
        Ok(name)
    }

    /// Refuses another environment than this host's, so that a user does not deploy on the wrong host.
    pub(super) fn environment(&self, wished: Option<&str>, agent: &Agent) -> Result<(), CliError> {
        match wished {
            Some(wished) if wished != agent.environment => Err(CliError::OtherEnvironment {
                wished: wished.to_owned(),
                here: agent.environment.clone(),
                config: self.config_path(),
            }),
            _ => Ok(()),
        }
    }

    /// Waits for something that is usually quick, and says what it is when it is not.
    pub(super) async fn patiently<T>(&self, what: &str, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        if let Ok(answer) = tokio::time::timeout(PATIENCE, &mut work).await {
            return answer;
        }
        self.printer.status(&Line::new().ink(Ink::Dim, what));
        work.await
    }

    /// Handles Ctrl-C and SIGTERM from now on: they stop the deployment, and a message reports it.
    pub(super) fn stop(&self) -> Result<Stop, CliError> {
        let stop = Stop::new();
        let printer = self.printer;
        stop.listen(GRACE, move || end(printer)).map_err(CliError::Runtime)?;
        let (watched, teller) = (stop.clone(), Arc::clone(&self.teller));
        tokio::spawn(async move {
            let say = |text: &str| teller.say(&Line::new().ink(Ink::Warn, "   Stopping").text(" ").text(text));
            watched.unwind().cancelled().await;
            say(if teller.settled() {
                "is too late: the deployment has ended, and only cleaning up is left; press Ctrl-C again to leave it undone"
            } else {
                "as asked: what was changed is put back; press Ctrl-C again to stop at once and leave the deployment open"
            });
            watched.leave().cancelled().await;
            say("at once: the deployment stays open in the journal; `windlass resume` continues it");
        });
        Ok(stop)
    }

    /// Reports how a deployment ended: the error on stderr, the summary on stdout.
    pub(super) async fn ended(&self, agent: &Agent, ending: &Ending) -> ExitCode {
        self.teller.finish();
        let mut fact = present::ending(ending, self.teller.phases(&ending.state.application));
        present::look(agent, &mut fact).await;
        for warning in &ending.warnings {
            self.printer.warn(warning);
        }
        self.printer.always_page(&deployment::errors(&fact, self.printer.width()));
        self.printer
            .answer(&Fact::Deployment(Box::new(fact.clone())), |_| deployment::summary(&fact, self.printer.width()));
        ending.exit()
    }
}
