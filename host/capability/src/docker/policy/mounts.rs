//! What a container mounts: `Binds`, `Mounts`, and the host paths behind both.
//!
//! A host path is judged after its symbolic links are resolved, and the engine gets the resolved path. Whether a
//! container could lead it elsewhere later is decided where all containers are known, in `ancestors`.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;
use windlass_domain::Failure;
use windlass_foundation::explain::shorten;

use super::fields::{is_nothing, is_unset, object, shown, text, wrong};
use super::options;
use super::{HostMount, PLACEHOLDER, Policy, RESERVED, References, hinted};

/// The beginning of a mount source inside the release's own bundle.
pub(crate) const BUNDLE: &str = "{{windlass.bundle}}";
/// The beginning of a mount source that holds the file's content: `{{windlass.content:BASE64}}`, or with the file's
/// owner and permission bits `{{windlass.content;uid=1000;gid=1000;mode=0440:BASE64}}`, each of which may be left out.
pub(crate) const CONTENT: &str = "{{windlass.content";

const MOUNT_FIELDS: &[&str] = &[
    "Type",
    "Source",
    "Target",
    "ReadOnly",
    "Consistency",
    "BindOptions",
    "VolumeOptions",
    "TmpfsOptions",
    "ImageOptions",
];

const VOLUME_FIELDS: &[&str] = &["NoCopy", "Labels", "DriverConfig", "Subpath"];

const IMAGE_FIELDS: &[&str] = &["Subpath"];

impl Policy<'_> {
    /// `HostConfig.Binds`: `SOURCE:TARGET[:OPTIONS]`, the source a host path or a volume's name.
    pub(super) fn binds(&self, binds: &[&str], references: &mut References) -> Result<(), Failure> {
        let field = "HostConfig.Binds";
        for bind in binds {
            if bind.contains("{{windlass.") {
                return Err(hinted(
                    "invalid-argument",
                    format!("`{field}` cannot hold a placeholder"),
                    "use `HostConfig.Mounts`",
                ));
            }
            let parts: Vec<&str> = bind.split(':').collect();
            let (source, options) = match parts.as_slice() {
                // An anonymous volume.
                [_] => continue,
                [source, _] => (*source, ""),
                [source, _, options] => (*source, *options),
                _ => return Err(wrong(field, "`SOURCE:TARGET[:OPTIONS]`")),
            };
            let words = options::binds(options).map_err(|refusal| self.forbidden(field, bind, &refusal.why))?;
            for word in &words {
                if matches!(*word, "z" | "Z") {
                    self.require("relabel", field, bind)?;
                } else if options::spreads(word) {
                    self.require("mount-propagation", field, bind)?;
                }
            }
            let read_only = words.contains(&"ro");
            if source.starts_with('/') {
                if let Some(real) = self.host_path(field, source, read_only)? {
                    if real.to_string_lossy().contains(':') {
                        return Err(wrong(field, "a host path without `:`, or `HostConfig.Mounts`"));
                    }
                    references.host.push(HostMount::new(field, source, real, !read_only));
                }
            } else {
                references.volume(source, !read_only);
            }
        }
        Ok(())
    }

    /// `HostConfig.Mounts`.
    pub(super) fn mounts(&self, mounts: &[Value], references: &mut References) -> Result<(), Failure> {
        for (index, mount) in mounts.iter().enumerate() {
            let field = format!("HostConfig.Mounts[{index}]");
            let fields = object(&field, mount)?;
            if let Some((name, _)) =
                fields.iter().find(|(name, value)| !MOUNT_FIELDS.contains(&name.as_str()) && !is_unset(value))
            {
                return Err(self.unknown(&format!("{field}.{name}"), MOUNT_FIELDS));
            }
            let nothing = Value::Null;
            let part = |name: &str| fields.get(name).unwrap_or(&nothing);
            let kind = text(&format!("{field}.Type"), part("Type"))?;
            let source = part("Source").as_str().unwrap_or_default();
            let read_only = part("ReadOnly").as_bool().unwrap_or(false);
            self.bind_options(&format!("{field}.BindOptions"), part("BindOptions"))?;
            let of_volume = self.volume_options(&format!("{field}.VolumeOptions"), part("VolumeOptions"))?;
            self.image_options(&format!("{field}.ImageOptions"), part("ImageOptions"))?;
            match kind {
                "bind" => {
                    let named = format!("{field}.Source");
                    if let Some(real) = self.host_path(&named, source, read_only)? {
                        // Other file systems below it stay writable with this.
                        let halfway =
                            part("BindOptions").get("ReadOnlyNonRecursive").is_some_and(|value| !is_nothing(value));
                        references.host.push(HostMount::new(&named, source, real, !read_only || halfway));
                    }
                }
                "volume" => {
                    references
                        .host
                        .extend(of_volume.map(|mount| HostMount { writable: mount.writable && !read_only, ..mount }));
                    if !source.is_empty() {
                        references.volume(source, !read_only);
                    }
                }
                "tmpfs" => {}
                // Whether it is the application's is not known here. The engine lets nothing be written there.
                "image" => {
                    references.images.insert((source.to_owned(), format!("{field}.Source")));
                }
                other => self.require(&format!("mount-type:{other}"), &format!("{field}.Type"), other)?,
            }
        }
        Ok(())
    }

    fn bind_options(&self, field: &str, value: &Value) -> Result<(), Failure> {
        if value.is_null() {
            return Ok(());
        }
        for (name, value) in object(field, value)? {
            match name.as_str() {
                "Propagation" if !is_nothing(value) && value != "private" && value != "rprivate" => {
                    self.require("mount-propagation", &format!("{field}.Propagation"), &shown(value))?;
                }
                "Propagation"
                | "NonRecursive"
                | "CreateMountpoint"
                | "ReadOnlyNonRecursive"
                | "ReadOnlyForceRecursive" => {}
                _ if is_unset(value) => {}
                name => {
                    return Err(
                        self.unknown(&format!("{field}.{name}"), &["Propagation", "NonRecursive", "CreateMountpoint"])
                    );
                }
            }
        }
        Ok(())
    }

    /// The host path that the options of a volume name, if they do.
    fn volume_options(&self, field: &str, value: &Value) -> Result<Option<HostMount>, Failure> {
        let mut mount = None;
        if value.is_null() {
            return Ok(mount);
        }
        for (name, value) in object(field, value)? {
            match name.as_str() {
                "NoCopy" => {}
                _ if is_unset(value) => {}
                "Subpath" => subpath(&format!("{field}.Subpath"), value, "volume")?,
                "Labels" => {
                    // They are put on a volume that the mount makes, where the host writes none of its own over them.
                    let field = format!("{field}.Labels");
                    let reserved = object(&field, value)?.iter().find(|(label, _)| label.starts_with(RESERVED));
                    if let Some((label, value)) = reserved {
                        let why = "labels that begin so are the agent's own";
                        return Err(self.forbidden(&format!("{field}.{label}"), &shown(value), why));
                    }
                    self.labels(&field, value)?;
                }
                "DriverConfig" => {
                    let driver = value.get("Name").unwrap_or(&Value::Null);
                    let options = value.get("Options").unwrap_or(&Value::Null);
                    mount = self.driver(&format!("{field}.DriverConfig"), driver, options)?;
                }
                name => return Err(self.unknown(&format!("{field}.{name}"), VOLUME_FIELDS)),
            }
        }
        Ok(mount)
    }

    fn image_options(&self, field: &str, value: &Value) -> Result<(), Failure> {
        if value.is_null() {
            return Ok(());
        }
        for (name, value) in object(field, value)? {
            match name.as_str() {
                _ if is_unset(value) => {}
                "Subpath" => subpath(&format!("{field}.Subpath"), value, "image")?,
                name => return Err(self.unknown(&format!("{field}.{name}"), IMAGE_FIELDS)),
            }
        }
        Ok(())
    }

    /// A path of the host, or of what the host keeps for the release. Returns where a path of the host leads, and
    /// nothing for what is kept, which no container can lead elsewhere.
    pub(super) fn host_path(&self, field: &str, source: &str, read_only: bool) -> Result<Option<PathBuf>, Failure> {
        let ours = source.starts_with(BUNDLE) || source.starts_with(CONTENT) || source.starts_with(PLACEHOLDER);
        if ours && !read_only {
            return Err(hinted(
                "capability-denied",
                format!("plugin `{}` may mount `{}` only read-only", self.scope.plugin, shorten(source)),
                "set `ReadOnly` to true (`:ro` in a Compose file)",
            ));
        }
        if let Some(inside) = source.strip_prefix(BUNDLE) {
            return self.bundle_path(inside).map(|_| None);
        }
        if ours {
            return Ok(None);
        }
        let path = self.resolved(field, source)?;
        if let Some(bundle) = &self.scope.bundle
            && read_only
            && (self.resolve)(bundle).is_ok_and(|bundle| path.starts_with(bundle))
        {
            return Ok(None);
        }
        self.outside_path(field, source, path, read_only).map(Some)
    }

    /// A path of the host that is not the release's own.
    pub(super) fn outside_path(
        &self,
        field: &str,
        source: &str,
        path: PathBuf,
        read_only: bool,
    ) -> Result<PathBuf, Failure> {
        if self.unprotected(field, source, &path, read_only)? {
            return Ok(path);
        }
        let roots = self.grant.bind_roots.iter().chain(&self.grant.data_root);
        for root in roots.filter_map(|root| (self.resolve)(root).ok()) {
            if path.starts_with(&root) {
                (self.beneath)(&root, &path).map_err(|error| {
                    self.forbidden(field, source, &format!("it cannot be opened below `{}`: {error}", root.display()))
                })?;
                return Ok(path);
            }
        }
        if let Some(data) = self.grant.data_root.as_ref().filter(|data| Path::new(source).starts_with(data)) {
            let why = format!(
                "a symbolic link leads out of `{}`, the directory for the application's data, to `{}`",
                data.display(),
                path.display()
            );
            return Err(self.forbidden(field, source, &why));
        }
        self.require_root(field, Path::new(source))?;
        Ok(path)
    }

    /// Whether a path is one that the operator allowed by its own word, and needs no root; a failure when it is, has in
    /// it or is inside something that is not mounted.
    pub(crate) fn unprotected(&self, field: &str, source: &str, path: &Path, read_only: bool) -> Result<bool, Failure> {
        let identity = super::super::walk::identity(path);
        for place in self.protected {
            let same = identity.is_some() && identity == place.identity;
            let touches = same || place.path.starts_with(path) || place.inside && path.starts_with(&place.path);
            if !touches || place.readable && read_only {
                continue;
            }
            let why = format!("it is, contains or is inside {} ({})", place.what, place.path.display());
            match place.allow {
                Some(danger) => {
                    self.require(danger, field, source)?;
                    // The socket itself, named by the operator, needs no root around it.
                    if path == place.path {
                        return Ok(true);
                    }
                }
                None => return Err(self.forbidden(field, source, &why)),
            }
        }
        Ok(false)
    }

    /// Judges a host path of an existing container: where it still leads to itself, only protected places are refused;
    /// otherwise it is judged like a new one.
    pub(crate) fn still(&self, field: &str, path: &Path, read_only: bool) -> Result<(), Failure> {
        let source = path.display().to_string();
        let real = self.resolved(field, &source)?;
        if real == path {
            return self.unprotected(field, &source, &real, read_only).map(drop);
        }
        self.outside_path(field, &source, real, read_only).map(drop)
    }

    /// Judges a host path that is taken over from another container.
    pub(crate) fn still_granted(&self, field: &str, source: &str, read_only: bool) -> Result<(), Failure> {
        let real = self.resolved(field, source)?;
        self.outside_path(field, source, real, read_only).map(drop)
    }

    /// Where a path inside the bundle is on the host: inside it, after symbolic links.
    pub(crate) fn bundle_path(&self, inside: &str) -> Result<PathBuf, Failure> {
        let field = "HostConfig.Mounts.Source";
        let Some(bundle) = &self.scope.bundle else {
            return Err(self.forbidden(field, BUNDLE, "there is no release here whose files could be mounted"));
        };
        if !inside.is_empty() && !inside.starts_with('/') {
            return Err(wrong(field, "a path inside the bundle"));
        }
        let path = self.resolved(field, &format!("{}{inside}", bundle.display()))?;
        let bundle = self.resolved(field, &bundle.display().to_string())?;
        if path.starts_with(bundle) {
            return Ok(path);
        }
        Err(self.forbidden(field, inside, "it leads out of the release's bundle"))
    }

    pub(super) fn resolved(&self, field: &str, source: &str) -> Result<PathBuf, Failure> {
        let path = Path::new(source);
        if !path.is_absolute() || path.components().any(|part| matches!(part, Component::ParentDir)) {
            return Err(wrong(field, "an absolute path without `..`"));
        }
        (self.resolve)(path)
            .map_err(|error| self.forbidden(field, source, &format!("its symbolic links cannot be followed: {error}")))
    }
}

/// A directory of what is mounted.
fn subpath(field: &str, value: &Value, what: &str) -> Result<(), Failure> {
    let inside = Path::new(text(field, value)?);
    if inside.components().all(|part| matches!(part, Component::Normal(_))) {
        return Ok(());
    }
    Err(wrong(field, &format!("a path inside the {what}, relative and without `..`")))
}
