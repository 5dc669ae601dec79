//! What is answered at the `page` port to those of this host who look: the pages, the stream that says when one changed, and
//! numbers. It asks the service as a principal of its own, who may look and nothing else; who may ask is in
//! [`guard`](super::guard), and how a page looks in `windlass_page`.

mod events;
mod looks;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use jiff::Timestamp;
use tokio::sync::Semaphore;
use windlass_api::command::ApplicationRef;
use windlass_api::facts::HistoryFact;
use windlass_api::{Answer, Command, CommandEvent, ErrorFact};
use windlass_deployment::Stop;
use windlass_foundation::explain::ExitCode;
use windlass_foundation::names::Kind;
use windlass_foundation::principal::Principal;
use windlass_page::{Kept, View};
use windlass_service::Sink;
use windlass_service::work::{Done, Work};

use super::metrics;
use super::operations::NotBegun;
use super::ports::Limits;
use super::routes::{Refusal, Shared, unknown};
use super::worker::Failure;
use looks::{Looked, Looks};

/// Enough for some people and a collector; and a stream is asked for again when its connection has lived this long.
pub(super) const LIMITS: Limits = Limits { connections: 64, lifetime: Duration::from_mins(10) };

/// How many streams there may be: places are left for those who ask for a page.
const LISTENERS: usize = 32;

/// How many deployments the first page has.
const LAST: u32 = 20;

/// How many deployments the page of an application has.
const LAST_OF_ONE: u32 = 50;

/// How long what runs is waited for before the page shows what was seen last.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the pages share.
#[derive(Clone)]
struct Pages {
    shared: Shared,
    looks: Arc<Looks>,
    listeners: Arc<Semaphore>,
}

/// The routes.
pub(super) fn router(shared: Shared) -> Router {
    let pages = Pages {
        shared: shared.clone(),
        looks: Arc::new(Looks::new(PATIENCE)),
        listeners: Arc::new(Semaphore::new(LISTENERS)),
    };
    let numbers = Router::new().route("/metrics", get(metrics::answer)).with_state(shared);
    Router::new()
        .route("/", get(overview))
        .route("/applications/{name}", get(application))
        .route("/deployments/{id}", get(deployment))
        .route("/events", get(listen))
        .fallback(missing)
        .method_not_allowed_fallback(unknown)
        .with_state(pages)
        .merge(numbers)
}

/// A page that could not be made.
type Failed = Box<ErrorFact>;

async fn overview(State(pages): State<Pages>) -> Response {
    let looked = pages.look().await;
    let made = match looked {
        Ok(looked) => pages.history(None).await.map(|deployments| {
            let view = pages.view(looked.earlier);
            windlass_page::overview(&view, &looked.applications, &deployments)
        }),
        Err(error) => Err(error),
    };
    pages.answered(made)
}

async fn application(State(pages): State<Pages>, Path(name): Path<String>) -> Response {
    let Ok(ApplicationRef::Name(name)) = name.parse() else { return pages.nothing(&name).await };
    let looked = match pages.look().await {
        Ok(looked) => looked,
        Err(error) => return pages.answered(Err(error)),
    };
    let Some(fact) = looked.applications.iter().find(|fact| fact.application == name) else {
        return pages.nothing(&name).await;
    };
    let deployments = pages.history(Some(name)).await;
    pages.answered(
        deployments.map(|deployments| windlass_page::application(&pages.view(looked.earlier), fact, &deployments)),
    )
}

async fn deployment(State(pages): State<Pages>, Path(id): Path<String>) -> Response {
    // No path of a file comes from here: an id, the beginning of one, or the name of an application.
    if Kind::Earlier.parse(&id).is_err() || id.contains(['/', '.']) {
        return pages.nothing(&id).await;
    }
    match pages.ask(Command::Report { deployment: id.clone() }).await {
        Ok(Answer::Reported { deployment, course }) => {
            pages.answered(Ok(windlass_page::deployment(&pages.view(None), &deployment, &course)))
        }
        Ok(_) => pages.answered(Err(unexpected())),
        Err(error) if error.exit == ExitCode::NotFound.number() => pages.nothing(&id).await,
        Err(error) => pages.answered(Err(error)),
    }
}

async fn listen(State(pages): State<Pages>) -> Result<Response, Refusal> {
    if pages.shared.operations.is_stopping() {
        return Err(NotBegun::Stopping.into());
    }
    let Ok(place) = pages.listeners.clone().try_acquire_owned() else {
        let text = "as many pages are told of changes as may be at the same time";
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, ExitCode::Unavailable, text));
    };
    let body = events::body(pages.shared.operations.changes(), place, pages.shared.stopping.clone());
    Ok(([(header::CONTENT_TYPE, "text/event-stream")], body).into_response())
}

async fn missing(State(pages): State<Pages>, uri: Uri) -> Response {
    pages.nothing(uri.path()).await
}

impl Pages {
    fn view(&self, looked: Option<Timestamp>) -> View<'_> {
        View {
            environment: &self.shared.environment,
            now: Timestamp::now(),
            kept: Kept::Served,
            looked,
            stopping: self.shared.operations.is_stopping(),
        }
    }

    /// Asks the service as one who may only look.
    async fn ask(&self, command: Command) -> Result<Answer, Failed> {
        let work = Work::Command { by: Principal::page(), id: None, command: Box::new(command) };
        match self.shared.workers.carry_out(work, Arc::new(Unheard)).await {
            Ok(Done::Reply(reply)) => Ok(reply.answer),
            other => Err(Box::new(match Failure::of(other) {
                Failure::Error(error) => error,
                ended @ Failure::Ended { .. } => ErrorFact::new(ExitCode::Unavailable, ended.to_string()),
            })),
        }
    }

    /// What runs.
    async fn look(&self) -> Result<Looked, Failed> {
        let look = async {
            match self.ask(Command::Status { application: None }).await? {
                Answer::Status { applications } => Ok(applications),
                _ => Err(unexpected()),
            }
        };
        let looked = self.looks.take(self.shared.operations.changes().number(), look).await?;
        looked.ok_or_else(|| {
            let error = ErrorFact::new(ExitCode::Unavailable, "what runs did not answer in time");
            Box::new(error.with_hint("`windlass doctor` says whether the Docker Engine answers"))
        })
    }

    /// The last deployments.
    async fn history(&self, application: Option<String>) -> Result<Vec<HistoryFact>, Failed> {
        let limit = if application.is_some() { LAST_OF_ONE } else { LAST };
        let application = application.map(ApplicationRef::Name);
        match self.ask(Command::History { application, limit }).await? {
            Answer::History { deployments, .. } => Ok(deployments),
            _ => Err(unexpected()),
        }
    }

    /// There is no such page.
    async fn nothing(&self, what: &str) -> Response {
        match self.history(None).await {
            Ok(deployments) => {
                page(StatusCode::NOT_FOUND, windlass_page::missing(&self.view(None), what, &deployments))
            }
            Err(error) => self.answered(Err(error)),
        }
    }

    fn answered(&self, made: Result<String, Failed>) -> Response {
        match made {
            Ok(text) => page(StatusCode::OK, text),
            Err(error) => {
                let status = if error.exit == ExitCode::Unavailable.number() {
                    StatusCode::SERVICE_UNAVAILABLE
                } else {
                    StatusCode::INTERNAL_SERVER_ERROR
                };
                page(status, windlass_page::failed(&self.view(None), &error))
            }
        }
    }
}

/// The service answered something else than it was asked.
fn unexpected() -> Failed {
    Box::new(ErrorFact::new(ExitCode::Unexpected, "the agent answered something else than it was asked"))
}

/// A page, which a browser shows as the policy says, keeps nowhere and names to no other site.
fn page(status: StatusCode, text: String) -> Response {
    let headers: [(HeaderName, HeaderValue); 4] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(windlass_page::policy())),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, text).into_response()
}

/// Who looks hears nothing meanwhile, and begins nothing.
struct Unheard;

impl Sink for Unheard {
    fn event(&self, _: CommandEvent) {}

    fn stop(&self) -> std::io::Result<Stop> {
        Err(std::io::Error::other("a page begins nothing"))
    }
}
