//! What stand-ins for servers on loopback share: a port, a state that a test looks at and changes, and an end. It knows
//! no server's protocol.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::{Result, anyhow};
use tiny_http::Server;

pub use tiny_http::{Header, Request, Response};

/// A server that ends when it is dropped.
pub struct StandIn<State> {
    address: String,
    state: Arc<Mutex<State>>,
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
}

/// `tiny_http`'s server says nothing about itself, and a state is long.
impl<State> std::fmt::Debug for StandIn<State> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("StandIn").field("address", &self.address).finish_non_exhaustive()
    }
}

impl<State: Send + 'static> StandIn<State> {
    /// Starts on a free port of loopback. `begin` makes the first state, of the server's own address; `serve` answers
    /// one request.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn start(begin: impl FnOnce(&str) -> State, serve: fn(Request, &Mutex<State>)) -> Result<Self> {
        let server = Server::http("127.0.0.1:0").map_err(|error| anyhow!("cannot listen: {error}"))?;
        let server = Arc::new(server);
        let port = server.server_addr().to_ip().map(|address| address.port()).unwrap_or_default();
        let address = format!("http://127.0.0.1:{port}");
        let state = Arc::new(Mutex::new(begin(&address)));
        let (shared, accepting) = (Arc::clone(&state), Arc::clone(&server));
        let thread = thread::spawn(move || {
            for request in accepting.incoming_requests() {
                let shared = Arc::clone(&shared);
                // A slow answer, or a connection that is kept open, must not hold up the others.
                thread::spawn(move || serve(request, &shared));
            }
        });
        Ok(Self { address, state, server, thread: Some(thread) })
    }
}

impl<State> StandIn<State> {
    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.address
    }

    /// What it knows, to be looked at and changed.
    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl<State> Drop for StandIn<State> {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// The state, also after a test that held it has failed.
pub fn lock<State>(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The value of a header.
#[must_use]
pub fn header(request: &Request, name: &'static str) -> Option<String> {
    let found = request.headers().iter().find(|header| header.field.equiv(name));
    found.map(|header| header.value.as_str().to_owned())
}

/// A segment of a path, its percent-encoding undone.
#[must_use]
pub fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Names and values of a query, in order; a `+` is a space.
#[must_use]
pub fn query(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))).collect()
}
