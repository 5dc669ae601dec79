//! Several exchanges at once: all are started, then whichever is ready goes on.
//!
//! Ready is what `wasi:io/poll` says; nothing here spins or sleeps.

use std::time::Instant;

use wasip2::clocks::monotonic_clock;
use wasip2::http::types::{FutureIncomingResponse, IncomingBody, IncomingResponse};
use wasip2::io::poll::{Pollable, poll};
use wasip2::io::streams::{InputStream, StreamError};

use super::{Request, Response, wasi};
use crate::{Error, Result};

/// How much is asked of a stream at once.
const CHUNK: u64 = 64 * 1024;

/// Where an exchange is.
enum State {
    Waiting(Waiting),
    Reading(Reading),
    Done(Option<Result<Response>>),
}

/// Fields are dropped in this order: WASI traps when a parent goes before its child.
struct Waiting {
    ready: Pollable,
    future: FutureIncomingResponse,
}

/// Likewise children first.
struct Reading {
    ready: Pollable,
    stream: InputStream,
    _body: IncomingBody,
    _head: IncomingResponse,
    response: Response,
}

struct Exchange<'a> {
    request: &'a Request,
    started: Instant,
    deadline: Pollable,
    state: State,
}

/// Sends all requests and waits for all answers, which are in the order of the requests.
pub(super) fn all(requests: &[Request]) -> Vec<Result<Response>> {
    let mut exchanges: Vec<Exchange<'_>> = requests.iter().map(Exchange::start).collect();
    loop {
        let mut owners = Vec::new();
        let mut pollables = Vec::new();
        for (index, exchange) in exchanges.iter().enumerate() {
            if let Some(ready) = exchange.ready() {
                pollables.extend([ready, &exchange.deadline]);
                owners.extend([(index, false), (index, true)]);
            }
        }
        if pollables.is_empty() {
            break;
        }
        let woken: Vec<(usize, bool)> =
            poll(&pollables).into_iter().filter_map(|place| owners.get(place as usize).copied()).collect();
        for (index, late) in woken {
            if let Some(exchange) = exchanges.get_mut(index) {
                if late { exchange.give_up() } else { exchange.advance() }
            }
        }
    }
    exchanges.into_iter().map(Exchange::finish).collect()
}

impl<'a> Exchange<'a> {
    fn start(request: &'a Request) -> Self {
        let nanoseconds = u64::try_from(request.timeout.as_nanos()).unwrap_or(u64::MAX);
        let started = Instant::now();
        let state = match wasi::start(request) {
            Ok(future) => State::Waiting(Waiting { ready: future.subscribe(), future }),
            Err(error) => State::Done(Some(Err(error))),
        };
        Self { request, started, deadline: monotonic_clock::subscribe_duration(nanoseconds), state }
    }

    fn ready(&self) -> Option<&Pollable> {
        match &self.state {
            State::Waiting(Waiting { ready, .. }) | State::Reading(Reading { ready, .. }) => Some(ready),
            State::Done(_) => None,
        }
    }

    fn give_up(&mut self) {
        if self.ready().is_some() {
            let waited = self.request.timeout;
            let message = format!("{}: no complete answer within {waited:?}", self.request.url);
            self.state = State::Done(Some(Err(Error::new("timeout", message).retryable())));
        }
    }

    /// Does what can be done without waiting.
    fn advance(&mut self) {
        let state = std::mem::replace(&mut self.state, State::Done(None));
        self.state = match state {
            State::Waiting(waiting) => self.head(waiting).unwrap_or_else(failed),
            State::Reading(reading) => self.body(reading),
            State::Done(answer) => State::Done(answer),
        };
    }

    fn head(&self, waiting: Waiting) -> Result<State> {
        let head = match waiting.future.get() {
            None => return Ok(State::Waiting(waiting)),
            Some(Ok(Ok(head))) => head,
            Some(Ok(Err(code))) => return Err(wasi::error(&self.request.url, &code)),
            Some(Err(())) => return Err(Error::internal("the answer was taken twice")),
        };
        let headers = head
            .headers()
            .entries()
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), String::from_utf8_lossy(&value).into_owned()))
            .collect();
        let took = self.started.elapsed();
        let response = Response { status: head.status(), headers, body: Vec::new(), truncated: false, took };
        let body = head.consume().map_err(|()| Error::internal("the body was taken twice"))?;
        let stream = body.stream().map_err(|()| Error::internal("the body was read twice"))?;
        Ok(State::Reading(Reading { ready: stream.subscribe(), stream, _body: body, _head: head, response }))
    }

    fn body(&self, mut reading: Reading) -> State {
        let read = reading.stream.read(CHUNK);
        let response = &mut reading.response;
        response.took = self.started.elapsed();
        match read {
            Ok(bytes) => {
                let room = self.request.most.saturating_sub(response.body.len());
                response.truncated = bytes.len() > room;
                response.body.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
                if response.truncated { done(reading) } else { State::Reading(reading) }
            }
            Err(StreamError::Closed) => done(reading),
            Err(cause) => failed(wasi::stream_error(&self.request.url, &cause)),
        }
    }

    fn finish(self) -> Result<Response> {
        match self.state {
            State::Done(Some(answer)) => answer,
            _ => Err(Error::internal("an exchange without an end")),
        }
    }
}

fn failed(error: Error) -> State {
    State::Done(Some(Err(error)))
}

fn done(reading: Reading) -> State {
    State::Done(Some(Ok(reading.response)))
}
