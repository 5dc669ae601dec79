//! `windlass promote`: a deployment of the very release that succeeded in another environment.

use std::path::Path;

use windlass_config::Config;
use windlass_deployment::Target as Wanted;
use windlass_documents::ReleaseDocument;
use windlass_foundation::explain::ExitCode;
use windlass_foundation::names;
use windlass_foundation::private;
use windlass_journal::Mode;
use windlass_release::bundle::Bundles;
use windlass_release::document;
use windlass_release::promotion::{self, Fetched, PromotionError};
use windlass_report::Fault;

use super::arguments::{PromoteArguments, is_file};
use super::deploy::request;
use super::release::{claimed, signed};
use super::session::Session;

/// Fetches the release, looks whether it was proved there, and deploys it.
pub(super) async fn run(arguments: &PromoteArguments, session: &Session) -> Result<ExitCode, Fault> {
    let name = session.name(&arguments.app)?;
    let config = session.config()?;
    let file = file(&arguments.from);
    let environment = file.is_none().then_some(arguments.from.as_str());
    let fetched = match (file, environment) {
        (Some(path), _) => Fetched::file(path)?,
        (None, environment) => fetch(environment.unwrap_or_default(), &name, &config, session).await?,
    };
    let document = fetched.document(&name)?;
    let signer = signed(fetched.path.as_deref(), &fetched.origin, &fetched.content, &config.releases)?;
    // Where the operator says that an environment is, its word counts. For a file that the user names, only what a
    // trusted key has signed counts, unless the operator accepts unsigned proofs.
    let vouched = file.is_none() || signer.is_some() || config.releases.accept_unsigned_proofs;
    let mut unbound = match file {
        Some(path) => claimed(Some(path), &fetched.content, signer.as_deref(), &name, &config)?,
        None => None,
    };
    match promotion::proved(&document, environment, vouched) {
        Err(unproved) if arguments.manner.break_glass.is_some() => session.printer.warn(&unproved.to_string()),
        proved => proved?,
    }
    private::claim(&config.state_directory)?;
    let bundles = Bundles::new(&config.state_directory);
    let stored = if document.files.is_some() {
        document::keep(&fetched.origin, &document, &bundles)?
    } else {
        // Only the release was recorded: its files must be here, as they were there.
        let asked = session.find(&arguments.app)?;
        unbound = unbound.or(asked.unbound);
        document::keep_directory(&document, &asked.location.directory, &bundles)?
    };
    document::recheck(&fetched.origin, &document, &stored)?;
    let agent = session.open(Mode::Write).await?;
    let stop = session.stop()?;
    let origin = origin(&document, &fetched, vouched);
    let mut manner = arguments.manner.clone();
    manner.reason.get_or_insert_with(|| format!("promoted from {origin}"));
    let target = Wanted::Given { release: Box::new(document.release), origin, signer, unbound };
    let ending = windlass_deployment::run(&agent.engine, request(session, name, target, &manner), &stop).await?;
    Ok(session.ended(&agent, &ending).await)
}

/// Fetches from where the operator says that an environment is.
async fn fetch(environment: &str, name: &str, config: &Config, session: &Session) -> Result<Fetched, Fault> {
    let promotion = config.promote.get(environment).ok_or_else(|| PromotionError::Unknown {
        environment: environment.to_owned(),
        known: config.promote.keys().cloned().collect(),
    })?;
    let what = format!("Fetching the release of {name} in {environment}");
    Ok(session.patiently(&what, promotion::fetch(promotion, name)).await?)
}

/// The file that is meant, where it is no environment.
fn file(from: &str) -> Option<&Path> {
    is_file(from).then_some(Path::new(from))
}

/// Where the release was proved, for the record.
fn origin(document: &ReleaseDocument, fetched: &Fetched, vouched: bool) -> String {
    match &document.proof {
        // A proof that no trusted party vouches for must not look in the history as if it were certain.
        Some(_) if !vouched => format!("{}, with an unsigned proof", fetched.origin),
        Some(proof) => {
            names::actor(&format!("{}, deployment {} on {}", proof.environment, proof.deployment, proof.host))
        }
        None => fetched.origin.clone(),
    }
}
