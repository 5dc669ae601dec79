//! What is answered at the `page` port to those of this host who look. Nothing here changes anything; who may ask is in
//! [`guard`](super::guard).

use std::time::Duration;

use axum::Router;
use axum::routing::get;

use super::metrics;
use super::ports::Limits;
use super::routes::{Shared, unknown};

/// Enough for some people and a collector; and a stream is asked for again when its connection has lived this long.
pub(super) const LIMITS: Limits = Limits { connections: 64, lifetime: Duration::from_mins(10) };

/// The routes.
pub(super) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/metrics", get(metrics::answer))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .with_state(shared)
}
