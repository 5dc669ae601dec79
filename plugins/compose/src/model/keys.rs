//! Keys that the Compose specification knows and that are refused, each with the reason.
//!
//! They are told apart from typing errors, which are refused with the nearest known key.

/// A key and why it is refused.
type Refused = (&'static str, &'static str);

pub(super) const TOP: [Refused; 2] = [
    ("include", "it is not supported yet"),
    ("models", "a model is run by Docker Desktop and not by an engine; give the service its address instead"),
];

pub(super) const SERVICE: [Refused; 9] = [
    ("cpu_count", "it is for Windows containers; `cpus` limits those of Linux"),
    ("cpu_percent", "it is for Windows containers; `cpus` limits those of Linux"),
    ("credential_spec", "it is for Windows containers"),
    ("extends", "it is not supported yet"),
    ("models", "a model is run by Docker Desktop and not by an engine; give the service its address instead"),
    ("provider", "a provider is a program on the host that no engine can stop, undo or watch"),
    ("pull_refresh_after", "a release pins its images, so that the same one is never pulled again"),
    (
        "use_api_socket",
        "it hands the engine's socket and registry credentials to the container; mount the socket with the operator's \
         grant instead",
    ),
    ("dockerfile", "a release deploys images and builds none"),
];

/// Of `secrets` and `configs`.
pub(super) const FILE: [Refused; 3] = [
    ("driver", "it is for swarm clusters"),
    ("driver_opts", "it is for swarm clusters"),
    ("template_driver", "it is for swarm clusters"),
];

/// Of a service's `networks`.
pub(super) const ATTACHMENT: [Refused; 1] =
    [("interface_name", "it needs an engine of API 1.49, which names an interface by itself otherwise")];
