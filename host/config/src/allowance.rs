//! Dangers that a strategy may be allowed by name. What each means in a create body is `windlass_capability::docker`'s business.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::document::{nearest, printable};

/// A danger that a strategy may be allowed by name: `privileged`, `cap-add:NET_ADMIN`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Allowance(String);

/// Those that are a word.
const WORDS: [&str; 19] = [
    "privileged",
    "docker-socket",
    "host-network",
    "host-pid",
    "host-ipc",
    "host-uts",
    "host-userns",
    "host-cgroupns",
    "device-requests",
    "device-cgroup-rules",
    "cgroup-parent",
    "oom-score-adj",
    "oom-kill-disable",
    "cpu-realtime",
    "unmasked-paths",
    "annotations",
    "ipam-options",
    "mount-propagation",
    "relabel",
];

/// Those that need to be told which one, after a colon.
const FAMILIES: [&str; 19] = [
    "annotation",
    "cap-add",
    "device",
    "security-opt",
    "sysctl",
    "runtime",
    "log-driver",
    "storage-option",
    "mount-type",
    "link",
    "network",
    "network-driver",
    "network-option",
    "endpoint-option",
    "ipam-driver",
    "volume",
    "volume-driver",
    "volume-option",
    "volume-type",
];

impl Allowance {
    /// What it lets a container do, for the operator who decides, after "it".
    #[must_use]
    pub fn meaning(&self) -> &'static str {
        let (family, argument) = self.0.split_once(':').unwrap_or((&self.0, ""));
        match (family, argument) {
            ("privileged", _) | ("cap-add", "ALL" | "SYS_ADMIN" | "SYS_MODULE" | "SYS_PTRACE" | "DAC_READ_SEARCH") => {
                "can do nearly everything that root can do on this host"
            }
            ("docker-socket", _) => "commands the Docker Engine, and with it can do everything on this host",
            ("host-network", _) => {
                "uses the network of the host as its own: every port, and every service on 127.0.0.1"
            }
            ("host-pid", _) => "sees all processes of the host, and can signal those of its user",
            ("host-ipc", _) => "shares memory with the processes of the host",
            ("host-uts", _) => "has the name of the host as its own, and may change it",
            ("host-userns", _) => {
                "is not moved to users of its own, where the engine does that: its root is the host's root"
            }
            ("host-cgroupns", _) => "sees the control groups of the host",
            ("device-requests", _) => "uses devices that a driver of the engine chooses, such as graphics processors",
            ("device-cgroup-rules", _) => "may use devices by their numbers",
            ("device", _) => "uses this device of the host",
            ("cgroup-parent", _) => "runs in a control group of its choice, outside the limits of the engine's own",
            ("oom-score-adj", _) => "is ended later than other processes when memory runs out",
            ("oom-kill-disable", _) => "is not ended when its memory runs out",
            ("cpu-realtime", _) => "may keep processors from everything else",
            ("unmasked-paths", _) => "sees and changes what the engine hides of /proc and /sys",
            ("annotations", _) => "gives hints to the runtime, some of which loosen its walls",
            ("ipam-options" | "ipam-driver", _) => "takes its addresses from another driver of the engine",
            ("mount-propagation", _) => "may share the mounts that it makes with the host",
            ("relabel", _) => "changes the SELinux labels of what it mounts, on the host",
            ("cap-add", _) => "has this right of the kernel besides the usual ones",
            ("security-opt", _) => "changes how the kernel's security modules hold it",
            ("sysctl", _) => "sets this parameter of the kernel",
            ("runtime", _) => "is started by this runtime of the engine",
            ("log-driver", _) => "sends its output with this driver of the engine",
            ("storage-option", _) => "sets this option of the engine's storage",
            ("mount-type", _) => "mounts this kind of thing",
            ("link", _) => "has a name of its own for this container, which belongs to another application",
            ("network", _) => "joins this network of another owner, and reaches what is in it",
            ("network-driver", _) => "has a network of this driver, which may reach the host's own network",
            ("network-option" | "endpoint-option", _) => "sets this option of a network's driver",
            ("volume", _) => "uses this volume of another owner, with the data in it",
            ("volume-driver" | "volume-option", _) => "has a volume that this driver of the engine makes",
            ("volume-type", _) => "has a volume of this file system, which the host mounts",
            _ => "may do what its name says",
        }
    }

    /// Whether it gives the host away, or nearly.
    #[must_use]
    pub fn is_grave(&self) -> bool {
        let grave = ["privileged", "docker-socket", "host-network", "host-pid", "host-userns", "unmasked-paths"];
        grave.contains(&self.0.as_str()) || self.meaning().starts_with("can do nearly everything")
    }

    /// The word, as the engine's policy asks for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Allowance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (family, argument) = text.split_once(':').unwrap_or((text, ""));
        let known = match argument {
            "" => WORDS.contains(&text),
            _ => FAMILIES.contains(&family),
        };
        if known {
            // People write capabilities both ways; the engine's policy knows one.
            let plain = text.strip_prefix("cap-add:CAP_").map(|name| format!("cap-add:{name}"));
            return Ok(Self(plain.unwrap_or_else(|| text.to_owned())));
        }
        let meant = nearest(family, WORDS.into_iter().chain(FAMILIES));
        let meant = meant.map(|word| format!("did you mean `{word}`? ")).unwrap_or_default();
        let words = WORDS.map(|word| format!("`{word}`")).join(", ");
        let families = FAMILIES.map(|word| format!("`{word}:…`")).join(", ");
        Err(format!("`{}` cannot be allowed; {meant}what can is {words}, {families}", printable(text)))
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl JsonSchema for Allowance {
    fn schema_name() -> Cow<'static, str> {
        "Allowance".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A danger that is allowed by name.",
            "pattern": format!("^({}|({}):.+)$", WORDS.join("|"), FAMILIES.join("|")),
            "examples": ["host-network", "cap-add:NET_ADMIN", "device:/dev/fuse"],
        })
    }
}
