//! Changes to the engine: the functions of `docker-write`. Each refuses without the grant, checks the owner of the
//! object, and succeeds when its work is done already.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, ContainerUpdateBody, EndpointSettings, NetworkConnectRequest,
    NetworkDisconnectRequest, NetworkInspect,
};
use bollard::query_parameters::{
    CreateContainerOptions, RemoveContainerOptions, RenameContainerOptions, StartContainerOptions, StopContainerOptions,
};
use ipnet::IpNet;
use serde_json::Value;
use windlass_domain::Failure;

use super::ancestors::Mounting;
use super::bodies;
use super::engine::{ORDINARY, invalid};
use super::failure::{failure, hinted};
use super::owned::Found;
use super::permits::Planned;
use super::policy::{Policy, References, VOLUMES_FROM, Wanted, is_in, is_link_of_connection};
use super::prepare::{DEPLOYMENT, STEP, typed};
use super::surroundings::{Around, ranges};
use super::{Docker, host, names};

impl Docker {
    /// Creates a container and returns its id. One of that name that the same step of the same deployment made is
    /// the answer to an earlier attempt and is returned as it is.
    pub async fn create_container(&self, name: &str, body: &Value) -> Result<String, Failure> {
        let guard = self.guard().await?;
        let policy = guard.policy(self);
        let name = names::object("container", name)?;
        let references = policy.container(body)?;
        self.check_references(&policy, &Around::new(self), &references, None).await?;
        let images = self.may_mount_images(&references.images, false).await?;
        self.nobody_moves(Mounting::of(&references), None).await?;
        let mut body = body.clone();
        self.mark(&mut body)?;
        policy.hide_as_the_engine_does(&mut body, &host::throttles());
        let prepared = self.fill(&policy, &references, &mut body)?;
        bodies::images_by_id(&mut body, &images);
        bodies::address_to_connection(&mut body);
        let created = match typed::<ContainerCreateBody>(&body) {
            Ok(body) => self.send_create(name, body).await,
            Err(failure) => Err(failure),
        };
        if created.is_err() {
            self.discard(&prepared);
        }
        created.map_err(|failure| self.redacted(failure))
    }

    async fn send_create(&self, name: &str, body: ContainerCreateBody) -> Result<String, Failure> {
        let options = CreateContainerOptions { name: Some(name.to_owned()), ..Default::default() };
        let answer = self
            .engine
            .call(ORDINARY, |client| {
                let (options, body) = (options.clone(), body.clone());
                async move { client.create_container(Some(options), body).await }
            })
            .await;
        match answer {
            Ok(created) => Ok(created.id),
            Err(error) if error.status() == Some(409) => match self.find_container(name).await? {
                Found::Own(existing) if self.is_this_step(&existing) => Ok(existing.id.unwrap_or_default()),
                Found::Own(existing) => {
                    let made_by =
                        label(&existing, STEP).map_or_else(String::new, |step| format!(", made by step `{step}`"));
                    Err(failure("conflict", format!("the application has a container `{name}` already{made_by}")))
                }
                Found::Foreign(_) => Err(hinted(
                    "conflict",
                    format!(
                        "a container named `{name}` is there that is not of application `{}`",
                        self.scope.about.application
                    ),
                    "choose another name, or remove that container by hand",
                )),
                Found::Missing => Err(self.explain(error, &format!("create container `{name}`"))),
            },
            Err(error) => Err(self.explain(error, &format!("create container `{name}`"))),
        }
    }

    fn is_this_step(&self, container: &ContainerInspectResponse) -> bool {
        label(container, STEP) == self.scope.step.as_deref()
            && label(container, DEPLOYMENT) == self.scope.about.in_journal()
    }

    /// Everything that a body refers to must be there and be the application's, or granted by name; or, where a plan
    /// is judged, not be there yet. Images are judged apart.
    pub(super) async fn check_references(
        &self,
        policy: &Policy<'_>,
        around: &Around<'_>,
        references: &References,
        planned: Option<&Planned<'_>>,
    ) -> Result<(), Failure> {
        for (container, field) in &references.containers {
            match self.find_container(container).await? {
                Found::Own(found) if field == VOLUMES_FROM => self.may_inherit(policy, &found)?,
                Found::Own(_) => {}
                // A link of a connection gives a name, no path: whether the two containers can reach each other depends
                // on the networks of both.
                Found::Foreign(_) if is_link_of_connection(field) => {
                    policy.require(&format!("link:{container}"), field, container)?;
                }
                // A plan names containers that others of its steps make. A link of a connection is another name, which is
                // looked up when it is used.
                Found::Missing if planned.is_some() || is_link_of_connection(field) => {}
                Found::Foreign(_) | Found::Missing => {
                    let nothing = self.nothing("container", container);
                    return Err(Failure { message: format!("`{field}`: {}", nothing.message), ..nothing });
                }
            }
        }
        let mut subnets: BTreeMap<&str, Vec<IpNet>> = planned.cloned().unwrap_or_default();
        let fixed = references.addresses.iter().map(|(network, ..)| network);
        for network in references.networks.iter().chain(fixed) {
            if subnets.contains_key(network.as_str()) {
                continue;
            }
            let found = self.usable_network(policy, around, network).await?;
            subnets.insert(network, ranges(found.ipam.as_ref()));
        }
        for (network, field, address) in &references.addresses {
            is_in(field, *address, network, subnets.get(network.as_str()).map_or(&[], Vec::as_slice))?;
        }
        for volume in &references.volumes {
            match self.find_volume(volume).await? {
                Found::Own(found) => Self::may_use_volume(policy, &found)?,
                Found::Foreign(found) if self.is_own_anonymous(policy, &found).await? => {}
                Found::Foreign(_) => policy.require(&format!("volume:{volume}"), "volume", volume)?,
                Found::Missing if planned.is_some() => {}
                Found::Missing => {
                    let nothing = self.nothing("volume", volume);
                    return Err(hinted(&nothing.code, nothing.message, "create it first"));
                }
            }
        }
        Ok(())
    }

    /// A network that the application may join: its own, or one that is granted by name, with addresses that it might
    /// have made it with.
    pub(super) async fn usable_network(
        &self,
        policy: &Policy<'_>,
        around: &Around<'_>,
        network: &str,
    ) -> Result<NetworkInspect, Failure> {
        self.usable(policy, around, network, self.find_network(network).await?).await
    }

    /// The same of a network that was looked up.
    pub(super) async fn usable(
        &self,
        policy: &Policy<'_>,
        around: &Around<'_>,
        network: &str,
        found: Found<NetworkInspect>,
    ) -> Result<NetworkInspect, Failure> {
        let found = match found {
            Found::Own(found) => found,
            Found::Foreign(found) => {
                policy.require(&format!("network:{network}"), "network", network)?;
                found
            }
            Found::Missing => return Err(self.nothing("network", network)),
        };
        // What this deployment made was looked at then.
        let made_by = found.labels.as_ref().and_then(|labels| labels.get(DEPLOYMENT));
        if made_by.is_none() || made_by.map(String::as_str) != self.scope.about.in_journal() {
            let wanted = Wanted { subnets: ranges(found.ipam.as_ref()), binding: None };
            let within = |failure: Failure| Failure {
                message: format!("the network `{network}` is there already: {}", failure.message),
                ..failure
            };
            for range in &wanted.subnets {
                policy.is_for_networks("IPAM.Config.Subnet", *range).map_err(within)?;
            }
            around.is_free(policy, &wanted, found.id.as_deref()).await.map_err(within)?;
        }
        Ok(*found)
    }

    /// Starts a container whose mounts lead where they led when it was made; one that runs is success.
    pub async fn start_container(&self, container: &str) -> Result<(), Failure> {
        let guard = self.guard().await?;
        let found = self.own_container(container).await?;
        self.may_start(&guard.policy(self), &found).await?;
        let id = found.id.ok_or_else(|| invalid("the engine gave a container without an id"))?;
        self.engine
            .call(ORDINARY, |client| {
                let id = &id;
                async move { client.start_container(id, None::<StartContainerOptions>).await }
            })
            .await
            .map_err(|error| self.explain(error, &format!("start container `{container}`")))
    }

    /// Stops a container: its stop signal, `grace_ms` rounded up to seconds, then SIGKILL. One that is stopped or
    /// gone is success.
    pub async fn stop_container(&self, container: &str, grace_ms: u32) -> Result<(), Failure> {
        self.may_write()?;
        let Some(found) = self.own_or_gone(container).await? else { return Ok(()) };
        let id = found.id.unwrap_or_default();
        let grace = grace_ms.div_ceil(1_000);
        let options = StopContainerOptions { t: Some(i32::try_from(grace).unwrap_or(i32::MAX)), ..Default::default() };
        // The engine answers when the container has stopped.
        let limit = Duration::from_secs(u64::from(grace) + 30);
        let stop = || {
            self.engine.call(limit, |client| {
                let (id, options) = (&id, options.clone());
                async move { client.stop_container(id, Some(options)).await }
            })
        };
        let mut answer = stop().await;
        // An engine that ends does not write down that it was told to stop the container, and starts it again when it
        // begins.
        if answer.is_ok() && self.engine.was_away().await {
            answer = stop().await;
        }
        match answer {
            Err(error) if error.status() != Some(404) => {
                Err(self.explain(error, &format!("stop container `{container}`")))
            }
            _ => Ok(()),
        }
    }

    /// Renames a container; one that has the name is success.
    pub async fn rename_container(&self, container: &str, name: &str) -> Result<(), Failure> {
        self.may_write()?;
        let name = names::object("container", name)?;
        // After an earlier attempt the container may be there only under its new name.
        let Some(found) = self.find_container(container).await?.own() else {
            return match self.find_container(name).await?.own() {
                Some(renamed) if self.is_this_step(&renamed) => Ok(()),
                _ => Err(self.nothing("container", container)),
            };
        };
        if found.name.as_deref().map(|name| name.trim_start_matches('/')) == Some(name) {
            return Ok(());
        }
        let id = found.id.unwrap_or_default();
        let options = RenameContainerOptions { name: name.to_owned() };
        let answer = self
            .engine
            .call(ORDINARY, |client| {
                let (id, options) = (&id, options.clone());
                async move { client.rename_container(id, options).await }
            })
            .await;
        if let Err(error) = answer {
            let done =
                self.find_container(name).await?.own().is_some_and(|named| named.id.as_deref() == Some(id.as_str()));
            if !done {
                return Err(self.explain(error, &format!("rename container `{container}` to `{name}`")));
            }
        }
        Ok(())
    }

    /// Changes the restart policy and resources of a container.
    pub async fn update_container(&self, container: &str, body: &Value) -> Result<(), Failure> {
        let guard = self.guard().await?;
        guard.policy(self).update(body)?;
        let body: ContainerUpdateBody = typed(body)?;
        let id = self.own_id(container).await?;
        self.engine
            .call(ORDINARY, |client| {
                let (id, body) = (&id, body.clone());
                async move { client.update_container(id, body).await }
            })
            .await
            .map(drop)
            .map_err(|error| self.explain(error, &format!("update container `{container}`")))
    }

    /// Removes a container, and the files that the host made for it alone; one that is gone is success. Its anonymous
    /// volumes go with it where this deployment made it, or where it is labelled so; otherwise they are data and stay.
    pub async fn remove_container(&self, container: &str, force: bool) -> Result<(), Failure> {
        self.may_write()?;
        let Some(found) = self.own_or_gone(container).await? else { return Ok(()) };
        let options = RemoveContainerOptions { v: self.discards_volumes(&found), force, link: false };
        let id = found.id.unwrap_or_default();
        let answer = self
            .engine
            .call(ORDINARY, |client| {
                let (id, options) = (&id, options.clone());
                async move { client.remove_container(id, Some(options)).await }
            })
            .await;
        match answer {
            // 409 with these words: another request removes it right now.
            Err(error) if error.status() == Some(409) && error.to_string().contains("already in progress") => {}
            Err(error) if error.status() != Some(404) => {
                return Err(self.explain(error, &format!("remove container `{container}`")));
            }
            _ => {}
        }
        let mounted: Vec<PathBuf> =
            found.mounts.unwrap_or_default().into_iter().filter_map(|mount| mount.source).map(PathBuf::from).collect();
        self.forget_files(&mounted).await;
        Ok(())
    }

    /// Connects a container of the application; one that is connected is success.
    pub async fn connect_network(&self, network: &str, container: &str, endpoint: &Value) -> Result<(), Failure> {
        let guard = self.guard().await?;
        let policy = guard.policy(self);
        let around = Around::new(self);
        let mut references = References::default();
        policy.endpoint("EndpointConfig", network, endpoint, &mut references)?;
        self.check_references(&policy, &around, &references, None).await?;
        let endpoint: Option<EndpointSettings> = if endpoint.is_null() { None } else { Some(typed(endpoint)?) };
        let network_id = self.usable_network(&policy, &around, network).await?.id.unwrap_or_default();
        let found = self.own_container(container).await?;
        if is_connected(&found, &network_id) {
            return Ok(());
        }
        let request = NetworkConnectRequest { container: found.id.unwrap_or_default(), endpoint_config: endpoint };
        let answer = self
            .engine
            .call(ORDINARY, |client| {
                let (network_id, request) = (&network_id, request.clone());
                async move { client.connect_network(network_id, request).await }
            })
            .await;
        match answer {
            Ok(()) => Ok(()),
            Err(_) if is_connected(&self.own_container(container).await?, &network_id) => Ok(()),
            Err(error) => Err(self.explain(error, &format!("connect container `{container}` to network `{network}`"))),
        }
    }

    /// Disconnects a container of the application; one that is not connected, or gone, is success.
    pub async fn disconnect_network(&self, network: &str, container: &str) -> Result<(), Failure> {
        self.may_write()?;
        let Some(found) = self.own_or_gone(container).await? else { return Ok(()) };
        let network_id = match self.find_network(network).await? {
            Found::Own(found) | Found::Foreign(found) => found.id.unwrap_or_default(),
            Found::Missing => return Ok(()),
        };
        if !is_connected(&found, &network_id) {
            return Ok(());
        }
        let request = NetworkDisconnectRequest { container: found.id.unwrap_or_default(), force: Some(false) };
        let answer = self
            .engine
            .call(ORDINARY, |client| {
                let (network_id, request) = (&network_id, request.clone());
                async move { client.disconnect_network(network_id, request).await }
            })
            .await;
        match answer {
            Ok(()) => Ok(()),
            Err(error) => match self.own_or_gone(container).await? {
                Some(found) if is_connected(&found, &network_id) => {
                    Err(self.explain(error, &format!("disconnect container `{container}` from network `{network}`")))
                }
                _ => Ok(()),
            },
        }
    }

    /// The full id of the application's own container.
    async fn own_id(&self, container: &str) -> Result<String, Failure> {
        self.own_container(container).await?.id.ok_or_else(|| invalid("the engine gave a container without an id"))
    }

    /// The application's own container, or none when nothing has that name. One of another owner is `not-found`.
    async fn own_or_gone(&self, container: &str) -> Result<Option<ContainerInspectResponse>, Failure> {
        match self.find_container(container).await? {
            Found::Own(found) => Ok(Some(*found)),
            Found::Foreign(_) => Err(self.nothing("container", container)),
            Found::Missing => Ok(None),
        }
    }
}

fn label<'a>(container: &'a ContainerInspectResponse, name: &str) -> Option<&'a str> {
    container.config.as_ref()?.labels.as_ref()?.get(name).map(String::as_str)
}

fn is_connected(container: &ContainerInspectResponse, network_id: &str) -> bool {
    let networks = container.network_settings.as_ref().and_then(|settings| settings.networks.as_ref());
    networks.is_some_and(|networks| networks.values().any(|one| one.network_id.as_deref() == Some(network_id)))
}
