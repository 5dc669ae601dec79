//! Merges `[environments.NAME]` over the rest of the file, before either is understood.
//!
//! All places stay those of the one file, so that an error about a merged value points at where it was written.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use windlass_config::document::{Mistakes, Read, nearest};

/// What an environment may say. An artifact, a migration and the application's name are the same everywhere.
pub(super) const KEYS: &[&str] = &[
    "variables",
    "secrets",
    "policy",
    "strategy",
    "checks",
    "smoke",
    "recorders",
    "watch",
    "watch-every",
    "on-watch-failure",
    "on-drift",
];

/// One table of the file.
pub(super) type Table<'a> = Spanned<DeTable<'a>>;

/// The file without its environments, and what each says.
pub(super) struct Parts<'a> {
    pub(super) base: Table<'a>,
    pub(super) environments: Vec<Environment<'a>>,
}

/// An environment.
pub(super) struct Environment<'a> {
    pub(super) name: String,
    /// Where its table is.
    pub(super) span: Range<usize>,
    overlay: DeTable<'a>,
}

impl<'a> Environment<'a> {
    /// The rest of the file with this environment over it.
    pub(super) fn over(self, base: &Table<'a>) -> Table<'a> {
        let mut merged = base.clone();
        merge_tables(merged.get_mut(), self.overlay);
        merged
    }
}

/// Takes the environments out of the file. What no environment may say is noted and left out.
pub(super) fn take_apart<'a>(mistakes: &Mistakes<'_>, mut file: Table<'a>) -> Parts<'a> {
    let written = take(file.get_mut(), "environments");
    let written = written.and_then(|value| table(mistakes, value, "`environments`").ok());
    let mut environments = Vec::new();
    for (name, overlay) in written.into_iter().flatten() {
        let span = overlay.span();
        let Ok(overlay) = table(mistakes, overlay, &format!("`environments.{}`", name.get_ref())) else { continue };
        let known = overlay.into_iter().filter(|(key, _)| check_key(mistakes, key.get_ref(), key.span()).is_ok());
        environments.push(Environment { name: name.into_inner().into_owned(), span, overlay: known.collect() });
    }
    Parts { base: file, environments }
}

fn check_key(mistakes: &Mistakes<'_>, key: &str, span: Range<usize>) -> Read<()> {
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
    Err(mistakes.note(span, message, hint))
}

fn take<'a>(table: &mut DeTable<'a>, key: &str) -> Option<Spanned<DeValue<'a>>> {
    let key = table.keys().find(|name| name.get_ref() == key)?.clone();
    table.remove(&key)
}

fn table<'a>(mistakes: &Mistakes<'_>, value: Spanned<DeValue<'a>>, what: &str) -> Read<DeTable<'a>> {
    let span = value.span();
    match value.into_inner() {
        DeValue::Table(table) => Ok(table),
        _ => Err(mistakes.note(span, format!("{what} is not a table"), None)),
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
