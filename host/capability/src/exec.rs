//! Commands that the operator defined by name. There is no shell and no way to name a program.
//!
//! A command runs with nothing of the agent's environment, in a process group of its own that is killed as a whole
//! when the command ends, when time runs out, and when the call is dropped. A process that starts a new session
//! leaves the group; commands that make daemons do not belong here.

mod arguments;
mod options;
mod output;
mod program;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Child;
use windlass_config::Command;
use windlass_config::template::secrets_of;
use windlass_domain::Failure;
use windlass_foundation::account;
use windlass_foundation::private;
use zeroize::Zeroizing;

use super::failure::{failure, passing};
use super::grants::{Grants, Permission};
use super::secrets::PluginSecrets;

/// How long the output of what has ended is waited for: only what left the process group can still hold it open.
const DRAIN: Duration = Duration::from_secs(1);

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The exit code; 128 and the signal's number when a signal ended it.
    pub exit_code: i32,
    /// The beginning of standard output, redacted.
    pub stdout: Vec<u8>,
    /// The end of standard error, redacted.
    pub stderr: Vec<u8>,
    /// Whether anything was cut.
    pub truncated: bool,
}

/// The operator's commands as one plugin call sees them.
#[derive(Debug, Clone)]
pub struct Exec {
    grants: Arc<Grants>,
    commands: Arc<BTreeMap<String, Command>>,
    secrets: PluginSecrets,
}

/// Names of the secrets that commands need in their environment.
#[must_use]
pub fn secret_names(commands: &BTreeMap<String, Command>, granted: &BTreeSet<String>) -> BTreeSet<String> {
    let used = commands.iter().filter(|(name, _)| granted.contains(*name));
    used.flat_map(|(_, command)| command.environment.values().flat_map(|value| secrets_of(value))).collect()
}

/// Why a program is not run, as the end of a sentence that begins with its path; none when it is.
#[must_use]
pub fn distrust(program: &Path) -> Option<String> {
    program::check(program).err()
}

impl Exec {
    /// Commands for one plugin call.
    #[must_use]
    pub fn new(grants: Arc<Grants>, commands: Arc<BTreeMap<String, Command>>, secrets: PluginSecrets) -> Self {
        Self { grants, commands, secrets }
    }

    /// `exec.run`. Dropping the future kills the command and all of its process group.
    pub async fn run(&self, name: &str, arguments: &[String], stdin: Vec<u8>) -> Result<Output, Failure> {
        self.grants.check(&Permission::Exec(name.to_owned()))?;
        let command = self.commands.get(name).ok_or_else(|| {
            let missing = failure("not-found", format!("there is no command `{name}`"));
            missing.hint(format!("add to `agent.toml`: a section `[commands.{name}]`"))
        })?;
        let arguments = arguments::build(name, command, arguments, self.grants.scope())?;
        program::check(&command.path).map_err(|why| {
            let message = format!("the command `{name}` is not run: `{}` {why}", command.path.display());
            failure("unavailable", message).hint(
                "a program and the directories on its path must belong to root or the agent's user, and no other user may write them",
            )
        })?;
        let mut child = self.start(name, command, &arguments)?;
        let group = Group::of(&child);
        let waited = tokio::time::timeout(command.timeout, self.finish(&mut child, &group, command, stdin)).await;
        drop(group);
        waited.unwrap_or_else(|_| {
            let message = format!("the command `{name}` was killed: it did not end within {:?}", command.timeout);
            Err(passing("timeout", message))
        })
    }

    fn start(&self, name: &str, command: &Command, arguments: &[String]) -> Result<Child, Failure> {
        let mut process = tokio::process::Command::new(&command.path);
        process.args(arguments).env_clear().current_dir(&command.directory).process_group(0).kill_on_drop(true);
        for (variable, value) in &command.environment {
            let value = self.fill(value)?;
            process.env(variable, value.as_str());
        }
        if let Some(user) = &command.user {
            let account = account::find(user).map_err(|why| {
                failure("unavailable", format!("the command `{name}` is not run: its user `{user}` {why}"))
            })?;
            let agent = rustix::process::geteuid();
            if agent.is_root() {
                // The standard library also clears the supplementary groups.
                process.uid(account.user).gid(account.group);
            } else if agent.as_raw() != account.user {
                let message = format!("the command `{name}` is not run: only root can become `{user}`");
                return Err(failure("unavailable", message));
            }
        }
        process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // It makes its files as the operator's own shell would, not as closed as the agent's.
        private::with_users_mask(|| process.spawn())
            .map_err(|error| failure("unavailable", format!("the command `{name}` cannot be started: {error}")))
    }

    /// Feeds the command, reads what it writes, and waits for its end.
    async fn finish(
        &self,
        child: &mut Child,
        group: &Group,
        command: &Command,
        stdin: Vec<u8>,
    ) -> Result<Output, Failure> {
        let mut stdout = output::begin(child.stdout.take(), command.max_output);
        let mut stderr = output::end(child.stderr.take(), command.max_output);
        let mut input = child.stdin.take();
        let (status, whole) = {
            let feeding = async {
                if let Some(mut input) = input.take() {
                    // A command that does not read its input is no error.
                    let _ = input.write_all(&stdin).await;
                }
                std::future::pending().await
            };
            let ending = async {
                let status = tokio::select! { status = child.wait() => status, status = feeding => status };
                group.kill();
                status
            };
            let reading = async { tokio::join!(stdout.read(), stderr.read()) };
            tokio::pin!(ending, reading);
            let mut whole = false;
            let status = loop {
                tokio::select! {
                    status = &mut ending => break status,
                    _ = &mut reading, if !whole => whole = true,
                }
            };
            // Reading ends when every process that can write has closed its end.
            whole = whole || tokio::time::timeout(DRAIN, reading).await.is_ok();
            (status, whole)
        };
        let status = status.map_err(|error| failure("internal", format!("the command's end was lost: {error}")))?;
        let redactor = self.secrets.redactor();
        Ok(Output {
            exit_code: status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default()),
            truncated: stdout.is_cut() || stderr.is_cut() || !whole,
            stdout: stdout.redacted(redactor),
            stderr: stderr.redacted(redactor),
        })
    }

    /// The operator's own text, with `{secret:NAME}` replaced. No grant is asked: the operator wrote it.
    fn fill(&self, text: &str) -> Result<Zeroizing<String>, Failure> {
        let mut filled = Zeroizing::new(text.to_owned());
        for name in secrets_of(text) {
            let value = self.secrets.for_operator(&name)?;
            filled = Zeroizing::new(filled.replace(&format!("{{secret:{name}}}"), &value));
        }
        Ok(filled)
    }
}

/// A command's process group, killed on drop: when the command has ended or the call stops waiting for it.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    fn kill(&self) {
        if let Some(group) = self.0 {
            // A group without processes is no error: that is the wanted result.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests;
