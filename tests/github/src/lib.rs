//! A stand-in for GitHub's REST API on loopback: it speaks the documented protocol (version 2022-11-28) for what the
//! plugins ask, over a history that a test makes up. It is not GitHub, and nothing here was tried against GitHub.
//!
//! Answered: commits, combined status, check runs, compare, branches, tags with their verification; deployments with
//! their statuses, issues, releases and who can be assigned; with pages, tokens, limits of rate, and faults on request.
//! What GitHub's description of the API leaves open is from memory: that an unknown commit of a deployment and a tag
//! that has a release are refused with 422. Everything is in memory and ends with the value.

mod answer;
mod history;
mod repository;
mod routes;
mod state;
mod written;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::{Result, anyhow};
use tiny_http::{Request, Server};

pub use answer::{Answer, Asked};
pub use repository::{Commit, Repository, Tag};
pub use state::{Fault, State};

/// A server that ends when it is dropped.
#[derive(Debug)]
pub struct GitHub {
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

impl GitHub {
    /// Starts on a free port, without repositories.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn start() -> Result<Self> {
        let server = Server::http("127.0.0.1:0").map_err(|error| anyhow!("cannot listen: {error}"))?;
        let server = Arc::new(server);
        let port = server.server_addr().to_ip().map(|address| address.port()).unwrap_or_default();
        let address = format!("http://127.0.0.1:{port}");
        let state = Arc::new(Mutex::new(State { address: address.clone(), ..State::default() }));
        let (shared, accepting) = (Arc::clone(&state), Arc::clone(&server));
        let thread = thread::spawn(move || {
            for request in accepting.incoming_requests() {
                let shared = Arc::clone(&shared);
                // A connection that is kept open must not hold up the others.
                thread::spawn(move || serve(request, &shared));
            }
        });
        Ok(Self { address, state, listener: Listener(server), thread: Some(thread) })
    }

    /// What the setting `api` is: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn api(&self) -> &str {
        &self.address
    }

    /// What it knows, to be looked at and changed.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for GitHub {
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

#[cfg(test)]
mod tests;
