//! `include`: other files with their own directory and variables, whose elements become those of the including file.
//!
//! As with Docker Compose, an element of the same name is a conflict unless both say the same; a later file of the
//! release, however, may change what an earlier one includes.

use std::rc::Rc;
use std::sync::Arc;

use super::Loader;
use crate::interpolate::Lookup;
use crate::relocate::relocate;
use crate::scope::Scope;
use crate::trace::{Step, Variable};
use crate::yaml::{Entry, Mapping, Node, Scalar, Value};
use crate::{Position, Problem, paths};

/// What an included file brings.
const GROUPS: [&str; 5] = ["services", "volumes", "networks", "secrets", "configs"];
/// What an included file may say besides, to no effect.
const SILENT: [&str; 2] = ["name", "version"];
const KEYS: [&str; 3] = ["path", "project_directory", "env_file"];

/// A path and where it is written.
type Place = (String, Position);

/// One entry of `include`.
struct Include {
    paths: Vec<Place>,
    directory: Option<Place>,
    env_files: Vec<Place>,
}

impl Loader<'_> {
    /// Takes in everything that `include` names.
    pub(super) fn include(
        &mut self,
        root: &mut Mapping,
        include: Node,
        directory: &str,
        scope: &Rc<Scope>,
        chain: &[Arc<str>],
    ) -> Result<(), Problem> {
        if include.is_null() {
            return Ok(());
        }
        let Value::Sequence(items) = include.value else {
            return Err(Problem::at(&include.position, format!("`include` must be a list, not {}", include.kind())));
        };
        for item in items {
            let included = self.included(&read(&item)?, &item.position, directory, scope, chain)?;
            import(root, included)?;
        }
        Ok(())
    }

    /// The merged tree of included files, its paths relative to `directory`.
    fn included(
        &mut self,
        include: &Include,
        at: &Position,
        directory: &str,
        scope: &Rc<Scope>,
        chain: &[Arc<str>],
    ) -> Result<Node, Problem> {
        let inside = |(path, position): &Place| {
            let full = paths::inside(path, directory);
            full.map_err(|why| Problem::at(position, format!("`include`: {why}")))
        };
        if chain.len() > self.limits.include_depth {
            let message = format!("files include each other more than {} levels deep", self.limits.include_depth);
            return Err(Problem::at(at, message));
        }
        let mut files: Vec<(Arc<str>, &Position)> = Vec::new();
        for place in &include.paths {
            let file: Arc<str> = Arc::from(inside(place)?);
            if chain.contains(&file) {
                let mut chain: Vec<&str> = chain.iter().map(AsRef::as_ref).collect();
                chain.push(&file);
                let way = chain.join(" includes ");
                return Err(Problem::at(&place.1, format!("files include each other in a circle: {way}")));
            }
            files.push((file, &place.1));
        }
        let project = match &include.directory {
            Some(place) => inside(place)?,
            None => files.first().map_or("", |(file, _)| paths::directory(file)).to_owned(),
        };
        let scope = self.scope_of(include, &project, scope, &inside)?;
        let mut merged = None;
        for (file, position) in &files {
            self.files.insert(Arc::clone(file), Rc::clone(&scope));
            self.included.insert(Arc::clone(file), (*position).clone());
            let chain: Vec<Arc<str>> = chain.iter().chain(std::iter::once(file)).cloned().collect();
            for document in self.sources.documents(file, Some(position))? {
                let document = self.document(document, file, &project, &scope, &chain)?;
                self.put(&mut merged, document)?;
            }
        }
        let mut merged = merged.ok_or_else(|| Problem::at(at, "the included file is empty"))?;
        relocate(&mut merged, &paths::from_to(directory, &project));
        take_listed_variables(&mut merged, &scope);
        Ok(merged)
    }

    /// What the included files see: the variables of the including one, and their own env files below them.
    fn scope_of(
        &mut self,
        include: &Include,
        project: &str,
        outer: &Rc<Scope>,
        inside: &dyn Fn(&Place) -> Result<String, Problem>,
    ) -> Result<Rc<Scope>, Problem> {
        let mut scope = Scope::within(outer);
        if include.env_files.is_empty() {
            let path = if project.is_empty() { ".env".to_owned() } else { format!("{project}/.env") };
            self.env_file(&mut scope, &path, None)?;
        }
        // How files say that they want none.
        for place in include.env_files.iter().filter(|(path, _)| path != "/dev/null") {
            self.env_file(&mut scope, &inside(place)?, Some(&place.1))?;
        }
        Ok(Rc::new(scope))
    }
}

/// `path`, or a mapping with it.
fn read(item: &Node) -> Result<Include, Problem> {
    let mut include = Include { paths: Vec::new(), directory: None, env_files: Vec::new() };
    let Value::Mapping(mapping) = &item.value else {
        include.paths = texts(item, "include")?;
        if matches!(item.value, Value::Sequence(_)) {
            return Err(Problem::at(&item.position, "an item of `include` must be a text or a mapping, not a list"));
        }
        return Ok(include);
    };
    for entry in &mapping.entries {
        match entry.key.as_str() {
            "project_directory" | "env_file" if entry.value.is_null() => {}
            "project_directory" if entry.value.as_text().is_some_and(|text| text.is_empty()) => {}
            "path" => include.paths = texts(&entry.value, "include.path")?,
            "env_file" => include.env_files = texts(&entry.value, "include.env_file")?,
            "project_directory" => include.directory = texts(&entry.value, "include.project_directory")?.pop(),
            key if key.starts_with("x-") => {}
            key => {
                let problem = Problem::at(&entry.position, format!("`include` has no key `{key}`"));
                return Err(match crate::nearest::nearest(key, KEYS.into_iter()) {
                    Some(near) => problem.hint(format!("did you mean `{near}`?")),
                    None => problem.hint("its keys are `path`, `project_directory` and `env_file`"),
                });
            }
        }
    }
    if include.paths.is_empty() {
        return Err(Problem::at(&item.position, "an item of `include` names no `path`"));
    }
    Ok(include)
}

/// A text, or a list of texts.
fn texts(node: &Node, path: &str) -> Result<Vec<Place>, Problem> {
    let items = if let Value::Sequence(items) = &node.value { items.as_slice() } else { std::slice::from_ref(node) };
    let text = |item: &Node| match &item.value {
        Value::Scalar(scalar) if scalar.is_text() && !scalar.written().is_empty() => {
            Ok((scalar.to_text(), item.position.clone()))
        }
        _ => Err(Problem::at(&item.position, format!("`{path}` must be the path of a file, not {}", item.kind()))),
    };
    items.iter().map(text).collect()
}

/// Puts the elements of an included file among those of the including one.
fn import(root: &mut Mapping, included: Node) -> Result<(), Problem> {
    let Value::Mapping(included) = included.value else { return Ok(()) };
    for group in included.entries {
        let key = group.key.as_str();
        if SILENT.contains(&key) || key.starts_with("x-") {
            continue;
        }
        if !GROUPS.contains(&key) {
            let problem = Problem::at(&group.position, format!("`{key}`: Compose knows no key `{key}` here"));
            return Err(match crate::nearest::nearest(key, GROUPS.into_iter().chain(SILENT)) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem,
            });
        }
        match group.value.value {
            Value::Mapping(elements) => import_group(root, &group.key, &group.position, elements)?,
            Value::Scalar(_) if group.value.is_null() && key != "services" => {}
            _ => {
                let message = format!("`{key}` must be a mapping, not {}", group.value.kind());
                return Err(Problem::at(&group.value.position, message));
            }
        }
    }
    Ok(())
}

fn import_group(root: &mut Mapping, key: &str, position: &Position, elements: Mapping) -> Result<(), Problem> {
    let place = root.entries.iter().position(|entry| entry.key == key).unwrap_or_else(|| {
        let value = Node::mapping(Mapping::default(), position.clone());
        root.entries.push(Entry { key: key.to_owned(), position: position.clone(), value });
        root.entries.len() - 1
    });
    let Some(group) = root.entries.get_mut(place) else { return Ok(()) };
    if group.value.is_null() {
        group.value.value = Value::Mapping(Mapping::default());
    }
    // What is no mapping is refused where the model is read.
    let Some(ours) = group.value.as_mapping_mut() else { return Ok(()) };
    let places = ours.places();
    for mut element in elements.entries {
        match places.get(&element.key).and_then(|place| ours.entries.get_mut(*place)) {
            None => ours.entries.push(element),
            // It removes what earlier files say, not what this one includes.
            Some(existing) if existing.value.tag.as_deref() == Some("reset") => {
                element.value.tag = Some("override".to_owned());
                *existing = element;
            }
            Some(existing) if existing.value.says_the_same(&element.value) => {}
            Some(existing) => {
                let message = format!(
                    "`{key}.{}` is defined here and, differently, at {}, and one file includes the other",
                    element.key, existing.position
                );
                return Err(Problem::at(&element.position, message)
                    .hint("rename one, or change the included one in a further file of `files`"));
            }
        }
    }
    Ok(())
}

/// Variables that `environment` names in a list without a value are those that the included file sees. In a mapping
/// they are those of the release, as with Docker Compose.
fn take_listed_variables(root: &mut Node, scope: &Scope) {
    let services = root.as_mapping_mut().and_then(|root| root.get_mut("services")).and_then(Node::as_mapping_mut);
    for service in services.into_iter().flat_map(|services| &mut services.entries) {
        let Some(service) = service.value.as_mapping_mut() else { continue };
        let environment = service.get_mut("environment").and_then(Node::as_mapping_mut);
        let Some(environment) = environment.filter(|environment| environment.listed) else { continue };
        for entry in environment.entries.iter_mut().filter(|entry| entry.value.is_null()) {
            if let Some(value) = scope.value(&entry.key).map(str::to_owned)
                && let Some((_, source)) = scope.find(&entry.key)
            {
                let variables = vec![Variable { name: entry.key.clone(), source: source.clone() }];
                entry.value.value = Value::Scalar(Scalar::text(value));
                entry.value.happened(Step::Interpolated { written: entry.key.clone(), variables });
            }
        }
    }
}
