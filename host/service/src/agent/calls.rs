//! Preparation of calls: what a plugin gets, and what it may reach, for one call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use serde_json::{Value, json};
use tokio::time::Instant;
use windlass_capability::docker::{Docker, DockerScope};
use windlass_capability::exec::{Exec, secret_names};
use windlass_capability::files::Files;
use windlass_capability::grants::Permission;
use windlass_capability::http::{Http, HttpLimits};
use windlass_capability::log::{Log, LogLimits};
use windlass_capability::registry::{Registry, Resolve};
use windlass_capability::secrets::{PluginSecrets, Secrets};
use windlass_capability::state::{Quota, State};
use windlass_capability::{Capabilities, Grants, Scope};
use windlass_deployment::{BackendError, Context};
use windlass_foundation::call::{CallContext, CallPurpose};
use windlass_foundation::explain::{FailureKind, quoted};
use windlass_foundation::identity::Kind;
use windlass_foundation::progress::{Level, Marked, Progress, Watch};
use windlass_release::environment::PluginUse;
use windlass_sandbox::{Call, Lent, Plugin};

use super::images::{Remote, WayBack};
use super::loaded_release::LoadedRelease;
use super::reality::Reality;
use super::record::{Kept, Values};
use crate::wanted;

/// A plugin and the call to make.
pub(super) struct Ready {
    pub(super) plugin: Lent,
    pub(super) call: Call,
}

impl Reality {
    /// Admits the plugin and puts together what its call needs. `step` marks what the call makes.
    pub(super) async fn ready(
        &self,
        context: &Context,
        named: &PluginUse,
        kind: Kind,
        loaded: &LoadedRelease,
        step: Option<&str>,
    ) -> Result<Ready, BackendError> {
        let store = self.store()?;
        let plugin = self.plugin(named, kind, loaded).await?;
        let grants = Arc::new(self.grants(&plugin, kind, &context.about));
        // The operator of this host can correct a secret, so a recorder's failure is retryable: the event is delivered
        // after that.
        let secrets = store.secrets(&context.about.of(), self.secret_names(&grants, loaded), loaded);
        let secrets = secrets.map_err(|error| error.retryable_if(kind == Kind::Recorder))?;
        if matches!(context.about.purpose, CallPurpose::Plan | CallPurpose::PlanRollback | CallPurpose::Check) {
            self.say_what_is_short(context, &secrets);
        }
        let variables = variables(loaded, &secrets)?;
        let projects = self.projects(&context.about, loaded).await?;
        let scope = self.docker_scope(context, &plugin, &grants, loaded, projects, step);
        let host = Arc::new(self.host_facts(&grants));
        let capabilities = self.capabilities(context, grants, secrets, loaded, scope)?;
        let call = Call {
            about: context.about.clone(),
            config: Arc::new(named.with.clone()),
            variables: Arc::new(variables),
            host,
            attempt: context.attempt,
            last_facts: context.last_facts.clone(),
            deadline: Some(Instant::now() + context.deadline),
            cancel: context.cancelled.clone(),
            capabilities: Arc::new(capabilities),
        };
        Ok(Ready { plugin: store.plugins.lend(plugin), call })
    }

    /// What a plugin may do for an application.
    pub(super) fn grants(&self, plugin: &Plugin, kind: Kind, about: &Arc<CallContext>) -> Grants {
        let about = about.clone();
        let scope = Scope { about, plugin: plugin.identity().clone(), bundled: plugin.is_bundled(), kind };
        Grants::decide(scope, &plugin.manifest().capabilities, &self.config.grants)
    }

    /// The names of all secrets that a call could use: the release's own, those that are granted, and those of commands.
    pub(super) fn secret_names(&self, grants: &Grants, loaded: &LoadedRelease) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = loaded.settings.secrets.values().cloned().collect();
        names.extend(grants.secret_names());
        names.extend(secret_names(&self.config.commands, grants.commands()));
        names
    }

    /// Reports once, to the progress sink, which secrets have values too short to be kept out of logs. Called for plans
    /// and checks, not for deployments.
    fn say_what_is_short(&self, context: &Context, secrets: &Secrets) {
        let mut said = self.short.lock().unwrap_or_else(PoisonError::into_inner);
        let new: Vec<&str> = secrets.short().filter(|name| said.insert((*name).to_owned())).collect();
        if new.is_empty() {
            return;
        }
        let names = quoted(&new);
        let message = format!(
            "the value of the secret {names} is too short to be told apart from ordinary text: logs, reports and answers \
             can hold it"
        );
        self.watch_for(context).notice(&Progress::Log { source: "secrets".to_owned(), level: Level::Warn, message });
    }

    fn capabilities(
        &self,
        context: &Context,
        grants: Arc<Grants>,
        secrets: Secrets,
        loaded: &LoadedRelease,
        scope: DockerScope,
    ) -> Result<Capabilities, BackendError> {
        let limits = &self.config.limits;
        let watch = self.watch_for(context);
        let secrets = PluginSecrets::new(secrets, grants.clone());
        let log = Log::new(context.source.clone(), LogLimits::from(limits), watch.clone(), self.redactor.clone());
        let registries = Arc::new(Remote(self.registries()?));
        let values = Values { journal: self.journal.clone(), instance: context.instance.clone() };
        let docker = Docker::new(self.docker.clone(), scope, grants.docker(), self.redactor.clone())
            .with_secrets(Arc::new(secrets.clone()))
            .with_credentials(registries.clone())
            .with_images(self.image_owners(&context.instance, &context.about.release))
            .with_watch(watch);
        let asked: Arc<dyn Resolve> = if context.about.purpose == CallPurpose::Rollback {
            Arc::new(WayBack { registries, docker: self.docker.clone(), release: context.about.release.clone() })
        } else {
            registries
        };
        Ok(Capabilities {
            docker: Some(docker),
            http: Http::new(
                grants.clone(),
                self.clients.clone(),
                HttpLimits::from(limits),
                secrets.clone(),
                log.clone(),
            ),
            files: Files::new(grants.clone(), Some(loaded.directory.clone())),
            exec: Exec::new(grants.clone(), self.commands.clone(), secrets.clone()),
            state: State::new(grants.clone(), Arc::new(values)).within(Quota::from(limits)),
            registry: Registry::new(grants.clone(), asked),
            secrets,
            log,
            grants,
        })
    }

    /// The Compose projects whose objects are the application's. The name in the team's file counts only where the
    /// operator granted it to the strategy: otherwise a team could name another team's project.
    pub(super) async fn projects(
        &self,
        about: &Arc<CallContext>,
        loaded: &LoadedRelease,
    ) -> Result<BTreeSet<String>, BackendError> {
        let (strategy, application) = (&loaded.settings.strategy.plugin, &about.application);
        let project = strategy.with.get("project").and_then(Value::as_str).unwrap_or(application);
        if project != application {
            let plugin = self.plugin(strategy, Kind::Strategy, loaded).await?;
            let grants = self.grants(&plugin, Kind::Strategy, about);
            grants.check(&Permission::Project(project.to_owned()))?;
        }
        Ok(BTreeSet::from([project.to_owned()]))
    }

    fn docker_scope(
        &self,
        context: &Context,
        plugin: &Plugin,
        grants: &Grants,
        loaded: &LoadedRelease,
        projects: BTreeSet<String>,
        step: Option<&str>,
    ) -> DockerScope {
        let identity = plugin.identity();
        let allowed = grants.docker().write.map(|write| write.allow).unwrap_or_default();
        let named = |word: &String| {
            let name = word.strip_prefix("network:").or_else(|| word.strip_prefix("volume:"));
            name.map(str::to_owned)
        };
        DockerScope {
            plugin: identity.name.clone(),
            plugin_digest: (!plugin.is_bundled()).then(|| identity.digest.clone()),
            about: context.about.clone(),
            projects,
            step: step.map(str::to_owned),
            externals: allowed.iter().filter_map(named).collect(),
            bundle: Some(loaded.directory.clone()),
            state_directory: self.config.state_directory.clone(),
            applications_directory: self.config.applications_directory.clone(),
            guarded: self.config.guarded_from(&context.about.application).into(),
        }
    }

    fn watch_for(&self, context: &Context) -> Arc<dyn Watch> {
        let marked = Marked { of: context.about.of(), events: self.events.clone() };
        match context.about.in_journal().map(str::to_owned) {
            Some(deployment) => Arc::new(Kept { journal: self.journal.clone(), deployment, watch: marked }),
            None => Arc::new(marked),
        }
    }

    /// The facts about the host that a plugin gets. A strategy also gets the directory of the application's data, or
    /// the lines of `agent.toml` that would set one.
    fn host_facts(&self, grants: &Grants) -> Value {
        let mut facts = json!({
            "hostname": self.host,
            "os": std::env::consts::OS,
            "architecture": std::env::consts::ARCH,
            "time": self.clock.now().to_string(),
        });
        if grants.scope().kind == Kind::Strategy {
            let permission = Permission::DataRoot(grants.scope().about.application.clone());
            let granted = grants.check(&permission).map(|()| grants.docker().write.and_then(|write| write.data_root));
            match granted {
                Ok(root) => facts["data-root"] = json!(root),
                Err(denied) => {
                    let lines = denied.details.as_ref().and_then(|details| details.get("grant"));
                    facts["data-root-grant"] = lines.cloned().unwrap_or_default();
                }
            }
        }
        facts
    }

    /// Whether the operator allowed what the plugin cannot do without, and its release's secrets to a strategy: said
    /// before anything is touched. A check is asked before that anyway, and its release says what its failure means.
    pub(super) fn may_work(
        plugin: &Plugin,
        named: &PluginUse,
        grants: &Grants,
        loaded: &LoadedRelease,
    ) -> Result<(), BackendError> {
        let kind = plugin.manifest().kind;
        if kind == Kind::Check {
            return Ok(());
        }
        grants.check_needs(|| {
            let registries = wanted::registries(grants.scope().about.release.artifacts.values());
            wanted::of_release(plugin, kind, named, &loaded.settings, registries)
        })?;
        if kind == Kind::Strategy {
            for name in loaded.settings.secrets.values() {
                grants.check(&Permission::Secret(name.clone()))?;
            }
        }
        Ok(())
    }
}

/// What the strategy's files may interpolate: plain values as they are, secrets as placeholders.
fn variables(loaded: &LoadedRelease, secrets: &Secrets) -> Result<BTreeMap<String, String>, BackendError> {
    let mut variables = loaded.settings.variables.clone();
    for (variable, name) in &loaded.settings.secrets {
        let placeholder = secrets.placeholder(name).ok_or_else(|| {
            let text = format!("the secret `{name}` of the variable `{variable}` is not known");
            BackendError::new(FailureKind::InvalidConfig, text)
        })?;
        variables.insert(variable.clone(), placeholder.to_owned());
    }
    Ok(variables)
}
