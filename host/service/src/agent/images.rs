//! Images and registries, as releases, the engine and plugins each want to ask about them.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use windlass_capability::docker;
use windlass_capability::docker::{RegistryCredentials, RegistryLogin};
use windlass_capability::registry::Resolve;
use windlass_capability::secrets::{HostKey, SecretError, Secrets};
use windlass_config::Config;
use windlass_domain::reference::Reference;
use windlass_domain::{Failure, Release};
use windlass_foundation::redact::Redactor;
use windlass_release::registry::{Access, Credentials, Registries, docker_config};
use windlass_release::resolve::LocalImages;
use zeroize::Zeroizing;

/// The host's own images.
pub(super) struct Local(pub(super) Arc<docker::Engine>);

impl LocalImages for Local {
    fn image_id<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Option<String>, Failure>> {
        self.0.image_id(reference).boxed()
    }
}

/// Registries with what the operator says about each, passwords included.
pub fn registries(config: &Config, key: &HostKey, redactor: &Redactor) -> Result<Registries, SecretError> {
    let known = &config.registries;
    let names: Vec<&str> = known.values().filter_map(|registry| registry.password_secret.as_deref()).collect();
    let secrets = Secrets::resolve_all(&config.secrets, names, key, redactor)?;
    let access = known.iter().map(|(host, registry)| {
        let password = registry.password_secret.as_deref().and_then(|name| secrets.value(name));
        let credentials = registry.username.clone().zip(password).map(|(username, password)| Credentials {
            username,
            password: (*password).clone(),
            identity_token: None,
        });
        let access = Access {
            plain_http: registry.plain_http,
            ca: registry.ca.clone(),
            credentials,
            addresses: registry.addresses.clone(),
        };
        (host.clone(), access)
    });
    Ok(Registries::new(access.collect(), docker_config()))
}

/// Registries with the operator's credentials.
pub(super) struct Remote(pub(super) Registries);

impl RegistryCredentials for Remote {
    fn login<'a>(&'a self, registry: &'a str) -> BoxFuture<'a, Result<Option<RegistryLogin>, Failure>> {
        async move {
            // The engine connects to this registry with the login, so its address is checked first.
            self.0.admit(registry).await.map_err(|error| error.failure())?;
            let known = self.0.credentials(registry).await.map_err(|error| error.failure())?;
            Ok(known.map(|credentials| match credentials.identity_token {
                Some(token) => RegistryLogin::Token(Zeroizing::new(token)),
                None => RegistryLogin::Password {
                    username: credentials.username,
                    password: Zeroizing::new(credentials.password),
                },
            }))
        }
        .boxed()
    }
}

impl Remote {
    fn parse(reference: &str) -> Result<Reference, Failure> {
        Reference::parse(reference).map_err(|error| Failure {
            code: "invalid-argument".to_owned(),
            message: error.to_string(),
            retryable: false,
            details: None,
        })
    }
}

impl Resolve for Remote {
    fn registry(&self, reference: &str) -> Result<String, Failure> {
        Ok(Self::parse(reference)?.registry().to_owned())
    }

    fn resolve<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Value, Failure>> {
        async move {
            let parsed = Self::parse(reference)?;
            let image = self.0.resolve(&parsed).await.map_err(|error| error.failure())?;
            Ok(json!({
                "reference": reference,
                "repository": image.repository,
                "digest": image.digest,
                "media-type": image.media_type,
                "platforms": image.platforms,
            }))
        }
        .boxed()
    }
}

/// Registries as a plugin may ask them on the way back: not about images of the release that the host has. What is on
/// the host is what will run, and a registry that does not answer must not delay the way back.
pub(super) struct WayBack {
    pub(super) registries: Arc<Remote>,
    pub(super) docker: Arc<docker::Engine>,
    pub(super) release: Arc<Release>,
}

impl WayBack {
    /// Whether it is an image of the release, by tag or digest, that the host has.
    async fn is_here(&self, reference: &Reference) -> bool {
        let of_release = self.release.artifacts.values().find(|artifact| {
            artifact.repository == reference.repository()
                && (reference.digest() == Some(artifact.digest.as_str())
                    || reference.digest().is_none() && reference.tag() == artifact.tag.as_deref())
        });
        match of_release {
            Some(artifact) => matches!(self.docker.image_id(&artifact.reference()).await, Ok(Some(_))),
            None => false,
        }
    }
}

impl Resolve for WayBack {
    fn registry(&self, reference: &str) -> Result<String, Failure> {
        self.registries.registry(reference)
    }

    fn resolve<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Value, Failure>> {
        async move {
            if self.is_here(&Remote::parse(reference)?).await {
                let message =
                    format!("a rollback does not ask the registry about `{reference}`: the host has the image");
                return Err(Failure { code: "unavailable".to_owned(), message, retryable: false, details: None });
            }
            self.registries.resolve(reference).await
        }
        .boxed()
    }
}
