//! `windlass config`: the Compose application that a release file means here, as Docker Compose would show it.
//!
//! It reads files only: no registry, engine, plugin or secret is asked. Images stand as they are written; a deployment
//! pins them by digest.

use serde::Deserialize;
use windlass_compose::{Loaded, Options, to_yaml};

use super::arguments::{ConfigArguments, ConfigFormat};
use super::error::CliError;
use super::session::Session;
use crate::release::compose::{self, Directory};
use crate::release::environment::{PluginName, Settings};
use crate::report::facts::{ConfigFact, Fact, OriginFact};
use crate::report::page::Page;
use crate::report::{ExitCode, Fault};

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
pub(super) fn run(arguments: &ConfigArguments, session: &Session) -> Result<ExitCode, Fault> {
    let asked = session.find(&arguments.app)?;
    let here = session.config()?.environment;
    let environment = arguments.environment.clone().unwrap_or(here);
    let settings = asked.file.settings(&environment)?;
    let directory = asked.location.directory.clone();
    let (loaded, project) = load(&settings, &asked.name, &Directory(directory.clone()))?;
    for warning in &loaded.warnings {
        session.printer.warn(warning);
    }
    if let Some(path) = &arguments.explain {
        return explain(&loaded, path, session);
    }
    let root = std::path::absolute(&directory).map_err(|source| CliError::Read { path: directory, source })?;
    let config = loaded.application.config(&project, &root.display().to_string());
    let fact = ConfigFact { application: asked.name, environment, config };
    session.printer.answer(&Fact::Config(Box::new(fact.clone())), |_| match arguments.format {
        ConfigFormat::Yaml => Page::of_text(&to_yaml(&fact.config)),
        ConfigFormat::Json => Page::of_text(&format!("{:#}", fact.config)),
    });
    Ok(ExitCode::Succeeded)
}

fn load(settings: &Settings, application: &str, files: &Directory) -> Result<(Loaded, String), Fault> {
    let strategy = &settings.strategy.plugin;
    match &strategy.plugin {
        PluginName::Bundled(name) if name == STRATEGY => {}
        other => return Err(CliError::NotCompose { strategy: other.to_string() }.into()),
    }
    // What else the table says, and whether it is right, is the plugin's to judge.
    let with: With = serde_json::from_value(strategy.with.clone()).unwrap_or_default();
    let project = with.project.unwrap_or_else(|| application.to_owned());
    let mut variables = settings.variables.clone();
    let secrets = settings.secrets.iter().map(|(variable, name)| (variable.clone(), format!("[secret {name}]")));
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

fn explain(loaded: &Loaded, path: &str, session: &Session) -> Result<ExitCode, Fault> {
    let origin = loaded.explain(path).ok_or_else(|| CliError::NoValue {
        path: path.to_owned(),
        services: loaded.application.services.keys().cloned().collect(),
    })?;
    let fact = OriginFact::of(&origin);
    session.printer.answer(&Fact::Origin(Box::new(fact)), |_| Page::of_text(&origin.to_string()));
    Ok(ExitCode::Succeeded)
}
