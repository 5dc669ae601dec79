//! The strategy's `with` table.

use std::collections::BTreeSet;

use windlass_commands::Command;
use windlass_sdk::prelude::*;
use windlass_strategies::check;

/// The most steps: people no longer read a longer plan.
const MOST_STEPS: usize = 100;

/// The strategy's `with` table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// What is done, in this order.
    pub steps: Vec<Entry>,
    /// One command or several that all must end with 0 when the release is well. Each waits by itself as long as the
    /// release may take to come up, and is not asked again.
    #[serde(default)]
    pub health: Commands,
}

/// One step.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Entry {
    /// Unique among the steps: lower-case letters, digits and `-`.
    pub name: String,
    /// One line for people, with facts in braces. By default the command and its arguments.
    pub title: Option<String>,
    /// One command or several, run one after the other. Each must be one that can be run again.
    pub run: Commands,
    /// What puts back what was there before: one command or several, which must cope with nothing, half or all of
    /// `run` being done. Steps are undone newest first. By default there is nothing to undo.
    #[serde(default)]
    pub undo: Commands,
    /// The same for a deployment before which nothing ran. By default `undo`, unless that needs `{running.…}`.
    pub undo_first: Option<Commands>,
    /// A command that prints what is there now and changes nothing. With it, the step is left out where its output is
    /// `expect`.
    pub current: Option<Command>,
    /// What `current` prints when the step is done, without spaces around it.
    pub expect: Option<String>,
    /// Steps before this one that must be done first. By default the one before it.
    pub needs: Option<Vec<String>>,
    /// How long the step may take, all its commands included. The `timeout` of each command in `agent.toml` holds as
    /// well. By default the strategy's `step-deadline`.
    pub deadline: Option<Period>,
    /// Whether code of the release may have run once the step began, which matters where its migration cannot be
    /// taken back.
    #[serde(default = "yes")]
    pub runs_release: bool,
}

/// One command, or several in an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(from = "OneOrMany")]
#[schemars(with = "OneOrMany")]
pub struct Commands(pub Vec<Command>);

/// As people write it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
enum OneOrMany {
    /// One command.
    One(Command),
    /// Several, in this order.
    Many(Vec<Command>),
}

impl From<OneOrMany> for Commands {
    fn from(written: OneOrMany) -> Self {
        match written {
            OneOrMany::One(command) => Self(vec![command]),
            OneOrMany::Many(commands) => Self(commands),
        }
    }
}

const fn yes() -> bool {
    true
}

impl Config {
    /// Whether it makes sense.
    pub(crate) fn validate(&self) -> Result<()> {
        if self.steps.is_empty() || self.steps.len() > MOST_STEPS {
            let message = format!("`steps` has {} entries; 1 to {MOST_STEPS} are allowed", self.steps.len());
            return Err(Error::config(message));
        }
        let mut before = BTreeSet::new();
        for entry in &self.steps {
            entry.validate(&before).map_err(|error| error.context(format!("the step `{}`", entry.name)))?;
            if !before.insert(entry.name.as_str()) {
                return Err(Error::config(format!("two steps have the name `{}`", entry.name)));
            }
        }
        self.health.check(false).map_err(|error| error.context("`health`"))
    }

    /// Every command's name.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        let steps = self.steps.iter().flat_map(|entry| {
            let first = entry.undo_first.iter().flat_map(|commands| &commands.0);
            entry.run.0.iter().chain(&entry.undo.0).chain(first).chain(&entry.current)
        });
        steps.chain(&self.health.0).map(|command| command.command.as_str()).collect()
    }
}

impl Entry {
    fn validate(&self, before: &BTreeSet<&str>) -> Result<()> {
        let letter = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
        if self.name.is_empty() || self.name.len() > 63 || !self.name.bytes().all(letter) {
            return Err(Error::config("a name has 1 to 63 lower-case letters, digits and `-`"));
        }
        if self.run.0.is_empty() {
            return Err(Error::config("`run` has no command"));
        }
        if let Some(title) = &self.title {
            check(title, true)?;
        }
        self.run.check(true).map_err(|error| error.context("`run`"))?;
        self.undo.check(true).map_err(|error| error.context("`undo`"))?;
        if let Some(first) = &self.undo_first {
            first.check(false).map_err(|error| error.context("`undo-first`"))?;
        }
        match (&self.current, &self.expect) {
            (Some(current), Some(expect)) => {
                check(expect, false).map_err(|error| error.context("`expect`"))?;
                current.check(false).map_err(|error| error.context("`current`"))?;
            }
            (None, None) => {}
            (Some(_), None) => return Err(Error::config("`current` needs `expect`: what it prints when all is done")),
            (None, Some(_)) => return Err(Error::config("`expect` needs `current`: a command that prints it")),
        }
        if self.deadline.is_some_and(|deadline| deadline.0.as_secs() == 0) {
            return Err(Error::config("`deadline` is shorter than a second"));
        }
        match self.needs.iter().flatten().find(|need| !before.contains(need.as_str())) {
            Some(need) => Err(Error::config(format!("it needs `{need}`, which is no step before it"))),
            None => Ok(()),
        }
    }
}

impl Commands {
    fn check(&self, running: bool) -> Result<()> {
        self.0.iter().try_for_each(|command| command.check(running))
    }
}
