//! Shows what happens right now: bars on a terminal, plain lines elsewhere, JSON lines with `--json`.
//!
//! The words come from [`narrate`], which neither knows nor cares where they are shown. This is never the record.

mod bars;
mod narrate;

use std::collections::BTreeMap;
use std::sync::Mutex;

use bars::Bars;
use narrate::{Narrator, Told};
use windlass_foundation::progress::{Events, Level, Progress, ProgressEvent};

use super::{Printer, Verbosity};
use windlass_api::facts::Fact;

/// Watches deployments for a person or a program.
pub struct Teller {
    printer: Printer,
    state: Mutex<State>,
}

/// What changes while it watches.
struct State {
    /// One for each application: a process deploys one release of it at a time.
    shown: BTreeMap<String, Shown>,
    bars: Option<Bars>,
}

/// What was shown of one application.
struct Shown {
    narrator: Narrator,
    /// Whether it is decided how its deployment ended.
    settled: bool,
}

impl Teller {
    /// A teller for this printer: JSON where it prints JSON, bars where stderr is a terminal.
    #[must_use]
    pub fn new(printer: Printer) -> Self {
        let bars = printer.terminal() && !printer.json() && printer.verbosity() > Verbosity::Quiet;
        let state = State { shown: BTreeMap::new(), bars: bars.then(|| Bars::new(printer.colour())) };
        Self { printer, state: Mutex::new(state) }
    }

    /// Whether it is decided how every deployment ended that was watched.
    #[must_use]
    pub fn settled(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        !state.shown.is_empty() && state.shown.values().all(|shown| shown.settled)
    }

    /// Says something between what happens, such as how Ctrl-C was understood.
    pub fn say(&self, line: &super::page::Line) {
        let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match &state.bars {
            Some(bars) => bars.above(line),
            None => self.printer.always(line),
        }
    }

    /// Takes the bars away, so that the answer can be printed.
    pub fn finish(&self) {
        let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(bars) = &state.bars {
            bars.clear();
        }
    }

    fn narrator(&self) -> Narrator {
        Narrator::new(self.printer.verbosity() == Verbosity::Verbose, self.printer.width())
    }
}

impl Shown {
    fn notice(&mut self, progress: &Progress) {
        match progress {
            Progress::Opened { .. } => self.settled = false,
            Progress::Settled { .. } => self.settled = true,
            _ => {}
        }
    }
}

impl Events for Teller {
    fn event(&self, event: ProgressEvent) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let State { shown: all, bars } = &mut *state;
        let application = event.of.application.clone();
        let fresh = || Shown { narrator: self.narrator(), settled: false };
        let shown = all.entry(application.clone()).or_insert_with(fresh);
        shown.notice(&event.progress);
        if self.printer.json() {
            let chatter = matches!(event.progress, Progress::Log { level, .. } if level < Level::Warn);
            if !chatter || self.printer.verbosity() == Verbosity::Verbose {
                self.printer.fact(&Fact::Progress(event));
            }
            return;
        }
        let told = shown.narrator.narrate(&event.progress);
        // Each line says which application it is about as soon as there is more than one.
        let several = all.len() > 1;
        for told in told {
            match (&mut *bars, told.about(&application, several)) {
                (Some(bars), Told::Line(line) | Told::Warning(line)) => bars.above(&line),
                (Some(bars), Told::Begin { key, verb, text, .. }) => bars.begin(key, verb, &text),
                (Some(bars), Told::Update { key, text, percent, .. }) => bars.update(&key, &text, percent),
                (Some(bars), Told::End { key }) => bars.end(&key),
                (None, Told::Warning(line)) => self.printer.always(&line),
                (None, Told::Line(line)) => self.printer.status(&line),
                (None, Told::Begin { plain, .. } | Told::Update { plain, .. }) => {
                    if let Some(line) = plain {
                        self.printer.status(&line);
                    }
                }
                (None, Told::End { .. }) => {}
            }
        }
    }
}
