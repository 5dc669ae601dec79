//! What carries the host's own labels: not narrowed to a plugin's scope, for people who look for what is left or lost.
//!
//! It looks only. What other tools made for an application has none of these labels and is not seen here.

use std::collections::HashMap;

use bollard::query_parameters::{ListContainersOptions, ListNetworksOptions, ListVolumesOptions};
use futures::try_join;
use windlass_domain::Failure;

use super::Engine;
use super::engine::ORDINARY;
use super::policy::APPLICATION;
use super::prepare::DEPLOYMENT;

/// What kind of object it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A container.
    Container,
    /// A network.
    Network,
    /// A volume.
    Volume,
}

/// An object that a deployment made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Its name on the engine.
    pub name: String,
    /// The application that owns it.
    pub application: String,
    /// The deployment that made it.
    pub deployment: String,
    /// `running`, `exited` and so on, for a container.
    pub state: Option<String>,
}

impl Engine {
    /// The containers of all applications that deployments made, stopped ones included, by application and name.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn our_containers(&self) -> Result<Vec<Object>, Failure> {
        let mut objects = self.containers(&marked(None)).await?;
        sort(&mut objects);
        Ok(objects)
    }

    /// What deployments made for an application: containers, networks and volumes, each kind by name.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn objects_of(&self, application: &str) -> Result<Vec<Object>, Failure> {
        let filters = marked(Some(application));
        let (mut objects, networks, volumes) =
            try_join!(self.containers(&filters), self.networks(&filters), self.volumes(&filters))?;
        objects.extend(networks);
        objects.extend(volumes);
        sort(&mut objects);
        Ok(objects)
    }

    async fn containers(&self, filters: &Filters) -> Result<Vec<Object>, Failure> {
        let listed = self.call(ORDINARY, |client| {
            let options = ListContainersOptions { all: true, filters: Some(filters.clone()), ..Default::default() };
            async move { client.list_containers(Some(options)).await }
        });
        let listed = listed.await.map_err(|error| error.into_failure("list containers"))?;
        let objects = listed.into_iter().filter_map(|container| {
            let names = container.names.unwrap_or_default();
            // A link of another container is a name with a second slash.
            let name = names.iter().map(|name| name.trim_start_matches('/')).find(|name| !name.contains('/'))?;
            let state = container.state.map(|state| state.to_string());
            object(Kind::Container, name, container.labels.as_ref(), state)
        });
        Ok(objects.collect())
    }

    async fn networks(&self, filters: &Filters) -> Result<Vec<Object>, Failure> {
        let listed = self.call(ORDINARY, |client| {
            let options = ListNetworksOptions { filters: Some(filters.clone()) };
            async move { client.list_networks(Some(options)).await }
        });
        let listed = listed.await.map_err(|error| error.into_failure("list networks"))?;
        let objects = listed
            .iter()
            .filter_map(|network| object(Kind::Network, network.name.as_deref()?, network.labels.as_ref(), None));
        Ok(objects.collect())
    }

    async fn volumes(&self, filters: &Filters) -> Result<Vec<Object>, Failure> {
        let listed = self.call(ORDINARY, |client| {
            let options = ListVolumesOptions { filters: Some(filters.clone()) };
            async move { client.list_volumes(Some(options)).await }
        });
        let listed = listed.await.map_err(|error| error.into_failure("list volumes"))?.volumes.unwrap_or_default();
        Ok(listed.iter().filter_map(|volume| object(Kind::Volume, &volume.name, Some(&volume.labels), None)).collect())
    }
}

type Filters = HashMap<String, Vec<String>>;

fn marked(application: Option<&str>) -> Filters {
    let label = application.map_or_else(|| APPLICATION.to_owned(), |name| format!("{APPLICATION}={name}"));
    HashMap::from([("label".to_owned(), vec![label])])
}

fn object(kind: Kind, name: &str, labels: Option<&HashMap<String, String>>, state: Option<String>) -> Option<Object> {
    let labels = labels?;
    let deployment = labels.get(DEPLOYMENT).cloned().unwrap_or_default();
    Some(Object { kind, name: name.to_owned(), application: labels.get(APPLICATION)?.clone(), deployment, state })
}

fn sort(objects: &mut [Object]) {
    objects.sort_by(|one, other| {
        (&one.application, one.kind, &one.name).cmp(&(&other.application, other.kind, &other.name))
    });
}
