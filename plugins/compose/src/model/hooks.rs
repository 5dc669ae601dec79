//! `pre_start`, `post_start` and `pre_stop`: commands that are run with a container.

use std::collections::BTreeMap;

use super::{Context, process};
use crate::Position;
use crate::read::Fields;
use crate::yaml::{Node, Value};

/// A command that is run inside a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Program and arguments.
    pub command: Vec<String>,
    /// As whom; none for the container's user.
    pub user: Option<String>,
    /// With all rights on the host.
    pub privileged: bool,
    /// Where; none for the container's directory.
    pub working_dir: Option<String>,
    /// Further variables.
    pub environment: BTreeMap<String, Option<String>>,
    /// Where it was written.
    pub position: Position,
}

/// `pre_start` may name an image of its own, and say whether it is run for each container.
pub(super) fn before_start(context: &Context<'_>, node: &Node, path: &str) -> Vec<Hook> {
    hooks(context, node, path, |fields| {
        fields.string("image");
        fields.boolean("per_replica");
    })
}

pub(super) fn read(context: &Context<'_>, node: &Node, path: &str) -> Vec<Hook> {
    hooks(context, node, path, |_| ())
}

fn hooks(context: &Context<'_>, node: &Node, path: &str, more: impl Fn(&mut Fields<'_>)) -> Vec<Hook> {
    let mut hooks = Vec::new();
    for item in context.report.items(node, &path) {
        let Some(mapping) = context.report.mapping(item, &path) else { continue };
        let mut fields = Fields::new(context.report, mapping, path.to_owned());
        let command = fields.with("command", |_, node, path| process::read(context, node, path)).flatten();
        let hook = Hook {
            command: command.unwrap_or_default(),
            user: fields.text("user"),
            privileged: fields.boolean("privileged").unwrap_or(false),
            working_dir: fields.text("working_dir"),
            environment: fields.with("environment", |_, node, path| variables(context, node, path)).unwrap_or_default(),
            position: item.position.clone(),
        };
        more(&mut fields);
        fields.finish(&[]);
        if hook.command.is_empty() && mapping.get("command").is_none_or(|node| node.as_mapping().is_none()) {
            context.report.at(&item.position, format!("`{path}`: a hook without a `command` does nothing"));
        }
        hooks.push(hook);
    }
    hooks
}

/// Variables of a hook; one without a value has that of the release.
fn variables(context: &Context<'_>, node: &Node, path: &dyn std::fmt::Display) -> BTreeMap<String, Option<String>> {
    let mut variables = written(context, node, path);
    for (name, value) in &mut variables {
        *value = value.take().or_else(|| context.variables.value(name).map(str::to_owned));
    }
    variables
}

/// A mapping, or a list of `NAME=value`: merging leaves lists inside of lists as they are.
pub(super) fn written(
    context: &Context<'_>,
    node: &Node,
    path: &dyn std::fmt::Display,
) -> BTreeMap<String, Option<String>> {
    if !matches!(node.value, Value::Sequence(_)) {
        return context.report.pairs(node, path);
    }
    let texts = context.report.unique(node, path, context.report.strings(node, path, false));
    texts
        .into_iter()
        .map(|text| match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (text, None),
        })
        .collect()
}
