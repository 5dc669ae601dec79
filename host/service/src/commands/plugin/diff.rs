//! `plugin inspect --diff`: what another version of a plugin asks for, and is configured with, that this one does not.

use std::collections::{BTreeMap, BTreeSet};

use windlass_api::facts::{KeysFact, PluginDiffFact, PluginSideFact, ReasonFact, RequestFact};
use windlass_api::{Answer, Reply};
use windlass_capability::grants::{Asking, reach};
use windlass_foundation::explain::ExplainedError;
use windlass_foundation::identity::Ask;
use windlass_sandbox::Plugin;
use windlass_sandbox::keys::{ANY, EACH, Key, dotted, keys};

use super::{admit, open, source};
use crate::access::On;
use crate::run::Run;

/// Compares two plugins. Nothing of either is run but its description of itself.
pub(in crate::commands) async fn run(run: &Run, old: &str, new: &str) -> Result<Reply, ExplainedError> {
    run.allow(On::All)?;
    let config = run.config()?;
    let plugins = open(&config)?;
    let before = admit(run, old, &plugins, &config).await?;
    let now = admit(run, new, &plugins, &config).await?;
    let asking = |plugin: &Plugin| Asked::of(&plugin.manifest().capabilities);
    let (asked, asks) = (asking(&before), asking(&now));
    let diff = PluginDiffFact {
        old: side(&before, old),
        new: side(&now, new),
        asks_for_more: of(&now).is_more_than(of(&before)),
        added: asks.without(&asked),
        removed: asked.without(&asks),
        reasons: asked.other_reasons(&asks),
        keys: compared(&keys(&before.description().config), &keys(&now.description().config)),
    };
    Ok(Reply::succeeded(Answer::PluginDiff { diff: Box::new(diff) }))
}

fn of(plugin: &Plugin) -> Asking<'_> {
    Asking { kind: plugin.manifest().kind, asks: &plugin.manifest().capabilities }
}

fn side(plugin: &Plugin, wanted: &str) -> PluginSideFact {
    let (identity, manifest) = (plugin.identity(), plugin.manifest());
    PluginSideFact {
        name: identity.name.clone(),
        version: identity.version.clone(),
        kind: manifest.kind.word().to_owned(),
        contract: manifest.contract.clone(),
        digest: identity.digest.clone(),
        source: source(wanted).to_owned(),
    }
}

/// What a plugin asks for, by its words; of what it asks twice, every reason.
struct Asked(BTreeMap<String, (Ask, Vec<String>)>);

impl Asked {
    fn of(asks: &[Ask]) -> Self {
        let mut all: BTreeMap<String, (Ask, Vec<String>)> = BTreeMap::new();
        for ask in asks {
            all.entry(ask.to_string()).or_insert_with(|| (ask.clone(), Vec::new())).1.push(ask.reason.clone());
        }
        Self(all)
    }

    /// What the other does not ask for.
    fn without(&self, other: &Self) -> Vec<RequestFact> {
        let own = self.0.iter().filter(|(capability, _)| !other.0.contains_key(*capability));
        own.map(|(capability, (ask, reasons))| RequestFact {
            capability: capability.clone(),
            words: reach::asked_words(ask),
            reason: reasons.join("; "),
        })
        .collect()
    }

    fn other_reasons(&self, new: &Self) -> Vec<ReasonFact> {
        let both =
            self.0.iter().filter_map(|(capability, (_, old))| Some((capability, old, &new.0.get(capability)?.1)));
        let changed = both.filter(|(_, old, new)| old != new);
        changed
            .map(|(capability, old, new)| ReasonFact {
                capability: capability.clone(),
                old: old.join("; "),
                new: new.join("; "),
            })
            .collect()
    }
}

/// The keys of a `with` table that are not the same.
fn compared(old: &BTreeMap<Vec<String>, Key>, new: &BTreeMap<Vec<String>, Key>) -> KeysFact {
    // What stands for every element of a list is no key.
    let is_key = |path: &&Vec<String>| path.last().is_some_and(|last| last != ANY && last != EACH);
    let only = |own: &BTreeMap<Vec<String>, Key>, other: &BTreeMap<Vec<String>, Key>| -> Vec<Vec<String>> {
        own.keys().filter(is_key).filter(|path| !other.contains_key(*path)).cloned().collect()
    };
    let (added, removed) = (only(new, old), only(old, new));
    let is_required =
        |all: &BTreeMap<Vec<String>, Key>, path: &Vec<String>| all.get(path).is_some_and(|key| key.required);
    let turned = |to: bool| -> Vec<String> {
        let both = new.keys().filter(is_key).filter(|path| old.contains_key(*path));
        both.filter(|path| is_required(new, path) == to && is_required(old, path) != to)
            .map(|path| dotted(path))
            .collect()
    };
    let own: BTreeSet<&Vec<String>> = added.iter().filter(|path| is_required(new, path)).collect();
    KeysFact {
        required: own.into_iter().map(|path| dotted(path)).chain(turned(true)).collect(),
        no_longer_required: turned(false),
        added: added.iter().map(|path| dotted(path)).collect(),
        removed: removed.iter().map(|path| dotted(path)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_come_go_and_become_required() {
        let old = json!({
            "properties": { "url": {}, "old": {}, "both": {}, "list": { "items": { "properties": { "a": {} } } } },
            "required": ["both"],
        });
        let new = json!({
            "properties": {
                "url": {}, "fresh": {}, "must": {}, "both": {},
                "list": { "items": { "properties": { "a": {}, "b": {} } } },
            },
            "required": ["url", "must"],
        });
        let fact = compared(&keys(&old), &keys(&new));
        assert_eq!(fact.added, ["fresh", "list[].b", "must"]);
        assert_eq!(fact.removed, ["old"]);
        assert_eq!(fact.required, ["must", "url"]);
        assert_eq!(fact.no_longer_required, ["both"]);
    }
}
