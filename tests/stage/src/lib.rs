//! What the demonstration, the tests and the benches act on.
//!
//! Real servers on loopback, each ended when its value is dropped. Nothing here knows the agent's insides: it runs
//! the `windlass` binary as a person would.

mod busybox;
mod compose;
mod disk;
mod engine;
mod host;
mod images;
mod kudos;
mod live;
mod load;
mod network;
mod process;
mod registry;
mod seeds;
mod sshd;

pub use busybox::{BUSYBOX, import_busybox, import_shell};
pub use compose::Compose;
pub use disk::Disk;
pub use engine::Engine;
pub use host::{Host, Run, USED_HOST};
pub use images::{Image, Images};
pub use kudos::{Kudos, VERSIONS};
pub use live::Live;
pub use load::{Load, Served};
pub use network::in_own_network;
pub use process::{docker, free_port, program};
pub use registry::{REGISTRY, Registry};
pub use seeds::seeds;
pub use sshd::{Sshd, fingerprint};
