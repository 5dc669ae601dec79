//! `windlass release`: releases as files, and those that this host knows.

use std::collections::BTreeMap;
use std::path::Path;

use windlass_config::{Config, Releases};
use windlass_deployment::Target;
use windlass_documents::{Built, Outcome, Proof, Release, ReleaseDocument, VERIFICATION, Verdict};
use windlass_foundation::explain::ExitCode;
use windlass_foundation::private;
use windlass_foundation::signature;
use windlass_journal::{Answer, Answered, Mode, Summary};
use windlass_release::binding::{self, BindingError, Claim};
use windlass_release::bundle::Bundles;
use windlass_release::document;
use windlass_report::facts::{Fact, ReleaseDocumentFact, ReleaseLineFact};
use windlass_report::{Fault, release};
use windlass_service::agent::Agent;

use super::arguments::{ReleaseCommand, is_file};
use super::build;
use super::deploy::source;
use super::error::CliError;
use super::session::Session;

/// Carries out one of them.
pub(super) async fn run(command: &ReleaseCommand, session: &Session) -> Result<ExitCode, Fault> {
    match command {
        ReleaseCommand::Create { versions, environment, building, out } => {
            let asked = session.find(&versions.app)?;
            // The process that makes a release need not run on a deployment host: a CI job has no state directory and
            // may not be allowed to write one.
            let scratch = tempfile::tempdir().and_then(|scratch| Ok((scratch.path().canonicalize()?, scratch)));
            let (state, _scratch) = scratch.map_err(|source| CliError::Write { path: std::env::temp_dir(), source })?;
            let agent = session.open_in(Mode::Read, Some(state)).await?;
            match environment {
                // Without the operator's file this is no host of any environment.
                Some(wished) if agent.config.file.is_none() => {
                    return Err(CliError::NoEnvironment { wished: wished.clone() }.into());
                }
                wished => session.environment(wished.as_deref(), &agent)?,
            }
            // The same on every host: what runs here is no part of it.
            let mut source = source(&asked, versions, true);
            let built = if building.build {
                build::run(&agent, &asked, building, &mut source, session).await?
            } else {
                BTreeMap::new()
            };
            let made = agent.make_release(&asked.name, &source).await;
            let made = made.map_err(windlass_deployment::Error::Failed)?;
            let code = write(&agent, &made, Extra { proof: None, built }, out.as_deref(), session)?;
            if let Some(out) = out.as_deref().filter(|out| is_released(out, &asked.location.directory, &agent)) {
                session.printer.warn(&format!(
                    "`{}` is a file of the next release: name it in .windlassignore, or write it elsewhere",
                    out.display()
                ));
            }
            Ok(code)
        }
        ReleaseCommand::Export { app, release, out } => {
            let name = session.name(app)?;
            let agent = session.open(Mode::Read).await?;
            let (release, proof) = succeeded(&agent, &name, release.as_deref())?;
            write(&agent, &release, Extra { proof, built: BTreeMap::new() }, out.as_deref(), session)
        }
        ReleaseCommand::List { app } => {
            let name = session.name(app)?;
            let agent = session.open(Mode::Read).await?;
            list(&agent, &name, session)
        }
        ReleaseCommand::Show { of, release } => show(of, release.as_deref(), session).await,
        ReleaseCommand::Verify { file, key } => verify(file, key, session),
    }
}

/// Whether a file that was written is one of a release from that directory.
fn is_released(file: &Path, directory: &Path, agent: &Agent) -> bool {
    let (Ok(file), Ok(real)) = (file.canonicalize(), directory.canonicalize()) else { return false };
    let Ok(inside) = file.strip_prefix(real) else { return false };
    let bundle = Bundles::new(&agent.state_directory).inspect(directory);
    bundle.is_ok_and(|bundle| bundle.has(&inside.to_string_lossy()))
}

/// A release document as a target: checked, signed where it must be, and its files kept on this host.
pub(super) fn given(path: &Path, application: &str, session: &Session) -> Result<Target, Fault> {
    let config = session.config()?;
    let content = document::read(path)?;
    let name = path.display().to_string();
    let document = document::parse(&name, &content)?;
    if document.release.application != application {
        return Err(CliError::OtherRelease {
            path: path.to_owned(),
            found: document.release.application,
            application: application.to_owned(),
        }
        .into());
    }
    let signer = signed(Some(path), &name, &content, &config.releases)?;
    let unbound = claimed(Some(path), &content, signer.as_deref(), application, &config)?;
    private::claim(&config.state_directory)?;
    let stored = document::keep(&name, &document, &Bundles::new(&config.state_directory))?;
    document::recheck(&name, &document, &stored)?;
    Ok(Target::Given { release: Box::new(document.release), origin: name, signer, unbound })
}

/// Decides whether a document may be a release of the application. Returns the lines that would bind it where the
/// operator wrote no binding.
pub(super) fn claimed(
    path: Option<&Path>,
    content: &[u8],
    signer: Option<&str>,
    application: &str,
    config: &Config,
) -> Result<Option<String>, BindingError> {
    let path = path.filter(|path| *path != Path::new("-"));
    binding::decide(config, application, Claim::Document { path, content, signer })
}

/// Looks for the signature that the operator requires; the key that made it.
pub(super) fn signed(
    path: Option<&Path>,
    name: &str,
    content: &[u8],
    releases: &Releases,
) -> Result<Option<String>, signature::SignatureError> {
    match path.filter(|path| *path != Path::new("-")) {
        Some(path) => signature::verify(path, content, &releases.keys, releases.require_signature),
        None if releases.require_signature => {
            Err(signature::SignatureError::Missing { name: name.trim_matches('`').to_owned(), path: None })
        }
        None => Ok(None),
    }
}

/// A release that succeeded here, and the proof.
fn succeeded(agent: &Agent, name: &str, wished: Option<&str>) -> Result<(Release, Option<Proof>), Fault> {
    let running = agent.journal.running(name)?;
    let id = match wished {
        Some(wished) => windlass_deployment::succeeded(&agent.engine, name, wished)?.release,
        None => running.as_ref().map(|running| running.release.id.clone()),
    };
    let id = id.ok_or_else(|| CliError::NotDeployed { wished: name.to_owned() })?;
    // What runs may come from a deployment that changed nothing and verified what ran. A deployment of an earlier agent
    // verified nothing.
    let of = |summary: &&Summary| summary.release.as_deref() == Some(id.as_str());
    let succeeded = agent.journal.successes(name)?.iter().find(of).map(|summary| summary.id.clone());
    let unchanged =
        running.as_ref().filter(|running| running.release.id == id).map(|running| running.deployment.clone());
    let Some(deployment) = succeeded.or(unchanged) else {
        return Err(CliError::NotDeployed { wished: name.to_owned() }.into());
    };
    let state = agent.journal.deployment_state(&deployment)?;
    let release = state.release.as_deref().cloned();
    let release = release.ok_or_else(|| CliError::NotDeployed { wished: name.to_owned() })?;
    if state.outcome() == Some(Outcome::Unchanged) && state.proofs.is_empty() {
        return Ok((release, None));
    }
    let verdicts = |answers: &[Answered]| {
        answers
            .iter()
            .filter(|answered| answered.name != VERIFICATION)
            .map(|answered| {
                let verdict = match &answered.answer {
                    Answer::Report(report) => report.verdict,
                    Answer::Failure(_) => Verdict::Inconclusive,
                };
                (answered.name.clone(), verdict)
            })
            .collect()
    };
    let proof = Proof {
        environment: state.environment.clone(),
        host: agent.engine.host.clone(),
        deployment: state.id.clone(),
        actor: state.owner.actor.clone(),
        finished: state.finished.unwrap_or(state.started).to_string(),
        checks: verdicts(&state.checks),
        smoke: verdicts(&state.proofs),
    };
    Ok((release, Some(proof)))
}

/// What a document says besides the release.
struct Extra {
    proof: Option<Proof>,
    built: BTreeMap<String, Built>,
}

/// Writes a document to a file, and shows what it is; or to standard output, and shows nothing else.
fn write(
    agent: &Agent,
    release: &Release,
    extra: Extra,
    out: Option<&Path>,
    session: &Session,
) -> Result<ExitCode, Fault> {
    let stored =
        Bundles::new(&agent.state_directory).load(&release.bundle.digest).map_err(document::DocumentError::from)?;
    let document = ReleaseDocument { built: extra.built, ..document::make(release, &stored, extra.proof)? };
    session.teller.finish();
    let text = serde_json::to_string_pretty(&document).map_err(std::io::Error::from);
    let Some(path) = out else {
        let text = text.map_err(|source| CliError::Write { path: "-".into(), source })?;
        session.printer.verbatim(&format!("{text}\n"));
        return Ok(ExitCode::Succeeded);
    };
    let written = text.and_then(|text| private::write(path, format!("{text}\n").as_bytes()));
    written.map_err(|source| CliError::Write { path: path.to_owned(), source })?;
    tell(&document, Some(path), None, session);
    Ok(ExitCode::Succeeded)
}

async fn show(of: &str, wished: Option<&str>, session: &Session) -> Result<ExitCode, Fault> {
    let path = Path::new(of);
    if is_file(of) {
        if let Some(wished) = wished {
            return Err(CliError::DocumentDecides { path: path.to_owned(), wished: wished.to_owned() }.into());
        }
        let content = document::read(path)?;
        tell(&document::parse(of, &content)?, Some(path), None, session);
        return Ok(ExitCode::Succeeded);
    }
    let agent = session.open(Mode::Read).await?;
    let (release, proof) = succeeded(&agent, of, wished)?;
    session.teller.finish();
    let format = windlass_documents::RELEASE_DOCUMENT_FORMAT;
    let built = BTreeMap::new();
    tell(&ReleaseDocument { format, release, proof, built, files: None }, None, None, session);
    Ok(ExitCode::Succeeded)
}

fn verify(path: &Path, more: &[String], session: &Session) -> Result<ExitCode, Fault> {
    let config = session.config()?;
    let content = document::read(path)?;
    let document = document::parse(&path.display().to_string(), &content)?;
    let mut keys = config.releases.keys;
    for key in more {
        signature::is_key(key)?;
        keys.push(key.clone());
    }
    let required = config.releases.require_signature || !more.is_empty();
    let by = signature::verify(path, &content, &keys, required)?;
    tell(&document, Some(path), by, session);
    Ok(ExitCode::Succeeded)
}

fn tell(document: &ReleaseDocument, path: Option<&Path>, signed_by: Option<String>, session: &Session) {
    let fact = ReleaseDocumentFact {
        application: document.release.application.clone(),
        release: (&document.release).into(),
        bundle: document.release.bundle.digest.clone(),
        files: document.release.bundle.files.clone(),
        complete: document.files.is_some(),
        built: document.built.clone(),
        proof: document.proof.clone(),
        signed_by,
        path: path.map(|path| path.display().to_string()),
    };
    session.printer.answer(&Fact::ReleaseDocument(Box::new(fact.clone())), |_| release::document(&fact));
}

fn list(agent: &Agent, name: &str, session: &Session) -> Result<ExitCode, Fault> {
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
            application: name.to_owned(),
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
    session.teller.finish();
    session.printer.list(facts, Fact::ReleaseLine, |facts| release::list(facts, name));
    Ok(ExitCode::Succeeded)
}
