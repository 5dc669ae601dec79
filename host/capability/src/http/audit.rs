//! One line per request: who asked what, where it went, how it ended. The query is left out; it may hold anything.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::{Method, StatusCode};
use url::Url;
use windlass_domain::Failure;
use windlass_foundation::progress::Level;

use super::target;
use crate::log::Log;

/// A request, with what the log shows of it. Clones are the same request.
#[derive(Debug, Clone)]
pub(super) struct Audit {
    log: Log,
    started: Instant,
    what: Arc<str>,
    answer: Arc<Mutex<AnswerSoFar>>,
}

#[derive(Debug, Default)]
struct AnswerSoFar {
    status: Option<StatusCode>,
    from: Option<SocketAddr>,
    told: bool,
}

impl Audit {
    pub(super) fn new(log: Log, method: &Method, url: &Url) -> Self {
        let mut shown = url.clone();
        shown.set_query(None);
        shown.set_fragment(None);
        Self {
            log,
            started: Instant::now(),
            what: format!("http {method} {}", target::shown(shown.as_str())).into(),
            answer: Arc::default(),
        }
    }

    /// The headers of the answer are there.
    pub(super) fn answered(&self, status: StatusCode, from: Option<SocketAddr>) {
        let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        (answer.status, answer.from) = (Some(status), from);
    }

    /// The request was refused or failed.
    pub(super) fn refused(&self, failure: &Failure) {
        self.tell(&format!("{}: {}", failure.code, failure.message));
    }

    /// The answer was read to its end, or as far as the plugin wanted it.
    pub(super) fn finished(&self, bytes: u64, end: &str) {
        self.tell(&format!("{bytes} bytes{end}"));
    }

    fn tell(&self, end: &str) {
        let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut answer.told, true) {
            return;
        }
        let status = answer.status.map(|status| format!(" {}", status.as_u16())).unwrap_or_default();
        let from = answer.from.map(|from| format!(" from {}", from.ip())).unwrap_or_default();
        let took = self.started.elapsed().as_millis();
        self.log.note(Level::Debug, &format!("{} ->{status}{from} {end}, {took} ms", self.what));
    }
}
