//! Pages of facts that a hostile application, plugin or team made.

use jiff::Timestamp;
use serde_json::json;
use windlass_api::ErrorFact;
use windlass_api::facts::{
    CourseFact, DeploymentFact, HistoryFact, LogFact, OpenFact, PartFact, ProbeFact, RecordFact, ReleaseFact, SpanFact,
    StatusFact, StepFact,
};
use windlass_domain::{Action, Change, Difference, Failure, Finding, Report, Verdict};
use windlass_foundation::explain::ExitCode;

use super::{Kept, View, application, failed, missing, overview, policy};

fn release(version: &str) -> ReleaseFact {
    serde_json::from_value(json!({
        "id": format!("sha256:{}", "ab".repeat(32)),
        "version": version,
        "commit": "1ef921a7c0de1ef921a7c0de",
        "artifacts": { "web": {
            "repository": "registry.example/kudos/web", "tag": version, "digest": format!("sha256:{}", "cd".repeat(32)),
            "local": false,
        } },
    }))
    .unwrap()
}

/// A deployment that ended so.
pub(crate) fn deployment(outcome: &str) -> DeploymentFact {
    serde_json::from_value(json!({
        "deployment": "4f0c9t2m1k8z", "sequence": 12, "application": "kudos", "environment": "uat", "outcome": outcome,
        "cancelled": false, "rollback": false, "actor": "anna", "started": "2026-08-21T14:03:11Z",
        "finished": "2026-08-21T14:03:30Z", "took": 19_100, "phases": [], "checks": [], "smoke": [], "steps": [],
        "left-behind": [], "records": [], "outbox": [], "next": [],
        "release": serde_json::to_value(release("v2")).unwrap(),
    }))
    .unwrap()
}

fn status() -> StatusFact {
    serde_json::from_value(json!({
        "application": "kudos", "environment": "uat", "release": serde_json::to_value(release("v2")).unwrap(),
        "deployment": "4f0c9t2m1k8z", "since": "2026-08-21T14:03:30Z", "by": "anna (local user 1000)", "parts": [],
        "drift": [], "quarantined": [], "outbox": [],
    }))
    .unwrap()
}

fn line(text: &str) -> HistoryFact {
    serde_json::from_value(json!({
        "sequence": 12, "deployment": "4f0c9t2m1k8z", "application": "kudos", "environment": "uat", "outcome": "succeeded",
        "cancelled": false, "rollback": false, "version": text, "actor": text, "reason": text, "started": text,
    }))
    .unwrap()
}

fn view(kept: Kept) -> View<'static> {
    let now: Timestamp = "2026-08-21T14:10:00Z".parse().unwrap();
    View { environment: "uat", now, kept, looked: None, stopping: false }
}

/// A deployment of which every text that comes from outside is this one.
fn hostile(text: &str) -> (DeploymentFact, CourseFact) {
    let own = || text.to_owned();
    let failure = Failure {
        code: "x".to_owned(),
        message: own(),
        retryable: false,
        details: Some(
            json!({ "hint": text, "log": text, "logs": [text], "health-log": { text: { "ExitCode": 1, "Output": text } } }),
        ),
    };
    let finding = Finding::new(text, Verdict::Fail, text).remedy(text).evidence(json!({ text: text, "list": [text] }));
    let probe = ProbeFact { name: own(), report: Some(Report::of(vec![finding], text)), failure: None, took: Some(1) };
    let broken = ProbeFact { name: own(), report: None, failure: Some(failure.clone()), took: None };
    let step = StepFact {
        step: own(),
        title: own(),
        state: own(),
        applied: Some(own()),
        took: Some(u64::MAX),
        undo_took: None,
    };
    let record = RecordFact {
        recorder: own(),
        number: 1,
        state: own(),
        summary: Some(own()),
        failure: Some(own()),
        time: Some(own()),
    };
    let fact = DeploymentFact {
        deployment: own(),
        application: own(),
        environment: own(),
        outcome: own(),
        actor: own(),
        reason: Some(own()),
        break_glass: Some(own()),
        release: Some(ReleaseFact { id: own(), commit: Some(own()), label: Some(own()), ..release(text) }),
        trouble: Some(own()),
        started: own(),
        finished: Some(own()),
        checks: vec![probe.clone(), broken],
        smoke: vec![probe],
        steps: vec![step],
        failure: Some(failure.clone()),
        undo_failure: Some(Failure { message: format!("{text}2"), ..failure }),
        left_behind: vec![own()],
        left_unknown: Some(own()),
        records: vec![record],
        next: vec![own()],
        ..deployment("stuck")
    };
    let span = |kind: &str| SpanFact {
        kind: kind.to_owned(),
        phase: own(),
        title: own(),
        began: "2026-08-21T14:03:11Z".to_owned(),
        ended: None,
        state: own(),
    };
    let change = Change {
        subject: own(),
        action: Action::Replace,
        cause: own(),
        manner: Some(own()),
        differences: vec![Difference { field: own(), from: Some(own()), to: None }],
    };
    let log = LogFact { deployment: own(), time: own(), source: own(), level: own(), message: own() };
    let course = CourseFact {
        works: true,
        changes: vec![change],
        warnings: vec![own()],
        spans: vec![span("phase"), span("step"), span(text)],
        log: vec![log],
        log_left_out: 3,
    };
    (fact, course)
}

/// Every page with this text in every place.
fn pages(text: &str) -> Vec<String> {
    let (fact, course) = hostile(text);
    let part = PartFact {
        service: text.to_owned(),
        instance: text.to_owned(),
        version: Some(text.to_owned()),
        reference: Some(text.to_owned()),
        state: text.to_owned(),
        health: Some(text.to_owned()),
        restarts: 3,
        since: Some(text.to_owned()),
        trouble: Some(text.to_owned()),
        finished: false,
    };
    let open = OpenFact {
        deployment: text.to_owned(),
        version: Some(text.to_owned()),
        started: text.to_owned(),
        holder: Some(text.to_owned()),
    };
    let status = StatusFact {
        application: text.to_owned(),
        by: Some(text.to_owned()),
        parts: Some(vec![part]),
        unobserved: Some(text.to_owned()),
        drift: vec![text.to_owned()],
        open: Some(open),
        stuck: Some(text.to_owned()),
        frozen: Some(text.to_owned()),
        pinned: Some(text.to_owned()),
        quarantined: vec![text.to_owned()],
        ..status()
    };
    let error =
        ErrorFact { caused_by: vec![text.to_owned()], ..ErrorFact::new(ExitCode::Unexpected, text).with_hint(text) };
    let (served, kept) = (view(Kept::Served), view(Kept::File));
    let history = [line(text)];
    vec![
        overview(&served, std::slice::from_ref(&status), &history),
        application(&served, &status, &history),
        deployment_page(&served, &fact, &course),
        deployment_page(&kept, &fact, &course),
        missing(&served, text, &history),
        failed(&served, &error),
    ]
}

fn deployment_page(view: &View<'_>, fact: &DeploymentFact, course: &CourseFact) -> String {
    crate::deployment(view, fact, course)
}

#[test]
fn no_text_becomes_markup() {
    let hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;`</style>";
    for page in pages(hostile) {
        let page = page.replace(include_str!("live.js"), "").replace(include_str!("style.css"), "");
        assert!(page.contains("&lt;script&gt;alert(1)"), "{page}");
        for forbidden in ["<script>alert", "<img", "</script>\"", "'><", "onerror=alert(2)>"] {
            assert!(!page.contains(forbidden), "{forbidden} is in {page}");
        }
        assert_eq!(page.matches("</style>").count(), 1, "{page}");
    }
}

#[test]
fn no_text_has_what_moves_a_cursor_or_reorders_what_is_around_it() {
    for page in pages("a\u{1b}[2J\u{7}b\u{202e}c\u{2066}d\u{200b}e\u{0}") {
        assert!(page.contains("abcde"), "{page}");
        let hidden = |character: char| {
            (character.is_control() && character != '\n') || matches!(character, '\u{202e}' | '\u{2066}' | '\u{200b}')
        };
        assert_eq!(page.find(hidden).map(|at| &page[at.saturating_sub(80)..at]), None);
    }
}

#[test]
fn a_page_of_long_texts_stays_small() {
    for page in pages(&"x".repeat(1 << 20)) {
        assert!(page.len() < 200_000, "{} bytes", page.len());
    }
    let (mut fact, mut course) = hostile("many");
    fact.checks = vec![fact.checks[0].clone(); 10_000];
    fact.steps = vec![fact.steps[0].clone(); 10_000];
    fact.records = vec![fact.records[0].clone(); 10_000];
    course.spans = vec![course.spans[1].clone(); 10_000];
    course.changes = vec![course.changes[0].clone(); 10_000];
    let page = deployment_page(&view(Kept::Served), &fact, &course);
    assert!(page.len() < 1_500_000, "{} bytes", page.len());
}

#[test]
fn a_file_has_no_script_no_link_and_its_own_policy() {
    let (fact, course) = hostile("kudos");
    let page = deployment_page(&view(Kept::File), &fact, &course);
    assert!(page.contains("http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-"));
    for forbidden in ["<script", "href=\"/", "http://", "https://", "http-equiv=\"refresh\"", "@import", "url("] {
        assert!(!page.replace("http://www.w3.org/2000/svg", "").contains(forbidden), "{forbidden}");
    }
}

#[test]
fn only_what_goes_on_is_fetched_again_without_a_script() {
    let refreshes = |page: &str| page.contains("<noscript><meta http-equiv=\"refresh\"");
    let served = view(Kept::Served);
    let course = CourseFact { works: true, ..CourseFact::default() };
    assert!(refreshes(&deployment_page(&served, &deployment("open"), &course)));
    let ended = deployment_page(&served, &deployment("succeeded"), &CourseFact::default());
    assert!(!refreshes(&ended) && !ended.contains("<script"));
    let quiet = overview(&served, &[status()], &[]);
    assert!(!refreshes(&quiet) && quiet.contains("<main data-change=\"perhaps\">"));
}

#[test]
fn the_policy_has_the_hashes_of_what_a_page_has_in_it() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let page = overview(&view(Kept::Served), &[status()], &[]);
    for (begins, ends) in [("<style>", "</style>"), ("<script>", "</script>")] {
        let inside = page.split_once(begins).unwrap().1.split_once(ends).unwrap().0;
        let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(inside));
        assert!(policy().contains(&format!("'sha256-{hash}'")), "{begins}");
    }
    assert!(!policy().contains("unsafe") && policy().starts_with("default-src 'none'"));
}
