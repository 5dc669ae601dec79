//! Prevents that a container changes where another container's mount leads. A process that can write a directory can
//! replace what is in it by a link to anything, and the engine follows the source of a mount anew at every start, also
//! at the starts that it does by itself.
//!
//! So no container mounts what is below a directory that a container can write. Counted are the containers of all
//! applications that Windlass deploys, whatever their state, and those of this one's projects. Others were made by
//! people who command the engine anyway.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use bollard::models::{ContainerInspectResponse, ContainerSummary, MountPoint, Volume};
use bollard::query_parameters::ListVolumesOptions;
use serde_json::{Map, Value};
use windlass_domain::Failure;

use super::Docker;
use super::engine::ORDINARY;
use super::failure::hinted;
use super::policy::options::{self, Local};
use super::policy::{APPLICATION, PROJECT, Policy, References};
use super::prepare::DEPLOYMENT;
use super::walk::{self, Identity, Way};

/// The owner of the container that a mount is in.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Who {
    /// The one that is judged.
    This,
    /// Another one of the application, by name.
    Own(String),
    /// One of another application.
    Another,
}

/// A host path in a container.
#[derive(Debug, Clone)]
struct Reached {
    who: Who,
    way: Way,
    /// Which directories the way leads through, whatever else they are called.
    above: BTreeSet<Identity>,
    identity: Option<Identity>,
    writable: bool,
}

impl Reached {
    fn new(who: Who, path: &Path, writable: bool) -> Self {
        let way = walk::way(path).unwrap_or_else(|_| Way {
            real: path.to_owned(),
            through: path.ancestors().skip(1).map(Path::to_owned).collect(),
        });
        let above = way.through.iter().filter_map(|directory| walk::identity(directory)).collect();
        let identity = walk::identity(&way.real);
        Self { who, way, above, identity, writable }
    }

    /// Whether it is looked up in a directory that the other can write.
    fn is_moved_by(&self, other: &Self) -> bool {
        other.writable
            && (self.way.through.contains(&other.way.real)
                || other.identity.is_some_and(|identity| self.above.contains(&identity)))
    }
}

/// What a container mounts of the host.
#[derive(Debug, Default)]
pub(super) struct Mounting {
    /// Paths, and whether they can be written.
    paths: Vec<(PathBuf, bool)>,
    /// Volumes by name, and whether they can be written.
    volumes: Vec<(String, bool)>,
    /// Containers, by name or id, whose mounts this one takes over (`VolumesFrom`).
    from: Vec<String>,
}

impl Mounting {
    /// What a checked body mounts.
    pub(super) fn of(references: &References) -> Self {
        let volume = |name: &String| (name.clone(), references.written.contains(name));
        let from = references.containers.iter().filter(|(_, field)| field == super::policy::VOLUMES_FROM);
        Self {
            paths: references.host.iter().map(|mount| (mount.real.clone(), mount.writable)).collect(),
            volumes: references.volumes.iter().map(volume).collect(),
            from: from.map(|(container, _)| container.clone()).collect(),
        }
    }

    /// A path that a volume mounts.
    pub(super) fn path(path: &Path, writable: bool) -> Self {
        Self { paths: vec![(path.to_owned(), writable)], ..Self::default() }
    }

    /// Adds what another body of the same plan mounts.
    pub(super) fn join(&mut self, other: Self) {
        self.paths.extend(other.paths);
        self.volumes.extend(other.volumes);
        self.from.extend(other.from);
    }

    fn add(&mut self, mounts: &[MountPoint]) {
        for mount in mounts {
            let writable = mount.rw.unwrap_or(true);
            match (kind(mount).as_str(), &mount.source, &mount.name) {
                ("bind", Some(source), _) => self.paths.push((PathBuf::from(source), writable)),
                ("volume", _, Some(name)) => self.volumes.push((name.clone(), writable)),
                _ => {}
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.volumes.is_empty() && self.from.is_empty()
    }

    /// All host paths in it, those behind volumes included.
    fn reached(&self, who: &Who, devices: &HashMap<String, (PathBuf, bool)>) -> Vec<Reached> {
        let paths = self.paths.iter().map(|(path, writable)| Reached::new(who.clone(), path, *writable));
        let volumes = self.volumes.iter().filter_map(|(name, writable)| {
            let (device, open) = devices.get(name)?;
            Some(Reached::new(who.clone(), device, *writable && *open))
        });
        paths.chain(volumes).collect()
    }
}

impl Docker {
    /// Refuses mounts that another container could lead elsewhere, and mounts through which this container could lead
    /// another container's mount elsewhere.
    pub(super) async fn nobody_moves(&self, mut mounting: Mounting, except: Option<&str>) -> Result<(), Failure> {
        if mounting.is_empty() {
            return Ok(());
        }
        let devices = self.devices().await?;
        if mounting.paths.is_empty() && mounting.from.is_empty() {
            mounting.volumes.retain(|(name, _)| devices.contains_key(name));
            if mounting.volumes.is_empty() {
                return Ok(());
            }
        }
        let containers = self.all_containers().await?;
        for container in containers.iter().filter(|one| mounting.from.iter().any(|from| is_called(one, from))) {
            mounting.paths.extend(Self::mounted(container).paths);
            mounting.volumes.extend(Self::mounted(container).volumes);
        }
        let mine = mounting.reached(&Who::This, &devices);
        let mut all = mine.clone();
        for container in containers.iter().filter(|one| except.is_none() || one.id.as_deref() != except) {
            if let Some(who) = self.whose(container) {
                all.extend(Self::mounted(container).reached(&who, &devices));
            }
        }
        for one in &mine {
            if let Some(writer) = all.iter().find(|other| one.is_moved_by(other)) {
                return Err(self.moved(one, writer));
            }
            if let Some(reader) = all.iter().find(|other| other.is_moved_by(one)) {
                return Err(self.moved(reader, one));
            }
        }
        Ok(())
    }

    /// Containers of all applications whose mounts others of them could lead elsewhere, as sentences for the operator: an
    /// earlier agent made them, and the engine starts them by itself.
    pub async fn moved_mounts(&self) -> Result<Vec<String>, Failure> {
        self.may_read()?;
        let (devices, containers) = (self.devices().await?, self.all_containers().await?);
        let ours = containers.iter().filter(|one| one.labels.iter().flatten().any(|(label, _)| label == APPLICATION));
        let all: Vec<(String, Reached)> = ours
            .flat_map(|one| {
                Self::mounted(one).reached(&Who::Another, &devices).into_iter().map(|way| (name_of(one), way))
            })
            .collect();
        Ok(pairs(&all).into_iter().collect())
    }

    fn mounted(container: &ContainerSummary) -> Mounting {
        let mut mounting = Mounting::default();
        mounting.add(container.mounts.as_deref().unwrap_or_default());
        mounting
    }

    /// The owner of a container; none where the container is not counted.
    fn whose(&self, container: &ContainerSummary) -> Option<Who> {
        let labels = container.labels.as_ref()?;
        match labels.get(APPLICATION) {
            Some(application) if *application == self.scope.about.application => Some(Who::Own(name_of(container))),
            Some(_) => Some(Who::Another),
            None => labels
                .get(PROJECT)
                .filter(|project| self.scope.projects.contains(*project))
                .map(|_| Who::Own(name_of(container))),
        }
    }

    /// The host paths behind volumes of the engine, by name, and whether they can be written.
    async fn devices(&self) -> Result<HashMap<String, (PathBuf, bool)>, Failure> {
        let volumes = self
            .engine
            .call(ORDINARY, |client| async move { client.list_volumes(None::<ListVolumesOptions>).await })
            .await
            .map_err(|error| self.explain(error, "list volumes"))?;
        let volumes = volumes.volumes.unwrap_or_default();
        Ok(volumes.into_iter().filter_map(|volume| Some((volume.name.clone(), device(&volume)?))).collect())
    }

    fn moved(&self, reader: &Reached, writer: &Reached) -> Failure {
        let (read, written) = (reader.way.real.display(), writer.way.real.display());
        let by = |who: &Who| match who {
            Who::This => "this container".to_owned(),
            Who::Own(name) => format!("the container `{name}`"),
            Who::Another => "a container of another application".to_owned(),
        };
        let message = format!(
            "plugin `{}` may not mount `{read}` and `{written}` for application `{}`: {} can write `{written}`, and could \
             replace what is below it by a link to anywhere on this host, which {} would then get instead of `{read}`",
            self.scope.plugin,
            self.scope.about.application,
            by(&writer.who),
            by(&reader.who),
        );
        let hint = format!(
            "mount `{written}` itself in both, or mount it read-only where it is above `{read}`, or give each a directory \
             beside the other's; where the other container is of an earlier release, change one of the two at a time"
        );
        hinted("capability-denied", message, &hint)
    }

    /// Judges the mounts of a container of the application before it starts, to find paths that became links since it
    /// was created. Containers that people made with Compose are not judged again.
    pub(super) async fn may_start(&self, policy: &Policy<'_>, found: &ContainerInspectResponse) -> Result<(), Failure> {
        let made = found.config.as_ref().and_then(|config| config.labels.as_ref());
        if !made.is_some_and(|labels| labels.contains_key(DEPLOYMENT)) {
            return Ok(());
        }
        let mounts = found.mounts.as_deref().unwrap_or_default();
        let mut mounting = Mounting::default();
        mounting.add(mounts);
        mounting.paths.retain(|(path, writable)| *writable || !self.is_kept(path));
        for (path, writable) in &mounting.paths {
            policy.still("Mounts.Source", path, !writable)?;
        }
        for (name, _) in &mounting.volumes {
            if let Some(volume) = self.find_volume(name).await?.own() {
                Self::may_use_volume(policy, &volume)?;
            }
        }
        self.nobody_moves(mounting, found.id.as_deref()).await
    }

    /// Judges what `VolumesFrom` takes over of a container: a user with more rights may have made that container.
    pub(super) fn may_inherit(&self, policy: &Policy<'_>, found: &ContainerInspectResponse) -> Result<(), Failure> {
        for mount in found.mounts.iter().flatten().filter(|mount| kind(mount) == "bind") {
            let (source, writable) = (mount.source.as_deref().unwrap_or_default(), mount.rw.unwrap_or(true));
            if writable || !self.is_kept(Path::new(source)) {
                policy.still_granted(super::policy::VOLUMES_FROM, source, !writable)?;
            }
        }
        Ok(())
    }

    /// Judges a volume of the application that names a host path: it may be older than what is granted now. One that
    /// people made with Compose is theirs.
    pub(super) fn may_use_volume(policy: &Policy<'_>, volume: &Volume) -> Result<(), Failure> {
        if volume.driver != "local" || volume.options.is_empty() {
            return Ok(());
        }
        if volume.labels.contains_key(DEPLOYMENT) {
            return policy.existing_volume(&options_of(volume));
        }
        match device(volume) {
            Some((device, open)) => {
                let shown = device.display().to_string();
                policy.unprotected("device", &shown, &Reached::new(Who::This, &device, open).way.real, !open).map(drop)
            }
            None => Ok(()),
        }
    }

    /// Whether a path is one that the host itself keeps for containers: bundles, and the application's files.
    fn is_kept(&self, path: &Path) -> bool {
        let state = &self.scope.state_directory;
        !state.as_os_str().is_empty()
            && (path.starts_with(state.join("bundles").join("sha256"))
                || path.starts_with(self.kept_files().directory()))
            && !path.components().any(|part| part == std::path::Component::ParentDir)
    }
}

/// Messages about containers that mount a path below a directory that another container can write.
fn pairs(all: &[(String, Reached)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (reader, read) in all {
        for (writer, written) in all.iter().filter(|(_, other)| read.is_moved_by(other)) {
            let (read, written) = (read.way.real.display(), written.way.real.display());
            found.insert(format!("`{reader}` mounts `{read}`, and `{writer}` can write `{written}` above it"));
        }
    }
    found
}

fn name_of(container: &ContainerSummary) -> String {
    let name = container.names.iter().flatten().next().map(|name| name.trim_start_matches('/').to_owned());
    name.unwrap_or_else(|| container.id.clone().unwrap_or_default())
}

fn is_called(container: &ContainerSummary, name: &str) -> bool {
    let named = container.names.iter().flatten().any(|one| one.trim_start_matches('/') == name);
    named || container.id.as_deref().is_some_and(|id| id.starts_with(name))
}

fn kind(mount: &MountPoint) -> String {
    mount.typ.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn options_of(volume: &Volume) -> Map<String, Value> {
    volume.options.iter().map(|(key, value)| (key.clone(), Value::String(value.clone()))).collect()
}

/// The host path behind a volume, and whether it can be written. What cannot be read clearly counts as writable.
fn device(volume: &Volume) -> Option<(PathBuf, bool)> {
    let options = options_of(volume);
    match options::local(&options) {
        Ok(Local::HostPath { device, read_only, .. }) => Some((PathBuf::from(device), !read_only)),
        Ok(_) => None,
        Err(_) => {
            let device = volume.options.get("device").filter(|device| device.starts_with('/'))?;
            Some((PathBuf::from(device), true))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_who_writes_above_can_lead_elsewhere() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path().canonicalize().unwrap();
        fs::create_dir_all(top.join("root/x/deep")).unwrap();
        fs::create_dir_all(top.join("other")).unwrap();
        symlink("root/x", top.join("other/../link")).unwrap();
        symlink(top.join("root/x"), top.join("other/link")).unwrap();
        for (reader, writer, writable, moved) in [
            ("root/x", "root", true, true),
            ("root/x", "root", false, false),
            ("root/x/deep", "root", true, true),
            ("root/new", "root", true, true),
            ("root/x", "", true, true),
            // The same directory cannot be replaced by who is in it.
            ("root", "root", true, false),
            ("root/x", "root/x", true, false),
            ("root/x", "other", true, false),
            ("root", "root/x", true, false),
            ("root/xy", "root/x", true, false),
            // The link itself is in a directory that can be written, and so is what it leads to.
            ("other/link", "other", true, true),
            ("other/link", "root", true, true),
            ("link", "root", true, true),
            ("link", "other", true, false),
            // The writer's own path may be a link as well.
            ("root/x/deep", "link", true, true),
            ("root/x/deep", "other/link", true, true),
        ] {
            let reached = |path: &str, writable| {
                let path = if path.is_empty() { top.clone() } else { top.join(path) };
                Reached::new(Who::This, &path, writable)
            };
            assert_eq!(reached(reader, false).is_moved_by(&reached(writer, writable)), moved, "{reader} by {writer}");
        }
    }

    #[test]
    fn what_stands_in_each_others_way_is_told_by_name() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path().canonicalize().unwrap();
        fs::create_dir_all(top.join("root/x")).unwrap();
        let one =
            |name: &str, path: &str, writable| (name.to_owned(), Reached::new(Who::Another, &top.join(path), writable));
        let all = [one("a", "root", true), one("b", "root/x", false), one("c", "root", false), one("d", "other", true)];
        let found: Vec<String> = pairs(&all).into_iter().collect();
        let top = top.display();
        assert_eq!(found, [format!("`b` mounts `{top}/root/x`, and `a` can write `{top}/root` above it")]);
    }

    #[test]
    fn a_volume_is_the_path_that_it_names() {
        let volume = |options: &[(&str, &str)]| Volume {
            options: options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            ..Volume::default()
        };
        let bind = |o| volume(&[("type", "none"), ("o", o), ("device", "/srv")]);
        assert_eq!(device(&volume(&[])), None);
        assert_eq!(device(&bind("bind")), Some(("/srv".into(), true)));
        assert_eq!(device(&bind("bind,ro")), Some(("/srv".into(), false)));
        // Made by another program, or before these options were refused.
        assert_eq!(device(&bind("bind,ro,rw")), Some(("/srv".into(), true)));
        assert_eq!(device(&volume(&[("type", "tmpfs"), ("device", "tmpfs")])), None);
    }
}
