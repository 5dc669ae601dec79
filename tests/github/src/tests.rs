//! The stand-in answers as GitHub's description of its API says.

use serde_json::{Value, json};

use super::*;

const NAMES: [&str; 4] = ["a000000", "b000000", "c000000", "d000000"];

fn asked(method: &str, address: &str, body: Value) -> Asked {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    Asked {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        authorization: None,
        user_agent: true,
        body,
    }
}

/// `main` has three commits; `work` left it after the second and has one of its own.
fn state() -> State {
    let mut state = State { address: "http://here".to_owned(), ..State::default() };
    let repository = state.repository("o/r");
    repository.line("main", &NAMES[..3]);
    repository.line("work", &[NAMES[1], NAMES[3]]);
    state
}

fn get(state: &mut State, address: &str) -> (u16, Value, Answer) {
    send(state, "GET", address, Value::Null)
}

fn send(state: &mut State, method: &str, address: &str, body: Value) -> (u16, Value, Answer) {
    let answer = routes::answer(&asked(method, address, body), state);
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default(), answer)
}

#[test]
fn commits_are_compared_from_the_second_ones_side() {
    let mut state = state();
    for (base, head, word, commits) in [
        ("a000000", "main", "ahead", json!(["b000000", "c000000"])),
        ("main", "a000000", "behind", json!([])),
        ("main", "c000000", "identical", json!([])),
        ("main", "work", "diverged", json!(["d000000"])),
    ] {
        let (status, body, _) = get(&mut state, &format!("/repos/o/r/compare/{base}...{head}"));
        let names: Vec<&Value> = body["commits"].as_array().unwrap().iter().map(|commit| &commit["sha"]).collect();
        assert_eq!((status, &body["status"], json!(names)), (200, &json!(word), commits), "{base}...{head}");
    }
    assert_eq!(get(&mut state, "/repos/o/r/compare/main...nobody").0, 404);
}

#[test]
fn what_is_not_there_is_answered_in_its_own_way() {
    let mut state = state();
    for (path, status) in [
        ("/repos/o/r", 200),
        ("/repos/o/other", 404),
        ("/repos/o/r/commits/main", 200),
        ("/repos/o/r/commits/ffffffff", 422),
        ("/repos/o/r/branches/main", 200),
        ("/repos/o/r/branches/nobody", 404),
        ("/repos/o/r/git/ref/tags/v1", 404),
        ("/repos/o/r/issues/1", 404),
        ("/repos/o/r/releases/tags/v1", 404),
        ("/repos/o/r/assignees/nobody", 404),
    ] {
        assert_eq!(get(&mut state, path).0, status, "{path}");
    }
    state.tokens.insert("t".to_owned());
    assert_eq!(get(&mut state, "/repos/o/r").0, 404, "a private repository is hidden");
    let mut wrong = asked("GET", "/repos/o/r", Value::Null);
    wrong.authorization = Some("Bearer other".to_owned());
    assert_eq!(routes::answer(&wrong, &mut state).status, 401);
}

#[test]
fn lists_come_in_pages() {
    let mut state = state();
    for number in 0..5 {
        state.repository("o/r").status("a000000", &format!("s{number}"), "success");
    }
    let (_, body, answer) = get(&mut state, "/repos/o/r/commits/a000000/status?per_page=2&page=2");
    assert_eq!((&body["total_count"], body["statuses"].as_array().unwrap().len()), (&json!(5), 2));
    let link = answer.headers.iter().find(|(name, _)| name == "Link").unwrap();
    assert_eq!(link.1, "<http://here/repos/o/r/commits/a000000/status?per_page=2&page=3>; rel=\"next\"");
    let (_, _, answer) = get(&mut state, "/repos/o/r/commits/a000000/status?per_page=2&page=3");
    assert!(!answer.headers.iter().any(|(name, _)| name == "Link"));
}

#[test]
fn the_combined_state_is_the_worst_and_pending_when_there_is_none() {
    let mut state = state();
    let mut combined = |context: &str, word: &str| {
        if !context.is_empty() {
            state.repository("o/r").status("a000000", context, word);
        }
        get(&mut state, "/repos/o/r/commits/a000000/status").1["state"].clone()
    };
    assert_eq!(combined("", ""), "pending");
    assert_eq!(combined("one", "success"), "success");
    assert_eq!(combined("two", "pending"), "pending");
    assert_eq!(combined("three", "error"), "failure");
}

#[test]
fn annotated_tags_lead_to_an_object_and_that_to_the_commit() {
    let mut state = state();
    state.repository("o/r").tag("v1", "a000000");
    state.repository("o/r").annotated_tag("v2", "b000000", false, "unknown_key");
    assert_eq!(
        get(&mut state, "/repos/o/r/git/ref/tags/v1").1["object"],
        json!({ "type": "commit", "sha": "a000000" })
    );
    let object = get(&mut state, "/repos/o/r/git/ref/tags/v2").1["object"].clone();
    assert_eq!(object["type"], "tag");
    let path = format!("/repos/o/r/git/tags/{}", object["sha"].as_str().unwrap());
    let tag = get(&mut state, &path).1;
    assert_eq!((&tag["object"]["sha"], &tag["verification"]["reason"]), (&json!("b000000"), &json!("unknown_key")));
}

#[test]
fn what_is_written_is_checked_and_kept() {
    let mut state = state();
    state.repository("o/r").people.insert("ada".to_owned());
    let mut post = |path: &str, body: Value| send(&mut state, "POST", &format!("/repos/o/r/{path}"), body);
    assert_eq!(post("deployments", json!({ "ref": "nobody", "required_contexts": [] })).0, 422);
    assert_eq!(post("deployments", json!({ "ref": "main" })).0, 409);
    assert_eq!(post("deployments", json!({ "ref": "main", "required_contexts": [] })).1["id"], 1);
    assert_eq!(post("deployments/1/statuses", json!({ "state": "splendid" })).0, 422);
    assert_eq!(post("deployments/1/statuses", json!({ "state": "success" })).0, 201);
    assert_eq!(post("deployments/7/statuses", json!({ "state": "success" })).0, 404);
    assert_eq!(post("issues", json!({ "title": "", "body": "" })).0, 422);
    assert_eq!(post("issues", json!({ "title": "t", "body": "x".repeat(65_537) })).0, 422);
    assert_eq!(post("issues", json!({ "title": "t", "body": "x", "assignees": ["bob"] })).0, 422);
    assert_eq!(post("issues", json!({ "title": "t", "body": "x", "assignees": ["ada"] })).1["number"], 1);
    assert_eq!(post("releases", json!({ "tag_name": "v9", "target_commitish": "nobody" })).0, 422);
    assert_eq!(post("releases", json!({ "tag_name": "v9", "target_commitish": "main" })).0, 201);
    assert_eq!(post("releases", json!({ "tag_name": "v9" })).1["errors"][0]["code"], "already_exists");
    state.repository("o/r").no_issues = true;
    assert_eq!(get(&mut state, "/repos/o/r/issues").0, 410);
}

#[test]
fn an_answer_that_is_lost_was_written_all_the_same() {
    let mut state = state();
    state.fault = Some(Fault::Lost);
    let body = json!({ "title": "t", "body": "x" });
    assert_eq!(send(&mut state, "POST", "/repos/o/r/issues", body).0, 502);
    assert_eq!(state.repository("o/r").issues.len(), 1);
}
