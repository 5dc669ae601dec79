//! The outside of the flow as it is: releases on disk and at registries, plugins in the sandbox.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, try_join_all};
use serde_json::Value;
use windlass_capability::docker;
use windlass_capability::http::Clients;
use windlass_capability::secrets::HostKey;
use windlass_config::{Command, Config};
use windlass_deployment::{
    BackendError, BackendFuture, Context, DeploymentBackend, DeploymentSettings, OnDoubt, Owner, PlanFile, ProbePolicy,
    Resolved, Source, owner_of,
};
use windlass_domain::{Event, Observation, Plan, Release, Report, Step};
use windlass_foundation::call::CallContext;
use windlass_foundation::clock::Clock;
use windlass_foundation::explain::FailureKind;
use windlass_foundation::identity::Kind;
use windlass_foundation::names::Instance;
use windlass_foundation::progress::Events;
use windlass_foundation::redact::Redactor;
use windlass_journal::Journal;
use windlass_release::application::RELEASE_FILE;
use windlass_release::binding::{self, Claim};
use windlass_release::bundle::StoredBundle;
use windlass_release::directory::TeamDirectory;
use windlass_release::environment::{self, Afterwards, PluginName, PluginUse, Reaction};
use windlass_release::file::{FileError, ReleaseFile};
use windlass_release::registry::Registries;
use windlass_release::resolve::{self, Kept, VersionRequest, Written, version_file};
use windlass_sandbox::{Plugin, Plugins, Settings};

use super::calls::Ready;
use super::error::Error;
use super::images::Local;
use super::loaded_release::{LoadedRelease, ReadFile, Store};
use super::places::about_secret;

/// Everything outside the flow. What a question doesn't need isn't opened.
pub(super) struct Reality {
    pub(super) config: Arc<Config>,
    pub(super) journal: Arc<Journal>,
    pub(super) docker: Arc<docker::Engine>,
    pub(super) redactor: Redactor,
    pub(super) events: Arc<dyn Events>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) host: String,
    pub(super) clients: Clients,
    pub(super) commands: Arc<BTreeMap<String, Command>>,
    /// Secrets of which it was said that their values are too short.
    pub(super) short: Mutex<BTreeSet<String>>,
    /// The release file that the command has read, and in which directory.
    read: Mutex<Option<ReadFile>>,
    store: OnceLock<Store>,
    registries: OnceLock<Registries>,
}

impl Reality {
    pub(super) fn new(
        config: Arc<Config>,
        journal: Arc<Journal>,
        docker: Arc<docker::Engine>,
        redactor: Redactor,
        events: Arc<dyn Events>,
        clock: Arc<dyn Clock>,
        host: String,
    ) -> Self {
        Self {
            commands: Arc::new(config.commands.clone()),
            config,
            journal,
            docker,
            redactor,
            events,
            clock,
            host,
            clients: Clients::default(),
            short: Mutex::default(),
            read: Mutex::default(),
            store: OnceLock::new(),
            registries: OnceLock::new(),
        }
    }

    /// The plugins; makes the host's key and the sandbox when it is first asked.
    pub(super) fn plugins(&self) -> Result<Plugins, Error> {
        Ok(self.open_store()?.plugins.clone())
    }

    pub(super) fn store(&self) -> Result<&Store, BackendError> {
        self.open_store().map_err(|error| BackendError::of(&error))
    }

    fn open_store(&self) -> Result<&Store, Error> {
        if let Some(store) = self.store.get() {
            return Ok(store);
        }
        let state = &self.config.state_directory;
        windlass_foundation::private::directory(state)
            .map_err(|source| Error::State { path: state.clone(), source })?;
        let key = HostKey::open(state)?;
        let plugins = Plugins::open(Settings {
            state_directory: state.clone(),
            key: key.bytes().to_vec(),
            limits: self.config.limits.clone(),
            precompiler: None,
            redactor: self.redactor.clone(),
        })?;
        let store = Store::new(plugins, key, self.config.clone(), self.redactor.clone());
        Ok(self.store.get_or_init(|| store))
    }

    /// Registries with what the operator says about each, passwords included.
    pub(super) fn registries(&self) -> Result<Registries, BackendError> {
        if let Some(registries) = self.registries.get() {
            return Ok(registries.clone());
        }
        let store = self.store()?;
        let registries = super::images::registries(&self.config, &store.key, &self.redactor);
        let registries = registries.map_err(|error| about_secret(&error, &self.config, None))?;
        Ok(self.registries.get_or_init(|| registries).clone())
    }

    /// What a release says about the time after its deployment.
    pub(super) fn afterwards(&self, release: &Release) -> Result<Afterwards, BackendError> {
        Ok(self.store()?.of(release)?.settings.afterwards.clone())
    }

    /// Admits a plugin that the release names; one at a registry is pulled first, once.
    pub(super) async fn plugin(
        &self,
        named: &PluginUse,
        kind: Kind,
        loaded: &LoadedRelease,
    ) -> Result<Plugin, BackendError> {
        let store = self.store()?;
        if let PluginName::Registry(name) = &named.plugin {
            let pulled = store.plugins.pull(name, &self.registries()?).await;
            pulled.map_err(|error| loaded.about_plugin(named, BackendError::of(&error)))?;
        }
        store.plugin(named, kind, loaded).await
    }

    /// Admits everything that the release names, and reads every secret: a mistake is found before anything is
    /// touched.
    async fn prepare(&self, about: &Arc<CallContext>, loaded: &LoadedRelease) -> Result<(), BackendError> {
        let store = self.store()?;
        let settings = &loaded.settings;
        self.foresee(settings);
        let strategy = std::iter::once((&settings.strategy.plugin, Kind::Strategy));
        let checks = settings.checks.iter().map(|probe| (&probe.plugin, Kind::Check));
        let smoke = settings.smoke.iter().map(|probe| (&probe.plugin, Kind::Smoke));
        let recorders = settings.recorders.iter().map(|recorder| (&recorder.plugin, Kind::Recorder));
        let all = strategy.chain(checks).chain(smoke).chain(recorders).map(|(named, kind)| async move {
            let plugin = self.plugin(named, kind, loaded).await?;
            plugin.validate_config(&named.with).await.map_err(|failure| loaded.about_with(named, failure))?;
            let grants = self.grants(&plugin, kind, about);
            Self::may_work(&plugin, named, &grants, loaded)?;
            if kind == Kind::Strategy {
                self.projects(about, loaded).await?;
            }
            // What is needed late does not lie in memory until then.
            if matches!(kind, Kind::Smoke | Kind::Recorder) {
                store.plugins.put_away(&plugin);
            }
            store.read_secrets(&self.secret_names(&grants, loaded), loaded).map(drop)
        });
        try_join_all(all).await.map(drop)
    }

    /// Asks the engine already what a check will ask it, where one of the release's checks may look at Docker.
    fn foresee(&self, settings: &environment::Settings) {
        let may_look = |name: &str| self.config.grants.iter().any(|grant| grant.plugin == name && grant.reads_docker());
        let mut bundled = settings.checks.iter().filter_map(|check| match &check.plugin.plugin {
            PluginName::Bundled(name) => Some(name),
            PluginName::File(_) | PluginName::Registry(_) => None,
        });
        if bundled.any(|name| may_look(name)) {
            self.docker.foresee();
        }
    }

    /// Keeps the release file that was read of a directory, so that it is read once.
    pub(super) fn has_read(&self, read: ReadFile) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(read);
    }

    /// The release file of a directory, as it was read first. What is deployed is what was kept, which is read by itself.
    fn file_of(&self, team: &TeamDirectory) -> Result<ReleaseFile, FileError> {
        match &*self.read.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(ReadFile { directory, file }) if *directory == team.identity() => Ok(file.clone()),
            _ => ReleaseFile::of(team),
        }
    }

    /// The release file of a directory that may be the application.
    fn claimed(&self, application: &str, source: &Source, team: &TeamDirectory) -> Result<ReleaseFile, BackendError> {
        let file = self.file_of(team).map_err(|error| BackendError::of(&error))?;
        file.expect_application(application).map_err(|error| BackendError::of(&error))?;
        if self.is_sent(source)? {
            // Bound by the right to bring it, which was decided about when it came.
            return Ok(file);
        }
        // Decided when it was asked for, and once more of the directory that is used.
        let unbound =
            binding::decide(&self.config, application, Claim::Files(team)).map_err(|error| BackendError::of(&error))?;
        if unbound.is_some() && source.unbound.is_none() {
            let message = format!("`{}` is not the directory any more that was asked for", source.directory.display());
            return Err(BackendError::new(FailureKind::Refused, message));
        }
        Ok(file)
    }

    /// Whether the files came with a command: their directory is a kept bundle's place then.
    fn is_sent(&self, source: &Source) -> Result<bool, BackendError> {
        Ok(self.store()?.bundles.digest_at(&source.directory).is_some())
    }

    /// The files of a source, kept, with the path under which people know their directory.
    async fn keep_files(
        &self,
        instance: &Instance,
        source: &Source,
        environment: Option<&str>,
    ) -> Result<(StoredBundle, PathBuf), BackendError> {
        let bundles = self.store()?.bundles.clone();
        let came = bundles.digest_at(&source.directory);
        let shown = if came.is_some() { PathBuf::new() } else { source.directory.clone() };
        let already = came.map(|digest| bundles.load(&digest)).transpose().map_err(|error| BackendError::of(&error))?;
        let team = TeamDirectory::open_as(&source.directory, &shown).map_err(|error| BackendError::of(&error))?;
        let file = self.claimed(instance.application(), source, &team)?;
        if let Some(environment) = environment {
            self.foresee(&file.settings(environment).map_err(|error| BackendError::of(&error))?);
        }
        if let Some(already) = already {
            return Ok((already, shown));
        }
        // The very directory that was looked at, whatever the path means by now.
        let kept = tokio::task::spawn_blocking(move || bundles.keep_team(&team)).await;
        let kept = kept.map_err(|error| BackendError::unforeseen(&error))?.map_err(|error| BackendError::of(&error))?;
        Ok((kept, shown))
    }

    /// Makes a release of an application's files: reads them, asks registries for digests, keeps the bundle. Needs no plugin,
    /// grant or secret. The file must have the environment, where one is given.
    pub(super) async fn make(
        &self,
        instance: &Instance,
        source: &Source,
        environment: Option<&str>,
    ) -> Result<Resolved, BackendError> {
        let (kept, shown) = self.keep_files(instance, source, environment).await?;
        self.store()?.is_written_in(&kept.bundle, &shown.join(RELEASE_FILE));
        // What counts is what was kept: the file may have been written again meanwhile.
        let file = kept_file(&kept.directory, &shown).map_err(|error| BackendError::of(&error))?;
        file.expect_application(instance.application()).map_err(|error| BackendError::of(&error))?;
        let of_files = version_file::read_all(&file, &kept.directory).map_err(|error| BackendError::of(&error))?;
        let label = version_file::label(&file, &kept.directory).map_err(|error| BackendError::of(&error))?;
        let (versions, commit) = (source.set.clone(), source.commit.clone());
        let mut request = VersionRequest { versions, of_files, label, commit, ..VersionRequest::default() };
        let staying = self.kept_of(instance, &file, &request, source.defaults)?;
        (request.kept, request.unwritten) = (staying.artifacts, staying.unwritten);
        let local = Local(self.docker.clone());
        let registries = self.registries()?;
        let resolved = resolve::resolve(&file, kept.bundle, &request, &registries, &local).await;
        Ok(Resolved { release: resolved.map_err(|error| BackendError::of(&error))?, notes: staying.notes })
    }

    /// What of the running release stays, because nothing else was asked for.
    fn kept_of(
        &self,
        instance: &Instance,
        file: &ReleaseFile,
        request: &VersionRequest,
        defaults: bool,
    ) -> Result<Kept, BackendError> {
        let running = self.journal.running(instance).map_err(|error| BackendError::unforeseen(&error))?;
        let Some(running) = running.map(|running| running.release) else { return Ok(Kept::default()) };
        // Without the files of the running release, its own versions are unknown: then the versions in the new files
        // count.
        let Ok(stored) = self.store()?.bundles.open(&running.bundle) else { return Ok(Kept::default()) };
        let before = TeamDirectory::open(&stored.directory).ok().and_then(|team| ReleaseFile::of(&team).ok());
        let Some(before) = before else { return Ok(Kept::default()) };
        let of_files = version_file::read_all(&before, &stored.directory).unwrap_or_default();
        let now = Written { file, of_files: &request.of_files };
        Ok(resolve::keep(now, Written { file: &before, of_files: &of_files }, request, &running, defaults))
    }

    /// The owner of a step, ready to apply or undo it.
    async fn owner(&self, context: &Context, step: &Step) -> Result<Ready, BackendError> {
        let loaded = self.store()?.of(&context.about.release)?;
        match owner_of(step)? {
            Owner::Strategy => {
                let strategy = &loaded.settings.strategy.plugin;
                self.ready(context, strategy, Kind::Strategy, &loaded, Some(&step.id)).await
            }
        }
    }

    fn deployment_settings(&self, settings: &environment::Settings) -> DeploymentSettings {
        let deadline = settings.policy.deadline;
        DeploymentSettings {
            checks: settings.checks.iter().map(probe).collect(),
            smoke: settings.smoke.iter().map(probe).collect(),
            recorders: settings.recorders.iter().map(|recorder| recorder.name.clone()).collect(),
            call_deadline: settings.strategy.step_deadline,
            verify_deadline: deadline,
            deadline,
            parallel: usize::try_from(self.config.limits.parallel).unwrap_or(usize::MAX),
            allow_no_way_back: settings.policy.allow_no_way_back,
        }
    }
}

/// The release file that was kept, under the name that the team knows.
fn kept_file(kept: &Path, team: &Path) -> Result<ReleaseFile, FileError> {
    let content = TeamDirectory::open(kept)?.release_file()?;
    ReleaseFile::parse(&content, &team.join(RELEASE_FILE).display().to_string())
}

fn probe(probe: &environment::Probe) -> ProbePolicy {
    let doubt = |reaction: Reaction| match reaction {
        Reaction::Refuse => OnDoubt::Refuse,
        Reaction::Warn => OnDoubt::Warn,
        Reaction::Pass => OnDoubt::Pass,
    };
    ProbePolicy {
        name: probe.name.clone(),
        deadline: probe.deadline,
        interval: probe.interval,
        on_error: doubt(probe.on_error),
        on_inconclusive: doubt(probe.on_inconclusive),
    }
}

fn named<'a>(probes: &'a [environment::Probe], name: &str) -> Result<&'a environment::Probe, BackendError> {
    probes.iter().find(|probe| probe.name == name).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> BackendError {
    BackendError::new(FailureKind::NotFound, format!("the release file has no `{name}` here"))
}

/// What isn't a step marks nothing.
const NO_STEP: Option<&str> = None;

impl DeploymentBackend for Reality {
    fn resolve<'a>(&'a self, instance: &'a Instance, source: &'a Source) -> BackendFuture<'a, Resolved> {
        async move {
            let resolved = self.make(instance, source, Some(&self.config.environment)).await?;
            let loaded = self.store()?.of(&resolved.release)?;
            let about = CallContext {
                application: instance.to_string(),
                environment: self.config.environment.clone(),
                unbound: source.unbound.clone(),
                ..CallContext::default()
            };
            self.prepare(&Arc::new(about), &loaded).await?;
            Ok(resolved)
        }
        .boxed()
    }

    fn seal(&self, file: PlanFile) -> BackendFuture<'_, PlanFile> {
        async move { super::sealed::seal(&self.store()?.key, file) }.boxed()
    }

    fn vouch<'a>(&'a self, file: &'a PlanFile) -> BackendFuture<'a, ()> {
        async move { super::sealed::vouch(&self.store()?.key, &self.store()?.bundles, &self.config.releases, file) }
            .boxed()
    }

    fn settings<'a>(&'a self, release: &'a Release) -> BackendFuture<'a, DeploymentSettings> {
        async move { Ok(self.deployment_settings(&self.store()?.of(release)?.settings)) }.boxed()
    }

    fn missing<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Vec<String>> {
        async move {
            let ready = async {
                let loaded = self.store()?.of(&context.about.release)?;
                self.ready(context, &loaded.settings.strategy.plugin, Kind::Strategy, &loaded, NO_STEP).await
            };
            let ready = ready.await.map_err(|error: BackendError| error.of_kind(FailureKind::Unusable))?;
            Ok(ready.plugin.missing(ready.call).await?)
        }
        .boxed()
    }

    fn prune<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Vec<String>> {
        self.prune_all(context).boxed()
    }

    fn observe<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Observation> {
        async move {
            let loaded = self.store()?.of(&context.about.release)?;
            let strategy = &loaded.settings.strategy.plugin;
            let ready = self.ready(context, strategy, Kind::Strategy, &loaded, NO_STEP).await?;
            ready.plugin.observe(ready.call).await.map_err(BackendError::from)
        }
        .boxed()
    }

    fn plan<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Plan> {
        async move {
            let loaded = self.store()?.of(&context.about.release)?;
            if context.about.purpose.is_of_deployment() {
                // A release of earlier was not resolved now, and the operator may have changed what is granted.
                self.prepare(&context.about, &loaded).await?;
            }
            let strategy = &loaded.settings.strategy.plugin;
            let ready = self.ready(context, strategy, Kind::Strategy, &loaded, NO_STEP).await?;
            ready.plugin.plan(ready.call).await.map_err(BackendError::from)
        }
        .boxed()
    }

    fn apply<'a>(&'a self, context: &'a Context, step: &'a Step) -> BackendFuture<'a, Value> {
        async move {
            let ready = self.owner(context, step).await?;
            ready.plugin.apply(ready.call, step).await.map_err(BackendError::from)
        }
        .boxed()
    }

    fn undo<'a>(&'a self, context: &'a Context, step: &'a Step, output: Option<&'a Value>) -> BackendFuture<'a, ()> {
        async move {
            let ready = self.owner(context, step).await?;
            ready.plugin.undo(ready.call, step, output).await.map_err(BackendError::from)
        }
        .boxed()
    }

    fn verify<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Report> {
        async move {
            let loaded = self.store()?.of(&context.about.release)?;
            let strategy = &loaded.settings.strategy.plugin;
            let ready = self.ready(context, strategy, Kind::Strategy, &loaded, NO_STEP).await?;
            ready.plugin.verify(ready.call).await.map_err(BackendError::from)
        }
        .boxed()
    }

    fn check<'a>(&'a self, context: &'a Context, name: &'a str) -> BackendFuture<'a, Report> {
        async move {
            let loaded = self.store()?.of(&context.about.release)?;
            let check = named(&loaded.settings.checks, name)?;
            let ready = self.ready(context, &check.plugin, Kind::Check, &loaded, NO_STEP).await?;
            ready.plugin.check(ready.call).await.map_err(BackendError::from)
        }
        .boxed()
    }

    fn smoke<'a>(&'a self, context: &'a Context, name: &'a str) -> BackendFuture<'a, Report> {
        async move {
            let loaded = self.store()?.of(&context.about.release)?;
            let smoke = named(&loaded.settings.smoke, name)?;
            let ready = self.ready(context, &smoke.plugin, Kind::Smoke, &loaded, NO_STEP).await?;
            ready.plugin.smoke(ready.call).await.map_err(BackendError::from)
        }
        .boxed()
    }

    fn absences(&self) -> usize {
        self.docker.absences()
    }

    fn was_away(&self) -> BoxFuture<'_, bool> {
        Box::pin(self.docker.was_away())
    }

    fn deliver<'a>(
        &'a self,
        context: &'a Context,
        recorder: &'a str,
        event: &'a Event,
    ) -> BackendFuture<'a, Option<Value>> {
        async move {
            let loaded = self.store()?.of(&context.about.release)?;
            let recorders = &loaded.settings.recorders;
            let recorder = recorders.iter().find(|known| known.name == recorder).ok_or_else(|| missing(recorder))?;
            let context = Context { deadline: shorter(context.deadline, recorder.deadline), ..context.clone() };
            let ready = self.ready(&context, &recorder.plugin, Kind::Recorder, &loaded, NO_STEP).await?;
            ready.plugin.deliver(ready.call, event).await.map_err(BackendError::from)
        }
        .boxed()
    }
}

fn shorter(one: Duration, other: Duration) -> Duration {
    one.min(other)
}
