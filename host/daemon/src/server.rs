//! The agent's life: it takes the state directory and the socket, goes on with what an earlier one left, serves, and ends in
//! order when it is asked to.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use windlass_config::{Config, DEFAULT_PATH};
use windlass_foundation::explain::ExplainedError;
use windlass_foundation::private;
use windlass_service::{Grammar, Service, presence};

use super::announcement::{Announce, Announcement};
use super::chores::{self, Hearer};
use super::error::AgentError;
use super::metrics::Counters;
use super::operations::Operations;
use super::peer::Peer;
use super::ports::Port;
use super::routes::{Shared, router};
use super::socket::Place;
use super::worker::Workers;
use super::{guard, hooks, page, systemd, watchdog, worker};

/// Serves until the process is asked to end, with SIGTERM or SIGINT.
///
/// # Errors
/// When it cannot begin: the operator's file, the state directory, the socket or the journal is not as it must be.
pub async fn serve(config: Option<PathBuf>, grammar: Grammar, announce: Announce) -> Result<(), ExplainedError> {
    // It changes the environment, so it comes before the threads that a command starts.
    let given = systemd::socket().map_err(|source| AgentError::Listen { path: PathBuf::from("systemd"), source })?;
    let file = config.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_PATH));
    let settings = if config.is_none() && !file.exists() { Config::defaults()? } else { Config::read(&file)? };
    let place = Place::of_config(&settings)?;
    private::claim(&settings.state_directory)?;
    let _presence = presence::claim(&settings.state_directory, place.path())?;
    let failed = |source| AgentError::Listen { path: place.path().to_owned(), source };
    let is_given = given.is_some();
    let listener = match given {
        Some(listener) => listener,
        None => place.listen(&settings)?,
    };
    listener.set_nonblocking(true).map_err(failed)?;
    let listener = UnixListener::from_std(listener).map_err(failed)?;

    let (page_port, hooks_port) =
        (bound("page", settings.resident.page).await?, bound("hooks", settings.resident.hooks).await?);

    let service = Service::new(config.clone(), grammar).of_agent(&settings.state_directory);
    let workers = Workers::new(service.clone(), config, &settings.state_directory);
    let state = &settings.state_directory;
    let unwritable = |source| AgentError::Write { path: state.join("operations"), source };
    let counters = Counters::new();
    let operations = Operations::open(service.clone(), workers.clone(), state, announce.clone(), counters.clone());
    let operations = Arc::new(operations.map_err(unwritable)?);
    let mut signals = Signals::listen().map_err(failed)?;
    // What an earlier agent left while it was killed ends with it, in a moment.
    presence::until_none_works(state, worker::LONGEST_END).await.map_err(unwritable)?;
    let resumed = operations.take_over().await?;

    let stopping = CancellationToken::new();
    let by_itself = service.clone();
    let shared = Shared {
        service,
        workers: workers.clone(),
        operations: operations.clone(),
        config: file,
        environment: settings.environment.clone(),
        stopping: stopping.clone(),
        announce: announce.clone(),
        counters,
    };
    let ended = CancellationToken::new();
    let mut ports = JoinSet::new();
    if let Some(port) = page_port {
        let address = port.address();
        announce(Announcement::Port { key: "page", address });
        ports.spawn(port.serve(guard::page(page::router(shared.clone()), address), page::LIMITS, ended.clone()));
    }
    if let Some(port) = hooks_port {
        announce(Announcement::Port { key: "hooks", address: port.address() });
        ports.spawn(port.serve(guard::hooks(hooks::router(shared.clone())), hooks::LIMITS, ended.clone()));
    }
    let app: IntoMakeServiceWithConnectInfo<_, Peer> = router(shared).into_make_service_with_connect_info();
    let server = axum::serve(listener, app).with_graceful_shutdown(ended.clone().cancelled_owned());
    let server = tokio::spawn(async move { server.await });
    place.take_word_back();
    // Until the process ends: the time that a stop takes is watched too.
    watchdog::begin(&operations);
    systemd::ready();
    announce(Announcement::Ready { socket: place.path().to_owned(), resumed });
    let (own, hears) = (settings.resident.clone(), Announced(announce.clone()));
    let keeping = tokio::spawn(chores::keep(by_itself, workers, operations.clone(), own, stopping.clone(), hears));

    signals.asked().await;
    announce(Announcement::Stopping { running: operations.running() });
    systemd::stopping();
    // Who listens is told at once, and asks again when the next agent is there.
    operations.close();
    if let Err(error) = place.leave_word() {
        announce(Announcement::NoWord(error.to_string()));
    }
    stopping.cancel();
    with_time(operations.pause(settings.resident.stop_within)).await;
    // What it could not deliver stays in the outbox.
    tokio::time::timeout(systemd::ASK_AGAIN, keeping).await.ok();
    ended.cancel();
    if !is_given {
        place.remove();
    }
    // Streams have ended; a connection that is idle, or does not read, is not waited for.
    let all = async {
        server.await.ok();
        while ports.join_next().await.is_some() {}
    };
    tokio::time::timeout(systemd::ASK_AGAIN, all).await.ok();
    announce(Announcement::Stopped);
    Ok(())
}

/// The port that a key of the operator's file names, where it names one.
async fn bound(key: &'static str, address: Option<SocketAddr>) -> Result<Option<Port>, AgentError> {
    match address {
        Some(address) => Port::bind(key, address).await.map(Some),
        None => Ok(None),
    }
}

/// What the agent does by itself, announced.
#[derive(Clone)]
struct Announced(Announce);

impl Hearer for Announced {
    fn not_delivered(&self, why: String) {
        (self.0)(Announcement::OutboxFailed(why));
    }

    fn told(&self, text: String) {
        (self.0)(Announcement::ByItself(text));
    }
}

/// Waits, and asks systemd for more time while it does.
async fn with_time(pause: impl Future<Output = ()>) {
    tokio::pin!(pause);
    loop {
        systemd::extend();
        tokio::select! {
            () = &mut pause => return,
            () = tokio::time::sleep(systemd::ASK_AGAIN) => {}
        }
    }
}

/// The signals that ask the agent to end.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
