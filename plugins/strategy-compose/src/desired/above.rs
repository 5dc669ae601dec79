//! Host paths that one service mounts below a directory that a service can write: a process that writes there can put a
//! link in the place of what is mounted, and the engine follows it at the next start. The host refuses such containers
//! when they are made; this module already reports them in the plan, with the line.

use std::path::Path as HostPath;

use windlass_compose::{Application, FileSource, MountKind, Path, Position, Problem};

/// A host path of a service.
struct Mounted<'a> {
    service: &'a str,
    path: &'a str,
    writable: bool,
    position: &'a Position,
}

/// Looks at all services together.
pub(super) fn add(application: &Application, problems: &mut Vec<Problem>) {
    let all = mounted(application);
    for reader in &all {
        let is_above = |writer: &&Mounted<'_>| {
            writer.writable
                && HostPath::new(reader.path) != HostPath::new(writer.path)
                && HostPath::new(reader.path).starts_with(writer.path)
        };
        let Some(writer) = all.iter().find(is_above) else { continue };
        let message = format!(
            "`services.{}.volumes`: `{}` is inside `{}`, which the service `{}` can write: it could put a link to anywhere \
             on the host in its place",
            reader.service, reader.path, writer.path, writer.service
        );
        let hint = format!(
            "mount `{0}` itself in both, or mount `{0}` read-only in `{1}`, or give each service a directory beside the \
             other's",
            writer.path, writer.service
        );
        problems.push(Problem::at(reader.position, message).hint(hint));
    }
}

fn mounted(application: &Application) -> Vec<Mounted<'_>> {
    let mut all = Vec::new();
    for service in application.services.values() {
        for mount in &service.mounts {
            let mut read_only = mount.read_only;
            let (path, open) = match &mount.kind {
                MountKind::Bind { source: Path::Host(path), options } => {
                    // Then only the directory itself is read-only, and not the file systems below it.
                    let recursive = options.as_ref().and_then(|options| options.recursive.as_deref());
                    read_only &= recursive != Some("writable");
                    (path.as_str(), true)
                }
                MountKind::Volume { name: Some(key), .. } => match device(application, key) {
                    Some(found) => found,
                    None => continue,
                },
                _ => continue,
            };
            let writable = open && !read_only;
            all.push(Mounted { service: &service.name, path, writable, position: &mount.position });
        }
        let sources = [(&service.secrets, &application.secrets), (&service.configs, &application.configs)];
        for (references, sources) in sources {
            for reference in references {
                if let Some(FileSource::File(Path::Host(path))) =
                    sources.get(&reference.source).map(|source| &source.source)
                {
                    let position = &reference.position;
                    all.push(Mounted { service: &service.name, path, writable: false, position });
                }
            }
        }
    }
    all
}

/// The host path behind a volume, and whether it can be written.
fn device<'a>(application: &'a Application, key: &str) -> Option<(&'a str, bool)> {
    let options = &application.volumes.get(key)?.driver_opts;
    let flags = options.get("o").map(String::as_str).unwrap_or_default();
    let has = |word: &str| flags.split(',').any(|flag| flag == word);
    let device = options.get("device").map(String::as_str).filter(|device| device.starts_with('/'))?;
    (has("bind") || has("rbind")).then(|| (device, !has("ro")))
}
