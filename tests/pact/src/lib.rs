//! A stand-in for a Pact Broker on loopback. It is not the broker, which is a Ruby application with a database that
//! the tests cannot bring along; it gives the answers of a Pact Broker 2.120.0 for what the plugins ask, over facts that a
//! test makes up. `tests/recorded.rs` holds it to what was seen of a real one: status, type and form of every answer, and
//! what the broker concludes in each case. Its prose is its own, since no client may depend on the broker's.
//!
//! Answered: the index, environments, pacticipants and versions, can-i-deploy and the matrix, deployments and releases
//! with what is live, one webhook's execution, basic authentication with a user who may write and one who may only read,
//! and faults on demand. Bearer tokens are accepted when a test lists them, as a proxy in front of a broker does;
//! how `PactFlow` answers was not seen. Everything is in memory and ends with the value.

mod answer;
mod matrix;
mod records;
mod resources;
mod routes;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::{Result, anyhow};
use tiny_http::{Request, Server};

pub use answer::{Answer, Asked};
pub use state::{Fault, Recorded, Side, State};

/// A server that ends when it is dropped.
#[derive(Debug)]
pub struct Broker {
    address: String,
    state: Arc<Mutex<State>>,
    listener: Listener,
    thread: Option<JoinHandle<()>>,
}

/// `tiny_http`'s server says nothing about itself.
struct Listener(Arc<Server>);

impl std::fmt::Debug for Listener {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Listener")
    }
}

impl Broker {
    /// Starts on a free port, empty and open to everybody.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn start() -> Result<Self> {
        let server = Server::http("127.0.0.1:0").map_err(|error| anyhow!("cannot listen: {error}"))?;
        let server = Arc::new(server);
        let port = server.server_addr().to_ip().map(|address| address.port()).unwrap_or_default();
        let address = format!("http://127.0.0.1:{port}");
        let state = Arc::new(Mutex::new(State { base: address.clone(), ..State::default() }));
        let (shared, accepting) = (Arc::clone(&state), Arc::clone(&server));
        let thread = thread::spawn(move || {
            for request in accepting.incoming_requests() {
                let shared = Arc::clone(&shared);
                // A slow answer must not hold up the others.
                thread::spawn(move || serve(request, &shared));
            }
        });
        Ok(Self { address, state, listener: Listener(server), thread: Some(thread) })
    }

    /// Where its index is: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.address
    }

    /// What it knows, to be looked at and changed.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.listener.0.unblock();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn serve(mut request: Request, state: &Mutex<State>) {
    let asked = Asked::read(&mut request);
    let answer = routes::answer(&asked, &mut state.lock().unwrap_or_else(PoisonError::into_inner));
    answer.send(request);
}
