//! Looking: the functions of `docker-read`.

use std::collections::BTreeMap;
use std::path::Path;

use bollard::container::LogOutput;
use bollard::models::{ContainerSummary, NetworkInspect, Volume};
use bollard::query_parameters::{ListContainersOptions, ListNetworksOptions, ListVolumesOptions, LogsOptions};
use futures::TryStreamExt as _;
use serde_json::{Value, json};
use tokio::join;
use windlass_domain::Failure;

use super::engine::{ORDINARY, invalid};
use super::failure::failure;
use super::owned::Found;
use super::policy::grant_lines;
use super::scope::ContainerGrant;
use super::{Docker, Events, host, listeners, names, probe};

/// The most log lines that are returned.
const MOST_LINES: u32 = 1_000;
/// From this length on, the engine may have cut what a health check wrote: it keeps 4096 bytes.
const ENGINE_KEEPS: usize = 4_000;
/// The most bytes of a log that are looked at: the last.
const MOST_BYTES: usize = 4 << 20;
/// The longest log line, in bytes; the rest of a longer one is cut off.
const LONGEST_LINE: usize = 16 * 1024;

/// The end of what a container wrote.
#[derive(Default)]
struct Said {
    bytes: Vec<u8>,
    /// Whether the last piece was of standard error; the engine cuts long lines into pieces of one stream.
    of_stderr: bool,
}

impl Said {
    fn take(&mut self, piece: LogOutput) {
        let of_stderr = matches!(piece, LogOutput::StdErr { .. });
        let open = self.bytes.last().is_some_and(|byte| *byte != b'\n');
        if open && std::mem::replace(&mut self.of_stderr, of_stderr) != of_stderr {
            self.bytes.push(b'\n');
        }
        self.of_stderr = of_stderr;
        self.bytes.extend_from_slice(&piece.into_bytes());
        // Moved in large pieces, not for every line.
        if self.bytes.len() > 2 * MOST_BYTES {
            self.bytes.drain(..self.bytes.len() - MOST_BYTES);
        }
    }
}

impl Docker {
    /// Refuses without the grant. A grant to write includes reading.
    pub(super) fn may_read(&self) -> Result<(), Failure> {
        if self.grant.read || self.grant.write.is_some() {
            return Ok(());
        }
        let lines =
            grant_lines(&self.scope, &ContainerGrant::default()).replace("docker-write = {}", "docker-read = true");
        Err(Failure {
            details: Some(json!({ "grant": lines })),
            ..failure("capability-denied", format!("plugin `{}` may not look at Docker", self.scope.plugin))
        })
    }

    /// Returns `GET /version`, with the engine's `SystemTime`, and the version of the API that the agent uses as
    /// `Spoken`.
    pub async fn version(&self) -> Result<Value, Failure> {
        self.may_read()?;
        let unknown = |error| self.explain(error, "ask the engine for its version");
        let told = self.engine.told().await.map_err(unknown)?;
        let mut version = self.answer(&told.version)?;
        version["SystemTime"] = json!(told.info.system_time);
        version["Spoken"] = json!(self.engine.spoken().await.map_err(unknown)?);
        Ok(version)
    }

    /// What checks need of `GET /info`, with `Disk` and `Memory` of the host, in bytes; each is null where the agent
    /// cannot see it. The engine is not asked again within a second of [`Self::version`].
    pub async fn info(&self) -> Result<Value, Failure> {
        self.may_read()?;
        let info = if let Some(told) = self.engine.foreseen().await {
            told.info.clone()
        } else {
            let info = self.engine.call(ORDINARY, |client| async move { client.info().await }).await;
            info.map_err(|error| self.explain(error, "ask the engine about its host"))?
        };
        let disk = info.docker_root_dir.as_deref().and_then(host::disk);
        Ok(json!({
            "NCPU": info.ncpu,
            "MemTotal": info.mem_total,
            "OSType": info.os_type,
            "Architecture": info.architecture,
            "Driver": info.driver,
            "Name": info.name,
            "SystemTime": info.system_time,
            "ServerVersion": info.server_version,
            "Disk": disk,
            "Memory": host::memory(),
        }))
    }

    /// Returns `GET /containers/json` of the application, stopped containers included, from one request. The engine
    /// does not report mounts whose file in the agent's state no longer exists, so `WindlassGone` lists their
    /// destinations.
    pub async fn list_containers(&self) -> Result<Value, Failure> {
        self.may_read()?;
        let containers = self.all_containers().await?;
        // Who may change something looks first.
        if self.grant.write.is_some() {
            self.engine.foresee_data_root();
        }
        let own: Vec<_> = containers.into_iter().filter(|one| self.owns(one.labels.as_ref())).collect();
        let gone: Vec<Vec<String>> = own.iter().map(|one| self.gone(one)).collect();
        let mut answer = self.answer(&own)?;
        for (item, gone) in answer.as_array_mut().into_iter().flatten().zip(gone) {
            if let (Some(fields), false) = (item.as_object_mut(), gone.is_empty()) {
                fields.insert("WindlassGone".to_owned(), json!(gone));
            }
        }
        Ok(answer)
    }

    /// Where a container mounts a file of the agent's state that was removed: it runs on, and cannot be started again.
    fn gone(&self, container: &ContainerSummary) -> Vec<String> {
        let state = &self.scope.state_directory;
        let mounts = container.mounts.iter().flatten();
        let lost = mounts.filter(|mount| {
            let source = mount.source.as_deref().map(Path::new);
            source.is_some_and(|source| source.starts_with(state) && matches!(source.try_exists(), Ok(false)))
        });
        lost.filter_map(|mount| mount.destination.clone()).collect()
    }

    /// Every container of the host. The engine cannot filter by one label or another, so that is done here.
    pub(super) async fn all_containers(&self) -> Result<Vec<ContainerSummary>, Failure> {
        let options = ListContainersOptions { all: true, ..Default::default() };
        self.engine
            .call(ORDINARY, |client| {
                let options = options.clone();
                async move { client.list_containers(Some(options)).await }
            })
            .await
            .map_err(|error| self.explain(error, "list containers"))
    }

    /// `GET /containers/{id}/json` by id or name; another owner's container is `not-found`.
    pub async fn inspect_container(&self, container: &str) -> Result<Value, Failure> {
        self.may_read()?;
        let mut found = self.own_container(container).await?;
        let health = found.state.as_mut().and_then(|state| state.health.as_mut());
        for result in health.and_then(|health| health.log.as_mut()).into_iter().flatten() {
            // Of what a health check wrote, the engine keeps the beginning.
            result.output = result.output.take().map(|output| match output.len() {
                ENGINE_KEEPS.. => self.redactor.beginning(&output),
                _ => output,
            });
        }
        self.answer(&found)
    }

    /// `{"networks": […], "volumes": […]}` of the application and its externals.
    pub async fn list_resources(&self) -> Result<Value, Failure> {
        self.may_read()?;
        let (networks, volumes) = join!(
            self.engine.call(ORDINARY, |client| async move { client.list_networks(None::<ListNetworksOptions>).await }),
            self.engine.call(ORDINARY, |client| async move { client.list_volumes(None::<ListVolumesOptions>).await }),
        );
        let networks = networks.map_err(|error| self.explain(error, "list networks"))?;
        let volumes = volumes.map_err(|error| self.explain(error, "list volumes"))?;
        let external = |name: &str| self.scope.externals.contains(name);
        let mut own_networks = Vec::new();
        for network in &networks {
            if self.owns(network.labels.as_ref()) {
                own_networks.push(self.answer(network)?);
            } else if network.name.as_deref().is_some_and(external) {
                own_networks.push(json!({
                    "Name": network.name, "Id": network.id, "Driver": network.driver, "Scope": network.scope,
                }));
            }
        }
        let mut own_volumes = Vec::new();
        for volume in volumes.volumes.unwrap_or_default() {
            if self.owns(Some(&volume.labels)) {
                own_volumes.push(self.answer(&volume)?);
            } else if external(&volume.name) {
                own_volumes.push(json!({ "Name": volume.name, "Driver": volume.driver }));
            }
        }
        Ok(json!({ "networks": own_networks, "volumes": own_volumes }))
    }

    /// `GET /networks/{name}`; for one of another owner only `Name`, `Id`, `Driver`, `Scope`.
    pub async fn inspect_network(&self, name: &str) -> Result<Value, Failure> {
        self.may_read()?;
        match self.find_network(name).await? {
            Found::Own(network) => self.answer(&*network),
            Found::Foreign(network) => {
                let NetworkInspect { name, id, driver, scope, .. } = *network;
                Ok(json!({ "Name": name, "Id": id, "Driver": driver, "Scope": scope }))
            }
            Found::Missing => Err(failure("not-found", format!("there is no network `{name}`"))),
        }
    }

    /// `GET /volumes/{name}`; for one of another owner only `Name`, `Driver`.
    pub async fn inspect_volume(&self, name: &str) -> Result<Value, Failure> {
        self.may_read()?;
        match self.find_volume(name).await? {
            Found::Own(volume) => self.answer(&*volume),
            Found::Foreign(volume) => {
                let Volume { name, driver, .. } = *volume;
                Ok(json!({ "Name": name, "Driver": driver }))
            }
            Found::Missing => Err(failure("not-found", format!("there is no volume `{name}`"))),
        }
    }

    /// `GET /images/{reference}/json`; `not-found` when it is not on the host.
    pub async fn inspect_image(&self, reference: &str) -> Result<Value, Failure> {
        self.may_read()?;
        self.image(reference)
            .await?
            .ok_or_else(|| failure("not-found", format!("image `{reference}` is not on this host")))
    }

    /// An image's inspection, or none when it is not on the host.
    pub(super) async fn image(&self, reference: &str) -> Result<Option<Value>, Failure> {
        let reference = names::image(reference)?;
        let answer = self.engine.call(ORDINARY, |client| async move { client.inspect_image(reference).await }).await;
        match answer {
            Ok(image) => self.answer(&image).map(Some),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(self.explain(error, &format!("inspect image `{reference}`"))),
        }
    }

    /// Host ports in use by anyone: `[{"port", "protocol", "address", "container", "application"}]`, ordered by port.
    pub async fn host_ports(&self) -> Result<Value, Failure> {
        self.may_read()?;
        // Listeners first: what Docker published is said with more detail and replaces them.
        let mut ports: BTreeMap<_, (Option<String>, Option<String>)> =
            listeners::listeners().into_iter().map(|listener| (listener, (None, None))).collect();
        for container in self.all_containers().await? {
            let own = self.owns(container.labels.as_ref());
            let name = container.names.as_deref().unwrap_or_default().first();
            let name = name.map(|name| name.trim_start_matches('/').to_owned());
            for port in container.ports.unwrap_or_default() {
                let Some(public) = port.public_port else { continue };
                let protocol = port.typ.map_or_else(|| "tcp".to_owned(), |kind| kind.to_string());
                let address = port.ip.unwrap_or_else(|| "0.0.0.0".to_owned());
                let holder =
                    if own { (name.clone(), Some(self.scope.about.application.clone())) } else { (None, None) };
                ports.insert((public, protocol, address), holder);
            }
        }
        let ports: Vec<Value> = ports
            .into_iter()
            .map(|((port, protocol, address), (container, application))| {
                json!({
                    "port": port, "protocol": protocol, "address": address,
                    "container": container, "application": application,
                })
            })
            .collect();
        Ok(Value::Array(ports))
    }

    /// The last lines that a container wrote to stdout and stderr, in the engine's order, redacted; at most 1,000.
    pub async fn logs(&self, container: &str, tail: u32) -> Result<Vec<String>, Failure> {
        self.may_read()?;
        let found = self.own_container(container).await?;
        let id = found.id.as_deref().unwrap_or(container);
        let options =
            LogsOptions { stdout: true, stderr: true, tail: tail.min(MOST_LINES).to_string(), ..Default::default() };
        let said = self
            .engine
            .call(ORDINARY, |client| {
                let options = options.clone();
                async move {
                    let said = client.logs(id, Some(options));
                    said.try_fold(Said::default(), async |mut said, piece| {
                        Ok({
                            said.take(piece);
                            said
                        })
                    })
                    .await
                }
            })
            .await
            .map_err(|error| self.explain(error, &format!("read the log of container `{container}`")))?;
        // Redacted as a whole, so that a value that was written across lines is found. The first line may be the middle
        // of one.
        let text = self.redactor.end(&String::from_utf8_lossy(&said.bytes));
        let lines: Vec<&str> = text.lines().collect();
        let first = lines.len().saturating_sub(usize::try_from(tail.min(MOST_LINES)).unwrap_or(usize::MAX));
        Ok(lines[first..].iter().map(|line| cut(line)).collect())
    }

    /// Opens and closes a TCP connection from inside a container, or from the host when `origin` is none.
    ///
    /// `address` is an IP address, or a name: from inside a container one that the engine's DNS would know there
    /// (service aliases, container names), otherwise one that the host resolves.
    pub async fn probe_tcp(
        &self,
        origin: Option<&str>,
        address: &str,
        port: u16,
        timeout_ms: u32,
    ) -> Result<(), Failure> {
        self.may_read()?;
        if port == 0 {
            return Err(invalid("port 0 cannot be connected to"));
        }
        probe::tcp(self, origin, address, port, timeout_ms).await.map_err(|failure| self.redacted(failure))
    }

    /// Starts to listen to events of the application's containers.
    pub async fn subscribe(&self) -> Result<Events, Failure> {
        self.may_read()?;
        Events::start(self).await
    }
}

/// A line, cut to a length that is bearable.
fn cut(line: &str) -> String {
    if line.len() <= LONGEST_LINE {
        return line.to_owned();
    }
    let end = (0..=LONGEST_LINE).rev().find(|end| line.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", &line[..end])
}
