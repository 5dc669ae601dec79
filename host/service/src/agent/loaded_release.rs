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
use windlass_foundation::progress::DeploymentRef;
use windlass_foundation::redact::Redactor;
use windlass_release::bundle::Bundles;
use windlass_release::directory::TeamDirectory;
use windlass_release::environment::{PluginUse, Settings};
use windlass_release::file::ReleaseFile;
use windlass_sandbox::{Plugin, Plugins};

/// What one bundle means in this environment.
pub(super) struct LoadedRelease {
    /// The settings.
    pub(super) settings: Settings,
    /// The read-only copy of the bundle.
    pub(super) directory: PathBuf,
    /// How the copy was when it was verified.
    stamp: Option<[u8; 32]>,
}

/// Where loaded releases come from. What was read of a bundle is kept while the process lives.
pub(super) struct Store {
    pub(super) bundles: Bundles,
    pub(super) plugins: Plugins,
    pub(super) key: HostKey,
    pub(super) config: Arc<Config>,
    pub(super) redactor: Redactor,
    known: Mutex<HashMap<String, Arc<LoadedRelease>>>,
    /// For each application, what its latest deployment read.
    secrets: Mutex<HashMap<String, SecretsOf>>,
}

/// The secrets of one deployment, by the names that were asked for together.
#[derive(Default)]
struct SecretsOf {
    deployment: String,
    known: BTreeMap<BTreeSet<String>, Secrets>,
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

    /// Loads a release. The copy of its bundle is verified whenever anything of it is not as it was when it
    /// was verified last.
    pub(super) fn of(&self, release: &Release) -> Result<Arc<LoadedRelease>, Failure> {
        let digest = &release.bundle.digest;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned();
        // Looked at before it is verified: what changes in between is found the next time.
        let stamp = self.bundles.stamp(digest);
        if let Some(loaded) = known
            && stamp.is_some()
            && loaded.stamp == stamp
        {
            return Ok(loaded);
        }
        let stored = self.bundles.open(&release.bundle).map_err(|error| failed(&error))?;
        let team = TeamDirectory::open(&stored.directory).map_err(|error| failed(&error))?;
        let file = ReleaseFile::of(&team).map_err(|error| failed(&error))?;
        let settings = file.settings(&self.config.environment).map_err(|error| failed(&error))?;
        let loaded = Arc::new(LoadedRelease { settings, directory: stored.directory, stamp });
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(digest.clone(), loaded.clone());
        Ok(loaded)
    }

    /// Admits a plugin that the release names.
    pub(super) async fn plugin(
        &self,
        named: &PluginUse,
        kind: Kind,
        loaded: &LoadedRelease,
    ) -> Result<Plugin, Failure> {
        self.plugins
            .load(&named.plugin.to_string(), kind, &loaded.directory)
            .await
            .map_err(|error| at(&named.position, &error))
    }

    /// Reads these secrets, all or none.
    pub(super) fn read_secrets(&self, names: &BTreeSet<String>) -> Result<Secrets, Failure> {
        let names = names.iter().map(String::as_str);
        Secrets::resolve_all(&self.config.secrets, names, &self.key, &self.redactor).map_err(|error| failed(&error))
    }

    /// These secrets as the deployment read them first: all of its calls see the same values. The values of an earlier
    /// deployment of the application are dropped. For a call without a deployment, they are read now and not kept.
    pub(super) fn secrets(&self, of: &DeploymentRef, names: BTreeSet<String>) -> Result<Secrets, Failure> {
        let Some(deployment) = &of.deployment else { return self.read_secrets(&names) };
        let mut all = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = all.entry(of.application.clone()).or_default();
        if latest.deployment != *deployment {
            *latest = SecretsOf { deployment: deployment.clone(), ..SecretsOf::default() };
        }
        if let Some(secrets) = latest.known.get(&names) {
            return Ok(secrets.clone());
        }
        let secrets = self.read_secrets(&names)?;
        latest.known.insert(names, secrets.clone());
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use windlass_config::document::Document;
    use windlass_sandbox::Settings;

    use super::*;

    #[test]
    fn a_deployment_sees_one_value_of_a_secret_and_the_next_one_sees_the_new_value() {
        let host = tempfile::tempdir().unwrap();
        let file = host.path().join("token");
        let write = |value: &str| {
            fs::write(&file, value).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        };
        let text = format!(
            "state-directory = \"{}\"\n[secrets.token]\nfile = \"{}\"\n",
            host.path().join("state").display(),
            file.display()
        );
        let config = Config::resolve(&Document::from_text("agent.toml", text).unwrap()).unwrap();
        windlass_foundation::private::directory(&config.state_directory).unwrap();
        let (key, redactor) = (HostKey::from_bytes(&[7; 32]), Redactor::new());
        let plugins = Plugins::open(Settings {
            state_directory: config.state_directory.clone(),
            key: key.bytes().to_vec(),
            limits: config.limits.clone(),
            precompiler: None,
            redactor: redactor.clone(),
        });
        let store = Store::new(plugins.unwrap(), key, Arc::new(config), redactor);
        let read = |application: &str, deployment: Option<&str>| {
            let of = DeploymentRef { application: application.to_owned(), deployment: deployment.map(str::to_owned) };
            let secrets = store.secrets(&of, BTreeSet::from(["token".to_owned()])).unwrap();
            secrets.value("token").unwrap().to_string()
        };
        write("the first value");
        assert_eq!(read("kudos", Some("a")), "the first value");
        write("the second value");
        assert_eq!(read("kudos", Some("a")), "the first value");
        // A question without a deployment and another application keep what the deployment sees as it is.
        assert_eq!(read("kudos", None), "the second value");
        assert_eq!(read("shop", Some("b")), "the second value");
        assert_eq!(read("kudos", Some("a")), "the first value");
        assert_eq!(read("kudos", Some("c")), "the second value");
    }
}
