//! What a plugin asks for and was not granted, with the lines that would grant it.

use windlass_config::Grant;
use windlass_foundation::identity::Ask;

use super::{Grants, Permission, Wanted, above_kind, lines};
use crate::Scope;

/// Something that a plugin asks for and that the operator did not grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What it asks for and why.
    pub ask: Ask,
    /// Why no operator can grant it to this kind of plugin; none where one can.
    pub impossible: Option<&'static str>,
    /// That it is granted to other bytes of the same name, where it is. A sentence.
    pub rebuilt: Option<String>,
    /// The lines for `agent.toml`; values in them that only the operator knows are examples, and say so.
    pub lines: String,
}

/// What a plugin asks for and does not have at all, for admission and `windlass plugin grants`.
#[must_use]
pub fn missing(scope: &Scope, asked: &[Ask], granted: &[Grant], wanted: &Wanted) -> Vec<Missing> {
    let have = Grants::decide(scope.clone(), asked, granted);
    // A secret that may go to a server is one that it uses.
    let sent = have.http.iter().flat_map(|http| http.secrets.iter().cloned());
    let wanted = &Wanted { secrets: wanted.secrets.iter().cloned().chain(sent).collect(), ..wanted.clone() };
    let mut missing = Vec::new();
    for ask in asked {
        let Some(permission) = lines::example(ask) else { continue };
        let impossible = above_kind(scope.kind, &permission);
        if have.has_any(&permission) && impossible.is_none() {
            continue;
        }
        let enough = |other: &Grants| other.has_any(&permission);
        let rebuilt = have.rebuilt_for(enough);
        let lines = match (have.binding_for(enough), &rebuilt) {
            (Some(binding), _) => binding.to_owned(),
            (None, Some(_)) => lines::digest(scope),
            (None, None) => have.with_binding(lines::grants(scope, &wanted.wishes(ask))),
        };
        missing.push(Missing { ask: ask.clone(), impossible, rebuilt, lines });
    }
    missing
}

/// What a plugin is granted something of, and is configured to reach more of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// What it asks for.
    pub ask: Ask,
    /// What it may not, after "may not": `` ask `https://b.example` ``.
    pub words: Vec<String>,
    /// The lines for `agent.toml`.
    pub lines: String,
}

/// What the configuration of a plugin names besides what it is granted. What it is granted nothing of at all is [`missing`].
#[must_use]
pub fn unmet(scope: &Scope, asked: &[Ask], granted: &[Grant], wanted: &Wanted) -> Vec<Unmet> {
    let have = Grants::decide(scope.clone(), asked, granted);
    let mut unmet = Vec::new();
    for ask in asked.iter().filter(|ask| !(ask.name == "http" && wanted.servers_are_guessed)) {
        let may = |permission: &Permission| above_kind(scope.kind, permission).is_none();
        let lacks: Vec<Permission> = wanted
            .known(ask)
            .into_iter()
            .filter(|permission| may(permission) && !have.is_granted(permission))
            .collect();
        let has_any = lines::example(ask).is_some_and(|permission| have.has_any(&permission));
        if has_any && !lacks.is_empty() {
            let words = lacks.iter().map(Permission::words).collect();
            let wishes: Vec<_> = lacks.into_iter().map(Into::into).collect();
            let lines = have.with_binding(lines::grants(scope, &wishes));
            unmet.push(Unmet { ask: ask.clone(), words, lines });
        }
    }
    unmet
}

/// The lines that would grant all that a plugin asks for and that can be granted to its kind; empty where it asks for
/// nothing.
#[must_use]
pub fn lines_for_all(scope: &Scope, asked: &[Ask], wanted: &Wanted) -> String {
    let can = |permission: &Permission| above_kind(scope.kind, permission).is_none();
    let mut wishes: Vec<_> = asked.iter().flat_map(|ask| wanted.wishes(ask)).collect();
    // A secret that it uses and asks servers with goes to the one that it asks.
    let example = |name: &str| asked.iter().find(|ask| ask.name == name).and_then(lines::example);
    if let (Some(Permission::Http(server)), Some(Permission::Secret(secret))) = (example("http"), example("secrets"))
        && wanted.secrets.is_empty()
        && wanted.servers.len() < 2
    {
        let server = wanted.servers.first().cloned().unwrap_or(server);
        wishes.push(Permission::SecretTo(secret, server).into());
    }
    wishes.retain(|wish| can(&wish.permission));
    if wishes.is_empty() { String::new() } else { lines::grants(scope, &wishes) }
}
