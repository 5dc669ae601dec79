//! What happened to a value between its file and the model: for `windlass config --explain`.
//!
//! Each value holds its own short history, newest first. Values to which nothing happened hold none, so that a
//! large file costs nothing more.

use std::sync::Arc;

use crate::Position;
use crate::yaml::Node;

/// One thing that happened, and what was before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) step: Step,
    pub(crate) before: Option<Arc<Trace>>,
}

/// One thing that happened to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Variables in it were replaced.
    Interpolated {
        /// The text before.
        written: String,
        /// The variables, in the order of the text.
        variables: Vec<Variable>,
    },
    /// It took the place of an earlier value: of an earlier file, or of the service that is extended.
    Replaced {
        /// Where the earlier value was written.
        position: Position,
        /// The earlier value, where it was a text.
        value: Option<String>,
    },
    /// It came through `extends`.
    Extended {
        /// Where `extends` was written.
        position: Position,
    },
    /// Its file came through `include`.
    Included {
        /// Where `include` names the file.
        position: Position,
    },
}

/// A variable and where its value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The name.
    pub name: String,
    /// Where the value came from.
    pub source: Source,
}

/// Where the value of a variable came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The release, or the environment of the command that reads the files.
    Given,
    /// `.env`, or an `env_file` of an `include`.
    File(Position),
    /// The `name` of the application.
    Name,
    /// The variable is not set; the text names a value for that case.
    Default,
    /// The variable is not set, and taken as empty.
    Unset,
}

impl Node {
    /// Notes that something happened to it.
    pub(crate) fn happened(&mut self, step: Step) {
        let before = self.trace.take();
        self.trace = Some(Arc::new(Trace { step, before }));
    }

    /// Notes what it took the place of.
    pub(crate) fn replaced(&mut self, earlier: &Self) {
        let step = Step::Replaced { position: earlier.position.clone(), value: earlier.as_text() };
        // Older history first: what happened to the earlier value happened before this one took its place.
        let own = self.history();
        self.trace = Some(Arc::new(Trace { step, before: earlier.trace.clone() }));
        for step in own.into_iter().rev() {
            self.happened(step);
        }
    }

    /// What happened, newest first.
    pub(crate) fn history(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut next = self.trace.as_ref();
        while let Some(trace) = next {
            steps.push(trace.step.clone());
            next = trace.before.as_ref();
        }
        steps
    }
}
