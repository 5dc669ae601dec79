//! What one plugin call may use of the engine: the owner of the objects, the grant, and the sources of secrets and
//! logins.
//!
//! The host builds it for every call. Nothing here connects to the engine.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use ipnet::IpNet;
use windlass_config::Endpoint;
use windlass_config::Guarded;
use windlass_domain::{Artifact, Failure};
use windlass_foundation::call::CallContext;
use windlass_foundation::progress::Watch;
use windlass_foundation::redact::Redactor;
use zeroize::Zeroizing;

use super::Engine;

/// The plugin that the engine is used by, what for, and which objects are whose.
#[derive(Debug, Clone, Default)]
pub struct DockerScope {
    /// What the plugin is called about: the labels `windlass.application`, `windlass.environment`, `windlass.deployment` and
    /// `windlass.release` of what it creates. Outside of a deployment, nothing is created.
    pub about: Arc<CallContext>,
    /// The plugin's name, for denials and as the source of progress.
    pub plugin: String,
    /// The plugin's `sha256:` digest where a grant must name it; none for a bundled plugin.
    pub plugin_digest: Option<String>,
    /// Compose project names whose objects are the application's as well; usually the application's name alone.
    pub projects: BTreeSet<String>,
    /// The step's id: the label `windlass.step`, and the source of progress.
    pub step: Option<String>,
    /// Networks and volumes of other owners that the release names as external: looked up by name for
    /// `list-resources`. To be used they must also be granted, as `network:NAME` or `volume:NAME`.
    pub externals: BTreeSet<String>,
    /// The host's read-only copy of the bundle, from which files may always be mounted read-only.
    pub bundle: Option<PathBuf>,
    /// The state directory. Nothing in it is ever mounted but the bundle's copy and materialised secrets.
    pub state_directory: PathBuf,
    /// Where the release files of all applications are, each in a directory of its name.
    pub applications_directory: PathBuf,
    /// Files and directories of the operator that are never mounted, whatever is granted.
    pub guarded: Arc<[Guarded]>,
}

/// What the operator granted to the plugin, already cut down to what its kind may have.
#[derive(Debug, Clone, Default)]
pub struct DockerGrant {
    /// `docker-read = true`.
    pub read: bool,
    /// `docker-write = {…}`; includes reading.
    pub write: Option<ContainerGrant>,
    /// `probe-tcp = […]`: places outside the application to which a connection may be tried.
    pub probe_tcp: BTreeSet<Endpoint>,
}

/// The table `docker-write` of a grant.
#[derive(Debug, Clone, Default)]
pub struct ContainerGrant {
    /// Directories below which host paths may be mounted.
    pub bind_roots: Vec<PathBuf>,
    /// The directory for the application's data, below which host paths may be mounted as well.
    pub data_root: Option<PathBuf>,
    /// Dangers that the operator allows by name: `privileged`, `host-network`, `cap-add:NET_ADMIN`, `network:proxy`…
    /// `docs/docker-policy.md` lists them.
    pub allow: BTreeSet<String>,
    /// Ranges that networks may have although they are not private, or overlap what the host reaches.
    pub subnets: Vec<IpNet>,
}

/// Replaces secret placeholders by values, as far as the plugin was granted them.
pub trait SecretFiller: Send + Sync {
    /// The text with every `{{windlass.secret:…}}` replaced; a text without comes back as it is.
    fn fill(&self, text: &str) -> Result<Zeroizing<String>, Failure>;
}

/// No secret is granted: a text with a placeholder is a failure.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSecrets;

/// The owners of the host's images, as the journal knows them. Asked only when a name of an image is to change.
pub trait ImageOwners: Send + Sync {
    /// Those of the application's own releases: only they are removed, and only they are given more names.
    fn own(&self) -> Result<Vec<Artifact>, Failure>;
    /// Those of other applications' releases that are kept, run or are being deployed: they and their repositories are
    /// left alone, whatever name is used.
    fn others(&self) -> Result<Vec<Artifact>, Failure>;
    /// Those of all releases that are kept, run or are being deployed: they are never removed.
    fn needed(&self) -> Result<Vec<Artifact>, Failure>;
}

/// Image owners of which none owns an image.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoImages;

impl ImageOwners for NoImages {
    fn own(&self) -> Result<Vec<Artifact>, Failure> {
        Ok(Vec::new())
    }

    fn others(&self) -> Result<Vec<Artifact>, Failure> {
        Ok(Vec::new())
    }

    fn needed(&self) -> Result<Vec<Artifact>, Failure> {
        Ok(Vec::new())
    }
}

/// Who logs in to registries, with the operator's credentials.
pub trait RegistryCredentials: Send + Sync {
    /// The login for a registry (`docker.io`, `registry.example:5000`); none to ask anonymously.
    fn login<'a>(&'a self, registry: &'a str) -> BoxFuture<'a, Result<Option<RegistryLogin>, Failure>>;
}

/// How to log in to one registry.
#[derive(Clone)]
pub enum RegistryLogin {
    /// A user name and a password or access token.
    Password {
        /// The user.
        username: String,
        /// The password.
        password: Zeroizing<String>,
    },
    /// An identity token, as registries with OAuth 2 give them.
    Token(Zeroizing<String>),
}

/// Every registry is asked anonymously.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCredentials;

impl RegistryCredentials for NoCredentials {
    fn login<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<RegistryLogin>, Failure>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// The engine as one plugin call may see and change it.
#[derive(Clone)]
pub struct Docker {
    pub(super) engine: Arc<Engine>,
    pub(super) scope: Arc<DockerScope>,
    pub(super) grant: DockerGrant,
    pub(super) secrets: Arc<dyn SecretFiller>,
    pub(super) credentials: Arc<dyn RegistryCredentials>,
    pub(super) images: Arc<dyn ImageOwners>,
    pub(super) redactor: Redactor,
    pub(super) watch: Arc<dyn Watch>,
}

impl Docker {
    /// The engine for one plugin call.
    #[must_use]
    pub fn new(engine: Arc<Engine>, scope: DockerScope, grant: DockerGrant, redactor: Redactor) -> Self {
        Self {
            engine,
            scope: Arc::new(scope),
            grant,
            secrets: Arc::new(NoSecrets),
            credentials: Arc::new(NoCredentials),
            images: Arc::new(NoImages),
            redactor,
            watch: Arc::new(windlass_foundation::progress::Unwatched),
        }
    }

    /// Sets the source of secret values.
    #[must_use]
    pub fn with_secrets(mut self, secrets: Arc<dyn SecretFiller>) -> Self {
        self.secrets = secrets;
        self
    }

    /// Sets the source of the operator's registry logins.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Arc<dyn RegistryCredentials>) -> Self {
        self.credentials = credentials;
        self
    }

    /// Sets what the journal knows about the owners of images.
    #[must_use]
    pub fn with_images(mut self, images: Arc<dyn ImageOwners>) -> Self {
        self.images = images;
        self
    }

    /// Sets the progress sink that receives how far a pull is.
    #[must_use]
    pub fn with_watch(mut self, watch: Arc<dyn Watch>) -> Self {
        self.watch = watch;
        self
    }
}

impl SecretFiller for NoSecrets {
    fn fill(&self, text: &str) -> Result<Zeroizing<String>, Failure> {
        if text.contains("{{windlass.secret:") {
            return Err(super::failure::failure("capability-denied", "no secret is granted here"));
        }
        Ok(Zeroizing::new(text.to_owned()))
    }
}

impl std::fmt::Debug for Docker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Docker")
            .field("engine", &self.engine)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
