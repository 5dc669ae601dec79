//! What recorders were not told yet.

use super::facts::DeliveryFact;
use super::page::{Ink, Line, Page};
use super::words;

/// The answer of `outbox list`, `flush` and `drop`, the oldest first.
#[must_use]
pub fn page(facts: &[DeliveryFact], width: usize) -> Page {
    let mut page = Page::new();
    if facts.is_empty() {
        page.push(Line::plain("every recorder was told everything"));
    }
    for fact in facts {
        let heading =
            Line::new().ink(Ink::Dim, format!("#{}", fact.number)).text(" ").ink(Ink::Bold, &fact.application);
        page.wrapped(heading.text(": "), Ink::Plain, &sentence(fact), width);
    }
    page
}

/// What waits, for whom and why.
#[must_use]
pub fn sentence(fact: &DeliveryFact) -> String {
    let tried = words::count(usize::try_from(fact.attempts).unwrap_or(usize::MAX), "time");
    let failure = fact.failure.as_ref().map(|failure| format!(": {failure}")).unwrap_or_default();
    format!(
        "recorder {} was not told about deployment {} yet, tried {tried}{failure}; the next deployment after {} tries \
         again, `windlass outbox flush` now",
        fact.recorder,
        fact.deployment,
        words::time(&fact.due)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_told_with_its_reason() {
        let fact = DeliveryFact {
            number: 12,
            application: "kudos".to_owned(),
            recorder: "broker".to_owned(),
            deployment: "4f0c9t2m1k8z".to_owned(),
            attempts: 3,
            due: "2026-08-22T09:05:00Z".to_owned(),
            failure: Some("the broker answered 503".to_owned()),
        };
        insta::assert_snapshot!(page(&[fact], 100).render(false), @r"
        #12 kudos: recorder broker was not told about deployment 4f0c9t2m1k8z yet, tried 3 times: the broker
                   answered 503; the next deployment after 2026-08-22 09:05:00Z tries again, `windlass
                   outbox flush` now
        ");
        assert_eq!(page(&[], 100).render(false), "every recorder was told everything\n");
    }
}
