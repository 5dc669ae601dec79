//! The connections to the engine: kept, and used again by the next request.
//!
//! The client library by itself makes one for every request and closes it. A connection that the engine closed meanwhile
//! is replaced before anything is sent on it; one that breaks in the middle of a request is an error like any other.

use std::path::Path;

use bollard::errors::Error;
use bollard::{BollardRequest, ClientVersion};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use hyperlocal::UnixConnector;

/// A client of the engine at a socket. Its clones share the connections.
pub(super) fn open(socket: &Path, seconds: u64, version: &ClientVersion) -> Result<bollard::Docker, Error> {
    let place = socket.to_string_lossy();
    if !socket.exists() {
        return Err(Error::SocketNotFoundError(place.into_owned()));
    }
    let kept = Client::builder(TokioExecutor::new()).build(UnixConnector);
    let send = move |request: BollardRequest| {
        let answer = kept.request(request);
        async move { answer.await.map_err(Error::from) }
    };
    // The connector reads the path from the address, where it stands in hexadecimal digits.
    let address = format!("unix://{}", hex::encode(place.as_bytes()));
    bollard::Docker::connect_with_custom_transport(send, Some(address), seconds, version)
}
