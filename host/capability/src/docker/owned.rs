//! The owner of an object, decided by its labels.

use std::collections::HashMap;

use bollard::models::{ContainerInspectResponse, NetworkInspect, Volume};
use bollard::query_parameters::{InspectContainerOptions, InspectNetworkOptions};
use serde::Serialize;
use serde_json::Value;
use windlass_domain::Failure;

use super::Docker;
use super::engine::ORDINARY;
use super::failure::{RequestError, failure};
use super::names;
use super::policy::{APPLICATION, PROJECT};

/// What is under a name.
#[derive(Debug)]
pub(super) enum Found<T> {
    /// The application's own.
    Own(Box<T>),
    /// An object of another owner, or of none.
    Foreign(Box<T>),
    /// Nothing.
    Missing,
}

impl<T> Found<T> {
    /// The application's own, if it is.
    pub(super) fn own(self) -> Option<T> {
        if let Self::Own(object) = self { Some(*object) } else { None }
    }
}

impl Docker {
    /// Whether an object with these labels is the application's.
    pub(super) fn owns(&self, labels: Option<&HashMap<String, String>>) -> bool {
        let Some(labels) = labels else { return false };
        match labels.get(APPLICATION) {
            Some(application) => *application == self.scope.about.application,
            None => labels.get(PROJECT).is_some_and(|project| self.scope.projects.contains(project)),
        }
    }

    /// Looks a container up, by id or name.
    pub(super) async fn find_container(&self, container: &str) -> Result<Found<ContainerInspectResponse>, Failure> {
        let name = names::object("container", container)?;
        let answer =
            self.engine
                .call(ORDINARY, |client| async move {
                    client.inspect_container(name, None::<InspectContainerOptions>).await
                })
                .await;
        let what = || format!("inspect container `{name}`");
        self.found(answer, what, |found| found.config.as_ref().and_then(|config| config.labels.as_ref()))
    }

    /// Looks a network up, by id or name.
    pub(super) async fn find_network(&self, network: &str) -> Result<Found<NetworkInspect>, Failure> {
        let name = names::object("network", network)?;
        let answer = self
            .engine
            .call(ORDINARY, |client| async move { client.inspect_network(name, None::<InspectNetworkOptions>).await })
            .await;
        self.found(answer, || format!("inspect network `{name}`"), |found| found.labels.as_ref())
    }

    /// Looks a network up by its name alone: an id that begins like the name is not the name.
    pub(super) async fn named_network(&self, name: &str) -> Result<Option<Found<NetworkInspect>>, Failure> {
        Ok(match self.find_network(name).await? {
            Found::Own(network) | Found::Foreign(network) if network.name.as_deref() != Some(name) => None,
            Found::Missing => None,
            found => Some(found),
        })
    }

    /// Looks a volume up.
    pub(super) async fn find_volume(&self, volume: &str) -> Result<Found<Volume>, Failure> {
        let name = names::object("volume", volume)?;
        let answer = self.engine.call(ORDINARY, |client| async move { client.inspect_volume(name).await }).await;
        self.found(answer, || format!("inspect volume `{name}`"), |found| Some(&found.labels))
    }

    fn found<T>(
        &self,
        answer: Result<T, RequestError>,
        what: impl Fn() -> String,
        labels: impl Fn(&T) -> Option<&HashMap<String, String>>,
    ) -> Result<Found<T>, Failure> {
        match answer {
            Ok(object) if self.owns(labels(&object)) => Ok(Found::Own(Box::new(object))),
            Ok(object) => Ok(Found::Foreign(Box::new(object))),
            Err(error) if error.status() == Some(404) => Ok(Found::Missing),
            Err(error) => Err(self.explain(error, &what())),
        }
    }

    /// The application's own container; one of another owner is as if it were not there.
    pub(super) async fn own_container(&self, container: &str) -> Result<ContainerInspectResponse, Failure> {
        self.find_container(container).await?.own().ok_or_else(|| self.nothing("container", container))
    }

    /// The failure for what the application does not have.
    pub(super) fn nothing(&self, kind: &str, name: &str) -> Failure {
        failure("not-found", format!("application `{}` has no {kind} `{name}`", self.scope.about.application))
    }

    /// An error of the engine as a failure without secret values.
    pub(super) fn explain(&self, error: RequestError, what: &str) -> Failure {
        self.redacted(error.into_failure(what))
    }

    /// A failure without secret values.
    pub(super) fn redacted(&self, failure: Failure) -> Failure {
        Failure {
            message: self.redactor.text(&failure.message),
            details: failure.details.map(|details| self.redactor.json(&details)),
            ..failure
        }
    }

    /// An answer of the engine as JSON without secret values.
    pub(super) fn answer<T: Serialize>(&self, answer: &T) -> Result<Value, Failure> {
        serde_json::to_value(answer)
            .map(|value| self.redactor.json(&value))
            .map_err(|error| failure("internal", format!("the engine's answer cannot be written as JSON: {error}")))
    }
}
