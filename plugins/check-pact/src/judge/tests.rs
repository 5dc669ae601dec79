//! Answers as a broker gives them, and what they must mean.

use windlass_pact::Resource;

use super::*;

fn row(consumer: (&str, &str), provider: (&str, Option<&str>), success: Option<bool>) -> Value {
    let result = success.map(|success| json!({ "success": success, "_links": { "self": { "href": "http://b/r" } } }));
    json!({
        "consumer": { "name": consumer.0, "version": { "number": consumer.1 } },
        "provider": { "name": provider.0, "version": provider.1.map(|number| json!({ "number": number })) },
        "pact": { "_links": { "self": { "href": "http://b/p" } } },
        "verificationResult": result,
    })
}

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
        "notices": [{ "type": "error", "text": "because" }, { "type": "warning", "text": "look" }],
        "matrix": rows,
    });
    Matrix::read(&Resource(answer), 100).unwrap()
}

fn live(all: &[(&str, &str)]) -> Live {
    let mut live = Live::default();
    for (name, version) in all {
        live.add(name, version);
    }
    live
}

fn ask(names: &[(&str, &str)], matrix: &Matrix, live: &Live, unknown: Verdict) -> (Verdict, String, Vec<Finding>) {
    let pacticipants: Vec<Pacticipant> = names
        .iter()
        .map(|(name, version)| Pacticipant {
            artifact: name.to_lowercase(),
            name: (*name).to_owned(),
            version: (*version).to_owned(),
        })
        .collect();
    let nothing_to_check = Policy::Inconclusive;
    let question = Question { pacticipants: &pacticipants, environment: "uat", nothing_to_check, unknown };
    let findings = judge(&question, matrix, live);
    (whole(&findings), summary(&question, matrix, &findings), findings)
}

fn web(matrix: &Matrix, live: &Live) -> (Verdict, String) {
    let (verdict, summary, _) = ask(&[("Web", "2")], matrix, live, Verdict::Pending);
    (verdict, summary)
}

const WEB: (&str, &str) = ("Web", "2");

#[test]
fn a_yes_is_a_yes() {
    let answer = matrix(&json!(true), &[row(WEB, ("API", Some("1")), Some(true))]);
    let (verdict, summary) = web(&answer, &live(&[("API", "1"), ("Other", "5")]));
    assert_eq!(verdict, Verdict::Warn, "the broker's warning is shown");
    assert!(summary.contains("look"), "{summary}");
    let quiet = Matrix { notices: Vec::new(), ..answer };
    let (verdict, summary) = web(&quiet, &live(&[("API", "1")]));
    assert_eq!((verdict, summary.as_str()), (Verdict::Pass, "Web 2 may be deployed to uat: 1 verification succeeded"));
}

#[test]
fn a_failure_is_a_no_although_something_else_is_unknown() {
    let rows = [row(WEB, ("API", Some("1")), Some(false)), row(WEB, ("Mail", None), None)];
    let answer = matrix(&Value::Null, &rows);
    let (verdict, summary) = web(&answer, &live(&[("API", "1"), ("Mail", "1")]));
    assert_eq!(verdict, Verdict::Fail);
    assert!(summary.contains("API 1 broke the contract of Web 2: http://b/r"), "{summary}");
    let hidden = Matrix { rows: Vec::new(), ..answer };
    assert_eq!(web(&hidden, &live(&[])).0, Verdict::Fail, "counted, although not listed");
}

#[test]
fn an_unknown_is_waited_for_unless_nobody_wants_to() {
    let answer = matrix(&Value::Null, &[row(WEB, ("API", None), None)]);
    let live = live(&[("API", "1")]);
    assert_eq!(web(&answer, &live).0, Verdict::Pending);
    assert_eq!(ask(&[("Web", "2")], &answer, &live, Verdict::Fail).0, Verdict::Fail);
}

#[test]
fn a_live_version_of_a_provider_that_said_nothing_is_unknown_where_the_broker_says_yes() {
    let answer = matrix(&json!(true), &[row(WEB, ("API", Some("1")), Some(true))]);
    let (verdict, summary) = web(&answer, &live(&[("API", "1"), ("API", "2")]));
    assert_eq!(verdict, Verdict::Pending);
    assert!(summary.contains("API 2 is live in uat and has not verified the contract of Web"), "{summary}");
}

#[test]
fn a_provider_that_is_nowhere_is_not_waited_for() {
    let answer = matrix(&Value::Null, &[row(WEB, ("API", None), None)]);
    let (verdict, summary) = web(&answer, &live(&[("Web", "1")]));
    assert_eq!(verdict, Verdict::Fail);
    assert!(summary.contains("nothing is recorded in uat"), "{summary}");
}

#[test]
fn a_provider_is_held_to_every_live_consumer() {
    let api = [("API", "2")];
    let rows = [row(("Web", "1"), ("API", Some("2")), Some(true)), row(("App", "7"), ("API", None), None)];
    let live = live(&[("Web", "1"), ("App", "7"), ("API", "1")]);
    let (verdict, summary, _) = ask(&api, &matrix(&Value::Null, &rows), &live, Verdict::Pending);
    assert_eq!(verdict, Verdict::Pending);
    assert!(summary.contains("contract of App 7 by API 2"), "{summary}");
}

#[test]
fn several_that_go_together_are_held_to_each_other_and_not_to_what_they_replace() {
    let both = [("API", "2"), ("Web", "2")];
    let rows = [row(WEB, ("API", Some("2")), Some(true))];
    let live = live(&[("API", "1"), ("Web", "1")]);
    let answer = Matrix { notices: Vec::new(), ..matrix(&json!(true), &rows) };
    assert_eq!(ask(&both, &answer, &live, Verdict::Pending).0, Verdict::Pass);
}

#[test]
fn nothing_to_check_is_a_question_of_policy_for_each() {
    let (verdict, summary) = web(&matrix(&json!(true), &[]), &live(&[]));
    assert_eq!(verdict, Verdict::Inconclusive);
    assert!(summary.contains("Web 2 has no contract with anything in uat"), "{summary}");
    let rows = [row(WEB, ("API", None), None)];
    let both = [("Lonely", "1"), ("Web", "2")];
    let (verdict, _, findings) = ask(&both, &matrix(&Value::Null, &rows), &live(&[("API", "1")]), Verdict::Pending);
    assert_eq!(verdict, Verdict::Pending, "what policy may pass over does not hide what is waited for");
    assert!(findings.iter().any(|finding| finding.id == "nothing-to-check:Lonely"));
}

#[test]
fn a_version_that_the_broker_does_not_know_is_a_no() {
    let (verdict, summary) = web(&matrix(&json!(false), &[]), &live(&[]));
    assert_eq!(verdict, Verdict::Fail);
    assert!(summary.contains("the broker says no: because"), "{summary}");
}

#[test]
fn a_conclusion_that_is_neither_yes_nor_no_is_unknown() {
    let answer = matrix(&json!("yes"), &[row(WEB, ("API", Some("1")), Some(true))]);
    assert_eq!(web(&answer, &live(&[("API", "1")])).0, Verdict::Pending);
}

#[test]
fn a_list_that_may_be_cut_is_no_yes() {
    let answer = matrix(&json!(true), &[row(WEB, ("API", Some("1")), Some(true))]);
    let answer = Matrix { may_be_cut: true, ..answer };
    assert_eq!(web(&answer, &live(&[("API", "1")])).0, Verdict::Inconclusive);
}
