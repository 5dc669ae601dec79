//! Pacticipants of which no contract was looked at: a provider that nothing depends on there, or one about which a broker
//! can say nothing at all.
//!
//! The broker answers both with yes and an empty list. They are told apart by who ever had contracts with whom: a provider
//! of which no consumer is live has nothing to break, which is how a first deployment begins; a pacticipant without any
//! contract was perhaps never put under contract, and policy decides.

use windlass_pact::{Integrations, Pacticipant};
use windlass_sdk::prelude::*;

use crate::gather::Gathered;
use crate::judge::Question;

/// A finding for each of them.
pub(crate) fn nothing(question: &Question<'_>, gathered: &Gathered) -> Vec<Finding> {
    if gathered.release.deployable == Some(false) && gathered.release.rows.is_empty() {
        return Vec::new();
    }
    let silent = question.pacticipants.iter().filter(|one| gathered.says_nothing_of(&one.name));
    silent.map(|one| finding(question, gathered, one)).collect()
}

fn finding(question: &Question<'_>, gathered: &Gathered, one: &Pacticipant) -> Finding {
    let (environment, policy) = (question.environment, question.config.nothing_to_check);
    let unchecked = |title: String, remedy: String| {
        Finding::new(format!("nothing-to-check:{}", one.name), policy.verdict(), title)
            .remedy(remedy)
            .evidence(json!({ "nothing-to-check": policy.word() }))
    };
    let Some(known) = &gathered.integrations else {
        return unchecked(
            format!("{one} has no contract with anything in {environment}"),
            "were its contracts published, and is what runs there recorded? If it needs none, or is a provider that goes first, set \
             `nothing-to-check` to \"pass\""
                .to_owned(),
        );
    };
    let (consumers, providers) = (known.consumers(&one.name), known.providers(&one.name));
    if !providers.is_empty() {
        return unchecked(
            format!(
                "{one} has published no contract, although other versions of it have contracts with {}",
                providers.join(", ")
            ),
            format!(
                "let the build of {one} publish its contracts; if this version needs none any more, set \
                 `nothing-to-check`"
            ),
        );
    }
    if consumers.is_empty() {
        return unchecked(
            format!("{one} has no contract with anything: the broker knows no consumer and no provider of it"),
            "were its contracts published to this broker, under this name? If it needs none, set `nothing-to-check` to \
             \"pass\""
                .to_owned(),
        );
    }
    let (there, listed) = (there(question, gathered, known, one), consumers.join(", "));
    if there.is_empty() {
        let title =
            format!("{one} has nothing to break in {environment}: none of its consumers ({listed}) is live there");
        return Finding::new(format!("first:{}", one.name), Verdict::Pass, title);
    }
    unchecked(
        format!("{one} has consumers ({listed}), and what is live of {} has no contract with it", there.join(", ")),
        "is what runs there recorded in the version that runs, and were its contracts published? If it needs none, set \
         `nothing-to-check`"
            .to_owned(),
    )
}

/// The consumers of a provider that are going to be live with it.
fn there<'a>(question: &Question<'_>, gathered: &Gathered, known: &'a Integrations, one: &Pacticipant) -> Vec<&'a str> {
    let mut consumers = known.consumers(&one.name);
    consumers.retain(|name| question.asks(name).is_some() || !gathered.live.lacks(name));
    consumers
}
