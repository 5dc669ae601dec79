//! A stand-in for AWX's REST API on loopback: it speaks the documented protocol (version 2) for what the strategy asks,
//! over templates that a test makes up. It is not AWX, runs no playbook, and nothing here was tried against AWX.
//!
//! Answered: job templates by number and name, what a launch asks for, launches with `ignored_fields`, jobs, a
//! template's jobs, output and cancelling; tokens and passwords, and faults on request. That the output is plain text
//! with `format=txt` and that `?name=` looks for a whole name is from memory. A job goes on one question at a time and
//! never by itself. Everything is in memory and ends with the value.

mod routes;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::{Result, anyhow};
use serde_json::Value;
use tiny_http::{Header, Request, Response, Server};

pub use state::{Fault, Job, State, Template};

/// A server that ends when it is dropped.
pub struct Awx {
    address: String,
    state: Arc<Mutex<State>>,
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Awx {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Awx").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What was asked.
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Without the query.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) authorization: Option<String>,
    /// Null when there was none.
    pub(crate) body: Value,
}

/// What is answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

impl Awx {
    /// Starts on a free port, without templates.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn start() -> Result<Self> {
        let server = Server::http("127.0.0.1:0").map_err(|error| anyhow!("cannot listen: {error}"))?;
        let server = Arc::new(server);
        let port = server.server_addr().to_ip().map(|address| address.port()).unwrap_or_default();
        let state = Arc::new(Mutex::new(State::default()));
        let (shared, accepting) = (Arc::clone(&state), Arc::clone(&server));
        let thread = thread::spawn(move || {
            for request in accepting.incoming_requests() {
                let shared = Arc::clone(&shared);
                // A connection that is kept open must not hold up the others.
                thread::spawn(move || serve(request, &shared));
            }
        });
        Ok(Self { address: format!("http://127.0.0.1:{port}"), state, server, thread: Some(thread) })
    }

    /// What the setting `url` is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.address
    }

    /// What it knows, to be looked at and changed.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Awx {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn serve(mut request: Request, state: &Mutex<State>) {
    let mut body = Vec::new();
    request.as_reader().read_to_end(&mut body).ok();
    let authorization = request.headers().iter().find(|header| header.field.equiv("Authorization"));
    let authorization = authorization.map(|header| header.value.as_str().to_owned());
    let (path, query) = request.url().split_once('?').unwrap_or((request.url(), ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let asked = Asked {
        method: request.method().to_string(),
        path: path.to_owned(),
        query: pairs.map(|(name, value)| (name.to_owned(), value.replace("%20", " "))).collect(),
        authorization,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let answer = routes::answer(&asked, &mut state.lock().unwrap_or_else(PoisonError::into_inner));
    let mut response = Response::from_data(answer.body.into_bytes()).with_status_code(answer.status);
    if let Ok(header) = Header::from_bytes("Content-Type", answer.content_type) {
        response.add_header(header);
    }
    request.respond(response).ok();
}
