//! Answers as a broker gives them, and what they must mean.

use std::collections::BTreeMap;

use windlass_pact::{Integrations, Live, Place, Resource};

use super::*;
use crate::words::{summary, words};

fn row(consumer: (&str, &str), provider: (&str, Option<&str>), success: Option<bool>) -> Value {
    let result = success.map(|success| json!({ "success": success, "_links": { "self": { "href": "http://b/r" } } }));
    json!({
        "consumer": { "name": consumer.0, "version": { "number": consumer.1 } },
        "provider": { "name": provider.0, "version": provider.1.map(|number| json!({ "number": number })) },
        "pact": { "_links": { "self": { "href": "http://b/p" } } },
        "verificationResult": result,
    })
}

/// An answer without notices.
fn matrix(deployable: &Value, rows: &[Value]) -> Matrix {
    let count = |success: Option<bool>| {
        let said = |row: &&Value| row.pointer("/verificationResult/success").and_then(Value::as_bool) == success;
        rows.iter().filter(said).count()
    };
    let (success, failed, unknown) = (count(Some(true)), count(Some(false)), count(None));
    let answer = json!({
        "summary": {
            "deployable": deployable, "reason": "because", "success": success, "failed": failed, "unknown": unknown,
        },
        "notices": [{ "type": "error", "text": "because" }],
        "matrix": rows,
    });
    Matrix::read(&Resource(answer), 100).unwrap()
}

/// What the broker concludes of rows when it makes no mistake.
fn fair(rows: &[Value]) -> Matrix {
    let of = |row: &Value| row.pointer("/verificationResult/success").and_then(Value::as_bool);
    let deployable = if rows.iter().any(|row| of(row).is_none()) {
        Value::Null
    } else {
        json!(rows.iter().all(|row| of(row) == Some(true)))
    };
    matrix(&deployable, rows)
}

fn live(all: &[(&str, &str)]) -> Live {
    let mut live = Live::default();
    for (name, version) in all {
        live.add(name, version, Place::Deployed(None));
    }
    live
}

fn gathered(release: Matrix, live: Live) -> Gathered {
    Gathered { live, release, beside: Vec::new(), integrations: None, changed: false, unasked: None }
}

fn staying(name: &str, version: &str) -> Staying {
    let places = vec![Place::Deployed(Some("host2".to_owned()))];
    Staying { name: name.to_owned(), version: version.to_owned(), places }
}

fn ask_with(more: &Value, names: &[(&str, &str)], gathered: &Gathered) -> (Verdict, String, Vec<Finding>) {
    let mut table = json!({ "broker": { "url": "http://b" }, "pacticipants": {} });
    for (key, value) in more.as_object().unwrap() {
        table[key] = value.clone();
    }
    let config: Config = windlass_sdk::serde_json::from_value(table).unwrap();
    let asked = |(name, version): &(&str, &str)| Pacticipant {
        artifact: name.to_lowercase(),
        name: (*name).to_owned(),
        version: (*version).to_owned(),
    };
    let pacticipants: Vec<Pacticipant> = names.iter().map(asked).collect();
    let question = Question { config: &config, pacticipants: &pacticipants, environment: "uat" };
    let mut findings = judge(&question, gathered);
    findings.extend(words(&gathered.release, whole(&findings)));
    (whole(&findings), summary(&question, gathered, &findings), findings)
}

fn ask(names: &[(&str, &str)], gathered: &Gathered) -> (Verdict, String) {
    let (verdict, summary, _) = ask_with(&json!({}), names, gathered);
    (verdict, summary)
}

fn web(matrix: &Matrix, live: Live) -> (Verdict, String) {
    ask(&[WEB], &gathered(matrix.clone(), live))
}

const WEB: (&str, &str) = ("Web", "2");

#[test]
fn a_yes_is_a_yes_for_a_reason() {
    let answer = matrix(&json!(true), &[row(WEB, ("API", Some("1")), Some(true))]);
    let (verdict, summary) = web(&answer, live(&[("API", "1"), ("Other", "5")]));
    assert_eq!((verdict, summary.as_str()), (Verdict::Pass, "Web 2 may be deployed to uat: 1 verification succeeded"));
    let warning = windlass_pact::Notice { kind: "warning".to_owned(), text: "look".to_owned() };
    let (verdict, summary) = web(&Matrix { notices: vec![warning], ..answer }, live(&[("API", "1")]));
    assert_eq!(verdict, Verdict::Warn, "the broker's warning is shown");
    assert!(summary.contains("look"), "{summary}");
}

#[test]
fn a_failure_is_a_no_although_something_else_is_unknown() {
    let rows = [row(WEB, ("API", Some("1")), Some(false)), row(WEB, ("Mail", None), None)];
    let answer = matrix(&Value::Null, &rows);
    let (verdict, summary) = web(&answer, live(&[("API", "1"), ("Mail", "1")]));
    assert_eq!(verdict, Verdict::Fail);
    assert!(summary.contains("API 1 broke the contract of Web 2: http://b/r"), "{summary}");
    let hidden = Matrix { rows: Vec::new(), ..answer };
    assert_eq!(web(&hidden, live(&[])).0, Verdict::Fail, "counted, although not listed");
}

#[test]
fn an_unknown_is_waited_for_unless_nobody_wants_to() {
    let answer = gathered(matrix(&Value::Null, &[row(WEB, ("API", None), None)]), live(&[("API", "1")]));
    let (verdict, summary) = ask(&[WEB], &answer);
    assert_eq!(verdict, Verdict::Pending);
    assert!(summary.contains("no verification of the contract of Web 2 by API 1 is known"), "{summary}");
    assert_eq!(ask_with(&json!({ "retry": false }), &[WEB], &answer).0, Verdict::Fail);
}

#[test]
fn a_live_version_of_a_provider_that_said_nothing_is_unknown_where_the_broker_says_yes() {
    let answer = matrix(&json!(true), &[row(WEB, ("API", Some("1")), Some(true))]);
    let (verdict, summary) = web(&answer, live(&[("API", "1"), ("API", "2")]));
    assert_eq!(verdict, Verdict::Pending);
    assert!(summary.contains("API 2 is live in uat and has not verified the contract of Web 2"), "{summary}");
}

#[test]
fn a_provider_that_is_nowhere_is_not_waited_for() {
    let answer = matrix(&Value::Null, &[row(WEB, ("API", None), None)]);
    let (verdict, summary, findings) = ask_with(&json!({}), &[WEB], &gathered(answer, live(&[("Web", "1")])));
    assert_eq!(verdict, Verdict::Fail);
    assert!(summary.contains("nothing is recorded in uat"), "{summary}");
    let remedy = findings[0].remedy.as_ref().unwrap();
    assert!(remedy.contains("deploy API to uat first") && remedy.contains("both in one release"), "{remedy}");
}

#[test]
fn a_provider_is_held_to_every_live_consumer() {
    let api = [("API", "2")];
    let rows = [row(("Web", "1"), ("API", Some("2")), Some(true)), row(("App", "7"), ("API", None), None)];
    let live = live(&[("Web", "1"), ("App", "7"), ("API", "1")]);
    let (verdict, summary) = ask(&api, &gathered(matrix(&Value::Null, &rows), live));
    assert_eq!(verdict, Verdict::Pending);
    assert!(summary.contains("contract of App 7 by API 2"), "{summary}");
}

#[test]
fn several_that_go_together_are_held_to_each_other_and_not_to_what_they_replace() {
    let both = [("API", "2"), WEB];
    let rows = [row(WEB, ("API", Some("2")), Some(true))];
    let answer = gathered(fair(&rows), live(&[("API", "1"), ("Web", "1")]));
    assert_eq!(ask(&both, &answer).0, Verdict::Pass);
    assert_eq!(ask(&both, &gathered(fair(&rows), live(&[]))).0, Verdict::Pass, "also when it is the first deployment");
    let broken = [row(WEB, ("API", Some("2")), Some(false))];
    assert_eq!(ask(&both, &gathered(fair(&broken), live(&[("API", "1")]))).0, Verdict::Fail);
}

#[test]
fn what_stays_live_as_another_instance_is_held_to_what_comes() {
    let both = [("API", "14"), ("Web", "5")];
    let pair = row(("Web", "5"), ("API", Some("14")), Some(true));
    let mut answer = gathered(fair(std::slice::from_ref(&pair)), live(&[("API", "13"), ("Web", "1"), ("Web", "4")]));
    for (success, verdict, words) in [
        (Some(true), Verdict::Pass, "2 verifications succeeded"),
        (
            Some(false),
            Verdict::Fail,
            "API 14 broke the contract of Web 1 (Web 1 stays live in uat as instance `host2`)",
        ),
        (None, Verdict::Pending, "no verification of the contract of Web 1 by API 14 is known (Web 1 stays live"),
    ] {
        let provider = success.map(|_| "14");
        answer.beside = vec![(staying("Web", "1"), fair(&[row(("Web", "1"), ("API", provider), success)]))];
        let (found, summary) = ask(&both, &answer);
        assert_eq!(found, verdict, "{summary}");
        assert!(summary.contains(words), "{summary}");
    }
    // The other way round: the provider's former version stays, and the new consumer needs it as well.
    answer.beside = vec![(staying("API", "13"), fair(&[row(("Web", "5"), ("API", None), None)]))];
    let (verdict, summary) = ask(&both, &answer);
    assert_eq!(verdict, Verdict::Pending);
    assert!(summary.contains("contract of Web 5 by API 13 is known (API 13 stays live"), "{summary}");
}

#[test]
fn a_yes_needs_the_brokers_word_for_every_answer() {
    let both = [("API", "14"), ("Web", "5")];
    let pair = row(("Web", "5"), ("API", Some("14")), Some(true));
    let beside = row(("Web", "1"), ("API", Some("14")), Some(true));
    for (deployable, verdict) in
        [(json!(true), Verdict::Pass), (json!(false), Verdict::Fail), (json!(null), Verdict::Pending)]
    {
        let mut answer = gathered(fair(std::slice::from_ref(&pair)), live(&[("Web", "1")]));
        answer.beside = vec![(staying("Web", "1"), matrix(&deployable, std::slice::from_ref(&beside)))];
        assert_eq!(ask(&both, &answer).0, verdict, "{deployable} beside");
        answer.beside.clear();
        answer.release = matrix(&deployable, std::slice::from_ref(&pair));
        assert_eq!(ask(&both, &answer).0, verdict, "{deployable}");
    }
}

#[test]
fn a_consumer_that_is_a_provider_too_is_held_on_both_sides() {
    let middle = [("API", "3")];
    let consumer = row(("Web", "1"), ("API", Some("3")), Some(true));
    let live = live(&[("Web", "1"), ("API", "2"), ("Mail", "4"), ("Mail", "5")]);
    let verified = |version: &str, success| row(("API", "3"), ("Mail", Some(version)), Some(success));
    for (rows, verdict, words) in [
        (vec![consumer.clone(), verified("4", true), verified("5", true)], Verdict::Pass, "3 verifications"),
        (vec![consumer.clone(), verified("5", true)], Verdict::Pending, "Mail 4 is live in uat"),
        (vec![consumer, verified("4", false), verified("5", true)], Verdict::Fail, "Mail 4 broke"),
    ] {
        let (found, summary) = ask(&middle, &gathered(fair(&rows), live.clone()));
        assert_eq!(found, verdict, "{summary}");
        assert!(summary.contains(words), "{summary}");
    }
}

#[test]
fn what_the_broker_passes_over_counts_all_the_same() {
    for (success, verdict) in [(Some(true), Verdict::Pass), (Some(false), Verdict::Fail), (None, Verdict::Pending)] {
        let mut ignored = row(WEB, ("API", success.map(|_| "1")), success);
        ignored["ignored"] = json!(true);
        let answer = json!({ "summary": { "deployable": true, "ignored": 1 }, "matrix": [ignored] });
        let answer = Matrix::read(&Resource(answer), 100).unwrap();
        assert_eq!(web(&answer, live(&[("API", "1")])).0, verdict);
    }
}

#[test]
fn what_changes_while_the_broker_is_asked_is_asked_again() {
    let rows = [row(WEB, ("API", Some("1")), Some(true))];
    let mut answer = gathered(fair(&rows), live(&[("API", "1")]));
    answer.changed = true;
    let (verdict, summary) = ask(&[WEB], &answer);
    assert_eq!(verdict, Verdict::Pending);
    assert!(summary.contains("changed while the broker was asked"), "{summary}");
}

/// What is said of who has no contract that was looked at.
fn unseen(asked: (&str, &str), integrations: &[(&str, &str)], there: &[(&str, &str)]) -> (Verdict, String) {
    let mut answer = gathered(matrix(&json!(true), &[]), live(there));
    let mut known = Integrations::default();
    for (consumer, provider) in integrations {
        known.add(consumer, provider);
    }
    answer.integrations = Some(known);
    ask(&[asked], &answer)
}

#[test]
fn a_provider_without_consumers_there_goes_first() {
    let known = [("Web", "API"), ("App", "API")];
    let (verdict, summary) = unseen(("API", "1"), &known, &[("Other", "1")]);
    assert_eq!(verdict, Verdict::Pass);
    let words = "API 1 has nothing to break in uat: none of its consumers (App, Web) is live there";
    assert!(summary.contains(words) && !summary.contains("0 verifications"), "{summary}");
    let (verdict, summary) = unseen(("API", "1"), &known, &[("Web", "1")]);
    assert_eq!(verdict, Verdict::Inconclusive, "a live consumer without a contract is odd");
    assert!(summary.contains("what is live of Web has no contract with it"), "{summary}");
}

#[test]
fn nothing_to_check_is_a_question_of_policy_for_each() {
    let (verdict, summary) = unseen(WEB, &[("Other", "API")], &[]);
    assert_eq!(verdict, Verdict::Inconclusive);
    assert!(summary.contains("Web 2 has no contract with anything: the broker knows no consumer"), "{summary}");
    let (verdict, summary) = unseen(WEB, &[("Web", "API"), ("App", "Web")], &[]);
    assert_eq!(verdict, Verdict::Inconclusive, "other versions have contracts");
    assert!(summary.contains("other versions of it have contracts with API"), "{summary}");

    let empty = gathered(matrix(&json!(true), &[]), live(&[]));
    let (verdict, summary, _) = ask_with(&json!({ "nothing-to-check": "pass" }), &[WEB], &empty);
    assert_eq!(verdict, Verdict::Pass);
    assert!(
        summary.ends_with("Web 2 has no contract with anything in uat, which `nothing-to-check` lets pass"),
        "{summary}"
    );

    let rows = [row(WEB, ("API", None), None)];
    let both = [("Lonely", "1"), WEB];
    let answer = gathered(matrix(&Value::Null, &rows), live(&[("API", "1")]));
    let (verdict, _, findings) = ask_with(&json!({}), &both, &answer);
    assert_eq!(verdict, Verdict::Pending, "what policy may pass over does not hide what is waited for");
    assert!(findings.iter().any(|finding| finding.id == "nothing-to-check:Lonely"));
}

#[test]
fn what_an_old_version_has_is_no_contract_of_the_new_one() {
    let mut answer = gathered(matrix(&json!(true), &[]), live(&[("Web", "1")]));
    answer.beside = vec![(staying("Web", "1"), fair(&[row(("Web", "1"), ("API", Some("2")), Some(true))]))];
    let mut known = Integrations::default();
    known.add("Web", "API");
    answer.integrations = Some(known);
    let (verdict, summary) = ask(&[("API", "2"), WEB], &answer);
    assert_eq!(verdict, Verdict::Inconclusive);
    assert!(summary.contains("Web 2 has published no contract"), "{summary}");
}

#[test]
fn a_version_that_the_broker_does_not_know_is_a_no() {
    let (verdict, summary) = web(&matrix(&json!(false), &[]), live(&[]));
    assert_eq!(verdict, Verdict::Fail);
    assert!(summary.contains("the broker says no: because"), "{summary}");
}

#[test]
fn a_conclusion_that_is_neither_yes_nor_no_is_unknown() {
    let answer = matrix(&json!("yes"), &[row(WEB, ("API", Some("1")), Some(true))]);
    assert_eq!(web(&answer, live(&[("API", "1")])).0, Verdict::Pending);
}

#[test]
fn a_list_that_may_be_cut_is_no_yes() {
    let answer = matrix(&json!(true), &[row(WEB, ("API", Some("1")), Some(true))]);
    let cut = Matrix { may_be_cut: true, ..answer.clone() };
    assert_eq!(web(&cut, live(&[("API", "1")])).0, Verdict::Inconclusive);
    let mut beside = gathered(answer, live(&[("API", "1")]));
    beside.beside = vec![(staying("API", "0"), cut)];
    assert_eq!(ask(&[WEB], &beside).0, Verdict::Inconclusive);
}

#[test]
fn an_instance_without_a_name_is_refused() {
    let config = |more: Value| {
        let mut table = json!({ "broker": { "url": "http://b" }, "pacticipants": { "web": "Web" } });
        for (key, value) in more.as_object().unwrap() {
            table[key] = value.clone();
        }
        windlass_sdk::serde_json::from_value::<Config>(table).unwrap().check()
    };
    assert!(config(json!({ "instance": " " })).unwrap_err().message().contains("`instance` is empty"));
    assert!(config(json!({ "instance": "a", "record": "release" })).is_err());
    let named: BTreeMap<&str, &str> = BTreeMap::from([("instance", "a"), ("record", "deployment")]);
    assert!(config(json!(named)).is_ok());
}
