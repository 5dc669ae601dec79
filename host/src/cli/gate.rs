//! `windlass ssh-gate`: the command that sshd runs for a key, and the keys that it is run for.
//!
//! The gate has two halves. The first takes what sshd says of the session from its environment, and starts the same program in
//! its place with an environment of its own. So no variable that a client, a shell or a user's files set reaches a command,
//! whichever library would have read it. The second half reads the command with a narrower grammar, and has it carried out like
//! any other, on behalf of the key. What the key may do is decided where it is for every caller, in the service.

mod grammar;
mod keys;

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use windlass_api::ErrorFact;
use windlass_foundation::account;
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_foundation::principal::{Certificate, Principal, Proof};
use windlass_foundation::private::with_users_mask;
use windlass_report::Printer;
use windlass_ssh::session;

use super::arguments::{EnterArguments, GateArguments, GateCommand, Global};
use super::error::CliError;

use grammar::Unread;

/// Where programs are looked for, as for a service of systemd.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs the gate, or does something about its keys.
pub(super) fn run(arguments: &GateArguments, global: &Global, printer: Printer) -> Result<ExitCode, ExplainedError> {
    match &arguments.command {
        Some(GateCommand::Install(install)) => keys::install(install, global, printer),
        Some(GateCommand::List { place }) => keys::list(place, printer),
        Some(GateCommand::Revoke { name, place }) => keys::revoke(name, place, printer),
        // The grammar requires the key where there is no command.
        None => begin(arguments.key.as_deref().unwrap_or_default(), global),
    }
}

/// The first half: which key it is, and what its owner asked for. Returns only where it fails.
fn begin(name: &str, global: &Global) -> Result<ExitCode, ExplainedError> {
    let uid = rustix::process::getuid().as_raw();
    let login = account::login(uid);
    let user = login.as_ref().map_or_else(|| uid.to_string(), |login| login.name.clone());
    let presented = session::presented(std::env::var_os(session::VARIABLE), &user)?;
    let mut second = Command::new(std::env::current_exe().map_err(CliError::Again)?);
    second.env_clear().env("PATH", PATH);
    if let Some(login) = &login {
        // Logins of registries are below it.
        second.env("HOME", &login.home);
    }
    if let Some(config) = &global.config {
        second.arg("--config").arg(config);
    }
    for (option, is_given) in [
        ("--json", global.json),
        ("--quiet", global.quiet),
        ("--verbose", global.verbose),
        ("--no-color", global.no_color),
    ] {
        second.args(is_given.then_some(option));
    }
    second.args(["internal", "ssh-gate", "--key", name, "--fingerprint", &presented.key.fingerprint()]);
    for (option, value) in [("--authority", &presented.authority), ("--id", &presented.id)] {
        if let Some(value) = value {
            second.args([option, value]);
        }
    }
    if let Some(command) = std::env::var_os(session::COMMAND) {
        second.arg("--").arg(command);
    }
    // The operator's programs run with the mask of who started this, as they do without the gate.
    let failed = with_users_mask(|| second.exec());
    Err(CliError::Again(failed).into())
}

/// The second half: reads the command and carries it out. It says by itself what is wrong, as the command asks for.
pub(super) fn enter(enter: &EnterArguments, operator: &Global) -> Result<ExitCode, ExplainedError> {
    let name = match &enter.id {
        Some(id) => format!("{} ({id})", enter.key),
        None => enter.key.clone(),
    };
    let uid = rustix::process::getuid().as_raw();
    let certificate = enter.authority.clone().map(|authority| Certificate { authority, id: enter.id.clone() });
    let principal = Principal::new(&name, Proof::SshKey { fingerprint: enter.fingerprint.clone(), uid, certificate });
    let asked = enter.command.as_ref().map_or(&[][..], |command| command.as_bytes());
    let arguments = match grammar::read(asked, operator) {
        Ok(arguments) => arguments,
        Err(Unread::Refused(fault)) => {
            let json = operator.json || grammar::asks_for_json(asked);
            super::printer(&Global { json, ..operator.clone() }).error(&ErrorFact::from(&fault));
            return Ok(fault.exit());
        }
        Err(Unread::Usage(error)) => {
            let print = || error.print();
            return Ok(windlass_report::usage(&error.render().to_string(), error.use_stderr(), print));
        }
    };
    let printer = super::printer(&arguments.global);
    super::carry_out(&arguments, printer, &principal).or_else(|fault| {
        printer.error(&ErrorFact::from(&fault));
        Ok(fault.exit())
    })
}
