//! Which images of an application nothing needs any more: those that its own deployments brought and no kept release
//! of any application names. Images that came another way, and local ones, which no registry could give back, stay.

use std::collections::BTreeSet;

use windlass_documents::{Failure, Release};

use super::material::failed;
use super::reality::Reality;
use crate::journal::Error;

/// How many deployments are looked back at. What was dropped earlier was removed then.
const LOOK_BACK: usize = 200;

impl Reality {
    /// Removes them, and returns what went.
    pub(super) async fn prune_images(&self, application: &str) -> Result<Vec<String>, Failure> {
        let dropped = self.dropped(application).map_err(|error| failed(&error))?;
        if dropped.is_empty() {
            return Ok(Vec::new());
        }
        self.docker.remove_images(&dropped).await
    }

    fn dropped(&self, application: &str) -> Result<BTreeSet<String>, Error> {
        let mut dropped = BTreeSet::new();
        for release in self.journal.resolved_releases(application, LOOK_BACK)? {
            dropped.extend(pulled(&release));
        }
        let pinned = self.pinned_anywhere()?;
        dropped.retain(|reference| !pinned.contains(reference));
        Ok(dropped)
    }

    /// Images of kept releases and of those that are being deployed right now, of all applications: two may share a
    /// repository.
    fn pinned_anywhere(&self) -> Result<BTreeSet<String>, Error> {
        let mut pinned = BTreeSet::new();
        for application in self.journal.status(None)? {
            pinned.extend(self.kept(&application.name)?.iter().flat_map(references));
            if let Some(running) = &application.running {
                pinned.extend(references(&running.release));
            }
        }
        for open in self.journal.open_deployments(None)?.into_iter().chain(self.journal.stuck(None)?) {
            if let Some(release) = &self.journal.account(&open.id)?.release {
                pinned.extend(references(release));
            }
        }
        Ok(pinned)
    }

    /// The releases of an application that are kept for going back.
    pub(super) fn kept(&self, application: &str) -> Result<Vec<Release>, Error> {
        self.journal.kept_releases(application, usize::try_from(self.config.keep_releases).unwrap_or(usize::MAX))
    }
}

fn references(release: &Release) -> Vec<String> {
    release.artifacts.values().map(windlass_documents::Artifact::reference).collect()
}

fn pulled(release: &Release) -> Vec<String> {
    let artifacts = release.artifacts.values().filter(|artifact| !artifact.local);
    artifacts.map(windlass_documents::Artifact::reference).collect()
}
