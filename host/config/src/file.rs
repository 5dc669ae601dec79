//! `agent.toml` as it is written: one type per table. What it means is in `resolve`.
//!
//! The comments here are the descriptions in the JSON Schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::access::Right;
use super::allowance::Allowance;
use super::document::Spot;
use super::sources::written::TriggerSource;
use super::units::{Every, Size, Span};

/// What the operator of a host decides.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(title = "agent.toml")]
pub(super) struct File {
    /// The environment's name, as release files call it: lower-case letters, digits and hyphens.
    pub(super) environment: Option<Spot<String>>,
    /// Where the journal, plugins, caches and keys live.
    pub(super) state_directory: Option<Spot<String>>,
    /// Where applications are found by name.
    pub(super) applications_directory: Option<Spot<String>>,
    /// How many successful releases of each application keep their images.
    pub(super) keep_releases: Option<Spot<u32>>,
    /// The Docker Engine.
    pub(super) docker: Docker,
    /// Image registries that differ from Docker's own configuration, by `host` or `host:port`.
    pub(super) registries: BTreeMap<String, Registry>,
    /// Where applications come from, besides the operator's own directory of applications.
    pub(super) applications: Vec<Spot<Application>>,
    /// What plugins may reach; all that match a plugin are added together.
    pub(super) grants: Vec<Grant>,
    /// Commands that plugins may run, by name.
    pub(super) commands: BTreeMap<String, Spot<Command>>,
    /// Where secrets come from, by name.
    pub(super) secrets: BTreeMap<String, Spot<Secret>>,
    /// Releases that come as files.
    pub(super) releases: Releases,
    /// Where releases are promoted from, by environment.
    pub(super) promote: BTreeMap<String, Spot<Promotion>>,
    /// What events from outside start, by name.
    pub(super) triggers: BTreeMap<String, Spot<Trigger>>,
    /// Senders of events that are not built in, by name.
    pub(super) trigger_sources: BTreeMap<String, Spot<TriggerSource>>,
    /// Who may do what. Without a rule, whoever can run the agent may do everything.
    pub(super) access: Vec<Spot<Access>>,
    /// The agent that stays: `windlass agent`.
    pub(super) agent: Agent,
    /// New versions of Windlass itself: `windlass self-update`.
    pub(super) update: Update,
    /// What one plugin call, and one deployment, may use.
    pub(super) limits: Limits,
}

/// The agent that stays: `windlass agent`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Agent {
    /// The absolute path of the Unix socket where it is asked; `/run/windlass/agent.sock` when left out.
    pub(super) socket: Option<Spot<String>>,
    /// The group, by name or number, that may open the socket besides root; `windlass` when left out.
    pub(super) group: Option<Spot<String>>,
    /// How long the steps that are in flight may take when the agent is stopped; 90 seconds when left out.
    pub(super) stop_within: Option<Spot<Span>>,
    /// How often the agent compares what runs with what was deployed; `5m` when left out, `false` for never, at least `10s`.
    pub(super) drift_every: Option<Spot<Every>>,
    /// How often the agent removes what earlier releases left behind and no kept release needs, as a deployment does when
    /// it succeeded; `24h` when left out, `false` for never, at least `10s`.
    pub(super) sweep_every: Option<Spot<Every>>,
    /// Users, by name or number, whose processes may say which SSH key opened their session: those that have nothing but
    /// `windlass ssh-gate`.
    pub(super) ssh_users: Vec<Spot<String>>,
    /// The loopback address and port where a browser and a collector of metrics look: `127.0.0.1:9470`. Without it, there is no such port.
    pub(super) page: Option<Spot<String>>,
    /// The loopback address and port where a proxy hands events to triggers: `127.0.0.1:9471`. Without it, no event comes this way.
    pub(super) hooks: Option<Spot<String>>,
}

/// A rule: all of these may do all of that. What no rule allows is denied, apart from root, which may do everything.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Access {
    /// Users of this host, by name or number.
    #[serde(default)]
    pub(super) users: Vec<Spot<String>>,
    /// Groups of this host, by name or number: primary and supplementary ones count.
    #[serde(default)]
    pub(super) groups: Vec<Spot<String>>,
    /// Fingerprints of SSH keys, `SHA256:…`.
    #[serde(default)]
    pub(super) keys: Vec<Spot<String>>,
    /// Certificates of SSH keys: the fingerprint of the authority that signs them, `SHA256:…`, for all of its certificates; or with
    /// a blank and an id, `SHA256:… alice@ci`, for those of this id.
    #[serde(default)]
    pub(super) certificates: Vec<Spot<String>>,
    /// Triggers, by name: what their commands need must be allowed too.
    #[serde(default)]
    pub(super) triggers: Vec<Spot<String>>,
    /// What they may do.
    #[schemars(with = "Vec<Right>")]
    pub(super) may: Spot<Vec<Spot<String>>>,
    /// The applications that the rule is about; all, and the host itself, when left out.
    #[serde(default)]
    pub(super) applications: Option<Spot<Vec<String>>>,
}

/// Where an application comes from: only from there it gets what is granted to it by name, and nothing from elsewhere
/// may act for it. `directory` and `owner` of one table must both hold; several tables of one application are several
/// ways.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Application {
    /// The application's name in release files.
    pub(super) name: Spot<String>,
    /// The absolute path of the directory with its release file.
    #[serde(default)]
    pub(super) directory: Option<Spot<String>>,
    /// The user, by name or number, that the directory and the release file belong to.
    #[serde(default)]
    pub(super) owner: Option<Spot<String>>,
    /// One of `keys` in `[releases]`: who signs its release documents.
    #[serde(default)]
    pub(super) signer: Option<Spot<String>>,
}

/// Releases that come as files.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Releases {
    /// Public keys of minisign that are trusted.
    pub(super) keys: Vec<Spot<String>>,
    /// Refuse releases from files that no trusted key has signed.
    pub(super) require_signature: Option<Spot<bool>>,
    /// Believe what a release document says about where it succeeded although no trusted key has signed it.
    pub(super) accept_unsigned_proofs: Option<Spot<bool>>,
}

/// New versions of Windlass itself.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Update {
    /// Public keys of minisign: a new version is installed only when one of them has signed it.
    pub(super) keys: Vec<Spot<String>>,
}

/// Where the release that runs in another environment is: one of `file`, `ssh` and `git`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Promotion {
    /// A release document, or the state file of a recorder. `{application}` is known.
    pub(super) file: Option<Spot<String>>,
    /// The host where it runs, as `ssh` takes it; its agent is asked for the release.
    pub(super) ssh: Option<Spot<String>>,
    /// For `ssh` and `git` over ssh: the client's configuration, as for `ssh -F`.
    pub(super) ssh_config: Option<Spot<String>>,
    /// A git repository with such a file.
    pub(super) git: Option<Spot<String>>,
    /// The branch of the repository; its default branch when left out.
    pub(super) branch: Option<Spot<String>>,
    /// The file in the repository. `{application}` is known.
    pub(super) path: Option<Spot<String>>,
    /// How long fetching it may take; 60 seconds when left out.
    pub(super) timeout: Option<Span>,
}

/// What an event from outside starts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Trigger {
    /// Who sends it: `github`, `gitlab`, `gitea`, `forgejo`, `pact-broker`, or the name of a section of
    /// `[trigger-sources]`.
    pub(super) from: Spot<String>,
    /// The secret that proves the sender.
    pub(super) secret: Spot<String>,
    /// For a source that sends the secret itself: the header that has it, instead of the source's own.
    #[serde(default)]
    pub(super) header: Option<Spot<String>>,
    /// Expressions that fields of the event must match as a whole; events that don't are ignored.
    #[serde(default)]
    pub(super) when: BTreeMap<String, Spot<String>>,
    /// How long an event is remembered, so that the same one starts nothing again; at least 1 minute.
    #[serde(default)]
    pub(super) remember: Option<Spot<Span>>,
    /// The command: `check`, `plan`, `deploy` or `promote` and its arguments, with `{field}` for fields of the event.
    pub(super) run: Spot<Vec<String>>,
}

/// The Docker Engine.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Docker {
    /// `unix://` and the socket's absolute path.
    pub(super) endpoint: Option<Spot<String>>,
    /// For one request that is not a pull, a wait or a stream.
    pub(super) timeout: Option<Spot<Span>>,
    /// How long a pull may stand still.
    pub(super) pull_stall: Option<Spot<Span>>,
    /// How long a pull may take.
    pub(super) pull_timeout: Option<Spot<Span>>,
}

/// An image registry.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Registry {
    /// Speak HTTP instead of HTTPS.
    pub(super) plain_http: bool,
    /// PEM file of authorities that are trusted besides the system's.
    pub(super) ca: Option<String>,
    /// The user, instead of Docker's credential store.
    pub(super) username: Option<Spot<String>>,
    /// The secret that holds the password.
    pub(super) password_secret: Option<Spot<String>>,
    /// Address ranges where it may be although they are link-local, a cloud's metadata service, or not for servers.
    pub(super) addresses: Vec<Spot<String>>,
}

/// What a plugin may reach.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Grant {
    /// The name in the plugin's manifest.
    pub(super) plugin: Spot<String>,
    /// `sha256:…` of the component; required for every plugin that is not bundled with the agent.
    #[serde(default)]
    pub(super) digest: Option<Spot<String>>,
    /// The applications that it is for; all when left out.
    #[serde(default)]
    pub(super) applications: Option<Spot<Vec<String>>>,
    /// Look at the application's own objects in the engine.
    #[serde(default)]
    pub(super) docker_read: bool,
    /// Change the application's own objects in the engine. For strategies only.
    #[serde(default)]
    pub(super) docker_write: Option<DockerWrite>,
    /// HTTP servers that it may ask.
    #[serde(default)]
    pub(super) http: Vec<Http>,
    /// Directories that it may read or write.
    #[serde(default)]
    pub(super) files: Vec<Files>,
    /// Secrets that it may use without seeing them.
    #[serde(default)]
    pub(super) secrets: Vec<Spot<String>>,
    /// Secrets that it may see.
    #[serde(default)]
    pub(super) reveal: Vec<Spot<String>>,
    /// Commands that it may run.
    #[serde(default)]
    pub(super) exec: Vec<Spot<String>>,
    /// Registries that it may ask about.
    #[serde(default)]
    pub(super) registry: Vec<String>,
    /// Places outside the application to which it may try a connection: `host:port`.
    #[serde(default)]
    pub(super) probe_tcp: Vec<Spot<String>>,
    /// Keep values between calls.
    #[serde(default)]
    pub(super) state: bool,
}

/// What a strategy may do beyond plain containers.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct DockerWrite {
    /// Host directories below which bind mounts are allowed.
    pub(super) bind_roots: Vec<Spot<String>>,
    /// The directory for the data of the one application that the grant names: what its files mount to be written by
    /// relative paths is below it.
    pub(super) data_root: Option<Spot<String>>,
    /// Dangers that are allowed by name.
    #[schemars(with = "Vec<Allowance>")]
    pub(super) allow: Vec<Spot<String>>,
    /// Compose projects of other names than the application's that are the application's all the same.
    pub(super) projects: Vec<String>,
    /// Ranges of addresses, such as `203.0.113.0/24`, that networks may have although they are not private or overlap
    /// what the host reaches.
    pub(super) subnets: Vec<Spot<String>>,
}

/// An HTTP server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Http {
    /// `https://host` or `http://host:port`, without a path. `*.` in front of the host means every name below it.
    pub(super) to: Spot<String>,
    /// Address ranges that are allowed although they are private, loopback or otherwise closed.
    #[serde(default)]
    pub(super) addresses: Vec<Spot<String>>,
    /// PEM file of authorities that are trusted besides the system's.
    #[serde(default)]
    pub(super) ca: Option<String>,
    /// Secrets whose placeholders are replaced in headers to this server.
    #[serde(default)]
    pub(super) secrets: Vec<Spot<String>>,
}

/// A directory.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Files {
    /// The name that the plugin uses; not `bundle`, which every plugin has.
    pub(super) root: Spot<String>,
    /// The directory.
    pub(super) path: String,
    /// Whether it may write there.
    #[serde(default)]
    pub(super) write: bool,
}

/// A command.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Command {
    /// The program's absolute path.
    pub(super) path: Spot<String>,
    /// Arguments that are always given. `{1}` stands for the plugin's first argument, and so on; those that no
    /// template uses follow at the end. `{application}`, `{environment}` and `{deployment}` are the deployment's;
    /// `{{` and `}}` are braces.
    #[serde(default)]
    pub(super) arguments: Vec<Spot<String>>,
    /// Regular expressions: what the plugin's arguments must match, whole, one for each position.
    #[serde(default)]
    pub(super) allow_arguments: Vec<Spot<String>>,
    /// Who runs it, when the agent is root.
    #[serde(default)]
    pub(super) user: Option<String>,
    /// The whole environment; nothing is inherited. `{secret:NAME}` stands for a secret's value.
    #[serde(default)]
    pub(super) environment: BTreeMap<String, Spot<String>>,
    /// The working directory; `/` when left out.
    #[serde(default)]
    pub(super) directory: Option<Spot<String>>,
    /// How long it may take; 10 seconds when left out.
    #[serde(default)]
    pub(super) timeout: Option<Span>,
    /// How many bytes of each output stream are kept; 256 KiB when left out.
    #[serde(default)]
    pub(super) max_output: Option<Size>,
}

/// Where a secret comes from: exactly one of these.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Secret {
    /// A file of the agent's user or root, mode 0600 or stricter.
    pub(super) file: Option<Spot<String>>,
    /// A variable of the agent's environment.
    pub(super) environment: Option<Spot<String>>,
    /// The name of a systemd credential.
    pub(super) credential: Option<Spot<String>>,
}

/// What one plugin call, and one deployment, may use.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Limits {
    /// Memory of a plugin.
    pub(super) memory: Option<Size>,
    /// CPU time of one call, host work not counted.
    pub(super) cpu: Option<Span>,
    /// Wall time of one call, where nothing says otherwise.
    pub(super) call: Option<Span>,
    /// Elements of a plugin's tables.
    pub(super) table_elements: Option<u64>,
    /// Handles that a plugin may hold.
    pub(super) handles: Option<u64>,
    /// Core instances, memories and tables of a plugin, each.
    pub(super) instances: Option<u64>,
    /// How often one call may ask the host for anything.
    pub(super) host_calls: Option<u64>,
    /// Bytes that a plugin may pass to the host in one host call.
    pub(super) host_call: Option<Size>,
    /// Bytes of a call's answer.
    pub(super) output: Option<Size>,
    /// Bytes that are kept of standard output and of standard error.
    pub(super) stdio: Option<Size>,
    /// Bytes of one log line.
    pub(super) log_line: Option<Size>,
    /// Log lines of one call.
    pub(super) log_lines: Option<u64>,
    /// Bytes of all log lines of one call.
    pub(super) log_total: Option<Size>,
    /// HTTP requests of one call.
    pub(super) http_requests: Option<u64>,
    /// Bytes of one request's body.
    pub(super) http_request: Option<Size>,
    /// Bytes of one response's body.
    pub(super) http_response: Option<Size>,
    /// Bytes of one message's headers.
    pub(super) http_headers: Option<Size>,
    /// The longest time to connect, to the first byte, and between bytes.
    pub(super) http_timeout: Option<Span>,
    /// Bytes of the schema of a plugin's configuration.
    pub(super) config_schema: Option<Size>,
    /// Bytes of the configuration that a team gives a plugin.
    pub(super) config: Option<Size>,
    /// Bytes of one text in an answer.
    pub(super) text: Option<Size>,
    /// Findings of a report.
    pub(super) findings: Option<u64>,
    /// Bytes of one JSON document in an answer: evidence, what a step returns.
    pub(super) facts: Option<Size>,
    /// Keys that a plugin may keep for one application.
    pub(super) state_keys: Option<u64>,
    /// Bytes of all keys and values that a plugin may keep for one application.
    pub(super) state_total: Option<Size>,
    /// Steps of a plan, and changes.
    pub(super) plan_steps: Option<u64>,
    /// What all the steps of a plan wait for, together.
    pub(super) plan_needs: Option<u64>,
    /// Steps, checks and smoke tests that run at the same time.
    pub(super) parallel: Option<u64>,
    /// Bytes of a plugin's file.
    pub(super) plugin_size: Option<Size>,
    /// Address space of the process that compiles a plugin.
    pub(super) compile_memory: Option<Size>,
    /// How long compiling a plugin may take.
    pub(super) compile_time: Option<Span>,
}
