//! What the services share: a loop that answers requests and ends when the engine asks.

use std::sync::Arc;
use std::thread;

use anyhow::{Result, anyhow};
use tiny_http::{Header, Method, Request, Response, Server};

use crate::PORT;

/// How many requests are answered at once.
const WORKERS: usize = 16;

/// An answer: status, content type, body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(status: u16, value: &serde_json::Value) -> Self {
        Self { status, content_type: "application/json", body: value.to_string().into_bytes() }
    }

    pub(crate) fn html(body: String) -> Self {
        Self { status: 200, content_type: "text/html; charset=utf-8", body: body.into_bytes() }
    }
}

/// Answers requests until the process is ended.
pub(crate) fn serve<H>(name: &str, handle: H) -> Result<()>
where
    H: Fn(&Method, &str, &[u8]) -> Answer + Send + Sync + 'static,
{
    let server =
        Arc::new(Server::http(("0.0.0.0", PORT)).map_err(|error| anyhow!("cannot listen on {PORT}: {error}"))?);
    println!("{name} {} listens on {PORT}", crate::version());
    let handle = Arc::new(handle);
    let stopping = Arc::clone(&server);
    let mut signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT])?;
    thread::spawn(move || {
        // What was accepted is answered before the process ends.
        if signals.forever().next().is_some() {
            (0..WORKERS).for_each(|_| stopping.unblock());
        }
    });
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (server, handle) = (Arc::clone(&server), Arc::clone(&handle));
            thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    answer(request, handle.as_ref());
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().map_err(|_| anyhow!("a worker of {name} panicked"))?;
    }
    Ok(())
}

fn answer<H: Fn(&Method, &str, &[u8]) -> Answer>(mut request: Request, handle: &H) {
    let mut body = Vec::new();
    if let Err(error) = request.as_reader().read_to_end(&mut body) {
        println!("cannot read a request: {error}");
        return;
    }
    let answer = handle(request.method(), request.url(), &body);
    let mut response = Response::from_data(answer.body).with_status_code(answer.status);
    if let Ok(header) = Header::from_bytes("Content-Type", answer.content_type) {
        response = response.with_header(header);
    }
    if let Err(error) = request.respond(response) {
        println!("cannot answer: {error}");
    }
}
