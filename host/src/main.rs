//! The `windlass` command.

use std::process::ExitCode;

use windlass::plugin::{PRECOMPILE, precompile_main};

fn main() -> ExitCode {
    windlass::private::close();
    // The compiling child comes before anything else, because it limits its own memory.
    if std::env::args().skip(1).take(2).eq(PRECOMPILE) {
        return precompile_main();
    }
    windlass::process::keep_memory_private();
    ExitCode::from(windlass::cli::main(std::env::args_os()).number())
}
