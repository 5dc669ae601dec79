//! The names and the paths in a command: each name is one of its kind, and a path means the same file to who carries the command
//! out.

use std::path::Path;

use windlass_foundation::names::Kind;

use super::{ApplicationRef, Command, Content, DeploymentSubject, Promoted, Versions};

impl Command {
    /// The same with absolute paths: those in it are relative to a directory of the caller, and who carries it out may have
    /// another working directory.
    #[must_use]
    pub fn from_directory(mut self, directory: &Path) -> Self {
        match &mut self {
            Self::Show { deployment: text } | Self::Report { deployment: text } | Self::Logs { deployment: text }
                if matches!(text.parse(), Ok(ApplicationRef::Path(_))) =>
            {
                *text = directory.join(&*text).to_string_lossy().into_owned();
            }
            Self::PluginInspect { plugin } if is_component(plugin) => {
                *plugin = directory.join(&*plugin).to_string_lossy().into_owned();
            }
            Self::PluginDiff { old, new } => {
                for plugin in [old, new].into_iter().filter(|plugin| is_component(plugin)) {
                    *plugin = directory.join(&*plugin).to_string_lossy().into_owned();
                }
            }
            _ => {}
        }
        if let Some(ApplicationRef::Path(path)) = self.application_mut() {
            *path = directory.join(&*path);
        }
        self
    }

    /// Whether it makes or ends a deployment.
    #[must_use]
    pub fn deploys(&self) -> bool {
        matches!(
            self,
            Self::Deploy { .. }
                | Self::Rollback { .. }
                | Self::Promote { .. }
                | Self::Trigger { .. }
                | Self::Resume { .. }
                | Self::Resolve { .. }
        )
    }

    /// The application that it names.
    fn application_mut(&mut self) -> Option<&mut ApplicationRef> {
        match self {
            Self::Plan { subject, .. } | Self::Check { subject, .. } | Self::Deploy { subject, .. } => match subject {
                DeploymentSubject::Files { application, .. }
                | DeploymentSubject::Document { application, .. }
                | DeploymentSubject::Plan { application, .. }
                | DeploymentSubject::Running { application }
                | DeploymentSubject::Rollback { application, .. } => Some(application),
            },
            Self::Config { application, .. }
            | Self::Rollback { application, .. }
            | Self::Promote { application, .. }
            | Self::ReleaseCreate { application, .. }
            | Self::ReleaseExport { application, .. }
            | Self::ReleaseList { application }
            | Self::Resolve { application, .. }
            | Self::Freeze { application, .. }
            | Self::Unfreeze { application, .. }
            | Self::Pin { application, .. }
            | Self::Unpin { application, .. }
            | Self::Quarantine { application, .. }
            | Self::Unquarantine { application, .. }
            | Self::PluginGrants { application } => Some(application),
            Self::Resume { application, .. }
            | Self::Verify { application }
            | Self::OutboxList { application }
            | Self::OutboxFlush { application }
            | Self::Status { application }
            | Self::History { application, .. }
            | Self::Doctor { application } => application.as_mut(),
            Self::ReleaseShow { .. }
            | Self::ReleaseRead { .. }
            | Self::ReleaseVerify { .. }
            | Self::Trigger { .. }
            | Self::OutboxRetry { .. }
            | Self::OutboxDrop { .. }
            | Self::Show { .. }
            | Self::Report { .. }
            | Self::Logs { .. }
            | Self::AuditVerify
            | Self::PluginList
            | Self::Whoami
            | Self::PluginInspect { .. }
            | Self::PluginDiff { .. } => None,
        }
    }

    /// The files that it brings, and of which application.
    #[must_use]
    pub fn bundle(&self) -> Option<(&ApplicationRef, &Content)> {
        match self {
            Self::Plan { subject: DeploymentSubject::Files { application, bundle, .. }, .. }
            | Self::Check { subject: DeploymentSubject::Files { application, bundle, .. }, .. }
            | Self::Deploy { subject: DeploymentSubject::Files { application, bundle, .. }, .. }
            | Self::Config { application, bundle, .. }
            | Self::ReleaseCreate { application, bundle, .. } => Some((application, bundle.as_ref()?)),
            _ => None,
        }
    }

    /// Whether every name in it is one. The command line reads names with the same grammar; a command that came from
    /// another process is looked at here.
    ///
    /// # Errors
    /// What is no such name, and what does not go with a bundle.
    pub fn validate(&self) -> Result<(), String> {
        for (kind, text) in self.names() {
            kind.parse(text)?;
        }
        match (self.bundle(), self) {
            (Some(_), Self::ReleaseCreate { build: Some(_), .. }) => {
                Err("images are built from a directory, not from a bundle".to_owned())
            }
            (Some((ApplicationRef::Path(path), _)), _) => {
                Err(format!("`{}` is a path, and a bundle is of an application that is named", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// The names in it, each with what it must be. Applications are parsed when they are read.
    fn names(&self) -> Vec<(Kind, &str)> {
        match self {
            Self::Config { environment, .. } => at(environment.as_deref()).into_iter().collect(),
            Self::Plan { subject, environment, .. }
            | Self::Check { subject, environment }
            | Self::Deploy { subject, environment, .. } => {
                let names = match subject {
                    DeploymentSubject::Files { versions, .. } => versions.names(),
                    DeploymentSubject::Rollback { to, .. } => earlier(to.as_deref()).into_iter().collect(),
                    DeploymentSubject::Document { .. }
                    | DeploymentSubject::Plan { .. }
                    | DeploymentSubject::Running { .. } => Vec::new(),
                };
                let manner = match self {
                    Self::Deploy { manner, .. } => manner.after.as_deref(),
                    _ => None,
                };
                names.into_iter().chain(at(environment.as_deref())).chain(earlier(manner)).collect()
            }
            Self::ReleaseCreate { versions, environment, .. } => {
                versions.names().into_iter().chain(at(environment.as_deref())).collect()
            }
            Self::Rollback { to, manner, .. } => {
                earlier(to.as_deref()).into_iter().chain(earlier(manner.after.as_deref())).collect()
            }
            Self::Pin { to, .. } => earlier(to.as_deref()).into_iter().collect(),
            Self::ReleaseExport { release, .. } => earlier(release.as_deref()).into_iter().collect(),
            Self::ReleaseShow { application, release } => {
                earlier(release.as_deref()).into_iter().chain([(Kind::Application, application.as_str())]).collect()
            }
            Self::Promote { from: Promoted::Environment(name), manner, .. } => {
                std::iter::once((Kind::Environment, name.as_str())).chain(earlier(manner.after.as_deref())).collect()
            }
            Self::Quarantine { release, .. } | Self::Unquarantine { release, .. } => vec![(Kind::Earlier, release)],
            Self::Trigger { trigger, .. } => vec![(Kind::Trigger, trigger)],
            Self::Show { deployment } | Self::Report { deployment } | Self::Logs { deployment }
                if deployment.parse::<ApplicationRef>().is_err() =>
            {
                vec![(Kind::Earlier, deployment)]
            }
            Self::Promote { manner, .. } => earlier(manner.after.as_deref()).into_iter().collect(),
            Self::ReleaseList { .. }
            | Self::ReleaseRead { .. }
            | Self::ReleaseVerify { .. }
            | Self::Verify { .. }
            | Self::Resume { .. }
            | Self::Resolve { .. }
            | Self::Freeze { .. }
            | Self::Unfreeze { .. }
            | Self::Unpin { .. }
            | Self::OutboxList { .. }
            | Self::OutboxFlush { .. }
            | Self::OutboxRetry { .. }
            | Self::OutboxDrop { .. }
            | Self::Status { .. }
            | Self::History { .. }
            | Self::Show { .. }
            | Self::Report { .. }
            | Self::Logs { .. }
            | Self::AuditVerify
            | Self::PluginList
            | Self::PluginInspect { .. }
            | Self::PluginDiff { .. }
            | Self::PluginGrants { .. }
            | Self::Whoami
            | Self::Doctor { .. } => Vec::new(),
        }
    }
}

/// Whether the name of a plugin is the path of a component: neither a bundled plugin nor one at a registry.
#[must_use]
pub fn is_component(plugin: &str) -> bool {
    let is_wasm = Path::new(plugin).extension().is_some_and(|extension| extension == "wasm");
    !plugin.contains("@sha256:") && (plugin.contains('/') || is_wasm)
}

/// A release of the history among the names of a command.
fn earlier(release: Option<&str>) -> Option<(Kind, &str)> {
    release.map(|text| (Kind::Earlier, text))
}

/// An environment among the names of a command.
fn at(environment: Option<&str>) -> Option<(Kind, &str)> {
    environment.map(|name| (Kind::Environment, name))
}

impl Versions {
    fn names(&self) -> Vec<(Kind, &str)> {
        let set = self.set.iter().flat_map(|(name, version)| [(Kind::Artifact, &**name), (Kind::Assigned, &**version)]);
        set.chain(self.commit.as_deref().map(|commit| (Kind::Commit, commit))).collect()
    }
}
