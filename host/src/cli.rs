//! The command line: one module per command.
//!
//! This file holds the grammar. A command's module turns its arguments into a call of the engine and the answer into
//! facts for [`windlass_report`]; it neither decides nor prints.

mod actor;
mod arguments;
mod audit;
mod build;
mod check;
mod completions;
mod config;
mod deploy;
mod doctor;
mod error;
mod excerpt;
mod history;
mod holds;
mod init;
mod lost;
mod man;
mod outbox;
mod plan;
mod plugin;
mod present;
mod promote;
pub mod reference;
mod release;
mod resolve;
mod resume;
mod rollback;
mod schema;
mod session;
mod show;
mod status;
mod target;
mod trigger;

use std::ffi::OsString;

use clap::Parser as _;
use windlass_foundation::explain::ExitCode;
use windlass_foundation::private::with_users_mask;
use windlass_report::{Fault, Printer, Verbosity};

pub use arguments::{Arguments, Command, Global};
pub use error::CliError;
pub use target::Target;

use session::Session;

/// Parses the command line, runs the command, reports, and says how the process should end.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return windlass_report::usage(&error.render().to_string(), error.use_stderr(), || error.print()),
    };
    let global = &arguments.global;
    let verbosity = match (global.quiet, global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let printer = Printer::new(global.json, verbosity, !global.no_color);
    match run(&arguments, printer) {
        Ok(exit) => exit,
        Err(fault) => {
            printer.fault(&fault);
            fault.exit()
        }
    }
}

/// Runs the command.
fn run(arguments: &Arguments, printer: Printer) -> Result<ExitCode, Fault> {
    match &arguments.command {
        Command::Init(arguments) => return with_users_mask(|| init::run(arguments, printer)),
        Command::Schema(arguments) => return schema::run(arguments, printer),
        Command::Completions(arguments) => return Ok(completions::run(arguments, printer)),
        Command::Man(arguments) => return with_users_mask(|| man::run(arguments, printer)),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(CliError::Runtime)?;
    let session = Session::new(printer, arguments.global.config());
    let answer = runtime.block_on(async {
        match &arguments.command {
            Command::Config(arguments) => config::run(arguments, &session),
            Command::Plan(arguments) => plan::run(arguments, &session).await,
            Command::Check(arguments) => check::run(arguments, &session).await,
            Command::Deploy(arguments) => deploy::run(arguments, &session).await,
            Command::Rollback(arguments) => rollback::run(arguments, &session).await,
            Command::Promote(arguments) => promote::run(arguments, &session).await,
            Command::Release(arguments) => release::run(&arguments.command, &session).await,
            Command::Trigger(arguments) => trigger::run(arguments, &session).await,
            Command::Resume(arguments) => resume::run(arguments, &session).await,
            Command::Resolve(arguments) => resolve::run(arguments, &session).await,
            Command::Freeze(arguments) => holds::freeze(arguments, &session).await,
            Command::Unfreeze(arguments) => holds::unfreeze(arguments, &session).await,
            Command::Pin(arguments) => holds::pin(arguments, &session).await,
            Command::Unpin(arguments) => holds::unpin(arguments, &session).await,
            Command::Quarantine(arguments) => holds::quarantine(arguments, &session).await,
            Command::Unquarantine(arguments) => holds::unquarantine(arguments, &session).await,
            Command::Outbox(arguments) => outbox::run(&arguments.command, &session).await,
            Command::Status(arguments) => status::run(arguments, &session).await,
            Command::History(arguments) => history::run(arguments, &session).await,
            Command::Show(arguments) => show::run(arguments, &session).await,
            Command::Logs(arguments) => show::logs(arguments, &session).await,
            Command::Audit(_) => audit::verify(&session).await,
            Command::Plugin(arguments) => plugin::run(&arguments.command, &session).await,
            Command::Doctor(arguments) => doctor::run(arguments, &session).await,
            // `main` answers the hidden command, and the rest is answered above.
            _ => Ok(ExitCode::Usage),
        }
    });
    session.teller.finish();
    // Work that still runs, such as the wait for a child process whose result is no longer needed, must not keep this
    // process from ending.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    answer
}
