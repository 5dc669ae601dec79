//! Which request gets which answer. A new resource is a new arm in [`resource`].

use serde_json::{Value, json};

use crate::answer::{Answer, Asked};
use crate::repository::Repository;
use crate::state::{Fault, State};
use crate::written;

/// The answer to anything.
pub(crate) fn answer(asked: &Asked, state: &mut State) -> Answer {
    state.asked.push(format!("{} {}", asked.method, asked.path));
    match state.fault {
        Some(Fault::Lost) if asked.method != "GET" => {
            authorized(asked, state);
            return misbehave(Fault::Down);
        }
        Some(fault) if !matches!(fault, Fault::Half | Fault::Lost | Fault::Unlinked) => return misbehave(fault),
        _ => {}
    }
    if !asked.user_agent {
        return Answer::error(
            403,
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header",
        );
    }
    let mut answer = authorized(asked, state);
    match state.fault {
        Some(Fault::Half) => answer.body.truncate(answer.body.len() / 2),
        Some(Fault::Unlinked) => answer.headers.retain(|(name, _)| name != "Link"),
        _ => {}
    }
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    answer.with(vec![header("X-RateLimit-Limit", "5000"), header("X-RateLimit-Remaining", "4999")])
}

fn misbehave(fault: Fault) -> Answer {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    match fault {
        Fault::RateLimited => Answer::error(403, "API rate limit exceeded for user ID 1.").with(vec![
            header("X-RateLimit-Limit", "5000"),
            header("X-RateLimit-Remaining", "0"),
            header("X-RateLimit-Reset", "1700000000"),
        ]),
        Fault::SecondaryLimit => {
            Answer::error(429, "You have exceeded a secondary rate limit.").with(vec![header("Retry-After", "60")])
        }
        Fault::Forbidden => Answer::error(403, "Resource not accessible by personal access token"),
        _ => Answer {
            status: if fault == Fault::Html { 200 } else { 502 },
            content_type: "text/html; charset=utf-8",
            body: b"<html><body>Sign in</body></html>".to_vec(),
            ..Answer::json(200, &Value::Null)
        },
    }
}

fn authorized(asked: &Asked, state: &mut State) -> Answer {
    let token = asked.authorization.as_deref().and_then(|value| value.strip_prefix("Bearer "));
    match token {
        Some(token) if !state.tokens.contains(token) => return Answer::error(401, "Bad credentials"),
        // A private repository is not there for those who may not see it.
        None if !state.tokens.is_empty() => return Answer::error(404, "Not Found"),
        _ => {}
    }
    let path = asked.path.strip_prefix("/repos/").unwrap_or_default();
    let found = state.repositories.iter_mut().find(|(name, _)| {
        path.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let Some((name, repository)) = found else { return Answer::error(404, "Not Found") };
    match path.get(name.len() + 1..) {
        Some(rest) => resource(asked, rest, repository),
        None => Answer::json(200, &json!({ "full_name": name, "has_issues": !repository.no_issues })),
    }
}

/// What is below `/repos/OWNER/NAME/`.
fn resource(asked: &Asked, rest: &str, state: &mut Repository) -> Answer {
    let get = asked.method == "GET";
    if let Some(answer) = written::resource(asked, rest, state) {
        return answer;
    }
    if let Some(rest) = rest.strip_prefix("commits/").filter(|_| get) {
        return commit(asked, rest, state);
    }
    if let Some((base, head)) = rest.strip_prefix("compare/").and_then(|rest| rest.split_once("...")) {
        return compare(asked, base, head, state);
    }
    if rest == "branches" && get {
        let all: Vec<Value> = state.branches.iter().map(|(name, head)| branch(name, head)).collect();
        let (page, links) = asked.page(&state.address, &all);
        return Answer::json(200, &Value::Array(page)).with(links);
    }
    if let Some(name) = rest.strip_prefix("branches/").filter(|_| get) {
        return match state.branches.get(name) {
            Some(head) => Answer::json(200, &branch(name, head)),
            None => Answer::error(404, "Branch not found"),
        };
    }
    if let Some(name) = rest.strip_prefix("git/ref/tags/").filter(|_| get) {
        return reference(name, state);
    }
    if let Some(object) = rest.strip_prefix("git/tags/").filter(|_| get) {
        return tag(object, state);
    }
    Answer::error(404, "Not Found")
}

fn branch(name: &str, head: &str) -> Value {
    json!({ "name": name, "commit": { "sha": head }, "protected": false })
}

fn commit(asked: &Asked, rest: &str, state: &Repository) -> Answer {
    let (name, what) = match rest.rsplit_once('/') {
        Some((name, what @ ("status" | "check-runs"))) => (name, what),
        _ => (rest, ""),
    };
    let Some(sha) = state.resolve(name) else {
        return Answer::error(422, &format!("No commit found for SHA: {name}"));
    };
    let listed = |all: &[Value], key: &str, more: Value| {
        let (page, links) = asked.page(&state.address, all);
        let mut body = more;
        if let Some(fields) = body.as_object_mut() {
            fields.insert("total_count".to_owned(), json!(all.len()));
            fields.insert(key.to_owned(), Value::Array(page));
        }
        Answer::json(200, &body).with(links)
    };
    match what {
        "status" => {
            let all = state.statuses.get(&sha).cloned().unwrap_or_default();
            let is = |word: &str| all.iter().any(|status| status.get("state").and_then(Value::as_str) == Some(word));
            let combined = if is("error") || is("failure") {
                "failure"
            } else if all.is_empty() || is("pending") {
                "pending"
            } else {
                "success"
            };
            listed(&all, "statuses", json!({ "state": combined, "sha": sha }))
        }
        "check-runs" => {
            let all = state.check_runs.get(&sha).cloned().unwrap_or_default();
            listed(&all, "check_runs", json!({}))
        }
        _ => Answer::json(200, &shown(&sha, state)),
    }
}

/// A commit as lists and answers have it.
fn shown(sha: &str, state: &Repository) -> Value {
    let known = state.commits.get(sha).cloned().unwrap_or_default();
    let parents: Vec<Value> = known.parents.iter().map(|sha| json!({ "sha": sha })).collect();
    json!({ "sha": sha, "commit": { "message": known.message }, "parents": parents })
}

fn compare(asked: &Asked, base: &str, head: &str, state: &Repository) -> Answer {
    let (Some(base), Some(head)) = (state.resolve(base), state.resolve(head)) else {
        return Answer::error(404, "Not Found");
    };
    let (ahead, behind) = state.distance(&base, &head);
    let status = match (ahead, behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let commits: Vec<Value> = state.between(&base, &head).iter().map(|sha| shown(sha, state)).collect();
    let (page, links) = asked.page(&state.address, &commits);
    Answer::json(
        200,
        &json!({
            "status": status, "ahead_by": ahead, "behind_by": behind, "total_commits": ahead,
            "base_commit": { "sha": base }, "commits": page,
            "html_url": format!("{}/compare/{base}...{head}", state.address),
        }),
    )
    .with(links)
}

fn reference(name: &str, state: &Repository) -> Answer {
    let Some(tag) = state.tags.get(name) else { return Answer::error(404, "Not Found") };
    let object = match tag.verification {
        Some(_) => json!({ "type": "tag", "sha": object_of(name) }),
        None => json!({ "type": "commit", "sha": tag.commit }),
    };
    Answer::json(200, &json!({ "ref": format!("refs/tags/{name}"), "object": object }))
}

fn tag(object: &str, state: &Repository) -> Answer {
    let found = state.tags.iter().find(|(name, _)| object_of(name) == object);
    let Some((name, tag)) = found else { return Answer::error(404, "Not Found") };
    let (verified, reason) = tag.verification.clone().unwrap_or_default();
    Answer::json(
        200,
        &json!({
            "tag": name, "sha": object, "object": { "type": "commit", "sha": tag.commit },
            "verification": { "verified": verified, "reason": reason, "signature": null, "payload": null },
        }),
    )
}

/// The made-up id of an annotated tag's object.
fn object_of(name: &str) -> String {
    let sum = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{sum:016x}{sum:016x}{sum:08x}").chars().take(40).collect()
}
