//! The connections to the engine: kept, and used again by the next request.
//!
//! The client library by itself makes one for every request and closes it. A connection that the engine closed meanwhile
//! is replaced before anything is sent on it; one that breaks in the middle of a request is an error like any other.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use bollard::errors::Error;
use bollard::{BollardRequest, ClientVersion};
use http::HeaderMap;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use hyperlocal::UnixConnector;

/// A version of the engine's API, such as 1.41.
pub(super) type Api = (usize, usize);

/// The type of the library's requests' bodies, which it does not name.
trait Carries {
    type Body;
}

impl<B> Carries for http::Request<B> {
    type Body = B;
}

/// The way to the engine at a socket.
pub(super) struct Transport {
    kept: Client<UnixConnector, <BollardRequest as Carries>::Body>,
    address: String,
    newest: Arc<OnceLock<Option<Api>>>,
}

impl Transport {
    /// For a socket that is there.
    pub(super) fn to(socket: &Path) -> Result<Self, Error> {
        let place = socket.to_string_lossy();
        if !socket.exists() {
            return Err(Error::SocketNotFoundError(place.into_owned()));
        }
        Ok(Self {
            kept: Client::builder(TokioExecutor::new()).build(UnixConnector),
            // The connector reads the path from the address, where it stands in hexadecimal digits.
            address: format!("unix://{}", hex::encode(place.as_bytes())),
            newest: Arc::default(),
        })
    }

    /// A client. All of them, and their clones, share the connections.
    pub(super) fn client(&self, seconds: u64, version: &ClientVersion) -> Result<bollard::Docker, Error> {
        let (kept, newest) = (self.kept.clone(), self.newest.clone());
        let send = move |request: BollardRequest| {
            let (answer, newest) = (kept.request(request), newest.clone());
            async move {
                let answer = answer.await.map_err(Error::from)?;
                newest.get_or_init(|| of_docker(answer.headers()));
                Ok(answer)
            }
        };
        bollard::Docker::connect_with_custom_transport(send, Some(self.address.clone()), seconds, version)
    }

    /// The newest API of a Docker Engine, once it has answered something. None of another engine.
    pub(super) fn newest(&self) -> Option<Api> {
        self.newest.get().copied().flatten()
    }
}

/// What a Docker Engine says of itself with each answer.
fn of_docker(headers: &HeaderMap) -> Option<Api> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    text("server").filter(|server| server.starts_with("Docker/"))?;
    version(text("api-version")?)
}

/// Parses a version such as `1.41`; none where it is not two numbers with a dot.
pub(super) fn version(text: &str) -> Option<Api> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
