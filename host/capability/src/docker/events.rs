//! A subscription to the engine's events about one application's containers.
//!
//! A task reads the events into a bounded buffer until the subscription is dropped. When the connection is lost, it
//! connects again. When events were lost, or may have been, the reader gets an event that asks it to look again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptions;
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};
use windlass_domain::Failure;

use super::Docker;
use super::engine::ORDINARY;
use super::failure::{RequestError, failure};

/// The most events that are kept for a reader that does not come.
const MOST: usize = 4_096;

/// Events that were not asked for yet, and the connection that brings them. Ends when dropped.
#[derive(Debug)]
pub struct Events {
    queue: Arc<Queue>,
    task: AbortHandle,
}

impl Drop for Events {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<VecDeque<Result<Value, Failure>>>,
    arrived: Notify,
}

impl Queue {
    fn push(&self, event: Result<Value, Failure>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST {
            // Lost events are reported like those that a restart of the engine may have lost: the reader has to look
            // again.
            waiting.clear();
            waiting.push_back(Ok(reconnected()));
        }
        waiting.push_back(event);
        drop(waiting);
        self.arrived.notify_one();
    }

    fn pop(&self) -> Option<Result<Value, Failure>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// The host's own event.
fn reconnected() -> Value {
    json!({ "Type": "windlass", "Action": "reconnected" })
}

impl Events {
    /// Listens from this moment on.
    pub(super) async fn start(docker: &Docker) -> Result<Self, Failure> {
        let what = "listen to the engine's events";
        let client = docker.engine.client().await.map_err(|error| docker.explain(error, what))?;
        // The stream opens with its first reading. Asking for events since a time of the engine's own clock leaves
        // no gap until then.
        let info = docker.engine.call(ORDINARY, |client| async move { client.info().await }).await;
        let now = info.map_err(|error| docker.explain(error, what))?.system_time.unwrap_or_default();
        let since = now
            .parse::<jiff::Timestamp>()
            .map_err(|error| failure("internal", format!("the engine's clock cannot be read: {error}")))?;
        let queue = Arc::new(Queue::default());
        let task = tokio::spawn(listen(docker.clone(), client, since.as_nanosecond(), Arc::clone(&queue)));
        Ok(Self { queue, task: task.abort_handle() })
    }

    /// The next event, or none when `wait_ms` passed without one.
    /// `{"Type": "windlass", "Action": "reconnected"}` means that events may have been missed: look again.
    pub async fn next(&mut self, wait_ms: u32) -> Result<Option<Value>, Failure> {
        let next = async {
            loop {
                if let Some(event) = self.queue.pop() {
                    return event;
                }
                self.queue.arrived.notified().await;
            }
        };
        timeout(Duration::from_millis(wait_ms.into()), next).await.ok().transpose()
    }
}

/// Reads events until the engine stays away.
async fn listen(docker: Docker, client: bollard::Docker, mut since: i128, queue: Arc<Queue>) {
    loop {
        let options = EventsOptions {
            since: Some(format!("{}.{:09}", since / 1_000_000_000, since % 1_000_000_000)),
            filters: Some(HashMap::from([("type".to_owned(), vec!["container".to_owned()])])),
            ..Default::default()
        };
        let mut stream = Box::pin(client.events(Some(options)));
        while let Some(event) = stream.next().await {
            let event = match event {
                Ok(event) => event,
                // One that cannot be read would come again and again. It is skipped, and the reader looks.
                Err(bollard::errors::Error::JsonDataError { .. } | bollard::errors::Error::JsonSerdeError { .. }) => {
                    since = since.max(jiff::Timestamp::now().as_nanosecond());
                    break;
                }
                Err(_) => break,
            };
            // The time is only used for the next connection. A busy engine sends events in another order than that of
            // their times, so an event that looks old is as new as the others.
            since = since.max(event.time_nano.map_or(since, |at| i128::from(at) + 1));
            if let Some(event) = ours(&docker, &event) {
                queue.push(event);
            }
        }
        drop(stream);
        if !docker.engine.came_back(&client, Instant::now()).await {
            let error = RequestError::Other("the engine went away and did not come back".to_owned());
            queue.push(Err(docker.explain(error, "listen to the engine's events")));
            return;
        }
        queue.push(Ok(reconnected()));
    }
}

/// The event as the engine wrote it, when it is about a container of the application.
fn ours(docker: &Docker, event: &EventMessage) -> Option<Result<Value, Failure>> {
    let labels = event.actor.as_ref()?.attributes.as_ref();
    // Health checks run a command each time; their results come as `health_status`.
    if event.action.as_deref().is_none_or(|action| action.starts_with("exec_")) || !docker.owns(labels) {
        return None;
    }
    Some(docker.answer(event))
}
