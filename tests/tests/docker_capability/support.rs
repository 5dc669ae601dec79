//! An application of a test's own on the shared engine; everything of it goes when the test ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use windlass_capability::docker::{
    ContainerGrant, Docker, DockerGrant, DockerScope, Engine, ImageOwners, SecretFiller,
};
use windlass_domain::{Artifact, Failure};
use windlass_foundation::call::{CallContext, CallPurpose};
use windlass_foundation::redact::Redactor;
use windlass_stage::{BUSYBOX, docker, import_busybox};
use zeroize::Zeroizing;

pub(crate) const SOCKET: &str = "unix:///var/run/docker.sock";

/// An application with a state directory.
pub(crate) struct Application {
    pub(crate) name: String,
    pub(crate) state: TempDir,
    pub(crate) engine: Arc<Engine>,
    pub(crate) redactor: Redactor,
}

impl Application {
    pub(crate) fn new(name: &str) -> Self {
        import_busybox(|arguments| docker(arguments)).unwrap();
        let application = Self {
            name: format!("wlcap-{name}-{}", std::process::id()),
            state: tempfile::tempdir().unwrap(),
            engine: Arc::new(Engine::new(SOCKET)),
            redactor: Redactor::new(),
        };
        application.clear();
        application
    }

    /// What a deployment is about.
    fn about(&self, deployment: &str) -> CallContext {
        let mut about = CallContext {
            deployment: deployment.to_owned(),
            application: self.name.clone(),
            environment: "test".to_owned(),
            purpose: CallPurpose::Deploy,
            ..CallContext::default()
        };
        "sha256:00".clone_into(&mut Arc::make_mut(&mut about.release).id);
        about
    }

    /// What a step of a later deployment may see and change.
    pub(crate) fn later(&self, step: &str) -> DockerScope {
        DockerScope { about: self.about("d2").into(), ..self.scope(step) }
    }

    pub(crate) fn scope(&self, step: &str) -> DockerScope {
        DockerScope {
            plugin: "strategy-test".to_owned(),
            about: self.about("d1").into(),
            projects: BTreeSet::from([self.name.clone()]),
            step: Some(step.to_owned()),
            state_directory: self.state.path().to_owned(),
            ..DockerScope::default()
        }
    }

    /// What a strategy holds while it applies a step, without any danger allowed.
    pub(crate) fn strategy(&self, step: &str) -> Docker {
        self.with(self.scope(step), &[])
    }

    pub(crate) fn with(&self, scope: DockerScope, allow: &[&str]) -> Docker {
        let allow = allow.iter().map(|danger| (*danger).to_owned()).collect();
        self.granting(scope, ContainerGrant { allow, ..ContainerGrant::default() })
    }

    pub(crate) fn granting(&self, scope: DockerScope, grant: ContainerGrant) -> Docker {
        let grant = DockerGrant { read: true, write: Some(grant), ..DockerGrant::default() };
        Docker::new(Arc::clone(&self.engine), scope, grant, self.redactor.clone())
    }

    /// What a check holds.
    pub(crate) fn check(&self) -> Docker {
        self.check_probing(&[])
    }

    /// What a check holds that may try connections to places.
    pub(crate) fn check_probing(&self, places: &[String]) -> Docker {
        let probe_tcp = places.iter().map(|place| place.parse().unwrap()).collect();
        let grant = DockerGrant { read: true, probe_tcp, ..DockerGrant::default() };
        Docker::new(Arc::clone(&self.engine), self.scope("check"), grant, self.redactor.clone())
    }

    /// An object's name.
    pub(crate) fn named(&self, name: &str) -> String {
        format!("{}-{name}", self.name)
    }

    fn clear(&self) {
        for label in
            [format!("windlass.application={}", self.name), format!("com.docker.compose.project={}", self.name)]
        {
            let filter = format!("label={label}");
            for (list, remove) in [
                (&["ps", "-aq", "--no-trunc"][..], &["rm", "-fv"][..]),
                (&["network", "ls", "-q"][..], &["network", "rm"][..]),
                (&["volume", "ls", "-q"][..], &["volume", "rm"][..]),
            ] {
                let found = docker([list, &["--filter", &filter]].concat()).unwrap_or_default();
                for object in found.lines() {
                    docker([remove, &[object]].concat()).ok();
                }
            }
        }
    }
}

/// Whose images there are.
#[derive(Debug, Default)]
pub(crate) struct Releases {
    pub(crate) own: Vec<Artifact>,
    pub(crate) others: Vec<Artifact>,
    pub(crate) kept: Vec<Artifact>,
}

impl ImageOwners for Releases {
    fn own(&self) -> Result<Vec<Artifact>, Failure> {
        Ok(self.own.clone())
    }

    fn others(&self) -> Result<Vec<Artifact>, Failure> {
        Ok(self.others.clone())
    }

    fn needed(&self) -> Result<Vec<Artifact>, Failure> {
        Ok([&*self.others, &*self.kept].concat())
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A container that runs until it is stopped.
pub(crate) fn sleeper() -> Value {
    json!({ "Image": BUSYBOX, "Cmd": ["sleep", "600"], "HostConfig": { "NetworkMode": "none" } })
}

/// A container with parts of `HostConfig`.
pub(crate) fn with_host(host: &Value) -> Value {
    json!({ "Image": BUSYBOX, "Cmd": ["sleep", "600"], "HostConfig": host })
}

/// Secrets by placeholder.
#[derive(Default)]
pub(crate) struct Known(pub(crate) BTreeMap<String, String>);

impl SecretFiller for Known {
    fn fill(&self, text: &str) -> Result<Zeroizing<String>, Failure> {
        let filled = self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
        Ok(Zeroizing::new(filled))
    }
}

/// The lines for `agent.toml` that a denial carries.
pub(crate) fn grant_of(failure: &Failure) -> &str {
    failure.details.as_ref().and_then(|details| details["grant"].as_str()).unwrap_or_default()
}
