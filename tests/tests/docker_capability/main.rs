//! The Docker capability against a real engine: what a plugin can see and change, and what it cannot.

mod changes;
mod engines;
mod pulls;
mod secrets;
mod support;
mod views;
mod walls;
