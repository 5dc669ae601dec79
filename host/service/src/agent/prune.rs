//! Which bundles nothing needs any more, and which images of an application: those that its own deployments brought and no kept release
//! of any application names. Images that came another way, and local ones, which no registry could give back, stay.

use std::collections::BTreeSet;
use std::sync::Arc;

use windlass_capability::docker::ImageOwners;
use windlass_documents::{Artifact, Failure, Release};
use windlass_foundation::call::CallContext;
use windlass_foundation::identity::Kind;
use windlass_journal::{Error, Journal};

use super::loaded_release::failed;
use super::reality::Reality;

/// How many deployments are looked back at. What was dropped earlier was removed then.
const LOOK_BACK: usize = 200;

/// What a strategy asks for that works with the Docker Engine.
const WRITES: &str = "docker-write";

impl Reality {
    /// Removes them, and returns what went, for people: `image NAME`, `bundle DIGEST`.
    pub(super) async fn prune_all(&self, application: &str) -> Result<Vec<String>, Failure> {
        let bundles = self.prune_bundles().await;
        let images = self.prune_images(application).await?;
        let mut went: Vec<String> = images.into_iter().map(|image| format!("image {image}")).collect();
        went.extend(bundles?.into_iter().map(|digest| format!("bundle {digest}")));
        Ok(went)
    }

    async fn prune_images(&self, application: &str) -> Result<Vec<String>, Failure> {
        let dropped = self.dropped(application).map_err(|error| failed(&error))?;
        if dropped.is_empty() {
            return Ok(Vec::new());
        }
        // Where nothing that is deployed works with an engine, there may be none, and then nothing was pulled. Where there
        // is one, what a program of the operator pulled is removed as well.
        if !self.pulls(application).await? && self.docker.ping().await.is_err() {
            return Ok(Vec::new());
        }
        self.docker.remove_images(&dropped).await
    }

    /// Whether the strategy of a kept release of the application, or of the one that is being deployed, may pull images. One
    /// whose files or plugin are gone says nothing.
    async fn pulls(&self, application: &str) -> Result<bool, Failure> {
        let store = self.store()?;
        let mut releases = self.journal.resolved_releases(application, 1).map_err(|error| failed(&error))?;
        releases.extend(self.kept(application).map_err(|error| failed(&error))?);
        for release in &releases {
            let Ok(loaded) = store.of(release) else { continue };
            let strategy = store.plugin(&loaded.settings.strategy.plugin, Kind::Strategy, &loaded).await;
            if strategy.is_ok_and(|plugin| plugin.manifest().capabilities.iter().any(|ask| ask.name == WRITES)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes bundles that no release of any application needs here any more.
    async fn prune_bundles(&self) -> Result<Vec<String>, Failure> {
        let needed = self.needed_bundles().map_err(|error| failed(&error))?;
        let bundles = self.store()?.bundles.clone();
        let swept = tokio::task::spawn_blocking(move || bundles.sweep(&needed)).await;
        swept.map_err(|error| super::loaded_release::explained(&error))?.map_err(|error| failed(&error))
    }

    /// The digests of the bundles that must be kept: those of releases that are kept for going back, run, are pinned,
    /// are being deployed, or are stuck until an operator resolves them, and those about which a recorder has yet to be
    /// told, because its settings are in the bundle.
    fn needed_bundles(&self) -> Result<BTreeSet<String>, Error> {
        let mut releases: Vec<Release> = Vec::new();
        let mut deployments = BTreeSet::new();
        for application in self.journal.status(None)? {
            releases.extend(self.kept(&application.name)?);
            releases.extend(application.running.iter().map(|running| (*running.release).clone()));
            if let Some(pin) = self.journal.pin(&application.name)? {
                let known = self.journal.resolved_releases(&application.name, usize::MAX)?;
                releases.extend(known.into_iter().filter(|release| release.id == pin.release));
            }
            let untold = self.journal.undelivered(&application.name)?;
            deployments.extend(untold.into_iter().map(|delivery| delivery.deployment));
        }
        for open in self.journal.open_deployments(None)?.into_iter().chain(self.journal.stuck(None)?) {
            deployments.insert(open.id);
        }
        for deployment in deployments {
            let state = self.journal.deployment_state(&deployment)?;
            if let Some(previous) = &state.previous {
                releases.extend(self.journal.deployment_state(previous)?.release.as_deref().cloned());
            }
            releases.extend(state.release.as_deref().cloned());
        }
        Ok(releases.into_iter().map(|release| release.bundle.digest).collect())
    }

    fn dropped(&self, application: &str) -> Result<BTreeSet<String>, Error> {
        let mut dropped = BTreeSet::new();
        for release in self.journal.resolved_releases(application, LOOK_BACK)? {
            dropped.extend(pulled(&release));
        }
        let pinned: BTreeSet<String> =
            needed(&self.journal, self.keep(), |_| true)?.iter().map(Artifact::reference).collect();
        dropped.retain(|reference| !pinned.contains(reference));
        Ok(dropped)
    }

    /// The releases of an application that are kept for going back.
    pub(super) fn kept(&self, application: &str) -> Result<Vec<Release>, Error> {
        self.journal.kept_releases(application, self.keep())
    }

    fn keep(&self) -> usize {
        usize::try_from(self.config.keep_releases).unwrap_or(usize::MAX)
    }

    /// What the journal knows about whose images are whose, for a call on behalf of an application's release.
    pub(super) fn image_owners(&self, about: &Arc<CallContext>) -> Arc<dyn ImageOwners> {
        Arc::new(Owners { journal: self.journal.clone(), keep: self.keep(), about: about.clone() })
    }
}

/// Images of kept releases and of those that are being deployed right now, of all applications that are `meant`: two
/// may share a repository.
fn needed(journal: &Journal, keep: usize, meant: impl Fn(&str) -> bool) -> Result<Vec<Artifact>, Error> {
    let mut needed = Vec::new();
    for application in journal.status(None)?.iter().filter(|application| meant(&application.name)) {
        needed.extend(journal.kept_releases(&application.name, keep)?.iter().flat_map(artifacts));
        if let Some(running) = &application.running {
            needed.extend(artifacts(&running.release));
        }
    }
    for open in journal.open_deployments(None)?.into_iter().chain(journal.stuck(None)?) {
        if meant(&open.application)
            && let Some(release) = &journal.deployment_state(&open.id)?.release
        {
            needed.extend(artifacts(release));
        }
    }
    Ok(needed)
}

/// The owners of images, as the journal knows them.
struct Owners {
    journal: Arc<Journal>,
    keep: usize,
    about: Arc<CallContext>,
}

impl ImageOwners for Owners {
    fn own(&self) -> Result<Vec<Artifact>, Failure> {
        let known =
            self.journal.resolved_releases(&self.about.application, LOOK_BACK).map_err(|error| failed(&error))?;
        Ok(known.iter().chain([&*self.about.release]).flat_map(artifacts).collect())
    }

    fn others(&self) -> Result<Vec<Artifact>, Failure> {
        needed(&self.journal, self.keep, |application| application != self.about.application)
            .map_err(|error| failed(&error))
    }
}

fn artifacts(release: &Release) -> Vec<Artifact> {
    release.artifacts.values().cloned().collect()
}

fn pulled(release: &Release) -> Vec<String> {
    let artifacts = release.artifacts.values().filter(|artifact| !artifact.local);
    artifacts.map(Artifact::reference).collect()
}
