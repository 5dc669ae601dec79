//! What the stand-in knows, and how it misbehaves.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::Repository;

/// Repositories and the server's mood.
#[derive(Debug, Default)]
pub struct State {
    /// The server's own address.
    pub address: String,
    /// Tokens that are accepted; empty accepts requests without one.
    pub tokens: BTreeSet<String>,
    /// By `OWNER/NAME`.
    pub repositories: BTreeMap<String, Repository>,
    /// How it misbehaves from now on.
    pub fault: Option<Fault>,
    /// Methods and paths in the order that they were asked.
    pub asked: Vec<String>,
}

/// How it misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 502 with a page of HTML.
    Down,
    /// 200 with a page of HTML, as a proxy's login.
    Html,
    /// JSON that ends in the middle.
    Half,
    /// What is asked to be written is written, and then the answer is 502.
    Lost,
    /// 403 with no requests remaining, until an hour that is long past.
    RateLimited,
    /// 429 with `Retry-After`.
    SecondaryLimit,
    /// 403: the token lacks a permission.
    Forbidden,
    /// Lists name no next page although there is one.
    Unlinked,
}

impl State {
    /// The repository of that name, which is made if it is not there.
    pub fn repository(&mut self, name: &str) -> &mut Repository {
        let address = self.address.clone();
        self.repositories.entry(name.to_owned()).or_insert_with(|| Repository { address, ..Repository::default() })
    }
}
