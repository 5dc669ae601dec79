//! Where in the files of people an error is that was found far from them: in `release.toml` as its author knows it, or in the
//! operator's `agent.toml`.
//!
//! The files are read again for that, and only once something is wrong. What is wrong is found elsewhere.

use std::path::Path;

use serde_json::Value;
use windlass_capability::secrets::SecretError;
use windlass_config::Config;
use windlass_config::document::Document;
use windlass_deployment::BackendError;
use windlass_domain::Failure;
use windlass_foundation::explain::{Explain as _, Part, Place};
use windlass_release::directory::TeamDirectory;
use windlass_release::environment::{PluginName, PluginUse};
use windlass_release::file;

use super::loaded_release::LoadedRelease;

impl LoadedRelease {
    /// Where the release file says something, or would.
    fn place(&self, keys: &[&str]) -> Option<Place> {
        file::place(&self.content()?, &self.file, &self.settings.environment, keys)
    }

    fn content(&self) -> Option<Vec<u8>> {
        TeamDirectory::open(&self.directory).ok()?.release_file().ok()
    }

    /// An error about a plugin that the release file names: there is no such plugin, or it is none.
    pub(super) fn about_plugin(&self, named: &PluginUse, error: BackendError) -> BackendError {
        let keys: Vec<&str> = named.table.iter().map(String::as_str).chain(["plugin"]).collect();
        at(error, self.place(&keys))
    }

    /// A plugin's failure about its `with` table. Each mistake that its schema found has a place of its own.
    pub(super) fn about_with(&self, named: &PluginUse, failure: Failure) -> BackendError {
        let with: Vec<&str> = named.table.iter().map(String::as_str).chain(["with"]).collect();
        let of_table = || self.place(&with);
        let mistakes = failure.details.as_ref().and_then(|details| details.get("mistakes")?.as_array());
        let mut parts: Vec<Part> =
            mistakes.into_iter().flatten().filter_map(|found| self.mistake(&with, found)).collect();
        let is_of_schema = mistakes.is_some();
        let mut error = BackendError::from(failure);
        if is_of_schema {
            error = error.with_hint(self.shows(&named.plugin));
        }
        let first = parts.first().map_or_else(of_table, |part| part.place.clone());
        if parts.len() < 2 {
            return at(error, first);
        }
        if let Some(last) = parts.last_mut() {
            last.hint = error.hint();
        }
        at(error.with_problems(parts), first)
    }

    /// How a person sees what the table of a plugin may hold. The plugin's name in its manifest is no name of a plugin that is
    /// there, unless the agent carries it.
    fn shows(&self, plugin: &PluginName) -> String {
        let says = "shows what the table may hold";
        let PluginName::File(path) = plugin else { return format!("`windlass plugin inspect {plugin}` {says}") };
        match Path::new(&self.file).parent().filter(|directory| !directory.as_os_str().is_empty()) {
            Some(directory) => format!("`windlass plugin inspect {}` {says}", directory.join(path).display()),
            None => format!("`windlass plugin inspect {plugin}`, where the files of the release are, {says}"),
        }
    }

    /// A mistake of a `with` table, as the schema's comparison has it: `/requests/0/url` and a text.
    fn mistake(&self, with: &[&str], found: &Value) -> Option<Part> {
        let text = |name: &str| found.get(name).and_then(Value::as_str);
        let (at, said) = (text("at")?, text("text")?);
        let inside: Vec<String> = at.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~")).collect();
        let name = [&["with".to_owned()], &inside[..]].concat().join(".");
        let mut keys: Vec<&str> = with.iter().copied().chain(inside.iter().map(String::as_str)).collect();
        let place = match text("key") {
            // A key that should not be there is itself the place.
            Some(key) => {
                keys.push(key);
                file::place_of_key(&self.content()?, &self.file, &self.settings.environment, &keys)
            }
            None => self.place(&keys),
        };
        Some(Part { text: format!("`{name}`: {said}"), place, hint: None })
    }
}

/// An error about a secret: of a name that the operator's file does not have, in the release file that uses it; of a source
/// that gives none, in the operator's file.
pub(super) fn about_secret(error: &SecretError, config: &Config, loaded: Option<&LoadedRelease>) -> BackendError {
    let place = match error {
        SecretError::Unknown { name, .. } => loaded.and_then(|loaded| {
            let mut used = loaded.settings.secrets.iter();
            let (variable, _) = used.find(|(_, secret)| *secret == name)?;
            loaded.place(&["secrets", variable])
        }),
        SecretError::Unusable { name, .. } => of_operator(config, &["secrets", name]),
    };
    let error = BackendError::of(error);
    match place {
        Some(place) => error.with_place(place),
        None => error,
    }
}

/// Where the operator's file says something; none where it does not.
fn of_operator(config: &Config, keys: &[&str]) -> Option<Place> {
    let document = Document::read(config.file.as_ref()?).ok()?;
    let (known, span) = document.find(keys.iter().copied());
    let name = document.path().display().to_string();
    (known == keys.len()).then(|| Place::of_span(&name, document.text(), span.start, span.end))
}

fn at(error: BackendError, place: Option<Place>) -> BackendError {
    match place {
        Some(place) => error.at(place),
        None => error,
    }
}
