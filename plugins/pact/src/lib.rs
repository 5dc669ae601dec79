//! Asks a Pact Broker from within plugins: by links from its index (HAL), with what its answers mean.
//!
//! A no is a value, everything that keeps the broker from answering is an error. It judges no release and holds no
//! credentials: the SDK's placeholders stand for them until a request leaves the agent, and a link that leads away from
//! the broker's own origin is never followed.

mod answer;
mod client;
mod environment;
mod hal;
mod matrix;
mod pacticipant;
mod settings;
mod version;

pub use client::Client;
pub use environment::{Environment, Live};
pub use hal::{Link, Resource};
pub use matrix::{Matrix, Notice, Row};
pub use pacticipant::{Naming, Pacticipant};
pub use settings::Settings;
pub use version::{Record, Recorded, Version};
