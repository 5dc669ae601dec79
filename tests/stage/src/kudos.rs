//! The kudos application on a host: a registry with its images, its files, and what its page says.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::host::Host;
use crate::images::{Image, Images};
use crate::process::{docker, free_port};
use crate::registry::Registry;

/// Which versions of web and backend there are, and their faults. Version 3's API turns unhealthy.
pub const VERSIONS: &[(&str, &str)] = &[("1", ""), ("2", ""), ("3", "unhealthy")];

/// The kudos application, ready to be released. Dropping it removes everything that was made.
#[derive(Debug)]
pub struct Kudos {
    /// The host that it is released on.
    pub host: Host,
    /// The application's and the Compose project's name.
    pub name: String,
    registry: Registry,
    images: Images,
    port: u16,
    _directory: TempDir,
}

impl Kudos {
    /// Pushes all versions to a registry, and lays out a host with the files of `example`.
    ///
    /// # Errors
    /// When a program is missing or the engine refuses.
    pub fn set(name: &str, agent: &Path, application: &Path, example: &Path) -> Result<Self> {
        let registry = Registry::shared()?;
        let mut images = Images::new(application, &format!("{}/{name}", registry.address()));
        images.push(Image { service: "edge", version: "1", fault: "" })?;
        for (version, fault) in VERSIONS {
            images.push(Image { service: "web", version, fault: "" })?;
            images.push(Image { service: "backend", version, fault })?;
        }
        images.forget()?;
        let directory = tempfile::tempdir()?;
        let host = Host::new(agent, directory.path())?;
        host.has_been_used()?;
        let kudos = Self { host, name: name.to_owned(), registry, images, port: free_port()?, _directory: directory };
        // What an earlier run left. An engine whose client was killed in the middle of a call can keep a network that it
        // does not remove before it is restarted; such a one is used again.
        kudos.remove().ok();
        kudos.lay_out(example)?;
        Ok(kudos)
    }

    /// Copies the example's files, with this run's name, registry and port in the place of the example's.
    fn lay_out(&self, example: &Path) -> Result<()> {
        let directory = self.directory();
        fs::create_dir_all(&directory)?;
        for file in ["release.toml", "compose.yaml"] {
            fs::write(directory.join(file), self.adapt(&example.join(file))?)?;
        }
        self.host.secret("kudos-token", "a-token-that-nobody-may-see")?;
        self.host.configure(&self.adapt(&example.join("agent.toml"))?)
    }

    fn adapt(&self, path: &Path) -> Result<String> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(text
            .replace("127.0.0.1:5055/kudos", &self.repository())
            .replace("127.0.0.1:5055", &self.registry.address())
            .replace("8088", &self.port.to_string())
            .replace("application = \"kudos\"", &format!("application = \"{}\"", self.name))
            .replace("name: kudos\n", &format!("name: {}\n", self.name)))
    }

    /// Where the application's files are.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        self.host.application(&self.name)
    }

    /// The registry's address.
    #[must_use]
    pub fn registry(&self) -> String {
        self.registry.address()
    }

    /// Where its images are: the registry's address and the application's name.
    #[must_use]
    pub fn repository(&self) -> String {
        format!("{}/{}", self.registry.address(), self.name)
    }

    /// More images, for a test of its own.
    pub fn images(&mut self) -> &mut Images {
        &mut self.images
    }

    /// The page's address.
    #[must_use]
    pub fn page(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// The page.
    ///
    /// # Errors
    /// When it does not answer with 200.
    pub fn read(&self) -> Result<String> {
        let mut response = ureq::get(self.page()).call().context("the page does not answer")?;
        Ok(response.body_mut().read_to_string()?)
    }

    /// The line of the page that tells the versions.
    ///
    /// # Errors
    /// When the page does not answer.
    pub fn versions(&self) -> Result<String> {
        let page = self.read()?;
        Ok(page.split("<p>").nth(1).and_then(|rest| rest.split("</p>").next()).unwrap_or_default().to_owned())
    }

    /// Leaves a thank-you.
    ///
    /// # Errors
    /// When the page takes none.
    pub fn thank(&self, name: &str, message: &str) -> Result<()> {
        ureq::post(format!("{}kudos", self.page()))
            .send_json(std::collections::BTreeMap::from([("name", name), ("message", message)]))
            .context("the page takes no thanks")?;
        Ok(())
    }

    /// What of the application is in the engine: `container NAME STATE`, `network NAME`, `volume NAME`, sorted.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn objects(&self) -> Result<Vec<String>> {
        let label = self.label();
        let lines =
            |kind: &str, found: String| -> Vec<String> { found.lines().map(|line| format!("{kind} {line}")).collect() };
        let mut objects =
            lines("container", docker(["ps", "-a", "--filter", &label, "--format", "{{.Names}} {{.State}}"])?);
        objects.extend(lines("network", docker(["network", "ls", "--filter", &label, "--format", "{{.Name}}"])?));
        objects.extend(lines("volume", docker(["volume", "ls", "--filter", &label, "--format", "{{.Name}}"])?));
        objects.sort();
        Ok(objects)
    }

    fn label(&self) -> String {
        format!("label=com.docker.compose.project={}", self.name)
    }

    /// Removes the application's containers, networks, volumes and images from the engine.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn remove(&self) -> Result<()> {
        let label = self.label();
        let remove = |list: &[&str], remove: &[&str]| -> Result<()> {
            let found = docker(list)?;
            let names: Vec<_> = found.lines().collect();
            if !names.is_empty() {
                docker([remove, &names].concat())?;
            }
            Ok(())
        };
        // Each in any case: a container that goes away by itself meanwhile is an error to `docker rm`.
        remove(&["ps", "-aq", "--filter", &label], &["rm", "-fv"])
            .and(remove(&["network", "ls", "-q", "--filter", &label], &["network", "rm"]))
            .and(remove(&["volume", "ls", "-q", "--filter", &label], &["volume", "rm"]))?;
        let reference = format!("reference={}/*", self.repository());
        for image in docker(["image", "ls", "-q", "--filter", &reference])?.lines() {
            // Two tags of one image: the second is gone with the first.
            docker(["image", "rm", "-f", image]).ok();
        }
        Ok(())
    }
}

impl Drop for Kudos {
    fn drop(&mut self) {
        // Also after an error half-way; what is gone already is no error here.
        self.remove().ok();
    }
}
