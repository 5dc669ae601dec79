//! Shows what happens right now: bars on a terminal, plain lines elsewhere, JSON lines with `--json`.
//!
//! The words come from [`narrate`], which neither knows nor cares where they are shown. This is never the record.

mod bars;
mod narrate;

use std::sync::Mutex;
use std::time::Duration;

use super::facts::{Fact, PhaseFact, ProgressFact, milliseconds};
use super::{Printer, Verbosity};
use crate::progress::{Level, Progress, Watch};

use bars::Bars;
use narrate::{Narrator, Told};

/// Watches a deployment for a person or a program.
pub struct Teller {
    printer: Printer,
    state: Mutex<State>,
}

/// What changes while it watches.
struct State {
    narrator: Narrator,
    bars: Option<Bars>,
    phases: Vec<PhaseFact>,
    /// Whether it is decided how the deployment ended.
    settled: bool,
}

impl Teller {
    /// A teller for this printer: JSON where it prints JSON, bars where stderr is a terminal.
    #[must_use]
    pub fn new(printer: Printer) -> Self {
        let bars = printer.terminal() && !printer.json() && printer.verbosity() > Verbosity::Quiet;
        let narrator = Narrator::new(printer.verbosity() == Verbosity::Verbose, printer.width());
        let state =
            State { narrator, bars: bars.then(|| Bars::new(printer.colour())), phases: Vec::new(), settled: false };
        Self { printer, state: Mutex::new(state) }
    }

    /// How long each phase took so far, in the order in which they ended.
    #[must_use]
    pub fn phases(&self) -> Vec<PhaseFact> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).phases.clone()
    }

    /// Whether it is decided how the deployment ended.
    #[must_use]
    pub fn settled(&self) -> bool {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).settled
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

    fn phase(state: &mut State, phase: &str, took: Duration) {
        // A sweep begins while something of the verification ends.
        if let Some(last) = state.phases.last_mut().filter(|last| last.phase == phase) {
            last.took += milliseconds(took);
            return;
        }
        state.phases.push(PhaseFact { phase: phase.to_owned(), took: milliseconds(took) });
    }
}

impl Watch for Teller {
    fn notice(&self, progress: &Progress) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Progress::PhaseFinished(phase, took) = progress {
            Self::phase(&mut state, phase.word(), *took);
        }
        match progress {
            Progress::Opened { .. } => state.settled = false,
            Progress::Settled { .. } => state.settled = true,
            _ => {}
        }
        if self.printer.json() {
            let chatter = matches!(progress, Progress::Log { level, .. } if *level < Level::Warn);
            if !chatter || self.printer.verbosity() == Verbosity::Verbose {
                self.printer.fact(&Fact::Progress(ProgressFact::from(progress)));
            }
            return;
        }
        for told in state.narrator.narrate(progress) {
            match (&mut state.bars, told) {
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
