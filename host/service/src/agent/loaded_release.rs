//! What a release needs to be worked with: its kept bundle, its settings here, its plugins and its secrets.
//!
//! Read from the kept copy only, so that an old release needs nothing from outside.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use windlass_capability::secrets::{HostKey, Secrets};
use windlass_config::Config;
use windlass_deployment::BackendError;
use windlass_domain::{Bundle, Release};
use windlass_foundation::identity::Kind;
use windlass_foundation::progress::DeploymentRef;
use windlass_foundation::redact::Redactor;
use windlass_release::application::RELEASE_FILE;
use windlass_release::bundle::Bundles;
use windlass_release::directory::TeamDirectory;
use windlass_release::environment::{PluginUse, Settings};
use windlass_release::file::{FileError, ReleaseFile};
use windlass_sandbox::{Plugin, Plugins};

use super::places::about_secret;

/// A release file that was read, and the identity of its directory ([`windlass_release::directory::TeamDirectory::identity`]).
#[derive(Clone)]
pub(crate) struct ReadFile {
    pub(crate) directory: (u64, u64),
    pub(crate) file: ReleaseFile,
}

/// What one bundle means in this environment.
pub(super) struct LoadedRelease {
    /// The settings.
    pub(super) settings: Settings,
    /// The read-only copy of the bundle.
    pub(super) directory: PathBuf,
    /// The release file as its author knows it; its path in the bundle where that is not known any more.
    pub(super) file: String,
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
    /// Where the release files of bundles are that this process made, for errors.
    written: Mutex<HashMap<String, String>>,
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
            written: Mutex::default(),
            secrets: Mutex::default(),
        }
    }

    /// Says where the release file of a bundle is, as its author knows it.
    pub(super) fn is_written_in(&self, bundle: &Bundle, file: &Path) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.insert(bundle.digest.clone(), file.display().to_string());
    }

    /// Loads a release. The copy of its bundle is verified whenever anything of it is not as it was when it
    /// was verified last.
    pub(super) fn of(&self, release: &Release) -> Result<Arc<LoadedRelease>, BackendError> {
        let digest = &release.bundle.digest;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned();
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned();
        let name = written.unwrap_or_else(|| RELEASE_FILE.to_owned());
        // Looked at before it is verified: what changes in between is found the next time.
        let stamp = self.bundles.stamp(digest);
        if let Some(loaded) = known
            && stamp.is_some()
            && loaded.stamp == stamp
            && loaded.file == name
        {
            return Ok(loaded);
        }
        let stored = self.bundles.open(&release.bundle).map_err(|error| BackendError::of(&error))?;
        let settings = self.settings(&stored.directory, &name).map_err(|error| BackendError::of(&error))?;
        let loaded = Arc::new(LoadedRelease { settings, directory: stored.directory, file: name, stamp });
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(digest.clone(), loaded.clone());
        Ok(loaded)
    }

    /// The settings here of the release file in a directory.
    fn settings(&self, directory: &Path, name: &str) -> Result<Settings, FileError> {
        let content = TeamDirectory::open(directory)?.release_file()?;
        ReleaseFile::parse(&content, name)?.settings(&self.config.environment)
    }

    /// Admits a plugin that the release names.
    pub(super) async fn plugin(
        &self,
        named: &PluginUse,
        kind: Kind,
        loaded: &LoadedRelease,
    ) -> Result<Plugin, BackendError> {
        let admitted = self.plugins.load(&named.plugin.to_string(), kind, &loaded.directory).await;
        admitted.map_err(|error| loaded.about_plugin(named, BackendError::of(&error)))
    }

    /// Reads these secrets for a release, all or none.
    pub(super) fn read_secrets(
        &self,
        names: &BTreeSet<String>,
        loaded: &LoadedRelease,
    ) -> Result<Secrets, BackendError> {
        let names = names.iter().map(String::as_str);
        Secrets::resolve_all(&self.config.secrets, names, &self.key, &self.redactor)
            .map_err(|error| about_secret(&error, &self.config, Some(loaded)))
    }

    /// These secrets as the deployment read them first: all of its calls see the same values. The values of an earlier
    /// deployment of the application are dropped. For a call without a deployment, they are read now and not kept.
    pub(super) fn secrets(
        &self,
        of: &DeploymentRef,
        names: BTreeSet<String>,
        loaded: &LoadedRelease,
    ) -> Result<Secrets, BackendError> {
        let Some(deployment) = &of.deployment else { return self.read_secrets(&names, loaded) };
        let mut all = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = all.entry(of.application.clone()).or_default();
        if latest.deployment != *deployment {
            *latest = SecretsOf { deployment: deployment.clone(), ..SecretsOf::default() };
        }
        if let Some(secrets) = latest.known.get(&names) {
            return Ok(secrets.clone());
        }
        let secrets = self.read_secrets(&names, loaded)?;
        latest.known.insert(names, secrets.clone());
        Ok(secrets)
    }
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
        let file = b"application = \"kudos\"\n[strategy]\nplugin = \"strategy-compose\"\n";
        let settings = ReleaseFile::parse(file, RELEASE_FILE).unwrap().settings("uat").unwrap();
        let directory = host.path().to_owned();
        let loaded = LoadedRelease { settings, directory, file: RELEASE_FILE.to_owned(), stamp: None };
        let read = |application: &str, deployment: Option<&str>| {
            let of = DeploymentRef { application: application.to_owned(), deployment: deployment.map(str::to_owned) };
            let secrets = store.secrets(&of, BTreeSet::from(["token".to_owned()]), &loaded).unwrap();
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
