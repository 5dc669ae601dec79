//! Dangers that a strategy may be allowed by name. What each means in a create body is `capability::docker`'s business.

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
const FAMILIES: [&str; 18] = [
    "annotation",
    "cap-add",
    "device",
    "security-opt",
    "sysctl",
    "runtime",
    "log-driver",
    "storage-option",
    "mount-type",
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
