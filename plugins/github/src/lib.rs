//! Asks GitHub's REST API (version 2022-11-28) from within plugins: requests, pages, and what its errors mean.
//!
//! A no is a value, everything that keeps GitHub from answering is an error. It judges no release, and it holds no
//! token: the SDK's placeholder stands for it until the request leaves the agent.

mod answer;
mod client;
mod commits;
mod settings;
mod tags;

pub use client::{Client, Pages, encode};
pub use commits::{Relation, is_hexadecimal};
pub use settings::{PUBLIC, Settings, check_template};
pub use tags::{Signature, Tag};
