//! `ports` and `expose`.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};

use super::Context;
use crate::Position;
use crate::read::Fields;
use crate::yaml::{Node, Value};

/// A port of the container that the host publishes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    /// The port in the container.
    pub target: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: Protocol,
    /// The host's port; a range lets the engine choose one of it; none lets it choose any.
    pub published: Option<(u16, u16)>,
    /// The host's address; none for all.
    pub address: Option<IpAddr>,
    /// `host` or `ingress`, which mean the same on an engine.
    pub mode: String,
    /// A name for people.
    pub name: Option<String>,
    /// What is spoken there, for people.
    pub app_protocol: Option<String>,
    /// Where it was written.
    pub position: Position,
}

impl Port {
    /// The host's port, where it can be only one.
    #[must_use]
    pub fn fixed(&self) -> Option<u16> {
        self.published.filter(|(first, last)| first == last && *first != 0).map(|(first, _)| first)
    }
}

/// A transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// The word of the engine's API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            // Without a word, the engine takes it so.
            "tcp" | "" => Ok(Self::Tcp),
            "udp" => Ok(Self::Udp),
            "sctp" => Ok(Self::Sctp),
            _ => Err(format!("`{text}` is no protocol; write `tcp`, `udp` or `sctp`")),
        }
    }
}

pub(super) fn read(context: &Context<'_>, node: &Node, path: &str) -> Vec<Port> {
    let mut ports: Vec<Port> = Vec::new();
    let mut places: HashMap<Identity, usize> = HashMap::new();
    for item in context.report.items(node, &path) {
        let read: Vec<Port> = match &item.value {
            Value::Mapping(mapping) => {
                let fields = Fields::new(context.report, mapping, path.to_owned());
                long(fields, item).into_iter().collect()
            }
            Value::Scalar(_) => {
                context.report.parsed(item, &path, |text| short(text, &item.position)).unwrap_or_default()
            }
            Value::Sequence(_) => {
                context.report.at(&item.position, format!("`{path}`: a port is a text or a mapping, not a list"));
                Vec::new()
            }
        };
        // Of the whole application, before repetitions are dropped: a range costs what it stands for.
        context.ports.set(context.ports.get().saturating_add(read.len()));
        if context.ports.get() > context.limits.ports {
            context.report.at(&item.position, format!("more than {} ports up to here", context.limits.ports));
            break;
        }
        for port in read {
            // The last one, in the place of the first.
            match places.entry(identity(&port)) {
                Entry::Occupied(place) => {
                    if let Some(other) = ports.get_mut(*place.get()) {
                        *other = port;
                    }
                }
                Entry::Vacant(place) => {
                    place.insert(ports.len());
                    ports.push(port);
                }
            }
        }
    }
    ports
}

type Identity = (u16, Protocol, Option<(u16, u16)>, IpAddr);

fn identity(port: &Port) -> Identity {
    let address = port.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    (port.target, port.protocol, port.published, address)
}

fn long(mut fields: Fields<'_>, item: &Node) -> Option<Port> {
    let target = fields.between("target", 1, 65535).and_then(|port| u16::try_from(port).ok());
    let published =
        fields.parsed("published", |text| if text.is_empty() { Ok(None) } else { published(text).map(Some) });
    let address = fields.parsed_string("host_ip", |text| address(text).map(Some));
    let protocol = fields.parsed_string("protocol", Protocol::read).unwrap_or(Protocol::Tcp);
    // Words for people and for other platforms; Docker Compose does nothing with them on an engine.
    let (name, app_protocol) = (fields.text("name"), fields.text("app_protocol"));
    let mode = match fields.word_or_none("mode", &["host", "ingress"]) {
        None if fields.has("mode") => String::new(),
        mode => mode.unwrap_or_else(ingress),
    };
    if target.is_none() && item.as_mapping().is_some_and(|mapping| mapping.get("target").is_none()) {
        fields.require(&item.position, "target");
    }
    fields.finish(&[]);
    Some(Port {
        target: target?,
        protocol,
        published: published.flatten(),
        address: address.flatten(),
        mode,
        name,
        app_protocol,
        position: item.position.clone(),
    })
}

fn ingress() -> String {
    "ingress".to_owned()
}

/// `[[address:][published]:]target[/protocol]`, with ranges.
fn short(text: &str, position: &Position) -> Result<Vec<Port>, String> {
    let (rest, protocol) = match text.rsplit_once('/') {
        Some((rest, protocol)) => (rest, Protocol::read(protocol)?),
        None => (text, Protocol::Tcp),
    };
    let (rest, target) = match rest.rsplit_once(':') {
        Some((rest, target)) => (Some(rest), target),
        None => (None, rest),
    };
    let (host, published) = match rest {
        None => (None, None),
        Some(rest) => match rest.rsplit_once(':') {
            // `:8080:80` and `${ADDRESS:-}:8080:80` are at every address.
            Some((host, published)) => ((!host.is_empty()).then(|| address(host)).transpose()?, Some(published)),
            None => (None, Some(rest)),
        },
    };
    let target = range(target)?;
    let published = published.filter(|text| !text.is_empty()).map(self::published).transpose()?;
    let count = target.1 - target.0;
    let port = |offset: u16, published| Port {
        target: target.0 + offset,
        protocol,
        published,
        address: host,
        mode: ingress(),
        name: None,
        app_protocol: None,
        position: position.clone(),
    };
    Ok(match published {
        None => (0..=count).map(|offset| port(offset, None)).collect(),
        Some(published) if count == 0 => vec![port(0, Some(published))],
        Some((first, last)) if last - first == count => {
            (0..=count).map(|offset| port(offset, Some((first + offset, first + offset)))).collect()
        }
        Some(_) => return Err(format!("the two ranges of `{text}` are not of the same length")),
    })
}

fn address(text: &str) -> Result<IpAddr, String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().map_err(|_| format!("`{text}` is not an IP address"))
}

fn number(text: &str) -> Result<u16, String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|port| digits && *port != 0)
        .ok_or_else(|| format!("`{text}` is not a port between 1 and 65535"))
}

/// Port 0 of the host is any that is free.
fn published(text: &str) -> Result<(u16, u16), String> {
    if !text.is_empty() && text.bytes().all(|byte| byte == b'0') { Ok((0, 0)) } else { range(text) }
}

fn range(text: &str) -> Result<(u16, u16), String> {
    let Some((first, last)) = text.split_once('-') else { return number(text).map(|port| (port, port)) };
    let one = |end: &str| number(end).map_err(|_| format!("`{text}` is not a port or a range of ports"));
    let (first, last) = (one(first)?, one(last)?);
    if first > last { Err(format!("the range `{text}` ends before it begins")) } else { Ok((first, last)) }
}

/// `expose`, as written: `80`, `80-81/udp`.
pub(super) fn exposed(context: &Context<'_>, node: &Node, path: &str) -> Vec<String> {
    let mut exposed: Vec<String> = Vec::new();
    let (mut seen, mut count) = (HashSet::new(), 0);
    for item in context.report.items(node, &path) {
        let port = context.report.parsed(item, &path, |text| expanded(text).map(|all| (text.to_owned(), all.len())));
        let Some((port, ports)) = port.filter(|(port, _)| seen.insert(port.clone())) else { continue };
        count += ports;
        if count > context.limits.ports {
            context.report.at(&item.position, format!("`{path}` has more than {} ports", context.limits.ports));
            break;
        }
        exposed.push(port);
    }
    exposed
}

/// Every port of an item of `expose`, as `80/tcp`.
pub(super) fn expanded(text: &str) -> Result<Vec<String>, String> {
    let (numbers, protocol) = match text.rsplit_once('/') {
        Some((numbers, protocol)) => (numbers, Protocol::read(protocol)?),
        None => (text, Protocol::Tcp),
    };
    let (first, last) = range(numbers)?;
    Ok((first..=last).map(|port| format!("{port}/{}", protocol.as_str())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, String> {
        let position = Position { file: "f".into(), line: 1, column: 1 };
        let ports = short(text, &position)?;
        let shown: Vec<_> = ports
            .iter()
            .map(|port| {
                let published = match port.published {
                    None => "*".to_owned(),
                    Some((first, last)) if first == last => first.to_string(),
                    Some((first, last)) => format!("{first}-{last}"),
                };
                let address = port.address.map(|address| format!("{address}|")).unwrap_or_default();
                format!("{address}{published}>{}/{}", port.target, port.protocol.as_str())
            })
            .collect();
        Ok(shown.join(" "))
    }

    #[test]
    fn short_forms() {
        let table = [
            ("80", "*>80/tcp"),
            ("8080:80", "8080>80/tcp"),
            ("8080:80/udp", "8080>80/udp"),
            ("127.0.0.1:8080:80", "127.0.0.1|8080>80/tcp"),
            ("127.0.0.1::80", "127.0.0.1|*>80/tcp"),
            (":8080:80", "8080>80/tcp"),
            (":8080-8081:80-81/udp", "8080>80/udp 8081>81/udp"),
            ("::80", "*>80/tcp"),
            ("[::1]:8080:80", "::1|8080>80/tcp"),
            ("90-91", "*>90/tcp *>91/tcp"),
            ("8000-8001:90-91", "8000>90/tcp 8001>91/tcp"),
            ("8000-8010:80", "8000-8010>80/tcp"),
        ];
        for (text, expected) in table {
            assert_eq!(shown(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["", "x", "0", "70000", "1:2:3:4", "80/ftp", "9-8", "1-2:1-3", "host:80:80"] {
            assert!(shown(text).is_err(), "{text}");
        }
    }
}
