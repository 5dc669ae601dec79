//! Words that say how something is. The sign and the word say it; the colour only repeats it.

use maud::{Markup, html};
use windlass_api::facts::Health;
use windlass_domain::{Action, Verdict};

use super::text;

/// How a word looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Plain,
    Warn,
    Bad,
    /// It goes on.
    Live,
}

impl Tone {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Plain => "plain",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Live => "live",
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Plain => "·",
            Self::Warn => "!",
            Self::Bad => "✕",
            Self::Live => "▸",
        }
    }
}

/// A word with its sign.
pub(crate) fn badge(tone: Tone, word: &str) -> Markup {
    html! { span.badge.(tone.class()) { span aria-hidden="true" { (tone.sign()) } " " (text::line(word)) } }
}

pub(crate) fn health(health: Health) -> Tone {
    match health {
        Health::Well => Tone::Good,
        Health::Note => Tone::Plain,
        Health::Warn => Tone::Warn,
        Health::Bad => Tone::Bad,
    }
}

/// The tone of an outcome's word.
pub(crate) fn outcome(outcome: &str) -> Tone {
    match outcome {
        "succeeded" => Tone::Good,
        "unchanged" | "resolved" => Tone::Plain,
        "refused" | "rolled-back" => Tone::Warn,
        "open" => Tone::Live,
        _ => Tone::Bad,
    }
}

/// A verdict with its sign.
pub(crate) fn verdict(verdict: Verdict) -> Markup {
    match verdict {
        Verdict::Pass => badge(Tone::Good, "pass"),
        Verdict::Warn => badge(Tone::Warn, "warn"),
        Verdict::Fail => badge(Tone::Bad, "fail"),
        Verdict::Inconclusive => badge(Tone::Warn, "inconclusive"),
        Verdict::Pending => badge(Tone::Warn, "pending"),
    }
}

/// What a plan does to a thing: its sign, its word and its class.
pub(crate) fn action(action: Action) -> (&'static str, &'static str, Tone) {
    match action {
        Action::Create => ("+", "create", Tone::Good),
        Action::Replace => ("±", "replace", Tone::Warn),
        Action::Update => ("~", "update", Tone::Warn),
        Action::Remove => ("−", "remove", Tone::Bad),
        Action::Keep => ("=", "keep", Tone::Plain),
    }
}
