//! Applications of any size, from one image that holds a shell.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use windlass_stage::{Host, docker, import_shell};

/// The repository of the image.
const REPOSITORY: &str = "windlass-bench/shell";

/// What a container does: sleeps, and ignores SIGTERM as too many programs do.
const STUBBORN: &str = "trap '' TERM; while :; do sleep 1; done";
/// What a container does that ends when it is told to.
const POLITE: &str = "trap 'exit 0' TERM; while :; do sleep 0.1; done";

/// An application on a host, which Docker Compose can run as well under another project name.
pub(crate) struct Application {
    pub(crate) host: Host,
    name: String,
    _directory: TempDir,
}

/// How its services behave.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// They depend on each other, have a health check, and ignore SIGTERM.
    StubbornTiers,
    /// They are independent, have no health check, and end at once.
    Polite,
    /// The same, with three containers for each service.
    Threefold,
}

/// The operator's file.
const AGENT: &str = "environment = \"uat\"\nstate-directory = \"/var/lib/windlass\"\n\
    [[grants]]\nplugin = \"strategy-compose\"\ndocker-read = true\ndocker-write = {}\n\
    [[grants]]\nplugin = \"check-readiness\"\ndocker-read = true\n";

impl Application {
    /// So many services on one image.
    pub(crate) fn new(name: &str, services: usize, manner: Manner) -> Result<Self> {
        Self::below(tempfile::tempdir()?, name, services, manner)
    }

    /// The same with its host's directories below this one.
    pub(crate) fn below(directory: TempDir, name: &str, services: usize, manner: Manner) -> Result<Self> {
        images()?;
        let host = Host::new(&windlass_tests::agent()?, directory.path())?;
        let files = host.application(name);
        fs::create_dir_all(&files)?;
        fs::write(files.join("compose.yaml"), compose(name, services, manner))?;
        fs::write(
            files.join("release.toml"),
            format!(
                "application = \"{name}\"\n[artifacts.shell]\nimage = \"{REPOSITORY}\"\ntag = \"1\"\nlocal = true\n\
                 [strategy]\nplugin = \"strategy-compose\"\nwith = {{ settle = \"200ms\", drain = \"0s\" }}\n\
                 [checks.host]\nplugin = \"check-readiness\"\n[environments.uat]\n"
            ),
        )?;
        host.configure(AGENT)?;
        let application = Self { host, name: name.to_owned(), _directory: directory };
        application.remove()?;
        Ok(application)
    }

    /// The agent with an action on this application.
    pub(crate) fn windlass(&self, action: &str, more: &[&str]) -> Command {
        self.host.command([action, &self.name].into_iter().chain(more.iter().copied()))
    }

    /// Docker Compose on the same file, as a project of its own.
    pub(crate) fn compose(&self, version: &str, arguments: &[&str]) -> Result<Command> {
        let program = std::env::var_os("DOCKER_COMPOSE").context("`cargo xtask bench` says where Docker Compose is")?;
        let mut command = Command::new(program);
        command
            .args(["-p", &self.peer(), "-f"])
            .arg(self.host.application(&self.name).join("compose.yaml"))
            .args(arguments)
            .env("VERSION", version);
        Ok(command)
    }

    /// Docker Compose on what the agent made.
    pub(crate) fn compose_here(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = self.compose("1", &[])?;
        command.args(["-p", &self.name]).args(arguments);
        Ok(command)
    }

    /// From now on the agent reaches the engine at another socket.
    pub(crate) fn through(&self, socket: &Path) -> Result<()> {
        self.host.configure(&format!("{AGENT}[docker]\nendpoint = \"unix://{}\"\n", socket.display()))
    }

    /// From now on an agent that stays may be asked at this socket.
    pub(crate) fn with_agent(&self, socket: &Path) -> Result<()> {
        self.host.configure(&format!("{AGENT}[agent]\nsocket = \"{}\"\n", socket.display()))
    }

    fn peer(&self) -> String {
        format!("{}-peer", self.name)
    }

    fn remove(&self) -> Result<()> {
        for project in [self.name.clone(), self.peer()] {
            let label = format!("label=com.docker.compose.project={project}");
            for (list, remove) in [
                (&["ps", "-aq", "--filter", &label][..], &["rm", "-f"][..]),
                (&["network", "ls", "-q", "--filter", &label], &["network", "rm"]),
            ] {
                let found = docker(list)?;
                let names: Vec<_> = found.lines().collect();
                if !names.is_empty() {
                    docker([remove, &names].concat())?;
                }
            }
        }
        Ok(())
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.remove().ok();
    }
}

fn compose(name: &str, services: usize, manner: Manner) -> String {
    let mut text = format!("name: {name}\nservices:\n");
    for number in 1..=services {
        let command = if manner == Manner::StubbornTiers { STUBBORN } else { POLITE };
        // `writeln!` to a string does not fail.
        let _ = writeln!(
            text,
            "  s{number}:\n    image: {REPOSITORY}:${{VERSION:-1}}\n    command: [\"sh\", \"-c\", \"{}\"]",
            command.replace('$', "$$")
        );
        if manner == Manner::Threefold {
            text.push_str("    scale: 3\n");
        }
        if manner == Manner::StubbornTiers {
            let _ = writeln!(text, "    healthcheck: {{ test: [\"CMD\", \"true\"], interval: 200ms }}");
            if number > 1 {
                let _ = writeln!(text, "    depends_on: {{ s{}: {{ condition: service_healthy }} }}", number - 1);
            }
        }
    }
    text
}

/// Two versions of an image with a static shell.
fn images() -> Result<()> {
    for version in ["1", "2"] {
        import_shell(
            |arguments| docker(arguments),
            &format!("{REPOSITORY}:{version}"),
            &[&format!("ENV VERSION={version}")],
        )?;
    }
    Ok(())
}
