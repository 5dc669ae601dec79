//! What plugins write: deployments, issues and releases.

use serde_json::{Value, json};

use crate::answer::{Answer, Asked};
use crate::repository::Repository;

/// The longest body of an issue, in characters.
const LONGEST_ISSUE: usize = 65_536;

/// The longest body of a release, in characters.
const LONGEST_RELEASE: usize = 125_000;

/// The longest description of a deployment's status, in characters.
const LONGEST_DESCRIPTION: usize = 140;

/// The answer, where the resource is one of these.
pub(crate) fn resource(asked: &Asked, rest: &str, state: &mut Repository) -> Option<Answer> {
    let parts: Vec<&str> = rest.split('/').collect();
    Some(match (asked.method.as_str(), parts.as_slice()) {
        ("GET", ["deployments"]) => deployments(asked, state),
        ("POST", ["deployments"]) => deploy(asked, state),
        (method, ["deployments", id, "statuses"]) => {
            let id: u64 = id.parse().ok()?;
            if !state.deployments.iter().any(|known| known.get("id").and_then(Value::as_u64) == Some(id)) {
                return Some(Answer::error(404, "Not Found"));
            }
            if method == "POST" { set_status(asked, id, state) } else { statuses(asked, id, state) }
        }
        (_, ["issues", ..]) if state.no_issues => Answer::error(410, "Issues are disabled for this repo"),
        ("GET", ["issues"]) => {
            let all: Vec<Value> = state.issues.iter().rev().cloned().collect();
            listed(asked, &all, state)
        }
        ("POST", ["issues"]) => open_issue(asked, state),
        ("GET", ["issues", number]) => {
            let number: u64 = number.parse().ok()?;
            found(state.issues.iter().find(|known| known.get("number").and_then(Value::as_u64) == Some(number)))
        }
        ("GET", ["assignees", name]) if state.people.contains(*name) => {
            Answer { status: 204, body: Vec::new(), ..Answer::json(204, &Value::Null) }
        }
        ("GET", ["releases", "tags", tag @ ..]) => {
            let tag = tag.join("/");
            found(state.releases.iter().find(|known| text(known, "tag_name") == tag))
        }
        ("POST", ["releases"]) => release(asked, state),
        _ => return None,
    })
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn found(value: Option<&Value>) -> Answer {
    value.map_or_else(|| Answer::error(404, "Not Found"), |value| Answer::json(200, value))
}

fn listed(asked: &Asked, all: &[Value], state: &Repository) -> Answer {
    let (page, links) = asked.page(&state.address, all);
    Answer::json(200, &Value::Array(page)).with(links)
}

fn deployments(asked: &Asked, state: &Repository) -> Answer {
    let matches = |known: &&Value| {
        ["sha", "ref", "environment"]
            .iter()
            .all(|name| asked.parameter(name).is_none_or(|value| text(known, name) == value))
    };
    let all: Vec<Value> = state.deployments.iter().rev().filter(matches).cloned().collect();
    listed(asked, &all, state)
}

fn deploy(asked: &Asked, state: &mut Repository) -> Answer {
    let reference = text(&asked.body, "ref");
    let Some(sha) = state.resolve(reference) else {
        return Answer::error(422, &format!("No ref found for: {reference}"));
    };
    // Without an empty list every status of the commit must be a success; that is not what is deployed here.
    if asked.body.get("required_contexts") != Some(&json!([])) {
        return Answer::error(409, "Conflict: Commit status checks failed for master.");
    }
    let id = state.deployments.len() as u64 + 1;
    let field = |name: &str| asked.body.get(name).cloned().unwrap_or_default();
    let deployment = json!({
        "id": id, "sha": sha, "ref": reference, "environment": field("environment"), "payload": field("payload"),
        "description": field("description"), "production_environment": field("production_environment"),
    });
    state.deployments.push(deployment.clone());
    Answer::json(201, &deployment)
}

fn statuses(asked: &Asked, id: u64, state: &Repository) -> Answer {
    let all: Vec<Value> = state.deployment_statuses.get(&id).into_iter().flatten().rev().cloned().collect();
    listed(asked, &all, state)
}

fn set_status(asked: &Asked, id: u64, state: &mut Repository) -> Answer {
    let word = text(&asked.body, "state");
    if !["error", "failure", "inactive", "in_progress", "queued", "pending", "success"].contains(&word) {
        return Answer::invalid("DeploymentStatus", "state", "custom");
    }
    if text(&asked.body, "description").chars().count() > LONGEST_DESCRIPTION {
        return Answer::invalid("DeploymentStatus", "description", "custom");
    }
    let known = state.deployment_statuses.entry(id).or_default();
    let mut status = asked.body.clone();
    if let Value::Object(fields) = &mut status {
        fields.insert("id".to_owned(), json!(known.len() + 1));
    }
    known.push(status.clone());
    Answer::json(201, &status)
}

fn open_issue(asked: &Asked, state: &mut Repository) -> Answer {
    let (title, body) = (text(&asked.body, "title").to_owned(), text(&asked.body, "body").to_owned());
    let list = |name: &str| asked.body.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    if title.is_empty() || title.chars().count() > 256 {
        return Answer::invalid("Issue", "title", if title.is_empty() { "missing_field" } else { "custom" });
    }
    if body.chars().count() > LONGEST_ISSUE {
        return Answer::invalid("Issue", "body", "custom");
    }
    if list("assignees").iter().any(|name| !state.people.contains(name.as_str().unwrap_or_default())) {
        return Answer::invalid("Issue", "assignees", "invalid");
    }
    state.issue(&title, &body);
    let Some(Value::Object(issue)) = state.issues.last_mut() else { return Answer::error(500, "Server Error") };
    let assignees: Vec<Value> = list("assignees").iter().map(|name| json!({ "login": name })).collect();
    issue.insert("assignees".to_owned(), Value::Array(assignees));
    issue.insert("labels".to_owned(), list("labels").iter().map(|name| json!({ "name": name })).collect());
    Answer::json(201, &Value::Object(issue.clone()))
}

fn release(asked: &Asked, state: &mut Repository) -> Answer {
    let tag = text(&asked.body, "tag_name").to_owned();
    if state.releases.iter().any(|known| text(known, "tag_name") == tag) {
        return Answer::invalid("Release", "tag_name", "already_exists");
    }
    if text(&asked.body, "body").chars().count() > LONGEST_RELEASE {
        return Answer::invalid("Release", "body", "custom");
    }
    if !state.tags.contains_key(&tag) {
        let target = text(&asked.body, "target_commitish");
        let Some(commit) = state.resolve(target) else {
            return Answer::invalid("Release", "target_commitish", "invalid");
        };
        state.tag(&tag, &commit);
    }
    let id = state.releases.len() + 1;
    let mut release = asked.body.clone();
    if let Value::Object(fields) = &mut release {
        fields.insert("id".to_owned(), json!(id));
        fields.insert("html_url".to_owned(), json!(format!("{}/releases/tag/{tag}", state.address)));
    }
    state.releases.push(release.clone());
    Answer::json(201, &release)
}
