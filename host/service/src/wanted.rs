//! What a release's configuration of a plugin says that the plugin will reach: addresses, secrets, commands and registries by
//! name, for the lines that an operator is shown.
//!
//! The plugin's own schema says which texts are such names, by their `format`. Nothing is granted or refused here, and the names
//! are not looked up.

use serde_json::Value;
use windlass_capability::grants::Wanted;
use windlass_domain::Artifact;
use windlass_domain::reference::Reference;
use windlass_foundation::identity::Kind;
use windlass_release::environment::{PluginUse, Settings};
use windlass_sandbox::Plugin;
use windlass_sandbox::keys::{Key, at, keys};

/// The most names of one kind that are taken: more are no help to a person.
const MOST: usize = 64;
/// The most keys of a table that are looked at, and the most variables that are filled in.
const MOST_KEYS: usize = 256;
const MOST_VARIABLES: usize = 1_000;
/// The longest text that variables are filled into, and the longest value of one, in bytes.
const LONGEST: usize = 2_048;
const LONGEST_VALUE: usize = 256;

/// What a plugin of a release will reach. `registries` are those of the release's images.
pub(crate) fn of_release(
    plugin: &Plugin,
    kind: Kind,
    named: &PluginUse,
    settings: &Settings,
    registries: impl IntoIterator<Item = String>,
) -> Wanted {
    let mut wanted = of_table(plugin, &named.with, settings);
    wanted.registries.extend(registries.into_iter().take(MOST));
    if kind == Kind::Strategy {
        // What a strategy puts into containers.
        wanted.secrets.extend(settings.secrets.values().take(MOST).cloned());
    }
    wanted
}

/// The same where no release is known: what its schema says without one.
pub(crate) fn of_itself(plugin: &Plugin) -> Wanted {
    let mut wanted = Wanted::default();
    for key in keys(&plugin.description().config).values() {
        if let Some(default) = &key.default {
            add(&mut wanted, key, default);
        }
    }
    wanted
}

/// The registries of a release's images.
pub(crate) fn registries<'a>(artifacts: impl Iterator<Item = &'a Artifact>) -> Vec<String> {
    let references = artifacts.filter(|it| !it.local).filter_map(|it| Reference::parse(&it.repository).ok());
    references.map(|reference| reference.registry().to_owned()).collect()
}

fn of_table(plugin: &Plugin, with: &Value, settings: &Settings) -> Wanted {
    let keys = keys(&plugin.description().config);
    let mut wanted = Wanted::default();
    for (path, key) in keys.iter().filter(|(_, key)| key.format.is_some()).take(MOST_KEYS) {
        let found = at(with, path);
        for text in found.iter().filter_map(|value| value.as_str()).take(MOST) {
            add(&mut wanted, key, &with_variables(text, settings));
        }
        let (table, is_in_table) = (path.split_last().map(|(_, above)| above), |above| !at(with, above).is_empty());
        if let (Some(default), true) = (&key.default, found.is_empty() && table.is_some_and(is_in_table)) {
            add(&mut wanted, key, default);
        }
    }
    let mut texts = Vec::new();
    every_text(with, &mut texts);
    let secrets = texts.iter().flat_map(|text| named_secrets(text)).map(str::to_owned);
    wanted.secrets.extend(secrets.take(MOST));
    let is_used = |variable: &str| texts.iter().any(|text| text.contains(&format!("${{{variable}}}")));
    let used =
        settings.secrets.iter().take(MOST).filter(|(variable, _)| is_used(variable)).map(|(_, secret)| secret.clone());
    wanted.secrets.extend(used);
    // A plugin whose schema names no address may still be configured with some.
    if !keys.values().any(|key| key.format.as_deref() == Some("uri")) {
        wanted.servers_are_guessed = true;
        for text in texts.into_iter().take(MOST) {
            wanted.add_server(&with_variables(text, settings));
        }
    }
    wanted
}

fn add(wanted: &mut Wanted, key: &Key, text: &str) {
    let names = match key.format.as_deref() {
        Some("uri") if wanted.servers.len() < MOST => return wanted.add_server(text),
        Some("secret-name") => &mut wanted.secrets,
        Some("revealed-secret-name") => &mut wanted.revealed,
        Some("command-name") => &mut wanted.commands,
        _ => return,
    };
    if names.len() < MOST && is_name(text) {
        names.insert(text.to_owned());
    }
}

/// The text with the release's plain variables in it, as `smoke-http` and the like fill them in. One that gets too long for an
/// address is left as it is.
fn with_variables(text: &str, settings: &Settings) -> String {
    let mut filled = text.to_owned();
    let short = settings.variables.iter().filter(|(_, value)| value.len() <= LONGEST_VALUE);
    for (name, value) in short.take(MOST_VARIABLES) {
        if filled.len() > LONGEST || !filled.contains("${") {
            break;
        }
        filled = filled.replace(&format!("${{{name}}}"), value);
    }
    filled
}

/// Secrets that a text has as `{secret:NAME}`.
fn named_secrets(text: &str) -> impl Iterator<Item = &str> {
    text.split("{secret:").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).filter(|name| is_name(name))
}

/// Whether a text can be a name that an operator gives: nothing else gets into lines that they are to paste.
fn is_name(text: &str) -> bool {
    let letter = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_' | b'.');
    (1..=64).contains(&text.len()) && text.bytes().all(letter)
}

/// Every text of a table, without its keys.
fn every_text<'a>(table: &'a Value, texts: &mut Vec<&'a str>) {
    let mut todo = vec![table];
    while let Some(value) = todo.pop() {
        match value {
            Value::String(text) => texts.push(text),
            Value::Array(items) => todo.extend(items),
            Value::Object(fields) => todo.extend(fields.values()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_a_template_are_found_by_name() {
        let found: Vec<_> = named_secrets(
            "https://a/{secret:one}/x?y={secret:two}&{secret:}{secret:a\u{202e}b}{secret:a b}{secret:open",
        )
        .collect();
        assert_eq!(found, ["one", "two"]);
    }
}
