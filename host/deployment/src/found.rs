//! What the agent finds about what runs after its deployment had ended: written down once, and told to the recorders of the
//! release. What is looked at, when, and what follows from it, is decided elsewhere.

use std::collections::BTreeSet;

use windlass_domain::Found as Told;
use windlass_foundation::names::Instance;
use windlass_journal::{Concern, Notice, WithLine};

use super::engine::Engine;
use super::error::Error;
use super::request::event_of;

/// Says that something is not as a deployment left it, `what`, or that it is again. What is known already is not said again.
/// Returns whether it was said.
///
/// # Errors
/// When the journal cannot be read or written.
pub async fn say(
    engine: &Engine,
    instance: &Instance,
    deployment: &str,
    about: Concern,
    what: Option<&str>,
) -> Result<bool, Error> {
    let journal = &engine.journal;
    let concerns = journal.concerns(instance)?;
    if concerns.iter().any(|known| known.about == about) == what.is_some() {
        return Ok(false);
    }
    let state = journal.deployment_state(deployment)?;
    let mut also = WithLine::default();
    // A recorder that cannot be known is not told; what was found is written down all the same.
    let settings = match &state.release {
        Some(release) => engine.backend.settings(release).await.ok(),
        None => None,
    };
    if let Some(settings) = settings {
        let previous = match &state.previous {
            Some(previous) => journal.deployment_state(previous)?.release,
            None => None,
        };
        let number = journal.found_of(instance, deployment)?.len() + 1;
        let others = concerns.into_iter().filter(|known| known.about != about).filter_map(|known| known.what);
        let troubles: Vec<String> = what.map(str::to_owned).into_iter().chain(others).collect();
        let told = Told { by: about.word().to_owned(), what: what.map(str::to_owned), at: journal.now().to_string() };
        for recorder in settings.recorders.iter().collect::<BTreeSet<_>>() {
            let key = format!("{deployment}/{recorder}/{}-{number}", about.word());
            let mut event = event_of(&state, previous.as_deref(), &engine.host, key);
            event.trouble = (!troubles.is_empty()).then(|| troubles.join("; "));
            event.found = Some(told.clone());
            also.deliveries.push((recorder.clone(), event));
        }
    }
    let deployment = deployment.to_owned();
    let notice = match what {
        Some(what) => Notice::Ailing { about, deployment: deployment.clone(), what: what.to_owned() },
        None => Notice::Recovered { about, deployment: deployment.clone() },
    };
    Ok(journal.found(instance, &notice, &deployment, &also)?)
}
