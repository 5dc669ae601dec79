//! `log`: lines and progress; `windlass_capability::log` bounds, cleans and redacts them.

use windlass_foundation::progress::Level;

use crate::bindings::imports::windlass::plugin::log;
use crate::sandbox::Sandbox;

impl log::Host for Sandbox {
    async fn log(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        if let Some(call) = &self.call {
            call.capabilities.log.log(level, &message);
        }
        Ok(())
    }

    async fn progress(&mut self, message: String, percent: Option<u8>) -> wasmtime::Result<()> {
        if let Some(call) = &self.call {
            call.capabilities.log.progress(&message, percent);
        }
        Ok(())
    }
}
