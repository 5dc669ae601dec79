//! Reads Compose files as Docker Compose reads them.
//!
//! [`load`] takes the files of a bundle through the [`Files`] trait and returns a typed [`Application`], or every
//! problem with its file, line and column. Nothing is ignored in silence: what this library does not support is
//! refused by name, and a key that Compose does not know is refused with the nearest one that it knows.
//!
//! It does no I/O, starts nothing, and knows neither the engine nor a release. The order of the work is the order
//! of the modules: YAML, variables, merge, load (which extends and includes), model.
//!
//! The format is the [Compose specification](https://github.com/compose-spec/compose-spec/blob/main/spec.md).

mod config;
mod data;
mod dotenv;
mod explain;
mod interpolate;
mod later;
mod limits;
mod load;
mod merge;
mod model;
mod nearest;
mod paths;
mod position;
mod problem;
mod read;
mod relocate;
mod scope;
mod settings;
mod trace;
mod unsupported;
mod yaml;

pub use config::to_yaml;
pub use data::{DataMount, DataRoot};
pub use explain::Origin;
pub use later::Later;
pub use limits::Limits;
pub use load::{DEFAULT_FILES, DEFAULT_OVERRIDES, Files, Loaded, Options, VariableUse, load};
pub use model::{
    Application, Attachment, BindOptions, Blkio, Condition, Dependency, Deploy, DeployLimits, DeployReservations,
    DeployRestart, Device, DeviceRequest, Dns, Extension, FileObject, FileReference, FileSource, Healthcheck, Hook,
    ImageOptions, Ipam, Link, Logging, Mode, ModeKind, Mount, MountKind, Namespaces, Network, Path, Placement, Pool,
    Port, Protocol, Replace, Resources, Restart, RestartPolicy, Service, ThrottleDevice, TmpfsOptions, Ulimit,
    UpdateConfig, Volume, VolumeOptions, VolumesFrom, VolumesSource, WeightDevice,
};
pub use position::{Located, Position};
pub use problem::{Problem, Problems};
pub use settings::{Setting, env_settings, yaml_settings};
pub use trace::{Source, Step, Variable};
