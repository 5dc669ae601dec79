//! A stand-in for a Pact Broker on loopback. It is not the broker, which is a Ruby application with a database that
//! the tests cannot bring along; it gives the answers of a Pact Broker 2.120.0 for what the plugins ask, over facts that a
//! test makes up. `tests/recorded.rs` holds it to what was seen of a real one: status, type and form of every answer, and
//! what the broker concludes in each case. Its prose is its own, since no client may depend on the broker's.
//!
//! Answered: the index, environments, pacticipants and versions, can-i-deploy and the matrix (also between versions alone),
//! who has contracts with whom, deployments and releases with what is live, webhooks on demand, basic authentication with a user who may write and one who may only read,
//! and faults on demand. Bearer tokens are accepted when a test lists them, as a proxy in front of a broker does;
//! how `PactFlow` answers was not seen. Everything is in memory and ends with the value.

mod answer;
mod matrix;
mod records;
mod resources;
mod routes;
mod state;

use std::sync::{Mutex, MutexGuard};

use anyhow::Result;
use windlass_stand_in::{Request, StandIn, lock};

pub use answer::{Answer, Asked};
pub use state::{Fault, Happens, Recorded, Side, Sides, State};

/// A server that ends when it is dropped.
#[derive(Debug)]
pub struct Broker(StandIn<State>);

impl Broker {
    /// Starts on a free port, empty, and answers requests without credentials.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn start() -> Result<Self> {
        StandIn::start(|address| State { base: address.to_owned(), ..State::default() }, serve).map(Self)
    }

    /// Where its index is: `http://127.0.0.1:PORT`.
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
    let asked = Asked::read(&mut request);
    let answer = routes::answer(&asked, &mut lock(state));
    answer.send(request);
}
