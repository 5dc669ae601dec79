//! The smallest application that can be released: one page, made of busybox, deployed in about a second.
//!
//! For tests that need a version that runs and serves, and care about nothing else of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use windlass_stage::{BUSYBOX, Host, Run, docker, free_port, import_busybox};

use crate::{agent, expect};

/// What the operator allows.
const AGENT: &str = r#"environment = "uat"
state-directory = "STATE"
applications-directory = "ROOT/applications"

[docker]
endpoint = "unix:///var/run/docker.sock"

[[grants]]
plugin = "strategy-compose"
docker-read = true
docker-write = {}

[[grants]]
plugin = "check-readiness"
docker-read = true
"#;

/// What the team wrote.
const RELEASE: &str = r#"application = "NAME"

[artifacts.web]
image = "windlass-test/NAME"
tag = "1"
local = true

[strategy]
plugin = "strategy-compose"
with = { settle = "200ms", drain = "0s" }

[environments.uat]
"#;

/// A page that says its version. It holds a port of the host, so it is replaced stop-first.
const COMPOSE: &str = r#"name: NAME

services:
  web:
    image: windlass-test/NAME:1
    command: ["sh", "-c", "echo -n $$VERSION > /tmp/index.html; exec httpd -f -p 80 -h /tmp"]
    environment: { VERSION: "1" }
    ports: ["127.0.0.1:PORT:80"]
    stop_signal: SIGKILL
    healthcheck: { test: ["CMD-SHELL", "echo | nc 127.0.0.1 80"], interval: 1s, timeout: 3s, retries: 5 }
"#;

/// The application on a host. Dropping it removes everything that was made.
#[derive(Debug)]
pub struct Small {
    /// The host that it is released on.
    pub host: Host,
    /// The application's and the Compose project's name.
    pub name: String,
    /// The port of its page.
    pub port: u16,
    /// The agent's state directory.
    pub state: PathBuf,
    _directory: TempDir,
}

impl Small {
    /// Lays out a host; nothing is deployed yet.
    ///
    /// # Errors
    /// When something that it needs is missing.
    pub fn set(name: &str) -> Result<Self> {
        let directory = TempDir::new()?;
        let state = directory.path().join("state");
        Self::lay_out(name, directory, state)
    }

    /// The same with a state directory that is elsewhere.
    ///
    /// # Errors
    /// As for [`Small::set`].
    pub fn set_in(name: &str, state: &Path) -> Result<Self> {
        Self::lay_out(name, TempDir::new()?, state.to_owned())
    }

    fn lay_out(name: &str, directory: TempDir, state: PathBuf) -> Result<Self> {
        import_busybox(|arguments| docker(arguments))?;
        let host = Host::new(&agent()?, directory.path())?;
        if state.starts_with(host.root()) {
            host.has_been_used()?;
        }
        let small = Self { host, name: format!("wlsmall-{name}"), port: free_port()?, state, _directory: directory };
        // What an earlier run left.
        small.remove();
        docker(["tag", BUSYBOX, &format!("windlass-test/{}:1", small.name)])?;
        fs::create_dir_all(small.directory())?;
        small.operator("")?;
        small.write("release.toml", small.release())?;
        small.write("compose.yaml", small.compose())?;
        Ok(small)
    }

    /// The same, and version 1 serves.
    ///
    /// # Errors
    /// When it does not.
    pub fn running(name: &str) -> Result<Self> {
        let small = Self::set(name)?;
        small.begin()?;
        Ok(small)
    }

    /// Deploys version 1.
    ///
    /// # Errors
    /// When it does not serve.
    pub fn begin(&self) -> Result<()> {
        expect(self.deploy(&[])?, 0)?;
        self.serves("1")
    }

    /// Where the application's files are.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        self.host.application(&self.name)
    }

    /// The operator's file, with more lines at its end.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn operator(&self, more: &str) -> Result<()> {
        let root = self.host.root();
        let text =
            AGENT.replace("STATE", &self.state.display().to_string()).replace("ROOT", &root.display().to_string());
        // In one step, so that an agent that stays never reads a part of it.
        let new = root.join("agent.toml.new");
        fs::write(&new, format!("{text}{more}"))?;
        Ok(fs::rename(new, root.join("agent.toml"))?)
    }

    /// The release file of version 1.
    #[must_use]
    pub fn release(&self) -> String {
        RELEASE.replace("NAME", &self.name)
    }

    /// The Compose file of version 1.
    #[must_use]
    pub fn compose(&self) -> String {
        COMPOSE.replace("NAME", &self.name).replace("PORT", &self.port.to_string())
    }

    /// Writes a file of the application.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<()> {
        Ok(fs::write(self.directory().join(name), content)?)
    }

    /// The Compose file says another version from now on.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn version(&self, version: &str) -> Result<()> {
        self.write("compose.yaml", self.compose().replace("VERSION: \"1\"", &format!("VERSION: \"{version}\"")))
    }

    /// Deploys, with more arguments.
    ///
    /// # Errors
    /// When the agent cannot be started.
    pub fn deploy(&self, more: &[&str]) -> Result<Run> {
        self.host.run(["deploy", &self.name].iter().chain(more))
    }

    /// Its history as JSON lines.
    ///
    /// # Errors
    /// When there is none.
    pub fn history(&self) -> Result<String> {
        Ok(expect(self.host.run(["history", &self.name, "--json"])?, 0)?.stdout)
    }

    /// What the page says.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn read(&self) -> Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).context("the page does not answer")?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.rsplit("\r\n").next().unwrap_or_default().to_owned())
    }

    /// Fails unless exactly this version serves and nothing else of the application is there.
    ///
    /// # Errors
    /// When it does not.
    pub fn serves(&self, version: &str) -> Result<()> {
        let read = self.read()?;
        ensure!(read == version, "version {read} serves, not {version}");
        let world: Vec<String> = self.world()?.into_keys().collect();
        let expected = [format!("container {}-web-1", self.name), format!("network {}_default", self.name)];
        ensure!(world == expected, "{world:?} is there");
        Ok(())
    }

    /// What the engine has of the application: containers with their id, state and start; networks and volumes with
    /// their id. Equal before and after means that nothing was touched.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn world(&self) -> Result<BTreeMap<String, String>> {
        let label = self.label();
        let mut world = BTreeMap::new();
        for id in docker(["ps", "-aq", "--filter", &label])?.lines() {
            let inspected: Value = serde_json::from_str(&docker(["inspect", id])?)?;
            let text =
                |pointer: &str| inspected[0].pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let name = text("/Name").trim_start_matches('/').to_owned();
            let facts = [text("/Id"), text("/State/Status"), text("/State/StartedAt")];
            world.insert(format!("container {name}"), facts.join(" "));
        }
        for (kind, list) in [("network", &["network", "ls", "--no-trunc"][..]), ("volume", &["volume", "ls"][..])] {
            let format = if kind == "network" { "{{.Name}} {{.ID}}" } else { "{{.Name}} -" };
            for line in docker([list, &["--filter", &label, "--format", format]].concat())?.lines() {
                let (name, id) = line.split_once(' ').unwrap_or((line, ""));
                world.insert(format!("{kind} {name}"), id.to_owned());
            }
        }
        Ok(world)
    }

    /// The volumes in its containers whose names the engine made up, sorted.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn unnamed_volumes(&self) -> Result<Vec<String>> {
        let mut volumes = Vec::new();
        for id in docker(["ps", "-aq", "--filter", &self.label()])?.lines() {
            let inspected: Value = serde_json::from_str(&docker(["inspect", id])?)?;
            let mounts = inspected.pointer("/0/Mounts").and_then(Value::as_array).into_iter().flatten();
            let names = mounts.filter_map(|mount| mount.get("Name")?.as_str());
            volumes.extend(names.filter(|name| name.len() == 64).map(str::to_owned));
        }
        volumes.sort();
        volumes.dedup();
        Ok(volumes)
    }

    fn label(&self) -> String {
        format!("label=com.docker.compose.project={}", self.name)
    }

    /// What is gone already is no error.
    fn remove(&self) {
        let unnamed = self.unnamed_volumes().unwrap_or_default();
        for label in [self.label(), format!("label=windlass.application={}", self.name)] {
            for (list, remove) in [
                (&["ps", "-aq"][..], &["rm", "-fv"][..]),
                (&["network", "ls", "-q"][..], &["network", "rm"][..]),
                (&["volume", "ls", "-q"][..], &["volume", "rm"][..]),
            ] {
                let found = docker([list, &["--filter", &label]].concat()).unwrap_or_default();
                for object in found.lines() {
                    docker([remove, &[object]].concat()).ok();
                }
            }
        }
        // Those that were carried over have a name, and no label.
        for volume in unnamed {
            docker(["volume", "rm", &volume]).ok();
        }
        for pattern in [format!("windlass-test/{}", self.name), format!("windlass/{}", self.name)] {
            let found = docker(["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", &pattern]).unwrap_or_default();
            for image in found.lines() {
                docker(["image", "rm", image]).ok();
            }
        }
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        self.remove();
    }
}
