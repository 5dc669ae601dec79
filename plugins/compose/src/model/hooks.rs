//! `post_start` and `pre_stop`: commands that are run inside a container.

use std::collections::BTreeMap;

use super::{Context, environment, process};
use crate::Position;
use crate::read::Fields;
use crate::yaml::Node;

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

pub(super) fn read(context: &Context<'_>, node: &Node, path: &str) -> Vec<Hook> {
    let mut hooks = Vec::new();
    for item in context.report.items(node, &path) {
        let Some(mapping) = context.report.mapping(item, &path) else { continue };
        let mut fields = Fields::new(context.report, mapping, path.to_owned());
        let command = fields.with("command", |_, node, path| process::read(context, node, path)).flatten();
        let hook = Hook {
            command: command.unwrap_or_default(),
            user: fields.string("user"),
            privileged: fields.boolean("privileged").unwrap_or(false),
            working_dir: fields.string("working_dir"),
            environment: environment::read(context, fields.take("environment"), None, path),
            position: item.position.clone(),
        };
        fields.finish(&[]);
        if hook.command.is_empty() && mapping.get("command").is_none_or(|node| node.as_mapping().is_none()) {
            context.report.at(&item.position, format!("`{path}`: a hook without a `command` does nothing"));
        }
        hooks.push(hook);
    }
    hooks
}
