//! A policy over a pretended host, for what tries it: `/srv/kudos` is granted, `/srv/kudos/link` leads to `/`.

use windlass_foundation::call::CallContext;

use super::{BTreeSet, ContainerGrant, DockerScope, Path, PathBuf, Policy, Protected, io};

/// What the policy borrows.
pub(super) struct Pretended {
    pub(super) scope: DockerScope,
    pub(super) grant: ContainerGrant,
    pub(super) protected: Vec<Protected>,
}

impl Pretended {
    pub(super) fn new() -> Self {
        let place = |path: &str, what, allow| Protected {
            path: path.into(),
            identity: None,
            readable: false,
            inside: true,
            what,
            allow,
        };
        Self {
            scope: DockerScope {
                plugin: "strategy-compose".to_owned(),
                about: CallContext { application: "kudos".to_owned(), ..CallContext::default() }.into(),
                projects: BTreeSet::from(["kudos".to_owned()]),
                bundle: Some("/state/bundles/sha256/ab".into()),
                state_directory: "/state".into(),
                ..DockerScope::default()
            },
            grant: ContainerGrant { bind_roots: vec!["/srv/kudos".into()], ..ContainerGrant::default() },
            protected: vec![
                place("/run/docker.sock", "the engine's socket", Some("docker-socket")),
                place("/var/lib/docker", "the engine's data", None),
                place("/state", "the agent's state", None),
            ],
        }
    }

    pub(super) fn policy(&self) -> Policy<'_> {
        Policy {
            scope: &self.scope,
            grant: &self.grant,
            protected: &self.protected,
            resolve: &links,
            beneath: &|_, _| Ok(()),
            lacking: None,
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands for one that can fail")]
fn links(path: &Path) -> io::Result<PathBuf> {
    for (link, target) in [
        ("/srv/kudos/link", "/"),
        ("/var/run", "/run"),
        ("/srv/kudos/sock", "/run/docker.sock"),
        ("/state/bundles/sha256/ab/out", "/etc"),
    ] {
        if let Ok(rest) = path.strip_prefix(link) {
            return Ok(if rest.as_os_str().is_empty() { target.into() } else { Path::new(target).join(rest) });
        }
    }
    Ok(path.to_owned())
}
