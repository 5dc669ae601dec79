//! The log of the host: lines of the agent that stays, with what they are about as fields where systemd's journal takes them.
//!
//! Elsewhere a line is written to standard error like every other one. Texts and values are plain lines without secrets; who
//! makes them sees to the latter.

use std::env;
use std::io;

use tracing::Dispatch;
use tracing::dispatcher::with_default;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt as _;

use super::Printer;
use super::page::{Line, clean};

/// What a line is about, each where it is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// The operation's id.
    pub operation: Option<&'a str>,
    /// The deployment's id.
    pub deployment: Option<&'a str>,
    /// The application's name.
    pub application: Option<&'a str>,
    /// The trigger's name.
    pub trigger: Option<&'a str>,
    /// Who asked.
    pub by: Option<&'a str>,
}

/// Where the lines go.
#[derive(Debug, Clone)]
pub struct HostLog {
    printer: Printer,
    /// Nothing else of the process is sent there: it is used for one line at a time.
    journal: Option<Dispatch>,
}

impl HostLog {
    /// The journal where standard error is a stream of it, and else standard error.
    #[must_use]
    pub fn new(printer: Printer) -> Self {
        let journal = || {
            let layer = tracing_journald::Layer::new().ok()?.with_field_prefix(Some("WINDLASS".to_owned()));
            Some(Dispatch::new(Registry::default().with(layer)))
        };
        Self { printer, journal: is_journal().then(journal).flatten() }
    }

    /// Writes a line; a warning is one that a person should look at.
    pub fn write(&self, text: &str, is_warning: bool, about: About<'_>) {
        let Some(journal) = &self.journal else { return self.printer.status(&Line::plain(text)) };
        let text = clean(text);
        let About { operation, deployment, application, trigger, by } = about;
        with_default(journal, || {
            if is_warning {
                tracing::warn!(operation, deployment, application, trigger, by, "{text}");
            } else {
                tracing::info!(operation, deployment, application, trigger, by, "{text}");
            }
        });
    }
}

/// Whether standard error is the stream of the journal that systemd names.
fn is_journal() -> bool {
    let named = env::var("JOURNAL_STREAM");
    let stream = rustix::fs::fstat(io::stderr());
    matches!((named, stream), (Ok(named), Ok(stream)) if is_stream(&named, (stream.st_dev, stream.st_ino)))
}

/// Whether a file is the one that `JOURNAL_STREAM` names, by its device and its inode (systemd.exec(5)).
fn is_stream(named: &str, (device, inode): (u64, u64)) -> bool {
    let parse = |number: &str| number.parse::<u64>().ok();
    named.split_once(':').is_some_and(|(first, second)| parse(first) == Some(device) && parse(second) == Some(inode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_journals_only_by_its_numbers() {
        assert!(is_stream("9:27", (9, 27)));
        for named in ["", "9", "9:28", "8:27", "9:27:1", ":", "x:27"] {
            assert!(!is_stream(named, (9, 27)), "{named}");
        }
    }
}
