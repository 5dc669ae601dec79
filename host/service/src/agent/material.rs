//! What a release needs to be worked with: its kept bundle, its settings here, its plugins and its secrets.
//!
//! Read from the kept copy only, so that an old release needs nothing from outside.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use windlass_capability::secrets::{HostKey, Secrets};
use windlass_config::Config;
use windlass_documents::{Failure, Release};
use windlass_foundation::explain::{ExitCode, Explain, Part};
use windlass_foundation::identity::Kind;
use windlass_foundation::redact::Redactor;
use windlass_release::bundle::Bundles;
use windlass_release::directory::TeamDirectory;
use windlass_release::environment::{PluginUse, Settings};
use windlass_release::file::ReleaseFile;
use windlass_sandbox::{Plugin, Plugins};

/// What one bundle means in this environment.
pub(super) struct Material {
    /// The settings.
    pub(super) settings: Settings,
    /// The read-only copy of the bundle.
    pub(super) directory: PathBuf,
    /// How the copy was when it was verified.
    stamp: Option<[u8; 32]>,
}

/// Where material comes from. What was read once is kept while the process lives.
pub(super) struct Store {
    pub(super) bundles: Bundles,
    pub(super) plugins: Plugins,
    pub(super) key: HostKey,
    pub(super) config: Arc<Config>,
    pub(super) redactor: Redactor,
    known: Mutex<HashMap<String, Arc<Material>>>,
    secrets: Mutex<BTreeMap<BTreeSet<String>, Secrets>>,
}

impl Store {
    pub(super) fn new(plugins: Plugins, key: HostKey, config: Arc<Config>, redactor: Redactor) -> Self {
        Self {
            bundles: Bundles::new(&config.state_directory),
            plugins,
            key,
            config,
            redactor,
            known: Mutex::default(),
            secrets: Mutex::default(),
        }
    }

    /// The material of a release. The copy of its bundle is verified whenever anything of it is not as it was when it
    /// was verified last.
    pub(super) fn of(&self, release: &Release) -> Result<Arc<Material>, Failure> {
        let digest = &release.bundle.digest;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned();
        // Looked at before it is verified: what changes in between is found the next time.
        let stamp = self.bundles.stamp(digest);
        if let Some(material) = known
            && stamp.is_some()
            && material.stamp == stamp
        {
            return Ok(material);
        }
        let stored = self.bundles.open(&release.bundle).map_err(|error| failed(&error))?;
        let team = TeamDirectory::open(&stored.directory).map_err(|error| failed(&error))?;
        let file = ReleaseFile::of(&team).map_err(|error| failed(&error))?;
        let settings = file.settings(&self.config.environment).map_err(|error| failed(&error))?;
        let material = Arc::new(Material { settings, directory: stored.directory, stamp });
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(digest.clone(), material.clone());
        Ok(material)
    }

    /// Admits a plugin that the release names.
    pub(super) async fn plugin(&self, wish: &PluginUse, kind: Kind, material: &Material) -> Result<Plugin, Failure> {
        self.plugins
            .load(&wish.plugin.to_string(), kind, &material.directory)
            .await
            .map_err(|error| at(&wish.position, &error))
    }

    /// Reads these secrets, all or none.
    pub(super) fn secrets(&self, names: BTreeSet<String>) -> Result<Secrets, Failure> {
        let mut known = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(secrets) = known.get(&names) {
            return Ok(secrets.clone());
        }
        let wished = names.iter().map(String::as_str);
        let secrets = Secrets::resolve_all(&self.config.secrets, wished, &self.key, &self.redactor)
            .map_err(|error| failed(&error))?;
        known.insert(names, secrets.clone());
        Ok(secrets)
    }
}

/// An error of the agent about a place of the release file.
pub(super) fn at(position: &str, error: &dyn Explain) -> Failure {
    let failure = failed(error);
    Failure { message: format!("{position}: {}", failure.message), ..failure }
}

/// The failure for an error of the agent: with its causes, its hint, and a code for its exit code.
pub(super) fn failed(error: &dyn Explain) -> Failure {
    let code = match error.exit() {
        ExitCode::Configuration => "invalid-config",
        ExitCode::Usage => "invalid-argument",
        ExitCode::Unavailable => "unavailable",
        ExitCode::NotFound => "not-found",
        ExitCode::Refused => "refused",
        _ => "internal",
    };
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        source = cause.source();
    }
    let problems: Vec<Value> = error.parts().into_iter().map(problem).collect();
    let details = (!problems.is_empty()).then(|| json!({ "problems": problems }));
    Failure { code: code.to_owned(), message, retryable: false, details }.hint_if_known(error.hint())
}

/// One of several mistakes in a file. The text of its line is not kept: it may contain what only the file's readers may
/// see.
fn problem(part: Part) -> Value {
    let (file, position) = part.place.map(|place| (place.file, (place.line, place.column))).unzip();
    let (line, column) = position.unzip();
    json!({ "message": part.text, "hint": part.hint, "file": file, "line": line, "column": column })
}

/// An error that doesn't know how to explain itself.
pub(super) fn explained(error: &dyn std::error::Error) -> Failure {
    Failure { code: "internal".to_owned(), message: error.to_string(), retryable: false, details: None }
}
