//! Bodies on their way: counted, bounded, ended when they stand still, and searched for secret values.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyDataStream, BodyExt as _};
use tokio::time::{Instant, Sleep};
use windlass_config::Origin;
use windlass_domain::Failure;
use windlass_foundation::redact::{Filter, Redactor};

use super::audit::Audit;
use super::{client, headers};
use crate::failure::{failure, passing};

/// What is left of an answer to read, and how long it may stand still.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyLimits {
    pub(super) bytes: u64,
    pub(super) pause: Duration,
}

/// What removes secret values from an answer.
pub(super) struct Search {
    /// From its pieces; none where the answer is not searched.
    pub(super) filter: Option<Filter>,
    /// From its trailers.
    pub(super) redactor: Redactor,
}

/// The body of an answer.
pub struct ResponseBody {
    body: Pin<Box<reqwest::Body>>,
    limits: BodyLimits,
    read: u64,
    pause: Pin<Box<Sleep>>,
    ended: bool,
    audit: Audit,
    origin: Origin,
    search: Search,
    /// What follows before anything more is read.
    next: Option<Frame<Bytes>>,
}

impl std::fmt::Debug for ResponseBody {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ResponseBody")
            .field("origin", &self.origin)
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}

impl ResponseBody {
    pub(super) fn new(body: reqwest::Body, limits: BodyLimits, audit: Audit, origin: Origin, search: Search) -> Self {
        let pause = Box::pin(tokio::time::sleep(limits.pause));
        Self { body: Box::pin(body), limits, read: 0, pause, ended: false, audit, origin, search, next: None }
    }

    /// A frame without secret values; none when all of it is held back.
    fn clean(&mut self, frame: Frame<Bytes>) -> Option<Frame<Bytes>> {
        let Some(filter) = &mut self.search.filter else { return Some(frame) };
        let mut clean = Vec::new();
        match frame.into_data() {
            Ok(data) => filter.push(&data, &mut clean),
            Err(frame) => {
                // Trailers end the body.
                filter.finish(&mut clean);
                let trailers = frame.into_trailers().ok()?;
                let trailers = Frame::trailers(headers::incoming(trailers, &self.search.redactor));
                if clean.is_empty() {
                    return Some(trailers);
                }
                self.next = Some(trailers);
            }
        }
        (!clean.is_empty()).then(|| Frame::data(clean.into()))
    }

    /// What was held back, at the end of the body.
    fn rest(&mut self) -> Option<Frame<Bytes>> {
        let filter = self.search.filter.as_mut().filter(|filter| !filter.is_empty())?;
        let mut clean = Vec::new();
        filter.finish(&mut clean);
        Some(Frame::data(clean.into()))
    }

    /// The whole rest, for callers that do not stream.
    pub async fn read_all(self) -> Result<Bytes, Failure> {
        Ok(self.collect().await?.to_bytes())
    }

    fn end(&mut self, failure: Option<Failure>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        self.ended = true;
        let Some(failure) = failure else {
            self.audit.finished(self.read, "");
            return Poll::Ready(None);
        };
        self.audit.refused(&failure);
        Poll::Ready(Some(Err(failure)))
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        let this = self.get_mut();
        if let Some(frame) = this.next.take() {
            return Poll::Ready(Some(Ok(frame)));
        }
        if this.ended {
            return Poll::Ready(None);
        }
        loop {
            match this.body.as_mut().poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => {
                    this.pause.as_mut().reset(Instant::now() + this.limits.pause);
                    let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                    this.read = this.read.saturating_add(length);
                    if this.read > this.limits.bytes {
                        let limit = this.limits.bytes;
                        let message = format!(
                            "the answer of `{}` has more than {limit} bytes (`http-response` in `[limits]`)",
                            this.origin
                        );
                        return this.end(Some(failure("limit-exceeded", message)));
                    }
                    if let Some(frame) = this.clean(frame) {
                        return Poll::Ready(Some(Ok(frame)));
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    let failure = client::failed(&error, &this.origin.to_string());
                    return this.end(Some(failure));
                }
                Poll::Ready(None) => {
                    return match this.rest() {
                        Some(frame) => Poll::Ready(Some(Ok(frame))),
                        None => this.end(None),
                    };
                }
                Poll::Pending => {
                    return match this.pause.as_mut().poll(context) {
                        Poll::Ready(()) => {
                            let message =
                                format!("the answer of `{}` stood still for {:?}", this.origin, this.limits.pause);
                            this.end(Some(passing("timeout", message)))
                        }
                        Poll::Pending => Poll::Pending,
                    };
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let held = self.search.filter.as_ref().is_some_and(|filter| !filter.is_empty());
        self.next.is_none() && (self.ended || (self.body.is_end_stream() && !held))
    }

    fn size_hint(&self) -> SizeHint {
        match self.search.filter {
            Some(_) if !self.is_end_stream() => SizeHint::default(),
            _ => self.body.size_hint(),
        }
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        // Written once: this line is for answers that were not read to their end.
        let end = if self.body.is_end_stream() { "" } else { " read" };
        self.audit.finished(self.read, end);
    }
}

/// Why a request's body was ended, for when the HTTP library only says that it was.
#[derive(Debug, Clone, Default)]
pub(super) struct Watched(Arc<Mutex<Option<Failure>>>);

impl Watched {
    pub(super) fn failure(&self) -> Option<Failure> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// An error for the HTTP library; the failure itself is in [`Watched`].
#[derive(Debug, thiserror::Error)]
#[error("the request's body was ended")]
struct Ended;

/// A request's body, bounded.
pub(super) fn outgoing<B>(body: B, limit: u64) -> (reqwest::Body, Watched)
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let watched = Watched::default();
    let exact = body.size_hint().exact();
    let counted =
        Counted { body: body.map_err(Into::into).boxed_unsync(), left: limit, limit, watched: watched.clone() };
    let wrapped = match exact {
        // Nothing to send: no length and no chunks are announced.
        Some(0) if http_body::Body::is_end_stream(&counted) => reqwest::Body::from(Bytes::new()),
        _ => reqwest::Body::wrap(SyncBody(Mutex::new(counted))),
    };
    (wrapped, watched)
}

struct Counted {
    body: UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>,
    left: u64,
    limit: u64,
    watched: Watched,
}

impl Counted {
    fn end(&self, failure: Failure) -> Poll<Option<Result<Frame<Bytes>, Ended>>> {
        *self.watched.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
        Poll::Ready(Some(Err(Ended)))
    }
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Ended;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Ended>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                let Some(left) = this.left.checked_sub(length) else {
                    let limit = this.limit;
                    let message = format!("the request has more than {limit} bytes (`http-request` in `[limits]`)");
                    return this.end(failure("limit-exceeded", message));
                };
                this.left = left;
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.end(failure("invalid-argument", format!("the request's body broke off: {error}")))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// reqwest requires bodies that threads can share. Only one thread uses this one, so no thread ever waits for the lock.
struct SyncBody(Mutex<Counted>);

impl Body for SyncBody {
    type Data = Bytes;
    type Error = Ended;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Ended>>> {
        let counted = self.get_mut().0.get_mut().unwrap_or_else(PoisonError::into_inner);
        Pin::new(counted).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).size_hint()
    }
}

impl ResponseBody {
    /// The rest as a stream of pieces.
    #[must_use]
    pub fn into_stream(self) -> BodyDataStream<Self> {
        self.into_data_stream()
    }
}
