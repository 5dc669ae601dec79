//! The only place that prints.

pub mod explain;

pub use explain::{Explain, ExitCode};
