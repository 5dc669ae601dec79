//! `volumes` of a service: named volumes, host directories, files of the release, memory, images.

use std::collections::BTreeMap;

use super::{Context, files, labels, paths};
use crate::Position;
use crate::read::Fields;
use crate::yaml::{Node, Value};

/// Something mounted into a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The absolute path in the container.
    pub target: String,
    /// Whether the container may only read it.
    pub read_only: bool,
    /// What is mounted.
    pub kind: MountKind,
    /// Sections of other kinds of mounts that are there and say nothing: `bind`, `volume`, `tmpfs` or `image`.
    pub idle: Vec<&'static str>,
    /// A word of Docker Desktop for macOS, which does nothing elsewhere.
    pub consistency: Option<String>,
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
        /// How; none where nothing is said.
        options: Option<VolumeOptions>,
    },
    /// A file or directory.
    Bind {
        /// Which one.
        source: Path,
        /// How; none where nothing is said.
        options: Option<BindOptions>,
    },
    /// Memory.
    Tmpfs {
        /// How; none where nothing is said.
        options: Option<TmpfsOptions>,
    },
    /// The files of an image, which a container may only read. Needs an engine of API 1.48.
    Image {
        /// The image as it is written, with its tag or digest.
        source: String,
        /// How; none where nothing is said.
        options: Option<ImageOptions>,
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

/// How a volume is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VolumeOptions {
    /// Whether the image's files are not copied into a new volume.
    pub no_copy: bool,
    /// The directory of the volume that is mounted. Needs an engine of API 1.45.
    pub subpath: Option<String>,
    /// `z` or `Z`, where it is written: for `SELinux`, on which the engine's own volumes have the right label anyway.
    pub selinux: Option<String>,
    /// Labels of the volume, where the engine makes it with the container: of one without a name.
    pub labels: BTreeMap<String, String>,
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
    /// `enabled`, `disabled`, `writable` or `readonly`. All but the first need an engine of API 1.44.
    pub recursive: Option<String>,
}

/// How memory is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TmpfsOptions {
    /// In bytes.
    pub size: Option<i64>,
    /// The permission bits of its root.
    pub mode: Option<u32>,
}

/// How an image is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageOptions {
    /// The directory of the image that is mounted.
    pub subpath: Option<String>,
}

const PROPAGATION: [&str; 6] = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];

pub(super) fn read(context: &Context<'_>, node: &Node, path: &str) -> Vec<Mount> {
    let mut mounts = Vec::new();
    for item in context.report.items(node, &path) {
        let mount = match &item.value {
            Value::Mapping(mapping) => long(context, Fields::new(context.report, mapping, path.to_owned()), item),
            _ => context.report.parsed_string(item, &path, |text| short(context, text, &item.position)),
        };
        let Some(mut mount) = mount else { continue };
        if !mount.target.starts_with('/') {
            context.report.at(&item.position, format!("`{path}`: `{}` is not an absolute path", mount.target));
            continue;
        }
        mount.target = paths::clean(&mount.target);
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
        [source, target, options] if !options.is_empty() => (Some(*source), *target, *options),
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
            "nocopy" if !is_path => no_copy = true,
            "z" | "Z" => bind.selinux = Some(option.to_owned()),
            word if PROPAGATION.contains(&word) && is_path => bind.propagation = Some(option.to_owned()),
            // Words of Docker Desktop for macOS; they do nothing here.
            "cached" | "delegated" | "consistent" => {}
            _ => return Err(format!("`{option}` in `{text}` is not an option of such a volume")),
        }
    }
    let kind = match source {
        Some(source) if is_path => {
            MountKind::Bind { source: paths::read(source, context.directory)?, options: Some(bind) }
        }
        source => {
            // As Docker Compose shows it: what has one or two characters is taken as it is.
            let options = (text.len() > 2).then_some(VolumeOptions {
                no_copy,
                selinux: bind.selinux,
                ..VolumeOptions::default()
            });
            MountKind::Volume { name: source.map(str::to_owned), options }
        }
    };
    Ok(Mount {
        target: target.to_owned(),
        read_only,
        kind,
        idle: Vec::new(),
        consistency: None,
        position: position.clone(),
    })
}

fn long(context: &Context<'_>, mut fields: Fields<'_>, item: &Node) -> Option<Mount> {
    let report = context.report;
    let kind = fields.string("type");
    let source = fields.string("source");
    let target = fields.string("target");
    let read_only = fields.boolean("read_only").unwrap_or(false);
    let consistency = fields.word_or_none("consistency", &["consistent", "cached", "delegated", "default"]);
    let bind = fields.inner("bind", |fields| BindOptions {
        create_host_path: fields.boolean("create_host_path").unwrap_or(false),
        propagation: fields.word_or_none("propagation", &PROPAGATION),
        selinux: fields.word("selinux", &["z", "Z"]),
        recursive: fields.word("recursive", &["enabled", "disabled", "writable", "readonly"]),
    });
    let volume = fields.inner("volume", |fields| VolumeOptions {
        no_copy: fields.boolean("nocopy").unwrap_or(false),
        subpath: fields.text("subpath"),
        selinux: None,
        labels: fields.with("labels", |report, node, path| labels::listed(report, node, path)).unwrap_or_default(),
    });
    let memory = fields.inner("tmpfs", |fields| TmpfsOptions { size: fields.size("size"), mode: mode(fields) });
    let image = fields.inner("image", |fields| ImageOptions { subpath: fields.text("subpath") });
    let mut idle = Vec::new();
    let given = [
        ("bind", bind.as_ref().map(|bind| *bind == BindOptions::default())),
        ("volume", volume.as_ref().map(|volume| *volume == VolumeOptions::default())),
        ("tmpfs", memory.as_ref().map(|memory| memory.size.unwrap_or(0) == 0 && memory.mode.unwrap_or(0) == 0)),
        ("image", image.as_ref().map(|image| *image == ImageOptions::default())),
    ];
    for (key, is_empty) in given.into_iter().filter(|(key, _)| kind.as_deref() != Some(*key)) {
        let Some(is_empty) = is_empty else { continue };
        if is_empty {
            idle.push(key);
            continue;
        }
        let kind = kind.as_deref().unwrap_or_default();
        report.at(&item.position, format!("`{}` says nothing about a mount of the type `{kind}`", fields.path(key)));
    }
    let result = match (kind.as_deref(), source) {
        (Some("volume"), source) => Some(MountKind::Volume { name: source, options: volume }),
        (Some("bind"), Some(source)) => match paths::read(&source, context.directory) {
            Ok(source) => Some(MountKind::Bind { source, options: bind }),
            Err(why) => {
                report.at(&item.position, format!("`{}`: {why}", fields.path("source")));
                None
            }
        },
        (Some("image"), Some(source)) => Some(MountKind::Image { source, options: image }),
        (Some("bind" | "image"), None) => {
            fields.require(&item.position, "source");
            None
        }
        (Some("tmpfs"), None) => Some(MountKind::Tmpfs { options: memory }),
        (Some("tmpfs"), Some(source)) => {
            report.at(&item.position, format!("`{}`: memory has no source, but `{source}` is", fields.path("source")));
            None
        }
        (Some(other), _) => {
            let why = match other {
                "npipe" => "is refused: it is for Windows containers",
                "cluster" => "is refused: it is for swarm clusters",
                _ => "is not a kind of mount; write `bind`, `volume`, `tmpfs` or `image`",
            };
            report.at(&item.position, format!("`{}`: `{other}` {why}", fields.path("type")));
            None
        }
        (None, _) => {
            fields.require(&item.position, "type");
            None
        }
    };
    if target.is_none() {
        fields.require(&item.position, "target");
    }
    fields.finish(&[]);
    Some(Mount { target: target?, read_only, kind: result?, idle, consistency, position: item.position.clone() })
}

/// The permission bits of memory, a number in any case.
fn mode(fields: &mut Fields<'_>) -> Option<u32> {
    fields.with("mode", |report, node, path| {
        let mode = report.number(node, path)?;
        files::bits(report, node, path, Some(mode), &mode.to_string())
    })?
}
