//! What recorders write: the layout of state files, and texts into which facts of a deployment are put.
//!
//! Ordinary functions over an event. It reaches nothing and knows no destination.

mod facts;
mod layout;
mod merge;
mod template;

pub use facts::Facts;
pub use layout::{Application, Artifact, Attempt, STATE_FORMAT, StateFile};
pub use merge::{merge, says_what_runs};
pub use template::{Filler, check, check_json, fill, fill_json, fill_with, is_of_one_deployment};
