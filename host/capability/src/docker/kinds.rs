//! Engines that answer to Docker's API and are not deployed on, each with the reason.
//!
//! Podman is known by the answer with which a connection begins, so nothing at all is done with it. That an engine runs
//! without root is part of what it says about its host, which is asked before anything is made.

use bollard::models::{SystemInfo, SystemVersion};

use super::failure::RequestError;

/// Whether a version is that of another engine than Docker's.
pub(super) fn of_version(endpoint: &str, version: &SystemVersion) -> Option<RequestError> {
    let podman = version.components.iter().flatten().find(|component| component.name.starts_with("Podman"))?;
    Some(RequestError::Unsupported {
        message: format!(
            "the engine at `{endpoint}` is Podman {}, and Windlass deploys on the Docker Engine alone: Podman answers to \
             the same requests and means other things by them. It tells networks otherwise than they were asked for, so that \
             a second deployment would find them changed, takes no ranges of ports, and runs health checks only with systemd",
            podman.version
        ),
        hint: "install the Docker Engine, 20.10 or newer, and name its socket in `[docker] endpoint` in `agent.toml`",
    })
}

/// Whether an engine runs as an ordinary user.
pub(super) fn of_info(endpoint: &str, info: &SystemInfo) -> Option<RequestError> {
    // `name=rootless`, perhaps with more behind a comma.
    let is_rootless = |option: &String| option.split(',').any(|word| word == "name=rootless");
    info.security_options.iter().flatten().any(is_rootless).then(|| RequestError::Unsupported {
        message: format!(
            "the Docker Engine at `{endpoint}` is rootless, it runs as an ordinary user, and Windlass does not deploy on such \
             an engine: its containers cannot read the files that the agent keeps for secrets, configs and releases, which \
             belong to root, and its networks are out of the agent's sight"
        ),
        hint: "name the socket of an engine that runs as root in `[docker] endpoint` in `agent.toml` \
               (`unix:///var/run/docker.sock`); `docker context ls` shows which there are",
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn podman_is_known_by_its_component_and_docker_is_let_through() {
        let version = |components| serde_json::from_value(json!({ "Version": "1", "Components": components })).unwrap();
        let podman = version(json!([
            { "Name": "Podman Engine", "Version": "5.4.2", "Details": { "APIVersion": "5.4.2" } },
            { "Name": "Conmon", "Version": "conmon version 2.1.12" }
        ]));
        let text = of_version("unix:///p", &podman).unwrap().to_string();
        assert!(text.starts_with("the engine at `unix:///p` is Podman 5.4.2, and Windlass"), "{text}");
        let docker = version(json!([{ "Name": "Engine", "Version": "28.5.2" }, { "Name": "runc", "Version": "1" }]));
        assert!(of_version("unix:///d", &docker).is_none());
        assert!(of_version("unix:///d", &version(json!(null))).is_none());
    }

    #[test]
    fn an_engine_without_root_is_known_by_its_security_options() {
        let info = |options| serde_json::from_value(json!({ "SecurityOptions": options })).unwrap();
        for options in [json!(["name=seccomp,profile=builtin", "name=rootless"]), json!(["name=rootless,x=y"])] {
            assert!(of_info("unix:///d", &info(options)).unwrap().to_string().contains("is rootless"));
        }
        for options in [json!(null), json!(["name=seccomp,profile=builtin", "name=cgroupns"]), json!(["name=userns"])] {
            assert!(of_info("unix:///d", &info(options.clone())).is_none(), "{options}");
        }
    }
}
