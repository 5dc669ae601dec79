//! The command line's side of the socket: a command goes to the agent, and what the agent tells is passed on as if the
//! command ran here.
//!
//! A lost connection is no stop. The client comes back and goes on reading where it was, also when the agent was restarted
//! meanwhile.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::rt::TokioExecutor;
use hyperlocal::{UnixConnector, Uri};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use windlass_api::{Command, CommandEvent, ErrorFact, RemoteError, Reply};
use windlass_foundation::clock::{Ids as _, RandomIds};
use windlass_foundation::explain::{ExitCode, Explain as _};
use windlass_foundation::principal::{Certificate, Principal, Proof};
use windlass_service::Sink;

use super::error::AgentError;
use super::protocol::{
    API_HEADER, Accepted, KEY_HEADER, NAME_HEADER, OperationFact, SSH_CERTIFICATE_HEADER, SSH_KEY_HEADER, STOPPING,
    StopRequest, StreamObject, VERSION_HEADER, api, mismatch, version,
};
use super::socket::Place;

/// How long the client waits for an agent that went away.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long the agent may take to answer a request. systemd keeps a connection for as long as the agent is restarted, which
/// lasts as long as the steps that are in flight.
const ANSWER: Duration = Duration::from_mins(3);

/// The first pause between two attempts to reach it, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// The largest answer that is no stream, and the largest line of a stream, in bytes.
const LARGEST_ANSWER: usize = 160 << 20;

/// A client of the agent.
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) place: Place,
    pub(super) http: HttpClient<UnixConnector, Full<Bytes>>,
    principal: Principal,
}

type Answer = http::Response<hyper::body::Incoming>;

/// How reading a stream ended.
enum End {
    Reply(Box<Reply>),
    Error(Box<ErrorFact>),
    /// The connection, or the agent, ended first.
    Cut,
}

impl Client {
    /// A client of the agent at a place, which asks for this principal.
    ///
    /// # Errors
    /// When another user could have made the socket.
    pub fn new(place: Place, principal: Principal) -> Result<Self, AgentError> {
        place.trust()?;
        Ok(Self { place, http: HttpClient::builder(TokioExecutor::new()).build(UnixConnector), principal })
    }

    /// Has the agent carry out a command. The sink hears what it tells; its request to stop is passed on.
    ///
    /// # Errors
    /// As for [`windlass_service::Service::execute`], and when the agent cannot be asked.
    pub async fn execute(&self, command: Command, sink: Arc<dyn Sink>) -> Result<Reply, AgentError> {
        let deploys = command.deploys();
        let answer = self.send(Method::POST, "/v1/operations", Some(&command), Some(RandomIds.next())).await?;
        let accepted: Accepted = self.read(answer).await?;
        if let Some(joined) = &accepted.joined {
            sink.event(CommandEvent::Note(format!(
                "The same command runs already: {} asked for it at {}. This is what it tells.",
                joined.by, joined.since
            )));
        }
        self.follow(&accepted.operation, deploys, true, sink).await
    }

    /// Shows an operation from its beginning to its end, and never stops it. Without an id, the one that goes on, or else the
    /// last one that was a deployment.
    ///
    /// # Errors
    /// When there is none, or the agent cannot be asked.
    pub async fn attach(&self, operation: Option<&str>, sink: Arc<dyn Sink>) -> Result<Reply, AgentError> {
        let operation = self.choose(operation, false).await?;
        self.follow(&operation.operation, true, false, sink).await
    }

    /// Asks an operation to stop: to put the old version back, or to leave everything as it is. Without an id, the one that
    /// goes on.
    ///
    /// # Errors
    /// When there is none, or the agent cannot be asked.
    pub async fn stop(&self, operation: Option<&str>, leave: bool) -> Result<OperationFact, AgentError> {
        let operation = self.choose(operation, true).await?.operation;
        let path = format!("/v1/operations/{operation}/stop");
        let answer = self.send(Method::POST, &path, Some(&StopRequest { leave }), None).await?;
        self.read(answer).await
    }

    /// The operation with this id, the beginning of one, or an application; or else the one that goes on.
    async fn choose(&self, wanted: Option<&str>, running: bool) -> Result<OperationFact, AgentError> {
        let answer = self.send(Method::GET, "/v1/operations", None::<&()>, None).await?;
        let all: Vec<OperationFact> = self.read(answer).await?;
        let Some(wanted) = wanted else {
            let mut going_on: Vec<OperationFact> = all.iter().filter(|one| one.running).cloned().collect();
            return match (going_on.len(), running) {
                (1, _) => Ok(going_on.remove(0)),
                (0, true) => Err(AgentError::NoOperation),
                // What was refused before it was a deployment was read by who asked for it.
                (0, false) => all.into_iter().find(|one| one.application.is_some()).ok_or(AgentError::NoOperation),
                _ => {
                    let name = |one: &OperationFact| {
                        let application = one.application.as_deref().unwrap_or("no application yet");
                        format!("`{}` ({} of {application})", one.operation, one.command)
                    };
                    Err(AgentError::SeveralOperations(going_on.iter().map(name).collect::<Vec<_>>().join(", ")))
                }
            };
        };
        let is_meant =
            |one: &OperationFact| one.operation.starts_with(wanted) || one.application.as_deref() == Some(wanted);
        if let Some(found) = all.into_iter().find(is_meant) {
            return Ok(found);
        }
        // It may be one that the list leaves out; if not, the agent says so.
        let is_plain = wanted.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let path = format!("/v1/operations/{}", if is_plain { wanted } else { "-" });
        let answer = self.send(Method::GET, &path, None::<&()>, None).await?;
        self.read(answer).await
    }

    /// Passes on what an operation tells, until its end.
    async fn follow(
        &self,
        operation: &str,
        deploys: bool,
        may_stop: bool,
        sink: Arc<dyn Sink>,
    ) -> Result<Reply, AgentError> {
        let mut after = 0;
        let mut stopper = None;
        let mut since = Instant::now();
        let mut pause = PAUSES.0;
        let mut is_told = false;
        loop {
            let path = format!("/v1/operations/{operation}/events?after={after}");
            let before = after;
            match self.send(Method::GET, &path, None::<&()>, None).await {
                Ok(answer) => {
                    let heard = self.hear(answer, &mut after, |object| {
                        if object.stoppable && may_stop && stopper.is_none() {
                            stopper = self.pass_on(operation, sink.as_ref());
                        }
                        if let Some(event) = object.event {
                            sink.event(*event);
                        }
                    });
                    match heard.await? {
                        End::Reply(reply) => return Ok(*reply),
                        End::Error(error) => return Err(RemoteError::from(*error).into()),
                        End::Cut => {}
                    }
                }
                // The agent is another one, and what has not begun to change anything was not kept.
                Err(AgentError::Told(error)) if error.exit() == ExitCode::NotFound => {
                    return Err(AgentError::Restarted);
                }
                Err(error) if !may_pass(&error) => return Err(error),
                Err(_) => {}
            }
            if after > before {
                (since, pause, is_told) = (Instant::now(), PAUSES.0, false);
            }
            if since.elapsed() > PATIENCE {
                let seconds = PATIENCE.as_secs();
                return Err(AgentError::Gone { operation: operation.to_owned(), seconds, deploys });
            }
            if !is_told {
                is_told = true;
                let what = match self.place.stopped() {
                    Some(_) => "the agent is restarting; this goes on when it is there again",
                    None => "the connection to the agent is lost; this goes on when it is there again",
                };
                sink.event(CommandEvent::Busy(what.to_owned()));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Passes a person's request to stop on to the agent, for as long as the command goes on.
    fn pass_on(&self, operation: &str, sink: &dyn Sink) -> Option<tokio::task::JoinHandle<()>> {
        let stop = match sink.stop() {
            Ok(stop) => stop,
            Err(error) => {
                sink.event(CommandEvent::Warning(format!("the command cannot be stopped from here: {error}")));
                return None;
            }
        };
        let (client, path) = (self.clone(), format!("/v1/operations/{operation}/stop"));
        Some(tokio::spawn(async move {
            for (asked, leave) in [(stop.unwind(), false), (stop.leave(), true)] {
                asked.cancelled().await;
                // The stream tells what becomes of it.
                client.send(Method::POST, &path, Some(&StopRequest { leave }), None).await.ok();
            }
        }))
    }

    /// Reads a stream to its end.
    async fn hear(
        &self,
        answer: Answer,
        after: &mut u64,
        mut take: impl FnMut(StreamObject),
    ) -> Result<End, AgentError> {
        let mut body = answer.into_body();
        let mut buffer = BytesMut::new();
        loop {
            let Some(frame) = body.frame().await else { return Ok(End::Cut) };
            let Ok(frame) = frame else { return Ok(End::Cut) };
            let Ok(data) = frame.into_data() else { continue };
            let mut seen = buffer.len();
            buffer.extend_from_slice(&data);
            while let Some(end) = buffer[seen..].iter().position(|byte| *byte == b'\n') {
                let line = buffer.split_to(seen + end);
                buffer.advance(1);
                seen = 0;
                let mut object: StreamObject =
                    serde_json::from_slice(&line).map_err(|error| self.foreign(format!("a line is {error}")))?;
                if let Some(sequence) = object.sequence {
                    *after = sequence;
                }
                if let Some(reply) = object.reply.take() {
                    return Ok(End::Reply(reply));
                }
                if let Some(error) = object.error.take() {
                    return Ok(End::Error(error));
                }
                if object.agent.as_deref() == Some(STOPPING) {
                    return Ok(End::Cut);
                }
                take(object);
            }
            if buffer.len() > LARGEST_ANSWER {
                return Err(self.foreign("a line has no end".to_owned()));
            }
        }
    }

    /// Sends a request. An answer that is no success is an error.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        key: Option<String>,
    ) -> Result<Answer, AgentError> {
        let body = match body {
            Some(body) => serde_json::to_vec(body).map_err(|error| self.broken(io::Error::from(error)))?,
            None => Vec::new(),
        };
        let uri: http::Uri = Uri::new(self.place.path(), path).into();
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(http::header::HOST, "localhost")
            .header(VERSION_HEADER, version())
            .header(API_HEADER, api());
        if let Some(key) = key {
            request = request.header(KEY_HEADER, key);
        }
        let said = match self.principal.proof() {
            Proof::SshKey { fingerprint, .. } => (SSH_KEY_HEADER, format!("{} {fingerprint}", self.principal.name())),
            _ => (NAME_HEADER, self.principal.name().to_owned()),
        };
        // A name that is no header is only a note that is left out.
        if http::HeaderValue::from_str(&said.1).is_ok() || said.0 == SSH_KEY_HEADER {
            request = request.header(said.0, said.1);
        }
        if let Proof::SshKey { certificate: Some(Certificate { authority, id }), .. } = self.principal.proof() {
            let id = id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
            request = request.header(SSH_CERTIFICATE_HEADER, format!("{authority}{id}"));
        }
        let request = request.body(Full::new(Bytes::from(body)));
        let request = request.map_err(|error| self.broken(io::Error::other(error)))?;
        let late = |_| self.broken(io::Error::new(io::ErrorKind::TimedOut, "it did not answer within three minutes"));
        let answer = tokio::time::timeout(ANSWER, self.http.request(request)).await.map_err(late)?;
        let answer = answer.map_err(|error| self.unanswered(error))?;
        self.fits(&answer)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let content = self.content(answer).await?;
        let fact: ErrorFact = serde_json::from_slice(&content)
            .map_err(|_| self.foreign(format!("it answers {status} and does not say why")))?;
        Err(if status == StatusCode::SERVICE_UNAVAILABLE {
            AgentError::Dead {
                path: self.path(),
                source: io::Error::other(RemoteError::from(fact)),
                stopped: self.place.stopped().map(|since| since.to_string()),
            }
        } else {
            RemoteError::from(fact).into()
        })
    }

    /// Refuses an agent of another version.
    fn fits(&self, answer: &Answer) -> Result<(), AgentError> {
        let said = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let Some(Ok(theirs)) = said(API_HEADER).map(str::parse::<u32>) else {
            return Err(self.foreign("it does not say which version it is".to_owned()));
        };
        if theirs == api() {
            return Ok(());
        }
        Err(AgentError::Version(mismatch((&version(), api()), (said(VERSION_HEADER).unwrap_or("unknown"), theirs))))
    }

    async fn read<T: DeserializeOwned>(&self, answer: Answer) -> Result<T, AgentError> {
        let content = self.content(answer).await?;
        serde_json::from_slice(&content).map_err(|error| self.foreign(error.to_string()))
    }

    async fn content(&self, answer: Answer) -> Result<Bytes, AgentError> {
        let content = Limited::new(answer.into_body(), LARGEST_ANSWER).collect().await;
        content.map(http_body_util::Collected::to_bytes).map_err(|error| self.broken(io::Error::other(error)))
    }

    fn path(&self) -> PathBuf {
        self.place.path().to_owned()
    }

    fn broken(&self, source: io::Error) -> AgentError {
        AgentError::Broken { path: self.path(), source }
    }

    fn foreign(&self, why: String) -> AgentError {
        AgentError::Foreign { path: self.path(), why }
    }

    /// Why there is no answer.
    fn unanswered(&self, error: hyper_util::client::legacy::Error) -> AgentError {
        let path = self.path();
        if !error.is_connect() {
            return AgentError::Broken { path, source: io::Error::other(error) };
        }
        let denied = rustix::fs::access(&path, rustix::fs::Access::WRITE_OK);
        if denied.is_err_and(|error| error == rustix::io::Errno::ACCESS) {
            return AgentError::Closed { path };
        }
        let stopped = self.place.stopped().map(|since| since.to_string());
        AgentError::Dead { path, source: io::Error::other(error), stopped }
    }
}

/// Whether an agent that cannot be asked now may be asked later.
fn may_pass(error: &AgentError) -> bool {
    matches!(error, AgentError::Dead { .. } | AgentError::Broken { .. })
}
