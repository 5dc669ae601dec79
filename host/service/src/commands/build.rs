//! `release create --build`: builds what the Compose file builds, and pins the release to exactly that.
//!
//! What is built is decided from files on the disk before anything is run; nothing is deployed, and a build that fails
//! leaves no release.

use std::collections::BTreeMap;
use std::time::Duration;

use windlass_api::command;
use windlass_deployment::Source;
use windlass_domain::Built;
use windlass_foundation::clock::{Clock as _, SystemClock};
use windlass_foundation::explain::ExplainedError;
use windlass_release::build::{Build, BuildError, Builder, Commit, Inputs, builds, commit};
use windlass_release::compose::Directory;

use super::config::{load, shown_secret};
use crate::agent::Agent;
use crate::run::{FoundApplication, Run};

/// Builds, pushes what goes to a registry, and puts commit and digests into the source.
pub(super) async fn run(
    run: &Run,
    agent: &Agent,
    asked: &FoundApplication,
    building: &command::Build,
    source: &mut Source,
) -> Result<BTreeMap<String, Built>, ExplainedError> {
    let directory = &asked.location.directory;
    let root = std::fs::canonicalize(directory);
    let root = root.map_err(|source| BuildError::Directory { path: directory.clone(), source })?;
    let of = match &source.commit {
        Some(id) => Commit { id: id.clone(), is_changed: false },
        None => commit(&root)?,
    };
    let settings = asked.file.settings(&agent.environment)?;
    let (loaded, project) = load(&settings, &asked.name, &Directory::new(root.clone()))?;
    for warning in &loaded.warnings {
        run.warn(warning);
    }
    let secrets: Vec<(String, String)> =
        settings.secrets.values().map(|name| (shown_secret(name), name.clone())).collect();
    let wanted = builds(&Inputs {
        application: &loaded.application,
        file: &asked.file,
        project: &project,
        root: &root,
        secrets: &secrets,
        given: &|artifact| source.set.contains_key(artifact),
        version: &of.id,
    })?;
    may_be_pushed(&wanted, building.push)?;
    if of.is_changed {
        run.warn(format!(
            "files of the release have changes that are not in the commit {}; what is built has them",
            of.id
        ));
    }
    let redactor = &agent.redactor;
    let told = |line: &str| run.note(redactor.text(line));
    let patience = Duration::from_millis(building.deadline_ms);
    let builder = Builder { endpoint: &agent.config.docker.endpoint, patience, told: &told };
    let buildx = builder.has_buildx().await?;
    let mut built = BTreeMap::new();
    for one in &wanted {
        run.note(format!("build {} as {}", one.artifact, one.reference));
        let digest = digest(agent, &builder, one, buildx).await?;
        source.set.insert(one.artifact.clone(), format!("{}@{digest}", of.id));
        let time = SystemClock.now().to_string();
        let host = agent.engine.host.clone();
        built.insert(one.artifact.clone(), Built { host, time, changed: of.is_changed });
    }
    source.commit = Some(of.id);
    Ok(built)
}

/// Whether everything that belongs to a registry may be sent there; said before anything is built.
fn may_be_pushed(wanted: &[Build], push: bool) -> Result<(), BuildError> {
    let mut remote = wanted.iter().filter(|build| !build.local);
    match (remote.next(), push) {
        (None, true) => Err(BuildError::NothingToPush),
        (Some(build), false) => {
            Err(BuildError::NotPushed { artifact: build.artifact.clone(), repository: build.reference.repository() })
        }
        _ => Ok(()),
    }
}

/// Builds one image, and pushes it: its id in the engine, or its digest at its registry.
async fn digest(agent: &Agent, builder: &Builder<'_>, build: &Build, buildx: bool) -> Result<String, ExplainedError> {
    let id = builder.build(build, buildx).await?;
    let engine =
        |failure: windlass_domain::Failure| ExplainedError::from(windlass_deployment::Error::Failed(failure.into()));
    let lost = |what, command| BuildError::Lost { what, artifact: build.artifact.clone(), command };
    let id = agent.docker.image_id(&id).await.map_err(engine)?.ok_or_else(|| lost("the image", "build"))?;
    if build.local {
        return Ok(id);
    }
    builder.push(build).await?;
    let digest = agent.docker.pushed_digest(&id, &build.reference.repository()).await.map_err(engine)?;
    Ok(digest.ok_or_else(|| lost("the digest", "push"))?)
}
