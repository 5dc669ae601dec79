//! What is answered at the `hooks` port: events from outside, which a proxy of the team hands over, each to a trigger of the
//! operator's file.
//!
//! Who sends is proved before anything is kept or written; whoever proves nothing learns nothing. What an event starts is an
//! operation like every other one, and what an event means is the service's to judge.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::routing::post;
use axum::{Json, Router};
use http::{HeaderMap, StatusCode, header};
use tokio::sync::Semaphore;
use windlass_api::{ErrorFact, Reply};
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_service::transient;
use windlass_service::trigger::message::LIMIT;
use windlass_service::trigger::{Event, Heard, Message, TriggerError};

use super::announcement::Announcement;
use super::operations::NotBegun;
use super::ports::Limits;
use super::protocol::HookAnswer;
use super::rate::{Buckets, Rate};
use super::routes::{Refusal, Shared, unknown};

/// A proxy keeps what is slow away, so a request that takes long is not one of it.
pub(super) const LIMITS: Limits = Limits { connections: 32, lifetime: Duration::from_secs(30) };

/// All requests together, before anything is known about them: some repositories that send all their events at once are
/// far below it, and judging so many costs the host nothing that others would notice.
const ALL: Rate = Rate { burst: 100, every: Duration::from_millis(100) };

/// What one trigger begins: a deployment takes longer than this. Only events whose sender is proved count, so that no other sender uses
/// up what a trigger may begin.
const OF_TRIGGER: Rate = Rate { burst: 20, every: Duration::from_secs(3) };

/// How often the log has a refusal; the others are counted.
const TOLD: Rate = Rate { burst: 10, every: Duration::from_secs(30) };

/// A body above this size is a large one.
const LARGE: u64 = 1 << 20;

/// So many large bodies are read at once. The others are small enough that all connections may have one.
const MOST_LARGE: usize = 2;

/// How long an answer waits for the end: a mistake in a file shows at once, and the sender is told that nothing was done.
const QUICK: Duration = Duration::from_millis(1500);

/// The name of a bucket that there is only one of.
const ONE: &str = "";

/// What the hooks share.
#[derive(Clone)]
struct Hooks {
    shared: Shared,
    all: Arc<Buckets>,
    of_trigger: Arc<Buckets>,
    told: Arc<Buckets>,
    /// How many refusals were not told since the last one that was.
    untold: Arc<AtomicU64>,
    large: Arc<Semaphore>,
}

/// The routes.
pub(super) fn router(shared: Shared) -> Router {
    let hooks = Hooks {
        shared,
        all: Arc::new(Buckets::new(Rate { burst: burst(), ..ALL })),
        of_trigger: Arc::new(Buckets::new(OF_TRIGGER)),
        told: Arc::new(Buckets::new(TOLD)),
        untold: Arc::default(),
        large: Arc::new(Semaphore::new(MOST_LARGE)),
    };
    Router::new()
        .route("/hooks/{name}", post(take))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .with_state(hooks)
}

/// How many requests may come at once. A test sets fewer: a slow machine answers no flood of many.
fn burst() -> u32 {
    let set = windlass_foundation::hooks::variable("WINDLASS_TEST_HOOKS").and_then(|text| text.parse().ok());
    set.unwrap_or(ALL.burst)
}

type Answered = Result<(StatusCode, Json<HookAnswer>), Refusal>;

async fn take(State(hooks): State<Hooks>, name: Result<Path<String>, PathRejection>, request: Request) -> Answered {
    if hooks.shared.operations.is_stopping() {
        return Err(NotBegun::Stopping.into());
    }
    hooks.all.take(ONE).map_err(|again| {
        hooks.refused(None, "too many requests");
        too_many(again)
    })?;
    // A name that is no text is none of a trigger.
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let (parts, body) = request.into_parts();
    let body = hooks.read(&parts.headers, body).await?;
    let headers = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let message = Message::of(headers, body);
    match hooks.shared.service.hear(&name, &message).await {
        Ok(Heard::Unwanted(why)) => {
            hooks.shared.counters.hook(&name, "ignored");
            Ok((StatusCode::OK, Json(HookAnswer::ignored(why, None))))
        }
        Ok(Heard::Before(event, time)) => {
            hooks.shared.counters.hook(&name, "again");
            let operation = hooks.shared.operations.of_event(&event);
            Ok((StatusCode::OK, Json(HookAnswer::ignored(format!("it was acted on at {time}"), operation))))
        }
        Ok(Heard::Wanted(event)) => hooks.begin(&name, event).await,
        Err(error) => Err(hooks.not_heard(&name, &error)),
    }
}

impl Hooks {
    /// The body, byte for byte as it was sent.
    async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Refusal> {
        let too_large = || {
            self.refused(None, "the body is too large");
            let text = format!("an event has at most {} MiB", LIMIT >> 20);
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, ExitCode::Usage, text)
        };
        let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > LIMIT) {
            return Err(too_large());
        }
        let is_large = length.is_none_or(|length| length > LARGE);
        let _place = if is_large { self.large.acquire().await.ok() } else { None };
        let bytes = to_bytes(body, usize::try_from(LIMIT).unwrap_or(usize::MAX)).await;
        bytes.map(Vec::from).map_err(|_| too_large())
    }

    /// Begins what an event starts, and waits a moment for its end.
    async fn begin(&self, name: &str, event: Event) -> Answered {
        self.of_trigger.take(name).map_err(|again| {
            self.refused(Some(name), "it begins more than it may");
            too_many(again)
        })?;
        let operation = self.shared.operations.begin_event(event)?;
        let id = operation.heading.operation.clone();
        tokio::time::timeout(QUICK, operation.ended()).await.ok();
        match operation.told_end().filter(|_| operation.has_ended()) {
            Some(end) if nothing_was_done(&end, operation.application().is_some()) => {
                let exit = match end {
                    Ok(Reply { exit, .. }) => exit,
                    Err(ErrorFact { exit, .. }) => ExitCode::try_from(exit).unwrap_or(ExitCode::Unexpected),
                };
                let status = match exit {
                    ExitCode::Refused => StatusCode::FORBIDDEN,
                    exit if transient(exit) => StatusCode::SERVICE_UNAVAILABLE,
                    _ => StatusCode::INTERNAL_SERVER_ERROR,
                };
                self.shared.counters.hook(name, "nothing-done");
                let text = format!("nothing was done: operation `{id}` could not be carried out");
                Err(Refusal::new(status, exit, text).with_hint("the log of the agent says why"))
            }
            _ => {
                self.shared.counters.hook(name, "taken");
                Ok((StatusCode::ACCEPTED, Json(HookAnswer::taken(id))))
            }
        }
    }

    /// What a sender is told about an event that was not heard. Who proves nothing is told nothing but that.
    fn not_heard(&self, name: &str, error: &ExplainedError) -> Refusal {
        let refuse = |status, exit, text: &str| Refusal::new(status, exit, text);
        let why = error.error().to_string();
        match error.downcast::<TriggerError>() {
            Some(TriggerError::Unknown { .. }) => {
                self.refused(None, "there is no trigger of its name");
                refuse(StatusCode::NOT_FOUND, ExitCode::NotFound, "there is no such hook")
            }
            Some(
                TriggerError::Unsigned { .. } | TriggerError::NotAuthentic { .. } | TriggerError::Malformed { .. },
            ) => {
                self.refused(Some(name), &why);
                refuse(StatusCode::FORBIDDEN, ExitCode::Refused, "the event does not prove who sent it")
            }
            Some(TriggerError::Body { .. } | TriggerError::Missing { .. } | TriggerError::Value { .. }) => {
                self.refused(Some(name), &why);
                refuse(StatusCode::UNPROCESSABLE_ENTITY, ExitCode::Refused, &why)
            }
            other => {
                // Where the operator's file cannot be read, the name may be anything.
                self.refused(other.map(|_| name), &why);
                let text = "the agent cannot judge the event";
                refuse(StatusCode::SERVICE_UNAVAILABLE, ExitCode::Configuration, text)
                    .with_hint("the log of the agent says why")
            }
        }
    }

    /// Counts a request that was refused, and tells the log, as long as it is not flooded.
    fn refused(&self, trigger: Option<&str>, why: &str) {
        self.shared.counters.hook(trigger.unwrap_or_default(), "refused");
        if self.told.take(ONE).is_err() {
            self.untold.fetch_add(1, Ordering::Relaxed);
            return;
        }
        (self.shared.announce)(Announcement::HookRefused {
            trigger: trigger.map(str::to_owned),
            why: why.to_owned(),
            more: self.untold.swap(0, Ordering::Relaxed),
        });
    }
}

/// Whether an operation that has ended did nothing. One that broke off in the middle of a deployment left that.
fn nothing_was_done(end: &Result<Reply, ErrorFact>, has_deployment: bool) -> bool {
    match end {
        Ok(reply) => transient(reply.exit),
        Err(_) => !has_deployment,
    }
}

fn too_many(again: Duration) -> Refusal {
    let text = "more events come than the agent takes";
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, ExitCode::Busy, text).again_after(again)
}
