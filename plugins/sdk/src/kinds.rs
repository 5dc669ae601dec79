//! The four kinds of plugin, as traits.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::documents::{Event, Observation, Plan, Release, Report, Step};
use crate::{Context, Result};

/// A type for the plugin's `with` table. Its JSON Schema is published, and the host refuses a table that does not
/// fit before the plugin is called. `()` is a plugin without configuration.
pub trait Config: DeserializeOwned + JsonSchema {}

impl<T: DeserializeOwned + JsonSchema> Config for T {}

/// A gate: may this release be deployed here, now? Called before anything is touched; it changes nothing.
pub trait Check {
    /// The `with` table.
    type Config: Config;

    /// Whether a table that fits the schema also makes sense. No effects: nothing of the host is there.
    fn validate(_config: &Self::Config) -> Result<()> {
        Ok(())
    }

    /// Answers. An error means that the check itself broke, which is never a pass.
    fn run(context: &Context<'_>, config: &Self::Config) -> Result<Report>;
}

/// A proof from outside that a deployment works. Called when the new version runs; `fail` puts the old one back.
pub trait Smoke {
    /// The `with` table.
    type Config: Config;

    /// Whether a table that fits the schema also makes sense. No effects: nothing of the host is there.
    fn validate(_config: &Self::Config) -> Result<()> {
        Ok(())
    }

    /// Answers. Errors and `inconclusive` count as `fail`, unless the release's policy says otherwise.
    fn run(context: &Context<'_>, config: &Self::Config) -> Result<Report>;
}

/// How an application is deployed: plans the deployment as steps, and applies and undoes each.
///
/// Nothing is kept between calls: all that a step needs is in the step.
pub trait Strategy {
    /// The `with` table.
    type Config: Config;

    /// Whether a table that fits the schema also makes sense. No effects: nothing of the host is there.
    fn validate(_config: &Self::Config) -> Result<()> {
        Ok(())
    }

    /// What runs now, as the world shows it. Reads, changes nothing.
    fn observe(context: &Context<'_>, config: &Self::Config) -> Result<Observation>;

    /// The steps from what runs now to the release. Reads, changes nothing.
    fn plan(context: &Context<'_>, config: &Self::Config) -> Result<Plan>;

    /// Makes one step true. Idempotent: after a crash the same step is applied again.
    /// Returns facts for the journal, which `undo` is given back.
    fn apply(context: &Context<'_>, config: &Self::Config, step: &Step) -> Result<Value>;

    /// Puts back what was there before the step. Idempotent, and copes with nothing, half or all of the step done.
    /// `output` is what `apply` returned, where it got that far.
    fn undo(context: &Context<'_>, config: &Self::Config, step: &Step, output: Option<&Value>) -> Result<()>;

    /// Whether what runs is exactly the release and is healthy, held through the settling window.
    fn verify(context: &Context<'_>, config: &Self::Config) -> Result<Report>;

    /// What going back to the context's release would need and this host does not have, one text for people each. Reads,
    /// changes nothing. The context's plan is that of the deployment which could have to be taken back.
    ///
    /// Unless it is implemented, nothing is missing.
    fn missing(_context: &Context<'_>, _config: &Self::Config) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Removes what earlier releases of the application left behind on this host and none of `kept` needs. Returns what
    /// went, one text for people each.
    ///
    /// Unless it is implemented, nothing is left behind.
    fn prune(_context: &Context<'_>, _config: &Self::Config, _kept: &[Release]) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

/// Tells the world what happened: a contract broker, a git repository, an issue, a chat.
pub trait Recorder {
    /// The `with` table.
    type Config: Config;

    /// Whether a table that fits the schema also makes sense. No effects: nothing of the host is there.
    fn validate(_config: &Self::Config) -> Result<()> {
        Ok(())
    }

    /// Delivers one event, at least once and in order. Returns facts for the record, such as the address of what was
    /// written; `summary` in them, one sentence, is shown to the operator, and [`Context::last_facts`] gives them back.
    /// After a deployment that is unchanged, look whether the world still has what was written.
    ///
    /// An error never fails the deployment. One that is [`Error::retryable`](crate::Error::retryable), `capability-denied`, `unauthorized` or
    /// `forbidden` is tried again later, before anything that comes after it; with any other the event is set aside for
    /// a person.
    fn deliver(context: &Context<'_>, config: &Self::Config, event: &Event) -> Result<Option<Value>>;
}
