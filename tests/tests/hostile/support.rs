//! A sandbox for hostile guests: the guests' bytes, the operator's file, and what the log said.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, anyhow};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use windlass_capability::exec::Exec;
use windlass_capability::files::Files;
use windlass_capability::http::{Clients, Http, HttpLimits};
use windlass_capability::log::{Log, LogLimits};
use windlass_capability::secrets::{HostKey, PluginSecrets, Secrets};
use windlass_capability::{Capabilities, Grants, Scope};
use windlass_config::Config;
use windlass_config::document::Document;
use windlass_domain::Failure;
use windlass_foundation::call::{CallContext, CallPurpose};
use windlass_foundation::identity::Kind;
use windlass_foundation::progress::{Progress, Watch};
use windlass_foundation::redact::Redactor;
use windlass_sandbox::{AdmissionError, Call, Plugin, Plugins, Settings, Source};

/// The key of the test host.
pub(crate) const KEY: &[u8] = b"the key of a host in a test 0123";

/// A guest's component.
pub(crate) fn guest(name: &str) -> Result<Vec<u8>> {
    let path = windlass_tests::root().join("target/plugins").join(name).with_extension("wasm");
    fs::read(&path).with_context(|| format!("{} is not there: `cargo xtask plugins` builds it", path.display()))
}

/// The guest whose configuration has this schema.
pub(crate) fn with_schema(schema: &Value) -> Result<Vec<u8>> {
    let mut bytes = guest("hostile-schema")?;
    let here = b"{\"title\": \"here goes the schema of a test\"}";
    let at = bytes.windows(here.len()).position(|window| window == here).context("the guest has no room")?;
    let schema = schema.to_string();
    let room = bytes.get_mut(at..at + schema.len().max(here.len())).context("the schema is too long")?;
    room.fill(b' ');
    room[..schema.len()].copy_from_slice(schema.as_bytes());
    Ok(bytes)
}

/// A sandbox and its host.
pub(crate) struct Yard {
    pub(crate) plugins: Plugins,
    state: PathBuf,
    pub(crate) config: Config,
    redactor: Redactor,
    said: Arc<Said>,
    /// Where the bundle is, and the directory that is granted as `records`.
    pub(crate) directory: TempDir,
}

/// Everything that a plugin's log said.
#[derive(Debug, Default)]
struct Said(Mutex<Vec<String>>);

impl Watch for Said {
    fn notice(&self, progress: &Progress) {
        let text = match progress {
            Progress::Log { message, .. } | Progress::Doing { message, .. } => message.clone(),
            _ => return,
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }
}

impl Yard {
    /// A sandbox with the default limits that grants nothing.
    pub(crate) fn new() -> Result<Self> {
        Self::with("")
    }

    /// A sandbox with an operator's file. `DIRECTORY` in it is the test's own directory, `DIGEST` the check's digest.
    pub(crate) fn with(agent: &str) -> Result<Self> {
        // Compiled code is the same for all tests and is kept from one run to the next.
        Self::at(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile"), agent)
    }

    /// The same with a state directory of its own.
    pub(crate) fn at(state_directory: &Path, agent: &str) -> Result<Self> {
        let directory = TempDir::new()?;
        fs::create_dir_all(directory.path().join("records"))?;
        fs::create_dir_all(directory.path().join("bundle"))?;
        let digest = sha256(&guest("hostile-check")?);
        let agent = agent.replace("DIRECTORY", &directory.path().to_string_lossy()).replace("DIGEST", &digest);
        let config = Config::resolve(&Document::from_text("agent.toml", &agent)?)?;
        let redactor = Redactor::new();
        let plugins = Plugins::open(Settings {
            state_directory: state_directory.to_owned(),
            key: KEY.to_owned(),
            limits: config.limits.clone(),
            precompiler: Some(windlass_tests::agent()?),
            redactor: redactor.clone(),
        })?;
        Ok(Self { plugins, state: state_directory.to_owned(), config, redactor, said: Arc::default(), directory })
    }

    /// Admits bytes.
    pub(crate) async fn admit(&self, name: &str, bytes: Vec<u8>, kind: Kind) -> Result<Plugin, AdmissionError> {
        // Without the lock, the same is compiled twice.
        let _lock = windlass_tests::compiling(&self.state).await.ok();
        self.plugins.admit(&Source::Bytes(name.to_owned(), bytes.into()), Some(kind)).await
    }

    /// The hostile check.
    pub(crate) async fn check(&self) -> Result<Plugin> {
        Ok(self.admit("hostile-check", guest("hostile-check")?, Kind::Check).await?)
    }

    /// The hostile strategy.
    pub(crate) async fn strategy(&self) -> Result<Plugin> {
        Ok(self.admit("hostile-strategy", guest("hostile-strategy")?, Kind::Strategy).await?)
    }

    /// A call of a plugin with a `with` table.
    pub(crate) fn call(&self, plugin: &Plugin, with: Value) -> Result<Call> {
        let release = serde_json::from_value(json!({
            "format": 1, "id": format!("sha256:{}", "0".repeat(64)), "application": "kudos", "version": "1",
            "artifacts": {}, "bundle": {"digest": format!("sha256:{}", "0".repeat(64)), "files": {}}
        }))?;
        let about = Arc::new(CallContext {
            deployment: "d1".to_owned(),
            application: "kudos".to_owned(),
            environment: "test".to_owned(),
            purpose: CallPurpose::Check,
            release: Arc::new(release),
            ..CallContext::default()
        });
        let capabilities = Arc::new(self.capabilities(plugin, &about)?);
        Ok(Call {
            about,
            config: Arc::new(with),
            variables: Arc::new(BTreeMap::new()),
            host: Arc::new(json!({})),
            attempt: 1,
            last_facts: Arc::default(),
            deadline: None,
            cancel: CancellationToken::default(),
            capabilities,
        })
    }

    fn capabilities(&self, plugin: &Plugin, about: &Arc<CallContext>) -> Result<Capabilities> {
        let scope = Scope {
            about: about.clone(),
            plugin: plugin.identity().clone(),
            bundled: false,
            kind: plugin.manifest().kind,
        };
        let grants = Arc::new(Grants::decide(scope.clone(), &plugin.manifest().capabilities, &self.config.grants));
        let names = self.config.secrets.keys().map(String::as_str);
        let secrets = Secrets::resolve_all(&self.config.secrets, names, &HostKey::from_bytes(KEY), &self.redactor)?;
        let secrets = PluginSecrets::new(secrets, Arc::clone(&grants));
        let watch: Arc<dyn Watch> = Arc::clone(&self.said) as Arc<dyn Watch>;
        let log = Log::new("hostile-check", LogLimits::from(&self.config.limits), watch, self.redactor.clone());
        let limits = HttpLimits::from(&self.config.limits);
        Ok(Capabilities {
            http: Http::new(Arc::clone(&grants), Clients::default(), limits, secrets.clone(), log.clone()),
            files: Files::new(Arc::clone(&grants), Some(self.directory.path().join("bundle"))),
            exec: Exec::new(Arc::clone(&grants), Arc::new(self.config.commands.clone()), secrets.clone()),
            secrets,
            log,
            grants,
            ..Capabilities::nothing(scope)
        })
    }

    /// Everything that the log said.
    pub(crate) fn said(&self) -> String {
        self.said.0.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Where granted files are.
    pub(crate) fn records(&self) -> PathBuf {
        self.directory.path().join("records")
    }

    /// The failure of the check when it does something, after which a well-behaved call succeeds: the agent is unharmed.
    pub(crate) async fn failure_of(&self, with: Value) -> Result<Failure> {
        let plugin = self.check().await?;
        let answer = plugin.check(self.call(&plugin, with.clone())?).await;
        let failure = answer.err().with_context(|| format!("{with} succeeded"))?;
        let after = plugin.check(self.call(&plugin, json!({"do": "pass"}))?).await;
        after.map_err(|failure| anyhow!("the next call failed: {}", failure.message))?;
        Ok(failure)
    }

    /// The message of that failure, without the plugin's digest.
    pub(crate) async fn message_of(&self, with: Value) -> Result<String> {
        Ok(without_digest(&self.failure_of(with).await?.message))
    }

    /// What the check's findings say, one line each, when it does something.
    pub(crate) async fn findings_of(&self, with: Value) -> Result<Vec<String>> {
        let plugin = self.check().await?;
        let report = plugin.check(self.call(&plugin, with)?).await.map_err(|failure| anyhow!(failure.message))?;
        Ok(report.findings.iter().map(|finding| format!("{}: {}", finding.id, finding.title)).collect())
    }
}

/// A text without the digest of a plugin, which changes with every build.
pub(crate) fn without_digest(text: &str) -> String {
    match text.split_once("(sha256:") {
        Some((before, after)) => format!("{before}(sha256:…){}", after.split_once(')').map_or("", |(_, rest)| rest)),
        None => text.to_owned(),
    }
}

/// The digest of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    format!("sha256:{}", hex::encode(sha2::Sha256::digest(bytes)))
}

/// An error and its causes, one per line.
pub(crate) fn chain(error: &AdmissionError) -> String {
    let mut text = error.to_string();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}\n{error}");
        cause = error.source();
    }
    text
}

/// The limits that a test changes, as the operator's file.
pub(crate) fn limits(lines: &str) -> String {
    format!("[limits]\n{lines}\n")
}
