//! The Docker Engine: does it answer, is its clock this host's, has it room.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use windlass_api::facts::DoctorFact;
use windlass_capability::docker::{Docker, DockerGrant, DockerScope, Engine, Patience};
use windlass_config::{Config, Grant};
use windlass_foundation::explain::failure_hint;
use windlass_foundation::redact::Redactor;

use super::{bad, note, state, warn, well};

/// More than this between two readings on one host is not the time that asking takes.
const SKEW: i64 = 5;

/// Asks the engine about itself.
pub(super) async fn engine(config: &Config, facts: &mut Vec<DoctorFact>) {
    let subject = "engine";
    let engine = Engine::new(&config.docker.endpoint).with_patience(Patience::from(&config.docker));
    let engine = Arc::new(engine);
    if let Err(failure) = engine.ping().await {
        if !is_used(config) {
            let seen = format!("none answers at {}, and no plugin is granted Docker", config.docker.endpoint);
            return facts.push(note(subject, seen));
        }
        return facts.push(bad(subject, failure.message.clone(), failure_hint(&failure)));
    }
    if let Err(failure) = engine.can_deploy().await {
        return facts.push(bad(subject, failure.message.clone(), failure_hint(&failure)));
    }
    let scope = DockerScope { plugin: "windlass doctor".to_owned(), ..DockerScope::default() };
    let docker = Docker::new(engine, scope, DockerGrant { read: true, ..DockerGrant::default() }, Redactor::new());
    let info = match docker.info().await {
        Ok(info) => info,
        Err(failure) => return facts.push(bad(subject, failure.message.clone(), failure_hint(&failure))),
    };
    let text = |name: &str| info.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
    let (version, platform) = (text("ServerVersion"), format!("{}/{}", text("OSType"), text("Architecture")));
    facts.push(well(subject, format!("Docker {version} for {platform} at {}", config.docker.endpoint)));
    if let Ok(there) = text("SystemTime").parse::<jiff::Timestamp>() {
        let skew = jiff::Timestamp::now().duration_since(there).as_secs();
        facts.push(if skew.abs() > SKEW {
            warn(
                "clock",
                format!("the engine's clock is {skew}s behind this one"),
                "let NTP set the clock of the engine's host",
            )
        } else {
            well("clock", "the engine's clock and this one agree")
        });
    }
    for seen in docker.moved_mounts().await.unwrap_or_default() {
        let remedy = "a process that can write there can put a link in its place: deploy a release that mounts the \
                      directory itself in both, or remove one of the containers (docs/docker-policy.md)";
        facts.push(warn("mounts", seen, remedy));
    }
    let disk = info.get("Disk");
    let free = disk.and_then(|disk| disk.get("available")).and_then(Value::as_u64);
    let path = disk.and_then(|disk| disk.get("path")).and_then(Value::as_str);
    if let (Some(free), Some(path)) = (free, path) {
        facts.push(state::disk_of_engine(Path::new(path), free));
    }
}

/// Whether the operator lets any plugin reach Docker. A host where nothing is granted yet counts as one that will.
fn is_used(config: &Config) -> bool {
    config.grants.is_empty() || config.grants.iter().any(Grant::reads_docker)
}
