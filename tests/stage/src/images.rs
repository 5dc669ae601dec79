//! Images of the kudos application, made from one static binary and a version.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::process::{archive, docker};

/// One image to make.
#[derive(Debug, Clone, Copy)]
pub struct Image<'a> {
    /// `edge`, `web` or `backend`.
    pub service: &'a str,
    /// The version, which is the tag too.
    pub version: &'a str,
    /// A fault of this version: `unhealthy`, `crash`, `migration`; empty in a good one.
    pub fault: &'a str,
}

/// Makes and pushes images, and removes them when it is dropped.
#[derive(Debug)]
pub struct Images {
    binary: PathBuf,
    repository: String,
    built: Vec<String>,
}

impl Images {
    /// Images under `repository` (`127.0.0.1:5055/kudos`) from the static kudos binary.
    #[must_use]
    pub fn new(binary: &Path, repository: &str) -> Self {
        Self { binary: binary.to_owned(), repository: repository.to_owned(), built: Vec::new() }
    }

    /// Makes an image in the engine and returns its reference.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn build(&mut self, image: Image<'_>) -> Result<String> {
        let reference = format!("{}/{}:{}", self.repository, image.service, image.version);
        let directory = tempfile::tempdir()?;
        let root = directory.path().join("root");
        fs::create_dir(&root)?;
        fs::copy(&self.binary, root.join("kudos"))
            .with_context(|| format!("cannot copy {}: build it with `cargo xtask kudos`", self.binary.display()))?;
        let archive = archive(&root, directory.path())?;
        let mut changes = vec![
            format!("ENV KUDOS_VERSION={}", image.version),
            format!("LABEL org.opencontainers.image.version={}", image.version),
            // Equal images of two stages would be one image, which both remove.
            format!("LABEL windlass.stage={}", self.repository),
            "ENTRYPOINT [\"/kudos\"]".to_owned(),
            format!("CMD [\"{}\"]", image.service),
        ];
        if !image.fault.is_empty() {
            changes.push(format!("ENV KUDOS_FAULT={}", image.fault));
        }
        // Not a build: builds of stages that run side by side share a cache, from which the other removes images.
        let mut arguments = vec!["import".to_owned()];
        arguments.extend(changes.into_iter().flat_map(|change| ["--change".to_owned(), change]));
        arguments.extend([archive, reference.clone()]);
        docker(&arguments)?;
        self.built.push(reference.clone());
        Ok(reference)
    }

    /// Makes an image and pushes it to its registry.
    ///
    /// # Errors
    /// When the engine or the registry refuses.
    pub fn push(&mut self, image: Image<'_>) -> Result<String> {
        let reference = self.build(image)?;
        docker(["push", "-q", &reference])?;
        Ok(reference)
    }

    /// Removes the local copies, so that a deployment has to pull.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn forget(&mut self) -> Result<()> {
        for reference in std::mem::take(&mut self.built) {
            docker(["image", "rm", "-f", &reference])?;
        }
        Ok(())
    }
}

impl Drop for Images {
    fn drop(&mut self) {
        // What is in use, or gone already, stays as it is.
        self.forget().ok();
    }
}
