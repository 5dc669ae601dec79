//! From the names of files to the model.
//!
//! The order is Docker Compose's: each document is interpolated, then its services are extended, then what it
//! includes is taken in, then it is merged over the documents before it. Only the result is read as a model.

mod document;
mod extends;
mod include;
mod options;
mod sources;

pub use options::{DEFAULT_FILES, DEFAULT_OVERRIDES, Files, Loaded, Options, VariableUse};

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use self::extends::Bases;
use self::sources::Sources;
use crate::explain::Origins;
use crate::interpolate::{Allowed, Lookup, interpolate};
use crate::merge::{Mode, clear_marks, merge};
use crate::model::{self, Context};
use crate::read::Report;
use crate::scope::{Scope, Scopes};
use crate::trace::Source;
use crate::yaml::Node;
use crate::{Application, FileSource, Limits, Position, Problem, Problems, paths};

/// Compose gives this variable to every file.
const PROJECT: &str = "COMPOSE_PROJECT_NAME";

/// Reads, interpolates and merges the files and reads the model.
pub fn load(files: &dyn Files, options: &Options) -> Result<Loaded, Problems> {
    let report = Report::new(&options.limits);
    let mut loader =
        Loader { assume_required: options.assume_required, ..Loader::new(files, &options.limits, &report) };
    let scope = loader.root_scope(options).map_err(|problem| told(&report, problem))?;
    let names = loader.names(options, &scope).map_err(|problem| told(&report, problem))?;
    let directory = names.first().map_or("", |name| paths::directory(name)).to_owned();
    let (scope, root) = loader.root(options, scope, &names, &directory).map_err(|problem| told(&report, problem))?;

    let profiles = active_profiles(options, &scope);
    let Loader { included, files: seen, warnings, unset, mut variables, .. } = loader;
    let scopes = Scopes { root: scope, files: seen };
    let origins = std::cell::RefCell::new(Origins::default());
    let context = Context {
        report: &report,
        files,
        variables: scopes.root.as_ref(),
        scopes: &scopes,
        origins: &origins,
        ports: std::cell::Cell::new(0),
        limits: &options.limits,
        directory: &directory,
    };
    let application = model::read(&context, &root, &profiles);
    let (problems, mut later) = report.finish();
    let Some(application) = application.filter(|_| problems.is_empty()) else { return Err(Problems(problems)) };
    for (name, source) in passed_on(&application, &origins.borrow()) {
        used(&mut variables, name, source, false);
    }
    let mut unset = unset;
    unset.extend(std::mem::take(&mut origins.borrow_mut().unset));
    let unset = unset.iter().map(|name| format!("the variable `{name}` is not set and is taken as empty"));
    let mut all: Vec<String> = warnings.into_iter().chain(unset).collect();
    all.append(&mut later);
    Ok(Loaded {
        application,
        files: names,
        project: scopes.root.value(PROJECT).map(str::to_owned),
        profiles,
        variables,
        warnings: all,
        tree: Arc::new(root),
        included,
        origins: Arc::new(origins.into_inner()),
    })
}

/// Notes that a variable is used. What is said by one place alone, that it must be set, holds for all.
fn used(all: &mut BTreeMap<String, VariableUse>, name: String, source: Source, required: bool) {
    let known = all.entry(name).or_insert_with(|| VariableUse { source: source.clone(), required });
    known.required |= required;
    if source != Source::Default {
        known.source = source;
    }
}

/// Variables that containers get by their name alone, and texts of secrets and configs that are one's value.
fn passed_on(application: &Application, origins: &Origins) -> Vec<(String, Source)> {
    let outside = origins.environment.values().flat_map(BTreeMap::values).filter_map(|one| one.variable.clone());
    let mut all: Vec<(String, Source)> = outside.map(|variable| (variable.name, variable.source)).collect();
    let services = application.services.values();
    let nowhere = services.flat_map(|service| service.environment.iter().filter(|(_, value)| value.is_none()));
    all.extend(nowhere.map(|(name, _)| (name.clone(), Source::Unset)));
    for object in application.secrets.values().chain(application.configs.values()) {
        if let FileSource::Environment { variable, value: None } = &object.source {
            all.push((variable.clone(), Source::Unset));
        }
    }
    all
}

/// What ended the work, after the problems that were collected before.
fn told(report: &Report, last: Problem) -> Problems {
    let mut problems = report.taken();
    problems.push(last);
    Problems(problems)
}

fn active_profiles(options: &Options, scope: &Scope) -> Vec<String> {
    if !options.profiles.is_empty() {
        return options.profiles.clone();
    }
    let named = scope.value("COMPOSE_PROFILES").unwrap_or_default();
    named.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// A text as Compose makes a project's name of it.
fn as_project(text: &str) -> String {
    let small = text.to_lowercase();
    let kept = small.chars().filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'));
    kept.collect::<String>().trim_start_matches(['_', '-']).to_owned()
}

/// What the parts of the work share.
struct Loader<'a> {
    sources: Sources<'a>,
    limits: &'a Limits,
    report: &'a Report,
    warnings: Vec<String>,
    /// Names of variables that are not set.
    unset: BTreeSet<String>,
    /// Variables of texts.
    variables: BTreeMap<String, VariableUse>,
    assume_required: bool,
    bases: Bases,
    /// Which variables an included file sees.
    files: BTreeMap<Arc<str>, Rc<Scope>>,
    /// Where each included file is named.
    included: BTreeMap<Arc<str>, Position>,
}

impl<'a> Loader<'a> {
    fn new(files: &'a dyn Files, limits: &'a Limits, report: &'a Report) -> Self {
        Self {
            sources: Sources::new(files, limits),
            limits,
            report,
            warnings: Vec::new(),
            unset: BTreeSet::new(),
            variables: BTreeMap::new(),
            assume_required: false,
            bases: Bases::default(),
            files: BTreeMap::new(),
            included: BTreeMap::new(),
        }
    }

    /// What is known before any file is: the variables of the release.
    fn root_scope(&mut self, options: &Options) -> Result<Scope, Problem> {
        let mut scope = Scope::given(&options.variables);
        if options.files.is_empty() {
            // `COMPOSE_FILE` may stand in it.
            self.env_file(&mut scope, ".env", None)?;
        }
        Ok(scope)
    }

    /// The variables and the merged tree of the named files.
    fn root(
        &mut self,
        options: &Options,
        mut scope: Scope,
        names: &[String],
        directory: &str,
    ) -> Result<(Rc<Scope>, Node), Problem> {
        let dotenv = if directory.is_empty() { ".env".to_owned() } else { format!("{directory}/.env") };
        if !options.files.is_empty() || !directory.is_empty() {
            self.env_file(&mut scope, &dotenv, None)?;
        }
        // Whatever a variable says; what `.env` makes of that variable is made before, as with Docker Compose.
        if let Some(project) = &options.project {
            scope.set(PROJECT, project.clone(), Source::Given);
        }
        let mut documents = Vec::new();
        for name in names {
            let file: Arc<str> = Arc::from(name.as_str());
            for document in self.sources.documents(&file, None)? {
                documents.push((Arc::clone(&file), document));
            }
        }
        match scope.value(PROJECT).filter(|name| !name.is_empty()) {
            Some(name) if as_project(name) == name => {}
            Some(name) => {
                return Err(Problem::nowhere(format!("`{name}` is not a name for a project"))
                    .hint("use small letters, digits, `-` and `_`, and begin with a letter or digit"));
            }
            None => {
                if let Some(name) = self.project_name(&documents, &scope) {
                    scope.set(PROJECT, name, Source::Name);
                }
            }
        }
        let scope = Rc::new(scope);
        let chain: Vec<Arc<str>> = names.iter().map(|name| Arc::from(name.as_str())).collect();
        let mut root = None;
        for (file, document) in documents {
            // A file that is merged may include another one of the list.
            let chain: Vec<Arc<str>> = chain.iter().filter(|name| **name == file).cloned().collect();
            let document = self.document(document, &file, directory, &scope, &chain)?;
            self.put(&mut root, document)?;
        }
        let root = root.ok_or_else(|| {
            let file: Arc<str> = Arc::from(names.first().map_or("", String::as_str));
            Problem::at(&Position::start(&file), "the Compose file is empty: no service is defined")
        })?;
        Ok((scope, root))
    }

    /// Merges a document over the ones before.
    fn put(&mut self, root: &mut Option<Node>, mut document: Node) -> Result<(), Problem> {
        if let Some(root) = root {
            merge(root, document, Mode::Files, &mut self.warnings)
        } else {
            clear_marks(&mut document, &mut self.warnings);
            *root = Some(document);
            Ok(())
        }
    }

    /// `name` of the last file that has one, as Compose writes names of projects.
    fn project_name(&self, documents: &[(Arc<str>, Node)], scope: &Scope) -> Option<String> {
        let mut names = documents.iter().filter_map(|(_, document)| document.as_mapping()?.get("name")?.as_text());
        let name = names.rfind(|name| !name.is_empty())?;
        // What is wrong with it is said when its document is interpolated.
        let name = as_project(&interpolate(&name, scope, self.allowed()).ok()?.text);
        (!name.is_empty()).then_some(name)
    }

    fn allowed(&self) -> Allowed {
        Allowed {
            depth: self.limits.interpolation_depth,
            bytes: self.limits.scalar_bytes,
            assume_required: self.assume_required,
        }
    }

    /// Takes an env file into a scope. A file that is not named anywhere (`asked` is none) may be missing.
    fn env_file(&mut self, scope: &mut Scope, path: &str, asked: Option<&Position>) -> Result<(), Problem> {
        let Some(text) = self.sources.text(path, asked)? else { return Ok(()) };
        let read = crate::dotenv::parse(&text, path, scope, self.limits)?;
        self.unset.extend(read.unset.iter().cloned());
        scope.add(read);
        Ok(())
    }
}
