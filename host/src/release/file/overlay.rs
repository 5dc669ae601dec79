//! Merges `[environments.NAME]` over the rest of the file, before either is understood.
//!
//! All places stay those of the one file, so that an error about a merged value points at where it was written.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::document::{Document, DocumentError, nearest};

/// What an environment may say. An artifact, a migration and the application's name are the same everywhere.
pub(super) const KEYS: &[&str] = &["variables", "secrets", "policy", "strategy", "checks", "smoke", "recorders"];

/// One table of the file.
pub(super) type Table<'a> = Spanned<DeTable<'a>>;

/// The file without its environments, and each environment merged over it.
pub(super) struct Merged<'a> {
    pub(super) base: Table<'a>,
    pub(super) environments: Vec<(String, Table<'a>)>,
}

/// Takes the environments out of the file and merges each over the rest.
pub(super) fn merge<'a>(document: &Document, mut file: Table<'a>) -> Result<Merged<'a>, DocumentError> {
    let environments = take(file.get_mut(), "environments");
    let mut merged = Vec::new();
    for (name, overlay) in
        environments.map(|value| table(document, value, "`environments`")).transpose()?.into_iter().flatten()
    {
        let overlay = table(document, overlay, &format!("`environments.{}`", name.get_ref()))?;
        for key in overlay.keys() {
            check_key(document, key.get_ref(), key.span())?;
        }
        let mut whole = file.clone();
        merge_tables(whole.get_mut(), overlay);
        merged.push((name.into_inner().into_owned(), whole));
    }
    Ok(Merged { base: file, environments: merged })
}

fn check_key(document: &Document, key: &str, span: std::ops::Range<usize>) -> Result<(), DocumentError> {
    if KEYS.contains(&key) {
        return Ok(());
    }
    let known: Vec<_> = KEYS.iter().map(|key| format!("`{key}`")).collect();
    let message = format!("an environment has no key `{key}`; the known keys here are {}", known.join(", "));
    let hint = match key {
        "artifacts" | "migration" | "application" | "version" | "version-file" => {
            Some(format!("`{key}` is the same in every environment, so that the very same release can be promoted"))
        }
        _ => nearest(key, KEYS.iter().copied()).map(|name| format!("did you mean `{name}`?")),
    };
    Err(document.wrong(span, message, hint))
}

fn take<'a>(table: &mut DeTable<'a>, key: &str) -> Option<Spanned<DeValue<'a>>> {
    let key = table.keys().find(|name| name.get_ref() == key)?.clone();
    table.remove(&key)
}

fn table<'a>(document: &Document, value: Spanned<DeValue<'a>>, what: &str) -> Result<DeTable<'a>, DocumentError> {
    let span = value.span();
    match value.into_inner() {
        DeValue::Table(table) => Ok(table),
        _ => Err(document.wrong(span, format!("{what} is not a table"), None)),
    }
}

/// Tables are merged key by key; everything else is replaced. A plugin that is exchanged for another does not inherit
/// the configuration of the one before.
fn merge_tables<'a>(base: &mut DeTable<'a>, overlay: DeTable<'a>) {
    let plugin = |table: &DeTable<'a>| {
        let found = table.iter().find(|(name, _)| name.get_ref() == "plugin");
        found.and_then(|(_, value)| value.get_ref().as_str().map(str::to_owned))
    };
    if let (Some(before), Some(after)) = (plugin(base), plugin(&overlay))
        && before != after
    {
        drop(take(base, "with"));
    }
    for (name, value) in overlay {
        let known = base.iter_mut().find(|(key, _)| key.get_ref() == name.get_ref()).map(|(_, known)| known);
        match known {
            Some(known) => merge_values(known, value),
            None => drop(base.insert(name, value)),
        }
    }
}

fn merge_values<'a>(base: &mut Spanned<DeValue<'a>>, overlay: Spanned<DeValue<'a>>) {
    let span = overlay.span();
    match (base.get_mut(), overlay.into_inner()) {
        (DeValue::Table(base), DeValue::Table(overlay)) => merge_tables(base, overlay),
        (_, value) => *base = Spanned::new(span, value),
    }
}
