//! Whether one version of a plugin asks for more than another. What is granted does not matter here.

use windlass_foundation::identity::{Ask, Kind};

use super::{above_kind, asks, lines};

/// What a plugin asks for, as one of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// What it is for: a kind is a ceiling for what it can have.
    pub kind: Kind,
    /// What it asks for.
    pub asks: &'a [Ask],
}

impl Asking<'_> {
    /// Whether it could be given something that the other one could not, whatever an operator grants.
    #[must_use]
    pub fn is_more_than(self, other: Self) -> bool {
        let reachable =
            |asking: Self| -> Vec<Ask> { asking.asks.iter().filter_map(|ask| reachable(asking.kind, ask)).collect() };
        let before = reachable(other);
        reachable(self).iter().any(|ask| !before.iter().any(|known| covers(known, ask)))
    }
}

/// What a kind of plugin can have of what it asks for; none where it can have nothing.
fn reachable(kind: Kind, ask: &Ask) -> Option<Ask> {
    let possible = |ask: &Ask| lines::example(ask).is_some_and(|permission| above_kind(kind, &permission).is_none());
    if possible(ask) {
        return Some(ask.clone());
    }
    Some(Ask { write: false, ..ask.clone() }).filter(|reads| ask.write && possible(reads))
}

/// Whether a line of one manifest covers a line of another.
fn covers(known: &Ask, ask: &Ask) -> bool {
    if ask.name == "files" {
        let same_root = known.root.is_none() || known.root == ask.root;
        return known.name == "files" && same_root && (known.write || !ask.write);
    }
    lines::example(ask).is_some_and(|permission| asks(known, &permission))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(name: &str, root: Option<&str>, write: bool) -> Ask {
        Ask { name: name.to_owned(), reason: String::new(), root: root.map(str::to_owned), write, optional: false }
    }

    #[test]
    fn more_is_what_could_not_be_given_before() {
        let (check, strategy) = (Kind::Check, Kind::Strategy);
        let (http, state) = (ask("http", None, false), ask("state", None, false));
        let (one, all) = (ask("files", Some("a"), false), ask("files", None, false));
        let writes = ask("files", Some("a"), true);
        let (looks, changes) = (ask("docker-read", None, false), ask("docker-write", None, false));
        for (before, old, now, new, more) in [
            (check, vec![&http], check, vec![&http], false),
            (check, vec![&http, &state], check, vec![&http], false),
            (check, vec![&http], check, vec![&http, &state], true),
            (check, vec![&all], check, vec![&one], false),
            (check, vec![&one], check, vec![&all], true),
            (strategy, vec![&one], strategy, vec![&writes], true),
            (strategy, vec![&writes], strategy, vec![&one], false),
            // A check that asks to write can only read.
            (check, vec![&one], check, vec![&writes], false),
            (strategy, vec![&changes], strategy, vec![&looks], false),
            (strategy, vec![&looks], strategy, vec![&changes], true),
            // The kind alone opens what was asked for in vain.
            (check, vec![&changes], strategy, vec![&changes], true),
        ] {
            let asks = |all: &[&Ask]| all.iter().map(|&ask| ask.clone()).collect::<Vec<_>>();
            let (old, new) = (asks(&old), asks(&new));
            let is_more = Asking { kind: now, asks: &new }.is_more_than(Asking { kind: before, asks: &old });
            assert_eq!(is_more, more, "{old:?} {new:?}");
        }
    }
}
