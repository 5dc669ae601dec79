//! The routes of the agent's socket: each reads a request, asks the operations, and answers in JSON. What goes over the
//! socket is in [`protocol`](super::protocol).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Query, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use windlass_api::{Command, ErrorFact};
use windlass_config::{Config, Right};
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_foundation::principal::Principal;
use windlass_service::Service;

use super::announcement::Announce;
use super::metrics::{self, Counters};
use super::openapi;
use super::operation::Operation;
use super::operations::{NotBegun, Operations};
use super::peer::Peer;
use super::protocol::{
    API_HEADER, Accepted, Health, KEY_HEADER, LARGEST_COMMAND, LONGEST_KEY, OperationFact, StopRequest, VERSION_HEADER,
    api, mismatch, version,
};
use super::stream::{self, Form};
use super::worker::Workers;

/// When a caller may try again that was refused only for now.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// What the routes share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) service: Service,
    pub(super) workers: Workers,
    pub(super) operations: Arc<Operations>,
    /// The operator's file.
    pub(super) config: PathBuf,
    pub(super) environment: String,
    /// Cancelled when streams have to end.
    pub(super) stopping: CancellationToken,
    /// Takes what the log of the host has.
    pub(super) announce: Announce,
    pub(super) counters: Counters,
}

/// All routes, by their paths.
pub(super) fn routes() -> [(&'static str, MethodRouter<Shared>); 7] {
    [
        ("/v1/health", get(health)),
        ("/v1/metrics", get(numbers)),
        ("/v1/openapi.json", get(|| async { Json(openapi::description()) })),
        ("/v1/operations", post(begin).get(list)),
        ("/v1/operations/{id}", get(one)),
        ("/v1/operations/{id}/events", get(events)),
        ("/v1/operations/{id}/stop", post(stop)),
    ]
}

/// What serves them.
pub(super) fn router(shared: Shared) -> Router {
    routes()
        .into_iter()
        .fold(Router::new(), |router, (path, handler)| router.route(path, handler))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .layer(middleware::from_fn(understood))
        .layer(DefaultBodyLimit::max(LARGEST_COMMAND))
        .layer(middleware::map_response(versioned))
        .layer(middleware::from_fn(no_browser))
        .with_state(shared)
}

/// An answer that is no success: its body is the error.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: Box<ErrorFact>,
    /// When a caller may try again, where it may.
    again: Option<Duration>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, exit: ExitCode, text: impl Into<String>) -> Self {
        let again = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER);
        Self { status, error: Box::new(ErrorFact::new(exit, text)), again }
    }

    /// The request is none.
    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ExitCode::Usage, text)
    }

    /// The same after so long, rounded up to seconds.
    pub(super) fn again_after(self, again: Duration) -> Self {
        Self { again: Some(again), ..self }
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.error.hint = Some(hint.into());
        self
    }
}

impl From<ExplainedError> for Refusal {
    fn from(error: ExplainedError) -> Self {
        let status = match error.exit() {
            ExitCode::Refused => StatusCode::FORBIDDEN,
            ExitCode::NotFound => StatusCode::NOT_FOUND,
            ExitCode::Usage => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, error: Box::new(ErrorFact::from(&error)), again: None }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.error)).into_response();
        if let Some(again) = self.again {
            let seconds = again.as_secs() + u64::from(again.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

impl From<NotBegun> for Refusal {
    fn from(reason: NotBegun) -> Self {
        let unavailable = |text: &str| Self::new(StatusCode::SERVICE_UNAVAILABLE, ExitCode::Unavailable, text);
        match reason {
            NotBegun::Stopping => unavailable("the agent is being stopped and takes no command"),
            NotBegun::TooMany => unavailable("the agent carries out as many commands as it may at the same time"),
            NotBegun::NotKept(error) => {
                unavailable(&format!("the agent cannot keep the event, so it is not carried out: {error}"))
            }
            NotBegun::OtherContent { operation } => Self::new(
                StatusCode::CONFLICT,
                ExitCode::Refused,
                format!("this request has the key of another one, `{operation}`, and asks for something else"),
            )
            .with_hint("send another `Idempotency-Key`"),
        }
    }
}

impl Shared {
    /// Who asks.
    fn principal(&self, peer: Peer, headers: &HeaderMap) -> Result<Principal, Refusal> {
        peer.principal(headers, || Config::read(&self.config).map_err(|error| ExplainedError::from(error).into()))
    }

    /// An operation that the principal may look at: their own, and those of applications that they may read.
    fn find(&self, principal: &Principal, id: &str) -> Result<Arc<Operation>, Refusal> {
        let found = self.operations.find(id).ok_or_else(|| {
            let text = format!("the agent knows no operation `{id}`");
            Refusal::new(StatusCode::NOT_FOUND, ExitCode::NotFound, text)
                .with_hint(format!("`windlass show {id}` shows it where it is a deployment of an earlier time"))
        })?;
        if found.heading.by.proof() != principal.proof() {
            self.service.authorize(principal, Right::Read, found.application().as_deref())?;
        }
        Ok(found)
    }
}

async fn health(State(shared): State<Shared>) -> Json<Health> {
    Json(Health {
        version: version(),
        api: api(),
        environment: shared.environment.clone(),
        stopping: shared.operations.is_stopping(),
        running: shared.operations.running(),
    })
}

async fn numbers(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let principal = shared.principal(peer, &headers)?;
    shared.service.authorize(&principal, Right::Read, None)?;
    metrics::answer(State(shared)).await
}

async fn begin(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Accepted>), Refusal> {
    let principal = shared.principal(peer, &headers)?;
    let command: Command =
        serde_json::from_slice(&body).map_err(|error| Refusal::bad(format!("the body is no command: {error}")))?;
    command.validate().map_err(|why| Refusal::bad(format!("the command cannot be carried out: {why}")))?;
    let accepted = shared.operations.begin(principal, command, key(&headers)?)?;
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}

/// What the caller calls the request.
fn key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(key) = headers.get(KEY_HEADER) else { return Ok(None) };
    let good =
        |key: &&str| !key.is_empty() && key.len() <= LONGEST_KEY && key.bytes().all(|byte| byte.is_ascii_graphic());
    let key = key.to_str().ok().filter(good);
    let wrong = || Refusal::bad(format!("`{KEY_HEADER}` has 1 to {LONGEST_KEY} visible characters of ASCII"));
    key.map(|key| Some(key.to_owned())).ok_or_else(wrong)
}

async fn list(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
) -> Result<Json<Vec<OperationFact>>, Refusal> {
    let principal = shared.principal(peer, &headers)?;
    let all = shared.operations.list().map_err(|error| {
        let text = format!("the list of operations cannot be read: {error}");
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, ExitCode::Unexpected, text)
    })?;
    let may =
        |fact: &OperationFact| shared.service.authorize(&principal, Right::Read, fact.application.as_deref()).is_ok();
    Ok(Json(all.into_iter().filter(may).collect()))
}

async fn one(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<OperationFact>, Refusal> {
    let principal = shared.principal(peer, &headers)?;
    Ok(Json(shared.find(&principal, &id)?.fact()))
}

/// Where a stream begins.
#[derive(Debug, Deserialize)]
struct Cursor {
    #[serde(default)]
    after: u64,
}

async fn events(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    Path(id): Path<String>,
    cursor: Result<Query<Cursor>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refusal> {
    if shared.operations.is_stopping() {
        return Err(NotBegun::Stopping.into());
    }
    let principal = shared.principal(peer, &headers)?;
    let operation = shared.find(&principal, &id)?;
    let Query(Cursor { after }) = cursor.map_err(|_| Refusal::bad("`after` is the number of a line"))?;
    // A browser that comes back says where it was.
    let last = headers.get("last-event-id").map(|last| last.to_str().ok().and_then(|text| text.parse().ok()));
    let after = match last {
        Some(last) => last.ok_or_else(|| Refusal::bad("`Last-Event-ID` is the number of a line"))?,
        None => after,
    };
    let lines = operation.fact().lines;
    if after > lines {
        let text = format!("the stream of `{id}` has {lines} lines so far, and line {after} was asked for");
        return Err(Refusal::bad(text).with_hint("ask for the stream from its beginning: `?after=0`"));
    }
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let (form, kind) = if accept.contains("text/event-stream") {
        (Form::Events, "text/event-stream")
    } else {
        (Form::Lines, "application/x-ndjson")
    };
    let body = stream::body(operation, after, form, shared.stopping.clone());
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], body).into_response())
}

async fn stop(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<(StatusCode, Json<OperationFact>), Refusal> {
    let principal = shared.principal(peer, &headers)?;
    let operation = shared.find(&principal, &id)?;
    if operation.heading.by.proof() != principal.proof() {
        shared.service.authorize(&principal, Right::Deploy, operation.application().as_deref())?;
    }
    let wish: StopRequest = if body.is_empty() {
        StopRequest::default()
    } else {
        serde_json::from_slice(&body).map_err(|error| Refusal::bad(format!("the body says no way to stop: {error}")))?
    };
    if operation.has_ended() {
        let text = format!("`{id}` has ended already");
        return Err(Refusal::new(StatusCode::CONFLICT, ExitCode::Refused, text));
    }
    let stopping = operation.stopping();
    if wish.leave {
        stopping.leave_now();
    } else if !stopping.asked() {
        stopping.ask();
    }
    Ok((StatusCode::ACCEPTED, Json(operation.fact())))
}

/// There is no such route.
pub(super) async fn unknown(request: Request) -> Refusal {
    let text = format!("there is no `{} {}`", request.method(), request.uri().path());
    Refusal::new(StatusCode::NOT_FOUND, ExitCode::Usage, text).with_hint("`/v1/health` says which version the agent is")
}

/// Refuses a caller that speaks another version of the commands.
async fn understood(request: Request, next: Next) -> Response {
    // Who does not fit may still ask how the agent is.
    let asks_version = request.uri().path() == "/v1/health";
    match unlike(request.headers()).filter(|_| !asks_version) {
        None => next.run(request).await,
        Some(refusal) => refusal.into_response(),
    }
}

/// Why a caller is of another version; a caller that names none is taken at its word.
fn unlike(headers: &HeaderMap) -> Option<Refusal> {
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match said(API_HEADER)?.parse::<u32>() {
        Ok(caller) if caller == api() => None,
        Ok(caller) => {
            let text = mismatch((said(VERSION_HEADER).unwrap_or("unknown"), caller), (&version(), api()));
            Some(Refusal::new(StatusCode::UPGRADE_REQUIRED, ExitCode::Refused, text))
        }
        Err(_) => Some(Refusal::bad(format!("`{API_HEADER}` is a number"))),
    }
}

/// Refuses what a page in a browser sends: a page may not act with the rights of who looks at it.
async fn no_browser(request: Request, next: Next) -> Response {
    let headers = request.headers();
    if headers.contains_key(header::ORIGIN) || headers.contains_key(header::REFERER) {
        let text = "a request of a web page is not answered here";
        return Refusal::new(StatusCode::FORBIDDEN, ExitCode::Refused, text).into_response();
    }
    next.run(request).await
}

/// Every answer says which version the agent is.
async fn versioned(mut response: Response) -> Response {
    let headers = response.headers_mut();
    if let Ok(version) = HeaderValue::from_str(&version()) {
        headers.insert(VERSION_HEADER, version);
    }
    headers.insert(API_HEADER, HeaderValue::from(api()));
    response
}
