//! What the tests of the command line share: the binary, a host's directories, and output as text.

use std::path::PathBuf;

use windlass_stage::{Host, Run};

/// A host without an engine.
pub(crate) struct Stage {
    /// Its directories and the binary.
    pub host: Host,
    /// Removed at the end.
    root: tempfile::TempDir,
}

/// The `windlass` binary: what `cargo xtask test` built, or the one beside the test's own executable.
pub(crate) fn binary() -> PathBuf {
    if let Some(binary) = std::env::var_os("WINDLASS_BINARY") {
        return PathBuf::from(binary);
    }
    let test = std::env::current_exe().unwrap();
    let binary = test.parent().and_then(std::path::Path::parent).unwrap().join("windlass");
    assert!(binary.is_file(), "run `cargo build -p windlass` first: there is no {}", binary.display());
    binary
}

impl Stage {
    /// A host with empty directories and no `agent.toml`.
    pub(crate) fn new() -> Self {
        // Paths of one length everywhere, because the agent wraps its lines.
        let root = tempfile::Builder::new().tempdir_in("/tmp").unwrap();
        let host = Host::new(&binary(), root.path()).unwrap();
        Self { host, root }
    }

    /// Writes `agent.toml`.
    pub(crate) fn agent(&self, text: &str) {
        std::fs::write(self.host.root().join("agent.toml"), text).unwrap();
    }

    /// Writes an application's `release.toml`.
    pub(crate) fn release(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.host.application(name)).unwrap();
        std::fs::write(self.host.application(name).join("release.toml"), text).unwrap();
    }

    /// Writes an `agent.toml` that is right, for an engine that is not running.
    pub(crate) fn configured(&self) {
        self.host
            .configure(
                "environment = \"uat\"\nstate-directory = \"/var/lib/windlass\"\n\n\
                 [docker]\nendpoint = \"unix:///nowhere/docker.sock\"\n",
            )
            .unwrap();
    }

    /// Runs a command line, split at blanks, and gives all that a person sees, with the host's directory as `[HOST]`.
    pub(crate) fn tell(&self, line: &str) -> String {
        self.shown(&self.host.run(line.split_whitespace()).unwrap())
    }

    /// All that a person sees of a run.
    pub(crate) fn shown(&self, run: &Run) -> String {
        let text = |heading: &str, text: &str| match text {
            "" => String::new(),
            text => format!("--- {heading}\n{text}"),
        };
        let all = format!("exit {}\n{}{}", run.code, text("stdout", &run.stdout), text("stderr", &run.stderr));
        all.replace(&self.root.path().display().to_string(), "[HOST]")
    }
}
