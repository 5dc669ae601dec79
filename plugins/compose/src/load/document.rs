//! One document: its variables replaced, its services extended, what it includes taken in.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::sources::Sources;
use super::{Loader, VariableUse, used};
use crate::interpolate::{Allowed, From, Interpolated, interpolate};
use crate::merge::normalise;
use crate::read::Report;
use crate::scope::Scope;
use crate::trace::{Source, Step, Variable};
use crate::yaml::{Node, Scalar, Value};
use crate::{Position, Problem};

/// How a placeholder of a secret begins. It may stand only where the host replaces it.
const SECRET: &str = "{{windlass.secret:";

impl Loader<'_> {
    /// A document as it is merged over the ones before. Paths are relative to `directory`; `chain` are the files
    /// that include each other on the way to this one, itself last.
    pub(super) fn document(
        &mut self,
        mut document: Node,
        file: &Arc<str>,
        directory: &str,
        scope: &Rc<Scope>,
        chain: &[Arc<str>],
    ) -> Result<Node, Problem> {
        self.interpolated(&mut document, scope)?;
        let Some(root) = document.as_mapping_mut() else { return Ok(document) };
        if let Some(services) = root.get("services").filter(|services| services.is_null() && services.tag.is_none()) {
            return Err(Problem::at(&services.position, "`services` must be a mapping, not nothing"));
        }
        if let Some(services) = root.get_mut("services").and_then(Node::as_mapping_mut) {
            let taken = std::mem::take(services);
            let taken = self.extended(taken, file, directory, scope)?;
            if let Some(services) = root.get_mut("services").and_then(Node::as_mapping_mut) {
                *services = taken;
            }
        }
        if let Some(include) = root.remove("include") {
            self.include(root, include.value, directory, scope, chain)?;
        }
        Ok(document)
    }

    /// Replaces the variables of every value and brings each element into its one form.
    pub(super) fn interpolated(&mut self, document: &mut Node, scope: &Scope) -> Result<(), Problem> {
        let allowed = self.allowed();
        let walk = Walk {
            scope,
            unset: &mut self.unset,
            variables: &mut self.variables,
            report: self.report,
            allowed,
            sources: &mut self.sources,
        };
        walk.run(document)?;
        let mut problems = Vec::new();
        normalise(document, &mut problems);
        for problem in problems {
            self.report.problem(problem);
        }
        Ok(())
    }
}

/// Replaces the variables of a tree. Keys have none.
struct Walk<'a, 'b> {
    scope: &'a Scope,
    unset: &'a mut BTreeSet<String>,
    variables: &'a mut BTreeMap<String, VariableUse>,
    report: &'a Report,
    allowed: Allowed,
    sources: &'a mut Sources<'b>,
}

impl Walk<'_, '_> {
    fn run(mut self, document: &mut Node) -> Result<(), Problem> {
        self.node(document, &mut Vec::new())
    }

    fn node(&mut self, node: &mut Node, path: &mut Vec<String>) -> Result<(), Problem> {
        match &mut node.value {
            Value::Sequence(items) => {
                for item in items {
                    self.node(item, path)?;
                }
            }
            Value::Mapping(mapping) => {
                for entry in &mut mapping.entries {
                    path.push(entry.key.clone());
                    self.node(&mut entry.value, path)?;
                    path.pop();
                }
            }
            Value::Scalar(scalar) => {
                if !scalar.written().contains('$') {
                    return Ok(());
                }
                let written = scalar.written().to_owned();
                if let Some(done) = self.text(scalar, &node.position, path) {
                    self.sources.spend_bytes(done.text.len(), &node.position)?;
                    node.value = Value::Scalar(Scalar::text(done.text));
                    let variables = done.used.into_iter().map(|used| self.variable(used.name, &used.from)).collect();
                    node.happened(Step::Interpolated { written, variables });
                }
            }
        }
        Ok(())
    }

    /// The text with its variables.
    fn text(&mut self, scalar: &Scalar, position: &Position, path: &[String]) -> Option<Interpolated> {
        let done = match interpolate(scalar.written(), self.scope, self.allowed) {
            Ok(done) => done,
            Err(error) => {
                let quote = usize::from(!scalar.is_plain());
                let one_line = !scalar.written().contains('\n');
                let place = if one_line { position.moved(error.offset + quote) } else { position.clone() };
                self.report.problem(
                    Problem::at(&place, format!("`{}`: {error}", path.join(".")))
                        .hint("write `$$` for a dollar sign; variables are `$NAME`, `${NAME}`, `${NAME:-default}`"),
                );
                return None;
            }
        };
        if done.text.contains(SECRET) && !may_hold_secret(path) {
            self.report.problem(
                Problem::at(position, format!("`{}` cannot hold a secret", path.join("."))).hint(
                    "use the secret's variable in `environment`, in `configs.….content` or `secrets.….environment`",
                ),
            );
            return None;
        }
        if let Some(name) = of_a_shell(path, scalar.written(), &done) {
            let key = path.join(".");
            let hint = if name == "PWD" {
                "write `./` for `${PWD}/`: it is relative to the Compose file. Where another directory of the host is \
                 meant, write its path in full, or give `PWD` in `[variables]`"
            } else {
                "write the path in full; a release has no home directory"
            };
            let message = format!("`{key}`: `{name}` is not set: only the shell of a person has it");
            self.report.problem(Problem::at(position, message).hint(hint));
            return None;
        }
        for one in &done.used {
            let required = one.from == From::Required;
            used(self.variables, one.name.clone(), self.source(&one.name, &one.from), required);
        }
        let unset = done.used.iter().filter(|used| used.from == From::Nothing).map(|used| used.name.clone());
        self.unset.extend(unset);
        Some(done)
    }

    fn variable(&self, name: String, from: &From) -> Variable {
        let source = self.source(&name, from);
        Variable { name, source }
    }

    fn source(&self, name: &str, from: &From) -> Source {
        match (from, self.scope.find(name)) {
            (From::Text, _) => Source::Default,
            (From::Nothing | From::Required, _) | (_, None) => Source::Unset,
            (From::Value, Some((_, source))) => source.clone(),
        }
    }
}

/// The variable that makes a path of the host of a relative one where it is not set: `${PWD}/data` would be `/data`.
fn of_a_shell(path: &[String], written: &str, done: &Interpolated) -> Option<&'static str> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let is_path = matches!(
        path.as_slice(),
        ["services", _, "volumes"]
            | ["services", _, "volumes", "source"]
            | ["services", _, "env_file", ..]
            | ["secrets" | "configs", _, "file"]
            | ["volumes", _, "driver_opts", "device"]
    );
    let begins = written.trim_start().trim_start_matches(['$', '{']);
    ["PWD", "HOME"].into_iter().find(|name| {
        let unset = done.used.iter().any(|used| used.from == From::Nothing && used.name == *name);
        is_path && unset && begins.strip_prefix(name).is_some_and(|rest| rest.starts_with(['}', '/', ':']))
    })
}

fn may_hold_secret(path: &[String]) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    matches!(path.as_slice(), ["services", _, "environment", ..] | ["configs", _, "content"])
        || path.first().is_some_and(|top| top.starts_with("x-"))
}
