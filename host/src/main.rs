//! The `windlass` command.

use std::process::ExitCode;

use windlass_foundation::{private, process};
use windlass_sandbox::{PRECOMPILE, precompile_main};

fn main() -> ExitCode {
    private::close();
    // The compiling child comes before anything else, because it limits its own memory.
    if std::env::args().skip(1).take(2).eq(PRECOMPILE) {
        return precompile_main();
    }
    process::keep_memory_private();
    ExitCode::from(windlass::cli::main(std::env::args_os()).number())
}
