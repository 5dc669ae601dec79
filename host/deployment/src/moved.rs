//! The differences between two observations, in words, for an operator who has to find out why a plan is stale, and the
//! failure when it stays stale.
//!
//! This module decides nothing: whether a plan is stale is the business of the fingerprints.

use std::collections::BTreeMap;

use windlass_domain::Observation;
use windlass_foundation::explain::FailureKind;

use super::backend::BackendError;

/// The largest number of differences that are listed; the others are counted.
const MOST_TOLD: usize = 5;

/// Things with what is known of each.
type Basis = BTreeMap<String, BTreeMap<String, String>>;

/// What changed, as a list for a sentence.
pub(super) fn told(before: Option<&Observation>, after: &Observation) -> String {
    let mut all = differences(&basis(before), &basis(Some(after)));
    let more = all.len().saturating_sub(MOST_TOLD);
    if all.is_empty() {
        return "the strategy does not say what".to_owned();
    }
    all.truncate(MOST_TOLD);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    all.join("; ")
}

/// The failure of a deployment whose plan was stale each of so many times. `again` is what a person does later.
pub(super) fn each_time(times: u32, what: &str, again: &str) -> BackendError {
    BackendError::new(
        FailureKind::Stale,
        format!("what runs changed each of the {times} times that it was planned, at last: {what}"),
    )
    .with_hint(format!("find out what starts, stops or makes it besides this agent, and {again} once it is quiet"))
}

/// What the fingerprint was made from; of a strategy that doesn't say it, its parts.
fn basis(observation: Option<&Observation>) -> Basis {
    let Some(observation) = observation else { return Basis::new() };
    if !observation.basis.is_empty() {
        return observation.basis.clone();
    }
    let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let parts = observation.parts.iter().map(|part| {
        let what = part.reference.iter().map(|reference| fact("reference", reference));
        (part.instance.clone(), std::iter::once(fact("state", &part.state)).chain(what).collect())
    });
    parts.collect()
}

fn differences(before: &Basis, after: &Basis) -> Vec<String> {
    let gone =
        before.keys().filter(|thing| !after.contains_key(*thing)).map(|thing| format!("{} is gone", plain(thing)));
    let others = after.iter().filter_map(|(thing, now)| match before.get(thing) {
        None => Some(format!("{} is new", plain(thing))),
        Some(then) if then != now => Some(format!("{}: {}", plain(thing), facts(then, now).join(", "))),
        Some(_) => None,
    });
    gone.chain(others).collect()
}

fn facts(then: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<String> {
    let mut names: Vec<&String> = then.keys().chain(now.keys()).collect();
    names.sort();
    names.dedup();
    let said =
        |value: Option<&String>| value.map_or_else(|| "nothing".to_owned(), |value| format!("`{}`", plain(value)));
    let changed = names.into_iter().filter(|name| then.get(*name) != now.get(*name));
    changed.map(|name| format!("{} was {}, is {}", plain(name), said(then.get(name)), said(now.get(name)))).collect()
}

/// A plugin's text, as one line.
fn plain(text: &str) -> String {
    text.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observation(things: &[(&str, &[(&str, &str)])]) -> Observation {
        let own = |text: &str| text.to_owned();
        let basis = things
            .iter()
            .map(|(thing, facts)| (own(thing), facts.iter().map(|(name, value)| (own(name), own(value))).collect()));
        Observation { format: 1, fingerprint: String::new(), parts: Vec::new(), basis: basis.collect() }
    }

    #[test]
    fn what_came_went_and_changed_is_told_by_name() {
        let before = observation(&[
            ("container a-web-1", &[("id", "aa"), ("state", "running")]),
            ("container a-db-1", &[("id", "bb"), ("state", "running")]),
            ("network a_default", &[("id", "cc")]),
        ]);
        let after = observation(&[
            ("container a-web-1", &[("id", "dd"), ("state", "not running")]),
            ("network a_default", &[("id", "cc")]),
            ("volume a_data", &[]),
        ]);
        insta::assert_snapshot!(told(Some(&before), &after), @"container a-db-1 is gone; container a-web-1: id was `aa`, is `dd`, state was `running`, is `not running`; volume a_data is new");
        assert_eq!(told(Some(&before), &before), "the strategy does not say what");
    }

    #[test]
    fn many_are_counted_and_none_speaks_in_several_lines() {
        let names: Vec<String> = (0..9).map(|number| format!("container {number}\n")).collect();
        let things: Vec<(&str, &[(&str, &str)])> = names.iter().map(|name| (name.as_str(), &[][..])).collect();
        let text = told(None, &observation(&things));
        assert!(text.ends_with("container 4\\n is new; and 4 more") && !text.contains('\n'), "{text}");
    }
}
