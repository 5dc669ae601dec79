//! From nothing to a plugin: the contract as files, a project to begin with, and a component that an agent admits.
//!
//! All of it happens on the machine of a plugin's author: it knows no agent, no operator's file and no network of its own.
//! Asking, printing and choosing are the caller's.

mod component;
mod contract;
mod error;
mod files;
mod plugin_file;
mod project;
mod toolchain;

pub use component::{Built, build};
pub use contract::{Contract, contract};
pub use error::AuthoringError;
pub use files::{File, write};
pub use project::{Language, Wanted, create};
pub use toolchain::MissingToolchain;
