//! What a caller asks for.
//!
//! A command holds all that it needs of its caller: documents and plans are sent with their content. What it names by path
//! is on the host of the agent.

mod names;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::names::is_component;
pub use crate::application::ApplicationRef;
pub use crate::content::Content;

/// A command. The words are those of the command line.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "command", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// The Compose application that a release means, or where one of its values comes from.
    Config {
        /// The application.
        application: ApplicationRef,
        /// A tar archive with its files, in place of those on the host; the application is named then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bundle: Option<Content>,
        /// Another environment than this host's.
        environment: Option<String>,
        /// The value whose origin is asked for, as `SERVICE.KEY`.
        explain: Option<String>,
    },
    /// What a deployment would change.
    Plan {
        /// What would be deployed.
        subject: DeploymentSubject,
        /// The environment that the caller means.
        environment: Option<String>,
        /// Whether the answer holds the plan file.
        #[serde(default)]
        file: bool,
    },
    /// What the checks of a release say.
    Check {
        /// What would be deployed.
        subject: DeploymentSubject,
        /// The environment that the caller means.
        environment: Option<String>,
    },
    /// What the verification and the smoke tests of a deployment say about what runs now.
    Verify {
        /// The application; none means all that were deployed.
        application: Option<ApplicationRef>,
    },
    /// A deployment.
    Deploy {
        /// What is deployed.
        subject: DeploymentSubject,
        /// The environment that the caller means.
        environment: Option<String>,
        /// How and why.
        #[serde(default)]
        manner: Manner,
    },
    /// A deployment of an earlier release.
    Rollback {
        /// The application.
        application: ApplicationRef,
        /// A deployment's id, a commit or a version; none means what ran before what runs now was deployed.
        to: Option<String>,
        /// Whether no other release is deployed until the pin is removed. Needs a reason.
        #[serde(default)]
        pin: bool,
        /// How and why.
        #[serde(default)]
        manner: Manner,
    },
    /// A deployment of the release that succeeded in another environment.
    Promote {
        /// The application.
        application: ApplicationRef,
        /// Where the release comes from.
        from: Promoted,
        /// How and why.
        #[serde(default)]
        manner: Manner,
    },
    /// A release made from an application's files, without a deployment.
    ReleaseCreate {
        /// The application.
        application: ApplicationRef,
        /// A tar archive with its files, in place of those on the host; the application is named then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bundle: Option<Content>,
        /// The versions of its artifacts.
        #[serde(default)]
        versions: Versions,
        /// The environment that the caller means.
        environment: Option<String>,
        /// What is built first.
        build: Option<Build>,
    },
    /// A release that succeeded here, with its files and the proof.
    ReleaseExport {
        /// The application.
        application: ApplicationRef,
        /// A deployment's id, a commit or a version; none means what runs.
        release: Option<String>,
    },
    /// The releases that succeeded here.
    ReleaseList {
        /// The application.
        application: ApplicationRef,
    },
    /// What a release of this host's history consists of.
    ReleaseShow {
        /// The application's name.
        application: String,
        /// A deployment's id, a commit or a version; none means what runs.
        release: Option<String>,
    },
    /// What a release document says, without a look at who signed it.
    ReleaseRead {
        /// The document.
        document: Document,
    },
    /// Whether a release document is as it was made, and who signed it.
    ReleaseVerify {
        /// The document.
        document: Document,
        /// Public keys of minisign besides those of `agent.toml`; with one, a signature is required.
        #[serde(default)]
        keys: Vec<String>,
    },
    /// An event from outside.
    Trigger {
        /// The trigger's name in `agent.toml`.
        trigger: String,
        /// The HTTP message: header lines, an empty line and the body.
        message: Content,
        /// Whether it is acted on although it was acted on before.
        #[serde(default)]
        again: bool,
    },
    /// The end of what was interrupted.
    Resume {
        /// The application; none means all that have an open deployment.
        application: Option<ApplicationRef>,
        /// Whether the old version is put back instead.
        #[serde(default)]
        unwind: bool,
    },
    /// A person's word about a stuck deployment.
    Resolve {
        /// The application.
        application: ApplicationRef,
        /// Whether what could not be undone is undone once more.
        #[serde(default)]
        retry: bool,
        /// What was done by hand. Required without `retry`.
        reason: Option<String>,
    },
    /// Refuses deployments of an application.
    Freeze {
        /// The application.
        application: ApplicationRef,
        /// Why.
        reason: String,
    },
    /// Allows them again.
    Unfreeze {
        /// The application.
        application: ApplicationRef,
        /// Why.
        reason: Option<String>,
    },
    /// Refuses deployments of every release but one.
    Pin {
        /// The application.
        application: ApplicationRef,
        /// A deployment's id, a commit or a version; none means what runs.
        to: Option<String>,
        /// Why.
        reason: String,
    },
    /// Allows other releases again.
    Unpin {
        /// The application.
        application: ApplicationRef,
        /// Why.
        reason: Option<String>,
    },
    /// Refuses deployments of one release.
    Quarantine {
        /// The application.
        application: ApplicationRef,
        /// A deployment's id, a commit or a version.
        release: String,
        /// Why.
        reason: String,
    },
    /// Allows them again.
    Unquarantine {
        /// The application.
        application: ApplicationRef,
        /// The id of the deployment that failed, or a version.
        release: String,
        /// Why.
        reason: Option<String>,
    },
    /// Events that recorders have not received.
    OutboxList {
        /// The application; none means all.
        application: Option<ApplicationRef>,
    },
    /// Their delivery now.
    OutboxFlush {
        /// The application; none means all.
        application: Option<ApplicationRef>,
    },
    /// An event that was set aside waits again.
    OutboxRetry {
        /// Its number.
        number: i64,
    },
    /// An event is given up.
    OutboxDrop {
        /// Its number.
        number: i64,
        /// Why.
        reason: String,
    },
    /// What runs, and whether it is what was deployed.
    Status {
        /// The application; none means all.
        application: Option<ApplicationRef>,
    },
    /// Deployments, the newest first.
    History {
        /// The application; none means all.
        application: Option<ApplicationRef>,
        /// How many at most.
        limit: u32,
    },
    /// Everything about one deployment.
    Show {
        /// A deployment's id or its beginning, or an application for its last deployment.
        deployment: String,
    },
    /// Everything about one deployment, with its course.
    Report {
        /// A deployment's id or its beginning, or an application for its last deployment.
        deployment: String,
    },
    /// What plugins and steps of a deployment logged.
    Logs {
        /// A deployment's id or its beginning, or an application for its last deployment.
        deployment: String,
    },
    /// Whether the journal is as it was written.
    AuditVerify,
    /// The plugins of the agent.
    PluginList,
    /// One plugin.
    PluginInspect {
        /// A bundled plugin's name, a component's path, or its reference at a registry.
        plugin: String,
    },
    /// What another version of a plugin asks for that this one does not.
    PluginDiff {
        /// The old one: a bundled plugin's name, a component's path, or its reference at a registry.
        old: String,
        /// The new one.
        new: String,
    },
    /// What the plugins of an application ask for and are granted.
    PluginGrants {
        /// The application.
        application: ApplicationRef,
    },
    /// Who asks, and what they may do.
    Whoami,
    /// Whether this host can deploy.
    Doctor {
        /// The application; none means what all have in common.
        application: Option<ApplicationRef>,
    },
}

/// What a plan, a check or a deployment is about.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "from", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum DeploymentSubject {
    /// The application's files.
    Files {
        /// The application.
        application: ApplicationRef,
        /// A tar archive with its files, in place of those on the host; the application is named then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bundle: Option<Content>,
        /// The versions of its artifacts.
        #[serde(default)]
        versions: Versions,
        /// Whether what is not set is what the files say, and not what runs.
        #[serde(default)]
        defaults: bool,
    },
    /// A release document.
    Document {
        /// The application.
        application: ApplicationRef,
        /// The document.
        document: Document,
    },
    /// A plan file.
    Plan {
        /// The application.
        application: ApplicationRef,
        /// The plan.
        plan: Document,
    },
    /// The release that runs, once more: what is not as it was deployed is put right.
    Running {
        /// The application.
        application: ApplicationRef,
    },
    /// An earlier release.
    Rollback {
        /// The application.
        application: ApplicationRef,
        /// As for `rollback`.
        to: Option<String>,
    },
}

/// The versions of an application's artifacts.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Versions {
    /// By artifact: a tag, a digest or both.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// The commit whose artifacts are meant.
    pub commit: Option<String>,
}

/// A file that travels with a command.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Document {
    /// The path under which the caller knows it; `-` is standard input. Messages call it so. A path counts as the place of
    /// a release document only where the agent finds the very same content there.
    pub path: PathBuf,
    /// What is in it.
    pub content: Content,
    /// Its signature: the content of the file beside it.
    pub signature: Option<Content>,
}

/// How and why something is deployed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Manner {
    /// How long to wait, in milliseconds, when another deployment holds the application; none means not at all.
    pub wait_ms: Option<u64>,
    /// Whether a release that failed here before may be tried again.
    #[serde(default)]
    pub retry: bool,
    /// Why, for the record.
    pub reason: Option<String>,
    /// Why the gates may be passed although they say no.
    pub break_glass: Option<String>,
    /// The id of the deployment that has to be what runs: where another one followed, nothing is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl Manner {
    /// How long to wait.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        self.wait_ms.map(Duration::from_millis)
    }
}

/// Where a promoted release comes from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Promoted {
    /// An environment that `[promote]` in `agent.toml` describes.
    Environment(String),
    /// A release document.
    Document(Document),
}

/// What is built before a release is made.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Build {
    /// Whether images that are not local are pushed to their registries.
    #[serde(default)]
    pub push: bool,
    /// How long each image may take to build, and to push, in milliseconds.
    pub deadline_ms: u64,
}

#[cfg(test)]
#[path = "command/tests.rs"]
mod tests;
