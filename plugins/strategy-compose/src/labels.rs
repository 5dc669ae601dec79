//! Names of labels: Docker Compose's, the agent's, and this strategy's.

pub(crate) const PROJECT: &str = "com.docker.compose.project";
pub(crate) const SERVICE: &str = "com.docker.compose.service";
pub(crate) const NUMBER: &str = "com.docker.compose.container-number";
pub(crate) const ONEOFF: &str = "com.docker.compose.oneoff";
pub(crate) const COMPOSE_HASH: &str = "com.docker.compose.config-hash";
pub(crate) const CONFIG_FILES: &str = "com.docker.compose.project.config_files";
pub(crate) const WORKING_DIRECTORY: &str = "com.docker.compose.project.working_dir";
pub(crate) const VERSION: &str = "com.docker.compose.version";
pub(crate) const DEPENDS_ON: &str = "com.docker.compose.depends_on";
pub(crate) const IMAGE: &str = "com.docker.compose.image";
pub(crate) const NETWORK: &str = "com.docker.compose.network";
pub(crate) const VOLUME: &str = "com.docker.compose.volume";
/// Docker Compose's own labels begin so; labels of other programs do not.
pub(crate) const COMPOSE: &str = "com.docker.compose.";
/// Those of the agent and of this strategy begin so.
pub(crate) const WINDLASS: &str = "windlass.";

/// Put there by the agent: the deployment that made the object.
pub(crate) const DEPLOYMENT: &str = "windlass.deployment";
/// Put there by the agent: the release's id.
pub(crate) const RELEASE: &str = "windlass.release";
/// Put there by the agent: the application's name. Its presence tells what the agent made from what Compose made.
pub(crate) const APPLICATION: &str = "windlass.application";

/// What the container was made from: see `desired::hash`.
pub(crate) const HASH: &str = "windlass.config-hash";
/// The immutable reference of the image.
pub(crate) const REFERENCE: &str = "windlass.image";
/// The version label of the release that made the container.
pub(crate) const RELEASE_VERSION: &str = "windlass.version";
/// Files of the release that the container mounts: JSON, target to the beginning of the content's digest and, after a
/// space, which of it may be executed. Earlier versions left the second away.
pub(crate) const FILES: &str = "windlass.files";

/// What the container was asked to have of what an engine discards where the host's kernel cannot do it: a part of
/// `HostConfig` as JSON.
pub(crate) const ASKED: &str = "windlass.asked";
/// The hardware addresses that the file gives to the container's connections, by network: JSON.
pub(crate) const HARDWARE_ADDRESSES: &str = "windlass.hardware-addresses";
/// What becomes of a container's anonymous volumes when it is removed: [`DISCARD`], or else they are kept.
pub(crate) const VOLUMES: &str = "windlass.volumes";
/// The container's anonymous volumes are removed with it.
pub(crate) const DISCARD: &str = "discard";

/// The version of Docker Compose whose labels and bodies these are.
pub(crate) const COMPOSE_VERSION: &str = "2.26.1";
