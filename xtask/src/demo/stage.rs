//! The demonstration's stage: a registry with six images, a host's directories, and the agent.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use windlass_stage::{Host, Image, Images, Load, Registry, docker, free_port};

use super::scene::{command, say, scene};
use crate::agent;
use crate::paths;

/// How long a load may take to get going.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everything that the story needs. Dropping it removes what the story made.
pub(crate) struct Stage {
    host: Host,
    registry: Option<Registry>,
    images: Images,
    port: u16,
    begun: Instant,
    _directory: TempDir,
}

impl Stage {
    /// Builds the agent and the application, starts a registry, pushes three versions, and lays out a host.
    pub(crate) fn set() -> Result<Self> {
        scene("Setting the stage", "The agent with its plugins, the kudos application, images made from scratch.");
        let binary = agent::build(false)?;
        let kudos = agent::kudos()?;
        let begun = Instant::now();
        let registry = Registry::start()?;
        let mut images = Images::new(&kudos, &format!("{}/kudos", registry.address()));
        let mut push = |service, version, fault| images.push(Image { service, version, fault });
        push("edge", "1", "")?;
        for version in ["1", "2", "3"] {
            push("web", version, "")?;
            push("backend", version, if version == "3" { "unhealthy" } else { "" })?;
        }
        images.forget()?;
        let directory = tempfile::tempdir()?;
        let host = Host::new(&binary, directory.path())?;
        let port = free_port()?;
        let stage = Self { host, registry: Some(registry), images, port, begun, _directory: directory };
        stage.lay_out()?;
        say(&format!(
            "a registry at {} with 7 images, and a host below {}",
            stage.address(),
            stage.host.root().display()
        ));
        Ok(stage)
    }

    fn address(&self) -> String {
        self.registry.as_ref().map(Registry::address).unwrap_or_default()
    }

    /// Copies the example's files, with this run's registry and port in the place of the example's.
    fn lay_out(&self) -> Result<()> {
        let example = paths::root().join("docs/examples/kudos");
        let adapt = |name: &str| -> Result<String> {
            let path: PathBuf = example.join(name);
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            Ok(text.replace("127.0.0.1:5055", &self.address()).replace("8088", &self.port.to_string()))
        };
        let application = self.host.application("kudos");
        fs::create_dir_all(&application)?;
        for name in ["release.toml", "compose.yaml"] {
            fs::write(application.join(name), adapt(name)?)?;
        }
        self.host.secret("kudos-token", "a-token-that-nobody-may-see")?;
        self.host.configure(&adapt("agent.toml")?)
    }

    /// Runs a command in sight of everyone; another exit code than the story's is an error.
    pub(crate) fn windlass(&self, arguments: &[&str], expected: i32) -> Result<()> {
        command(&format!("windlass {}", arguments.join(" ")));
        let status = self.host.command(arguments).status().context("cannot start the agent")?;
        let code = status.code().unwrap_or(-1);
        ensure!(
            code == expected,
            "`windlass {}` ended with {code}, and the story says {expected}",
            arguments.join(" ")
        );
        if code != 0 {
            say(&format!("exit code {code}"));
        }
        Ok(())
    }

    /// The page's address.
    pub(crate) fn page(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// What an address answers.
    pub(crate) fn get(&self, url: &str) -> Result<String> {
        let mut response = ureq::get(url).call().with_context(|| format!("{url} does not answer"))?;
        Ok(response.body_mut().read_to_string()?)
    }

    /// Leaves a thank-you.
    pub(crate) fn thank(&self, name: &str, message: &str) -> Result<()> {
        ureq::post(format!("{}kudos", self.page()))
            .send_json(serde_json::json!({ "name": name, "message": message }))
            .context("the page takes no thanks")?;
        Ok(())
    }

    /// Shows the versions that the page tells, which must be the expected one.
    pub(crate) fn show_page(&self, version: &str) -> Result<()> {
        let page = self.get(&self.page())?;
        let line = page.split("<p>").nth(1).and_then(|rest| rest.split("</p>").next()).unwrap_or_default();
        say(&format!("{} says: {line}", self.page()));
        ensure!(
            line.contains(&format!("page version {version}, API version {version}")),
            "the story says that version {version} serves"
        );
        Ok(())
    }

    /// Waits until a load has been answered some times.
    pub(crate) fn wait_for(&self, load: &Load, answers: u64) -> Result<()> {
        ensure!(load.wait_for(answers, PATIENCE), "the page does not answer under load");
        Ok(())
    }

    /// Removes everything, and says how long the story took.
    pub(crate) fn strike(mut self) -> Result<Duration> {
        self.remove_application()?;
        self.images.forget()?;
        say("containers, networks, the volume, images and the registry are gone");
        Ok(self.begun.elapsed())
    }

    fn remove_application(&self) -> Result<()> {
        let label = "label=com.docker.compose.project=kudos";
        let remove = |list: &[&str], remove: &[&str]| -> Result<()> {
            let found = docker(list)?;
            let names: Vec<_> = found.lines().collect();
            if !names.is_empty() {
                docker(remove.iter().copied().chain(names))?;
            }
            Ok(())
        };
        remove(&["ps", "-aq", "--filter", label], &["rm", "-f"])?;
        remove(&["network", "ls", "-q", "--filter", label], &["network", "rm"])?;
        remove(&["volume", "ls", "-q", "--filter", label], &["volume", "rm"])?;
        let ours = format!("{}/kudos/*", self.address());
        let found = docker(["image", "ls", "-q", "--filter", &format!("reference={ours}")])?;
        for image in found.lines() {
            // Two tags of one image: the second is gone with the first.
            docker(["image", "rm", "-f", image]).ok();
        }
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Also after an error half-way; what is gone already is no error here.
        self.remove_application().ok();
    }
}
