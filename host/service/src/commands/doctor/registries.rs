//! Registries of the applications: does each answer as a registry.
//!
//! Whether it gives an image is asked by `check-image`, for the image that is meant.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use windlass_api::facts::DoctorFact;
use windlass_capability::secrets::HostKey;
use windlass_config::Config;
use windlass_domain::reference::Reference;
use windlass_foundation::explain::Explain;
use windlass_foundation::redact::Redactor;
use windlass_release::application;
use windlass_release::directory::TeamDirectory;
use windlass_release::environment::PluginName;
use windlass_release::file::ReleaseFile;

use super::{bad, broken, well};
use crate::agent;
use crate::run::FoundApplication;

/// How long one may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the lines are about.
const SUBJECT: &str = "registries";

/// Asks those of an application, or of all in the operator's directory.
pub(super) async fn registries(config: &Config, application: Option<&FoundApplication>, facts: &mut Vec<DoctorFact>) {
    let names = match application {
        Some(asked) => named(&asked.file, config),
        None => of_all(config, facts),
    };
    if names.is_empty() {
        return;
    }
    // Passwords are not sent, so any key does; the host's own may not exist yet.
    let registries = match agent::registries(config, &HostKey::from_bytes(&[0; 32]), &Redactor::new()) {
        Ok(registries) => registries,
        Err(error) => return facts.extend(broken(SUBJECT, &error)),
    };
    let registries = &registries;
    let asked = names.iter().map(|name| async move {
        match tokio::time::timeout(PATIENCE, registries.ping(name)).await {
            Ok(Ok(())) => well(SUBJECT, format!("`{name}` answers")),
            Ok(Err(error)) => bad(SUBJECT, error.to_string(), error.hint()),
            Err(_) => bad(SUBJECT, format!("`{name}` does not answer within {} s", PATIENCE.as_secs()), None),
        }
    });
    facts.extend(join_all(asked).await);
}

fn of_all(config: &Config, facts: &mut Vec<DoctorFact>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let applications = match application::list(&config.applications_directory) {
        Ok(applications) => applications,
        Err(error) => {
            facts.extend(broken("applications", &error));
            return names;
        }
    };
    for name in applications {
        let found = application::find(&name, &config.applications_directory);
        let read = |directory: &Path| ReleaseFile::of(&TeamDirectory::open(directory)?);
        match found.map(|found| read(&found.directory)) {
            Ok(Ok(file)) => names.extend(named(&file, config)),
            Ok(Err(error)) => facts.extend(broken("applications", &error)),
            Err(error) => facts.extend(broken("applications", &error)),
        }
    }
    names
}

/// Where a release's images and plugins come from.
fn named(file: &ReleaseFile, config: &Config) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = file.registries().map(str::to_owned).collect();
    // A file that has no valid settings for this environment is reported elsewhere.
    if let Ok(settings) = file.settings(&config.environment) {
        for (_, used, _) in crate::commands::plugin::used(&settings) {
            if let PluginName::Registry(name) = &used.plugin
                && let Ok(reference) = Reference::parse(name)
            {
                names.insert(reference.registry().to_owned());
            }
        }
    }
    names
}
