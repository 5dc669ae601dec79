//! Who hears a command while it runs.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use windlass_api::CommandEvent;
use windlass_api::facts::{PhaseFact, milliseconds};
use windlass_deployment::Stop;
use windlass_foundation::progress::{Events, Progress, ProgressEvent};

/// The caller of a command, as the command sees it.
pub trait Sink: Send + Sync {
    /// Takes an event. It must not block: a command does not wait for who watches it.
    fn event(&self, event: CommandEvent);

    /// Called when the command begins what must be stopped in order: from now on the caller may ask for it.
    ///
    /// # Errors
    /// When the caller cannot be heard. Then the command does not begin.
    fn stop(&self) -> io::Result<Stop>;
}

/// A caller that hears nothing and asks for nothing.
pub(crate) struct Unheard;

impl Sink for Unheard {
    fn event(&self, _: CommandEvent) {}

    fn stop(&self) -> io::Result<Stop> {
        Ok(Stop::new())
    }
}

/// Passes progress on to the caller, and keeps how long each phase took.
pub(crate) struct Relay {
    sink: Arc<dyn Sink>,
    phases: Mutex<BTreeMap<String, Vec<PhaseFact>>>,
}

impl Relay {
    pub(crate) fn new(sink: Arc<dyn Sink>) -> Self {
        Self { sink, phases: Mutex::default() }
    }

    /// How long each phase of an application's deployment took so far, in the order in which they ended.
    pub(crate) fn phases(&self, application: &str) -> Vec<PhaseFact> {
        self.phases.lock().unwrap_or_else(PoisonError::into_inner).get(application).cloned().unwrap_or_default()
    }
}

impl Events for Relay {
    fn event(&self, event: ProgressEvent) {
        if let Progress::PhaseFinished { phase, took } = &event.progress {
            let mut all = self.phases.lock().unwrap_or_else(PoisonError::into_inner);
            let phases = all.entry(event.of.application.clone()).or_default();
            match phases.last_mut().filter(|last| last.phase == phase.word()) {
                // A sweep begins while something of the verification ends.
                Some(last) => last.took += milliseconds(*took),
                None => phases.push(PhaseFact { phase: phase.word().to_owned(), took: milliseconds(*took) }),
            }
        }
        self.sink.event(CommandEvent::Progress(Box::new(event)));
    }
}
