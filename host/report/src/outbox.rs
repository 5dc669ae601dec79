//! Events that recorders have not received: those that wait for them, and those that are set aside for a person.

use super::page::{Ink, Line, Page};
use super::status::ink;
use super::table::Table;
use windlass_api::facts::{DeliveryFact, Health, RecordFact};
use windlass_foundation::words;

/// The answer of `outbox list`, `flush`, `retry` and `drop`, the oldest first; what is set aside comes before the rest.
#[must_use]
pub fn page(facts: &[DeliveryFact], width: usize) -> Page {
    let mut page = Page::new();
    if facts.is_empty() {
        page.push(Line::plain("every recorder has received every event"));
    }
    let (aside, waiting): (Vec<_>, Vec<_>) = facts.iter().partition(|fact| fact.is_set_aside());
    let titles = ["set aside: each needs a decision", "waiting, and told in this order"];
    for (title, facts) in titles.into_iter().zip([aside, waiting]) {
        if facts.is_empty() {
            continue;
        }
        page.gap();
        page.push(Line::new().ink(Ink::Bold, title));
        for fact in facts {
            let number = Line::plain("  ").ink(Ink::Dim, format!("#{}", fact.number)).text(" ");
            page.wrapped(number.ink(Ink::Bold, &fact.application).text(": "), Ink::Plain, &fact.sentence(), width);
        }
    }
    page
}

/// The events that are left undelivered at the end of a deployment: each event that is set aside, and one line for each
/// recorder for which others wait.
#[must_use]
pub fn left(facts: &[DeliveryFact], width: usize) -> Page {
    let mut page = Page::new();
    let mut say = |(health, word): (Health, &str), text: &str| {
        page.wrapped(Line::plain("  ").ink(ink(health), word).text(" "), Ink::Plain, text, width);
    };
    for fact in facts.iter().filter(|fact| fact.is_set_aside()) {
        say(fact.heading(), &fact.sentence());
    }
    let mut recorders: Vec<&str> = Vec::new();
    for first in facts.iter().filter(|fact| !fact.is_set_aside()) {
        if recorders.contains(&first.recorder.as_str()) {
            continue;
        }
        recorders.push(&first.recorder);
        let all = facts.iter().filter(|fact| !fact.is_set_aside() && fact.recorder == first.recorder);
        let words = Waiting {
            recorder: &first.recorder,
            count: all.count(),
            since: first.since.as_deref().unwrap_or_default(),
            reason: first.failure.as_deref(),
            due: first.due.as_deref().unwrap_or_default(),
        };
        say(first.heading(), &words.to_string());
    }
    page
}

/// Events that wait for one recorder, in words. Times are RFC 3339.
#[derive(Debug)]
pub struct Waiting<'a> {
    /// The recorder's name.
    pub recorder: &'a str,
    /// How many.
    pub count: usize,
    /// When the first of the deployments ended.
    pub since: &'a str,
    /// Why the first one could not be delivered.
    pub reason: Option<&'a str>,
    /// When it is tried again.
    pub due: &'a str,
}

impl std::fmt::Display for Waiting<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { recorder, count, since, reason, due } = self;
        write!(formatter, "delivery to the recorder `{recorder}` failed and will be retried")?;
        if let Some(reason) = reason {
            write!(formatter, ": {reason}")?;
        }
        let (events, wait) = (words::count(*count, "event"), if *count == 1 { "waits" } else { "wait" });
        write!(formatter, "; {events} {wait} since {}", words::time(since))?;
        write!(
            formatter,
            "; the next deployment after {} tries again, or `windlass outbox flush` now",
            words::time(due)
        )
    }
}

/// What became of telling each recorder, for the whole record of a deployment.
#[must_use]
pub fn records(facts: &[RecordFact]) -> Page {
    let mut table = Table::new();
    for fact in facts {
        let (ink, word) = match fact.state.as_str() {
            "told" => (Ink::Good, "told"),
            "waiting" => (Ink::Warn, "waits"),
            "set-aside" => (Ink::Bad, "set aside"),
            _ => (Ink::Warn, "given up"),
        };
        let text = fact.summary.as_deref().or(fact.failure.as_deref()).unwrap_or_default();
        table.row(vec![Line::plain(&fact.recorder), Line::new().ink(ink, word), Line::plain(text)]);
    }
    table.page("  ")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn waiting() -> DeliveryFact {
        DeliveryFact {
            number: 12,
            state: "waiting".to_owned(),
            application: "kudos".to_owned(),
            recorder: "broker".to_owned(),
            deployment: "4f0c9t2m1k8z".to_owned(),
            version: Some("v2".to_owned()),
            since: Some("2026-08-22T09:00:00Z".to_owned()),
            attempts: 3,
            due: Some("2026-08-22T09:05:00Z".to_owned()),
            failure: Some("the broker answered 503".to_owned()),
            hint: None,
        }
    }

    pub(crate) fn aside() -> DeliveryFact {
        DeliveryFact {
            number: 11,
            state: "set-aside".to_owned(),
            deployment: "0c9t2m1k8z4f".to_owned(),
            version: Some("v1".to_owned()),
            due: None,
            failure: Some("the broker knows no version v1 of `Kudos`".to_owned()),
            hint: Some("publish v1, then deploy it again".to_owned()),
            ..waiting()
        }
    }

    #[test]
    fn what_waits_and_what_is_set_aside_are_told_apart_with_their_reasons() {
        insta::assert_snapshot!(page(&[aside(), waiting()], 100).render(false), @"
        set aside: each needs a decision
          #11 kudos: recorder broker rejected deployment 0c9t2m1k8z4f (v1) for good: the broker knows no
                     version v1 of `Kudos`; publish v1, then deploy it again; `windlass outbox drop 11
                     --reason …` removes it, `windlass outbox retry 11` puts it back into the queue

        waiting, and told in this order
          #12 kudos: recorder broker: delivery of deployment 4f0c9t2m1k8z (v2) failed, tried 3 times: the
                     broker answered 503; the next deployment after 2026-08-22 09:05:00Z tries again, or
                     `windlass outbox flush` now
        ");
        assert_eq!(page(&[], 100).render(false), "every recorder has received every event\n");
    }

    #[test]
    fn at_the_end_of_a_deployment_one_line_counts_what_waits() {
        let second = DeliveryFact { number: 13, attempts: 0, failure: None, ..waiting() };
        insta::assert_snapshot!(left(&[aside(), waiting(), second], 100).render(false), @"
        not recorded: recorder broker rejected deployment 0c9t2m1k8z4f (v1) for good: the broker knows no
                      version v1 of `Kudos`; publish v1, then deploy it again; `windlass outbox drop 11
                      --reason …` removes it, `windlass outbox retry 11` puts it back into the queue
        outbox: delivery to the recorder `broker` failed and will be retried: the broker answered 503; 2
                events wait since 2026-08-22 09:00:00Z; the next deployment after 2026-08-22 09:05:00Z
                tries again, or `windlass outbox flush` now
        ");
    }
}
