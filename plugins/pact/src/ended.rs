//! The end of a record: what a recorder had recorded as deployed, and what no longer runs.
//!
//! Only a record of this recorder is ended: the version and the instance must be those that it recorded.

use serde_json::{Value, json};
use windlass_sdk::Result;
use windlass_sdk::http::Request;

use crate::answer::Answer;
use crate::client::{Client, required};
use crate::environment::{Environment, instance};
use crate::hal::Resource;
use crate::version::own_address;

/// A record that was made.
#[derive(Debug, Clone, Copy)]
pub struct Slot<'a> {
    /// Whose.
    pub pacticipant: &'a str,
    /// Which version.
    pub version: &'a str,
    /// As which instance; none is the one without a name.
    pub instance: Option<&'a str>,
    /// The record's own address, where only that tells which instance it was.
    pub address: Option<&'a str>,
}

/// What came of ending a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It is ended.
    Now,
    /// It was not there any more.
    Before,
    /// Another version has its place, which another user or tool recorded. It is left as it is.
    Taken(String),
}

impl Client<'_> {
    /// Ends the record of a deployment.
    ///
    /// # Errors
    /// What keeps the broker from answering, and its refusal.
    pub fn end_deployment(&self, environment: &Environment, slot: Slot<'_>) -> Result<Ended> {
        let live = self.deployed(environment, Some(slot.pacticipant))?;
        // The broker may pass over the query for the pacticipant.
        let ours = |entry: &&Resource| {
            let text = |pointer: &str| entry.0.pointer(pointer).and_then(Value::as_str);
            text("/_embedded/pacticipant/name").is_none_or(|name| name == slot.pacticipant)
                && match slot.address {
                    Some(address) => own_address(entry).as_deref() == Some(address),
                    None => instance(entry) == slot.instance,
                }
        };
        let Some(entry) = live.iter().find(ours) else { return Ok(Ended::Before) };
        let version = entry.text("/_embedded/version/number")?;
        if version != slot.version {
            return Ok(Ended::Taken(version.to_owned()));
        }
        let address = entry.link("self")?.href;
        // Anything else than a merge patch is answered with 415.
        let request = Request::new("PATCH", &address)
            .header("content-type", "application/merge-patch+json")
            .body(json!({ "currentlyDeployed": false }).to_string());
        match self.ask(request)? {
            Answer::Missing(_) => Ok(Ended::Before),
            answer => required("PATCH", answer, &address).map(|_| Ended::Now),
        }
    }
}
