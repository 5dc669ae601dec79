//! What goes over the agent's socket: HTTP/1.1 and JSON below `/v1`.
//!
//! `POST /v1/operations` with a [`Command`](windlass_api::Command) is answered with [`Accepted`]; `GET
//! /v1/operations/ID/events?after=N` is a stream of [`StreamObject`]s, one JSON object on a line, from the line after N to
//! the reply. An answer that is not 2xx has an [`ErrorFact`] as its body.
//!
//! Growth: fields and routes may be added; none is removed or given another meaning below `/v1`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use windlass_api::{CommandEvent, ErrorFact, Reply};

/// The release of Windlass that a side is. On every request of the command line and on every answer.
pub const VERSION_HEADER: &str = "windlass-version";

/// [`windlass_api::VERSION`] of a side. A request that names another one than the agent's is refused.
pub const API_HEADER: &str = "windlass-api";

/// A name of the caller for the same request: it is carried out once, however often it is sent.
pub const KEY_HEADER: &str = "idempotency-key";

/// What the person calls themselves. It is a note for people and proves nothing; only root's is taken.
pub const NAME_HEADER: &str = "windlass-user";

/// `NAME SHA256:…`: the SSH key that opened the session of the caller. Taken from the users in `ssh-users` alone.
pub const SSH_KEY_HEADER: &str = "windlass-ssh-key";

/// `SHA256:…`, or `SHA256:… ID`: the authority that certified that key, and what it calls the certificate. It counts only beside
/// the key, and is taken from the same users.
pub const SSH_CERTIFICATE_HEADER: &str = "windlass-ssh-certificate";

/// The longest key of a request, in bytes.
pub const LONGEST_KEY: usize = 128;

/// The largest command, in bytes: release documents travel in it.
pub const LARGEST_COMMAND: usize = 64 << 20;

/// The word of a stream that ends because the agent does.
pub const STOPPING: &str = "stopping";

/// A command was taken: it goes on whoever listens.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Accepted {
    /// The operation. Of a command that makes a deployment, it is the deployment's id too.
    pub operation: String,
    /// Set where the same command runs already and this is its operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<Joined>,
}

/// Whose operation a caller was given.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Joined {
    /// Who asked for it first.
    pub by: String,
    /// When, RFC 3339.
    #[schemars(with = "String")]
    pub since: Timestamp,
}

/// What became of an event, at the port for hooks.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct HookAnswer {
    /// The operation that it began, or that the same event began before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Why it begins nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<String>,
}

impl HookAnswer {
    /// It began an operation.
    #[must_use]
    pub fn taken(operation: String) -> Self {
        Self { operation: Some(operation), ignored: None }
    }

    /// It begins nothing.
    #[must_use]
    pub fn ignored(why: String, operation: Option<String>) -> Self {
        Self { operation, ignored: Some(why) }
    }
}

/// One operation in the list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct OperationFact {
    /// Its id.
    pub operation: String,
    /// The command's word: `deploy`.
    pub command: String,
    /// The application, as soon as there is a deployment of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// Who asked for it.
    pub by: String,
    /// When, RFC 3339.
    #[schemars(with = "String")]
    pub since: Timestamp,
    /// Whether it goes on.
    pub running: bool,
    /// How many lines its stream has so far.
    pub lines: u64,
}

/// One object of an operation's stream. An empty one says that the agent is still there.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default)]
pub struct StreamObject {
    /// The number of the line, counted from 1: where a reader that comes back goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// What happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Box<CommandEvent>>,
    /// From now on it can be stopped in order.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stoppable: bool,
    /// The end: what the command is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<Box<Reply>>,
    /// The end: why it could not be carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Box<ErrorFact>>,
    /// `stopping`: the agent ends, and the stream goes on after this line when it is there again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

impl StreamObject {
    /// Something that happened.
    #[must_use]
    pub fn event(event: CommandEvent) -> Self {
        Self { event: Some(Box::new(event)), ..Self::default() }
    }

    /// The end.
    #[must_use]
    pub fn end(done: Result<Reply, ErrorFact>) -> Self {
        match done {
            Ok(reply) => Self { reply: Some(Box::new(reply)), ..Self::default() },
            Err(error) => Self { error: Some(Box::new(error)), ..Self::default() },
        }
    }
}

/// How an operation is asked to stop.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct StopRequest {
    /// Leave everything as it is, and the deployment open, instead of putting the old version back.
    pub leave: bool,
}

/// How the agent is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Health {
    /// Its release.
    pub version: String,
    /// The version of commands, events and answers that it speaks.
    pub api: u32,
    /// The environment's name.
    pub environment: String,
    /// Whether it ends: it takes no command any more.
    pub stopping: bool,
    /// How many operations go on.
    pub running: usize,
}

/// What a stopped agent leaves beside its socket, so that a caller can tell a restart from a crash.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Maintenance {
    /// When it stopped, RFC 3339.
    #[schemars(with = "String")]
    pub since: Timestamp,
    /// The release that stopped.
    pub version: String,
}

/// The version of commands that this side speaks. A test may set another one.
#[must_use]
pub fn api() -> u32 {
    let set = windlass_foundation::hooks::variable("WINDLASS_TEST_API").and_then(|text| text.parse().ok());
    set.unwrap_or(windlass_api::VERSION)
}

/// The release of Windlass that this side is.
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// Why two sides do not understand each other, and which one is to be upgraded: the one with the older commands.
#[must_use]
pub fn mismatch(caller: (&str, u32), agent: (&str, u32)) -> String {
    let older = if caller.1 < agent.1 { "the command line" } else { "the agent" };
    format!(
        "the command line is version {} and speaks version {} of the agent's commands; the agent is version {} and speaks \
         version {}: upgrade {older}",
        caller.0, caller.1, agent.0, agent.1
    )
}
