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

use std::sync::{Mutex, MutexGuard};

use anyhow::Result;
use windlass_stand_in::{Request, StandIn, lock};

pub use answer::{Answer, Asked};
pub use repository::{Commit, Repository, Tag};
pub use state::{Fault, State};

/// A server that ends when it is dropped.
#[derive(Debug)]
pub struct GitHub(StandIn<State>);

impl GitHub {
    /// Starts on a free port, without repositories.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn start() -> Result<Self> {
        StandIn::start(|address| State { address: address.to_owned(), ..State::default() }, serve).map(Self)
    }

    /// What the setting `api` is: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn api(&self) -> &str {
        self.0.url()
    }

    /// What it knows, to be looked at and changed.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.state()
    }
}

fn serve(mut request: Request, state: &Mutex<State>) {
    let asked = Asked::read(&mut request);
    let answer = routes::answer(&asked, &mut lock(state));
    answer.send(request);
}

#[cfg(test)]
mod tests;
