//! What a plugin says while it works. Needs no grant and never fails; secret values come out redacted.

#[cfg(target_family = "wasm")]
use crate::bindings::imports::windlass::plugin::log as host;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For debugging.
    Debug,
    /// For information.
    Info,
    /// A person should look at it.
    Warn,
    /// Something broke.
    Error,
}

/// Writes a line to the deployment's log. Outside the sandbox it is dropped.
pub fn line(level: Level, message: &str) {
    #[cfg(target_family = "wasm")]
    host::log(
        match level {
            Level::Debug => host::Level::Debug,
            Level::Info => host::Level::Info,
            Level::Warn => host::Level::Warn,
            Level::Error => host::Level::Error,
        },
        message,
    );
    #[cfg(not(target_family = "wasm"))]
    let _ = (level, message);
}

/// For debugging.
pub fn debug(message: impl AsRef<str>) {
    line(Level::Debug, message.as_ref());
}

/// For information.
pub fn info(message: impl AsRef<str>) {
    line(Level::Info, message.as_ref());
}

/// A person should look at it.
pub fn warn(message: impl AsRef<str>) {
    line(Level::Warn, message.as_ref());
}

/// Something broke.
pub fn error(message: impl AsRef<str>) {
    line(Level::Error, message.as_ref());
}

/// Shows what is being done right now to the people who watch the command. `percent` is 0 to 100 where it is known.
pub fn progress(message: impl AsRef<str>, percent: Option<u8>) {
    #[cfg(target_family = "wasm")]
    host::progress(message.as_ref(), percent);
    #[cfg(not(target_family = "wasm"))]
    let _ = (message.as_ref(), percent);
}
