//! Why the flow got no answer from its surroundings, or why it stopped itself: one type for both sides of
//! [`DeploymentBackend`](super::DeploymentBackend).
//!
//! It keeps what the journal does not: the causes one by one, and the lines of the files that are wrong. As a [`Failure`]
//! it is what the journal stores and recorders receive. What becomes of a deployment because of it is not decided here.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};
use windlass_domain::Failure;
use windlass_foundation::explain::{
    ExitCode, Explain, FailureKind, PROBLEMS, Part, Place, advice, failure_problems, problem_fact,
};

/// The field of the details that has the advice.
const HINT: &str = "hint";

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq)]
pub struct BackendError(Box<Details>);

/// Boxed so that results stay small.
#[derive(Debug, Clone, PartialEq)]
struct Details {
    kind: FailureKind,
    text: String,
    cause: Option<Cause>,
    hint: Option<String>,
    /// The mistakes in files. One is this error itself, whose place it has.
    problems: Vec<Part>,
    retryable: bool,
    /// Facts for machines, of a plugin say, without the hint and the problems.
    facts: Option<Value>,
}

/// A cause in words, and its own.
#[derive(Debug, Clone, PartialEq)]
struct Cause {
    text: String,
    cause: Option<Box<Self>>,
}

impl BackendError {
    /// One that a later call would have as well.
    #[must_use]
    pub fn new(kind: FailureKind, text: impl Into<String>) -> Self {
        let text = text.into();
        let told = Details { kind, text, cause: None, hint: None, problems: Vec::new(), retryable: false, facts: None };
        Self(Box::new(told))
    }

    /// An error of the agent that knows how to explain itself: its text, causes, hint, places, and a kind for its exit code.
    #[must_use]
    pub fn of(error: &dyn Explain) -> Self {
        let mut told = Self::new(FailureKind::of_exit(error.exit()), error.to_string());
        told.0.cause = causes(error.source()).map(|cause| *cause);
        told.0.hint = error.hint();
        told.0.problems = error.parts();
        match error.place() {
            Some(place) if told.0.problems.is_empty() => told.with_place(place),
            _ => told,
        }
    }

    /// An error that was not foreseen, and does not explain itself.
    #[must_use]
    pub fn unforeseen(error: &dyn std::error::Error) -> Self {
        Self::new(FailureKind::Internal, error.to_string())
    }

    /// Something that did not end in the time that it had.
    #[must_use]
    pub fn late(what: &str, allowed: Duration) -> Self {
        Self::new(FailureKind::Timeout, format!("`{what}` did not end within {} s", allowed.as_secs()))
    }

    /// A deployment that is not done within the time that its release allows.
    #[must_use]
    pub fn out_of_time(allowed: Duration) -> Self {
        Self::new(FailureKind::Timeout, format!("not done within {} s, its deadline", allowed.as_secs()))
    }

    /// What was stopped, where it is not known by whom.
    #[must_use]
    pub fn stopped() -> Self {
        Self::cancelled("stopped")
    }

    /// What was stopped.
    #[must_use]
    pub fn cancelled(text: impl Into<String>) -> Self {
        Self::new(FailureKind::Cancelled, text)
    }

    /// A mistake of the agent.
    #[must_use]
    pub fn internal(text: impl Into<String>) -> Self {
        Self::new(FailureKind::Internal, text)
    }

    /// A disk without room for the journal. It says nothing about the release.
    #[must_use]
    pub fn disk_full(error: &windlass_journal::Error) -> Self {
        Self::new(FailureKind::DiskFull, error.to_string()).hint_if_known(error.hint())
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> &FailureKind {
        &self.0.kind
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// The text with all its causes, as one sentence.
    #[must_use]
    pub fn message(&self) -> String {
        let mut message = self.0.text.clone();
        let mut next = self.0.cause.as_ref();
        while let Some(Cause { text, cause }) = next {
            if !message.contains(text) {
                message = format!("{message}: {text}");
            }
            next = cause.as_deref();
        }
        message
    }

    /// A fact for machines.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<&Value> {
        self.0.facts.as_ref()?.get(name)
    }

    /// The same of another kind.
    #[must_use]
    pub fn of_kind(mut self, kind: FailureKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// The same in other words, made from the whole message. What caused it is part of them.
    #[must_use]
    pub fn reworded(mut self, words: impl FnOnce(&str) -> String) -> Self {
        self.0.text = words(&self.message());
        self.0.cause = None;
        self
    }

    /// The same where a later call may succeed, if that is so.
    #[must_use]
    pub fn retryable_if(mut self, may_pass: bool) -> Self {
        self.0.retryable |= may_pass;
        self
    }

    /// Says what to do next, in place of what was said before.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The same where that is known.
    #[must_use]
    pub fn hint_if_known(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.with_hint(hint),
            None => self,
        }
    }

    /// Adds facts for machines, in place of those before.
    #[must_use]
    pub fn with_facts(mut self, facts: Option<Value>) -> Self {
        self.0.facts = facts;
        self
    }

    /// Says where in a file the mistake is, unless it says so itself.
    #[must_use]
    pub fn with_place(mut self, place: Place) -> Self {
        if self.0.problems.is_empty() {
            let message = self.message();
            let text = message.strip_prefix(&place.heading()).unwrap_or(&message).to_owned();
            self.0.problems = vec![Part { text, place: Some(place), hint: self.0.hint.clone() }];
        }
        self
    }

    /// The same with the place in front of the text, for an error that is about something which a file names.
    #[must_use]
    pub fn at(self, place: Place) -> Self {
        let heading = place.heading();
        let mut told = self.with_place(place);
        told.0.text = format!("{heading}{}", told.0.text);
        told
    }

    /// Says which mistakes in files there are, in place of those before.
    #[must_use]
    pub fn with_problems(mut self, problems: Vec<Part>) -> Self {
        self.0.problems = problems;
        self
    }

    /// Adds the lines of the files to the places that have none, for a person who may read them.
    #[must_use]
    pub fn with_lines(mut self, line: impl Fn(&Place) -> Option<String>) -> Self {
        for place in self.0.problems.iter_mut().filter_map(|problem| problem.place.as_mut()) {
            if place.text.is_empty() {
                place.text = line(place).unwrap_or_default();
            }
        }
        self
    }
}

/// The causes, the nearest first.
fn causes(error: Option<&(dyn std::error::Error + 'static)>) -> Option<Box<Cause>> {
    error.map(|error| Box::new(Cause { text: error.to_string(), cause: causes(error.source()) }))
}

impl From<Failure> for BackendError {
    fn from(failure: Failure) -> Self {
        let problems = failure_problems(&failure);
        let mut told = Self::new(FailureKind::of(&failure), failure.message).retryable_if(failure.retryable);
        told.0.facts = match failure.details {
            Some(Value::Object(mut facts)) => {
                let had = facts.len();
                if !problems.is_empty() {
                    facts.shift_remove(PROBLEMS);
                }
                if let Some(Value::String(hint)) = facts.get(HINT) {
                    told.0.hint = Some(hint.clone());
                    facts.shift_remove(HINT);
                }
                (had == 0 || !facts.is_empty()).then_some(Value::Object(facts))
            }
            other => other,
        };
        told.0.problems = problems;
        told
    }
}

impl From<&BackendError> for Failure {
    /// What the journal stores and recorders receive: no line of a file is in it.
    fn from(error: &BackendError) -> Self {
        let Details { kind, hint, problems, retryable, facts, .. } = &*error.0;
        let mut details = facts.clone();
        let mut add = |name: &str, value: Value| match &mut details {
            Some(Value::Object(details)) => drop(details.insert(name.to_owned(), value)),
            // Nothing can stand beside what is no object.
            other => *other = Some(Map::from_iter([(name.to_owned(), value)]).into()),
        };
        if !problems.is_empty() {
            add(PROBLEMS, problems.iter().map(problem_fact).collect());
        }
        if let Some(hint) = hint {
            add(HINT, hint.clone().into());
        }
        Self { code: kind.word().to_owned(), message: error.message(), retryable: *retryable, details }
    }
}

impl From<BackendError> for Failure {
    fn from(error: BackendError) -> Self {
        Self::from(&error)
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.text)
    }
}

impl std::error::Error for BackendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_ref().map(|cause| cause as _)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl Explain for BackendError {
    fn exit(&self) -> ExitCode {
        self.0.kind.exit().unwrap_or(ExitCode::Unexpected)
    }

    fn hint(&self) -> Option<String> {
        advice(self.0.hint.as_deref(), self.fact("grant").and_then(Value::as_str))
    }

    fn place(&self) -> Option<Place> {
        if let [problem] = &self.0.problems[..] { problem.place.clone() } else { None }
    }

    fn parts(&self) -> Vec<Part> {
        if self.0.problems.len() > 1 { self.0.problems.clone() } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests;
