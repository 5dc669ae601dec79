//! The command line: it makes a command from what was typed, hands it to the service, and shows what comes back.
//!
//! It neither decides nor does anything else, apart from commands that need no agent: `init`,
//! `plugin new | wit | build`, `bundle`, `self-update`, `schema`, `completions`, `man`.

mod actor;
mod agent;
mod arguments;
mod authoring;
mod bundle;
mod completions;
mod error;
mod gate;
mod init;
mod man;
mod output;
pub mod reference;
mod request;
mod schema;
mod terminal;
mod update;
mod wire;

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use windlass_api::ErrorFact;
use windlass_api::facts::ConfigFact;
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_foundation::principal::Principal;
use windlass_foundation::private::with_users_mask;
use windlass_report::answer::View;
use windlass_report::{Printer, Verbosity};

pub use arguments::{Arguments, Command, Global};
pub use error::CliError;

use arguments::{ConfigFormat, InternalArguments, InternalCommand};
use terminal::Terminal;
use wire::passed;

/// How long the process waits at its end for work whose result is no longer needed, such as the wait for a child.
const LEFTOVERS: Duration = Duration::from_millis(200);

/// Parses the command line, runs the command, reports, and says how the process should end.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return windlass_report::usage(&error.render().to_string(), error.use_stderr(), || error.print()),
    };
    let printer = printer(&arguments.global);
    match run(&arguments, printer) {
        Ok(exit) => exit,
        Err(fault) => {
            printer.error(&ErrorFact::from(&fault));
            fault.exit()
        }
    }
}

/// A printer that prints as the options say.
fn printer(global: &Global) -> Printer {
    let verbosity = match (global.quiet, global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    Printer::new(global.json, verbosity, !global.no_color)
}

/// Runs the command.
fn run(arguments: &Arguments, printer: Printer) -> Result<ExitCode, ExplainedError> {
    match &arguments.command {
        Command::Init(arguments) => return with_users_mask(|| init::run(arguments, printer)),
        Command::Plugin(typed) => {
            if let Some(done) = authoring::run(&typed.command, printer) {
                return done;
            }
        }
        Command::Bundle(arguments) => return bundle::run(arguments, printer),
        Command::Schema(arguments) => return schema::run(arguments, printer),
        Command::Completions(arguments) => return Ok(completions::run(arguments, printer)),
        Command::Man(arguments) => return with_users_mask(|| man::run(arguments, printer)),
        Command::SelfUpdate(typed) => return update::run(typed, arguments.global.config(), printer),
        Command::SshGate(gate) => return gate::run(gate, &arguments.global, printer),
        Command::Internal(InternalArguments { command: InternalCommand::SshGate(enter) }) => {
            return gate::enter(enter, &arguments.global);
        }
        Command::Internal(InternalArguments { command: InternalCommand::Work }) => {
            return agent::work(arguments.global.config());
        }
        _ => {}
    }
    carry_out(arguments, printer, &actor::principal())
}

/// Has a command carried out on behalf of a principal, and shows what comes back.
fn carry_out(arguments: &Arguments, printer: Printer, principal: &Principal) -> Result<ExitCode, ExplainedError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(CliError::Runtime)?;
    let config = arguments.global.config();
    let terminal = Arc::new(Terminal::new(printer, view(&arguments.command, printer)));
    let done = match &arguments.command {
        Command::Agent(_) => return runtime.block_on(agent::serve(config, printer)),
        Command::Stop(typed) => return runtime.block_on(agent::stop(config.as_deref(), principal, typed, printer)),
        Command::Attach(typed) => runtime.block_on(agent::attach(config.as_deref(), principal, typed, &terminal)),
        typed => {
            // `main` of the process answers the hidden command.
            let Some(command) = request::of(typed)? else { return Ok(ExitCode::Usage) };
            let command = passed(command).map_err(CliError::Wire)?;
            runtime.block_on(agent::execute(config, principal, command, terminal.clone()))
        }
    };
    terminal.finish();
    runtime.shutdown_timeout(LEFTOVERS);
    let reply = passed(done?).map_err(CliError::Wire)?;
    let exit = reply.exit;
    if let Some(reply) = output::write(&arguments.command, reply, printer)? {
        let warning = output::warning(&arguments.command, &reply.answer);
        terminal.show(reply.answer);
        if let Some(warning) = warning {
            printer.warn(&warning);
        }
    }
    Ok(exit)
}

/// How the answer of a command is shown.
fn view(command: &Command, printer: Printer) -> View {
    let config: fn(&ConfigFact) -> String = match command {
        Command::Config(arguments) if arguments.format == ConfigFormat::Json => |fact| format!("{:#}", fact.config),
        _ => |fact| windlass_compose::to_yaml(&fact.config),
    };
    View { width: printer.width(), all: printer.verbosity() == Verbosity::Verbose, config }
}
