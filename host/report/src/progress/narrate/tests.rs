//! What a log without a terminal shows.

use windlass_domain::{Finding, Outcome};

use super::*;

/// What a log without a terminal shows.
fn plain(events: &[Progress]) -> String {
    let mut narrator = Narrator::new(false, 100);
    let mut page = Page::new();
    for told in events.iter().flat_map(|event| narrator.narrate(event)) {
        match told {
            Told::Line(line)
            | Told::Warning(line)
            | Told::Begin { plain: Some(line), .. }
            | Told::Update { plain: Some(line), .. } => page.push(line),
            _ => {}
        }
    }
    page.render(false)
}

fn failure(message: &str) -> Failure {
    Failure { code: "internal".to_owned(), message: message.to_owned(), retryable: false, details: None }
}

fn pass(summary: &str) -> Report {
    Report { verdict: Verdict::Pass, summary: summary.to_owned(), findings: Vec::new(), data: None }
}

const TENTH: Duration = Duration::from_millis(100);

fn started(step: &str, title: &str) -> Progress {
    Progress::StepStarted { step: step.to_owned(), title: title.to_owned() }
}

#[test]
fn a_deployment_reads_well_without_a_terminal() {
    let probe = |name: &str, answer| Progress::probe_finished(name, answer, TENTH);
    let doing = |message: &str, percent| Progress::Doing {
        source: "backend:pull".to_owned(),
        message: message.to_owned(),
        percent,
    };
    insta::assert_snapshot!(plain(&[
        Progress::Opened {
            deployment: "4f0c9t2m1k8z".to_owned(),
            application: "kudos".to_owned(),
            environment: "uat".to_owned(),
            resumed: false,
        },
        Progress::PhaseStarted { phase: FlowPhase::Resolve },
        Progress::Resolved { release: Box::new(plan::tests::release("v2")) },
        Progress::PhaseFinished { phase: FlowPhase::Resolve, took: TENTH },
        Progress::Planned { plan: Box::new(plan::tests::plan()) },
        Progress::PhaseStarted { phase: FlowPhase::Check },
        Progress::ProbeStarted { name: "readiness".to_owned() },
        probe("readiness", Ok(pass("11 things are well"))),
        Progress::PhaseStarted { phase: FlowPhase::Apply },
        started("backend:pull", "pull backend"),
        doing("layer 1 of 2", None),
        doing("layer 1 of 2", Some(50)),
        doing("layer 1 of 2", None),
        Progress::StepFinished { step: "backend:pull".to_owned(), took: TENTH },
        Progress::Log { source: "backend:pull".to_owned(), level: Level::Info, message: "quiet".to_owned() },
        Progress::Log { source: "backend:pull".to_owned(), level: Level::Warn, message: "slow".to_owned() },
        Progress::PhaseStarted { phase: FlowPhase::Verify },
        Progress::ProbeStarted { name: "health".to_owned() },
        probe("health", Ok(pass("2 services held for 15s"))),
        probe("web", Ok(pass("3 requests"))),
        Progress::Finished { outcome: Outcome::Succeeded, took: TENTH },
    ]), @r"
    Deploying kudos to uat (deployment 4f0c9t2m1k8z)
     Resolved kudos v2 (release 8a1b2c3d8a1b)
              backend v2 is sha256:1ef921a31ef9
      Planned 1 to make, 1 to replace, 1 to remove, 2 to leave as it is; 5 steps
              ~ service backend: image changed; start-first
              + network front: new in this release
              - service worker: no longer in the Compose files
      Warning web is away for about 2s, because it publishes port 8080
      Checked readiness: pass, 11 things are well (0.1s)
     Applying pull backend
     Applying pull backend: layer 1 of 2
      Applied pull backend (0.1s)
         warn pull backend: slow
    Verifying health
     Verified health: pass, 2 services held for 15s (0.1s)
       Tested web: pass, 3 requests (0.1s)
    ");
}

#[test]
fn a_failure_and_the_way_back_read_well() {
    let unhealthy = Report {
        verdict: Verdict::Fail,
        summary: "1 of 2 services is not healthy".to_owned(),
        findings: vec![Finding {
            id: "backend".to_owned(),
            verdict: Verdict::Fail,
            title: "backend is unhealthy".to_owned(),
            remedy: Some("look at its log".to_owned()),
            evidence: Some(serde_json::json!({"log": "starting\nno such table: kudos"})),
        }],
        data: None,
    };
    insta::assert_snapshot!(plain(&[
        Progress::PhaseStarted { phase: FlowPhase::Apply },
        started("backend:start", "start backend (new)"),
        Progress::StepFailed { step: "backend:start".to_owned(), failure: failure("no space left on device") },
        Progress::PhaseStarted { phase: FlowPhase::Verify },
        Progress::probe_finished("health", Ok(unhealthy), TENTH),
        Progress::Unwinding { cause: "`health` failed".to_owned() },
        Progress::UndoStarted { step: "backend:start".to_owned(), title: "start backend (new)".to_owned() },
        Progress::UndoFinished { step: "backend:start".to_owned() },
        Progress::UndoFailed { step: "backend:pull".to_owned(), failure: failure("the engine is gone") },
    ]), @r"
     Applying start backend (new)
       Failed start backend (new): no space left on device
     Verified health: fail, 1 of 2 services is not healthy (0.1s)
              fail  backend is unhealthy
                    log:
                      starting
                      no such table: kudos
                    remedy: look at its log
    Unwinding `health` failed
       Undone start backend (new)
       Failed undo of backend:pull: the engine is gone
    ");
}

#[test]
fn what_recorders_say_and_what_they_were_not_told_is_shown() {
    let told = |summary: Option<&str>| Progress::TellingFinished {
        recorder: "contracts".to_owned(),
        told: true,
        summary: summary.map(str::to_owned),
        took: TENTH,
    };
    let aside = Progress::SetAside {
        number: 12,
        recorder: "contracts".to_owned(),
        deployment: "4f0c9t2m1k8z".to_owned(),
        version: "v2".to_owned(),
        reason: "the broker knows no version v2 of `Kudos`".to_owned(),
        hint: Some("publish v2, then deploy it again".to_owned()),
    };
    let waits = Progress::RecordsWait {
        recorder: "chat".to_owned(),
        count: 3,
        since: "2026-08-22T09:00:00Z".to_owned(),
        reason: Some("`https://chat.example` answered 503".to_owned()),
        hint: None,
        due: "2026-08-22T09:05:00Z".parse().unwrap(),
    };
    insta::assert_snapshot!(plain(&[told(None), told(Some("already recorded")), aside, waits]), @"
        Told contracts (0.1s)
    Recorder contracts: already recorded (0.1s)
    NOT TOLD the recorder `contracts` rejected deployment 4f0c9t2m1k8z (v2) for good: the broker
             knows no version v2 of `Kudos`; it is set aside until `windlass outbox drop 12 --reason
             …` removes it
             hint: publish v2, then deploy it again
       Waits delivery to the recorder `chat` failed and will be retried: `https://chat.example`
             answered 503; 3 events wait since 2026-08-22 09:00:00Z; the next deployment after
             2026-08-22 09:05:00Z tries again, or `windlass outbox flush` now
    ");
}

#[test]
fn what_is_under_way_for_several_applications_has_their_names() {
    let mut page = Page::new();
    let mut keys = Vec::new();
    for application in ["kudos", "shop"] {
        let mut narrator = Narrator::new(false, 100);
        for progress in [started("web", "start web"), Progress::StepFinished { step: "web".to_owned(), took: TENTH }] {
            for told in narrator.narrate(&progress) {
                match told.about(application, true) {
                    Told::Begin { key, plain, .. } => {
                        keys.push(key);
                        page.push(plain.unwrap());
                    }
                    Told::Line(line) => page.push(line),
                    Told::End { key } => assert!(keys.contains(&key), "{key}"),
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    assert_eq!(keys, ["kudos step web", "shop step web"]);
    insta::assert_snapshot!(page.render(false), @"
    kudos:   Applying start web
    kudos:    Applied start web (0.1s)
    shop:   Applying start web
    shop:    Applied start web (0.1s)
    ");
}

#[test]
fn what_began_alone_ends_when_another_application_is_shown() {
    let key = || "step web".to_owned();
    let begin = Told::Begin { key: key(), verb: "Applying", text: "start web".to_owned(), plain: None };
    let both = (begin.about("kudos", false), Told::End { key: key() }.about("kudos", true));
    let (Told::Begin { key: first, text, .. }, Told::End { key: last }) = both else { panic!("they changed") };
    assert_eq!((first, text.as_str()), (last, "start web"));
}
