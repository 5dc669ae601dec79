//! The tests on another engine than this machine's: in a network and with mounts of its own, so that it disturbs nothing
//! and nothing disturbs it.
//!
//! The engine's files are laid over `/usr`, and its socket over this machine's, so the tests find it where they look for
//! any engine. Everything that takes the network, and all that is compiled, is done before.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use windlass_stage::{Engine, REGISTRY};

use super::phases::say;
use crate::process;
use crate::setup::SOCKET;
use crate::setup::other_engines::Other;

/// The variable that says where the engine has its files. It is set in such a place only.
const PLACE: &str = "WINDLASS_XTASK_ENGINE";

/// What is run where no filter is given: whole deployments, Docker Compose's corpus, the Docker capability, and what
/// depends on the engine's version.
pub(super) const FILTERS: &[&str] =
    &["story::", "corpus", "docker_capability", "tests::peer::", "mounted_images::", "connections::"];

/// Lays files over `/usr` in mounts of its own, and goes on as the program that is named behind them.
const ENTER: &str =
    "ip link set lo up && mount -t overlay overlay -o lowerdir=\"$1\":/usr /usr && shift && exec \"$@\"";

/// Compiles the tests, and keeps where they are: what was linked with another engine's C library would not run elsewhere.
///
/// # Errors
/// When they do not compile.
pub(super) fn build(engine: Other, list: &mut Command, metadata: &mut Command) -> Result<()> {
    list.args(["--list-type", "binaries-only", "--message-format", "json"]);
    fs::write(engine.binaries(), process::output(list)?)?;
    fs::write(engine.metadata(), process::output(metadata.args(["metadata", "--format-version", "1"]))?)?;
    Ok(())
}

/// Whether this process is where another engine is.
pub(super) fn is_here() -> bool {
    std::env::var_os(PLACE).is_some()
}

/// Runs this command once more where the engine is alone.
///
/// # Errors
/// When it fails there.
pub(super) fn again(engine: Other) -> Result<()> {
    Other::may_start()?;
    // Short, because a socket's path may have 107 bytes.
    let place = Directory::new()?;
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let mut command = Command::new("unshare");
    command
        .args(["--net", "--mount", "--propagation", "private", "sh", "-c", ENTER, "sh"])
        .arg(engine.usr())
        .arg(std::env::current_exe()?)
        .args(arguments)
        .env(PLACE, &place.0)
        .env_remove("DOCKER_HOST")
        .env_remove("DOCKER_CONTEXT")
        .env_remove(REGISTRY);
    process::run(&mut command)
}

/// Starts the engine of this place. It ends when what is returned is dropped.
///
/// # Errors
/// When it does not start.
pub(super) fn start() -> Result<Engine> {
    let place = std::env::var_os(PLACE).context("this is not the place of another engine")?;
    let engine = Engine::start_in(place)?;
    let mounted = Command::new("mount").arg("--bind").arg(engine.socket()).arg(SOCKET).status();
    ensure!(mounted.context("cannot start `mount`")?.success(), "cannot lay the engine's socket over {SOCKET}");
    let version = engine.docker(["version", "--format", "{{.Server.Version}}, API {{.Server.APIVersion}}"])?;
    say(&format!("Docker Engine {version}, for this run alone"));
    Ok(engine)
}

/// A directory that goes when it is dropped.
struct Directory(std::path::PathBuf);

impl Directory {
    fn new() -> Result<Self> {
        let path = Path::new("/tmp").join(format!("wl-engine-{}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
