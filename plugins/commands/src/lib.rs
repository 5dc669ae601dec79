//! Commands that the operator defined by name in `agent.toml`, as release files name them and plugins run them.
//!
//! [`said`] reads what one wrote, [`probe`] makes an answer of it. Which programs these are, and what they may be given, is the
//! host's and not known here.

pub mod probe;
pub mod said;

use serde::Serialize;
use windlass_sdk::exec::Output;
use windlass_sdk::prelude::*;
use windlass_strategies::{Words, check};

/// A command that the operator defined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Command {
    /// Its name: `[commands.NAME]` in `agent.toml`.
    #[schemars(extend("format" = "command-name"))]
    pub command: String,
    /// Its arguments, with facts in braces; the operator says in `allow-arguments` which may be given.
    #[serde(default)]
    pub arguments: Vec<String>,
}

impl Command {
    /// Whether it makes sense, as far as that is known before there is a release. `running` says whether facts of what runs
    /// have a place in it.
    ///
    /// # Errors
    /// When it has no name, or an argument cannot be filled.
    pub fn check(&self, running: bool) -> Result<()> {
        self.check_with(|argument| check(argument, running))
    }

    /// The same where arguments have facts of another kind.
    ///
    /// # Errors
    /// When it has no name, and those of `check`.
    pub fn check_with(&self, check: impl FnMut(&String) -> Result<()>) -> Result<()> {
        if self.command.is_empty() {
            return Err(Error::config("a command has no name"));
        }
        self.arguments.iter().try_for_each(check)
    }

    /// With its facts.
    ///
    /// # Errors
    /// When a fact is not there.
    pub fn filled(&self, words: &Words) -> Result<Self> {
        self.filled_with(|argument| words.fill(argument))
    }

    /// The same with facts of another kind.
    ///
    /// # Errors
    /// Those of `fill`.
    pub fn filled_with(&self, fill: impl FnMut(&String) -> Result<String>) -> Result<Self> {
        let arguments = self.arguments.iter().map(fill).collect::<Result<_>>()?;
        Ok(Self { command: self.command.clone(), arguments })
    }

    /// As people read it.
    #[must_use]
    pub fn words(&self) -> String {
        let arguments = self.arguments.iter().map(String::as_str);
        std::iter::once(self.command.as_str()).chain(arguments).collect::<Vec<_>>().join(" ")
    }
}

/// Who runs commands; tests have one of their own.
pub trait Runner {
    /// Runs it, with facts put in already, gives it this on standard input, and waits for its end.
    ///
    /// # Errors
    /// Those of the host: it is not granted or not allowed, it cannot be started, or it takes too long.
    fn run(&self, command: &Command, input: &[u8]) -> Result<Output>;
}

/// The host.
#[derive(Debug, Clone, Copy)]
pub struct Host;

impl Runner for Host {
    fn run(&self, command: &Command, input: &[u8]) -> Result<Output> {
        let arguments: Vec<&str> = command.arguments.iter().map(String::as_str).collect();
        exec::run(&command.command, &arguments, input)
    }
}
