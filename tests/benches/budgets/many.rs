//! Five hundred services with three containers each, and how often the engine is asked about them.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

const ENGINE: &str = "/var/run/docker.sock";

/// A socket in front of the engine's that counts requests. The agent makes a connection for each.
pub(crate) struct Counter {
    pub(crate) socket: PathBuf,
    requests: Arc<AtomicUsize>,
}

impl Counter {
    /// Listens below a directory until the process ends.
    pub(crate) fn start(directory: &Path) -> Result<Self> {
        let socket = directory.join("counted.sock");
        let listener = UnixListener::bind(&socket)?;
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                counted.fetch_add(1, Ordering::Relaxed);
                let Ok(engine) = UnixStream::connect(ENGINE) else { return };
                let (Ok(from), Ok(to)) = (client.try_clone(), engine.try_clone()) else { return };
                thread::spawn(move || pass(from, to));
                thread::spawn(move || pass(engine, client));
            }
        });
        Ok(Self { socket, requests })
    }

    /// Requests since the last time.
    pub(crate) fn take(&self) -> usize {
        self.requests.swap(0, Ordering::Relaxed)
    }
}

fn pass(mut from: UnixStream, mut to: UnixStream) {
    std::io::copy(&mut from, &mut to).ok();
    to.shutdown(Shutdown::Write).ok();
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
