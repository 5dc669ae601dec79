//! What runs, and whether it is what was deployed.

use super::page::{Ink, Line, Page};
use super::table::Table;
use windlass_api::facts::{Health, HoldsFact, PartFact, Remark, StatusFact};
use windlass_foundation::words;

/// One application of `status`.
#[must_use]
pub fn page(fact: &StatusFact, width: usize) -> Page {
    let mut page = Page::new();
    page.push(headline(fact));
    for Remark { health, heading, text } in fact.remarks() {
        page.wrapped(Line::plain("  ").ink(ink(health), heading).text(" "), Ink::Plain, &text, width);
    }
    if let Some(parts) = fact.parts.as_ref().filter(|parts| !parts.is_empty()) {
        page.gap();
        page.append(self::parts(parts));
    }
    page
}

/// The answer of `freeze`, `pin` and `quarantine`, and of what lifts each.
#[must_use]
pub fn holds(fact: &HoldsFact) -> Page {
    let mut page = Page::new();
    let mut hold = |word: &str, text: &str| {
        page.push(
            Line::new().ink(Ink::Bold, &fact.application).text(": ").ink(Ink::Warn, word).text(format!(" {text}")),
        );
    };
    if let Some(frozen) = &fact.frozen {
        hold("frozen", frozen);
    }
    if let Some(pinned) = &fact.pinned {
        hold("pinned", pinned);
    }
    for quarantined in &fact.quarantined {
        hold("in quarantine:", quarantined);
    }
    if fact.frozen.is_none() && fact.pinned.is_none() {
        let which = if fact.quarantined.is_empty() { "deployments" } else { "other deployments" };
        page.push(Line::new().ink(Ink::Bold, &fact.application).text(format!(": {which} are allowed")));
    }
    page
}

/// `kudos v2 in uat: as deployed, since …`.
fn headline(fact: &StatusFact) -> Line {
    let version = fact.release.as_ref().map_or_else(String::new, |release| format!(" {}", release.name()));
    let heading =
        Line::new().ink(Ink::Bold, format!("{}{version} in {}", fact.application, fact.environment)).text(": ");
    let (health, state) = fact.state();
    let heading = heading.ink(ink(health), state);
    match (&fact.since, &fact.deployment) {
        (Some(since), Some(deployment)) if fact.stuck.is_none() && fact.open.is_none() => {
            // What drifted or fell ill did so later.
            let word = if fact.drift.is_empty() && fact.ill().next().is_none() { "since" } else { "deployed" };
            heading.ink(Ink::Dim, format!(", {word} {} by deployment {deployment}", words::time(since)))
        }
        _ => heading,
    }
}

/// The ink of what is well and what is not.
pub(super) fn ink(health: Health) -> Ink {
    match health {
        Health::Well => Ink::Good,
        Health::Note => Ink::Plain,
        Health::Warn => Ink::Warn,
        Health::Bad => Ink::Bad,
    }
}

/// What is observed, one part per line.
fn parts(parts: &[PartFact]) -> Page {
    let mut table = Table::headed(&["service", "instance", "version", "state", "health", "restarts", "image"]).right(5);
    for part in parts {
        let state = if part.state == "running" || part.finished { Ink::Good } else { Ink::Bad };
        let health = match part.health.as_deref() {
            Some("healthy") => Ink::Good,
            Some("starting") => Ink::Warn,
            _ => Ink::Bad,
        };
        let restarts = if part.restarts == 0 { String::new() } else { part.restarts.to_string() };
        table.row(vec![
            Line::plain(&part.service),
            Line::plain(&part.instance),
            Line::plain(part.version.as_deref().unwrap_or_default()),
            Line::new().ink(state, &part.state),
            Line::new().ink(health, part.health.as_deref().unwrap_or_default()),
            Line::new().ink(Ink::Warn, restarts),
            Line::new().ink(Ink::Dim, part.reference.as_deref().map(words::reference).unwrap_or_default()),
        ]);
    }
    table.page("  ")
}

/// Several applications.
#[must_use]
pub fn pages(applications: &[StatusFact], width: usize) -> Page {
    let mut all = Page::new();
    for application in applications {
        all.gap();
        all.append(page(application, width));
    }
    if applications.is_empty() {
        all.push(Line::plain("nothing was deployed on this host yet"));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox;
    use windlass_api::facts::{DeliveryFact, OpenFact};

    fn fact() -> StatusFact {
        let part = |service: &str, version: &str, health: Option<&str>, restarts| PartFact {
            service: service.to_owned(),
            instance: format!("kudos-{service}-1"),
            version: Some(version.to_owned()),
            reference: Some(format!("127.0.0.1:5000/kudos/{service}@sha256:{}", "1ef921a3".repeat(8))),
            state: "running".to_owned(),
            health: health.map(str::to_owned),
            restarts,
            since: None,
            trouble: None,
            finished: false,
        };
        StatusFact {
            application: "kudos".to_owned(),
            environment: "uat".to_owned(),
            release: Some((&crate::plan::tests::release("v2")).into()),
            deployment: Some("4f0c9t2m1k8z".to_owned()),
            by: None,
            since: Some("2026-08-21T14:03:30Z".to_owned()),
            parts: Some(vec![part("backend", "v2", Some("healthy"), 0), part("web", "v1", None, 3)]),
            unobserved: None,
            found: Vec::new(),
            watched_until: None,
            drift: Vec::new(),
            open: None,
            stuck: None,
            frozen: None,
            pinned: None,
            quarantined: Vec::new(),
            outbox: Vec::new(),
        }
    }

    #[test]
    fn what_runs_as_deployed_is_a_table() {
        insta::assert_snapshot!(page(&fact(), 100).render(false), @r"
        kudos v2 in uat: runs as deployed, since 2026-08-21 14:03:30Z by deployment 4f0c9t2m1k8z

          service  instance         version  state    health   restarts  image
          backend  kudos-backend-1  v2       running  healthy            127.0.0.1:5000/kudos/backend@sha256:1ef921a31ef9
          web      kudos-web-1      v1       running                  3  127.0.0.1:5000/kudos/web@sha256:1ef921a31ef9
        ");
    }

    #[test]
    fn what_is_not_well_is_not_as_deployed() {
        let mut fact = fact();
        let part = &mut fact.parts.as_mut().unwrap()[0];
        part.health = Some("unhealthy".to_owned());
        part.trouble = Some("is unhealthy".to_owned());
        insta::assert_snapshot!(page(&fact, 100).render(false), @r"
        kudos v2 in uat: runs, and is not well, deployed 2026-08-21 14:03:30Z by deployment 4f0c9t2m1k8z
          not well: kudos-backend-1 is unhealthy

          service  instance         version  state    health     restarts  image
          backend  kudos-backend-1  v2       running  unhealthy            127.0.0.1:5000/kudos/backend@sha256:1ef921a31ef9
          web      kudos-web-1      v1       running                    3  127.0.0.1:5000/kudos/web@sha256:1ef921a31ef9
        ");
    }

    #[test]
    fn what_is_said_as_drift_is_not_said_twice() {
        let seen = "it runs, but is not connected to the network kudos_default";
        let mut fact = StatusFact { drift: vec![format!("service web is not as deployed: {seen}")], ..fact() };
        for (part, trouble) in fact.parts.as_mut().unwrap().iter_mut().zip(["is unhealthy", seen]) {
            part.trouble = Some(trouble.to_owned());
        }
        let said: Vec<String> =
            fact.remarks().into_iter().map(|Remark { heading, text, .. }| format!("{heading} {text}")).collect();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].starts_with("drift: service web") && said[1].ends_with("is unhealthy"), "{said:?}");
    }

    #[test]
    fn everything_that_a_person_should_know_is_said_with_what_to_do() {
        let fact = StatusFact {
            drift: vec!["service web runs v1, and v2 was deployed".to_owned()],
            frozen: Some("by ada since 2026-08-19: the sale runs".to_owned()),
            pinned: Some("to v2 by ada since 2026-08-19: v3 loses orders".to_owned()),
            quarantined: vec!["v3 failed on 2026-08-20: backend was unhealthy".to_owned()],
            outbox: vec![
                DeliveryFact {
                    recorder: "state".to_owned(),
                    attempts: 2,
                    failure: Some("the disk is full".to_owned()),
                    ..outbox::tests::waiting()
                },
                outbox::tests::aside(),
            ],
            open: Some(OpenFact {
                deployment: "7hxk2m0c9t4f".to_owned(),
                version: Some("v4".to_owned()),
                started: "2026-08-22T09:00:00Z".to_owned(),
                holder: None,
            }),
            parts: None,
            ..fact()
        };
        insta::assert_snapshot!(page(&fact, 100).render(false), @"
        kudos v2 in uat: a deployment is open
          open: deployment 7hxk2m0c9t4f of v4 since 2026-08-22 09:00:00Z; it was interrupted: `windlass
                resume kudos` finishes or unwinds it
          drift: service web runs v1, and v2 was deployed
          frozen: by ada since 2026-08-19: the sale runs
          pinned: to v2 by ada since 2026-08-19: v3 loses orders
          quarantined: v3 failed on 2026-08-20: backend was unhealthy
          outbox: recorder state: delivery of deployment 4f0c9t2m1k8z (v2) failed, tried 2 times: the disk
                  is full; the next deployment after 2026-08-22 09:05:00Z tries again, or `windlass outbox
                  flush` now
          not recorded: recorder broker rejected deployment 0c9t2m1k8z4f (v1) for good: the broker knows no
                        version v1 of `Kudos`; publish v1, then deploy it again; `windlass outbox drop 11
                        --reason …` removes it, `windlass outbox retry 11` puts it back into the queue
        ");
    }
}
