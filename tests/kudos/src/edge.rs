//! The edge: holds the host's port and passes requests on, where an installation has Caddy, nginx or HAProxy.
//!
//! As those do, it looks the name up in the engine's DNS for every connection and asks again when a service behind
//! it goes away before it answered a request that may be repeated.

use std::env;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::json;
use tiny_http::Method;

use crate::server::{self, Answer};

/// How long a request waits for a service behind.
const PATIENCE: Duration = Duration::from_secs(10);

/// Passes requests on until the process is ended.
pub(crate) fn serve() -> Result<()> {
    let behind = env::var("KUDOS_WEB").unwrap_or_else(|_| "http://web:8080".to_owned());
    // One connection for each request: a kept one would stay with a service that is being drained.
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_idle_connections(0)
        .timeout_connect(Some(Duration::from_secs(1)))
        .build()
        .into();
    server::serve("edge", move |method, url, body| {
        let started = Instant::now();
        loop {
            match pass(&agent, &behind, method, url, body) {
                Ok(answer) => return answer,
                // Nothing announces that another container is there; a refused connection is the only sign.
                Err(error) if *method == Method::Get && started.elapsed() < PATIENCE => {
                    println!("{method} {url} is tried again after {} ms: {error:#}", started.elapsed().as_millis());
                    thread::sleep(Duration::from_millis(20));
                }
                Err(error) => return Answer::json(502, &json!({ "error": format!("{error:#}") })),
            }
        }
    })
}

fn pass(agent: &ureq::Agent, behind: &str, method: &Method, url: &str, body: &[u8]) -> Result<Answer> {
    let address = format!("{behind}{url}");
    let mut response = match method {
        Method::Post => agent.post(&address).content_type("application/json").send(body),
        _ => agent.get(&address).call(),
    }
    .with_context(|| format!("{behind} does not answer"))?;
    let html = response.headers().get("content-type").is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    Ok(Answer {
        status: response.status().as_u16(),
        content_type: if html { "text/html; charset=utf-8" } else { "application/json" },
        body: response.body_mut().read_to_vec().with_context(|| format!("{behind} broke off"))?,
    })
}
