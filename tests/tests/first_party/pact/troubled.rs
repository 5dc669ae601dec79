//! `check-pact` and a broker that does not answer: never a yes and never a no.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use serde_json::json;
use windlass_pact_stand_in::Fault;

use super::{Desk, SECRETS, hint};

fn desk() -> Desk {
    let desk = Desk::new("check-pact");
    desk.broker.state().verify(("Shop Web", "2"), ("Shop API", "1"), true);
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn each_trouble_is_an_error_that_says_what_it_is() {
    let desk = Desk { patience: Duration::from_secs(3), ..desk() };
    for (fault, code, words) in [
        (Fault::Broken, "unavailable", "the broker answered 500 to GET /"),
        (Fault::Down, "unavailable", "the broker answered 502 to GET /"),
        (Fault::Html, "unavailable", "what answered GET / is not a Pact Broker: it answered 200 with text/html"),
        (Fault::Lost, "unavailable", "it answered 404 with text/html; charset=utf-8, titled \"Sign in\""),
        (Fault::Half, "unavailable", "breaks off"),
        (Fault::Limited, "rate-limited", "again in 7 s"),
        (Fault::Slow, "timeout", "the broker gave no answer"),
    ] {
        desk.broker.state().fault = Some(fault);
        let failure = desk.check(json!({})).await.unwrap_err();
        assert_eq!(failure.code, code, "{failure:?}");
        assert!(failure.message.contains(words) && failure.retryable, "{failure:?}");
        assert!(!failure.message.contains('<'), "no page is repeated: {failure:?}");
        let wait = failure.details.as_ref().map(|details| details["retry-after"].clone()).unwrap_or_default();
        assert_eq!(wait, if fault == Fault::Limited { json!(7) } else { json!(null) }, "{failure:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_is_told_in_the_hosts_words() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut desk = desk();
    let address = format!("http://{}", listener.local_addr().unwrap());
    desk.sandbox = Desk::sandbox("check-pact", &address);
    desk.settings["url"] = json!(address);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/hal+json\r\nContent-Length: 500\r\n\r\n{";
            let _ = stream.write_all(head.as_bytes());
        }
    });
    let failure = desk.check(json!({})).await.unwrap_err();
    assert!(failure.code == "unavailable" && failure.retryable, "{failure:?}");
    assert!(!failure.message.contains("internal error") && !failure.message.contains("unavailable:"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_is_an_error() {
    let mut desk = desk();
    let free = format!("127.0.0.1:{}", windlass_stage::free_port().unwrap());
    desk.settings["url"] = json!(format!("http://{free}"));
    let failure = desk.check(json!({})).await.unwrap_err();
    assert_eq!(failure.code, "capability-denied", "no grant leads there: {failure:?}");

    let away = desk.broker.url().to_owned();
    desk.settings["url"] = json!(away);
    desk.broker = windlass_pact_stand_in::Broker::start().unwrap();
    let failure = desk.check(json!({})).await.unwrap_err();
    assert_eq!(failure.code, "unavailable", "{failure:?}");
    assert!(failure.retryable && failure.message.starts_with("the broker gave no answer"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_accepted_is_told_which_secret_it_was() {
    let nobody = desk().with_users();
    let mut stranger = nobody;
    stranger.settings = json!({ "url": stranger.broker.url() });
    let failure = stranger.check(json!({})).await.unwrap_err();
    assert!(failure.code == "unauthorized" && failure.message.contains("asks for a user"), "{failure:?}");

    let wrong = desk().with_users();
    wrong.broker.state().writer = Some((SECRETS[0].1.to_owned(), "another".to_owned()));
    let failure = wrong.check(json!({})).await.unwrap_err();
    assert!(failure.message.contains("secrets `pact-user` and `pact-password`"), "{failure:?}");
    assert!(!failure.retryable, "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_expired_or_not_taken_at_all() {
    let expired = desk().with_token();
    expired.broker.state().tokens.insert("another".to_owned());
    let failure = expired.check(json!({})).await.unwrap_err();
    assert!(failure.code == "unauthorized" && failure.message.contains("`pact-token`: it is expired"), "{failure:?}");
    expired.broker.state().tokens.insert(SECRETS[2].1.to_owned());
    expired.check(json!({})).await.unwrap();

    let open_source = desk().with_token();
    open_source.broker.state().writer = Some(("u".to_owned(), "p".to_owned()));
    let failure = open_source.check(json!({})).await.unwrap_err();
    assert!(failure.message.contains("it takes no bearer token"), "{failure:?}");
    assert!(hint(&failure).contains("basic authentication only"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_may_ask_and_may_have_no_webhook_sent() {
    let desk = Desk::new("check-pact").with_users();
    {
        let mut state = desk.broker.state();
        state.reader = state.writer.take();
        state.writer = Some(("another".to_owned(), "another".to_owned()));
        state.webhooks.insert("w1".to_owned(), 0);
    }
    let report = desk.check(json!({ "webhook": "w1" })).await.unwrap();
    let told = report.findings.iter().find(|finding| finding.id == "webhook:w1").unwrap();
    assert!(told.title.contains("may not write"), "{told:?}");
    assert!(told.remedy.as_ref().unwrap().contains("read-only"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_another_server_is_not_followed() {
    let desk = desk().with_users();
    desk.broker.state().base = "http://127.0.0.1:9".to_owned();
    let failure = desk.check(json!({})).await.unwrap_err();
    assert_eq!(failure.code, "plugin:foreign-link");
    assert!(failure.message.contains("leads to another server, http://127.0.0.1:9"), "{failure:?}");
    assert!(hint(&failure).contains("PACT_BROKER_BASE_URL"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_makes_no_sense_is_refused_before_anything_is_asked() {
    let desk = desk().with_users().with_token();
    let failure = desk.check(json!({})).await.unwrap_err();
    assert!(failure.code == "invalid-config" && failure.message.contains("`token`"), "{failure:?}");
    assert!(desk.broker.state().asked.is_empty());
}
