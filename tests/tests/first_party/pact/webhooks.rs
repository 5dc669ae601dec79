//! `check-pact` and webhooks: the broker sends one for the newest contract, which is not always the one that waits.

use serde_json::json;
use windlass_domain::{Finding, Report, Verdict};

use super::Desk;

fn desk() -> Desk {
    let desk = Desk::new("check-pact");
    desk.broker.state().webhooks.insert("w1".to_owned(), 0);
    desk
}

async fn send(desk: &Desk) -> Report {
    let report = desk.check(json!({ "webhook": "w1" })).await.unwrap();
    assert_eq!(report.verdict, Verdict::Pending, "{report:?}");
    report
}

fn told(report: &Report) -> &Finding {
    report.findings.iter().find(|finding| finding.id == "webhook:w1").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_that_it_was_sent_for_is_told() {
    let desk = desk();
    let report = send(&desk).await;
    let finding = told(&report);
    assert_eq!(finding.verdict, Verdict::Pass);
    let words =
        "which answered 201, for the contract of Shop Web 2 with Shop API (without saying that version 1 has to";
    assert!(finding.title.contains(words), "{}", finding.title);
    // The same content in a newer version is verified for both.
    desk.broker.state().publish(("Shop Web", "3"), "Shop API", "one");
    assert_eq!(told(&send(&desk).await).verdict, Verdict::Pass);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_contract_is_not_the_one_that_waits() {
    let desk = desk();
    desk.broker.state().publish(("Shop Web", "9"), "Shop API", "nine");
    let report = send(&desk).await;
    let finding = told(&report);
    assert_eq!(finding.verdict, Verdict::Warn);
    let words = "for the newest contract, that of version 9 of Shop Web, and not for that of Shop Web 2 with Shop API";
    assert!(finding.title.contains(words), "{}", finding.title);
    assert!(finding.remedy.as_ref().unwrap().contains("`contract_requiring_verification_published`"), "{finding:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_for_others_is_not_sent_and_one_that_names_nothing_proves_nothing() {
    let desk = desk();
    desk.broker.state().webhook_sides.insert("w1".to_owned(), (None, Some("Shop Mail".to_owned())));
    let report = send(&desk).await;
    assert!(told(&report).title.contains("it is for other contracts than those that wait"), "{report:?}");
    assert_eq!(desk.broker.state().webhooks["w1"], 0);
    desk.broker.state().webhook_sides.clear();
    desk.broker.state().webhooks_say_nothing = true;
    let report = send(&desk).await;
    assert_eq!(told(&report).verdict, Verdict::Warn);
    assert!(told(&report).title.contains("with a request that names no contract"), "{report:?}");
    assert_eq!(desk.broker.state().webhooks["w1"], 1);
}
