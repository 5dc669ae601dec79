//! Asks a Pact Broker from within plugins: by links from its index (HAL), with what its answers mean.
//!
//! A no is a value, everything that keeps the broker from answering is an error. It judges no release and holds no
//! credentials: the SDK's placeholders stand for them until a request leaves the agent, and a link that leads away from
//! the broker's own origin is never followed.

mod answer;
mod client;
mod contracts;
mod ended;
mod environment;
mod hal;
mod matrix;
mod naming;
mod pacticipant;
mod settings;
mod version;
mod webhook;

pub use client::Client;
pub use contracts::Integrations;
pub use ended::{Ended, Slot};
pub use environment::{Arrival, Environment, Live, Place, Staying};
pub use hal::{Link, Resource};
pub use matrix::{Matrix, Notice, Row};
pub use naming::Naming;
pub use pacticipant::{Named, Pacticipant};
pub use settings::Settings;
pub use version::{Record, Recorded, Version};
pub use webhook::{Sent, Subject, Webhook};
