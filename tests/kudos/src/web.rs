//! The page: asks the API and shows both versions.

use std::env;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tiny_http::Method;

use crate::server::{self, Answer};

/// How long a request waits for an API that is just being replaced.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers.
pub(crate) fn serve() -> Result<()> {
    let api = env::var("KUDOS_API").unwrap_or_else(|_| "http://backend:8080".to_owned());
    server::serve("web", move |method, url, body| match (method, url) {
        (Method::Get, "/health") => Answer::json(200, &json!({ "status": "ok", "version": crate::version() })),
        (Method::Get, "/") => match ask(&api, None) {
            Ok(kudos) => Answer::html(page(&kudos)),
            Err(error) => Answer::json(502, &json!({ "error": format!("{error:#}") })),
        },
        (Method::Post, "/kudos") => match ask(&api, Some(body)) {
            Ok(answer) => Answer::json(201, &answer),
            Err(error) => Answer::json(502, &json!({ "error": format!("{error:#}") })),
        },
        _ => Answer::json(404, &json!({ "error": format!("nothing at {url}") })),
    })
}

/// Asks the API, again and again while it is away: an API with one database has a gap when it is replaced.
fn ask(api: &str, body: Option<&[u8]>) -> Result<Value> {
    let agent: ureq::Agent = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(5))).build().into();
    let started = Instant::now();
    loop {
        let answer = match body {
            Some(body) => agent.post(format!("{api}/kudos")).content_type("application/json").send(body),
            None => agent.get(format!("{api}/kudos")).call(),
        };
        match answer {
            Ok(mut response) => return response.body_mut().read_json().context("the API does not answer in JSON"),
            // Nothing announces that another container is back; this is the one place that must ask again.
            Err(_) if started.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(50)),
            Err(error) => return Err(error).context("the API does not answer"),
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn page(kudos: &Value) -> String {
    let items: Vec<String> = kudos["kudos"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| {
            format!(
                "<li><b>{}</b> {}</li>",
                escape(item["name"].as_str().unwrap_or_default()),
                escape(item["message"].as_str().unwrap_or_default())
            )
        })
        .collect();
    let items = items.concat();
    format!(
        "<!doctype html><title>Kudos</title><h1>Kudos</h1><ul>{items}</ul>\
         <p>page version {}, API version {}, schema {}</p>",
        escape(&crate::version()),
        escape(kudos["version"].as_str().unwrap_or_default()),
        kudos["schema"]
    )
}
