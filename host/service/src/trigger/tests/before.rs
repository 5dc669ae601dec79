//! What GitHub's events give is what they gave when GitHub was written into the code.

use serde_json::{Map, Value, json};

use super::*;

/// As it was.
fn fields_before(body: &Value) -> Fields {
    let mut fields = Fields::new();
    let mut put = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            fields.insert(name.to_owned(), value.to_owned());
        }
    };
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    put("event", Some("push"));
    put("action", text("/action"));
    put("repository", text("/repository/full_name"));
    put("sender", text("/sender/login"));
    let reference = text("/ref").unwrap_or_default();
    let kind = text("/ref_type");
    put("branch", reference.strip_prefix("refs/heads/").or((kind == Some("branch")).then_some(reference)));
    put("tag", reference.strip_prefix("refs/tags/").or((kind == Some("tag")).then_some(reference)));
    put("tag", text("/release/tag_name"));
    // A push that deletes a branch has a commit of zeros.
    put("commit", text("/after").filter(|commit| commit.bytes().any(|digit| digit != b'0')));
    for run in ["workflow_run", "check_suite", "check_run"] {
        let of = |name: &str| text(&format!("/{run}/{name}"));
        put("branch", of("head_branch"));
        put("commit", of("head_sha"));
        put("workflow", of("name"));
        put("conclusion", of("conclusion"));
    }
    for (subject, head) in [("workflow_run", "head_repository"), ("pull_request", "head/repo")] {
        if body.get(subject).is_some() {
            put("head-repository", Some(text(&format!("/{subject}/{head}/full_name")).unwrap_or("unknown")));
        }
    }
    put("branch", text("/pull_request/head/ref"));
    put("commit", text("/pull_request/head/sha"));
    fields
}

/// Every place that was looked at, and some beside it.
const PLACES: &[&str] = &[
    "/action",
    "/repository/full_name",
    "/sender/login",
    "/ref",
    "/ref_type",
    "/release/tag_name",
    "/after",
    "/workflow_run",
    "/workflow_run/head_branch",
    "/workflow_run/head_sha",
    "/workflow_run/name",
    "/workflow_run/conclusion",
    "/workflow_run/head_repository",
    "/workflow_run/head_repository/full_name",
    "/check_suite/head_branch",
    "/check_suite/conclusion",
    "/check_run/head_branch",
    "/check_run/head_sha",
    "/check_run/name",
    "/pull_request",
    "/pull_request/head",
    "/pull_request/head/ref",
    "/pull_request/head/sha",
    "/pull_request/head/repo",
    "/pull_request/head/repo/full_name",
];

fn values() -> Vec<Value> {
    let texts = [
        "",
        "main",
        "branch",
        "tag",
        "refs/heads/main",
        "refs/heads/",
        "refs/tags/v1",
        "refs/tags/",
        "refs/pull/1/head",
        "0000",
        "00a0",
        "acme/shop",
        "unknown",
        "a\nb",
    ];
    let others = [Value::Null, json!(7), json!(0), json!(true), json!([]), json!({}), json!(["main"])];
    texts.into_iter().map(Value::from).chain(others).collect()
}

/// Puts a value there; what is in the way and no object stays.
fn put(body: &mut Value, place: &str, value: Value) {
    let mut here = body;
    for name in place.split('/').skip(1) {
        let Value::Object(fields) = here else { return };
        here = fields.entry(name).or_insert_with(|| Value::Object(Map::new()));
    }
    *here = value;
}

#[test]
fn githubs_events_give_what_they_gave() {
    let (trigger, values) = (github(), values());
    // A generator of its own, so that the same bodies are tried each time.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut draw = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..5_000 {
        let mut body = json!({});
        for _ in 0..=draw(9) {
            let place = PLACES[draw(PLACES.len())];
            let value = &values[draw(values.len())];
            // The one that is told below.
            if !(place.contains("/head") && place.ends_with("/full_name") && *value == "") {
                put(&mut body, place, value.clone());
            }
        }
        let given = fields(&trigger, &signed("push", &body.to_string())).unwrap();
        assert_eq!(given, fields_before(&body), "{body}");
        seen.extend(given.into_keys());
    }
    assert_eq!(seen.len(), 10, "{seen:?}");
}

#[test]
fn a_fork_without_a_name_is_one_that_is_gone() {
    // It had no `head-repository` before, and so was no fork. GitHub sends no such name.
    let body = json!({"pull_request": {"head": {"ref": "main", "repo": {"full_name": ""}}}, "repository": {"full_name": "acme/shop"}});
    let given = fields(&github(), &signed("pull_request", &body.to_string())).unwrap();
    assert_eq!(fields_before(&body).get("head-repository"), None);
    assert_eq!(given["head-repository"], "unknown");
}
