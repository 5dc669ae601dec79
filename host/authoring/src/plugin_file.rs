//! `plugin.toml`: what a plugin is that no SDK writes a manifest for, and the command that builds it.
//!
//! It is read here, and nothing in it is run.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use windlass_config::document::{Document, DocumentError, Mistakes, Spot};
use windlass_foundation::identity::{Ask, Kind};
use windlass_sandbox::{CONTRACT, MANIFEST_FORMAT, Manifest, ManifestError};

/// The file's name.
pub(crate) const PLUGIN_FILE: &str = "plugin.toml";

/// What a manifest has while something else of it is looked at.
const RIGHT_NAME: &str = "plugin";
const RIGHT_VERSION: &str = "0.0.0";

/// What the file says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PluginFile {
    /// The manifest that is put into the component.
    pub(crate) manifest: Manifest,
    /// What the plugin does, where the file says it.
    pub(crate) summary: Option<String>,
    /// The program that builds the component, and its arguments.
    pub(crate) command: Vec<String>,
    /// What it makes, relative to the file.
    pub(crate) component: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    plugin: PluginTable,
    build: BuildTable,
    #[serde(default, rename = "capability")]
    capabilities: Vec<CapabilityTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PluginTable {
    name: String,
    version: String,
    kind: Kind,
    summary: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BuildTable {
    command: Spot<Vec<String>>,
    component: Spot<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CapabilityTable {
    name: String,
    reason: String,
    root: Option<String>,
    #[serde(default)]
    write: bool,
    #[serde(default)]
    optional: bool,
}

impl PluginFile {
    /// Reads the file. All mistakes are told at once, each with its place.
    pub(crate) fn read(path: &Path) -> Result<Self, DocumentError> {
        Self::of(&Document::read(path)?)
    }

    /// The file that was read.
    pub(crate) fn of(document: &Document) -> Result<Self, DocumentError> {
        let mistakes = Mistakes::of(document);
        let read = mistakes.decode::<Tables>(document.tree()?).map(|tables| checked(tables, &mistakes));
        mistakes.finish(read)
    }
}

fn checked(tables: Tables, mistakes: &Mistakes<'_>) -> PluginFile {
    let PluginTable { name, version, kind, summary } = tables.plugin;
    if tables.build.command.value.first().is_none_or(String::is_empty) {
        let hint = "the program and its arguments, as in `command = [\"make\", \"plugin\"]`; there is no shell";
        mistakes.note(tables.build.command.span.clone(), "it names no program", Some(hint.to_owned()));
    }
    if tables.build.component.value.file_name().is_none() {
        mistakes.note(tables.build.component.span.clone(), "it names no file", None);
    }
    let mut manifest = Manifest {
        format: MANIFEST_FORMAT,
        name,
        version,
        kind,
        contract: format!("{CONTRACT}.0"),
        capabilities: Vec::new(),
    };
    // One by one, because a manifest's error is the first, and does not say of which capability.
    for (name, version) in [(manifest.name.as_str(), RIGHT_VERSION), (RIGHT_NAME, manifest.version.as_str())] {
        let one = Manifest { name: name.to_owned(), version: version.to_owned(), ..manifest.clone() };
        note(&one, mistakes, |field| vec!["plugin".to_owned(), field.to_owned()]);
    }
    for (index, table) in tables.capabilities.into_iter().enumerate() {
        let CapabilityTable { name, reason, root, write, optional } = table;
        let ask = Ask { name, reason, root, write, optional };
        note(&asking(&manifest, vec![ask.clone()]), mistakes, |field| {
            let key = if field == "capabilities" { "name" } else { field };
            vec!["capability".to_owned(), index.to_string(), key.to_owned()]
        });
        manifest.capabilities.push(ask);
    }
    // Asks that are right, so that only their number can be wrong.
    let right = Ask { name: "state".to_owned(), reason: String::new(), root: None, write: false, optional: false };
    let so_many = asking(&manifest, vec![right; manifest.capabilities.len()]);
    note(&so_many, mistakes, |_| vec!["capability".to_owned()]);
    PluginFile { manifest, summary, command: tables.build.command.value, component: tables.build.component.value }
}

/// Another manifest, right in all but what it asks for.
fn asking(manifest: &Manifest, capabilities: Vec<Ask>) -> Manifest {
    Manifest { name: RIGHT_NAME.to_owned(), version: RIGHT_VERSION.to_owned(), capabilities, ..manifest.clone() }
}

/// Notes what is wrong with a manifest in the place of the field that it names.
fn note(manifest: &Manifest, mistakes: &Mistakes<'_>, keys: impl Fn(&str) -> Vec<String>) {
    let Err(ManifestError::Invalid { field, value, expected }) = manifest.check() else { return };
    let keys = keys(field);
    let span = mistakes.document().locate(keys.iter().map(String::as_str));
    let what = match keys.as_slice() {
        [.., key] if keys.len() > 1 => format!("`{key}`"),
        _ => format!("{value},"),
    };
    mistakes.note(span, format!("{what} must be {expected}"), None);
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
[plugin]
name = "check-calendar"
version = "1.2.0"
kind = "check"
summary = "asks the calendar"

[build]
command = ["make", "plugin"]
component = "out/check.wasm"

[[capability]]
name = "http"
reason = "asks the calendar"

[[capability]]
name = "files"
root = "records"
write = true
optional = true
reason = "keeps a copy"
"#;

    fn read(text: &str) -> Result<PluginFile, String> {
        let document = Document::from_text("plugin.toml", text).unwrap();
        PluginFile::of(&document).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_is_a_manifest_and_a_command() {
        let file = read(WHOLE).unwrap();
        assert_eq!(file.command, ["make", "plugin"]);
        assert_eq!(file.component, Path::new("out/check.wasm"));
        assert_eq!(file.summary.as_deref(), Some("asks the calendar"));
        assert_eq!(
            serde_json::to_value(&file.manifest).unwrap(),
            serde_json::json!({
                "format": 1, "name": "check-calendar", "version": "1.2.0", "kind": "check", "contract": "0.2.0",
                "capabilities": [
                    { "name": "http", "reason": "asks the calendar", "write": false },
                    { "name": "files", "reason": "keeps a copy", "root": "records", "write": true, "optional": true },
                ],
            })
        );
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let text = WHOLE
            .replace("\"check-calendar\"", "\"Check Calendar\"")
            .replace("[\"make\", \"plugin\"]", "[]")
            .replace("name = \"files\"", "name = \"file\"")
            .replace("\nroot = ", "\nroots = ");
        assert_eq!(
            read(&text).unwrap_err(),
            "plugin.toml:3:8: `name` must be at most 64 lower-case letters, digits and `-`\n\
             plugin.toml:9:11: it names no program\n\
             plugin.toml:17:8: `name` must be docker-read, docker-write, http, files, secrets, reveal, exec, registry or state\n\
             plugin.toml:18:1: unknown key `roots`; the known keys here are `name`, `reason`, `root`, `write`, `optional`"
        );
        assert_eq!(
            read(&WHOLE.replace("\"check\"", "\"gate\"")).unwrap_err(),
            "plugin.toml:5:8: unknown word `gate`; the known ones are `check`, `strategy`, `smoke`, `recorder`"
        );
        let many = WHOLE.to_owned() + &"[[capability]]\nname = \"http\"\nreason = \"\"\n".repeat(63);
        assert_eq!(read(&many).unwrap_err(), "plugin.toml:12:1: 65 of them, must be at most 64");
        let empty = "plugin.toml:1:1: the key `build` is missing\nplugin.toml:1:1: the key `plugin` is missing";
        assert_eq!(read("").unwrap_err(), empty);
    }
}
