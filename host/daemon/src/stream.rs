//! The stream of an operation: as lines of JSON, or as server-sent events for browsers. The same objects in both.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use tokio_util::sync::CancellationToken;

use super::operation::Operation;
use super::protocol::{STOPPING, StreamObject};

/// How often a stream says that the agent is still there.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How a stream is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `application/x-ndjson`.
    Lines,
    /// `text/event-stream`, with the number of the line as the id.
    Events,
}

/// What comes next.
enum State {
    After(u64),
    Ended,
}

/// The objects after so many lines, to the end of the operation or of the agent.
pub(super) fn body(operation: Arc<Operation>, after: u64, form: Form, stopping: CancellationToken) -> Body {
    let next = move |state: State| {
        let (operation, stopping) = (operation.clone(), stopping.clone());
        async move {
            let State::After(after) = state else { return None };
            let (text, state) = tokio::select! {
                biased;
                (lines, ended) = operation.after(after) => {
                    let mut number = after;
                    let mut text = String::new();
                    for line in &lines {
                        number += 1;
                        add(&mut text, form, Some(number), line);
                    }
                    (text, if ended { State::Ended } else { State::After(number) })
                }
                () = stopping.cancelled() => {
                    (single(form, &StreamObject { agent: Some(STOPPING.to_owned()), ..StreamObject::default() }), State::Ended)
                }
                () = tokio::time::sleep(HEARTBEAT) => (single(form, &StreamObject::default()), State::After(after)),
            };
            Some((Ok::<_, Infallible>(Bytes::from(text)), state))
        }
    };
    Body::from_stream(stream::unfold(State::After(after), next))
}

fn single(form: Form, object: &StreamObject) -> String {
    let mut text = String::new();
    let mut line = serde_json::to_string(object).unwrap_or_else(|_| "{}".to_owned());
    line.push('\n');
    add(&mut text, form, None, &line);
    text
}

/// A line has its line break.
fn add(text: &mut String, form: Form, number: Option<u64>, line: &str) {
    if form == Form::Lines {
        text.push_str(line);
        return;
    }
    if let Some(number) = number {
        // Writing to a string does not fail.
        let _ = writeln!(text, "id: {number}");
    }
    text.push_str("data: ");
    text.push_str(line);
    text.push('\n');
}
