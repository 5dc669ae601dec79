//! `doctor`: can this host deploy, and what should be put right. Each thing that is looked at is a line, and
//! what is not well has a remedy. It looks only: nothing is made, and one broken thing hides no other.

mod clones;
mod engine;
mod operator;
mod plugins;
mod registries;
mod state;

use windlass_api::command::ApplicationRef;
use windlass_api::facts::{DoctorFact, Health};
use windlass_api::{Answer, Reply};
use windlass_foundation::explain::{ExitCode, Explain, ExplainedError, Part};

use crate::access::On;
use crate::run::Run;

/// Looks at everything.
pub(super) async fn run(run: &Run, application: Option<&ApplicationRef>) -> Result<Reply, ExplainedError> {
    // A file that cannot be read has no rules, and what is wrong with it is the answer.
    if application.is_none() && run.config().is_ok() {
        run.allow(On::All)?;
    }
    let application = application.map(|application| run.find(application)).transpose()?;
    let mut facts = Vec::new();
    if let Some(config) = operator::file(run, &mut facts) {
        state::directory(&config, &mut facts);
        state::journal(&config, &mut facts);
        state::disk(&config, &mut facts);
        engine::engine(&config, &mut facts).await;
        operator::secrets(&config, &mut facts);
        operator::commands(&config, &mut facts);
        clones::clones(&config, &mut facts).await;
        registries::registries(&config, application.as_ref(), &mut facts).await;
        plugins::plugins(run, &config, application.as_ref(), &mut facts).await;
    }
    let bad = facts.iter().any(|fact| fact.health == Health::Bad);
    let exit = if bad { ExitCode::Configuration } else { ExitCode::Succeeded };
    Ok(Reply { answer: Answer::Doctor { findings: facts }, exit })
}

/// Something that is well.
fn well(subject: &str, seen: impl Into<String>) -> DoctorFact {
    DoctorFact { subject: subject.to_owned(), health: Health::Well, seen: seen.into(), remedy: None }
}

/// A fact that a person should know, and that needs no action.
fn note(subject: &str, seen: impl Into<String>) -> DoctorFact {
    DoctorFact { health: Health::Note, ..well(subject, seen) }
}

/// Something that a person should look at.
fn warn(subject: &str, seen: impl Into<String>, remedy: impl Into<String>) -> DoctorFact {
    DoctorFact { health: Health::Warn, remedy: Some(remedy.into()), ..well(subject, seen) }
}

/// A fact that prevents a deployment.
fn bad(subject: &str, seen: impl Into<String>, remedy: Option<String>) -> DoctorFact {
    DoctorFact { health: Health::Bad, remedy, ..well(subject, seen) }
}

/// An error that stands in the way: its text with its causes, and its hint. One that is several is a fact for each.
fn broken(subject: &str, error: &dyn Explain) -> Vec<DoctorFact> {
    let parts = error.parts();
    if !parts.is_empty() {
        let told = |part: Part| {
            let place = part.place.map(|place| place.heading());
            bad(subject, format!("{}{}", place.unwrap_or_default(), part.text), part.hint)
        };
        return parts.into_iter().map(told).collect();
    }
    let mut seen = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !seen.ends_with(&text) {
            seen = format!("{seen}: {text}");
        }
        source = cause.source();
    }
    vec![bad(subject, seen, error.hint())]
}
