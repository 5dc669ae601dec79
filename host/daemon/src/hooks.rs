//! What is answered at the `hooks` port: events from outside, which a proxy of the team hands over.

use std::time::Duration;

use axum::Router;

use super::ports::Limits;
use super::routes::{Shared, unknown};

/// A proxy keeps what is slow away, so a request that takes long is not one of it.
pub(super) const LIMITS: Limits = Limits { connections: 32, lifetime: Duration::from_secs(30) };

/// The routes.
pub(super) fn router(shared: Shared) -> Router {
    Router::new().fallback(unknown).method_not_allowed_fallback(unknown).with_state(shared)
}
