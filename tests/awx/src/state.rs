//! What the stand-in knows, and how it misbehaves.

use serde_json::{Value, json};

/// Templates, jobs and the server's mood.
#[derive(Debug, Default)]
pub struct State {
    /// Values of `Authorization` that are accepted; empty accepts all.
    pub accepted: Vec<String>,
    /// In the order of their numbers.
    pub templates: Vec<Template>,
    /// In the order of their numbers.
    pub jobs: Vec<Job>,
    /// How it misbehaves from now on.
    pub fault: Option<Fault>,
    /// How jobs that are launched from now on end; `successful` when empty.
    pub ends: String,
    /// How many questions a job that is launched from now on takes to its end; none is never.
    pub questions: Option<u32>,
    /// Methods and paths in the order that they were asked.
    pub asked: Vec<String>,
}

/// A job template.
#[derive(Debug, Clone)]
pub struct Template {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Whether variables are asked for on launch.
    pub ask_variables: bool,
    /// Whether a limit is asked for on launch.
    pub ask_limit: bool,
    /// Variables of its survey that have no value of their own.
    pub needed: Vec<String>,
}

/// A job.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// Its template's number.
    pub template: u64,
    /// What it was given and took.
    pub variables: Value,
    /// AWX's word.
    pub status: String,
    /// How it will end.
    pub ends: String,
    /// How many questions it takes until then; none is never.
    pub questions: Option<u32>,
    /// Whether it began.
    pub started: bool,
}

/// How it misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 502 with a page of HTML.
    Down,
    /// 200 with a page of HTML, as a proxy's login.
    Html,
    /// A launch is done, and answered with 502.
    Lost,
    /// A launch is not done, and answered with 502.
    Unlaunched,
    /// A template says that it asks for variables, and drops them.
    Drops,
    /// 403.
    Forbidden,
}

impl Template {
    /// One that asks for variables.
    #[must_use]
    pub fn new(id: u64, name: &str) -> Self {
        Self { id, name: name.to_owned(), ask_variables: true, ask_limit: false, needed: Vec::new() }
    }

    pub(crate) fn shown(&self) -> Value {
        json!({
            "id": self.id, "type": "job_template", "name": self.name, "job_slice_count": 1,
            "url": format!("/api/v2/job_templates/{}/", self.id),
        })
    }
}

impl Job {
    /// One question further.
    pub(crate) fn advance(&mut self) {
        if self.is_over() {
            return;
        }
        match &mut self.questions {
            Some(0) => self.status.clone_from(&self.ends),
            Some(left) => {
                *left -= 1;
                self.begin();
            }
            None => self.begin(),
        }
    }

    fn begin(&mut self) {
        "running".clone_into(&mut self.status);
        self.started = true;
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "successful" | "failed" | "error" | "canceled")
    }

    pub(crate) fn shown(&self) -> Value {
        let explanation = if self.status == "error" { "the project could not be updated" } else { "" };
        json!({
            "id": self.id, "type": "job", "url": format!("/api/v2/jobs/{}/", self.id), "status": self.status,
            "failed": self.is_over() && self.status != "successful", "job_template": self.template,
            "started": self.started.then_some("2026-01-01T00:00:00Z"), "job_explanation": explanation,
            "finished": self.is_over().then_some("2026-01-01T00:00:01Z"), "result_traceback": "", "elapsed": 1.0,
            // AWX shows them as a text.
            "extra_vars": self.variables.to_string(),
        })
    }
}
