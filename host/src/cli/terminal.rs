//! The person at the terminal, as a command sees them: what happens is shown, and Ctrl-C stops in order.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use windlass_api::facts::Fact;
use windlass_api::{Answer, CommandEvent};
use windlass_deployment::Stop;
use windlass_foundation::explain::ExitCode;
use windlass_foundation::progress::Events as _;
use windlass_report::answer::{self, View};
use windlass_report::page::{Ink, Line};
use windlass_report::{Printer, Teller, trigger};
use windlass_service::Sink;

use super::wire::passed;

/// How long the process has after the second signal to end in order.
const GRACE: Duration = Duration::from_secs(6);

/// Shows what a command tells.
pub(super) struct Terminal {
    printer: Printer,
    teller: Arc<Teller>,
    view: View,
}

impl Terminal {
    pub(super) fn new(printer: Printer, view: View) -> Self {
        Self { printer, teller: Arc::new(Teller::new(printer)), view }
    }

    /// Shows an answer, or a part of one.
    pub(super) fn show(&self, answer: Answer) {
        self.teller.finish();
        answer::show(answer, &self.view, &self.printer);
    }

    /// Takes the bars away.
    pub(super) fn finish(&self) {
        self.teller.finish();
    }
}

impl Sink for Terminal {
    fn event(&self, event: CommandEvent) {
        let event = match passed(event) {
            Ok(event) => event,
            Err(error) => return self.printer.warn(&format!("an event cannot be passed on: {error}")),
        };
        match event {
            CommandEvent::Progress(event) => self.teller.event(*event),
            CommandEvent::Busy(text) => self.printer.status(&Line::new().ink(Ink::Dim, text)),
            CommandEvent::Note(text) => self.printer.status(&Line::plain(text)),
            CommandEvent::Warning(text) => {
                self.teller.finish();
                self.printer.warn(&text);
            }
            CommandEvent::Triggered(fact) if self.printer.json() => self.printer.fact(&Fact::Trigger(fact)),
            CommandEvent::Triggered(fact) => self.printer.always_page(&trigger::page(&fact)),
            CommandEvent::Part(answer) => self.show(*answer),
        }
    }

    /// Handles Ctrl-C and SIGTERM from now on: they stop the deployment, and a message reports it.
    fn stop(&self) -> io::Result<Stop> {
        let stop = Stop::new();
        let printer = self.printer;
        stop.listen(GRACE, move || end(printer))?;
        let (watched, teller) = (stop.clone(), Arc::clone(&self.teller));
        tokio::spawn(async move {
            let say = |text: &str| teller.say(&Line::new().ink(Ink::Warn, "   Stopping").text(" ").text(text));
            watched.unwind().cancelled().await;
            say(if teller.settled() {
                "is too late: the deployment has ended, and only cleaning up is left; press Ctrl-C again to leave it undone"
            } else {
                "as asked: what was changed is put back; press Ctrl-C again to stop at once and leave the deployment open"
            });
            watched.leave().cancelled().await;
            say("at once: the deployment stays open in the journal; `windlass resume` continues it");
        });
        Ok(stop)
    }
}

/// The person who only watches: their Ctrl-C ends this process and stops nothing.
pub(super) struct Watching(pub(super) Arc<Terminal>);

impl Sink for Watching {
    fn event(&self, event: CommandEvent) {
        self.0.event(event);
    }

    fn stop(&self) -> io::Result<Stop> {
        Ok(Stop::new())
    }
}

/// Ends a process that two signals did not end.
#[expect(clippy::exit, reason = "every other thread may be busy for ever; the journal copes, as it does with a kill")]
fn end(printer: Printer) {
    let (told, is_told) = std::sync::mpsc::channel();
    // Writing may block because the reader does not read. That must not keep the process from ending.
    std::thread::spawn(move || {
        printer.warn("ended in the middle of its work; `windlass resume` goes on with what is open in the journal");
        let _ = told.send(());
    });
    let _ = is_told.recv_timeout(GRACE);
    std::process::exit(ExitCode::Interrupted.number().into());
}
