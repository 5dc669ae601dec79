//! How an agent is, asked by who does not care which version of the commands it speaks: it may be another version than this one.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyperlocal::Uri;

use super::client::Client;
use super::error::AgentError;
use super::protocol::Health;

/// The largest answer, in bytes.
const LARGEST: usize = 64 << 10;

impl Client {
    /// Asks the agent how it is, and waits so long for the answer.
    ///
    /// # Errors
    /// When it does not answer in that time, or answers something else.
    pub async fn health(&self, within: Duration) -> Result<Health, AgentError> {
        let path = || self.place.path().to_owned();
        let broken = |source| AgentError::Broken { path: path(), source };
        let uri: http::Uri = Uri::new(self.place.path(), "/v1/health").into();
        let request = Request::builder().method(Method::GET).uri(uri).header(http::header::HOST, "localhost");
        let request = request.body(Full::new(Bytes::new())).map_err(|error| broken(io::Error::other(error)))?;
        let asked = async {
            let answer = self.http.request(request).await.map_err(|error| broken(io::Error::other(error)))?;
            let content = Limited::new(answer.into_body(), LARGEST).collect().await;
            let content = content.map_err(|error| broken(io::Error::other(error)))?.to_bytes();
            serde_json::from_slice(&content)
                .map_err(|error| AgentError::Foreign { path: path(), why: error.to_string() })
        };
        let late = |_| broken(io::Error::new(io::ErrorKind::TimedOut, format!("it did not answer within {within:?}")));
        tokio::time::timeout(within, asked).await.map_err(late)?
    }
}
