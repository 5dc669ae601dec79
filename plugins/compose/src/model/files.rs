//! `secrets` and `configs`: single files that containers are given.

use std::collections::BTreeMap;

use super::{Context, Path, paths};
use crate::read::Fields;
use crate::yaml::{Mapping, Node, Value};
use crate::{Position, Problem};

/// Where the content of a secret or config comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileSource {
    /// A file.
    File(Path),
    /// This text, which may hold placeholders of secrets.
    Content(String),
}

/// A secret or config in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReference {
    /// The key in `secrets` or `configs`.
    pub source: String,
    /// The absolute path in the container.
    pub target: String,
    /// Where it was written.
    pub position: Position,
}

/// `secrets` or `configs`, whichever `group` says.
pub(super) fn declared(context: &Context<'_>, mapping: &Mapping, group: &str) -> BTreeMap<String, FileSource> {
    let mut sources = BTreeMap::new();
    for entry in &mapping.entries {
        let path = format!("{group}.{}", entry.key);
        let Some(mapping) = context.report.mapping(&entry.value, &path) else {
            if entry.value.is_null() {
                context.report.at(&entry.position, format!("`{path}` says nothing about its content"));
            }
            continue;
        };
        let mut fields = Fields::new(context.report, mapping, path.clone());
        let file = fields.text("file");
        let environment = fields.text("environment");
        let inline = if group == "configs" { fields.text("content") } else { None };
        fields.text("name");
        fields.with("labels", |report, node, path| report.text_pairs(node, path));
        fields.finish(&["external", "driver", "driver_opts", "template_driver"]);
        match source(context, file, environment, inline, &entry.position) {
            Ok(Some(source)) => {
                sources.insert(entry.key.clone(), source);
            }
            Ok(None) if mapping.get("external").is_some() => {}
            Ok(None) => context.report.at(&entry.position, format!("`{path}` needs exactly one of {}", kinds(group))),
            Err(why) => context.report.at(&entry.position, format!("`{path}`: {why}")),
        }
    }
    sources
}

fn kinds(group: &str) -> &'static str {
    if group == "configs" { "`file`, `environment` and `content`" } else { "`file` and `environment`" }
}

fn source(
    context: &Context<'_>,
    file: Option<String>,
    environment: Option<String>,
    inline: Option<String>,
    position: &Position,
) -> Result<Option<FileSource>, String> {
    Ok(match (file, environment, inline) {
        (Some(file), None, None) => Some(FileSource::File(paths::read(&file, context.directory)?)),
        (None, Some(name), None) => match context.variable(&name, position) {
            Some(value) => Some(FileSource::Content(value.to_owned())),
            None => return Err(format!("the variable `{name}` is not set")),
        },
        (None, None, Some(text)) => Some(FileSource::Content(text)),
        _ => None,
    })
}

/// `secrets` or `configs` of a service. Relative targets are below `base`.
pub(super) fn referenced(context: &Context<'_>, node: &Node, path: &str, base: &str) -> Vec<FileReference> {
    let mut references = Vec::new();
    for item in context.report.items(node, &path) {
        let (source, target) = match &item.value {
            Value::Mapping(mapping) => {
                let mut fields = Fields::new(context.report, mapping, path.to_owned());
                let (source, target) = (fields.text("source"), fields.text("target"));
                for key in ["uid", "gid", "mode"] {
                    if fields.take(key).is_some() {
                        context.report.warn(format!("`{path}.{key}` has no effect, as with Docker Compose"));
                    }
                }
                fields.finish(&[]);
                (source, target)
            }
            _ => (context.report.name(item, &path), None),
        };
        let Some(source) = source else {
            if matches!(item.value, Value::Mapping(_)) {
                context.problem(Problem::at(&item.position, format!("`{path}`: `source` is missing")));
            }
            continue;
        };
        let target = match target {
            Some(target) if target.starts_with('/') => target,
            Some(target) => format!("{base}{target}"),
            None => format!("{base}{source}"),
        };
        references.push(FileReference { source, target, position: item.position.clone() });
    }
    references
}
