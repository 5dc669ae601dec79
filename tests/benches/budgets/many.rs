//! Five hundred services with three containers each, and what the engine is asked.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

const ENGINE: &str = "/var/run/docker.sock";

/// The first lines of requests, such as `GET /v1.41/info`.
type Noted = Arc<Mutex<Vec<String>>>;

/// A socket in front of the engine's that notes requests.
pub(crate) struct Counter {
    pub(crate) socket: PathBuf,
    requests: Noted,
}

impl Counter {
    /// Listens below a directory until the process ends.
    pub(crate) fn start(directory: &Path) -> Result<Self> {
        let socket = directory.join("counted.sock");
        let listener = UnixListener::bind(&socket)?;
        let requests = Noted::default();
        let noted = Arc::clone(&requests);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let noted = Arc::clone(&noted);
                let Ok(engine) = UnixStream::connect(ENGINE) else { return };
                let (Ok(from), Ok(to)) = (client.try_clone(), engine.try_clone()) else { return };
                thread::spawn(move || pass(from, to, Some(&noted)));
                thread::spawn(move || pass(engine, client, None));
            }
        });
        Ok(Self { socket, requests })
    }

    /// Requests since the last time.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Passes on what comes, and notes the first lines of requests in it.
fn pass(mut from: UnixStream, mut to: UnixStream, requests: Option<&Noted>) {
    let (mut buffer, mut line) = (vec![0_u8; 64 << 10], Vec::new());
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if let Some(requests) = requests {
            for byte in &buffer[..length] {
                if *byte != b'\n' {
                    line.push(*byte);
                } else if let Some(first) =
                    String::from_utf8_lossy(&std::mem::take(&mut line)).strip_suffix(" HTTP/1.1\r")
                {
                    // A body has no end of line, so the request after it stands behind it.
                    let begins = ["GET /", "HEAD /", "POST /", "DELETE /"].iter().find_map(|verb| first.rfind(verb));
                    let first = first[begins.unwrap_or_default()..].to_owned();
                    requests.lock().unwrap_or_else(PoisonError::into_inner).push(first);
                }
            }
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    to.shutdown(Shutdown::Write).ok();
}

/// How long the engine takes for the answers to these requests, one after the other.
pub(crate) fn answers(requests: &[String]) -> Result<Duration> {
    let started = Instant::now();
    for request in requests {
        let mut stream = UnixStream::connect(ENGINE)?;
        // Version 1.0 closes at the end.
        write!(stream, "{request} HTTP/1.0\r\n\r\n")?;
        stream.read_to_end(&mut Vec::new())?;
    }
    Ok(started.elapsed())
}

/// Makes the networks and containers of a plan file, as the agent would, and starts none: so many processes would
/// measure the machine.
pub(crate) fn make(plan: &Path, application: &str) -> Result<usize> {
    let document: Value = serde_json::from_slice(&std::fs::read(plan)?)?;
    let steps = document.pointer("/plan/steps").and_then(Value::as_array).context("the plan has no steps")?;
    let operations = || steps.iter().filter_map(|step| step.get("details"));
    let kind = |operation: &Value| operation.get("do").and_then(Value::as_str).unwrap_or_default().to_owned();
    for operation in operations().filter(|operation| kind(operation) == "create-network") {
        post("/networks/create", &marked(operation, application))?;
    }
    let mut made = 0;
    for operation in operations().filter(|operation| kind(operation) == "create") {
        let name = operation.pointer("/container/name").and_then(Value::as_str).context("a container has no name")?;
        post(&format!("/containers/create?name={name}"), &marked(operation, application))?;
        made += 1;
    }
    Ok(made)
}

/// The body of an operation with the label that the agent adds.
fn marked(operation: &Value, application: &str) -> Value {
    let mut body = operation.get("body").cloned().unwrap_or_default();
    body["Labels"]["windlass.application"] = application.into();
    body
}

fn post(path: &str, body: &Value) -> Result<()> {
    let text = body.to_string();
    let mut stream = UnixStream::connect(ENGINE)?;
    // Version 1.0 closes at the end.
    write!(
        stream,
        "POST /v1.41{path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{text}",
        text.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.split(' ').nth(1) != Some("201") {
        bail!("{path}: {}", answer.lines().last().unwrap_or_default());
    }
    Ok(())
}
