//! One client of the Docker Engine per process.
//!
//! Connects at the first call. An engine that never answered is an error at once; one that did is waited for through
//! a restart, because every request that is made here may be repeated.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, ClientVersion};
use tokio::sync::{Mutex, OnceCell};
use tokio::time::{Instant, sleep, timeout};
use windlass_domain::Failure;

use super::ahead::Ahead;
use super::failure::{RequestError, failure, hinted};
use super::transport::{self, Api, Transport};
use super::{kinds, wire};

/// As long as the operator lets an ordinary request take.
pub(super) const ORDINARY: Limit = Limit::Ordinary;
/// The longest that a first connection may take.
const CONNECT: Duration = Duration::from_secs(20);
/// How long an engine that answered before may be away.
const RESTART: Duration = Duration::from_mins(2);
/// How long an engine that neither ends nor begins may take to answer on a new connection.
const ANEW: Duration = Duration::from_secs(2);
/// How long it is left alone before it is asked again whether it is there.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// The oldest API version that the agent uses.
const OLDEST: Api = (1, 41);
/// The newest API that this agent was tried with. A newer engine is asked in this version, as long as it serves it.
const NEWEST: Api = (1, 51);

/// How long the engine is waited for, as the operator decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For one request that is not a pull, a wait or a stream.
    pub request: Duration,
    /// For the next sign of life of a pull.
    pub pull_stall: Duration,
    /// For a whole pull, with all its attempts.
    pub pull: Duration,
}

impl Default for Patience {
    /// As in `default-agent.toml`.
    fn default() -> Self {
        Self { request: Duration::from_mins(1), pull_stall: Duration::from_mins(1), pull: Duration::from_mins(30) }
    }
}

impl From<&windlass_config::Docker> for Patience {
    fn from(docker: &windlass_config::Docker) -> Self {
        Self { request: docker.timeout, pull_stall: docker.pull_stall, pull: docker.pull_timeout }
    }
}

/// How long one request may take.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    /// As long as the operator says.
    Ordinary,
    /// As long as what it asks for takes.
    Own(Duration),
}

impl From<Duration> for Limit {
    fn from(duration: Duration) -> Self {
        Self::Own(duration)
    }
}

/// The host's Docker Engine.
pub struct Engine {
    endpoint: String,
    pub(super) patience: Patience,
    client: OnceCell<bollard::Docker>,
    /// Whether it answered before, as far as the caller knows.
    is_known: AtomicBool,
    absences: AtomicUsize,
    data_root: OnceCell<PathBuf>,
    pub(super) ahead: Ahead,
    /// The engine lets two networks have one name; held from looking for a name to creating it.
    pub(super) creating_network: Mutex<()>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Engine").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine at `unix:///path/to/docker.sock`. Nothing is connected yet.
    #[must_use]
    pub fn new(endpoint: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            patience: Patience::default(),
            client: OnceCell::new(),
            is_known: AtomicBool::new(false),
            absences: AtomicUsize::new(0),
            data_root: OnceCell::new(),
            ahead: Ahead::default(),
            creating_network: Mutex::new(()),
        }
    }

    /// The same engine, waited for as long as the operator says.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// It answered an earlier process, so it is waited for at the first call as after a restart: the host may have just
    /// started.
    pub fn has_answered_before(&self) {
        self.is_known.store(true, Ordering::Relaxed);
    }

    /// Where the engine listens.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Whether the engine answers; the failure says why not and what to do. Does not wait for one that is away.
    pub async fn ping(&self) -> Result<(), Failure> {
        let what = "reach the Docker Engine";
        let client = self.client().await.map_err(|error| error.into_failure(what))?;
        self.once(&client, self.patience.request, &|client| async move { client.ping().await })
            .await
            .map(drop)
            .map_err(|error| error.into_failure(what))
    }

    /// The path of the socket.
    pub(super) fn socket(&self) -> PathBuf {
        PathBuf::from(self.endpoint.strip_prefix("unix://").unwrap_or(&self.endpoint))
    }

    /// Whether applications can be deployed on the engine; the failure says why not and what to do.
    pub async fn can_deploy(&self) -> Result<(), Failure> {
        self.data_root().await.map(drop).map_err(|error| error.into_failure("deploy on this engine"))
    }

    /// Where the engine keeps its data, as it says. Whatever is made asks this first, so an engine that is not deployed on
    /// is refused here.
    pub(super) async fn data_root(&self) -> Result<&PathBuf, RequestError> {
        self.data_root
            .get_or_try_init(|| async {
                let info = match self.foreseen().await {
                    Some(told) => told.info.clone(),
                    None => self.call(ORDINARY, |client| async move { client.info().await }).await?,
                };
                if let Some(unsupported) = kinds::of_info(&self.endpoint, &info) {
                    return Err(unsupported);
                }
                Ok(PathBuf::from(info.docker_root_dir.unwrap_or_else(|| "/var/lib/docker".to_owned())))
            })
            .await
    }

    /// Requests ahead of time what the judgement of a plan needs, because the engine takes long to answer. This call
    /// does not wait for the answer; a caller that needs it asks again where there was none. Only for an engine that
    /// has answered before.
    pub(super) fn foresee_data_root(self: &Arc<Self>) {
        if self.data_root.initialized() {
            return;
        }
        let engine = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = engine.data_root().await {
                tracing::debug!(%error, "the engine's data are not known yet");
            }
        });
    }

    /// Makes a request that may be repeated, within `limit` for each attempt. When the connection is lost, waits for
    /// the engine to come back and makes it again.
    pub(super) async fn call<T, F, Fut>(&self, limit: impl Into<Limit>, request: F) -> Result<T, RequestError>
    where
        F: Fn(bollard::Docker) -> Fut,
        Fut: Future<Output = Result<T, bollard::errors::Error>>,
    {
        let limit = match limit.into() {
            Limit::Ordinary => self.patience.request,
            Limit::Own(duration) => duration,
        };
        let client = self.client().await?;
        let mut away_since = None;
        loop {
            let error = match self.once(&client, limit, &request).await {
                Err(error) if self.is_away(&error).await => error,
                answer => return answer,
            };
            let since = *away_since.get_or_insert_with(Instant::now);
            if !self.came_back(&client, since).await {
                return Err(error);
            }
        }
    }

    /// Makes one attempt of a request. Fails after `limit`, which covers the body of the response as well.
    async fn once<T, F, Fut>(&self, client: &bollard::Docker, limit: Duration, request: &F) -> Result<T, RequestError>
    where
        F: Fn(bollard::Docker) -> Fut,
        Fut: Future<Output = Result<T, bollard::errors::Error>>,
    {
        // The client's own limit ends with the response's head, ours covers the body as well.
        match timeout(limit, request(client.clone().with_timeout(limit))).await {
            Err(_) => Err(RequestError::Timeout(limit)),
            Ok(answer) => answer.map_err(|error| RequestError::new(&self.endpoint, limit, &error)),
        }
    }

    /// Whether the engine could not do what was asked because it went away. One that ends takes no new connections, and
    /// answers on those that it has with errors of its own.
    async fn is_away(&self, error: &RequestError) -> bool {
        let its_own = error.status().is_some_and(|status| status >= 500);
        error.lost_connection() || (its_own && !self.answers_anew().await)
    }

    /// Whether the engine takes a new connection and answers on it. One that ends does not, or, where systemd has its
    /// socket, leaves the connection to the one that begins.
    async fn answers_anew(&self) -> bool {
        let limit = ANEW.min(self.patience.request);
        let Ok(transport) = Transport::to(&self.socket()) else { return false };
        let Ok(client) = transport.client(limit.as_secs().max(1), API_DEFAULT_VERSION) else { return false };
        self.once(&client, limit, &|client| async move { client.ping().await }).await.is_ok()
    }

    /// Whether the engine ends right now or is away. It has come back then, or was away for too long, which the next
    /// request says. What an engine that ends was told, and what it told, may not count: it stops the containers itself.
    pub async fn was_away(&self) -> bool {
        // One that was never asked has nothing to do with what is going on.
        let Some(client) = self.client.get() else { return false };
        if self.answers_anew().await {
            return false;
        }
        self.came_back(client, Instant::now()).await;
        true
    }

    /// How often the engine was away since it was first asked.
    #[must_use]
    pub fn absences(&self) -> usize {
        self.absences.load(Ordering::Relaxed)
    }

    /// Waits until the engine answers again; false when it stays away too long.
    pub(super) async fn came_back(&self, client: &bollard::Docker, since: Instant) -> bool {
        self.absences.fetch_add(1, Ordering::Relaxed);
        let mut pause = Duration::from_millis(50);
        while since.elapsed() < RESTART {
            // A missing socket gives no notice when it appears, so it is asked.
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            // What is sent on a connection that was kept may still be answered by the one that ends.
            if self.answers_anew().await
                && self.once(client, ANEW, &|client| async move { client.ping().await }).await.is_ok()
            {
                return true;
            }
        }
        false
    }

    /// The client, connected at its first use.
    pub(super) async fn client(&self) -> Result<bollard::Docker, RequestError> {
        self.client.get_or_try_init(|| self.begin()).await.cloned()
    }

    /// Connects; waits for an engine that is known and not there yet.
    async fn begin(&self) -> Result<bollard::Docker, RequestError> {
        let since = Instant::now();
        loop {
            match self.connect().await {
                Err(error)
                    if error.may_pass() && self.is_known.load(Ordering::Relaxed) && since.elapsed() < RESTART =>
                {
                    sleep(LONGEST_PAUSE).await;
                }
                connected => return connected,
            }
        }
    }

    /// The version of the API that the agent uses with this engine, such as `1.41`.
    pub(super) async fn spoken(&self) -> Result<String, RequestError> {
        let version = self.client().await?.client_version();
        Ok(format!("{}.{}", version.major_version, version.minor_version))
    }

    async fn connect(&self) -> Result<bollard::Docker, RequestError> {
        let limit = CONNECT.min(self.patience.request);
        let unusable = |error| RequestError::new(&self.endpoint, limit, &error);
        let socket = self.socket();
        if !socket.is_absolute() {
            return Err(RequestError::Other(format!("`{}` is not a Unix socket (`unix:///path`)", self.endpoint)));
        }
        let seconds = self.patience.request.as_secs().max(1);
        let transport = Transport::to(&socket).map_err(unusable)?;
        let (major_version, minor_version) = self.agree(&transport, seconds, limit).await?;
        let spoken = ClientVersion { major_version, minor_version };
        let client = transport.client(seconds, &spoken).map_err(unusable)?;
        Ok(client.with_request_modifier(move |request| wire::complete(request, &spoken)))
    }

    /// The newest version that both know, and that the engine still serves.
    async fn agree(&self, transport: &Transport, seconds: u64, limit: Duration) -> Result<Api, RequestError> {
        let unusable = |error| RequestError::new(&self.endpoint, limit, &error);
        // What is asked without a version is answered to clients of every version.
        let client = transport.client(seconds, API_DEFAULT_VERSION).map_err(unusable)?;
        self.once(&client, limit, &|client| async move { client.ping().await }).await?;
        let (oldest, newest) = match transport.newest() {
            Some(newest) if newest <= NEWEST => (OLDEST, newest),
            // To list all of its versions an engine starts programs, which takes longer than most answers.
            _ => self.served(&client, limit).await?,
        };
        if newest < OLDEST {
            return Err(RequestError::Unsupported {
                message: format!(
                    "the Docker Engine at `{}` is too old: it speaks API {}.{}, and {}.{} is needed",
                    self.endpoint, newest.0, newest.1, OLDEST.0, OLDEST.1
                ),
                hint: "update it to Docker 20.10 or newer",
            });
        }
        Ok(newest.min(NEWEST).max(oldest))
    }

    /// The oldest and the newest version that the engine serves.
    async fn served(&self, client: &bollard::Docker, limit: Duration) -> Result<(Api, Api), RequestError> {
        let version = self.once(client, limit, &|client| async move { client.version().await }).await?;
        if let Some(unsupported) = kinds::of_version(&self.endpoint, &version) {
            return Err(unsupported);
        }
        let parse = |text: Option<String>| transport::version(&text?);
        Ok((parse(version.min_api_version).unwrap_or(OLDEST), parse(version.api_version).unwrap_or((0, 0))))
    }
}

/// A request of the kind that needs a deployment was made outside one.
pub(super) fn outside_deployment() -> Failure {
    hinted("capability-denied", "nothing can be created outside a deployment", "create objects in `apply` alone")
}

/// An argument that the engine cannot mean.
pub(super) fn invalid(message: impl Into<String>) -> Failure {
    failure("invalid-argument", message)
}
