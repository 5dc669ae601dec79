//! The grant and the policy in front of every change.

use std::io;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use serde_json::json;
use windlass_domain::Failure;

use super::Docker;
use super::failure::failure;
use super::policy::{Policy, Protected, grant_lines};
use super::scope::ContainerGrant;
use super::walk;

/// Sockets through which a container could command an engine, besides the one that is used, and the directories in which
/// engines have more of them. A socket comes before the directory that it is in.
pub(super) const SOCKETS: &[&str] = &[
    "/var/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/run/crio/crio.sock",
    "/run/docker",
    "/run/containerd",
];

/// The directory of grants and secrets: a container that can write there could grant itself everything.
const CONFIGURATION: &str = "/etc/windlass";

/// What a policy borrows.
pub(super) struct Guard {
    grant: ContainerGrant,
    protected: Vec<Protected>,
}

impl Guard {
    /// What is granted.
    pub(super) fn grant(&self) -> &ContainerGrant {
        &self.grant
    }

    /// The policy for one call.
    pub(super) fn policy<'a>(&'a self, docker: &'a Docker) -> Policy<'a> {
        Policy {
            scope: &docker.scope,
            grant: &self.grant,
            protected: &self.protected,
            resolve: &resolve,
            beneath: &beneath,
            lacking: None,
        }
    }
}

impl Docker {
    /// Refuses without the grant to write.
    pub(super) fn may_write(&self) -> Result<&ContainerGrant, Failure> {
        self.grant.write.as_ref().ok_or_else(|| Failure {
            details: Some(json!({ "grant": grant_lines(&self.scope, &ContainerGrant::default()) })),
            ..failure("capability-denied", format!("plugin `{}` may not change anything in Docker", self.scope.plugin))
        })
    }

    /// The directories of other applications' release files: what a container writes there is deployed with the grants
    /// of those applications.
    fn of_other_applications(&self) -> Vec<PathBuf> {
        let all = &self.scope.applications_directory;
        // Two may be links to one directory.
        let own = resolve(&all.join(&self.scope.about.application)).ok();
        let entries = std::fs::read_dir(all).into_iter().flatten().flatten();
        let places = entries.filter_map(|entry| resolve(&entry.path()).ok());
        places.filter(|path| path.is_dir() && Some(path) != own.as_ref()).collect()
    }

    /// The grant, with the places of this host that it does not open.
    pub(super) async fn guard(&self) -> Result<Guard, Failure> {
        let grant = self.may_write()?.clone();
        let data_root = self.engine.data_root().await.map_err(|error| self.explain(error, "find the engine's data"))?;
        let place = |path: &Path, what, allow| {
            let path = resolve(path).unwrap_or_else(|_| path.to_owned());
            Protected { identity: walk::identity(&path), path, what, allow, readable: false, inside: true }
        };
        let mut protected: Vec<Protected> = SOCKETS
            .iter()
            .map(PathBuf::from)
            .chain([self.engine.socket()])
            .map(|socket| place(&socket, "the engine's socket", Some("docker-socket")))
            .collect();
        protected.push(place(data_root, "the engine's data", None));
        protected.push(place(Path::new(CONFIGURATION), "the operator's configuration", None));
        if !self.scope.state_directory.as_os_str().is_empty() {
            protected.push(place(&self.scope.state_directory, "the agent's state", None));
        }
        for guarded in self.scope.guarded.iter() {
            let written = Protected { path: guarded.path.clone(), ..place(&guarded.path, guarded.what, None) };
            let followed = place(&guarded.path, guarded.what, None);
            protected.extend([written, followed].map(|place| Protected { readable: guarded.readable, ..place }));
        }
        protected
            .extend(self.of_other_applications().iter().map(|path| place(path, "another application's files", None)));
        if self.scope.applications_directory.is_absolute() {
            let all = place(&self.scope.applications_directory, "the files of all applications", None);
            protected.push(Protected { inside: false, ..all });
        }
        Ok(Guard { grant, protected })
    }
}

/// Follows symbolic links as far as the path exists; what does not exist yet is kept as it is written.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    walk::way(path).map(|way| way.real)
}

/// Opens a path below a root as far as it exists; neither has links. One that was put there since is refused.
fn beneath(root: &Path, path: &Path) -> io::Result<()> {
    let Ok(mut inside) = path.strip_prefix(root) else { return Err(io::ErrorKind::NotFound.into()) };
    if inside.as_os_str().is_empty() {
        return Ok(());
    }
    let root = match Dir::open_ambient_dir(root, ambient_authority()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    while !inside.as_os_str().is_empty() {
        match root.canonicalize(inside) {
            Ok(real) if real == inside => return Ok(()),
            Ok(_) => return Err(io::Error::other("a symbolic link was put there")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                inside = inside.parent().unwrap_or(Path::new(""));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_leads_out_of_a_root_is_not_below_it() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path().canonicalize().unwrap();
        let root = top.join("root");
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::create_dir_all(top.join("outside")).unwrap();
        for (link, target) in [("out", "../outside"), ("absolute", "/"), ("inner", "a/b")] {
            symlink(target, root.join(link)).unwrap();
        }
        for path in ["", "a", "a/b", "new", "a/new/newer"] {
            beneath(&root, &if path.is_empty() { root.clone() } else { root.join(path) }).unwrap();
        }
        for path in ["out", "absolute/etc", "inner", "out/new"] {
            assert!(beneath(&root, &root.join(path)).is_err(), "{path}");
        }
        assert!(beneath(&root, &top.join("outside")).is_err());
        beneath(&top.join("nowhere"), &top.join("nowhere/a")).unwrap();
    }
}
