//! Data of the application: what its files mount by relative paths and containers write.
//!
//! In a checkout such a directory lies beside the Compose file. A release is not written to, so its data live below a
//! directory of the host, at the same path as below the project's directory. Nothing is asked of a file system here.

use std::collections::BTreeSet;

use crate::{Application, Mount, MountKind, Path, Position, Problem};

/// Where the data of an application are.
pub struct DataRoot<'a> {
    /// The absolute path of the directory on the host; or, where there is none, what to do about that.
    pub root: Result<&'a str, &'a str>,
    /// The project's directory: that of the first Compose file, relative to the root of the files.
    pub project: &'a str,
    /// Whether a file or directory comes with the release, by its path from the root of the files.
    pub is_released: &'a dyn Fn(&str) -> bool,
}

/// A relative path that a container may write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataMount<'a> {
    /// The service.
    pub service: &'a str,
    /// The path from the root of the files.
    pub path: &'a str,
    /// The path in the container.
    pub target: &'a str,
    /// Where it was written.
    pub position: &'a Position,
}

impl Application {
    /// The relative paths that containers may write to.
    pub fn data_mounts(&self) -> impl Iterator<Item = DataMount<'_>> {
        self.services.values().flat_map(|service| {
            service.mounts.iter().filter_map(|mount| {
                let path = source(mount).filter(|_| !mount.read_only)?;
                Some(DataMount { service: &service.name, path, target: &mount.target, position: &mount.position })
            })
        })
    }

    /// Puts the data where they are on the host: what a container may write to by a relative path, and the same paths
    /// where others only read them. What cannot be there is told, and left as it is.
    pub fn place_data(&mut self, data: &DataRoot<'_>) -> Vec<Problem> {
        let written: BTreeSet<String> = self.data_mounts().map(|mount| mount.path.to_owned()).collect();
        let mut problems = Vec::new();
        for service in self.services.values_mut() {
            for mount in &mut service.mounts {
                let Some(path) = source(mount).filter(|path| written.contains(*path)) else { continue };
                // A mount that only reads files of the release gets them from the release.
                if mount.read_only && (data.is_released)(path) {
                    continue;
                }
                match data.place(path, &format!("services.{}.volumes", service.name), &mount.position) {
                    Ok(place) => {
                        if let MountKind::Bind { source, .. } = &mut mount.kind {
                            *source = Path::Host(place);
                        }
                    }
                    Err(problem) => problems.push(problem),
                }
            }
        }
        problems
    }
}

impl DataRoot<'_> {
    fn place(&self, path: &str, what: &str, position: &Position) -> Result<String, Problem> {
        let shown = if path.is_empty() { "." } else { path };
        let inside = match self.project {
            "" => Some(path),
            project => path.strip_prefix(project).and_then(|rest| rest.strip_prefix('/')),
        };
        if (self.is_released)(path) {
            let home = match (self.root, inside) {
                (Ok(root), Some(inside)) => format!(", and move it to `{root}/{inside}`"),
                _ => String::new(),
            };
            let message = format!("`{what}`: `{shown}` comes with the release, which no container may change");
            return Err(Problem::at(position, message).hint(format!(
                "write `:ro` where the container only reads it; where it is data, name it in .windlassignore, so that it is \
                 no part of the release{home}"
            )));
        }
        let Some(inside) = inside else {
            let message = format!(
                "`{what}`: `{shown}` is outside of `{}`, the directory of the first Compose file, and an application's data \
                 are below it",
                self.project
            );
            return Err(Problem::at(position, message).hint("move it below, or use a named volume or an absolute path"));
        };
        match self.root {
            Ok(root) => Ok(format!("{}/{inside}", root.trim_end_matches('/'))),
            Err(hint) => {
                let message = format!(
                    "`{what}`: the container may write to `{shown}`, and the operator has granted the application no \
                     directory for its data"
                );
                Err(Problem::at(position, message).hint(hint))
            }
        }
    }
}

/// The relative path that a mount is of.
fn source(mount: &Mount) -> Option<&str> {
    match &mount.kind {
        MountKind::Bind { source: Path::Bundle(path), .. } => Some(path),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{Options, load};

    fn placed(file: &str, volumes: &str, root: Result<&str, &str>) -> (Vec<String>, Vec<Problem>) {
        let text = format!(
            "services:\n  db: {{ image: db, volumes: [{volumes}] }}\n  job: {{ image: db, volumes: ['./data:/d:ro'] }}\n"
        );
        let files = BTreeMap::from([(file.to_owned(), text.into_bytes())]);
        let loaded = load(&files, &Options { files: vec![file.to_owned()], ..Options::default() }).unwrap();
        let mut application = loaded.application;
        let project = crate::paths::directory(file);
        let is_released = |path: &str| path.is_empty() || path == project || path.ends_with("html");
        let problems = application.place_data(&DataRoot { root, project, is_released: &is_released });
        let shown = application.services.values().flat_map(|service| &service.mounts).map(|mount| match &mount.kind {
            MountKind::Bind { source: Path::Host(path), .. } => path.clone(),
            MountKind::Bind { source: Path::Bundle(path), .. } => format!("bundle {path}"),
            other => format!("{other:?}"),
        });
        (shown.collect(), problems)
    }

    #[test]
    fn what_is_written_is_below_the_root_and_the_rest_stays() {
        let root = Ok("/srv/data/kudos/");
        let (paths, problems) = placed("compose.yaml", "./data:/d, './a/../b//c:/c', './html:/h:ro', /srv/x:/x", root);
        assert_eq!(problems, []);
        let expected = ["/srv/data/kudos/data", "/srv/data/kudos/b/c", "bundle html", "/srv/x", "/srv/data/kudos/data"];
        assert_eq!(paths, expected);
        // Below the project's directory, as Docker Compose has it.
        assert_eq!(
            placed("deploy/compose.yaml", "./data:/d", root).0,
            ["/srv/data/kudos/data", "/srv/data/kudos/data"]
        );
        // What only is read comes with the release.
        assert_eq!(placed("compose.yaml", "'./conf:/c:ro'", root).0, ["bundle conf", "bundle data"]);
    }

    #[test]
    fn what_cannot_be_data_is_told_with_what_to_do() {
        let root = Ok("/srv/data/kudos");
        for (file, volumes, root, message, hint) in [
            ("compose.yaml", "./html:/h", root, "`html` comes with the release", "move it to `/srv/data/kudos/html`"),
            ("compose.yaml", "./html:/h", Err("lines"), "`html` comes with the release", "no part of the release"),
            ("compose.yaml", ".:/app", root, "`.` comes with the release", "`:ro`"),
            ("deploy/compose.yaml", "../data:/d", root, "is outside of `deploy`", "named volume"),
            ("deploy/compose.yaml", "../deploy-too/data:/d", root, "is outside of `deploy`", "named volume"),
            ("compose.yaml", "./data:/d", Err("lines"), "granted the application no directory", "lines"),
        ] {
            let (_, problems) = placed(file, volumes, root);
            let told = &problems[0];
            assert!(told.message.contains(message) && told.message.contains("services.db.volumes"), "{told:?}");
            assert!(told.hint.as_deref().unwrap_or_default().contains(hint), "{told:?}");
            assert_eq!(told.position.as_ref().map(|position| position.line), Some(2));
        }
    }
}
