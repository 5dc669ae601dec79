//! What was done at the broker, in one sentence for the operator.

use windlass_pact::Ended;

use crate::entry::Entry;

/// What was done about records, each with what came of it.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Recorded, and whether it was already.
    pub(crate) recorded: Vec<(Entry, bool)>,
    /// Ended.
    pub(crate) ended: Vec<(Entry, Ended)>,
}

/// The sentence; none when there is nothing to say. `known` is what this recorder had recorded before.
pub(crate) fn summary(done: &Done, known: &[Entry], elsewhere: &[Entry]) -> Option<String> {
    let had = |entry: &Entry| {
        known.iter().any(|old| old.is_replaced_by(entry) && old.pacticipant.version == entry.pacticipant.version)
    };
    let all = |wish: &dyn Fn(&Entry, bool) -> bool| {
        let found = done.recorded.iter().filter(|(entry, already)| wish(entry, *already));
        places(found.map(|(entry, _)| entry))
    };
    let mut parts = Vec::new();
    let mut say = |what: Option<String>, before: &str, behind: &str| {
        parts.extend(what.map(|what| format!("{before} {what}{behind}")));
    };
    say(all(&|entry, already| !already && !had(entry)), "recorded", "");
    say(all(&|entry, already| !already && had(entry)), "recorded again", ": the broker had lost it");
    say(all(&|_, already| already), "already recorded:", "");
    let ended = done.ended.iter().filter(|(_, ended)| *ended == Ended::Now);
    say(places(ended.map(|(entry, _)| entry)), "ended the record of", ", which no longer runs here");
    for (entry, ended) in &done.ended {
        if let Ended::Taken(version) = ended {
            parts.push(format!(
                "left version {version} of {} in {} as it is: another recorder has recorded it where {} was",
                entry.pacticipant.name, entry.environment, entry.pacticipant.version
            ));
        }
    }
    if let Some(what) = places(elsewhere.iter()) {
        parts.push(format!("{what} stays recorded at the broker of before, which is not asked any more"));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// `A 1 and B 2 in uat`; none of nothing.
fn places<'a>(entries: impl Iterator<Item = &'a Entry>) -> Option<String> {
    let mut environments: Vec<(&str, Vec<String>)> = Vec::new();
    for entry in entries {
        match environments.iter_mut().find(|(name, _)| *name == entry.environment) {
            Some((_, known)) => known.push(entry.to_string()),
            None => environments.push((&entry.environment, vec![entry.to_string()])),
        }
    }
    let each = environments.iter().map(|(name, entries)| format!("{} in {name}", list(entries)));
    let each: Vec<String> = each.collect();
    (!each.is_empty()).then(|| each.join(", "))
}

fn list(entries: &[String]) -> String {
    match entries {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => entries.concat(),
    }
}
