//! `release`: releases as documents, and those that this host knows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use windlass_api::command::{ApplicationRef, Build, Content, Document, Versions};
use windlass_api::facts::{ReleaseDocumentFact, ReleaseLineFact};
use windlass_api::{Answer, Reply};
use windlass_config::{Config, Releases};
use windlass_deployment::Target;
use windlass_domain::{Built, Outcome, Proof, Release, ReleaseDocument, VERIFICATION, Verdict};
use windlass_foundation::explain::ExplainedError;
use windlass_foundation::names::Instance;
use windlass_foundation::private;
use windlass_foundation::signature;
use windlass_journal::{Answered, Mode, ProbeResult, Summary};
use windlass_release::binding::{self, BindingError, Claim};
use windlass_release::bundle::Bundles;
use windlass_release::document;

use super::build;
use super::deploy::source;
use crate::access::On;
use crate::agent::Agent;
use crate::error::CommandError;
use crate::run::{Run, itself};
use crate::scratch::Scratch;
use crate::sent;

/// Makes a release from an application's files.
pub(super) async fn create(
    run: &Run,
    application: &ApplicationRef,
    bundle: Option<&Content>,
    versions: Versions,
    environment: Option<String>,
    building: Option<Build>,
) -> Result<Reply, ExplainedError> {
    // The process that makes a release need not run on a deployment host: a CI job has no state directory and may not be
    // allowed to write one.
    let scratch = Scratch::new()?;
    let asked = sent::or_found(run, application, bundle, scratch.path())?;
    let agent = run.open_in(Mode::Read, scratch.path().to_owned()).await?;
    match environment {
        // Without the operator's file this is no host of any environment.
        Some(wanted) if agent.config.file.is_none() => return Err(CommandError::NoEnvironment { wanted }.into()),
        wanted => run.environment(wanted.as_deref(), &agent)?,
    }
    // The same on every host: what runs here is no part of it.
    let mut source = source(&asked, &versions, true);
    let built = match &building {
        Some(building) => build::run(run, &agent, &asked, building, &mut source).await?,
        None => BTreeMap::new(),
    };
    let made = agent.make_release(&asked.instance, &source).await;
    let made = made.map_err(windlass_deployment::Error::Failed)?;
    let directory = (!asked.is_sent).then_some(asked.location.directory);
    complete(&agent, &made, Extra { proof: None, built, directory })
}

/// A release that succeeded here, as a document.
pub(super) async fn export(
    run: &Run,
    application: &ApplicationRef,
    release: Option<&str>,
) -> Result<Reply, ExplainedError> {
    let name = run.name(application)?;
    let agent = run.open(Mode::Read).await?;
    let (release, proof) = succeeded(&agent, &name, release)?;
    complete(&agent, &release, Extra { proof, built: BTreeMap::new(), directory: None })
}

/// A release document as a target: checked, signed where it must be, and its files kept on this host.
pub(super) fn given(run: &Run, file: &Document, application: &str) -> Result<Target, ExplainedError> {
    let config = run.config()?;
    let (path, content) = (&file.path, &file.content.0);
    let name = path.display().to_string();
    let document = document::parse(&name, content)?;
    if document.release.application != application {
        return Err(CommandError::OtherRelease {
            path: path.clone(),
            found: document.release.application,
            application: application.to_owned(),
        }
        .into());
    }
    let signer = signed(Some(path), &name, content, file.signature.as_ref(), &config.releases)?;
    let unbound = claimed(path, content, signer.as_deref(), application, &config)?;
    private::claim(&config.state_directory)?;
    let stored = document::keep(&name, &document, &Bundles::new(&config.state_directory))?;
    document::recheck(&name, &document, &stored)?;
    Ok(Target::Given { release: Box::new(document.release), origin: name, signer, unbound })
}

/// Decides whether a document may be a release of the application. Returns the lines that would bind it where the
/// operator wrote no binding.
pub(super) fn claimed(
    path: &Path,
    content: &[u8],
    signer: Option<&str>,
    application: &str,
    config: &Config,
) -> Result<Option<String>, BindingError> {
    let path = (path != Path::new("-")).then_some(path);
    binding::decide(config, application, Claim::Document { path, content, signer })
}

/// Verifies the signature that the operator requires; the key that made it. Standard input has none.
pub(super) fn signed(
    path: Option<&Path>,
    name: &str,
    content: &[u8],
    signature: Option<&Content>,
    releases: &Releases,
) -> Result<Option<String>, signature::SignatureError> {
    let signature = signature.map(|signature| &*signature.0);
    match path.filter(|path| *path != Path::new("-")) {
        Some(path) => signature::verify(path, content, signature, &releases.keys, releases.require_signature),
        None if releases.require_signature => {
            Err(signature::SignatureError::Missing { name: name.trim_matches('`').to_owned(), path: None })
        }
        None => Ok(None),
    }
}

/// A release that succeeded here, and the proof.
fn succeeded(agent: &Agent, name: &Instance, wanted: Option<&str>) -> Result<(Release, Option<Proof>), ExplainedError> {
    let running = agent.journal.running(name)?;
    let id = match wanted {
        Some(wanted) => windlass_deployment::succeeded(&agent.engine, name, wanted)?.release,
        None => running.as_ref().map(|running| running.release.id.clone()),
    };
    let id = id.ok_or_else(|| CommandError::NotDeployed { wanted: name.to_string() })?;
    // What runs may come from a deployment that changed nothing and verified what ran. A deployment of an earlier agent
    // verified nothing.
    let of = |summary: &&Summary| summary.release.as_deref() == Some(id.as_str());
    let succeeded = agent.journal.successes(name)?.iter().find(of).map(|summary| summary.id.clone());
    let unchanged =
        running.as_ref().filter(|running| running.release.id == id).map(|running| running.deployment.clone());
    let Some(deployment) = succeeded.or(unchanged) else {
        return Err(CommandError::NotDeployed { wanted: name.to_string() }.into());
    };
    let state = agent.journal.deployment_state(&deployment)?;
    let release = state.release.as_deref().cloned();
    let release = release.ok_or_else(|| CommandError::NotDeployed { wanted: name.to_string() })?;
    if state.outcome() == Some(Outcome::Unchanged) && state.proofs.is_empty() {
        return Ok((release, None));
    }
    let verdicts = |answers: &[Answered]| {
        answers
            .iter()
            .filter(|answered| answered.name != VERIFICATION)
            .map(|answered| {
                let verdict = match &answered.answer {
                    ProbeResult::Report(report) => report.verdict,
                    ProbeResult::Failure(_) => Verdict::Inconclusive,
                };
                (answered.name.clone(), verdict)
            })
            .collect()
    };
    let proof = Proof {
        environment: state.environment.clone(),
        host: agent.engine.host.clone(),
        deployment: state.id.clone(),
        actor: state.owner.actor.name.clone(),
        finished: state.finished.unwrap_or(state.started).to_string(),
        checks: verdicts(&state.checks),
        smoke: verdicts(&state.proofs),
    };
    Ok((release, Some(proof)))
}

/// What a reply says besides the release.
struct Extra {
    proof: Option<Proof>,
    built: BTreeMap<String, Built>,
    directory: Option<PathBuf>,
}

/// The reply about a release, with its document complete.
fn complete(agent: &Agent, release: &Release, extra: Extra) -> Result<Reply, ExplainedError> {
    let stored =
        Bundles::new(&agent.state_directory).load(&release.bundle.digest).map_err(document::DocumentError::from)?;
    let document = ReleaseDocument { built: extra.built, ..document::make(release, &stored, extra.proof)? };
    let text = serde_json::to_string_pretty(&document).map_err(CommandError::unwritable)?;
    let release = Box::new(fact(&document, None, None));
    let document = Some(Content(format!("{text}\n").into_bytes()));
    Ok(Reply::succeeded(Answer::Release { release, document, directory: extra.directory }))
}

/// What a release of the history consists of.
pub(super) async fn show(run: &Run, application: &str, wanted: Option<&str>) -> Result<Reply, ExplainedError> {
    run.allow(On::Application(application))?;
    let agent = run.open(Mode::Read).await?;
    let (release, proof) = succeeded(&agent, &itself(application)?, wanted)?;
    let format = windlass_domain::RELEASE_DOCUMENT_FORMAT;
    let document = ReleaseDocument { format, release, proof, built: BTreeMap::new(), files: None };
    Ok(about(&document, None, None))
}

/// What a document says.
pub(super) fn read(run: &Run, file: &Document) -> Result<Reply, ExplainedError> {
    // What is in a file is no application of this host.
    run.allow(On::Any)?;
    let document = document::parse(&file.path.display().to_string(), &file.content.0)?;
    Ok(about(&document, Some(&file.path), None))
}

/// Whether a document is as it was made, and who signed it.
pub(super) fn verify(run: &Run, file: &Document, more: Vec<String>) -> Result<Reply, ExplainedError> {
    run.allow(On::Any)?;
    let config = run.config()?;
    let content = &file.content.0;
    let document = document::parse(&file.path.display().to_string(), content)?;
    let mut keys = config.releases.keys.clone();
    let required = config.releases.require_signature || !more.is_empty();
    for key in more {
        signature::is_key(&key)?;
        keys.push(key);
    }
    let signature = file.signature.as_ref().map(|signature| &*signature.0);
    let by = signature::verify(&file.path, content, signature, &keys, required)?;
    Ok(about(&document, Some(&file.path), by))
}

/// The reply about a release whose document the caller has or does not want.
fn about(document: &ReleaseDocument, path: Option<&Path>, signed_by: Option<String>) -> Reply {
    let release = Box::new(fact(document, path, signed_by));
    Reply::succeeded(Answer::Release { release, document: None, directory: None })
}

fn fact(document: &ReleaseDocument, path: Option<&Path>, signed_by: Option<String>) -> ReleaseDocumentFact {
    ReleaseDocumentFact {
        application: document.release.application.clone(),
        release: (&document.release).into(),
        bundle: document.release.bundle.digest.clone(),
        files: document.release.bundle.files.clone(),
        complete: document.files.is_some(),
        built: document.built.clone(),
        proof: document.proof.clone(),
        signed_by,
        path: path.map(|path| path.display().to_string()),
    }
}

/// The releases that succeeded here, the newest first.
pub(super) async fn list(run: &Run, application: &ApplicationRef) -> Result<Reply, ExplainedError> {
    let name = run.name(application)?;
    let agent = run.open(Mode::Read).await?;
    let releases = releases(&agent, &name)?;
    Ok(Reply::succeeded(Answer::Releases { application: name.into(), releases }))
}

fn releases(agent: &Agent, name: &Instance) -> Result<Vec<ReleaseLineFact>, ExplainedError> {
    let running = agent.journal.running(name)?.map(|running| running.release.id.clone());
    let pinned = agent.journal.pin(name)?.map(|pin| pin.release);
    let quarantined: Vec<String> = agent.journal.quarantine(name)?.into_iter().map(|one| one.release).collect();
    let mut facts: Vec<ReleaseLineFact> = Vec::new();
    for summary in agent.journal.successes(name)? {
        let Some(id) = summary.release.clone() else { continue };
        if facts.iter().any(|fact| fact.id == id) {
            continue;
        }
        facts.push(ReleaseLineFact {
            application: name.to_string(),
            version: summary.version.unwrap_or_default(),
            commit: summary.commit,
            deployment: summary.id,
            succeeded: summary.finished.unwrap_or(summary.started).to_string(),
            running: running.as_deref() == Some(id.as_str()),
            pinned: pinned.as_deref() == Some(id.as_str()),
            quarantined: quarantined.contains(&id),
            id,
        });
    }
    Ok(facts)
}
