//! Numbers about the agent in the text format of Prometheus, version 0.0.4.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use windlass_foundation::explain::ExitCode;

use super::protocol::version;
use super::routes::{Refusal, Shared};

/// What a collector is told about the form of the answer.
const FORM: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers with all of them.
pub(super) async fn answer(State(_shared): State<Shared>) -> Result<Response, Refusal> {
    let mut registry = Registry::default();
    registry.register("windlass_build", "The release of the agent", Info::new([("version", version())]));
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry).map_err(|error| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, ExitCode::Unexpected, format!("no numbers: {error}"))
    })?;
    Ok(([(header::CONTENT_TYPE, FORM)], text).into_response())
}
