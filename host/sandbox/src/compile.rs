//! Compilation ahead of time, in a child process. A crash or excessive use of memory there ends only the child, and the
//! engine of the agent itself stays free of the compiler's tables.
//!
//! The child is the agent's own binary, started as `windlass internal precompile MEMORY`: WebAssembly on standard
//! input, machine code on standard output.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use wasmtime::Engine;
use windlass_config::Limits;

use super::engine;
use super::limits::bytes;
use super::text::{beginning, plain};

/// The words after the binary's name that make it a compiler.
pub const PRECOMPILE: [&str; 2] = ["internal", "precompile"];

/// The longest message of the child that is repeated, in bytes.
const MESSAGE: usize = 2_000;

/// Why compiling failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The child could not be started or fed.
    #[error("cannot run {} to compile it", binary.display())]
    Start {
        /// The agent's binary.
        binary: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It took too long.
    #[error("compiling it took longer than {0:?} (limit `compile-time`)")]
    Time(Duration),
    /// The compiler said no, or was ended.
    #[error("it cannot be compiled within {memory} of memory (limit `compile-memory`): {message}")]
    Compiler {
        /// How much it had.
        memory: String,
        /// What it said.
        message: String,
    },
    /// The compiled code could not be written.
    #[error("its compiled code cannot be kept in the state directory: {0}")]
    Unwritten(String),
}

/// The child's exit code when it compiled but could not write.
const UNWRITTEN: u8 = 3;

/// Compiles `wasm` into `into`, an empty file, with `binary`.
pub(super) async fn compile(binary: &Path, wasm: &[u8], into: File, limits: &Limits) -> Result<(), CompileError> {
    let failed = |source| CompileError::Start { binary: binary.to_owned(), source };
    let mut child = Command::new(binary)
        .args(PRECOMPILE)
        .arg(limits.compile_memory.to_string())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::from(into))
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let stdin = child.stdin.take();
    let work = async {
        if let Some(mut stdin) = stdin {
            // A compiler that ended early says why by itself.
            let _ = stdin.write_all(wasm).await;
        }
        child.wait_with_output().await
    };
    let output = tokio::time::timeout(limits.compile_time, work)
        .await
        .map_err(|_| CompileError::Time(limits.compile_time))?
        .map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    let said = plain(String::from_utf8_lossy(&output.stderr).trim());
    let message = if said.is_empty() { output.status.to_string() } else { beginning(&said, MESSAGE) };
    if output.status.code() == Some(i32::from(UNWRITTEN)) {
        return Err(CompileError::Unwritten(message));
    }
    let memory = bytes(limits.compile_memory);
    Err(CompileError::Compiler { memory, message })
}

/// The child's side. `main` calls it, before anything else is set up, when the process was started with [`PRECOMPILE`];
/// the third argument is how many bytes of address space it may use.
#[must_use]
pub fn precompile_main() -> ExitCode {
    let (message, code) = match precompile() {
        Ok(code) => match io::stdout().write_all(&code) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(error) => (error.to_string(), ExitCode::from(UNWRITTEN)),
        },
        Err(error) => (format!("{error:#}"), ExitCode::FAILURE),
    };
    // Standard error is a pipe to the parent, which decides how to show it.
    let _ = writeln!(io::stderr(), "{message}");
    code
}

fn precompile() -> wasmtime::Result<Vec<u8>> {
    if let Some(memory) = std::env::args().nth(3).and_then(|text| text.parse::<u64>().ok()) {
        let limit = rustix::process::Rlimit { current: Some(memory), maximum: Some(memory) };
        rustix::process::setrlimit(rustix::process::Resource::As, limit)?;
        let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
        rustix::process::setrlimit(rustix::process::Resource::Core, none)?;
    }
    let mut wasm = Vec::new();
    io::stdin().read_to_end(&mut wasm)?;
    Engine::new(&engine::settings()?)?.precompile_component(&wasm)
}
