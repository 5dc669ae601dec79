//! The keys that run the gate: a line of `authorized_keys` for each.
//!
//! Only that file is written. The lines for sshd and the rule of agent.toml are shown: both are the operator's.

use std::path::{Path, PathBuf};

use windlass_api::facts::{Fact, FileFact, KeyFact};
use windlass_foundation::account;
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_foundation::regular;
use windlass_report::page::Line;
use windlass_report::{Printer, access as shown, host};
use windlass_service::{DEFAULT_CONFIG, access};
use windlass_ssh::authorized::file::{AuthorizedKeys, Place};
use windlass_ssh::authorized::{self, Entry};
use windlass_ssh::key::PublicKey;
use windlass_ssh::server;

use crate::cli::arguments::{Global, InstallArguments, PlaceArguments};
use crate::cli::error::CliError;
use crate::cli::init::ask;

/// The most bytes of a file with a public key.
const LIMIT: u64 = 64 * 1024;

/// Where the program is installed.
const USUAL: &[&str] = &["/usr/bin/windlass", "/usr/local/bin/windlass"];

/// Shows everything that lets a key in, asks, and writes its line.
pub(super) fn install(
    install: &InstallArguments,
    global: &Global,
    printer: Printer,
) -> Result<ExitCode, ExplainedError> {
    let text = regular::read(&install.key, LIMIT);
    let text = text.map_err(|source| CliError::Read { path: install.key.clone(), source })?;
    let key = PublicKey::read(&String::from_utf8_lossy(&text))?;
    let fingerprint = key.fingerprint();
    let program = program().map_err(CliError::Again)?;
    let config = global.config().map(|path| std::path::absolute(&path).unwrap_or(path));
    let entry = Entry::new(&install.name, key, &program, config.as_deref())?;
    let (place, user) = place(&install.place)?;
    let file = AuthorizedKeys::open(&place, !install.dry_run)?;
    let content = authorized::with(file.content(), &entry)?;

    let line = FileFact { path: file.path().display().to_string(), text: entry.line.clone(), written: false };
    if !printer.json() {
        printer.page(&host::file(&line));
    }
    let lines = server::lines(user.as_deref().unwrap_or("USER"));
    let config = config.unwrap_or_else(|| PathBuf::from(DEFAULT_CONFIG));
    for (path, text) in [(Path::new(server::PLACE), lines), (&config, rules(&fingerprint, install))] {
        let fact = FileFact { path: path.display().to_string(), text, written: false };
        if printer.json() {
            printer.fact(&Fact::File(fact));
        } else {
            printer.page(&host::file(&fact));
        }
    }
    if install.dry_run {
        if printer.json() {
            printer.fact(&fact(&entry, file.path(), "proposed"));
        }
        return Ok(ExitCode::Succeeded);
    }
    if !install.yes {
        ask(printer, &format!("Write the first into `{}`?", file.path().display()))?;
    }
    let kept = file.replace(&content)?;
    if printer.json() {
        printer.fact(&fact(&entry, file.path(), "added"));
    } else {
        wrote(file.path(), kept.as_deref(), printer);
        printer.status(&Line::plain(
            "next: put the other two where they belong, unless they are there; then `sshd -t` and reload sshd",
        ));
    }
    Ok(ExitCode::Succeeded)
}

/// This program by the name that stays when another version is installed: where it is usually found, it may be a link.
fn program() -> std::io::Result<PathBuf> {
    let this = std::env::current_exe()?;
    let is_this = |usual: &PathBuf| usual.canonicalize().is_ok_and(|found| found == this);
    Ok(USUAL.iter().map(PathBuf::from).find(is_this).unwrap_or(this))
}

/// The rules for what the key is to be allowed; how one looks where nothing was said.
fn rules(fingerprint: &str, install: &InstallArguments) -> String {
    if !install.allow.is_empty() {
        return access::rules(fingerprint, &install.allow);
    }
    let example = format!("[[access]]\nkeys = [\"{fingerprint}\"]\nmay = [\"read\"]\napplications = [\"APP\"]\n");
    let example = example.lines().flat_map(|line| ["# ", line, "\n"]).collect::<String>();
    format!(
        "# A key that no rule names may do nothing. `--allow 'read APP'` shows the rule; it looks like this:\n{example}"
    )
}

/// Lists the keys.
pub(super) fn list(place: &PlaceArguments, printer: Printer) -> Result<ExitCode, ExplainedError> {
    let file = AuthorizedKeys::open(&self::place(place)?.0, false)?;
    let path = file.path().display().to_string();
    let fact = |entry: &Entry| key(entry, file.path(), "there");
    let facts: Vec<KeyFact> = authorized::entries(file.content())?.iter().map(fact).collect();
    printer.list(facts, Fact::Key, |facts| shown::keys(facts, &path));
    Ok(ExitCode::Succeeded)
}

/// Removes a key.
pub(super) fn revoke(name: &str, place: &PlaceArguments, printer: Printer) -> Result<ExitCode, ExplainedError> {
    let file = AuthorizedKeys::open(&self::place(place)?.0, false)?;
    let (content, entry) = authorized::without(file.content(), name)?;
    let kept = file.replace(&content)?;
    if printer.json() {
        printer.fact(&fact(&entry, file.path(), "removed"));
        return Ok(ExitCode::Succeeded);
    }
    printer.status(&Line::plain(format!("removed `{name}`, {}: its next login is refused", entry.key.fingerprint())));
    wrote(file.path(), kept.as_deref(), printer);
    printer.status(&Line::plain(format!(
        "sessions that are open go on; these are theirs: `pgrep -af 'ssh-gate --key {} '`",
        name.replace('.', "[.]")
    )));
    printer.status(&Line::plain("the rule in agent.toml that names the fingerprint is yours to remove"));
    Ok(ExitCode::Succeeded)
}

fn wrote(path: &Path, kept: Option<&Path>, printer: Printer) {
    let kept = kept.map_or(String::new(), |kept| format!("; `{}` is the file from before", kept.display()));
    printer.status(&Line::plain(format!("wrote `{}`{kept}", path.display())));
}

fn key(entry: &Entry, path: &Path, state: &str) -> KeyFact {
    KeyFact {
        name: entry.name.clone(),
        fingerprint: entry.key.fingerprint(),
        file: path.display().to_string(),
        line: entry.line.clone(),
        state: state.to_owned(),
    }
}

fn fact(entry: &Entry, path: &Path, state: &str) -> Fact {
    Fact::Key(key(entry, path, state))
}

/// Which file is meant, and whose it is, where that is known.
fn place(typed: &PlaceArguments) -> Result<(Place, Option<String>), CliError> {
    if let Some(file) = &typed.file {
        return Ok((Place::File(file.clone()), None));
    }
    let uid = rustix::process::getuid().as_raw();
    let (found, name) = match &typed.user {
        Some(name) => (account::login_of(name), name.clone()),
        None => (account::login(uid), uid.to_string()),
    };
    let login = found.ok_or(CliError::NoUser { name })?;
    let place = Place::User { user: login.account.user, group: login.account.group, home: login.home };
    Ok((place, Some(login.name)))
}
