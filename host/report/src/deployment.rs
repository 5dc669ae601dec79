//! How a deployment ended, and everything about one.

use std::time::Duration;

use super::error;
use super::page::{Ink, Line, Page};
use super::table::Table;
use super::{found, outbox, probe};
use windlass_api::facts::{DeploymentFact, PrincipalFact, ReleaseFact};
use windlass_foundation::words;

/// The ink of an outcome's word.
#[must_use]
pub fn ink(outcome: &str) -> Ink {
    match outcome {
        "succeeded" | "unchanged" => Ink::Good,
        "refused" | "rolled-back" | "resolved" | "open" => Ink::Warn,
        _ => Ink::Bad,
    }
}

/// The answer of `deploy`: outcome, versions, what failed, how long each phase took, events that recorders have not
/// received, and what to do next.
#[must_use]
pub fn summary(fact: &DeploymentFact, width: usize) -> Page {
    let mut page = Page::new();
    page.push(headline(fact));
    page.gap();
    page.append(artifacts(fact));
    page.append(left_behind(fact));
    page.gap();
    page.append(phases(fact));
    page.append(outbox::left(&fact.outbox, width));
    page.append(next(fact));
    page
}

/// What failed, for stderr: the evidence is what a person needs first.
#[must_use]
pub fn errors(fact: &DeploymentFact, width: usize) -> Page {
    failures(fact, width)
}

/// `succeeded: kudos v2 runs in uat`, and so on for each outcome.
pub(super) fn headline(fact: &DeploymentFact) -> Line {
    let (word, rest) = fact.sentence();
    Line::new().ink(ink(&fact.outcome), word).text(": ").ink(Ink::Bold, rest)
}

/// The images, old and new.
fn artifacts(fact: &DeploymentFact) -> Page {
    let Some(release) = &fact.release else { return Page::new() };
    let mut table = Table::new();
    for (name, artifact) in &release.artifacts {
        let old = fact.previous.as_ref().and_then(|previous| previous.artifacts.get(name));
        let label = |artifact: &windlass_api::facts::ArtifactFact| artifact.tag.clone().unwrap_or_default();
        let before = match old {
            None if fact.previous.is_some() => "new".to_owned(),
            None => String::new(),
            Some(old) if old.digest == artifact.digest => "as before".to_owned(),
            Some(old) if label(old) == label(artifact) => format!("before: {}", words::digest(&old.digest)),
            Some(old) => format!("before: {}", label(old)),
        };
        table.row(vec![
            Line::plain(name),
            Line::plain(label(artifact)),
            Line::plain(words::digest(&artifact.digest)),
            Line::new().ink(Ink::Dim, before),
        ]);
    }
    table.page("  ")
}

/// What failed, on the way there and on the way back, with hints.
fn failures(fact: &DeploymentFact, width: usize) -> Page {
    let mut page = Page::new();
    // Nothing failed, and the headline says who stopped it.
    if fact.cancelled {
        return page;
    }
    let told = fact.failure.as_ref().map_or("", |failure| failure.message.as_str());
    // The failure of one that is stuck has both reasons already.
    let undo = fact.undo_failure.iter().filter(|undo| !told.contains(&undo.message));
    for failure in fact.failure.iter().chain(undo) {
        page.append(error::failure(failure, width));
    }
    page
}

/// What a person has to put in order.
fn left_behind(fact: &DeploymentFact) -> Page {
    let mut page = Page::new();
    if !fact.left_behind.is_empty() {
        page.push(Line::new());
        page.push(Line::plain("  ").ink(Ink::Bad, "left behind:"));
        for thing in &fact.left_behind {
            page.push(Line::plain("    ").text(thing));
        }
    }
    if !fact.left_objects.is_empty() {
        page.push(Line::plain("  ").ink(Ink::Bad, "on the engine now:"));
        page.append(objects(fact));
    }
    if let Some(why) = &fact.left_unknown {
        page.push(Line::plain("  ").ink(Ink::Bad, "on the engine now:").text(" not known, ").text(why));
    }
    page
}

/// The objects that a person should look at, each with the commands to look and to act.
fn objects(fact: &DeploymentFact) -> Page {
    let mut table = Table::new();
    for left in &fact.left_objects {
        let state = left.state.as_ref().map(|state| format!("{state}, ")).unwrap_or_default();
        let whose = match (left.of_this_deployment, left.kind.as_str()) {
            (false, _) => "of an earlier deployment",
            (true, "volume") => "made by this deployment; it may have data",
            (true, _) => "made by this deployment",
        };
        table.row(vec![
            Line::plain(&left.kind),
            Line::new().ink(Ink::Bold, &left.name),
            Line::plain(format!("{state}{whose}")),
            Line::new().ink(Ink::Accent, format!("`{}`, `{}`", left.look, left.act)),
        ]);
    }
    table.page("    ")
}

/// `resolve 0.1s, plan 0.2s, apply 3.1s: 4.0s in all`.
fn phases(fact: &DeploymentFact) -> Page {
    let mut page = Page::new();
    let phases: Vec<String> = fact
        .phases
        .iter()
        .map(|phase| format!("{} {}", phase.phase, words::duration(Duration::from_millis(phase.took))))
        .collect();
    let whole = fact.took.map(|took| format!("{} in all", words::duration(Duration::from_millis(took))));
    let line = match (phases.is_empty(), whole) {
        (true, None) => return page,
        (true, Some(whole)) => whole,
        (false, None) => phases.join(", "),
        (false, Some(whole)) => format!("{}; {whole}", phases.join(", ")),
    };
    page.push(Line::plain("  ").ink(Ink::Dim, line));
    page
}

/// What to do next.
fn next(fact: &DeploymentFact) -> Page {
    let mut page = Page::new();
    for (index, next) in fact.next.iter().enumerate() {
        let heading = if index == 0 { "next:" } else { "     " };
        page.push(Line::plain("  ").ink(Ink::Accent, heading).text(" ").text(next));
    }
    page
}

/// The answer of `show`: the whole record.
#[must_use]
pub fn show(fact: &DeploymentFact, width: usize) -> Page {
    let mut page = Page::new();
    page.push(headline(fact));
    page.gap();
    page.append(facts(fact));
    page.gap();
    page.append(artifacts(fact));
    for (heading, probes) in [("checks", &fact.checks), ("verification", &fact.smoke)] {
        if !probes.is_empty() {
            page.gap();
            page.push(Line::new().ink(Ink::Bold, heading));
            page.indented("  ", probe::table(probes, true, width.saturating_sub(2)));
        }
    }
    if !fact.steps.is_empty() {
        page.gap();
        page.push(Line::new().ink(Ink::Bold, "steps"));
        page.append(steps(fact));
    }
    page.gap();
    page.append(failures(fact, width));
    page.append(left_behind(fact));
    page.append(found::page(&fact.found, width));
    if !fact.records.is_empty() {
        page.gap();
        page.push(Line::new().ink(Ink::Bold, "records"));
        page.append(outbox::records(&fact.records));
    }
    page.gap();
    page.append(phases(fact));
    page.append(next(fact));
    page
}

/// Who, when, why, which.
fn facts(fact: &DeploymentFact) -> Page {
    let release = |release: &ReleaseFact| {
        let commit = release.commit.as_ref().map(|commit| format!(", commit {commit}")).unwrap_or_default();
        format!("{} ({}{commit})", release.version, words::digest(&release.id))
    };
    let mut table = Table::new();
    let mut row = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            table.row(vec![Line::new().ink(Ink::Dim, name), Line::plain(value)]);
        }
    };
    row("deployment", Some(format!("{} (number {} on this host)", fact.deployment, fact.sequence)));
    row("kind", fact.rollback.then(|| "rollback".to_owned()));
    row("release", fact.release.as_ref().map(release));
    row("before", fact.previous.as_ref().map(release));
    row("by", Some(PrincipalFact::sentence(fact.principal.as_ref(), &fact.actor).to_owned()));
    row("reason", fact.reason.clone());
    row("break-glass", fact.break_glass.clone());
    row("started", Some(words::time(&fact.started)));
    row("ended", fact.finished.as_deref().map(words::time));
    row(
        "resolved",
        fact.resolved.as_ref().map(|answer| {
            let by = PrincipalFact::sentence(answer.principal.as_ref(), &answer.actor);
            format!("by {by}, {}: {}", words::time(&answer.time), answer.reason)
        }),
    );
    table.page("  ")
}

/// Each step: how applying it ended and how long that took, and what became of it since.
fn steps(fact: &DeploymentFact) -> Page {
    let mut table = Table::new().right(2);
    let took = |took: Option<u64>| took.map(|took| words::duration(Duration::from_millis(took))).unwrap_or_default();
    for step in &fact.steps {
        let begun = !matches!(step.state.as_str(), "waiting" | "running");
        let word = step.applied.as_deref().unwrap_or(if begun { "interrupted" } else { &step.state });
        let ink = match word {
            "done" => Ink::Good,
            "failed" => Ink::Bad,
            "waiting" => Ink::Dim,
            _ => Ink::Warn,
        };
        let since = match step.state.as_str() {
            // There is nothing to undo about having waited.
            "undone" if step.undo_took.is_none() => Line::new(),
            "undone" => Line::new().ink(Ink::Dim, format!("undone in {}", took(step.undo_took))),
            "undoing" => Line::new().ink(Ink::Warn, "being undone"),
            "undo-failed" => Line::new().ink(Ink::Bad, "not undone"),
            _ => Line::new(),
        };
        table.row(vec![
            Line::plain(&step.title),
            Line::new().ink(ink, word),
            Line::new().ink(Ink::Dim, took(step.took)),
            since,
        ]);
    }
    table.page("  ")
}

#[cfg(test)]
pub(crate) mod tests {
    use windlass_domain::Failure;
    use windlass_foundation::principal::{Principal, Proof};

    use super::*;
    use windlass_api::facts::{PhaseFact, StepFact};

    pub(crate) fn fact(outcome: &str) -> DeploymentFact {
        let mut previous: ReleaseFact = (&crate::plan::tests::release("v1")).into();
        if let Some(artifact) = previous.artifacts.get_mut("backend") {
            artifact.digest = format!("sha256:{}", "aaaaaaaa".repeat(8));
        }
        DeploymentFact {
            deployment: "4f0c9t2m1k8z".to_owned(),
            sequence: 12,
            application: "kudos".to_owned(),
            environment: "uat".to_owned(),
            outcome: outcome.to_owned(),
            cancelled: false,
            rollback: false,
            actor: "anna".to_owned(),
            principal: Some((&Principal::new("anna", Proof::LocalUser { uid: 1000 })).into()),
            reason: Some("fixes the login".to_owned()),
            break_glass: None,
            release: Some((&crate::plan::tests::release("v2")).into()),
            previous: Some(previous),
            runs: None,
            trouble: None,
            found: Vec::new(),
            started: "2026-08-21T14:03:11Z".to_owned(),
            finished: Some("2026-08-21T14:03:30Z".to_owned()),
            took: Some(19_100),
            phases: vec![
                PhaseFact { phase: "resolve".to_owned(), took: 110 },
                PhaseFact { phase: "apply".to_owned(), took: 3_100 },
                PhaseFact { phase: "verify".to_owned(), took: 15_000 },
            ],
            checks: Vec::new(),
            smoke: Vec::new(),
            steps: vec![StepFact {
                step: "backend:start".to_owned(),
                title: "start backend (new)".to_owned(),
                state: "done".to_owned(),
                applied: Some("done".to_owned()),
                took: Some(480),
                undo_took: None,
            }],
            failure: None,
            undo_failure: None,
            left_behind: Vec::new(),
            left_objects: Vec::new(),
            left_unknown: None,
            resolved: None,
            records: Vec::new(),
            outbox: Vec::new(),
            next: vec!["`windlass status kudos`".to_owned()],
        }
    }

    #[test]
    fn a_success_names_what_runs_now_and_before() {
        insta::assert_snapshot!(summary(&fact("succeeded"), 100).render(false), @r"
        succeeded: kudos v2 runs in uat

          backend  v2  sha256:1ef921a31ef9  before: v1

          resolve 0.1s, apply 3.1s, verify 15.0s; 19.1s in all
          next: `windlass status kudos`
        ");
    }

    #[test]
    fn a_deployment_that_is_stuck_names_both_errors_and_what_is_left_behind() {
        let failure = |message: &str| {
            Some(Failure { code: "internal".to_owned(), message: message.to_owned(), retryable: false, details: None })
        };
        let fact = DeploymentFact {
            failure: failure("`start backend (new)` failed: the container is unhealthy"),
            undo_failure: failure("`start backend (new)` could not be undone: the engine does not answer"),
            left_behind: vec!["container kudos-backend-2".to_owned()],
            next: vec!["remove it, then `windlass resolve kudos --reason …`".to_owned()],
            ..fact("stuck")
        };
        let text = format!("{}{}", errors(&fact, 100).render(false), summary(&fact, 100).render(false));
        insta::assert_snapshot!(text, @"
        error: `start backend (new)` failed: the container is unhealthy
        error: `start backend (new)` could not be undone: the engine does not answer
        stuck: kudos v2 failed in uat, and putting the old version back failed too; it needs a person

          backend  v2  sha256:1ef921a31ef9  before: v1

          left behind:
            container kudos-backend-2

          resolve 0.1s, apply 3.1s, verify 15.0s; 19.1s in all
          next: remove it, then `windlass resolve kudos --reason …`
        ");
    }

    #[test]
    fn a_step_says_how_applying_it_ended_and_what_became_of_it() {
        let step = |title: &str, state: &str, applied: Option<&str>, undo: Option<u64>| StepFact {
            step: title.to_owned(),
            title: title.to_owned(),
            state: state.to_owned(),
            applied: applied.map(str::to_owned),
            took: applied.map(|_| 1_200),
            undo_took: undo,
        };
        let fact = DeploymentFact {
            steps: vec![
                step("create web", "undone", Some("done"), Some(300)),
                step("start web", "undone", Some("failed"), Some(20)),
                step("start job", "undone", Some("stopped"), Some(20)),
                step("start db", "undone", None, Some(20)),
                step("stop web (old)", "undo-failed", Some("done"), Some(20)),
                step("wait until web is healthy", "undone", Some("done"), None),
                step("remove web (old)", "waiting", None, None),
            ],
            ..fact("rolled-back")
        };
        insta::assert_snapshot!(steps(&fact).render(false), @r"
          create web                 done         1.2s  undone in 0.3s
          start web                  failed       1.2s  undone in 0.0s
          start job                  stopped      1.2s  undone in 0.0s
          start db                   interrupted        undone in 0.0s
          stop web (old)             done         1.2s  not undone
          wait until web is healthy  done         1.2s
          remove web (old)           waiting
        ");
    }

    #[test]
    fn what_runs_after_going_back_is_what_was_seen() {
        let said = |runs: Option<bool>, trouble: Option<&str>, deployed: bool| {
            let mut fact = DeploymentFact { runs, trouble: trouble.map(str::to_owned), ..fact("rolled-back") };
            fact.previous = fact.previous.filter(|_| deployed);
            headline(&fact).render(false)
        };
        let all = [
            said(None, None, true),
            said(Some(true), None, true),
            said(Some(true), Some("web does not run: exited"), true),
            said(Some(false), Some("web does not run: exited"), true),
            said(Some(false), None, false),
            said(Some(true), None, false),
        ];
        insta::assert_snapshot!(all.join("\n"), @r"
        rolled back: kudos v2 failed in uat; v1 runs as before
        rolled back: kudos v2 failed in uat; v1 runs as before
        rolled back: kudos v2 failed in uat; v1 is back as it was before, which is not well: web does not run: exited
        rolled back: kudos v2 failed in uat; nothing of it runs, as before: v1 did not run when the deployment began
        rolled back: kudos v2 failed in uat; nothing of it runs, as before
        rolled back: kudos v2 failed in uat; what ran before, which windlass did not deploy, runs as before
        ");
    }

    #[test]
    fn what_somebody_stopped_did_not_fail() {
        let fact = DeploymentFact {
            cancelled: true,
            failure: Some(Failure {
                code: "cancelled".to_owned(),
                message: "stopped by a signal".to_owned(),
                retryable: false,
                details: None,
            }),
            ..fact("rolled-back")
        };
        assert_eq!(errors(&fact, 100).render(false), "");
        let summary = summary(&fact, 100).render(false);
        assert!(
            summary.starts_with("cancelled: kudos v2 was stopped by a signal in uat; v1 runs as before\n"),
            "{summary}"
        );
    }

    #[test]
    fn what_is_not_well_and_was_not_touched_is_what_runs() {
        let failure = Failure {
            code: windlass_foundation::explain::NOT_WELL.to_owned(),
            message: "v2 is not well".to_owned(),
            retryable: false,
            details: None,
        };
        let fact = DeploymentFact { failure: Some(failure), ..fact("refused") };
        insta::assert_snapshot!(headline(&fact).render(false), @"refused: kudos v2 is what runs in uat, and it is not well; nothing was touched");
    }

    #[test]
    fn a_record_says_who_when_why_and_what() {
        insta::assert_snapshot!(show(&fact("rolled-back"), 100).render(false), @"
        rolled back: kudos v2 failed in uat; v1 runs as before

          deployment  4f0c9t2m1k8z (number 12 on this host)
          release     v2 (sha256:8a1b2c3d8a1b)
          before      v1 (sha256:8a1b2c3d8a1b)
          by          anna (local user 1000)
          reason      fixes the login
          started     2026-08-21 14:03:11Z
          ended       2026-08-21 14:03:30Z

          backend  v2  sha256:1ef921a31ef9  before: v1

        steps
          start backend (new)  done  0.5s

          resolve 0.1s, apply 3.1s, verify 15.0s; 19.1s in all
          next: `windlass status kudos`
        ");
    }
}
