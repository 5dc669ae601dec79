//! `config`: the Compose application that a release file means here, as Docker Compose would show it.
//!
//! It reads files only: no registry, engine, plugin or secret is asked. Images stand as they are written; a deployment
//! pins them by digest.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use windlass_api::command::{ApplicationRef, Content};
use windlass_api::error::PlaceFact;
use windlass_api::facts::{ConfigFact, OriginFact};
use windlass_api::{Answer, Reply};
use windlass_compose::{DataRoot, Loaded, Options, Origin, Problem};
use windlass_foundation::explain::ExplainedError;
use windlass_release::bundle::Bundles;
use windlass_release::compose::{self, Directory};
use windlass_release::environment::{PluginName, Settings};

use crate::error::CommandError;
use crate::run::{FoundApplication, Run};
use crate::scratch::Scratch;
use crate::sent;

/// The strategy that deploys Compose files.
const STRATEGY: &str = "strategy-compose";

/// What its `with` table says about which files, as far as it matters here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct With {
    files: Vec<String>,
    project: Option<String>,
    profiles: Vec<String>,
}

/// Shows the resolved application, or where one of its values came from.
pub(super) fn run(
    run: &Run,
    application: &ApplicationRef,
    bundle: Option<&Content>,
    environment: Option<String>,
    explained: Option<&str>,
) -> Result<Reply, ExplainedError> {
    let scratch = bundle.map(|_| Scratch::new()).transpose()?;
    let kept_in = scratch.as_ref().map_or(Path::new(""), Scratch::path);
    let asked = sent::or_found(run, application, bundle, kept_in)?;
    let here = run.config()?.environment.clone();
    let environment = environment.unwrap_or(here);
    let settings = asked.file.settings(&environment)?;
    let directory = asked.location.directory.clone();
    let files = if asked.is_sent { Directory::sent(directory.clone()) } else { Directory::new(directory.clone()) };
    let (mut loaded, project) = load(&settings, &asked.name, &files)?;
    for warning in &loaded.warnings {
        run.warn(warning);
    }
    for problem in place_data(run, &mut loaded, &asked)? {
        run.warn(problem.to_string());
    }
    if let Some(path) = explained {
        return explain(&loaded, path);
    }
    let root = if asked.is_sent {
        // What came is gone after this command.
        PathBuf::from(".")
    } else {
        std::path::absolute(&directory).map_err(|source| CommandError::Read { path: directory, source })?
    };
    // Without a slash at the end, which paths below it begin with.
    let root: PathBuf = root.components().collect();
    let config = loaded.application.config(&project, &root.display().to_string());
    let config = Box::new(ConfigFact { application: asked.name, environment, config });
    Ok(Reply::succeeded(Answer::Config { config }))
}

/// Shows the application's data where they are on this host. Returns the problems for which a deployment would refuse
/// them.
fn place_data(run: &Run, loaded: &mut Loaded, asked: &FoundApplication) -> Result<Vec<Problem>, ExplainedError> {
    if loaded.application.data_mounts().next().is_none() {
        return Ok(Vec::new());
    }
    let config = run.config()?;
    let bundle = Bundles::new(&config.state_directory).inspect(&asked.location.directory)?;
    let granted = config.data_root(STRATEGY, &asked.name).filter(|_| asked.unbound.is_none());
    let root = granted.map(|root| root.display().to_string());
    let project = loaded.project_directory().to_owned();
    Ok(loaded.application.place_data(&DataRoot {
        root: root.as_deref().ok_or("`windlass plan` shows the lines that grant one"),
        project: &project,
        is_released: &|path| bundle.has(path),
    }))
}

/// What stands for a secret where nothing is resolved.
pub(super) fn shown_secret(name: &str) -> String {
    format!("[secret {name}]")
}

/// The Compose application of a release file, and the project's name. Secrets are shown as `[secret NAME]`.
pub(super) fn load(
    settings: &Settings,
    application: &str,
    files: &Directory,
) -> Result<(Loaded, String), ExplainedError> {
    let strategy = &settings.strategy.plugin;
    match &strategy.plugin {
        PluginName::Bundled(name) if name == STRATEGY => {}
        other => return Err(CommandError::NotCompose { strategy: other.to_string() }.into()),
    }
    // What else the table says, and whether it is right, is the plugin's to judge.
    let with: With = serde_json::from_value(strategy.with.clone()).unwrap_or_default();
    let project = with.project.unwrap_or_else(|| application.to_owned());
    let mut variables = settings.variables.clone();
    let secrets = settings.secrets.iter().map(|(variable, name)| (variable.clone(), shown_secret(name)));
    variables.extend(secrets);
    let options = Options {
        files: with.files,
        project: Some(project.clone()),
        variables,
        profiles: with.profiles,
        ..Options::default()
    };
    Ok((compose::read(files, &options)?, project))
}

fn explain(loaded: &Loaded, path: &str) -> Result<Reply, ExplainedError> {
    let origin = loaded.explain(path).ok_or_else(|| CommandError::NoValue {
        path: path.to_owned(),
        services: loaded.application.services.keys().cloned().collect(),
    })?;
    Ok(Reply::succeeded(Answer::Origin { origin: Box::new(fact(&origin)) }))
}

fn fact(origin: &Origin) -> OriginFact {
    let at = &origin.position;
    OriginFact {
        path: origin.path.clone(),
        value: origin.value.clone(),
        place: PlaceFact { file: at.file.to_string(), line: at.line, column: at.column, excerpt: None },
        steps: origin.steps.iter().map(ToString::to_string).collect(),
        parts: origin.parts.iter().map(fact).collect(),
    }
}
