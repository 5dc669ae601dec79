//! What a plugin can request: one value for each request of each capability, with its name in manifests and its words.
//!
//! Whether a plugin gets it is decided above.

use std::net::IpAddr;

use windlass_config::Origin;

/// One request of a plugin to use a capability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// Look at the engine.
    DockerRead,
    /// Change the engine.
    DockerWrite,
    /// Work on a Compose project of another name than the application's.
    Project(String),
    /// Let containers of the application, by its name, write below a directory of its own.
    DataRoot(String),
    /// Ask a server.
    Http(Origin),
    /// Ask a server at an address that is closed unless granted.
    Address(Origin, IpAddr),
    /// Have a secret's placeholder replaced in a header to a server.
    SecretTo(String, Origin),
    /// Read below a root, or write.
    Files(String, bool),
    /// Use a secret without seeing it.
    Secret(String),
    /// See a secret.
    Reveal(String),
    /// Run a command.
    Exec(String),
    /// Ask about a registry: `host` or `host:port`.
    Registry(String),
    /// Keep values between calls.
    State,
}

impl Permission {
    /// The name that manifests ask with.
    #[must_use]
    pub fn capability(&self) -> &'static str {
        match self {
            Self::DockerRead => "docker-read",
            Self::DockerWrite | Self::Project(_) | Self::DataRoot(_) => "docker-write",
            Self::Http(_) | Self::Address(..) | Self::SecretTo(..) => "http",
            Self::Files(..) => "files",
            Self::Secret(_) => "secrets",
            Self::Reveal(_) => "reveal",
            Self::Exec(_) => "exec",
            Self::Registry(_) => "registry",
            Self::State => "state",
        }
    }

    /// What the operator reads after "may not".
    pub(super) fn words(&self) -> String {
        match self {
            Self::DockerRead => "look at the Docker Engine".to_owned(),
            Self::DockerWrite => "change anything in the Docker Engine".to_owned(),
            Self::Project(name) => format!("work on the Compose project `{name}`"),
            Self::DataRoot(name) => format!("use a directory of this host for the data of `{name}`"),
            Self::Http(origin) => format!("ask `{origin}`"),
            Self::Address(origin, address) => {
                format!("ask `{origin}` at {address}, an address that must be granted as a range")
            }
            Self::SecretTo(name, origin) => format!("send the secret `{name}` to `{origin}`"),
            Self::Files(root, false) => format!("read files below the root `{root}`"),
            Self::Files(root, true) => format!("write files below the root `{root}`"),
            Self::Secret(name) => format!("use the secret `{name}`"),
            Self::Reveal(name) => format!("see the value of the secret `{name}`"),
            Self::Exec(name) => format!("run the command `{name}`"),
            Self::Registry(host) => format!("ask about the registry `{host}`"),
            Self::State => "keep values between calls".to_owned(),
        }
    }
}
