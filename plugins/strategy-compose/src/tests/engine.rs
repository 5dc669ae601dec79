//! The real engine, asked over its socket, in the place of the host's capability. Does for the tests what the host
//! does: marks what is created, and puts the bundle's path into mounts.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::{Value, json};
use windlass_sdk::{Error, Result};

use crate::engine::{Engine, Events};
use crate::labels;

const SOCKET: &str = "/var/run/docker.sock";

/// Whether there is an engine to test with.
pub(super) fn is_there() -> bool {
    UnixStream::connect(SOCKET).is_ok()
}

pub(super) struct Real {
    pub(super) project: String,
    pub(super) deployment: String,
    pub(super) bundle: String,
}

/// The API that the engine is spoken to in, as the host finds it: the newest that both know.
pub(super) fn spoken() -> &'static str {
    static SPOKEN: OnceLock<String> = OnceLock::new();
    SPOKEN.get_or_init(|| {
        let version: Value = json_of("GET", "!/version", None).unwrap();
        let minor: u32 = version["ApiVersion"].as_str().unwrap().trim_start_matches("1.").parse().unwrap();
        format!("1.{}", minor.min(51))
    })
}

fn request(method: &str, path: &str, body: Option<&Value>) -> Result<UnixStream> {
    let mut stream = UnixStream::connect(SOCKET)?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let path = match path.strip_prefix('!') {
        Some(unversioned) => unversioned.to_owned(),
        None => format!("/v{}{path}", spoken()),
    };
    // Version 1.0 has no chunks and closes at the end.
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    Ok(stream)
}

fn call(method: &str, path: &str, body: Option<&Value>) -> Result<Vec<u8>> {
    let mut answer = Vec::new();
    request(method, path, body)?.read_to_end(&mut answer)?;
    let split = answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    let content = answer.split_off(split);
    let head = String::from_utf8_lossy(&answer).into_owned();
    let status = head.split(' ').nth(1).unwrap_or_default().to_owned();
    match status.as_str() {
        "200" | "201" | "204" | "304" => Ok(content),
        "404" => Err(Error::new("not-found", String::from_utf8_lossy(&content))),
        _ => Err(Error::new("conflict", format!("{method} {path}: {status} {}", String::from_utf8_lossy(&content)))),
    }
}

fn json_of(method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
    Ok(serde_json::from_slice(&call(method, path, body)?)?)
}

impl Real {
    fn filter(&self) -> String {
        format!("%7B%22label%22%3A%5B%22{}%3D{}%22%5D%7D", labels::PROJECT, self.project)
    }

    /// Removes a container with all volumes that only it uses.
    pub(super) fn clear(&self, container: &Value) {
        let id = container["Id"].as_str().unwrap_or_default();
        let _ = call("DELETE", &format!("/containers/{id}?v=true&force=true"), None);
        // Those that were carried over have a name now.
        for mount in container["Mounts"].as_array().into_iter().flatten() {
            if let Some(volume) = mount["Name"].as_str().filter(|name| crate::state::is_made_up(name)) {
                let _ = self.remove_volume(volume);
            }
        }
    }

    fn mark(&self, body: &Value) -> Value {
        let text = body.to_string().replace(crate::desired::BUNDLE, &self.bundle);
        let mut body: Value = serde_json::from_str(&text).unwrap();
        body["Labels"][labels::APPLICATION] = json!(self.project);
        body["Labels"][labels::DEPLOYMENT] = json!(self.deployment);
        body
    }
}

impl Engine for Real {
    fn version(&self) -> Result<Value> {
        let mut version = json_of("GET", "/version", None)?;
        version["Spoken"] = json!(spoken());
        Ok(version)
    }
    fn info(&self) -> Result<Value> {
        json_of("GET", "/info", None)
    }
    fn containers(&self) -> Result<Vec<Value>> {
        let list = json_of("GET", &format!("/containers/json?all=true&filters={}", self.filter()), None)?;
        Ok(list.as_array().cloned().unwrap_or_default())
    }
    fn container(&self, id: &str) -> Result<Value> {
        json_of("GET", &format!("/containers/{id}/json"), None)
    }
    fn resources(&self) -> Result<Value> {
        let networks = json_of("GET", &format!("/networks?filters={}", self.filter()), None)?;
        let volumes = json_of("GET", &format!("/volumes?filters={}", self.filter()), None)?;
        Ok(json!({ "networks": networks, "volumes": volumes["Volumes"].as_array().cloned().unwrap_or_default() }))
    }
    fn network(&self, name: &str) -> Result<Value> {
        json_of("GET", &format!("/networks/{name}"), None)
    }
    fn volume(&self, name: &str) -> Result<Value> {
        json_of("GET", &format!("/volumes/{name}"), None)
    }
    fn image(&self, reference: &str) -> Result<Value> {
        json_of("GET", &format!("/images/{reference}/json"), None)
    }
    fn logs(&self, container: &str, tail: u32) -> Result<Vec<String>> {
        let bytes = call("GET", &format!("/containers/{container}/logs?stdout=1&stderr=1&tail={tail}"), None)?;
        let mut lines = Vec::new();
        let mut rest = bytes.as_slice();
        // Eight bytes of header for each piece: the stream, and the length in the last four.
        while let Some((header, after)) = rest.split_at_checked(8) {
            let length = u32::from_be_bytes([header[4], header[5], header[6], header[7]]) as usize;
            let (piece, after) = after.split_at(length.min(after.len()));
            lines.extend(String::from_utf8_lossy(piece).lines().map(str::to_owned));
            rest = after;
        }
        Ok(lines)
    }
    fn subscribe(&self) -> Result<Box<dyn Events>> {
        let stream = request("GET", &format!("/events?filters={}", self.filter()), None)?;
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(std::result::Result::ok) {
                if let Ok(event) = serde_json::from_str::<Value>(&line)
                    && sender.send(event).is_err()
                {
                    return;
                }
            }
        });
        Ok(Box::new(Stream(receiver)))
    }
    fn permits(&self, _: &[Value]) -> Result<()> {
        Ok(())
    }
    fn pull(&self, reference: &str) -> Result<Value> {
        self.image(reference)
    }
    fn create(&self, name: &str, body: &Value) -> Result<String> {
        let answer = json_of("POST", &format!("/containers/create?name={name}"), Some(&self.mark(body)))?;
        Ok(answer["Id"].as_str().unwrap_or_default().to_owned())
    }
    fn start(&self, container: &str) -> Result<()> {
        call("POST", &format!("/containers/{container}/start"), None).map(drop)
    }
    fn stop(&self, container: &str, grace: Duration) -> Result<()> {
        call("POST", &format!("/containers/{container}/stop?t={}", grace.as_secs()), None).map(drop)
    }
    fn rename(&self, container: &str, name: &str) -> Result<()> {
        let current = self.container(container)?;
        if current["Name"] == json!(format!("/{name}")) {
            return Ok(());
        }
        call("POST", &format!("/containers/{container}/rename?name={name}"), None).map(drop)
    }
    fn update(&self, container: &str, body: &Value) -> Result<()> {
        call("POST", &format!("/containers/{container}/update"), Some(body)).map(drop)
    }
    fn remove(&self, container: &str, force: bool) -> Result<()> {
        // As the host does: what this deployment made, and what says so, takes its anonymous volumes with it.
        let label = |name: &str| Ok::<_, Error>(self.container(container)?["Config"]["Labels"][name].clone());
        let volumes =
            label(labels::DEPLOYMENT)? == json!(self.deployment) || label(labels::VOLUMES)? == labels::DISCARD;
        call("DELETE", &format!("/containers/{container}?v={volumes}&force={force}"), None).map(drop)
    }
    fn create_network(&self, body: &Value) -> Result<String> {
        let name = body["Name"].as_str().unwrap_or_default();
        if let Ok(found) = self.network(name) {
            return Ok(found["Id"].as_str().unwrap_or_default().to_owned());
        }
        let answer = json_of("POST", "/networks/create", Some(&self.mark(body)))?;
        Ok(answer["Id"].as_str().unwrap_or_default().to_owned())
    }
    fn remove_network(&self, name: &str) -> Result<()> {
        call("DELETE", &format!("/networks/{name}"), None).map(drop)
    }
    fn connect(&self, network: &str, container: &str, endpoint: &Value) -> Result<()> {
        let body = json!({ "Container": container, "EndpointConfig": endpoint });
        call("POST", &format!("/networks/{network}/connect"), Some(&body)).map(drop)
    }
    fn disconnect(&self, network: &str, container: &str) -> Result<()> {
        if self.container(container)?["NetworkSettings"]["Networks"].get(network).is_none() {
            return Ok(());
        }
        let body = json!({ "Container": container, "Force": false });
        call("POST", &format!("/networks/{network}/disconnect"), Some(&body)).map(drop)
    }
    fn create_volume(&self, body: &Value) -> Result<()> {
        call("POST", "/volumes/create", Some(&self.mark(body))).map(drop)
    }
    fn remove_volume(&self, name: &str) -> Result<()> {
        call("DELETE", &format!("/volumes/{name}"), None).map(drop)
    }
}

struct Stream(Receiver<Value>);

impl Events for Stream {
    fn next(&self, wait: Duration) -> Result<Option<Value>> {
        match self.0.recv_timeout(wait) {
            Ok(event) => Ok(Some(event)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(Error::new("unavailable", "the engine is gone")),
        }
    }
}
