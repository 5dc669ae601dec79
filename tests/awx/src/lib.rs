//! A stand-in for AWX's REST API on loopback: it speaks the documented protocol (version 2) for what the strategy asks,
//! over templates that a test makes up. It is not AWX, runs no playbook, and nothing here was tried against AWX.
//!
//! Answered: job templates by number and name, what a launch asks for, launches with `ignored_fields`, jobs, a
//! template's jobs, output and cancelling; tokens and passwords, and faults on request. That the output is plain text
//! with `format=txt` and that `?name=` looks for a whole name is from memory. A job goes on one question at a time and
//! never by itself. Everything is in memory and ends with the value.

mod routes;
mod state;

use std::sync::{Mutex, MutexGuard};

use anyhow::Result;
use serde_json::Value;
use windlass_stand_in::{Header, Request, Response, StandIn, header, lock, query};

pub use state::{Fault, Job, State, Template};

/// A server that ends when it is dropped.
#[derive(Debug)]
pub struct Awx(StandIn<State>);

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
        StandIn::start(|_| State::default(), serve).map(Self)
    }

    /// What the setting `url` is.
    #[must_use]
    pub fn url(&self) -> &str {
        self.0.url()
    }

    /// What it knows, to be looked at and changed.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.state()
    }
}

fn serve(mut request: Request, state: &Mutex<State>) {
    let mut body = Vec::new();
    request.as_reader().read_to_end(&mut body).ok();
    let (path, asked) = request.url().split_once('?').unwrap_or((request.url(), ""));
    let asked = Asked {
        method: request.method().to_string(),
        path: path.to_owned(),
        query: query(asked),
        authorization: header(&request, "Authorization"),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let answer = routes::answer(&asked, &mut lock(state));
    let mut response = Response::from_data(answer.body.into_bytes()).with_status_code(answer.status);
    if let Ok(header) = Header::from_bytes("Content-Type", answer.content_type) {
        response.add_header(header);
    }
    request.respond(response).ok();
}
