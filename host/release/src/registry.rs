//! Image registries: what a name means there now, and with which credentials one may ask.
//!
//! The documents are those of the OCI distribution specification, and of Docker's before it. Images are never downloaded
//! here, components of plugins are; the engine pulls images, by digest, with [`Registries::credentials`]. The client is our own four requests over
//! `reqwest` because what was tried (`oci-client`) reads answers of any size, hides `Retry-After` and the cause of a
//! refused token, and ends the process on a host without certificate authorities.

mod authorize;
mod component;
mod connection;
mod credentials;
mod error;
mod manifest;
mod transport;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;

pub use component::Artifact;
pub use credentials::Credentials;
pub use error::{Missing, RegistryError};

use windlass_domain::reference::Reference;

use connection::Connection;

/// How long one question may take, with all retries.
const DEADLINE: Duration = Duration::from_mins(1);
/// How long a component may take to arrive.
const DOWNLOAD: Duration = Duration::from_mins(5);
/// How many existing tags an error proposes.
const PROPOSALS: usize = 10;

/// What the operator says about one registry.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Whether it is asked over HTTP without TLS.
    pub plain_http: bool,
    /// A PEM file of certificate authorities to trust besides the system's.
    pub ca: Option<PathBuf>,
    /// Credentials from the operator's secrets; Docker's configuration is asked when there are none.
    pub credentials: Option<Credentials>,
    /// Ranges where it, its token server and what it redirects to may be, although no server is expected there.
    pub addresses: Vec<IpNet>,
}

/// What a name means at its registry now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteImage {
    /// The repository, normalised.
    pub repository: String,
    /// The digest of the manifest or of the index: `sha256:…`.
    pub digest: String,
    /// The media type of that document.
    pub media_type: String,
    /// For which platforms it is: `linux/amd64`, `linux/arm/v7`; sorted.
    pub platforms: Vec<String>,
}

/// All registries, each with the operator's settings. Cheap to clone; clones share connections and tokens.
#[derive(Debug, Clone, Default)]
pub struct Registries {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    access: BTreeMap<String, Access>,
    docker_config: Option<PathBuf>,
    connections: Mutex<HashMap<String, Arc<Connection>>>,
}

impl Registries {
    /// Registries by name with port, as in `[registries."127.0.0.1:5000"]`. Others are asked with TLS and with Docker's
    /// credentials. `docker_config` is Docker's `config.json`, see [`docker_config`]; a file that is not there has none.
    #[must_use]
    pub fn new(access: BTreeMap<String, Access>, docker_config: Option<PathBuf>) -> Self {
        let access = access.into_iter().map(|(name, access)| (name.to_ascii_lowercase(), access)).collect();
        Self { shared: Arc::new(Shared { access, docker_config, connections: Mutex::default() }) }
    }

    /// What a name means at its registry now. Without tag and digest the tag is `latest`; with a digest the tag is not
    /// looked at. Asks again when the registry is busy, for at most a minute.
    pub async fn resolve(&self, reference: &Reference) -> Result<RemoteImage, RegistryError> {
        let connection = self.connection(reference.registry())?;
        match tokio::time::timeout(DEADLINE, resolve(&connection, reference)).await {
            Ok(answer) => answer,
            Err(_) => Err(RegistryError::Unavailable {
                registry: reference.registry().to_owned(),
                reason: format!("no answer about `{reference}` within {} s", DEADLINE.as_secs()),
            }),
        }
    }

    /// The component that a reference with a digest names, verified; at most `most` bytes.
    ///
    /// # Errors
    /// When the registry does not give it, or what it gives is not what the digest names.
    pub async fn component(&self, reference: &Reference, most: u64) -> Result<Artifact, RegistryError> {
        let connection = self.connection(reference.registry())?;
        match tokio::time::timeout(DOWNLOAD, component(&connection, reference, most)).await {
            Ok(answer) => answer,
            Err(_) => Err(RegistryError::Unavailable {
                registry: reference.registry().to_owned(),
                reason: format!("`{reference}` did not arrive within {} s", DOWNLOAD.as_secs()),
            }),
        }
    }

    /// Whether a registry answers as one. That it wants credentials is an answer too: which ones it takes depends on
    /// the repository. Asks once.
    ///
    /// # Errors
    /// When nothing answers there, or something that is no registry.
    pub async fn ping(&self, registry: &str) -> Result<(), RegistryError> {
        self.connection(registry)?.ping().await
    }

    /// The credentials for a registry: the operator's, else those of Docker's configuration and its helpers; none for
    /// anonymous use.
    pub async fn credentials(&self, registry: &str) -> Result<Option<Credentials>, RegistryError> {
        credentials::find(&self.access(registry), self.shared.docker_config.as_deref(), registry).await
    }

    /// Refuses a registry at an address where none is expected: asked before the engine is sent there.
    ///
    /// # Errors
    /// [`RegistryError::Closed`].
    pub async fn admit(&self, registry: &str) -> Result<(), RegistryError> {
        transport::admit(registry, &self.access(registry)).await
    }

    fn access(&self, registry: &str) -> Access {
        self.shared.access.get(&registry.to_ascii_lowercase()).cloned().unwrap_or_default()
    }

    fn connection(&self, registry: &str) -> Result<Arc<Connection>, RegistryError> {
        let mut connections = self.shared.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = connections.get(registry) {
            return Ok(known.clone());
        }
        let connection = Connection::new(registry, self.access(registry), self.shared.docker_config.clone())?;
        let connection = Arc::new(connection);
        connections.insert(registry.to_owned(), connection.clone());
        Ok(connection)
    }
}

/// Where Docker's client keeps its configuration: `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`.
#[must_use]
pub fn docker_config() -> Option<PathBuf> {
    let directory = std::env::var_os("DOCKER_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
    let home =
        || std::env::var_os("HOME").filter(|path| !path.is_empty()).map(|home| PathBuf::from(home).join(".docker"));
    directory.or_else(home).map(|directory| directory.join("config.json"))
}

async fn resolve(connection: &Connection, reference: &Reference) -> Result<RemoteImage, RegistryError> {
    let version = reference.digest().or(reference.tag()).unwrap_or("latest");
    let document = match connection.manifest(reference.path(), version).await {
        Err(RegistryError::NotFound { missing: Missing::Tag, reference, .. }) => {
            // The tags are a courtesy: when they cannot be had, the error is the same without them.
            let (missing, nearest) = match connection.tags(reference.path()).await {
                Ok(Some(tags)) => (Missing::Tag, nearest(version, tags)),
                Ok(None) => (Missing::Repository, Vec::new()),
                Err(_) => (Missing::Tag, Vec::new()),
            };
            return Err(RegistryError::NotFound { missing, reference, nearest });
        }
        answer => answer?,
    };
    if let Some(asked) = reference.digest()
        && asked != document.digest
    {
        return Err(RegistryError::Answer {
            registry: reference.registry().to_owned(),
            reason: format!("it answers {} when asked for `{reference}`", document.digest),
        });
    }
    let platforms = match document.platforms() {
        Some(platforms) => platforms,
        None => match document.configuration() {
            Some(digest) => vec![connection.configuration(reference.path(), &digest).await?],
            None => Vec::new(),
        },
    };
    Ok(RemoteImage {
        repository: reference.repository(),
        digest: document.digest,
        media_type: document.media_type,
        platforms,
    })
}

async fn component(connection: &Connection, reference: &Reference, most: u64) -> Result<Artifact, RegistryError> {
    let unusable = |reason: String| RegistryError::Answer {
        registry: reference.registry().to_owned(),
        reason: format!("`{reference}`: {reason}"),
    };
    let Some(digest) = reference.digest() else { return Err(unusable("it is not pinned by a digest".to_owned())) };
    let manifest = connection.manifest_bytes(reference.path(), digest).await?;
    let layer = component::layer(&manifest).map_err(unusable)?;
    if layer.size > most {
        return Err(unusable(format!("it has {} bytes; a plugin may have {most} (limit `plugin-size`)", layer.size)));
    }
    let component = connection.blob(reference.path(), &layer.digest, layer.size).await?;
    let artifact = Artifact { manifest, component };
    artifact.verify(digest).map_err(unusable)?;
    Ok(artifact)
}

/// The existing tags nearest to a mistyped tag, the likeliest first.
fn nearest(wanted: &str, tags: Vec<String>) -> Vec<String> {
    let mut ranked: Vec<_> = tags
        .into_iter()
        // The distance of long words costs quadratic time, and a registry may say anything.
        .filter(|tag| tag.len() <= 128)
        .map(|tag| (strsim::damerau_levenshtein(wanted, &tag), tag))
        .collect();
    ranked.sort();
    ranked.truncate(PROPOSALS);
    ranked.into_iter().map(|(_, tag)| tag).collect()
}

#[cfg(test)]
#[path = "registry/tests.rs"]
mod tests;
