//! What a plugin may reach, one module per import of the contract.

pub mod docker;
pub mod exec;

/// Everything that one plugin call can reach, one field per import of the contract.
#[derive(Debug)]
#[non_exhaustive]
pub struct Capabilities {}
