//! The commands of Windlass as data: what a caller sends ([`Command`]), what it hears while the command runs ([`CommandEvent`])
//! and what it is answered ([`Reply`], or an [`ErrorFact`]).
//!
//! The command line makes a command from what was typed and shows what comes back; another process or another host can do
//! both in its place. Nothing here is carried out, printed or decided, and nothing here does I/O.
//!
//! Growth: as for [`facts`]. A caller and an agent that name different [`VERSION`]s do not understand each other.

pub mod answer;
mod application;
pub mod command;
mod content;
pub mod error;
mod event;
pub mod facts;

pub use answer::{Answer, Reply};
pub use command::Command;
pub use error::{ErrorFact, RemoteError};
pub use event::CommandEvent;

/// The version of commands, events and answers. It rises when a field or a word gets another meaning.
pub const VERSION: u32 = 1;
