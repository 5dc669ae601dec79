//! One registry: asks, answers its challenge, and asks again when it is busy.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use windlass_domain::reference::Reference;

use super::Access;
use super::authorize::authorize;
use super::credentials;
use super::error::{Missing, RegistryError};
use super::manifest::{self, Document};
use super::transport::{self, HttpAnswer};

/// The largest manifest that registries accept (OCI distribution specification, "Pushing Manifests").
const MAX_MANIFEST: usize = 4 << 20;
/// The largest image configuration that is read.
const MAX_CONFIGURATION: usize = 8 << 20;
/// The largest list of tags that is read.
const MAX_TAGS: usize = 1 << 20;
/// The pauses between attempts.
const PAUSES: [Duration; 3] = [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(3)];
/// The longest pause that a registry may ask for; a longer one is the answer to the person.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// One registry.
#[derive(Debug)]
pub(super) struct Connection {
    registry: String,
    /// `https://HOST` or `http://HOST`.
    base: String,
    client: Client,
    access: Access,
    docker_config: Option<PathBuf>,
    /// `Authorization` headers by repository.
    authorizations: Mutex<HashMap<String, HeaderValue>>,
}

impl Connection {
    pub(super) fn new(registry: &str, access: Access, docker_config: Option<PathBuf>) -> Result<Self, RegistryError> {
        let client = transport::client(registry, &access)?;
        // Docker Hub's registry is not where its name says.
        let host = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
        let base = format!("{}://{host}", if access.plain_http { "http" } else { "https" });
        Ok(Self {
            registry: registry.to_owned(),
            base,
            client,
            access,
            docker_config,
            authorizations: Mutex::default(),
        })
    }

    /// Whether it answers as a registry (OCI distribution specification, "Determining Support").
    pub(super) async fn ping(&self) -> Result<(), RegistryError> {
        let answer =
            transport::send(&self.registry, &self.access, self.client.get(format!("{}/v2/", self.base)), MAX_TAGS)
                .await?;
        match answer.status {
            StatusCode::OK | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Ok(()),
            _ => Err(self.refused(&answer)),
        }
    }

    /// The manifest or index of a tag or digest.
    pub(super) async fn manifest(&self, repository: &str, version: &str) -> Result<Document, RegistryError> {
        let answer = self.manifest_answer(repository, version).await?;
        Document::read(&answer).map_err(|reason| self.unusable(reason))
    }

    /// The bytes of a manifest.
    pub(super) async fn manifest_bytes(&self, repository: &str, version: &str) -> Result<Vec<u8>, RegistryError> {
        self.manifest_answer(repository, version).await.map(|answer| answer.body)
    }

    async fn manifest_answer(&self, repository: &str, version: &str) -> Result<HttpAnswer, RegistryError> {
        let path = format!("manifests/{version}");
        let answer = self.get(repository, &path, manifest::ACCEPTED, MAX_MANIFEST).await?;
        match answer.status {
            StatusCode::OK => Ok(answer),
            StatusCode::NOT_FOUND => Err(self.not_found(repository, version, &answer)),
            _ => Err(self.refused(&answer)),
        }
    }

    /// The bytes of a blob, at most `most`; its digest is the caller's to verify.
    pub(super) async fn blob(&self, repository: &str, digest: &str, most: u64) -> Result<Vec<u8>, RegistryError> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let answer = self.get(repository, &format!("blobs/{digest}"), "*/*", most).await?;
        if answer.status == StatusCode::OK { Ok(answer.body) } else { Err(self.refused(&answer)) }
    }

    /// The platform that an image's configuration names.
    pub(super) async fn configuration(&self, repository: &str, digest: &str) -> Result<String, RegistryError> {
        let answer = self.get(repository, &format!("blobs/{digest}"), "*/*", MAX_CONFIGURATION).await?;
        if answer.status != StatusCode::OK {
            return Err(self.refused(&answer));
        }
        manifest::platform_of_configuration(&answer.body, digest).map_err(|reason| self.unusable(reason))
    }

    /// Up to a thousand of a repository's tags; none when there is no such repository.
    pub(super) async fn tags(&self, repository: &str) -> Result<Option<Vec<String>>, RegistryError> {
        #[derive(Deserialize)]
        struct Tags {
            tags: Option<Vec<String>>,
        }
        let answer = self.get(repository, "tags/list?n=1000", "application/json", MAX_TAGS).await?;
        if answer.has_code("NAME_UNKNOWN") {
            return Ok(None);
        }
        let tags = serde_json::from_slice::<Tags>(&answer.body).ok().and_then(|tags| tags.tags);
        // What is no tag is not proposed, whatever a registry says.
        let scratch = Reference::parse("scratch").ok();
        let is_tag = |tag: &String| scratch.as_ref().is_some_and(|scratch| scratch.with_version(tag).is_ok());
        Ok(Some(tags.unwrap_or_default().into_iter().filter(is_tag).collect()))
    }

    /// Asks with retries. A status other than 401, 403, 429 and those of a broken server is the caller's to judge.
    async fn get(&self, repository: &str, path: &str, accept: &str, limit: usize) -> Result<HttpAnswer, RegistryError> {
        let mut pauses = PAUSES.iter().copied();
        let mut reached = true;
        loop {
            let (error, wanted) = match self.ask(repository, path, accept, limit).await {
                Ok(answer) if is_busy(answer.status) => {
                    let wanted = answer.retry_after();
                    (self.busy(&answer, wanted), wanted)
                }
                Ok(answer) => return Ok(answer),
                // A connection may break once; a server that is not there is not waited for.
                Err(error @ RegistryError::Unavailable { .. }) if std::mem::take(&mut reached) => (error, None),
                Err(error @ RegistryError::RateLimited { retry_after, .. }) => (error, retry_after),
                Err(error) => return Err(error),
            };
            let Some(pause) = pauses.next() else { return Err(error) };
            let pause = wanted.unwrap_or(pause);
            if pause > LONGEST_PAUSE {
                return Err(error);
            }
            tracing::debug!(registry = self.registry, %error, ?pause, "asking again");
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks once, and once more with an answer to the registry's challenge.
    async fn ask(&self, repository: &str, path: &str, accept: &str, limit: usize) -> Result<HttpAnswer, RegistryError> {
        let known = self.authorizations.lock().unwrap_or_else(PoisonError::into_inner).get(repository).cloned();
        let refusal = self.send(repository, path, accept, limit, known).await?;
        if refusal.status != StatusCode::UNAUTHORIZED {
            return self.allowed(repository, None, refusal);
        }
        let found = credentials::find(&self.access, self.docker_config.as_deref(), &self.registry).await?;
        let user = found.as_ref().map(credentials::Credentials::user);
        let header =
            authorize(&self.client, &self.registry, &self.access, repository, &refusal, found.as_ref()).await?;
        let Some(header) = header else { return self.allowed(repository, user, refusal) };
        let answer = self.send(repository, path, accept, limit, Some(header.clone())).await?;
        let answer = self.allowed(repository, user, answer)?;
        self.authorizations.lock().unwrap_or_else(PoisonError::into_inner).insert(repository.to_owned(), header);
        Ok(answer)
    }

    async fn send(
        &self,
        repository: &str,
        path: &str,
        accept: &str,
        limit: usize,
        authorization: Option<HeaderValue>,
    ) -> Result<HttpAnswer, RegistryError> {
        let mut request = self.client.get(format!("{}/v2/{repository}/{path}", self.base)).header(ACCEPT, accept);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        transport::send(&self.registry, &self.access, request, limit).await
    }

    fn allowed(&self, repository: &str, user: Option<String>, answer: HttpAnswer) -> Result<HttpAnswer, RegistryError> {
        if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            let (registry, repository) = (self.registry.clone(), repository.to_owned());
            return Err(RegistryError::Unauthorized { registry, repository, user, said: answer.said() });
        }
        Ok(answer)
    }

    fn not_found(&self, repository: &str, version: &str, answer: &HttpAnswer) -> RegistryError {
        let name = format!("{}/{repository}", self.registry);
        let missing = match version {
            _ if answer.has_code("NAME_UNKNOWN") => Missing::Repository,
            version if version.starts_with("sha256:") => Missing::Digest,
            _ => Missing::Tag,
        };
        match Reference::parse(&name).and_then(|reference| reference.with_version(version)) {
            Ok(reference) => RegistryError::NotFound { missing, reference, nearest: Vec::new() },
            Err(error) => self.unusable(error.to_string()),
        }
    }

    fn busy(&self, answer: &HttpAnswer, retry_after: Option<Duration>) -> RegistryError {
        let registry = self.registry.clone();
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            return RegistryError::RateLimited { registry, retry_after };
        }
        RegistryError::Unavailable { registry, reason: status(answer) }
    }

    fn refused(&self, answer: &HttpAnswer) -> RegistryError {
        self.unusable(status(answer))
    }

    fn unusable(&self, reason: String) -> RegistryError {
        RegistryError::Answer { registry: self.registry.clone(), reason }
    }
}

fn status(answer: &HttpAnswer) -> String {
    let said = answer.said();
    let colon = if said.is_empty() { "" } else { ": " };
    format!("it answers {}{colon}{said}", answer.status)
}

fn is_busy(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}
