//! A sandbox for one test: an operator's file, a bundle, records, and an application's name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};

use serde_json::{Value, json};
use tempfile::TempDir;
use windlass_capability::docker::{Docker, DockerGrant, DockerScope, Engine};
use windlass_capability::exec::{Exec, secret_names};
use windlass_capability::files::Files;
use windlass_capability::http::{Clients, Http, HttpLimits};
use windlass_capability::log::{Log, LogLimits};
use windlass_capability::secrets::{HostKey, PluginSecrets, Secrets};
use windlass_capability::state::{Entry, Owner, Quota, State, StateError, StateStore};
use windlass_capability::{Capabilities, Grants, Scope};
use windlass_config::Config;
use windlass_config::document::Document;
use windlass_domain::{Failure, Report, Verdict};
use windlass_foundation::call::{CallContext, CallPurpose};
use windlass_foundation::progress::Unwatched;
use windlass_foundation::redact::Redactor;
use windlass_sandbox::{Call, Plugin, Plugins, Settings, Source};
use windlass_stage::USED_HOST;

/// Every plugin that is tested here.
pub(crate) const PLUGINS: [&str; 20] = [
    "check-ci-status",
    "check-command",
    "check-config",
    "check-image",
    "check-pact",
    "check-readiness",
    "check-version-policy",
    "check-window",
    "recorder-command",
    "recorder-git-state",
    "recorder-github",
    "recorder-pact",
    "recorder-state-file",
    "recorder-webhook",
    "smoke-command",
    "smoke-containers",
    "smoke-http",
    "strategy-awx",
    "strategy-command",
    "strategy-compose",
];

const KEY: &[u8] = b"the key of a host in a test 0123";
const SOCKET: &str = "unix:///var/run/docker.sock";

/// What plugins keep from one call to the next, as long as the sandbox is there.
#[derive(Clone, Default)]
struct Values(Arc<std::sync::Mutex<BTreeMap<(String, String), Entry>>>);

impl StateStore for Values {
    fn get(&self, owner: &Owner, key: &str) -> Result<Option<Entry>, StateError> {
        Ok(self.0.lock().unwrap().get(&(owner.plugin.clone(), key.to_owned())).cloned())
    }

    fn put(&self, owner: &Owner, key: &str, value: &[u8], expected: Option<u64>, _: Quota) -> Result<u64, StateError> {
        let mut values = self.0.lock().unwrap();
        let place = (owner.plugin.clone(), key.to_owned());
        let found = values.get(&place).map(|entry| entry.revision);
        if found != expected {
            return Err(StateError::Conflict(found));
        }
        let revision = found.unwrap_or(0) + 1;
        values.insert(place, Entry { value: value.to_owned(), revision });
        Ok(revision)
    }

    fn delete(&self, owner: &Owner, key: &str, expected: Option<u64>) -> Result<(), StateError> {
        let mut values = self.0.lock().unwrap();
        let place = (owner.plugin.clone(), key.to_owned());
        let found = values.get(&place).map(|entry| entry.revision);
        if found != expected {
            return Err(StateError::Conflict(found));
        }
        values.remove(&place);
        Ok(())
    }

    fn keys(&self, owner: &Owner, prefix: &str, limit: usize) -> Result<Vec<String>, StateError> {
        let values = self.0.lock().unwrap();
        let own = values.keys().filter(|(plugin, key)| *plugin == owner.plugin && key.starts_with(prefix));
        Ok(own.map(|(_, key)| key.clone()).take(limit).collect())
    }
}

/// Where compiled code is: on the host of this run that all plugins were used on, or kept for these tests alone.
fn state() -> PathBuf {
    env::var_os(USED_HOST).map_or_else(
        || Path::new(env!("CARGO_TARGET_TMPDIR")).join("first-party"),
        |host| Path::new(&host).join("state"),
    )
}

/// The key of that host.
fn key() -> Vec<u8> {
    fs::read(state().join("key")).unwrap_or_else(|_| KEY.to_owned())
}

/// A plugin's bytes as `cargo xtask plugins` built it.
pub(crate) fn component(name: &str) -> Vec<u8> {
    let built = env::var_os("WINDLASS_PLUGINS_DIR")
        .map_or_else(|| windlass_tests::root().join("target/plugins"), PathBuf::from);
    let path = built.join(name).with_extension("wasm");
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}: `cargo xtask plugins`", path.display()))
}

/// A sandbox and its host. Secrets, commands and grants are those of the operator's file; what a call is about
/// (`running`, `purpose`, `host`, `attempt`) is changed in the [`Call`] before it is made.
pub(crate) struct Sandbox {
    values: Values,
    plugins: Plugins,
    config: Config,
    redactor: Redactor,
    directory: TempDir,
    /// The application's name, also of its objects in the engine.
    pub(crate) application: String,
}

impl Sandbox {
    /// With the grants of an operator's file, in which `DIRECTORY` is the test's own directory.
    pub(crate) fn new(agent: &str) -> Self {
        let directory = TempDir::new().unwrap();
        for name in ["bundle", "records"] {
            fs::create_dir(directory.path().join(name)).unwrap();
        }
        let agent = agent.replace("DIRECTORY", &directory.path().to_string_lossy());
        let config = Config::resolve(&Document::from_text("agent.toml", agent).unwrap()).unwrap();
        let redactor = Redactor::new();
        let plugins = Plugins::open(Settings {
            state_directory: state(),
            key: key(),
            limits: config.limits.clone(),
            precompiler: Some(windlass_tests::agent().unwrap()),
            redactor: redactor.clone(),
        })
        .unwrap();
        let application = format!("wlfp-{}-{}", std::process::id(), directory.path().file_name().unwrap().display())
            .replace(".tmp", "")
            .to_lowercase();
        Self { values: Values::default(), plugins, config, redactor, directory, application }
    }

    /// A plugin as `cargo xtask plugins` built it.
    pub(crate) async fn plugin(&self, name: &str) -> Plugin {
        let bytes = component(name);
        let _lock = windlass_tests::compiling(&state()).await.unwrap();
        self.plugins.admit(&Source::Bytes(name.to_owned(), bytes.into()), None).await.unwrap()
    }

    /// A file of the bundle.
    pub(crate) fn bundle(&self, name: &str, content: &str) {
        fs::write(self.directory.path().join("bundle").join(name), content).unwrap();
    }

    /// Where the root `records` is.
    pub(crate) fn records(&self) -> PathBuf {
        self.directory.path().join("records")
    }

    /// A call with a `with` table, for a release with artifacts.
    pub(crate) fn call(&self, plugin: &Plugin, with: Value, artifacts: &Value) -> Call {
        let release = serde_json::from_value(json!({
            "format": 1, "id": "sha256:r1", "application": self.application, "version": "1", "artifacts": artifacts,
            "bundle": { "digest": "sha256:b", "files": {} },
        }))
        .unwrap();
        let about = Arc::new(CallContext {
            deployment: "d1".to_owned(),
            application: self.application.clone(),
            environment: "test".to_owned(),
            purpose: CallPurpose::Deploy,
            release: Arc::new(release),
            ..CallContext::default()
        });
        let capabilities = Arc::new(self.capabilities(plugin, &about));
        Call {
            about,
            config: Arc::new(with),
            variables: Arc::new(BTreeMap::new()),
            host: Arc::new(json!({})),
            attempt: 1,
            last_facts: Arc::default(),
            deadline: None,
            cancel: tokio_util::sync::CancellationToken::new(),
            capabilities,
        }
    }

    /// What a check or a smoke test answers.
    pub(crate) async fn ask(&self, name: &str, with: Value, artifacts: Value) -> Result<Report, Failure> {
        let plugin = self.plugin(name).await;
        plugin.validate_config(&with).await?;
        let call = self.call(&plugin, with, &artifacts);
        if name.starts_with("check-") { plugin.check(call).await } else { plugin.smoke(call).await }
    }

    fn capabilities(&self, plugin: &Plugin, about: &Arc<CallContext>) -> Capabilities {
        let scope = Scope {
            about: about.clone(),
            plugin: plugin.identity().clone(),
            bundled: true,
            kind: plugin.manifest().kind,
        };
        let grants = Arc::new(Grants::decide(scope.clone(), &plugin.manifest().capabilities, &self.config.grants));
        let mut names = grants.secret_names();
        names.extend(secret_names(&self.config.commands, grants.commands()));
        let names = names.iter().map(String::as_str);
        let secrets = Secrets::resolve_all(&self.config.secrets, names, &HostKey::from_bytes(KEY), &self.redactor);
        let secrets = PluginSecrets::new(secrets.unwrap(), Arc::clone(&grants));
        let log = Log::new(
            scope.plugin.name.clone(),
            LogLimits::from(&self.config.limits),
            Arc::new(Unwatched),
            self.redactor.clone(),
        );
        let limits = HttpLimits::from(&self.config.limits);
        let docker = Docker::new(
            Arc::new(Engine::new(SOCKET)),
            DockerScope {
                plugin: scope.plugin.name.clone(),
                about: about.clone(),
                projects: BTreeSet::from([self.application.clone()]),
                state_directory: self.directory.path().to_owned(),
                ..DockerScope::default()
            },
            DockerGrant { read: true, ..DockerGrant::default() },
            self.redactor.clone(),
        );
        Capabilities {
            docker: Some(docker),
            http: Http::new(Arc::clone(&grants), Clients::default(), limits, secrets.clone(), log.clone()),
            files: Files::new(Arc::clone(&grants), Some(self.directory.path().join("bundle"))),
            exec: Exec::new(Arc::clone(&grants), Arc::new(self.config.commands.clone()), secrets.clone()),
            state: State::new(Arc::clone(&grants), Arc::new(self.values.clone())),
            secrets,
            log,
            grants,
            ..Capabilities::nothing(scope)
        }
    }
}

/// The titles of the findings with a verdict.
pub(crate) fn titles(report: &Report, verdict: Verdict) -> Vec<String> {
    report.findings.iter().filter(|finding| finding.verdict == verdict).map(|finding| finding.title.clone()).collect()
}
