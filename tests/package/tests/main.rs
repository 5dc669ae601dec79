//! The Debian package, in a Debian system of each test's own.
//!
//! The system is a real one: debootstrap made it, dpkg installs in it, and systemd boots it. The agent in the package is the one that
//! all tests use, without its debug information. Where a test is about the unit and not about the agent, a script stands in for it.

mod confined;
mod contents;
mod life;
mod service;
mod units;
mod updates;
mod watched;
