//! The agent's ports on this host: each is bound to a loopback address, serves one router, and ends with the agent.
//!
//! Who connects is not known, so everything is bounded: connections, the head of a request and the time for it, and how long a
//! connection lives. A connection carries one request. What is answered is the router's; who may ask, its `guard`'s.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::error::AgentError;

/// How long a client may take for the head of its request. A proxy on the same host sends it at once.
const HEAD_WITHIN: Duration = Duration::from_secs(5);

/// The largest head of a request, in bytes: what nginx takes by default in four of its buffers.
const LARGEST_HEAD: usize = 32 << 10;

/// The most header lines of a request, as many as an event may have.
const MOST_HEADERS: usize = 100;

/// How long is waited after the system gave no connection, for example because too many files are open.
const AFTER_ERROR: Duration = Duration::from_millis(500);

/// How much a port takes at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The most connections; more wait until one ends.
    pub(super) connections: usize,
    /// How long a connection lives at most.
    pub(super) lifetime: Duration,
}

/// A port that is bound and not yet served.
#[derive(Debug)]
pub(super) struct Port {
    address: SocketAddr,
    listener: TcpListener,
}

impl Port {
    /// Takes an address for a key of `[agent]`.
    ///
    /// # Errors
    /// When it cannot be had.
    pub(super) async fn bind(key: &'static str, address: SocketAddr) -> Result<Self, AgentError> {
        let listener = TcpListener::bind(address).await.map_err(|source| AgentError::Port { key, address, source })?;
        Ok(Self { address, listener })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until it is asked to end, and then lets the requests end that are in flight.
    pub(super) async fn serve(self, router: Router, limits: Limits, ended: CancellationToken) {
        let places = Arc::new(Semaphore::new(limits.connections));
        let connections = TaskTracker::new();
        loop {
            let next = async {
                // A connection that finds no place waits where the kernel keeps it.
                let place = places.clone().acquire_owned().await.ok();
                (self.listener.accept().await, place)
            };
            let (accepted, place) = tokio::select! {
                biased;
                () = ended.cancelled() => break,
                next = next => next,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(AFTER_ERROR).await;
                continue;
            };
            let (router, ended) = (router.clone(), ended.clone());
            connections.spawn(async move {
                // One that takes too long is cut off.
                tokio::time::timeout(limits.lifetime, answer(stream, router, ended)).await.ok();
                drop(place);
            });
        }
        drop(self.listener);
        connections.close();
        connections.wait().await;
    }
}

/// Answers the one request of a connection.
async fn answer(stream: TcpStream, router: Router, ended: CancellationToken) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_header_size(LARGEST_HEAD)
        .max_buf_size(2 * LARGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .keep_alive(false);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    // What is wrong with a connection is its client's to know.
    tokio::select! {
        _ = &mut connection => return,
        () = ended.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    connection.await.ok();
}
