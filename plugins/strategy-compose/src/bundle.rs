//! The Compose files of the release's bundle, and what should run because of them.

use serde_json::{Value, json};
use windlass_compose::{DataRoot, Files, Options, Problem, Problems};
use windlass_domain::Release;
use windlass_sdk::{Context, Error, Host, Result, files};

use crate::Config;
use crate::config::check_project;
use crate::desired::{Api, Desired, desired};
use crate::engine::{self, Engine as _};

/// The bundle as the host shows it. Only files that are part of the release are asked for.
struct Bundle<'a>(&'a Release);

impl Files for Bundle<'_> {
    fn read(&self, path: &str) -> std::result::Result<Option<Vec<u8>>, String> {
        if !self.0.bundle.files.contains_key(path) {
            return Ok(None);
        }
        files::read("bundle", path).map(Some).map_err(|error| error.message().to_owned())
    }
}

/// Reads the Compose files of the release.
pub(crate) fn read(context: &Context<'_>, config: &Config) -> Result<Desired> {
    let release = context.release()?;
    let variables = context.variables()?;
    let api = || engine::Host.version().map(|version| Api::read(&version));
    read_from(&Bundle(&release), &release, variables, config, &context.host()?, &api)
}

/// The same from any files. `api` is asked where the engine's version matters.
pub(crate) fn read_from(
    files: &dyn Files,
    release: &Release,
    variables: std::collections::BTreeMap<String, String>,
    config: &Config,
    host: &Host,
    api: &dyn Fn() -> Result<Api>,
) -> Result<Desired> {
    let project = config.project_of(&release.application);
    check_project(&project)?;
    let options = Options {
        files: config.files.clone(),
        project: Some(project),
        variables,
        profiles: config.profiles.clone(),
        ..Options::default()
    };
    let mut loaded = windlass_compose::load(files, &options).map_err(|problems| refused(&problems))?;
    let granting = granting(host);
    let project = loaded.project_directory().to_owned();
    let misplaced = loaded.application.place_data(&DataRoot {
        root: host.data_root.as_deref().ok_or(&granting),
        project: &project,
        is_released: &|path| release.bundle.has(path),
    });
    if !misplaced.is_empty() {
        return Err(refused(&Problems(misplaced)));
    }
    let api = if loaded.application.later().is_empty() { Api::oldest() } else { api()? };
    let mut desired =
        desired(&loaded.application, &loaded.files, release, config, &api).map_err(|problems| refused(&problems))?;
    desired.warnings.extend(loaded.warnings);
    if let Some(name) = loaded.application.name.filter(|name| *name != desired.project) {
        desired.warnings.push(format!(
            "the Compose file is named `{name}`, but the project is `{}`; set `project` in the strategy's `with` table \
             to change that",
            desired.project
        ));
    }
    Ok(desired)
}

/// What to do where no directory is granted for data.
fn granting(host: &Host) -> String {
    let otherwise = "use a named volume, or write `:ro` for what comes with the release";
    match &host.data_root_grant {
        Some(lines) => format!("{otherwise}; or the operator grants one, with these lines in agent.toml:\n{lines}"),
        None => otherwise.to_owned(),
    }
}

/// Each problem with its own place and advice, for the code that shows them.
fn each(problems: &Problems) -> Value {
    let one = |problem: &Problem| {
        let position = problem.position.as_ref();
        json!({
            "message": problem.message, "hint": problem.hint, "file": position.map(|position| position.file.as_ref()),
            "line": position.map(|position| position.line), "column": position.map(|position| position.column),
        })
    };
    problems.0.iter().map(one).collect()
}

fn refused(problems: &Problems) -> Error {
    let error = Error::new("invalid-config", problems.to_string()).detail("problems", each(problems));
    let hints = problems.hints();
    if hints.is_empty() { error } else { error.hint(hints.join("\n")) }
}
