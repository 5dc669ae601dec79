//! Finds what compiles Rust to components on this machine, or says what is missing and the command that brings it.
//!
//! Two toolchains can do it: one that has the target, as rustup brings it, or Debian's `rustc-web`, which compiles the
//! standard library from its source. Nothing is installed here.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use windlass_foundation::explain::{ExitCode, Explain};

/// The target that makes components.
pub(crate) const TARGET: &str = "wasm32-wasip2";

/// Debian's packages that have all of it.
const PACKAGES: &str = "rustc-web cargo-web rust-web-src rust-web-llvm lld-22 wasi-libc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_LINKER: &str = "/usr/lib/rustlib/x86_64-unknown-linux-gnu/bin/wasm-component-ld";
const DEBIAN_LIBRARIES: &str = "/usr/lib/wasm32-wasi";

/// What compiles here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The toolchain in use has the target.
    Installed,
    /// Debian's packages.
    Debian,
}

/// What is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MissingToolchain {
    /// There is no Rust at all.
    #[error("there is no `cargo` here, which builds Rust")]
    Cargo {
        /// Whether Debian's packages can bring it.
        debian: bool,
    },
    /// There is cargo without the compiler that it starts.
    #[error("there is no `rustc` here, which `cargo` starts")]
    Rustc,
    /// The toolchain cannot compile for WebAssembly.
    #[error("the Rust here{} has no target `{TARGET}`, which makes components", version(rustc.as_ref()))]
    Target {
        /// What `rustc --version` says.
        rustc: Option<String>,
        /// Whether rustup brings targets here.
        rustup: bool,
        /// Whether Debian's packages can bring it.
        debian: bool,
    },
}

fn version(rustc: Option<&String>) -> String {
    rustc.map(|rustc| format!(" ({rustc})")).unwrap_or_default()
}

impl Explain for MissingToolchain {
    fn exit(&self) -> ExitCode {
        ExitCode::Configuration
    }

    fn hint(&self) -> Option<String> {
        const RUSTUP: &str = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh";
        let target = format!("`rustup target add {TARGET}`");
        let packages = format!("`apt-get install {PACKAGES}`");
        Some(match self {
            Self::Cargo { debian: true } => format!("install Rust: `{RUSTUP}`, then {target}; or Debian's: {packages}"),
            Self::Cargo { debian: false } => format!("install Rust: `{RUSTUP}`, then {target}"),
            Self::Rustc => format!("install Rust as a whole: `{RUSTUP}`, then {target}"),
            Self::Target { rustup: true, .. } => target,
            Self::Target { debian: true, .. } => format!("{packages}; or Rust from rustup: `{RUSTUP}`, then {target}"),
            Self::Target { .. } => format!("install Rust from rustup, which brings targets: `{RUSTUP}`, then {target}"),
        })
    }
}

/// What this machine has.
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that is there or not")]
#[derive(Debug, Default)]
struct Seen {
    cargo: bool,
    rustup: bool,
    /// What `rustc --version` says.
    rustc: Option<String>,
    /// Whether the toolchain in use has the target.
    target: bool,
    /// Whether all of Debian's packages are there.
    web: bool,
    /// Whether apt installs packages here.
    debian: bool,
}

/// The toolchain that compiles the project in a directory.
pub(crate) fn find(directory: &Path) -> Result<Toolchain, MissingToolchain> {
    let said = |program: &str, arguments: &[&str]| {
        // A project may choose its toolchain, by a file in its directory.
        let output = Command::new(program).args(arguments).current_dir(directory).stdin(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let libraries = said("rustc", &["--print", "target-libdir", "--target", TARGET]);
    let debian = [DEBIAN_CARGO, DEBIAN_RUSTC, DEBIAN_LINKER, DEBIAN_LIBRARIES];
    judged(Seen {
        cargo: said("cargo", &["--version"]).is_some(),
        rustup: said("rustup", &["--version"]).is_some(),
        rustc: said("rustc", &["--version"]),
        target: libraries.is_some_and(|directory| Path::new(&directory).is_dir()),
        web: debian.iter().all(|path| Path::new(path).exists()),
        debian: Path::new("/usr/bin/apt-get").exists(),
    })
}

fn judged(seen: Seen) -> Result<Toolchain, MissingToolchain> {
    let Seen { cargo, rustup, rustc, target, web, debian } = seen;
    match (cargo && rustc.is_some() && target, web, cargo, rustc) {
        (true, ..) => Ok(Toolchain::Installed),
        (_, true, ..) => Ok(Toolchain::Debian),
        (_, _, false, _) => Err(MissingToolchain::Cargo { debian }),
        (_, _, true, None) => Err(MissingToolchain::Rustc),
        (_, _, true, rustc) => Err(MissingToolchain::Target { rustc, rustup, debian }),
    }
}

impl Toolchain {
    /// Cargo, so that it builds components in release when it is told what to build.
    pub(crate) fn build(self) -> Command {
        let mut command = match self {
            Self::Installed => Command::new("cargo"),
            Self::Debian => {
                let mut command = Command::new(DEBIAN_CARGO);
                command
                    .env("RUSTC", DEBIAN_RUSTC)
                    // Debian's compiler has no library for the target, so that an unstable option compiles it.
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("RUSTFLAGS", format!("-L {DEBIAN_LIBRARIES}"))
                    .env("CARGO_TARGET_WASM32_WASIP2_LINKER", DEBIAN_LINKER)
                    .env_remove("RUSTUP_TOOLCHAIN")
                    .env_remove("CARGO")
                    .arg("-Zbuild-std=std,panic_abort");
                command
            }
        };
        command.args(["build", "--release", "--target", TARGET].map(OsStr::new));
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(seen: Seen) -> (String, String) {
        let missing = judged(seen).unwrap_err();
        (missing.to_string(), missing.hint().unwrap())
    }

    #[test]
    fn what_is_missing_is_named_with_the_command_that_brings_it() {
        let rust = || Seen { cargo: true, rustc: Some("rustc 1.95.0".to_owned()), ..Seen::default() };
        assert_eq!(judged(Seen { target: true, ..rust() }), Ok(Toolchain::Installed));
        assert_eq!(judged(Seen { web: true, ..rust() }), Ok(Toolchain::Debian));
        assert_eq!(judged(Seen { target: true, web: true, ..rust() }), Ok(Toolchain::Installed));
        let get =
            "`curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh`, then `rustup target add wasm32-wasip2`";
        let apt = "`apt-get install rustc-web cargo-web rust-web-src rust-web-llvm lld-22 wasi-libc`";
        let none = "there is no `cargo` here, which builds Rust".to_owned();
        assert_eq!(told(Seen::default()), (none.clone(), format!("install Rust: {get}")));
        assert_eq!(
            told(Seen { debian: true, ..Seen::default() }),
            (none, format!("install Rust: {get}; or Debian's: {apt}"))
        );
        let target = "the Rust here (rustc 1.95.0) has no target `wasm32-wasip2`, which makes components".to_owned();
        assert_eq!(
            told(Seen { rustup: true, debian: true, ..rust() }),
            (target.clone(), "`rustup target add wasm32-wasip2`".to_owned())
        );
        assert_eq!(
            told(Seen { debian: true, ..rust() }),
            (target.clone(), format!("{apt}; or Rust from rustup: {get}"))
        );
        assert_eq!(told(rust()), (target, format!("install Rust from rustup, which brings targets: {get}")));
        assert_eq!(told(Seen { rustc: None, ..rust() }).0, "there is no `rustc` here, which `cargo` starts");
    }
}
