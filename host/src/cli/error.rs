//! What can be wrong with a command itself, apart from what the engine says.

use std::path::PathBuf;

use windlass_foundation::explain::{ExitCode, Explain, list};

/// Why a file is not what it should be, without anything that stands in it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Reason(pub String);

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// There is no schema with that name.
    #[error("there is no schema `{name}`")]
    UnknownSchema {
        /// What was asked for.
        name: String,
        /// All that there are.
        known: Vec<&'static str>,
    },
    /// A file could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no operator's file where one was named.
    #[error("there is no operator's file `{}`", path.display())]
    NoConfig {
        /// The file.
        path: PathBuf,
    },
    /// `init` would write over a file.
    #[error("`{}` is there already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// `init` would write a release file from which the Compose file cannot be reached.
    #[error(
        "`{}` is not in `{}`, where release.toml would be written, nor below it; a release has only what is there",
        compose.display(),
        output.display()
    )]
    OutsideOutput {
        /// The Compose file, or its directory.
        compose: PathBuf,
        /// The directory for the release file.
        output: PathBuf,
    },
    /// There is no terminal where a person could say yes.
    #[error("nothing was written: this is not a terminal, so the question cannot be asked")]
    NotAsked,
    /// The person said no.
    #[error("nothing was written, as you said")]
    Declined,
    /// A release document is for another application than the one named.
    #[error("`{}` is a release of `{found}`, not of `{application}`", path.display())]
    OtherRelease {
        /// The document.
        path: PathBuf,
        /// What it is.
        found: String,
        /// What was asked for.
        application: String,
    },
    /// No release like that is in quarantine.
    #[error("no release `{wished}` of `{application}` is in quarantine")]
    NotQuarantined {
        /// The application.
        application: String,
        /// What was asked for.
        wished: String,
    },
    /// Nothing like that waits in the outbox.
    #[error("nothing with the number {number} waits in the outbox")]
    NoDelivery {
        /// What was asked for.
        number: i64,
    },
    /// Nothing like that is set aside.
    #[error("nothing with the number {number} is set aside in the outbox")]
    NotSetAside {
        /// What was asked for.
        number: i64,
    },
    /// It would take the place of what is newer.
    #[error(
        "event {number} is not told again: recorder {recorder} of {application} was told about a later deployment, \
         {later}, and the older record would take the place of the newer one"
    )]
    Overtaken {
        /// What was asked for.
        number: i64,
        /// Whose it is.
        application: String,
        /// The recorder.
        recorder: String,
        /// The later deployment whose event it has received.
        later: String,
    },
    /// The file is not a plan.
    #[error("`{}` is not a plan", path.display())]
    NotAPlan {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Reason,
    },
    /// A plan was made where the application was bound, and agent.toml no longer says where it is.
    #[error("`{}` was made from where `{application}` was, and agent.toml does not say any more where that is", path.display())]
    PlanElsewhere {
        /// The file.
        path: PathBuf,
        /// The application.
        application: String,
    },
    /// A plan file is for another application than the one named.
    #[error("`{}` is a plan for `{planned}`, not for `{application}`", path.display())]
    OtherPlan {
        /// The file.
        path: PathBuf,
        /// The application in the plan.
        planned: String,
        /// The application on the command line.
        application: String,
    },
    /// `--plan` already says which release.
    #[error("`--plan` already says which release; `{option}` cannot change it")]
    PlanDecides {
        /// The option that was given too.
        option: &'static str,
    },
    /// `--environment` is not this host's.
    #[error("this host is `{here}`, not `{wished}`")]
    OtherEnvironment {
        /// What was asked for.
        wished: String,
        /// What agent.toml says.
        here: String,
        /// The operator's file.
        config: PathBuf,
    },
    /// `--environment` cannot be compared with anything.
    #[error("nothing says that this host is `{wished}`: there is no operator's file, and so no environment")]
    NoEnvironment {
        /// What was asked for.
        wished: String,
    },
    /// A release document already says which release.
    #[error("`{}` is one release; `{wished}` cannot choose another one", path.display())]
    DocumentDecides {
        /// The document.
        path: PathBuf,
        /// What was asked for too.
        wished: String,
    },
    /// A command needs a name, and a path was given that has none.
    #[error("no deployment of `{wished}` is known here")]
    NotDeployed {
        /// What was asked for.
        wished: String,
    },
    /// The journal knows no deployment of an application whose containers run here.
    #[error(
        "the journal in `{}` knows no deployment of `{application}`, and there are containers here that a deployment of it \
         made: {}",
        state.display(), list(containers)
    )]
    NotInJournal {
        /// The application.
        application: String,
        /// Its containers.
        containers: Vec<String>,
        /// The state directory.
        state: PathBuf,
    },
    /// The release is not deployed by Compose files.
    #[error("this release has no Compose files to show: its strategy is `{strategy}`")]
    NotCompose {
        /// The strategy.
        strategy: String,
    },
    /// No file says anything at a path.
    #[error("no file says anything about `{path}`")]
    NoValue {
        /// What was asked for.
        path: String,
        /// The services that there are.
        services: Vec<String>,
    },
    /// The asynchronous runtime could not start.
    #[error("cannot start worker threads")]
    Runtime(#[source] std::io::Error),
}

impl Explain for CliError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::UnknownSchema { .. }
            | Self::NotDeployed { .. }
            | Self::NotInJournal { .. }
            | Self::NotQuarantined { .. }
            | Self::NoDelivery { .. }
            | Self::NotSetAside { .. }
            | Self::NoValue { .. } => ExitCode::NotFound,
            Self::Exists { .. }
            | Self::OutsideOutput { .. }
            | Self::NotAsked
            | Self::Declined
            | Self::PlanDecides { .. }
            | Self::OtherPlan { .. }
            | Self::OtherRelease { .. }
            | Self::NotCompose { .. }
            | Self::OtherEnvironment { .. }
            | Self::NoEnvironment { .. }
            | Self::DocumentDecides { .. } => ExitCode::Usage,
            Self::Read { .. } | Self::Write { .. } | Self::NotAPlan { .. } | Self::NoConfig { .. } => {
                ExitCode::Configuration
            }
            Self::PlanElsewhere { .. } | Self::Overtaken { .. } => ExitCode::Refused,
            Self::Runtime(_) => ExitCode::Unexpected,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownSchema { known, .. } => Some(format!("known are `{}`", known.join("`, `"))),
            Self::NoConfig { .. } => {
                Some("name another with `--config` or WINDLASS_CONFIG, or write one with `windlass init`".to_owned())
            }
            Self::Exists { .. } => {
                Some("remove it first, or choose another place with `--output DIRECTORY`".to_owned())
            }
            Self::OutsideOutput { .. } => {
                Some("give the directory of the Compose file or one above it, or leave out `--output`".to_owned())
            }
            Self::NotAsked => Some("look at the files above, then write them with `--yes`".to_owned()),
            Self::NotAPlan { .. } | Self::PlanElsewhere { .. } => {
                Some("make one with `windlass plan APP --out FILE`".to_owned())
            }
            Self::OtherEnvironment { config, .. } => Some(format!(
                "the environment of a host is `environment` in `{}`; are you on the right host?",
                config.display()
            )),
            Self::NoEnvironment { .. } => Some(
                "leave out `--environment`: what is made is the same for every environment; or name the operator's file \
                 with `--config`"
                    .to_owned(),
            ),
            Self::DocumentDecides { wished, .. } => Some(format!(
                "leave out `{wished}`; or name the application instead of the file, `windlass release show APP {wished}`"
            )),
            Self::NotDeployed { .. } => Some("`windlass history` lists all deployments".to_owned()),
            Self::NotInJournal { application, .. } => Some(super::lost::advice(application)),
            Self::NoValue { services, .. } => {
                Some(format!("a path is a service and a key, `web.ports`; the services are {}", services.join(", ")))
            }
            Self::NotQuarantined { .. } => Some("`windlass status` lists what is".to_owned()),
            Self::NoDelivery { .. } => Some("`windlass outbox list` lists what waits".to_owned()),
            Self::NotSetAside { .. } => Some("`windlass outbox list` shows what is set aside".to_owned()),
            Self::Overtaken { number, application, .. } => Some(format!(
                "deploy the running release of {application} again (it is `unchanged`): the recorder looks, and repairs \
                 its record; `windlass outbox drop {number} --reason …` removes it"
            )),
            Self::NotCompose { .. } => Some("`windlass plan` shows what it would change".to_owned()),
            Self::Read { .. }
            | Self::Write { .. }
            | Self::Declined
            | Self::OtherPlan { .. }
            | Self::OtherRelease { .. }
            | Self::PlanDecides { .. }
            | Self::Runtime(_) => None,
        }
    }
}
