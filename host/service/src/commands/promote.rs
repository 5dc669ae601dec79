//! `promote`: a deployment of the very release that succeeded in another environment.

use windlass_api::Reply;
use windlass_api::command::{ApplicationRef, Content, Document, Manner, Promoted};
use windlass_config::Config;
use windlass_deployment::Target as Wanted;
use windlass_domain::ReleaseDocument;
use windlass_foundation::explain::ExplainedError;
use windlass_foundation::names;
use windlass_foundation::private;
use windlass_foundation::signature;
use windlass_journal::Mode;
use windlass_release::bundle::Bundles;
use windlass_release::document;
use windlass_release::promotion::{self, Fetched, PromotionError};

use super::deploy::request;
use super::release::{claimed, signed};
use crate::run::Run;

/// Fetches the release, looks whether it was proved there, and deploys it.
pub(super) async fn run(
    run: &Run,
    application: &ApplicationRef,
    from: Promoted,
    mut manner: Manner,
) -> Result<Reply, ExplainedError> {
    let name = run.name(application)?;
    let config = run.config()?;
    let (fetched, file, signature, environment) = match from {
        Promoted::Environment(environment) => {
            let fetched = fetch(run, &environment, name.application(), &config).await?;
            let signature = fetched.path.as_deref().map(signature::read_beside).transpose()?.flatten();
            (fetched, None, signature.map(Content), Some(environment))
        }
        Promoted::Document(Document { path, content, signature }) => {
            let origin = format!("`{}`", path.display());
            let fetched = Fetched { origin, path: Some(path.clone()), content: content.0 };
            (fetched, Some(path), signature, None)
        }
    };
    let document = fetched.document(name.application())?;
    let signer =
        signed(fetched.path.as_deref(), &fetched.origin, &fetched.content, signature.as_ref(), &config.releases)?;
    // Where the operator says that an environment is, its word counts. For a file that the user names, only what a
    // trusted key has signed counts, unless the operator accepts unsigned proofs.
    let vouched = file.is_none() || signer.is_some() || config.releases.accept_unsigned_proofs;
    let mut unbound = match &file {
        Some(path) => claimed(path, &fetched.content, signer.as_deref(), name.application(), &config)?,
        None => None,
    };
    match promotion::proved(&document, environment.as_deref(), vouched) {
        Err(unproved) if manner.break_glass.is_some() => run.warn(unproved.to_string()),
        proved => proved?,
    }
    private::claim(&config.state_directory)?;
    let bundles = Bundles::new(&config.state_directory);
    let stored = if document.files.is_some() {
        document::keep(&fetched.origin, &document, &bundles)?
    } else {
        // Only the release was recorded: its files must be here, as they were there.
        let asked = run.find(application)?;
        unbound = unbound.or(asked.unbound);
        document::keep_directory(&document, &asked.location.directory, &bundles)?
    };
    document::recheck(&fetched.origin, &document, &stored)?;
    let agent = run.open(Mode::Write).await?;
    let stop = run.stop()?;
    let origin = origin(&document, &fetched, vouched);
    manner.reason.get_or_insert_with(|| format!("promoted from {origin}"));
    let target = Wanted::Given { release: Box::new(document.release), origin, signer, unbound };
    let ending = windlass_deployment::run(&agent.engine, request(run, name, target, manner), &stop).await?;
    Ok(run.ended(&agent, &ending).await)
}

/// Fetches from where the operator says that an environment is.
async fn fetch(run: &Run, environment: &str, name: &str, config: &Config) -> Result<Fetched, ExplainedError> {
    let promotion = config.promote.get(environment).ok_or_else(|| PromotionError::Unknown {
        environment: environment.to_owned(),
        known: config.promote.keys().cloned().collect(),
    })?;
    let what = format!("Fetching the release of {name} in {environment}");
    Ok(run.patiently(&what, promotion::fetch(promotion, name)).await?)
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
