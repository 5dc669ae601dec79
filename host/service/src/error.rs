//! What can be wrong with a command itself, apart from what the layers below say.

use std::path::PathBuf;

use windlass_foundation::explain::{ExitCode, Explain, list};

use super::commands::lost;

/// Why a file is not what it should be, without anything that stands in it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Reason(pub String);

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Something in it is not what it must be.
    #[error("the command cannot be carried out: {0}")]
    NotACommand(String),
    /// A path that another process names, and that only the agent may read.
    #[error("`{}` is a path, and the agent reads files with its own rights, not with yours", path.display())]
    PathOfAgent {
        /// The path.
        path: PathBuf,
    },
    /// A path that is not the same for the agent.
    #[error("`{}` is a relative path, and the agent has another working directory", path.display())]
    RelativePath {
        /// The path.
        path: PathBuf,
    },
    /// A path where a bundle needs a name.
    #[error("`{}` is a path, and a bundle is of an application that is named", path.display())]
    BundleOfPath {
        /// The path.
        path: PathBuf,
    },
    /// A person was to type an archive.
    #[error("standard input is a terminal, and an archive is to come from there")]
    BundleOfTerminal,
    /// The files that came are of another application than the one named.
    #[error("the bundle is of the application `{found}`, not of `{application}`")]
    OtherBundle {
        /// What its release file says.
        found: String,
        /// What was asked for.
        application: String,
    },
    /// Its caller could not be heard.
    #[error("nothing was begun, because the command could not be stopped in order")]
    Unheard(#[source] std::io::Error),
    /// A trigger names what it may not.
    #[error("a trigger may start `check`, `plan`, `deploy` and `promote` only")]
    NotTriggered,
    /// A document could not be written down.
    #[error("the document could not be written down")]
    Unwritable(#[source] std::io::Error),
    /// There is no operator's file where one was named.
    #[error("there is no operator's file `{}`", path.display())]
    NoConfig {
        /// The file.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
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
    #[error("no release `{wanted}` of `{application}` is in quarantine")]
    NotQuarantined {
        /// The application.
        application: String,
        /// What was asked for.
        wanted: String,
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
    /// `--environment` is not this host's.
    #[error("this host is `{here}`, not `{wanted}`")]
    OtherEnvironment {
        /// What was asked for.
        wanted: String,
        /// What agent.toml says.
        here: String,
        /// The operator's file.
        config: PathBuf,
    },
    /// `--environment` cannot be compared with anything.
    #[error("nothing says that this host is `{wanted}`: there is no operator's file, and so no environment")]
    NoEnvironment {
        /// What was asked for.
        wanted: String,
    },
    /// A command needs a name, and a path was given that has none.
    #[error("no deployment of `{wanted}` is known here")]
    NotDeployed {
        /// What was asked for.
        wanted: String,
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
}

impl CommandError {
    /// What makes no JSON.
    pub(crate) fn unwritable(error: serde_json::Error) -> Self {
        Self::Unwritable(error.into())
    }
}

impl Explain for CommandError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::NotDeployed { .. }
            | Self::NotInJournal { .. }
            | Self::NotQuarantined { .. }
            | Self::NoDelivery { .. }
            | Self::NotSetAside { .. }
            | Self::NoValue { .. } => ExitCode::NotFound,
            Self::NotACommand(_)
            | Self::RelativePath { .. }
            | Self::BundleOfPath { .. }
            | Self::BundleOfTerminal
            | Self::OtherPlan { .. }
            | Self::OtherRelease { .. }
            | Self::NotCompose { .. }
            | Self::OtherEnvironment { .. }
            | Self::NoEnvironment { .. } => ExitCode::Usage,
            Self::Read { .. }
            | Self::Write { .. }
            | Self::NotAPlan { .. }
            | Self::NoConfig { .. }
            | Self::OtherBundle { .. }
            | Self::NotTriggered => ExitCode::Configuration,
            Self::PlanElsewhere { .. } | Self::Overtaken { .. } | Self::PathOfAgent { .. } => ExitCode::Refused,
            Self::Unheard(_) | Self::Unwritable(_) => ExitCode::Unexpected,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoConfig { .. } => {
                Some("name another with `--config` or WINDLASS_CONFIG, or write one with `windlass init`".to_owned())
            }
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
            Self::NotDeployed { .. } => Some("`windlass history` lists all deployments".to_owned()),
            Self::NotInJournal { application, .. } => Some(lost::advice(application)),
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
            Self::PathOfAgent { .. } => Some(
                "name the application: the operator's file says where its files are, or they lie in \
                 `applications-directory`; root may name a path"
                    .to_owned(),
            ),
            Self::BundleOfPath { .. } => Some("name the application as its release.toml does".to_owned()),
            Self::BundleOfTerminal => {
                Some("as in `windlass bundle . | windlass deploy APP --bundle -`; or name a file".to_owned())
            }
            Self::OtherBundle { .. } => Some("`application` in its release.toml is the name to deploy it by".to_owned()),
            Self::RelativePath { .. } => Some("send the absolute path".to_owned()),
            Self::NotACommand(_)
            | Self::Unheard(_)
            | Self::Unwritable(_)
            | Self::NotTriggered
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::OtherPlan { .. }
            | Self::OtherRelease { .. } => None,
        }
    }
}
