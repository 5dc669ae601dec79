//! The grant and the policy in front of every change.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;
use windlass_documents::Failure;

use super::Docker;
use super::failure::failure;
use super::policy::{Policy, Protected, grant_lines};
use super::scope::ContainerGrant;

/// Sockets through which a container could command an engine, besides the one that is used.
const SOCKETS: &[&str] = &["/var/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock"];

/// Where grants and secrets are: whoever writes there allows himself everything.
const CONFIGURATION: &str = "/etc/windlass";

/// What a policy borrows.
pub(super) struct Guard {
    grant: ContainerGrant,
    protected: Vec<Protected>,
}

impl Guard {
    /// The policy for one call.
    pub(super) fn policy<'a>(&'a self, docker: &'a Docker) -> Policy<'a> {
        Policy { scope: &docker.scope, grant: &self.grant, protected: &self.protected, resolve: &resolve }
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

    /// The grant, with the places of this host that it does not open.
    pub(super) async fn guard(&self) -> Result<Guard, Failure> {
        let grant = self.may_write()?.clone();
        let data_root = self.engine.data_root().await.map_err(|error| self.explain(error, "find the engine's data"))?;
        let place = |path: &Path, what, allow| Protected {
            path: resolve(path).unwrap_or_else(|_| path.to_owned()),
            what,
            allow,
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
        Ok(Guard { grant, protected })
    }
}

/// Follows symbolic links as far as the path exists; what does not exist yet is kept as it is written.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut missing = Vec::new();
    let mut existing = path;
    loop {
        match existing.canonicalize() {
            Ok(mut resolved) => {
                resolved.extend(missing.iter().rev());
                return Ok(resolved);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // A link that leads nowhere would lead somewhere once that is made.
                if existing.symlink_metadata().is_ok() {
                    return Err(error);
                }
                let (Some(parent), Some(name)) = (existing.parent(), existing.file_name()) else { return Err(error) };
                missing.push(name);
                existing = parent;
            }
            Err(error) => return Err(error),
        }
    }
}
