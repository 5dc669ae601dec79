//! Images of the kudos application, built from scratch: one static binary and a version.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::process::docker;

/// One image to build.
#[derive(Debug, Clone, Copy)]
pub struct Image<'a> {
    /// `edge`, `web` or `backend`.
    pub service: &'a str,
    /// The version, which is the tag too.
    pub version: &'a str,
    /// A fault of this version: `unhealthy`, `crash`, `migration`; empty in a good one.
    pub fault: &'a str,
}

/// Builds and pushes images, and removes them when it is dropped.
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

    /// Builds an image in the engine and returns its reference.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn build(&mut self, image: Image<'_>) -> Result<String> {
        let reference = format!("{}/{}:{}", self.repository, image.service, image.version);
        let context = tempfile::tempdir()?;
        fs::copy(&self.binary, context.path().join("kudos"))
            .with_context(|| format!("cannot copy {}: build it with `cargo xtask kudos`", self.binary.display()))?;
        let fault = if image.fault.is_empty() { String::new() } else { format!("ENV KUDOS_FAULT={}\n", image.fault) };
        fs::write(
            context.path().join("Dockerfile"),
            format!(
                "FROM scratch\nCOPY kudos /kudos\nENV KUDOS_VERSION={version}\n{fault}\
                 LABEL org.opencontainers.image.version={version}\nLABEL windlass.stage={repository}\nENTRYPOINT [\"/kudos\"]\nCMD [\"{service}\"]\n",
                version = image.version,
                service = image.service,
                // Equal images of two stages would be one image, which both remove.
                repository = self.repository,
            ),
        )?;
        docker(["build", "-q", "-t", &reference, &context.path().display().to_string()])?;
        self.built.push(reference.clone());
        Ok(reference)
    }

    /// Builds an image and pushes it to its registry.
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
