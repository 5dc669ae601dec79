//! Bodies for the engine from a fuzzer: what the policy lets through is looked at once more, by what it would do.
//!
//! The oracle knows nothing of the policy's rules. It reads the typed body, which is what would be sent.

use std::path::{Component, Path};

use bollard::models::{ContainerCreateBody, HostConfig, MountType};
use serde_json::Value;

use super::known::DEFAULT_CAPABILITIES;
use super::pretended::Pretended;
use crate::docker::prepare::typed;

/// The first byte says what the rest is: a container, its update, a network, or a volume.
///
/// # Panics
/// When a body is let through that reaches the host.
pub fn docker_body(input: &[u8]) {
    let Some((kind, text)) = input.split_first() else { return };
    let Ok(body) = serde_json::from_slice::<Value>(text) else { return };
    let pretended = Pretended::new();
    let policy = pretended.policy();
    match kind {
        b'u' => drop(policy.update(&body)),
        b'n' => {
            let Ok(wanted) = policy.network(&body) else { return };
            for subnet in wanted.subnets {
                let (first, last) = (subnet.network(), subnet.broadcast());
                assert!(is_private(first) && is_private(last), "{subnet}: {body}");
            }
        }
        b'v' => {
            if let Ok(Some(mount)) = policy.volume(&body) {
                assert!(mount.real.starts_with("/srv/kudos"), "{body}");
            }
        }
        _ => {
            if policy.container(&body).is_ok()
                && let Ok(typed) = typed::<ContainerCreateBody>(&body)
            {
                harmless(&typed.host_config.unwrap_or_default());
            }
        }
    }
}

fn is_private(address: std::net::IpAddr) -> bool {
    match address {
        std::net::IpAddr::V4(address) => address.is_private(),
        std::net::IpAddr::V6(address) => address.is_unique_local(),
    }
}

fn harmless(host: &HostConfig) {
    assert!(!host.privileged.unwrap_or_default());
    let modes = [&host.network_mode, &host.pid_mode, &host.uts_mode, &host.userns_mode];
    for mode in modes.into_iter().flatten() {
        assert!(mode != "host", "{mode}");
    }
    let ipc = host.ipc_mode.as_deref().unwrap_or_default();
    assert!(ipc != "host", "{ipc}");
    for capability in host.cap_add.iter().flatten() {
        let plain = capability.to_ascii_uppercase();
        assert!(DEFAULT_CAPABILITIES.contains(&plain.trim_start_matches("CAP_")), "{capability}");
    }
    assert!(host.devices.iter().flatten().next().is_none() && host.device_requests.iter().flatten().next().is_none());
    for option in host.security_opt.iter().flatten() {
        assert!(!option.contains("unconfined") && !option.contains("disable"), "{option}");
    }
    for bind in host.binds.iter().flatten() {
        let mut parts = bind.split(':');
        let (source, target, options) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        // One path alone is a place in the container, for a volume without a name.
        if target.is_some() && source.starts_with('/') {
            inside(source, options.is_some_and(|options| options.split(',').any(|option| option == "ro")));
        }
    }
    for mount in host.mounts.iter().flatten() {
        if mount.typ == Some(MountType::BIND) {
            inside(mount.source.as_deref().unwrap_or_default(), mount.read_only.unwrap_or_default());
        } else {
            // Whose image it is, is asked where the application's are known.
            assert!(
                matches!(mount.typ, Some(MountType::VOLUME | MountType::TMPFS | MountType::IMAGE)),
                "{:?}",
                mount.typ
            );
        }
    }
}

/// Whether a path of the host is one that may be mounted.
fn inside(source: &str, read_only: bool) {
    let own = source.starts_with("{{windlass.");
    let granted = source.starts_with("/srv/kudos/") || source == "/srv/kudos";
    let bundle = source.starts_with("/state/bundles/sha256/ab/") && read_only;
    let path = Path::new(source);
    let leads_out = path.components().any(|part| part == Component::ParentDir)
        || ["/srv/kudos/link", "/srv/kudos/sock", "/state/bundles/sha256/ab/out"]
            .iter()
            .any(|link| path.starts_with(link));
    assert!(own || (granted || bundle) && !leads_out, "{source} read-only {read_only}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_and_what_was_ever_found_are_taken() {
        assert!(windlass_stage::seeds("docker-body", docker_body).unwrap() >= 2);
    }
}
