//! The operator's file, `agent.toml`: read once, resolved into plain structs, never consulted again.
//!
//! The defaults are the commented `default-agent.toml` beside this file, embedded in the binary. Nothing here opens a
//! socket, reads a secret or runs a command.

mod access;
mod allowance;
mod bindings;
mod data_roots;
pub mod document;
mod endpoint;
mod file;
mod grants;
mod guarded;
mod origins;
mod resident;
mod resolve;
pub mod sources;
pub mod template;
pub mod units;
mod update;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use serde_json::Value;

pub use access::{AccessRule, CertificateRule, Right};
pub use allowance::Allowance;
pub use bindings::{Binding, Owner};
pub use endpoint::Endpoint;
pub use guarded::Guarded;
pub use origins::{Promotion, PromotionSource, Releases, Trigger};
pub use resident::{DEFAULT_GROUP, DEFAULT_SOCKET, Resident};
pub use resolve::ConfigError;
pub use update::Update;

/// The defaults, with a comment for each key: what `windlass init` starts from.
pub const DEFAULT_AGENT_TOML: &str = include_str!("default-agent.toml");

/// The path of the operator's file when no other path is given.
pub const DEFAULT_PATH: &str = "/etc/windlass/agent.toml";

/// Everything that the operator decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file that it came from; none when only the defaults apply.
    pub file: Option<PathBuf>,
    /// The environment's name: `uat`, `production`.
    pub environment: String,
    /// Where the journal, plugins, caches and keys live. Absolute.
    pub state_directory: PathBuf,
    /// Where applications are looked for by name. Absolute.
    pub applications_directory: PathBuf,
    /// How many successful releases of an application keep their images, for going back. At least 1.
    pub keep_releases: u32,
    /// The Docker Engine.
    pub docker: Docker,
    /// Image registries by `host` or `host:port`.
    pub registries: BTreeMap<String, RegistrySettings>,
    /// Where applications come from, besides the applications directory.
    pub bindings: Vec<Binding>,
    /// What plugins may reach. All that match a plugin are added together.
    pub grants: Vec<Grant>,
    /// Commands that plugins may run, by name.
    pub commands: BTreeMap<String, Command>,
    /// Where secrets come from, by name.
    pub secrets: BTreeMap<String, SecretSource>,
    /// Releases that come as files.
    pub releases: Releases,
    /// Where releases are promoted from, by environment.
    pub promote: BTreeMap<String, Promotion>,
    /// What events from outside start, by name.
    pub triggers: BTreeMap<String, Trigger>,
    /// Who may do what; none means that whoever can run the agent may do everything.
    pub access: Vec<AccessRule>,
    /// The agent that stays.
    pub resident: Resident,
    /// New versions of Windlass itself.
    pub update: Update,
    /// What one plugin call, and one deployment, may use.
    pub limits: Limits,
    /// What the operator should look at: the file can be changed by anyone, say. Sentences.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads, checks and resolves the operator's file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let document = document::Document::read(path)?;
        let mut config = Self::resolve(&document)?;
        config.warnings.extend(resolve::permission_warnings(path));
        Ok(config)
    }

    /// What applies where there is no operator's file: the defaults, and no grants.
    pub fn defaults() -> Result<Self, ConfigError> {
        let document = document::Document::from_text("default-agent.toml", DEFAULT_AGENT_TOML)?;
        let mut config = Self::resolve(&document)?;
        config.file = None;
        Ok(config)
    }

    /// Files and directories that no container gets, whatever is granted to a plugin.
    #[must_use]
    pub fn guarded(&self) -> Vec<Guarded> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        guarded::of(self, set)
    }

    /// Checks and resolves a document; relative paths in it are relative to its directory.
    pub fn resolve(document: &document::Document) -> Result<Self, ConfigError> {
        resolve::resolve(document)
    }
}

/// The JSON Schema of `agent.toml`.
#[must_use]
pub fn schema() -> Value {
    schemars::schema_for!(file::File).to_value()
}

/// How the Docker Engine is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Docker {
    /// `unix://` and the socket's path.
    pub endpoint: String,
    /// How long one request may take that is not a pull, a wait or a stream.
    pub timeout: Duration,
    /// How long a pull may stand still.
    pub pull_stall: Duration,
    /// How long a pull may take.
    pub pull_timeout: Duration,
}

/// An image registry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RegistrySettings {
    /// Speak HTTP instead of HTTPS.
    pub plain_http: bool,
    /// PEM file of certificate authorities that are trusted besides the system's.
    pub ca: Option<PathBuf>,
    /// The user, where Docker's own credential store is not to be asked.
    pub username: Option<String>,
    /// The name of the secret that holds the password.
    pub password_secret: Option<String>,
    /// Ranges where it may be although no registry is expected there.
    pub addresses: Vec<IpNet>,
}

/// What the operator lets a plugin reach.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Grant {
    /// The name in the plugin's manifest.
    pub plugin: String,
    /// `sha256:…` of the component. A grant without a digest is for the bundled plugin of that name only.
    pub digest: Option<String>,
    /// The applications that it is for; empty means all.
    pub applications: Vec<String>,
    /// Look at the application's containers, networks and volumes.
    pub docker_read: bool,
    /// Change them. Only for strategies.
    pub docker_write: Option<DockerWrite>,
    /// HTTP servers that it may ask.
    pub http: Vec<HttpGrant>,
    /// Directories that it may read or write.
    pub files: Vec<FilesGrant>,
    /// Secrets that it may use without seeing them.
    pub secrets: Vec<String>,
    /// Secrets that it may see.
    pub reveal: Vec<String>,
    /// Commands that it may run.
    pub exec: Vec<String>,
    /// Registries that it may ask about: `host` or `host:port`.
    pub registry: Vec<String>,
    /// Places outside the application to which it may try a connection.
    pub probe_tcp: Vec<Endpoint>,
    /// Keep values between calls.
    pub state: bool,
}

impl Grant {
    /// Whether it lets the plugin look at Docker: a plugin that may change something there may also look.
    #[must_use]
    pub fn reads_docker(&self) -> bool {
        self.docker_read || self.docker_write.is_some()
    }
}

/// What a strategy may do to the engine beyond plain containers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DockerWrite {
    /// Host directories below which bind mounts are allowed. Absolute.
    pub bind_roots: Vec<PathBuf>,
    /// The directory for the application's data, below which relative paths are mounted to be written. Absolute, of one
    /// application alone.
    pub data_root: Option<PathBuf>,
    /// Dangers that are allowed by name.
    pub allow: Vec<Allowance>,
    /// Compose projects of other names than the application's that are the application's all the same.
    pub projects: Vec<String>,
    /// Ranges that networks may have although they are not private, or overlap what the host reaches.
    pub subnets: Vec<IpNet>,
}

/// An HTTP server that a plugin may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpGrant {
    /// The server.
    pub to: Origin,
    /// Address ranges that are allowed although they are private, loopback or otherwise closed.
    pub addresses: Vec<IpNet>,
    /// PEM file of certificate authorities that are trusted besides the system's.
    pub ca: Option<PathBuf>,
    /// Secrets whose placeholders are replaced in headers to this server.
    pub secrets: Vec<String>,
}

/// `scheme://host:port`, with the host in the form that URLs use: lower case, international names in ASCII.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// `http` or `https`.
    pub scheme: String,
    /// A name, `*.` and a name for all names with at least one more label, or an address; IPv6 without brackets.
    pub host: String,
    /// The port; the scheme's own when the file names none.
    pub port: u16,
}

impl Origin {
    /// Whether a request to this scheme, host (as `url` writes it) and port is meant.
    #[must_use]
    pub fn covers(&self, scheme: &str, host: &str, port: u16) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = host.strip_suffix('.').unwrap_or(host);
        let named = match self.host.strip_prefix("*.") {
            // An address has no labels below it.
            Some(parent) => {
                host.parse::<IpAddr>().is_err()
                    && host.strip_suffix(parent).is_some_and(|below| below.len() > 1 && below.ends_with('.'))
            }
            None => host == self.host,
        };
        named && scheme == self.scheme && port == self.port
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}://", self.scheme)?;
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(formatter, "{open}{}{close}", self.host)?;
        match (self.scheme.as_str(), self.port) {
            ("http", 80) | ("https", 443) => Ok(()),
            (_, port) => write!(formatter, ":{port}"),
        }
    }
}

/// A directory that a plugin may read or write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesGrant {
    /// The name that the plugin uses.
    pub root: String,
    /// The directory. Absolute.
    pub path: PathBuf,
    /// Whether it may write there.
    pub write: bool,
}

/// A command that plugins may run by its name.
#[derive(Debug, Clone)]
pub struct Command {
    /// The program. Absolute.
    pub path: PathBuf,
    /// Arguments that are always given. `{1}`, `{2}`, … stand for the plugin's first, second, … argument;
    /// those that no template uses follow at the end. `{application}`, `{environment}` and `{deployment}` are known.
    pub arguments: Vec<String>,
    /// What the plugin's arguments must match, one expression per position, anchored at both ends.
    /// The plugin gives at most so many.
    pub allow_arguments: Vec<regex::Regex>,
    /// Who runs it, when the agent is root: a local user's name, or `UID:GID`.
    pub user: Option<String>,
    /// The whole environment; nothing is inherited. `{secret:NAME}` in a value stands for a secret's value.
    pub environment: BTreeMap<String, String>,
    /// The working directory; `/` unless given. Absolute.
    pub directory: PathBuf,
    /// How long it may take.
    pub timeout: Duration,
    /// How many bytes of each output stream are kept.
    pub max_output: u64,
}

impl PartialEq for Command {
    fn eq(&self, other: &Self) -> bool {
        let patterns =
            |command: &Self| command.allow_arguments.iter().map(|p| p.as_str().to_owned()).collect::<Vec<_>>();
        (&self.path, &self.arguments, &self.user, &self.environment, &self.directory, self.timeout, self.max_output)
            == (
                &other.path,
                &other.arguments,
                &other.user,
                &other.environment,
                &other.directory,
                other.timeout,
                other.max_output,
            )
            && patterns(self) == patterns(other)
    }
}

/// Where a secret's value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// In a file of the agent's user or root that no other user can read. One newline at the end is not part of it.
    File(PathBuf),
    /// In a variable of the agent's own environment.
    Environment(String),
    /// In the directory that systemd's `LoadCredential=` fills, by name.
    Credential(String),
}

/// What one plugin call, and one deployment, may use. Sizes are in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Memory of a plugin, all its memories together.
    pub memory: u64,
    /// CPU time of one call, host work not counted.
    pub cpu: Duration,
    /// Wall time of one call, where no phase or step says otherwise.
    pub call: Duration,
    /// Elements of a plugin's tables.
    pub table_elements: u64,
    /// Handles that a plugin may hold.
    pub handles: u64,
    /// Core instances, memories and tables of a plugin, each.
    pub instances: u64,
    /// How often one call may ask the host for anything.
    pub host_calls: u64,
    /// Bytes that a plugin may pass to the host in one host call.
    pub host_call: u64,
    /// Bytes of a call's answer.
    pub output: u64,
    /// Bytes of standard output and of standard error that are kept of one call, each.
    pub stdio: u64,
    /// Bytes of one log line.
    pub log_line: u64,
    /// Log lines of one call.
    pub log_lines: u64,
    /// Bytes of all log lines of one call.
    pub log_total: u64,
    /// HTTP requests of one call.
    pub http_requests: u64,
    /// Bytes of one HTTP request's body.
    pub http_request: u64,
    /// Bytes of one HTTP response's body.
    pub http_response: u64,
    /// Bytes of one HTTP message's headers.
    pub http_headers: u64,
    /// The longest time to connect, to the first byte, and between bytes.
    pub http_timeout: Duration,
    /// Bytes of the schema of a plugin's configuration.
    pub config_schema: u64,
    /// Bytes of the configuration that a team gives a plugin.
    pub config: u64,
    /// Bytes of one text in an answer: a title, a summary, a message.
    pub text: u64,
    /// Findings of a report.
    pub findings: u64,
    /// Bytes of one JSON document in an answer: the evidence of a finding, what a step returns, details of a failure.
    pub facts: u64,
    /// Keys that a plugin may keep for one application.
    pub state_keys: u64,
    /// Bytes of all keys and values that a plugin may keep for one application.
    pub state_total: u64,
    /// Steps of a plan, and changes.
    pub plan_steps: u64,
    /// What all the steps of a plan wait for, together.
    pub plan_needs: u64,
    /// Steps, checks and smoke tests that run at the same time.
    pub parallel: u64,
    /// Bytes of a plugin's file.
    pub plugin_size: u64,
    /// Address space of the process that compiles a plugin, in bytes.
    pub compile_memory: u64,
    /// How long compiling a plugin may take.
    pub compile_time: Duration,
}

#[cfg(test)]
#[path = "several_tests.rs"]
mod several_tests;
