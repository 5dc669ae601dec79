//! Credentials for registries: the operator's, else Docker's own, helpers included.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use docker_credential::{CredentialRetrievalError, DockerCredential};

use super::Access;
use super::error::RegistryError;

/// How long a credential helper may take.
const HELPER_DEADLINE: Duration = Duration::from_secs(20);
/// What Docker's configuration calls Docker Hub (`registry.IndexServer`).
const HUB: &str = "https://index.docker.io/v1/";

/// A name and a password for a registry. Neither password nor token appears in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name; empty for an identity token.
    pub username: String,
    /// The password; empty for an identity token.
    pub password: String,
    /// Docker's identity token (an OAuth 2 refresh token), which takes the place of both.
    pub identity_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

impl Credentials {
    /// A name and a password.
    #[must_use]
    pub fn new(username: &str, password: &str) -> Self {
        Self { username: username.to_owned(), password: password.to_owned(), identity_token: None }
    }

    /// The name of the user in error messages.
    pub(super) fn user(&self) -> String {
        if self.identity_token.is_some() { "identity token".to_owned() } else { self.username.clone() }
    }
}

/// The credentials to use for a registry; none for anonymous use.
pub(super) async fn find(
    access: &Access,
    docker_config: Option<&Path>,
    registry: &str,
) -> Result<Option<Credentials>, RegistryError> {
    if let Some(credentials) = &access.credentials {
        return Ok(Some(credentials.clone()));
    }
    let Some(path) = docker_config.map(Path::to_owned) else { return Ok(None) };
    let server = if registry == "docker.io" { HUB.to_owned() } else { registry.to_owned() };
    let failed = |reason: String| RegistryError::Credentials { registry: registry.to_owned(), reason };
    // A helper is a process that the library waits for; one that hangs is left behind, since only its parent's end
    // would end it.
    let asked = tokio::task::spawn_blocking(move || ask(&path, &server));
    match tokio::time::timeout(HELPER_DEADLINE, asked).await {
        Ok(Ok(answer)) => answer.map_err(failed),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(failed(format!("the credential helper gave no answer within {} s", HELPER_DEADLINE.as_secs()))),
    }
}

fn ask(path: &PathBuf, server: &str) -> Result<Option<Credentials>, String> {
    let unreadable = |reason: &dyn fmt::Display| format!("cannot read `{}`: {reason}", path.display());
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(&error)),
    };
    match docker_credential::get_credential_from_reader(io::BufReader::new(file), server) {
        Ok(DockerCredential::UsernamePassword(username, password)) if username.is_empty() && password.is_empty() => {
            Ok(None)
        }
        Ok(DockerCredential::UsernamePassword(username, password)) => {
            Ok(Some(Credentials { username, password, identity_token: None }))
        }
        Ok(DockerCredential::IdentityToken(token)) => {
            Ok(Some(Credentials { username: String::new(), password: String::new(), identity_token: Some(token) }))
        }
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(None),
        Err(CredentialRetrievalError::ConfigReadError) => Err(unreadable(&"it is not Docker's JSON")),
        Err(CredentialRetrievalError::HelperFailure { helper, stdout, stderr }) => {
            let said = if stderr.trim().is_empty() { stdout } else { stderr };
            // The sentence of the helper protocol for "none" (`credentials.errCredentialsNotFoundMessage`).
            if said.contains("credentials not found in native keychain") {
                return Ok(None);
            }
            let said: String = said.trim().chars().take(200).collect();
            Err(format!("`{helper}` failed: {}", said.escape_debug()))
        }
        Err(other) => Err(other.to_string().to_lowercase()),
    }
}
