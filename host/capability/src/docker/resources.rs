//! Changing networks and volumes.

use bollard::models::{NetworkCreateRequest, NetworkDisconnectRequest, NetworkInspect, VolumeCreateRequest};
use bollard::query_parameters::RemoveVolumeOptions;
use serde_json::Value;
use windlass_domain::Failure;

use super::ancestors::Mounting;
use super::engine::{ORDINARY, invalid};
use super::failure::{failure, hinted};
use super::owned::Found;
use super::prepare::{DEPLOYMENT, typed};
use super::surroundings::Around;
use super::{Docker, names};

impl Docker {
    /// Creates a network and returns its id; the application's own of that name is returned as it is.
    pub async fn create_network(&self, body: &Value) -> Result<String, Failure> {
        let guard = self.guard().await?;
        let policy = guard.policy(self);
        let wanted = policy.network(body)?;
        let around = Around::new(self);
        let mut body = body.clone();
        self.mark(&mut body)?;
        // `CheckDuplicate` is not sent: newer engines never create duplicates, and this code checks for them itself.
        body.as_object_mut().map(|fields| fields.remove("CheckDuplicate"));
        let request: NetworkCreateRequest = typed(&body)?;
        let name = names::object("network", &request.name)?.to_owned();
        let _creating = self.engine.creating_network.lock().await;
        let mut refusal = None;
        for _ in 0..2 {
            match self.named_network(&name).await? {
                Some(found @ Found::Own(_)) => {
                    return Ok(self.usable(&policy, &around, &name, found).await?.id.unwrap_or_default());
                }
                Some(_) => {
                    return Err(hinted(
                        "conflict",
                        format!(
                            "a network named `{name}` is there that is not of application `{}`",
                            self.scope.about.application
                        ),
                        "choose another name, or declare it as external",
                    ));
                }
                None => {}
            }
            if let Some(error) = refusal {
                return Err(self.explain(error, &format!("create network `{name}`")));
            }
            around.is_free(&policy, &wanted, None).await?;
            let answer = self
                .engine
                .call(ORDINARY, |client| {
                    let request = request.clone();
                    async move { client.create_network(request).await }
                })
                .await;
            match answer {
                Ok(created) => return Ok(created.id),
                // An attempt whose answer was lost may have made it: the network is looked up once more.
                Err(error) => refusal = Some(error),
            }
        }
        Err(failure("internal", format!("cannot create network `{name}`")))
    }

    /// Removes a network of the application; one that is gone is success.
    pub async fn remove_network(&self, name: &str) -> Result<(), Failure> {
        self.may_write()?;
        let network = match self.find_network(name).await? {
            Found::Own(network) => network,
            Found::Foreign(_) => return Err(self.nothing("network", name)),
            Found::Missing => return Ok(()),
        };
        let id = network.id.as_deref().unwrap_or_default();
        let remove = || self.engine.call(ORDINARY, |client| async move { client.remove_network(id).await });
        let mut answer = remove().await;
        // "has active endpoints": endpoints of removed containers have no owner and can be taken off.
        if matches!(&answer, Err(error) if error.status() == Some(403)) && self.forget_ghosts(&network).await? {
            answer = remove().await;
        }
        match answer {
            Err(error) if error.status() != Some(404) => Err(self.explain(error, &format!("remove network `{name}`"))),
            _ => Ok(()),
        }
    }

    /// Removes endpoints of containers that no longer exist from a network. Returns whether there were any. An engine
    /// that lost a container in the middle of connecting it keeps the endpoint, and with it the network, for ever. It
    /// lists such an endpoint as `ep-ID`, with the container's name.
    async fn forget_ghosts(&self, network: &NetworkInspect) -> Result<bool, Failure> {
        let (id, mut found) = (network.id.as_deref().unwrap_or_default(), false);
        for (container, endpoint) in network.containers.iter().flatten() {
            let Some(name) = &endpoint.name else { continue };
            if !container.starts_with("ep-") && !matches!(self.find_container(container).await?, Found::Missing) {
                continue;
            }
            let request = NetworkDisconnectRequest { container: name.clone(), force: Some(true) };
            let disconnect = |client: bollard::Docker| {
                let request = request.clone();
                async move { client.disconnect_network(id, request).await }
            };
            match self.engine.call(ORDINARY, disconnect).await {
                Ok(()) => found = true,
                Err(error) => tracing::debug!(container = name, error = ?error.status(), "an endpoint stays"),
            }
        }
        Ok(found)
    }

    /// Creates a volume; the application's own of that name is success.
    pub async fn create_volume(&self, body: &Value) -> Result<(), Failure> {
        let guard = self.guard().await?;
        let policy = guard.policy(self);
        let mount = policy.volume(body)?;
        let mut body = body.clone();
        if let Some(mount) = mount {
            self.nobody_moves(Mounting::path(&mount.real, mount.writable), None).await?;
            // The engine follows no link that is put there later.
            body["DriverOpts"]["device"] = Value::String(mount.real.display().to_string());
        }
        self.mark(&mut body)?;
        let request: VolumeCreateRequest = typed(&body)?;
        let name = request.name.as_deref().ok_or_else(|| invalid("a volume needs a `Name`"))?;
        let name = names::object("volume", name)?.to_owned();
        match self.find_volume(&name).await? {
            Found::Own(found) => return Self::may_use_volume(&policy, &found),
            Found::Foreign(_) => {
                return Err(hinted(
                    "conflict",
                    format!(
                        "a volume named `{name}` is there that is not of application `{}`",
                        self.scope.about.application
                    ),
                    "choose another name, or declare it as external",
                ));
            }
            Found::Missing => {}
        }
        self.engine
            .call(ORDINARY, |client| {
                let request = request.clone();
                async move { client.create_volume(request).await }
            })
            .await
            .map(drop)
            .map_err(|error| self.explain(error, &format!("create volume `{name}`")))
    }

    /// Removes a volume with its data, and only one that this deployment created; one that is gone is success.
    pub async fn remove_volume(&self, name: &str) -> Result<(), Failure> {
        self.may_write()?;
        let volume = match self.find_volume(name).await? {
            Found::Own(volume) => volume,
            Found::Foreign(_) => return Err(self.nothing("volume", name)),
            Found::Missing => return Ok(()),
        };
        let made_by = volume.labels.get(DEPLOYMENT);
        if made_by.is_none() || made_by.map(String::as_str) != self.scope.about.in_journal() {
            return Err(hinted(
                "capability-denied",
                format!("volume `{name}` was not created by this deployment, so its data is kept"),
                "an operator can remove it with `docker volume rm`",
            ));
        }
        let name = names::object("volume", name)?;
        let answer = self
            .engine
            .call(ORDINARY, |client| async move { client.remove_volume(name, None::<RemoveVolumeOptions>).await })
            .await;
        match answer {
            Err(error) if error.status() != Some(404) => Err(self.explain(error, &format!("remove volume `{name}`"))),
            _ => Ok(()),
        }
    }
}
