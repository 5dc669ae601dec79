//! Which of the kernel's namespaces a container shares, and with whom: `network_mode`, `pid`, `ipc`, `uts`,
//! `userns_mode`, `cgroup`.

use std::fmt;

use crate::Position;
use crate::read::{Fields, Report};
use crate::yaml::Node;

/// The namespaces of a service; none for the engine's default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Namespaces {
    /// `network_mode`: with it, the service has no `networks`.
    pub network: Option<Mode>,
    /// `pid`.
    pub pid: Option<Mode>,
    /// `ipc`.
    pub ipc: Option<Mode>,
    /// `uts`: the host's name.
    pub uts: Option<Mode>,
    /// `userns_mode`.
    pub user: Option<Mode>,
    /// `cgroup`.
    pub cgroup: Option<Mode>,
}

impl Namespaces {
    /// All that are given, with their keys.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &Mode)> {
        [
            ("network_mode", &self.network),
            ("pid", &self.pid),
            ("ipc", &self.ipc),
            ("uts", &self.uts),
            ("userns_mode", &self.user),
            ("cgroup", &self.cgroup),
        ]
        .into_iter()
        .filter_map(|(key, mode)| Some((key, mode.as_ref()?)))
    }
}

/// Whose namespace a container has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mode {
    /// Whose.
    pub kind: ModeKind,
    /// Where it was written.
    pub position: Position,
}

/// Whose namespace a container has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModeKind {
    /// The container of a service of this application.
    Service(String),
    /// Another container, by its name or id.
    Container(String),
    /// A word of the engine: `host`, `none`, `private`, `shareable`.
    Word(String),
}

impl fmt::Display for ModeKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => write!(formatter, "service:{name}"),
            Self::Container(name) => write!(formatter, "container:{name}"),
            Self::Word(word) => formatter.write_str(word),
        }
    }
}

pub(super) fn read(fields: &mut Fields<'_>) -> Namespaces {
    Namespaces {
        // The engine has networks by any name; Docker Compose hands the name on.
        network: mode(fields, "network_mode", true, &[]),
        pid: mode(fields, "pid", true, &["host"]),
        ipc: mode(fields, "ipc", true, &["host", "none", "private", "shareable"]),
        uts: mode(fields, "uts", false, &["host"]),
        user: mode(fields, "userns_mode", false, &["host"]),
        cgroup: mode(fields, "cgroup", false, &["host", "private"]),
    }
}

/// `words` are what the engine knows besides containers; none for anything.
fn mode(fields: &mut Fields<'_>, key: &'static str, sharable: bool, words: &[&str]) -> Option<Mode> {
    fields.with(key, |report: &Report, node: &Node, path| {
        let kind = report.parsed_string(node, path, |text| {
            if text.is_empty() && key != "cgroup" {
                return Ok(None);
            }
            let shared = text.split_once(':').filter(|(_, name)| sharable && !name.is_empty());
            match shared {
                Some(("service", name)) => return Ok(Some(ModeKind::Service(name.to_owned()))),
                Some(("container", name)) => return Ok(Some(ModeKind::Container(name.to_owned()))),
                _ => {}
            }
            if words.contains(&text) || (words.is_empty() && !text.contains(':')) {
                return Ok(Some(ModeKind::Word(text.to_owned())));
            }
            let shared: &[&str] = if sharable { &["service:NAME", "container:NAME"] } else { &[] };
            let words: &[&str] = if words.is_empty() { &["host", "none", "bridge"] } else { words };
            let all: Vec<&str> = words.iter().chain(shared).copied().collect();
            Err(format!("`{text}` is not {}", crate::read::choice(&all)))
        });
        Some(Mode { kind: kind??, position: node.position.clone() })
    })?
}
