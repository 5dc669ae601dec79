//! `extends`: a service that begins as another one, of the same file or of another one.
//!
//! As with Docker Compose, only services of the same document can be extended without `file`, everything of the
//! extended service is inherited, and its relative paths stay those of its own file.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::Loader;
use crate::merge::{Mode, clear_marks, merge};
use crate::relocate::relocate;
use crate::scope::Scope;
use crate::trace::{Step, Trace};
use crate::yaml::{Mapping, Node, Value};
use crate::{Position, Problem, paths};

/// The services of other files that were read, so that five hundred services extend one without reading it as often.
#[derive(Debug, Default)]
pub(super) struct Bases {
    sets: Vec<Set>,
    /// By file, directory to which paths are relative, and variables.
    known: HashMap<(String, String, usize), usize>,
}

/// Services that may extend each other.
#[derive(Debug)]
struct Set {
    file: Arc<str>,
    services: Mapping,
    places: HashMap<String, usize>,
    states: Vec<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    AsWritten,
    Open,
    Done,
}

/// What `extends` says.
struct Extends {
    service: String,
    file: Option<(String, Position)>,
    position: Position,
}

/// Where the work is: relative to which directory, with which variables, and on the way from which services.
struct Way<'a> {
    directory: &'a str,
    scope: &'a Rc<Scope>,
    open: Vec<String>,
}

impl Loader<'_> {
    /// The services of a document with everything that they extend.
    pub(super) fn extended(
        &mut self,
        services: Mapping,
        file: &Arc<str>,
        directory: &str,
        scope: &Rc<Scope>,
    ) -> Result<Mapping, Problem> {
        let extends = |entry: &crate::yaml::Entry| entry.value.as_mapping().is_some_and(|s| s.get("extends").is_some());
        if !services.entries.iter().any(extends) {
            return Ok(services);
        }
        let set = self.add(file, services);
        let count = self.bases.sets.get(set).map_or(0, |set| set.services.entries.len());
        let mut way = Way { directory, scope, open: Vec::new() };
        for place in 0..count {
            self.resolve(set, place, &mut way)?;
        }
        Ok(self.bases.sets.get_mut(set).map(|set| std::mem::take(&mut set.services)).unwrap_or_default())
    }

    fn add(&mut self, file: &Arc<str>, services: Mapping) -> usize {
        let mut places = services.places();
        // What is taken back is no service for the others.
        places.retain(|_, place| {
            services.entries.get(*place).is_some_and(|entry| entry.value.tag.as_deref() != Some("reset"))
        });
        let states = vec![State::AsWritten; services.entries.len()];
        self.bases.sets.push(Set { file: Arc::clone(file), services, places, states });
        self.bases.sets.len() - 1
    }

    fn resolve(&mut self, set: usize, place: usize, way: &mut Way<'_>) -> Result<(), Problem> {
        let Some(Set { file, services, states, .. }) = self.bases.sets.get_mut(set) else { return Ok(()) };
        let (Some(entry), Some(state)) = (services.entries.get_mut(place), states.get_mut(place)) else {
            return Ok(());
        };
        if *state == State::Done {
            return Ok(());
        }
        let name = entry.key.clone();
        let Some(extends) = taken(&mut entry.value, &name)? else {
            *state = State::Done;
            return Ok(());
        };
        *state = State::Open;
        let file = Arc::clone(file);
        way.open.push(format!("`{name}` in {file}"));
        if way.open.len() > self.limits.extends_depth {
            let message = format!("services extend each other more than {} levels deep", self.limits.extends_depth);
            return Err(Problem::at(&extends.position, message));
        }
        let base = match &extends.file {
            None => set,
            Some((path, position)) => self.base(path, position, way)?,
        };
        let source = self.source(base, &name, &extends, way)?;
        way.open.pop();

        let Some(Set { services, states, .. }) = self.bases.sets.get_mut(set) else { return Ok(()) };
        let (Some(entry), Some(state)) = (services.entries.get_mut(place), states.get_mut(place)) else {
            return Ok(());
        };
        *state = State::Done;
        if let Some(source) = source {
            let mut own = std::mem::replace(&mut entry.value, source);
            let position = own.position.clone();
            // A mark of the whole service is meant for earlier files alone.
            let mark = own.tag.take();
            merge(&mut entry.value, own, Mode::Extends, &mut self.warnings)?;
            entry.value.position = position;
            entry.value.tag = mark;
        }
        Ok(())
    }

    /// A copy of the service that is extended, resolved itself; none where it says nothing.
    fn source(
        &mut self,
        base: usize,
        name: &str,
        extends: &Extends,
        way: &mut Way<'_>,
    ) -> Result<Option<Node>, Problem> {
        let wanted = &extends.service;
        let Some(set) = self.bases.sets.get(base) else { return Ok(None) };
        let Some(&place) = set.places.get(wanted) else {
            let message = format!("`services.{name}` extends `{wanted}`, which is not a service of {}", set.file);
            let problem = Problem::at(&extends.position, message);
            let near = crate::nearest::nearest(wanted, set.places.keys().map(String::as_str));
            return Err(match near {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None if extends.file.is_none() => problem.hint(
                    "without `file`, a service extends one of the same file, not one of another file or an included one",
                ),
                None => problem,
            });
        };
        if set.states.get(place) == Some(&State::Open) {
            let mut way: Vec<String> = way.open.clone();
            way.push(format!("`{wanted}` in {}", set.file));
            let start = way.iter().position(|step| Some(step) == way.last()).unwrap_or(0);
            let way = way.split_off(start).join(" extends ");
            return Err(Problem::at(&extends.position, format!("services extend each other in a circle: {way}")));
        }
        self.resolve(base, place, way)?;
        let Some(source) = self.bases.sets.get(base).and_then(|set| set.services.entries.get(place)) else {
            return Ok(None);
        };
        let mut source = source.value.clone();
        if source.is_null() {
            return Ok(None);
        }
        if source.as_mapping().is_none() {
            let message = format!("`services.{wanted}` must be a mapping, not {}", source.kind());
            return Err(Problem::at(&source.position, message));
        }
        self.sources.spend(&source, &extends.position)?;
        clear_marks(&mut source, &mut self.warnings);
        let step = Step::Extended { position: extends.position.clone() };
        came_through(&mut source, &Arc::new(Trace { step, before: None }));
        Ok(Some(source))
    }

    /// The services of another file.
    fn base(&mut self, path: &str, position: &Position, way: &Way<'_>) -> Result<usize, Problem> {
        let full = paths::inside(path, way.directory)
            .map_err(|why| Problem::at(position, format!("`extends.file`: {why}")))?;
        let key = (full, way.directory.to_owned(), Rc::as_ptr(way.scope) as usize);
        if let Some(set) = self.bases.known.get(&key) {
            return Ok(*set);
        }
        let file: Arc<str> = Arc::from(key.0.as_str());
        let mut root = None;
        for mut document in self.sources.documents(&file, Some(position))? {
            self.interpolated(&mut document, way.scope)?;
            match &mut root {
                None => root = Some(document),
                Some(root) => merge(root, document, Mode::Documents, &mut self.warnings)?,
            }
        }
        let prefix = paths::from_to(way.directory, paths::directory(&file));
        let services = root.and_then(|mut root| {
            relocate(&mut root, &prefix);
            root.as_mapping_mut()?.remove("services")
        });
        let Some(Value::Mapping(services)) = services.map(|entry| entry.value.value) else {
            return Err(Problem::at(position, format!("`extends.file`: {file} has no `services`")));
        };
        let set = self.add(&file, services);
        self.files.entry(file).or_insert_with(|| Rc::clone(way.scope));
        self.bases.known.insert(key, set);
        Ok(set)
    }
}

/// Takes `extends` out of a service.
fn taken(service: &mut Node, name: &str) -> Result<Option<Extends>, Problem> {
    let Some(entry) = service.as_mapping_mut().and_then(|service| service.remove("extends")) else { return Ok(None) };
    let position = entry.position;
    let wrong = |at: &Node, what: &str| {
        Problem::at(&at.position, format!("`services.{name}.extends` {what}"))
            .hint("write `extends: SERVICE`, or `extends: {file: FILE, service: SERVICE}`")
    };
    if entry.value.tag.as_deref() == Some("reset") {
        return Ok(None);
    }
    let Value::Mapping(mapping) = &entry.value.value else {
        return match &entry.value.value {
            Value::Scalar(scalar) if scalar.is_text() => {
                Ok(Some(Extends { service: scalar.to_text(), file: None, position }))
            }
            _ => Err(wrong(&entry.value, &format!("must be the name of a service, not {}", entry.value.kind()))),
        };
    };
    let mut extends = Extends { service: String::new(), file: None, position };
    for entry in &mapping.entries {
        let text = match (&entry.value.value, entry.key.as_str()) {
            (_, key) if key.starts_with("x-") => continue,
            (_, "file") if entry.value.is_null() => continue,
            (_, key) if !matches!(key, "service" | "file") => {
                let problem = Problem::at(&entry.position, format!("`services.{name}.extends` has no key `{key}`"));
                return Err(problem.hint("its keys are `service` and `file`"));
            }
            (Value::Scalar(scalar), _) if scalar.is_text() => scalar.to_text(),
            (_, key) => {
                return Err(wrong(&entry.value, &format!("must have a text as `{key}`, not {}", entry.value.kind())));
            }
        };
        if entry.key == "service" {
            extends.service = text;
        } else {
            extends.file = Some((text, entry.value.position.clone()));
        }
    }
    if extends.service.is_empty() {
        return Err(wrong(&entry.value, "names no `service`"));
    }
    Ok(Some(extends))
}

/// Notes on every value that it came through `extends`. Most have no history yet and share one.
fn came_through(node: &mut Node, shared: &Arc<Trace>) {
    match node.trace {
        None => node.trace = Some(Arc::clone(shared)),
        Some(_) => node.happened(shared.step.clone()),
    }
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().for_each(|item| came_through(item, shared)),
        Value::Mapping(mapping) => {
            mapping.entries.iter_mut().for_each(|entry| came_through(&mut entry.value, shared));
        }
        Value::Scalar(_) => {}
    }
}
