//! The operator's file, and the secrets that it names.

use std::sync::Arc;
use windlass_api::facts::DoctorFact;
use windlass_capability::exec::distrust;
use windlass_capability::secrets::HostKey;
use windlass_capability::secrets::Secrets;
use windlass_config::Config;
use windlass_foundation::account;
use windlass_foundation::explain::{list, quoted};
use windlass_foundation::redact::Redactor;
use windlass_foundation::words;

use super::{bad, broken, note, warn, well};
use crate::run::Run;

/// Reads the file; none when it is wrong, and then there is nothing else to look at.
pub(super) fn file(run: &Run, facts: &mut Vec<DoctorFact>) -> Option<Arc<Config>> {
    let subject = "operator's file";
    let config = match run.config() {
        Ok(config) => config,
        Err(fault) => {
            facts.extend(broken(subject, fault.error()));
            return None;
        }
    };
    match &config.file {
        Some(path) => facts.push(well(
            subject,
            format!(
                "{}: environment `{}`, {}, {}",
                path.display(),
                config.environment,
                words::count(config.grants.len(), "grant"),
                words::count(config.secrets.len(), "secret"),
            ),
        )),
        None => facts.push(note(subject, "there is none; defaults apply, and plugins are granted nothing")),
    }
    for warning in &config.warnings {
        facts.push(warn(subject, warning, "the file decides what plugins may do: only its owner should write it"));
    }
    Some(config)
}

/// Reads every secret and forgets it again.
pub(super) fn secrets(config: &Config, facts: &mut Vec<DoctorFact>) {
    if config.secrets.is_empty() {
        return;
    }
    // Fingerprints are not shown, so any key does; the host's own may not exist yet.
    let key = HostKey::from_bytes(&[0; 32]);
    let before = facts.len();
    let mut short = Vec::new();
    for name in config.secrets.keys() {
        match Secrets::resolve_all(&config.secrets, [name.as_str()], &key, &Redactor::new()) {
            Ok(secrets) => short.extend(secrets.short().map(str::to_owned)),
            Err(error) => facts.extend(broken("secrets", &error)),
        }
    }
    if facts.len() == before {
        facts.push(well("secrets", format!("{} can be read", words::count(config.secrets.len(), "secret"))));
    }
    if !short.is_empty() {
        let seen = format!("the value of {} is too short to be kept out of logs", quoted(&short));
        facts.push(warn(
            "secrets",
            seen,
            "a user's name may be; choose a longer value for anything that is to stay secret",
        ));
    }
    let granted = |name: &String| {
        config.grants.iter().any(|grant| {
            let sent = grant.http.iter().flat_map(|http| &http.secrets);
            grant.secrets.iter().chain(&grant.reveal).chain(sent).any(|granted| granted == name)
        }) || config.registries.values().any(|registry| registry.password_secret.as_ref() == Some(name))
    };
    let unused: Vec<String> =
        config.secrets.keys().filter(|name| !granted(name)).map(|name| format!("`{name}`")).collect();
    if !unused.is_empty() {
        facts.push(note("secrets", format!("{} can be used by no plugin: no grant names it", list(&unused))));
    }
}

/// Reports whether each program that plugins may run exists, can be executed, and can be changed only by root and the
/// agent's user.
pub(super) fn commands(config: &Config, facts: &mut Vec<DoctorFact>) {
    let before = facts.len();
    for (name, command) in &config.commands {
        if !command.path.is_file() {
            let seen = format!("the command `{name}` is `{}`, which is not there", command.path.display());
            facts.push(bad("commands", seen, Some("install it, or correct `path` in agent.toml".to_owned())));
        } else if rustix::fs::access(&command.path, rustix::fs::Access::EXEC_OK).is_err() {
            let seen = format!("the command `{name}` is `{}`, which cannot be executed", command.path.display());
            facts.push(bad("commands", seen, Some(format!("`chmod +x {}`", command.path.display()))));
        } else if let Some(why) = distrust(&command.path) {
            let seen = format!("the command `{name}` is not run: `{}` {why}", command.path.display());
            let remedy =
                "only root and the agent's user may write the program, the directories on its path and the links";
            facts.push(bad("commands", seen, Some(remedy.to_owned())));
        } else if !command.directory.is_dir() {
            let seen = format!("the command `{name}` works in `{}`, which is not there", command.directory.display());
            facts.push(bad("commands", seen, Some("make it, or correct `directory` in agent.toml".to_owned())));
        } else if let Some(Err(why)) = command.user.as_deref().map(account::user) {
            let user = command.user.as_deref().unwrap_or_default();
            let seen = format!("the command `{name}` is not run: its user `{user}` {why}");
            facts.push(bad("commands", seen, Some("add the user, or correct `user` in agent.toml".to_owned())));
        }
        if !config.grants.iter().any(|grant| grant.exec.contains(name)) {
            facts.push(note("commands", format!("`{name}` can be run by no plugin: no grant names it")));
        }
    }
    if facts.len() == before && !config.commands.is_empty() {
        facts.push(well("commands", format!("{} can be run", words::count(config.commands.len(), "command"))));
    }
}
