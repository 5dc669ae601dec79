//! Which bundles nothing needs any more, which releases must stay usable, and whose images are whose. What else an earlier
//! release left behind is its strategy's to know and to remove.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use windlass_capability::docker::ImageOwners;
use windlass_deployment::{BackendError, Context};
use windlass_domain::{Artifact, Failure, Release};
use windlass_foundation::identity::Kind;
use windlass_foundation::names::Instance;
use windlass_journal::{Error, Journal};
use windlass_release::bundle::Bundles;

use super::reality::Reality;

/// How many deployments are looked back at. What was dropped earlier was removed then.
const LOOK_BACK: usize = 200;

impl Reality {
    /// Lets the strategy of the context's release remove what no kept release needs, and removes bundles that nothing needs.
    /// Returns what went, for people: `image NAME`, `bundle DIGEST`.
    pub(super) async fn prune_all(&self, context: &Context) -> Result<Vec<String>, BackendError> {
        let bundles = self.prune_bundles().await;
        let mut went = self.prune_left_behind(context).await?;
        went.extend(bundles?.into_iter().map(|digest| format!("bundle {digest}")));
        Ok(went)
    }

    async fn prune_left_behind(&self, context: &Context) -> Result<Vec<String>, BackendError> {
        let kept = usable(&self.journal, self.keep(), |instance| *instance == context.instance)
            .map_err(|error| BackendError::of(&error))?;
        let known =
            self.journal.resolved_releases(&context.instance, LOOK_BACK).map_err(|error| BackendError::of(&error))?;
        if known.iter().all(|release| kept.iter().any(|kept| kept.id == release.id)) {
            return Ok(Vec::new());
        }
        let loaded = self.store()?.of(&context.about.release)?;
        let ready = self.ready(context, &loaded.settings.strategy.plugin, Kind::Strategy, &loaded, None).await?;
        Ok(ready.plugin.prune(ready.call, &kept).await?)
    }

    /// Removes bundles that no release of any application needs here any more.
    async fn prune_bundles(&self) -> Result<Vec<String>, BackendError> {
        let needed = self.needed_bundles().map_err(|error| BackendError::of(&error))?;
        let bundles = self.store()?.bundles.clone();
        let swept = tokio::task::spawn_blocking(move || bundles.sweep(&needed)).await;
        swept.map_err(|error| BackendError::unforeseen(&error))?.map_err(|error| BackendError::of(&error))
    }

    /// The digests of the bundles that must be kept: those of releases that are kept for going back, run, are pinned,
    /// are being deployed, or are stuck until an operator resolves them, and those about which a recorder has yet to be
    /// told, because its settings are in the bundle. Files that came with a deployment which has no release yet, too.
    fn needed_bundles(&self) -> Result<BTreeSet<String>, Error> {
        let mut releases: Vec<Release> = Vec::new();
        let mut deployments = BTreeSet::new();
        for application in self.journal.status(None)? {
            releases.extend(self.kept(&application.instance)?);
            releases.extend(application.running.iter().map(|running| (*running.release).clone()));
            if let Some(pin) = self.journal.pin(&application.instance)? {
                let known = self.journal.resolved_releases(&application.instance, usize::MAX)?;
                releases.extend(known.into_iter().filter(|release| release.id == pin.release));
            }
            let untold = self.journal.undelivered(&application.instance)?;
            deployments.extend(untold.into_iter().map(|delivery| delivery.deployment));
        }
        for open in self.journal.open_deployments(None)?.into_iter().chain(self.journal.stuck(None)?) {
            deployments.insert(open.id);
        }
        let bundles = Bundles::new(&self.config.state_directory);
        let mut digests = BTreeSet::new();
        for deployment in deployments {
            let state = self.journal.deployment_state(&deployment)?;
            digests.extend(state.asked.directory().and_then(|place| bundles.digest_at(place)));
            if let Some(previous) = &state.previous {
                releases.extend(self.journal.deployment_state(previous)?.release.as_deref().cloned());
            }
            releases.extend(state.release.as_deref().cloned());
        }
        digests.extend(releases.into_iter().map(|release| release.bundle.digest));
        Ok(digests)
    }

    /// The releases of an application that are kept for going back.
    pub(super) fn kept(&self, instance: &Instance) -> Result<Vec<Release>, Error> {
        self.journal.kept_releases(instance, self.keep())
    }

    fn keep(&self) -> usize {
        usize::try_from(self.config.keep_releases).unwrap_or(usize::MAX)
    }

    /// What the journal knows about whose images are whose, for a call on behalf of an application's release.
    pub(super) fn image_owners(&self, instance: &Instance, release: &Arc<Release>) -> Arc<dyn ImageOwners> {
        let (journal, keep) = (self.journal.clone(), self.keep());
        Arc::new(Owners { journal, keep, instance: instance.clone(), release: release.clone() })
    }
}

/// The releases that must stay usable, of all applications that are `meant`: those that are kept for going back, those that
/// run, and those that are being deployed right now or wait for a person.
fn usable(journal: &Journal, keep: usize, meant: impl Fn(&Instance) -> bool) -> Result<Vec<Release>, Error> {
    let mut usable: BTreeMap<String, Release> = BTreeMap::new();
    let mut add = |release: &Release| drop(usable.insert(release.id.clone(), release.clone()));
    for application in journal.status(None)?.iter().filter(|application| meant(&application.instance)) {
        journal.kept_releases(&application.instance, keep)?.iter().for_each(&mut add);
        if let Some(running) = &application.running {
            add(&running.release);
        }
    }
    for open in journal.open_deployments(None)?.into_iter().chain(journal.stuck(None)?) {
        if meant(&open.instance)
            && let Some(release) = &journal.deployment_state(&open.id)?.release
        {
            add(release);
        }
    }
    Ok(usable.into_values().collect())
}

/// The owners of images, as the journal knows them.
struct Owners {
    journal: Arc<Journal>,
    keep: usize,
    instance: Instance,
    release: Arc<Release>,
}

impl Owners {
    /// Images of releases that must stay usable: two applications may share a repository.
    fn of_usable(&self, meant: impl Fn(&Instance) -> bool) -> Result<Vec<Artifact>, Failure> {
        let releases = usable(&self.journal, self.keep, meant);
        let releases = releases.map_err(|error| Failure::from(BackendError::of(&error)))?;
        Ok(releases.iter().flat_map(artifacts).collect())
    }
}

impl ImageOwners for Owners {
    fn own(&self) -> Result<Vec<Artifact>, Failure> {
        let known = self
            .journal
            .resolved_releases(&self.instance, LOOK_BACK)
            .map_err(|error| Failure::from(BackendError::of(&error)))?;
        Ok(known.iter().chain([&*self.release]).flat_map(artifacts).collect())
    }

    fn others(&self) -> Result<Vec<Artifact>, Failure> {
        self.of_usable(|instance| *instance != self.instance)
    }

    fn needed(&self) -> Result<Vec<Artifact>, Failure> {
        self.of_usable(|_| true)
    }
}

fn artifacts(release: &Release) -> Vec<Artifact> {
    release.artifacts.values().cloned().collect()
}
