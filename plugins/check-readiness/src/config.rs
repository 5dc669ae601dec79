//! The `with` table.

use windlass_sdk::prelude::*;

/// What the host must have.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// The oldest API version that the engine may have.
    pub engine_api: String,
    /// Free space below the engine's data root. Default: 2 GiB or a tenth of the file system, whichever is more.
    pub disk: Option<Size>,
    /// Free inodes below the engine's data root.
    pub inodes: u64,
    /// Memory that is available.
    pub memory: Size,
    /// A difference between the agent's and the engine's clock that a person should know of.
    pub clock_warn: Period,
    /// A difference that refuses the release.
    pub clock_fail: Period,
    /// The Compose files to read. Default: the one that Docker Compose would find, where there is one.
    pub files: Vec<String>,
    /// The active profiles of the Compose files.
    pub profiles: Vec<String>,
    /// Host ports besides those of the Compose files that must be free or this application's: `8080`, `53/udp`.
    pub ports: Vec<HostPort>,
    /// Networks besides the external ones of the Compose files that must exist.
    pub networks: Vec<String>,
    /// Volumes besides the external ones of the Compose files that must exist.
    pub volumes: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            engine_api: "1.41".to_owned(),
            disk: None,
            inodes: 20_000,
            memory: Size(128 << 20),
            clock_warn: Period::seconds(5),
            clock_fail: Period::seconds(30),
            files: Vec::new(),
            profiles: Vec::new(),
            ports: Vec::new(),
            networks: Vec::new(),
            volumes: Vec::new(),
        }
    }
}

/// `8080` or `"53/udp"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum HostPort {
    /// A TCP port.
    Tcp(u16),
    /// A port and its protocol.
    Named(String),
}

impl HostPort {
    /// The port and its protocol.
    pub(crate) fn parts(&self) -> Result<(u16, String)> {
        match self {
            Self::Tcp(port) => Ok((*port, "tcp".to_owned())),
            Self::Named(text) => {
                let (port, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
                match port.parse() {
                    Ok(port) if ["tcp", "udp", "sctp"].contains(&protocol) => Ok((port, protocol.to_owned())),
                    _ => Err(Error::config(format!("{text:?} in `ports` is no port; write 8080 or \"53/udp\""))),
                }
            }
        }
    }
}

/// `1.41` as numbers, because `1.5` is older than `1.41`.
pub(crate) fn api(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

impl Config {
    /// What a schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        if api(&self.engine_api).is_none() {
            let text = &self.engine_api;
            return Err(Error::config(format!("{text:?} in `engine-api` is no API version; write \"1.41\"")));
        }
        if self.clock_warn > self.clock_fail {
            return Err(Error::config("`clock-warn` is more than `clock-fail`"));
        }
        self.ports.iter().try_for_each(|port| port.parts().map(drop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_have_protocols_and_versions_are_numbers() {
        assert_eq!(HostPort::Named("53/udp".to_owned()).parts().unwrap(), (53, "udp".to_owned()));
        for text in ["", "x", "70000", "53/http"] {
            assert!(HostPort::Named(text.to_owned()).parts().is_err(), "{text}");
        }
        assert!(api("1.5") < api("1.41"));
        assert_eq!(api("20"), None);
    }
}
