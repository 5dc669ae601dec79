//! The stream that tells a page that something changed.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast};
use tokio_util::sync::CancellationToken;

use crate::changes::{Change, Changes};

/// How often a stream says that it is still there.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How a stream begins: when a browser comes back after its end, in milliseconds.
const BEGINS: &str = "retry: 2000\n\n";

/// One listener. Dropping it frees its place.
struct Listener {
    changes: broadcast::Receiver<Change>,
    begun: bool,
    _place: OwnedSemaphorePermit,
}

/// All changes from now on, until the agent ends.
pub(super) fn body(changes: &Changes, place: OwnedSemaphorePermit, stopping: CancellationToken) -> Body {
    let listener = Listener { changes: changes.listen(), begun: false, _place: place };
    let next = move |mut listener: Listener| {
        let stopping = stopping.clone();
        async move {
            if !listener.begun {
                listener.begun = true;
                return Some((Ok::<_, Infallible>(Bytes::from_static(BEGINS.as_bytes())), listener));
            }
            let text = tokio::select! {
                biased;
                () = stopping.cancelled() => return None,
                change = listener.changes.recv() => match change {
                    Ok(change) => told(change.deployment.as_deref()),
                    // It was too far behind to know of which.
                    Err(RecvError::Lagged(_)) => told(None),
                    Err(RecvError::Closed) => return None,
                },
                () = tokio::time::sleep(HEARTBEAT) => ":\n\n".to_owned(),
            };
            Some((Ok(Bytes::from(text)), listener))
        }
    };
    Body::from_stream(stream::unfold(listener, next))
}

/// `data: {"deployment":"5qzv7a14wyf2"}`.
fn told(deployment: Option<&str>) -> String {
    let object = deployment.map_or_else(|| json!({}), |deployment| json!({ "deployment": deployment }));
    format!("data: {object}\n\n")
}
