//! The `windlass` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(windlass::cli::main(std::env::args_os()).number())
}
