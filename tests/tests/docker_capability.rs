//! The Docker capability against a real engine: what a plugin can see and change, and what it cannot.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod addresses;
mod changes;
mod engines;
mod moved;
mod pulls;
mod secrets;
pub(crate) mod support;
mod unnamed;
mod views;
mod walls;
