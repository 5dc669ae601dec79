//! The Docker Engine, as far as a plugin may see and change it: the only place that knows `bollard`.
//!
//! An [`Engine`] is one client per process, whose connections are kept. A [`Docker`] is what one plugin call holds: the engine, narrowed to
//! one application's objects, with the operator's grant and the host's policy in front of every change.
//! Bodies and answers are Docker Engine API JSON; the contract is `wit/0.2/docker.wit`, one method per function.
//!
//! bollard writes bodies, secret values included, to the `log` crate at level debug. Nothing listens to that crate, and
//! nothing may: the agent's own logs are those of `tracing`.
//!
//! There is no Compose here and no decision about how a release is deployed.

mod ahead;
mod ancestors;
mod anonymous;
mod bodies;
mod engine;
mod events;
mod failure;
mod guard;
mod host;
mod image_names;
mod images;
mod kept_files;
mod kinds;
mod listeners;
mod names;
mod needed;
mod netlink;
mod ours;
mod owned;
mod permits;
mod policy;
mod prepare;
mod probe;
mod pull;
mod read;
mod resources;
mod routes;
mod scope;
mod surroundings;
mod taken;
mod transport;
mod walk;
mod wire;
mod write;

pub use engine::{Engine, Patience};
pub use events::Events;
pub use needed::{Body, Needed, needed};
pub use ours::{Kind, Object};
#[cfg(any(test, fuzzing))]
pub use policy::docker_body;
pub use scope::{
    ContainerGrant, Docker, DockerGrant, DockerScope, ImageOwners, NoCredentials, NoImages, NoSecrets,
    RegistryCredentials, RegistryLogin, SecretFiller,
};
