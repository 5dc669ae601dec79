//! The typed model: what a set of Compose files says, after interpolation and merge.
//!
//! One module per group of elements; each reads its part of the tree and reports what it does not understand.
//! Values are as written where the engine has the default: nothing here fills in what an image or the engine decides.

mod application;
mod attachments;
mod blkio;
mod build;
mod dependencies;
mod deploy;
mod devices;
mod effective;
mod environment;
mod extension;
mod files;
mod health;
mod hooks;
mod keys;
mod labels;
mod links;
mod mounts;
mod names;
mod namespaces;
mod networks;
mod paths;
mod ports;
mod process;
mod references;
mod resources;
mod restart;
mod service;
mod ulimits;
mod volumes;

pub use application::Application;
pub use attachments::Attachment;
pub use blkio::{Blkio, ThrottleDevice, WeightDevice};
pub use dependencies::{Condition, Dependency};
pub use deploy::{Deploy, DeployLimits, DeployReservations, DeployRestart, Placement, UpdateConfig};
pub use devices::{Device, DeviceRequest};
pub use extension::{Extension, Replace};
pub use files::{FileObject, FileReference, FileSource};
pub use health::Healthcheck;
pub use hooks::Hook;
pub use links::{Link, VolumesFrom, VolumesSource};
pub use mounts::{BindOptions, ImageOptions, Mount, MountKind, Path, TmpfsOptions, VolumeOptions};
pub use names::Dns;
pub use namespaces::{Mode, ModeKind, Namespaces};
pub use networks::{Ipam, Network, Pool};
pub use ports::{Port, Protocol};
pub use resources::{Logging, Resources};
pub use restart::{Restart, RestartPolicy};
pub use service::Service;
pub use ulimits::Ulimit;
pub use volumes::Volume;

pub(crate) use application::read;
pub(crate) use build::DIRECTORY;

use std::cell::{Cell, RefCell};

use crate::explain::Origins;
use crate::interpolate::Lookup;
use crate::load::Files;
use crate::read::Report;
use crate::scope::Scopes;
use crate::{Limits, Position, Problem};

/// What reading the model needs besides the tree.
pub(crate) struct Context<'a> {
    pub(crate) report: &'a Report,
    pub(crate) files: &'a dyn Files,
    /// The variables of the release and of `.env`; see [`Context::variable`] for those of an included file.
    pub(crate) variables: &'a dyn Lookup,
    pub(crate) scopes: &'a Scopes,
    /// Where values came from that stand in no Compose file.
    pub(crate) origins: &'a RefCell<Origins>,
    /// How many ports were read until now.
    pub(crate) ports: Cell<usize>,
    pub(crate) limits: &'a Limits,
    /// The directory of the first Compose file in the bundle; empty for the root.
    pub(crate) directory: &'a str,
}

impl Context<'_> {
    /// A variable as the file sees it in which something is written.
    fn variable(&self, name: &str, written: &Position) -> Option<&str> {
        self.scopes.of(&written.file).value(name)
    }

    fn problem(&self, problem: Problem) {
        self.report.problem(problem);
    }
}
