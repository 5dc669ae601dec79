//! The flow of a deployment together with everything that it needs: what a command of the agent calls.
//!
//! [`agent`] opens the journal, the plugins and the engine as the operator's file says, and hands them to the flow;
//! [`trigger`] turns an event from outside into a command; [`init`] proposes the two files to begin with. Nothing here
//! parses a command line or prints, and what a deployment does next is decided in `windlass_deployment`.

pub mod agent;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod init;
pub mod trigger;
