//! Launching a job exactly once: written down first, and looked for where the answer was lost.

use std::thread;
use std::time::{Duration, Instant};

use windlass_sdk::prelude::*;

use crate::client::{self, Client};
use crate::config::{Config, MARK};
use crate::follow;
use crate::intent::{self, Intent, Way};
use crate::template::{self, Found};

/// How many of the template's newest jobs are looked at.
const NEWEST: usize = 100;

/// The launch of one deployment, one way.
pub(crate) struct Launch<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) config: &'a Config,
    pub(crate) client: &'a Client<'a>,
    pub(crate) template: &'a Found,
    pub(crate) way: Way,
}

impl Launch<'_> {
    /// The job's address: of the one that was launched before, or of a new one.
    pub(crate) fn job(&self, body: &Value) -> Result<String> {
        let deployment = self.context.deployment();
        let (known, revision) = intent::read(self.way, &deployment)?;
        match known {
            Some(Intent { job: Some(job), .. }) => Ok(job),
            Some(known) => self.lost(known, revision, None),
            None => self.launch(body, revision),
        }
    }

    /// The job of a launch whose answer was lost, if there is one now. Launches nothing.
    pub(crate) fn find(&self) -> Result<Option<String>> {
        let mark = self.way.mark(&self.context.deployment());
        let newest = self.client.get(&format!("{}?order_by=-id&page_size={NEWEST}", self.template.jobs))?;
        let found = newest["results"].as_array().into_iter().flatten().find(|job| is_marked(job, &mark));
        Ok(found.and_then(|job| job["url"].as_str()).map(str::to_owned))
    }

    fn launch(&self, body: &Value, revision: Option<u64>) -> Result<String> {
        let deployment = self.context.deployment();
        let mut body = body.clone();
        body["extra_vars"][MARK] = json!(self.way.mark(&deployment));
        let mut intent = Intent { deployment, job: None };
        let revision = intent::write(self.way, &intent, revision)?;
        let path = format!("/job_templates/{}/launch/", self.template.id);
        let response = match self.client.post(&path, &body) {
            Ok(response) => response,
            // It was never sent.
            Err(error) if is_unsent(&error) => {
                intent::forget(self.way, revision)?;
                return Err(error);
            }
            Err(error) => return self.lost(intent, Some(revision), Some(error)),
        };
        match response.status {
            201 => {}
            // What stands in front of AWX may say this of a launch that went through.
            500.. => return self.lost(intent, Some(revision), Some(client::refused(&response, &path))),
            _ => {
                intent::forget(self.way, revision)?;
                return Err(self.refused(&response, &path));
            }
        }
        let Ok(job) = client::body(&response, &path) else {
            let error = Error::new("unavailable", "AWX answered the launch with something that is no JSON");
            return self.lost(intent, Some(revision), Some(error));
        };
        let Some(address) = job["url"].as_str().filter(|url| url.starts_with('/')) else {
            let error = Error::new("unavailable", "AWX's answer to the launch does not say which job it is");
            return self.lost(intent, Some(revision), Some(error));
        };
        intent.job = Some(address.to_owned());
        let revision = intent::write(self.way, &intent, Some(revision))?;
        let ignored: Vec<&str> =
            job["ignored_fields"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        if !ignored.is_empty() {
            return Err(self.take_back(address, &ignored, revision));
        }
        log::info(format!("AWX runs job {} of `{}`: {}", job["id"], self.template.name, self.client.page(&job)));
        Ok(address.to_owned())
    }

    /// A job that does not do what it was told is cancelled. One that never began is as if it had not been.
    fn take_back(&self, address: &str, ignored: &[&str], revision: u64) -> Error {
        let error = template::ignored(&self.template.name, &ignored.join("`, `"));
        match follow::cancel(self.context, self.config, self.client, address) {
            Ok(job) if job["started"].is_null() => match intent::forget(self.way, revision) {
                Ok(()) => error.context("the job was cancelled before it began"),
                Err(cause) => error.context(format!("the job was cancelled; {cause}")),
            },
            Ok(_) => error.context("the job was cancelled after it had begun"),
            Err(cause) => error.context(format!("the job could not be cancelled ({cause})")),
        }
    }

    /// It is not known whether there is a job: it is looked for, and nothing is launched a second time.
    fn lost(&self, mut intent: Intent, revision: Option<u64>, cause: Option<Error>) -> Result<String> {
        let cause = cause.map_or_else(|| "the agent was interrupted".to_owned(), |error| error.message().to_owned());
        log::warn(format!("it is not known whether AWX launched a job ({cause}): it is looked for"));
        let end = Instant::now() + self.config.search.0.min(self.context.remaining() / 2);
        let last = loop {
            let last = match self.find() {
                Ok(Some(job)) => {
                    intent.job = Some(job.clone());
                    intent::write(self.way, &intent, revision)?;
                    return Ok(job);
                }
                Ok(None) => None,
                Err(error) => Some(error),
            };
            if Instant::now() >= end {
                break last;
            }
            self.context.stop_if_cancelled()?;
            thread::sleep(self.config.interval.0.min(Duration::from_secs(1)));
        };
        let seconds = self.config.search.0.as_secs();
        let found = match last {
            Some(error) => format!("AWX could not be asked for the job: {}", error.message()),
            None => format!("AWX showed no such job for {seconds} s"),
        };
        let mark = self.way.mark(&self.context.deployment());
        let message = format!("AWX's answer to the launch was lost ({cause}), and {found}; it is not launched again");
        Err(Error::new("plugin:launch-lost", message)
            .hint(format!("look in AWX for a job with the extra variable `{MARK}: {mark}`, and cancel it if it runs")))
    }

    fn refused(&self, response: &http::Response, path: &str) -> Error {
        let said = client::said(response);
        match response.status {
            400 => Error::config(format!("AWX does not launch `{}`: {said}", self.template.name))
                .hint("the template needs something that it was not given: variables of a survey, or passwords"),
            405 => Error::new("unavailable", format!("AWX cannot launch `{}` now: {said}", self.template.name)),
            _ => client::refused(response, path),
        }
    }
}

/// Whether a request cannot have reached AWX.
fn is_unsent(error: &Error) -> bool {
    const UNSENT: [&str; 3] = ["refused", "cannot be resolved", "not trusted"];
    matches!(error.code(), "capability-denied" | "invalid-argument")
        || (error.code() == "unavailable" && UNSENT.iter().any(|word| error.message().contains(word)))
}

/// Whether a job carries the mark in its variables, which AWX shows as a text of JSON.
pub(crate) fn is_marked(job: &Value, mark: &str) -> bool {
    let variables = match &job["extra_vars"] {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        other => other.clone(),
    };
    variables[MARK].as_str() == Some(mark)
}
