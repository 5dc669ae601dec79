//! An application that takes a while to be deployed, on a booted system: by a command, because there is no engine in it.

use anyhow::Result;

use super::Booted;

/// What the operator allows, besides what the package brings.
const OPERATORS: &str = r#"
[[grants]]
plugin = "strategy-command"
exec = ["start"]

[commands.start]
path = "/usr/local/bin/start"
timeout = "20m"
"#;

/// The application.
const RELEASE: &str = r#"application = "slow"

[strategy]
plugin = "strategy-command"

[[strategy.with.steps]]
name = "start"
run = { command = "start" }
deadline = "20m"

[environments.unnamed]
"#;

/// Its start goes on until it is told to end, and says that it began.
const START: &str = "#!/bin/sh\ntouch /tmp/started\nwhile ! test -e /tmp/told; do sleep 0.2; done\n";

impl Booted {
    /// Installs the application `slow`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn has_slow_application(&self) -> Result<()> {
        self.run("mkdir -p /etc/windlass/applications/slow")?;
        for (text, place) in [
            (OPERATORS, ">> /etc/windlass/agent.toml"),
            (RELEASE, "> /etc/windlass/applications/slow/release.toml"),
            (START, "> /usr/local/bin/start"),
        ] {
            self.run(&format!("cat {place} <<'END'\n{text}END\n"))?;
        }
        self.run("chmod 755 /usr/local/bin/start").map(drop)
    }
}
