//! `volumes` of a service: named volumes, host directories, files of the release, memory.

use super::{Context, paths};
use crate::read::{Fields, bytes};
use crate::yaml::{Node, Value};
use crate::{Position, Problem};

/// Something mounted into a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The absolute path in the container.
    pub target: String,
    /// Whether the container may only read it.
    pub read_only: bool,
    /// What is mounted.
    pub kind: MountKind,
    /// Where it was written.
    pub position: Position,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountKind {
    /// A volume of the application, by its key in `volumes`; without a name one of the container's own.
    Volume {
        /// The key; none for an anonymous volume.
        name: Option<String>,
        /// Whether the image's files are not copied into a new volume.
        no_copy: bool,
    },
    /// A file or directory.
    Bind {
        /// Which one.
        source: Path,
        /// How.
        options: BindOptions,
    },
    /// Memory.
    Tmpfs {
        /// In bytes.
        size: Option<i64>,
        /// The permission bits of its root.
        mode: Option<u32>,
    },
}

/// A file or directory on the host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Path {
    /// Of the release's bundle, relative to its root.
    Bundle(String),
    /// Of the host, absolute.
    Host(String),
}

/// How a file or directory is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BindOptions {
    /// Whether the engine makes a directory where nothing is.
    pub create_host_path: bool,
    /// `rprivate`, `rshared`, …
    pub propagation: Option<String>,
    /// `z` or `Z`.
    pub selinux: Option<String>,
}

pub(super) fn read(context: &Context<'_>, node: &Node, path: &str) -> Vec<Mount> {
    let mut mounts = Vec::new();
    for item in context.report.items(node, &path) {
        let mount = match &item.value {
            Value::Mapping(mapping) => long(context, Fields::new(context.report, mapping, path.to_owned()), item),
            Value::Scalar(scalar) => match short(context, &scalar.to_text(), &item.position) {
                Ok(mount) => Some(mount),
                Err(why) => {
                    context.report.at(&item.position, format!("`{path}`: {why}"));
                    None
                }
            },
            Value::Sequence(_) => {
                context.report.at(&item.position, format!("`{path}`: a volume is a text or a mapping, not a list"));
                None
            }
        };
        let Some(mount) = mount else { continue };
        if !mount.target.starts_with('/') {
            context.report.at(&item.position, format!("`{path}`: `{}` is not an absolute path", mount.target));
            continue;
        }
        if let MountKind::Bind { source: Path::Bundle(source), .. } = &mount.kind
            && !mount.read_only
        {
            context.problem(
                Problem::at(
                    &item.position,
                    format!("`{path}`: `./{source}` is part of the release, which no container may change"),
                )
                .hint("add `:ro` (or `read_only: true`); for data use a named volume or an absolute path"),
            );
            continue;
        }
        mounts.push(mount);
    }
    mounts
}

/// `[source:]target[:options]`.
fn short(context: &Context<'_>, text: &str, position: &Position) -> Result<Mount, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, options) = match parts.as_slice() {
        [target] => (None, *target, ""),
        [source, target] => (Some(*source), *target, ""),
        [source, target, options] => (Some(*source), *target, *options),
        _ => return Err(format!("`{text}` is not `source:target:options`")),
    };
    if target.is_empty() || source == Some("") {
        return Err(format!("`{text}` has an empty part"));
    }
    if source.is_some_and(|source| source.chars().count() == 1 && source != "." && source != "/") {
        return Err(format!("Docker Compose reads `{text}` as a Windows path; give the volume a longer name"));
    }
    let is_path = source.is_some_and(|source| source.starts_with(['.', '/', '~']));
    let mut bind = BindOptions { create_host_path: true, ..BindOptions::default() };
    let (mut read_only, mut no_copy) = (false, false);
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option {
            "ro" => read_only = true,
            "rw" => read_only = false,
            "nocopy" => no_copy = true,
            "z" | "Z" => bind.selinux = Some(option.to_owned()),
            "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave" => {
                bind.propagation = Some(option.to_owned());
            }
            // Words of Docker Desktop for macOS; they do nothing here.
            "cached" | "delegated" | "consistent" => {}
            _ => return Err(format!("`{option}` in `{text}` is not an option of a volume")),
        }
    }
    let kind = match source {
        Some(source) if is_path => MountKind::Bind { source: paths::read(source, context.directory)?, options: bind },
        source => MountKind::Volume { name: source.map(str::to_owned), no_copy },
    };
    Ok(Mount { target: target.to_owned(), read_only, kind, position: position.clone() })
}

fn long(context: &Context<'_>, mut fields: Fields<'_>, item: &Node) -> Option<Mount> {
    let report = context.report;
    let kind = fields.text("type");
    let source = fields.text("source");
    let target = fields.text("target");
    let read_only = fields.boolean("read_only").unwrap_or(false);
    fields.text("consistency");
    let bind = fields
        .with("bind", |_, node, path| options(context, node, path))
        .unwrap_or(BindOptions { create_host_path: false, ..BindOptions::default() });
    let no_copy = fields.with("volume", |_, node, path| {
        let mut inner = Fields::new(report, report.mapping(node, path)?, path.to_string());
        let no_copy = inner.boolean("nocopy");
        inner.finish(&["subpath", "labels"]);
        no_copy
    });
    let memory = fields.with("tmpfs", |_, node, path| {
        let mut inner = Fields::new(report, report.mapping(node, path)?, path.to_string());
        let size = inner.parsed("size", bytes);
        let mode = inner
            .with("mode", |report, node, path| report.integer(node, path))
            .flatten()
            .and_then(|mode| u32::try_from(mode).ok());
        inner.finish(&[]);
        Some((size, mode))
    });
    let result = match (kind.as_deref(), source) {
        (Some("volume"), source) => {
            Some(MountKind::Volume { name: source, no_copy: no_copy.flatten().unwrap_or(false) })
        }
        (Some("bind"), Some(source)) => match paths::read(&source, context.directory) {
            Ok(source) => Some(MountKind::Bind { source, options: bind }),
            Err(why) => {
                report.at(&item.position, format!("`{}`: {why}", fields.path("source")));
                None
            }
        },
        (Some("bind"), None) => {
            report.at(&item.position, format!("`{}` is missing", fields.path("source")));
            None
        }
        (Some("tmpfs"), _) => {
            let (size, mode) = memory.flatten().unwrap_or_default();
            Some(MountKind::Tmpfs { size, mode })
        }
        (Some(other @ ("npipe" | "cluster" | "image")), _) => {
            report.at(&item.position, format!("`{}: {other}` is not supported yet", fields.path("type")));
            None
        }
        (Some(other), _) => {
            report.at(&item.position, format!("`{}`: `{other}` is not a kind of volume", fields.path("type")));
            None
        }
        (None, _) => {
            report.at(&item.position, format!("`{}` is missing", fields.path("type")));
            None
        }
    };
    if target.is_none() {
        report.at(&item.position, format!("`{}` is missing", fields.path("target")));
    }
    fields.finish(&["image"]);
    Some(Mount { target: target?, read_only, kind: result?, position: item.position.clone() })
}

fn options(context: &Context<'_>, node: &Node, path: &dyn std::fmt::Display) -> BindOptions {
    let Some(mapping) = context.report.mapping(node, path) else { return BindOptions::default() };
    let mut fields = Fields::new(context.report, mapping, path.to_string());
    let options = BindOptions {
        create_host_path: fields.boolean("create_host_path").unwrap_or(false),
        propagation: fields.text("propagation"),
        selinux: fields.text("selinux"),
    };
    fields.finish(&["recursive"]);
    options
}
