//! Bars on a terminal: one line for each thing that is under way, at the bottom; what ended scrolls above.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::page::{Line, clean};

/// The most lines that are shown: more would not fit a small terminal. The end of what is left out is still reported.
const MOST: usize = 12;

/// The lines at the bottom of the terminal.
pub(super) struct Bars {
    all: MultiProgress,
    shown: BTreeMap<String, ProgressBar>,
    colour: bool,
}

impl Bars {
    /// Creates the area of the bars, without bars.
    pub(super) fn new(colour: bool) -> Self {
        // Ten times a second is smooth for eyes and cheap over a slow SSH session.
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        Self { all, shown: BTreeMap::new(), colour }
    }

    /// Writes a line above the bars.
    pub(super) fn above(&self, line: &Line) {
        // There is nowhere left to report to when writing to the terminal fails.
        drop(self.all.println(line.render(self.colour)));
    }

    /// Something is under way.
    pub(super) fn begin(&mut self, key: String, verb: &'static str, text: &str) {
        if self.shown.len() >= MOST || self.shown.contains_key(&key) {
            return;
        }
        let bar = self.all.add(ProgressBar::new_spinner());
        let template = if self.colour {
            "{prefix:>11.cyan.bold} {spinner:.cyan} {wide_msg} {elapsed:.dim}"
        } else {
            "{prefix:>11} {spinner} {wide_msg} {elapsed}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
        }
        bar.set_prefix(verb);
        bar.set_message(clean(text));
        bar.enable_steady_tick(Duration::from_millis(120));
        self.shown.insert(key, bar);
    }

    /// Sets the text of a bar, with a percentage where one is known.
    pub(super) fn update(&self, key: &str, text: &str, percent: Option<u8>) {
        if let Some(bar) = self.shown.get(key) {
            let percent = percent.map(|percent| format!(" {percent}%")).unwrap_or_default();
            bar.set_message(format!("{}{percent}", clean(text)));
        }
    }

    /// Removes the bar of something that has ended.
    pub(super) fn end(&mut self, key: &str) {
        if let Some(bar) = self.shown.remove(key) {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
    }

    /// Takes all bars away.
    pub(super) fn clear(&self) {
        for bar in self.shown.values() {
            bar.finish_and_clear();
        }
        drop(self.all.clear());
    }
}
