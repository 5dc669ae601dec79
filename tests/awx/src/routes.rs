//! Which answer belongs to which question.

use serde_json::{Value, json};

use crate::state::{Fault, Job, State, Template};
use crate::{Answer, Asked};

const PAGE: &str = "<html><body><h1>Sign in</h1></body></html>";

/// Answers, and does what was asked.
pub(crate) fn answer(asked: &Asked, state: &mut State) -> Answer {
    state.asked.push(format!("{} {}", asked.method, asked.path));
    match state.fault {
        Some(Fault::Down) => return html(502),
        Some(Fault::Html) => return html(200),
        _ => {}
    }
    let is_known = |value: &String| state.accepted.contains(value);
    if !state.accepted.is_empty() && !asked.authorization.as_ref().is_some_and(is_known) {
        return detail(
            401,
            "Authentication credentials were not provided. To establish a login session, visit /api/login/.",
        );
    }
    if state.fault == Some(Fault::Forbidden) {
        return detail(403, "You do not have permission to perform this action.");
    }
    let parts: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
    let number = |text: &str| text.parse::<u64>().unwrap_or_default();
    match (asked.method.as_str(), parts.as_slice()) {
        ("GET", ["api", "v2", "job_templates"]) => {
            let name = asked.query.iter().find(|(name, _)| name == "name").map(|(_, value)| value.as_str());
            let found = state.templates.iter().filter(|template| name.is_none_or(|name| template.name == name));
            list(&found.map(Template::shown).collect::<Vec<_>>())
        }
        ("GET", ["api", "v2", "job_templates", id]) => match template(state, number(id)) {
            Some(template) => json(200, &template.shown()),
            None => missing(),
        },
        ("GET", ["api", "v2", "job_templates", id, "launch"]) => match template(state, number(id)) {
            Some(template) => json(200, &launching(&template)),
            None => missing(),
        },
        ("GET", ["api", "v2", "job_templates", id, "jobs"]) => {
            let id = number(id);
            let found = state.jobs.iter().rev().filter(|job| job.template == id);
            list(&found.map(Job::shown).collect::<Vec<_>>())
        }
        ("POST", ["api", "v2", "job_templates", id, "launch"]) => match template(state, number(id)) {
            Some(template) => launch(&template, &asked.body, state),
            None => missing(),
        },
        (method, ["api", "v2", "jobs", id, rest @ ..]) => {
            let id = number(id);
            match state.jobs.iter_mut().find(|job| job.id == id) {
                Some(job) => of_job(method, rest, job),
                None => missing(),
            }
        }
        _ => missing(),
    }
}

fn template(state: &State, id: u64) -> Option<Template> {
    state.templates.iter().find(|template| template.id == id).cloned()
}

fn launching(template: &Template) -> Value {
    json!({
        "can_start_without_user_input": template.needed.is_empty(), "passwords_needed_to_start": [],
        "variables_needed_to_start": template.needed, "survey_enabled": !template.needed.is_empty(),
        "ask_variables_on_launch": template.ask_variables, "ask_limit_on_launch": template.ask_limit,
        "ask_tags_on_launch": false,
    })
}

fn launch(template: &Template, body: &Value, state: &mut State) -> Answer {
    if state.fault == Some(Fault::Unlaunched) {
        return html(502);
    }
    let given = &body["extra_vars"];
    let missing: Vec<&String> = template.needed.iter().filter(|name| given.get(name).is_none()).collect();
    if !missing.is_empty() {
        return json(400, &json!({ "variables_needed_to_start": missing }));
    }
    let mut ignored = json!({});
    let drops = !template.ask_variables || state.fault == Some(Fault::Drops);
    if drops && !given.is_null() {
        ignored["extra_vars"] = given.clone();
    }
    if !template.ask_limit
        && let Some(limit) = body.get("limit")
    {
        ignored["limit"] = limit.clone();
    }
    let job = Job {
        id: 200 + u64::try_from(state.jobs.len()).unwrap_or_default(),
        template: template.id,
        variables: if drops { json!({}) } else { given.clone() },
        status: "pending".to_owned(),
        ends: if state.ends.is_empty() { "successful".to_owned() } else { state.ends.clone() },
        questions: state.questions,
        started: false,
    };
    let mut shown = job.shown();
    shown["job"] = json!(job.id);
    shown["ignored_fields"] = ignored;
    state.jobs.push(job);
    if state.fault == Some(Fault::Lost) { html(502) } else { json(201, &shown) }
}

fn of_job(method: &str, rest: &[&str], job: &mut Job) -> Answer {
    match (method, rest) {
        ("GET", []) => {
            job.advance();
            json(200, &job.shown())
        }
        ("GET", ["stdout"]) => Answer {
            status: 200,
            content_type: "text/plain; charset=utf-8",
            body: "PLAY [all] ****\n\u{1b}[0;31mfatal: [web1]: FAILED! => the port is taken\u{1b}[0m\n".to_owned(),
        },
        ("POST", ["cancel"]) if job.is_over() => detail(405, "Method \"POST\" not allowed."),
        ("POST", ["cancel"]) => {
            "canceled".clone_into(&mut job.status);
            Answer { status: 202, content_type: "application/json", body: String::new() }
        }
        _ => missing(),
    }
}

fn list(results: &[Value]) -> Answer {
    json(200, &json!({ "count": results.len(), "next": null, "previous": null, "results": results }))
}

fn json(status: u16, body: &Value) -> Answer {
    Answer { status, content_type: "application/json", body: body.to_string() }
}

fn detail(status: u16, text: &str) -> Answer {
    json(status, &json!({ "detail": text }))
}

fn missing() -> Answer {
    detail(404, "Not found.")
}

fn html(status: u16) -> Answer {
    Answer { status, content_type: "text/html; charset=utf-8", body: PAGE.to_owned() }
}
