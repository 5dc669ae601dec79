//! What the agent knows as pages for a browser: facts in, HTML out.
//!
//! A page is whole: its style sheet and its script are in it, and it asks for nothing from elsewhere. Every text in it is
//! escaped by construction, cleaned and bounded ([`text`]). Nothing here asks, serves, decides or prints.

mod application;
mod badge;
mod deployment;
mod failure;
mod frame;
mod history;
mod missing;
mod overview;
mod plan;
mod probes;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod timeline;

pub use frame::{Kept, View, policy};

use windlass_api::ErrorFact;
use windlass_api::facts::{CourseFact, DeploymentFact, HistoryFact, StatusFact};

/// All applications, and the last deployments.
#[must_use]
pub fn overview(view: &View<'_>, applications: &[StatusFact], deployments: &[HistoryFact]) -> String {
    overview::page(view, applications, deployments)
}

/// One application with its deployments.
#[must_use]
pub fn application(view: &View<'_>, application: &StatusFact, deployments: &[HistoryFact]) -> String {
    application::page(view, application, deployments)
}

/// One deployment.
#[must_use]
pub fn deployment(view: &View<'_>, deployment: &DeploymentFact, course: &CourseFact) -> String {
    deployment::page(view, deployment, course)
}

/// What is said where there is no page, with those that there are.
#[must_use]
pub fn missing(view: &View<'_>, path: &str, deployments: &[HistoryFact]) -> String {
    missing::page(view, path, deployments)
}

/// What is said where something could not be looked at.
#[must_use]
pub fn failed(view: &View<'_>, error: &ErrorFact) -> String {
    missing::failed(view, error)
}
