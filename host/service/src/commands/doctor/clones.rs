//! Clones of git repositories that the operator's commands name: is each there, has the remote the branch, would it be
//! pushed to.
//!
//! What a command is for, only a plugin knows. A program called `git` with `-C DIRECTORY` is looked at as what it is. It is
//! asked as that command would be, with its user and environment, and nothing is changed: not here, not at the remote.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use windlass_api::facts::DoctorFact;
use windlass_capability::Scope;
use windlass_capability::exec::{self, Exec, Output};
use windlass_capability::grants::Grants;
use windlass_capability::secrets::{HostKey, PluginSecrets, Secrets};
use windlass_config::{Command, Config, Grant};
use windlass_foundation::call::CallContext;
use windlass_foundation::identity::{Ask, Identity, Kind};
use windlass_foundation::redact::Redactor;

use super::{bad, warn, well};

const SUBJECT: &str = "clones";

/// How long a remote is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The name under which a command is run.
const PLUGIN: &str = "windlass doctor";

/// What is made of one command for looking.
const LOOK: &str = "look";

/// What a command of git's is about.
struct Git<'c> {
    name: &'c str,
    command: &'c Command,
    clone: &'c str,
    /// `fetch`, `push`, `cat-file` and so on, with what follows.
    words: Vec<&'c str>,
}

/// Looks at each clone once, and asks each remote for what is fetched from it and pushed to it.
pub(super) async fn clones(config: &Config, facts: &mut Vec<DoctorFact>) {
    let mut looked = BTreeSet::new();
    let mut broken = BTreeSet::new();
    let commands: Vec<Git<'_>> = config.commands.iter().filter_map(|(name, command)| git(name, command)).collect();
    for git in &commands {
        let new = looked.insert((git.clone, git.command.user.clone()));
        if new && !is_there(config, git, facts).await {
            broken.insert(git.clone);
        }
    }
    for git in commands.iter().filter(|git| !broken.contains(git.clone)) {
        match git.words.split_first() {
            Some((&"fetch", rest)) => fetched(config, git, rest, facts).await,
            Some((&"push", rest)) => pushed(config, git, rest, facts).await,
            _ => {}
        }
    }
}

/// A command of git's that names a clone.
fn git<'c>(name: &'c str, command: &'c Command) -> Option<Git<'c>> {
    let is_git = command.path.file_name().is_some_and(|program| program == "git");
    let mut arguments = command.arguments.iter().map(String::as_str);
    let clone = (arguments.next()? == "-C").then(|| arguments.next()).flatten()?;
    let words: Vec<&str> = arguments.collect();
    // Which directory it is, is known only when it runs.
    (is_git && !clone.contains('{')).then_some(Git { name, command, clone, words })
}

async fn is_there(config: &Config, git: &Git<'_>, facts: &mut Vec<DoctorFact>) -> bool {
    let (clone, name) = (git.clone, git.name);
    if !Path::new(clone).is_dir() {
        let seen = format!("`{clone}`, which the command `{name}` works in, is not there");
        facts.push(bad(SUBJECT, seen, Some(format!("make it: `git clone --bare URL {clone}`"))));
        return false;
    }
    match ask(config, git, &["rev-parse", "--git-dir"]).await {
        Ok(output) if output.exit_code == 0 => true,
        answer => {
            let seen = format!("the command `{name}` cannot work in `{clone}`: {}", words(answer));
            let remedy = "make it a clone that belongs to the command's `user`";
            facts.push(bad(SUBJECT, seen, Some(remedy.to_owned())));
            false
        }
    }
}

/// Whether the remote has what is fetched.
async fn fetched(config: &Config, git: &Git<'_>, rest: &[&str], facts: &mut Vec<DoctorFact>) {
    let mut given = rest.iter().filter(|word| !word.starts_with('-'));
    let (Some(remote), Some(refspec)) = (given.next(), given.next()) else { return };
    let branch = refspec.trim_start_matches('+').split(':').next().unwrap_or_default();
    if branch.is_empty() || branch.contains(['*', '{']) {
        return;
    }
    let (name, clone) = (git.name, git.clone);
    match ask(config, git, &["ls-remote", "--exit-code", remote, branch]).await {
        Ok(output) if output.exit_code == 0 => {
            facts.push(well(SUBJECT, format!("the remote `{remote}` of `{clone}` has `{branch}`")));
        }
        // As git documents it: nothing matches.
        Ok(output) if output.exit_code == 2 => {
            let seen =
                format!("the remote `{remote}` of `{clone}` has no `{branch}`, which the command `{name}` fetches");
            facts.push(bad(
                SUBJECT,
                seen,
                Some("push a first commit to it, or correct the command in agent.toml".to_owned()),
            ));
        }
        answer => {
            let seen = format!("the command `{name}` would not reach `{remote}` of `{clone}`: {}", words(answer));
            facts.push(warn(SUBJECT, seen, "put right the address, the key or the network; what waits is told later"));
        }
    }
}

/// Whether the remote would be written to: git asks it for leave, and sends nothing.
async fn pushed(config: &Config, git: &Git<'_>, rest: &[&str], facts: &mut Vec<DoctorFact>) {
    let mut given = rest.iter().filter(|word| !word.starts_with('-'));
    let (Some(remote), Some(refspec)) = (given.next(), given.next()) else { return };
    let Some((_, branch)) = refspec.split_once(':') else { return };
    // What stands there already, so that there would be nothing to write.
    let listed = match ask(config, git, &["ls-remote", remote, branch]).await {
        Ok(output) if output.exit_code == 0 => output,
        // What is fetched from it says so.
        _ => return,
    };
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let Some(commit) = listed.split_ascii_whitespace().next() else { return };
    // Only what is here can be pushed; the next fetch brings it.
    if !matches!(ask(config, git, &["cat-file", "-e", commit]).await, Ok(output) if output.exit_code == 0) {
        return;
    }
    let refspec = format!("{commit}:{branch}");
    let (name, clone) = (git.name, git.clone);
    match ask(config, git, &["push", "--dry-run", "--porcelain", remote, &refspec]).await {
        Ok(output) if output.exit_code == 0 => {
            facts.push(well(
                SUBJECT,
                format!("the remote `{remote}` of `{clone}` lets `{branch}` be pushed, as far as it says"),
            ));
        }
        answer => {
            let seen = format!("the command `{name}` would not push to `{remote}` of `{clone}`: {}", words(answer));
            facts.push(warn(
                SUBJECT,
                seen,
                "let the command's key or token write to the repository; what waits is told later",
            ));
        }
    }
}

/// Runs git as the command does, with other words.
async fn ask(config: &Config, git: &Git<'_>, words: &[&str]) -> Result<Output, String> {
    let arguments = ["-C", git.clone].iter().chain(words).map(|word| (*word).to_owned()).collect();
    let looking = Command {
        arguments,
        allow_arguments: Vec::new(),
        timeout: git.command.timeout.min(PATIENCE),
        ..git.command.clone()
    };
    let commands = Arc::new(BTreeMap::from([(LOOK.to_owned(), looking)]));
    let names = exec::secret_names(&commands, &BTreeSet::from([LOOK.to_owned()]));
    let redactor = Redactor::new();
    // Fingerprints are not shown, so any key does.
    let key = HostKey::from_bytes(&[0; 32]);
    let secrets = Secrets::resolve_all(&config.secrets, names.iter().map(String::as_str), &key, &redactor)
        .map_err(|error| error.to_string())?;
    let grant = Grant {
        plugin: PLUGIN.to_owned(),
        exec: vec![LOOK.to_owned()],
        secrets: names.into_iter().collect(),
        ..Grant::default()
    };
    let asks = ["exec", "secrets"].map(|name| Ask {
        name: name.to_owned(),
        reason: String::new(),
        root: None,
        write: false,
        optional: false,
    });
    let grants = Arc::new(Grants::decide(scope(config), &asks, &[grant]));
    let exec = Exec::new(Arc::clone(&grants), commands, PluginSecrets::new(secrets, grants));
    exec.run(LOOK, &[], Vec::new()).await.map_err(|failure| failure.message)
}

/// The scope of the check: the agent itself, as if it were a plugin that it carries.
fn scope(config: &Config) -> Scope {
    Scope {
        about: CallContext { environment: config.environment.clone(), ..CallContext::default() }.into(),
        plugin: Identity { name: PLUGIN.to_owned(), version: String::new(), digest: String::new() },
        bundled: true,
        kind: Kind::Recorder,
    }
}

/// What git said, on one line.
fn words(answer: Result<Output, String>) -> String {
    match answer {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
            let text: String = text.chars().take(300).collect();
            if text.is_empty() { format!("it ended with {}", output.exit_code) } else { text }
        }
        Err(why) => why,
    }
}
