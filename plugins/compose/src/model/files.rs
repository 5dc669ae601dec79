//! `secrets` and `configs`: single files that containers are given.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::{Context, Path, keys, labels, networks, paths};
use crate::read::{Fields, Report};
use crate::yaml::{Mapping, Node, Resolved, Value};
use crate::{Position, Problem};

/// A secret or a config of the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileObject {
    /// `name`, where it is given; an engine has no such objects, so it names nothing.
    pub name: Option<String>,
    /// Where the content comes from.
    pub source: FileSource,
    /// Labels; an engine does nothing with them.
    pub labels: BTreeMap<String, String>,
    /// Where it was written.
    pub position: Position,
}

/// Where the content of a secret or config comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileSource {
    /// A file.
    File(Path),
    /// The value of a variable, which may be a placeholder of a secret.
    Environment {
        /// The variable.
        variable: String,
        /// Its value; none where it is set nowhere. What uses it then cannot run.
        value: Option<String>,
    },
    /// This text, which may hold placeholders of secrets.
    Content(String),
    /// A cluster's; an engine has none.
    External,
}

/// A secret or config in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReference {
    /// The key in `secrets` or `configs`.
    pub source: String,
    /// The absolute path in the container.
    pub target: String,
    /// `target` as written; none where it was not.
    pub written: Option<String>,
    /// The owner's number. Docker Compose heeds it only where the content is no file of its own.
    pub uid: Option<String>,
    /// The group's number; likewise.
    pub gid: Option<String>,
    /// The permission bits; likewise.
    pub mode: Option<u32>,
    /// Where it was written.
    pub position: Position,
}

/// `secrets` or `configs`, whichever `group` says.
pub(super) fn declared(context: &Context<'_>, mapping: &Mapping, group: &str) -> BTreeMap<String, FileObject> {
    let mut objects = BTreeMap::new();
    for entry in &mapping.entries {
        let path = format!("{group}.{}", entry.key);
        let Some(mapping) = context.report.mapping(&entry.value, &path) else { continue };
        let mut fields = Fields::new(context.report, mapping, path.clone());
        let file = fields.string("file");
        let environment = fields.string("environment");
        let inline = if group == "configs" { fields.string("content") } else { None };
        let name = fields.string("name");
        let (external, name) = networks::external(&mut fields, name);
        let labels = fields.with("labels", |report, node, path| labels::listed(report, node, path)).unwrap_or_default();
        fields.finish(&keys::FILE);
        match source(context, file, environment, inline, external, &entry.position) {
            Ok(Some(source)) => {
                let position = entry.position.clone();
                objects.insert(entry.key.clone(), FileObject { name, source, labels, position });
            }
            Ok(None) => context.report.at(&entry.position, format!("`{path}` needs exactly one of {}", kinds(group))),
            Err(why) => context.report.at(&entry.position, format!("`{path}`: {why}")),
        }
    }
    objects
}

fn kinds(group: &str) -> &'static str {
    if group == "configs" {
        "`file`, `environment`, `content` and `external`"
    } else {
        "`file`, `environment` and `external`"
    }
}

fn source(
    context: &Context<'_>,
    file: Option<String>,
    environment: Option<String>,
    inline: Option<String>,
    external: bool,
    position: &Position,
) -> Result<Option<FileSource>, String> {
    Ok(match (file, environment, inline, external) {
        (Some(file), None, None, false) => Some(FileSource::File(paths::read(&file, context.directory)?)),
        (None, Some(variable), None, false) if !variable.is_empty() => {
            let value = context.variable(&variable, position).map(str::to_owned);
            Some(FileSource::Environment { variable, value })
        }
        (None, None, Some(text), false) => Some(FileSource::Content(text)),
        (None, None, None, true) => Some(FileSource::External),
        _ => None,
    })
}

/// `secrets` or `configs` of a service. Relative targets are below `base`.
pub(super) fn referenced(context: &Context<'_>, node: &Node, path: &str, base: &str) -> Vec<FileReference> {
    let mut references = Vec::new();
    for item in context.report.items(node, &path) {
        let mut reference = FileReference {
            source: String::new(),
            target: String::new(),
            written: None,
            uid: None,
            gid: None,
            mode: None,
            position: item.position.clone(),
        };
        let source = if let Value::Mapping(mapping) = &item.value {
            let mut fields = Fields::new(context.report, mapping, path.to_owned());
            let source = fields.string("source");
            reference.written = fields.string("target");
            reference.uid = fields.text("uid");
            reference.gid = fields.text("gid");
            reference.mode = permissions(&mut fields);
            fields.finish(&[]);
            if source.is_none() && mapping.get("source").is_none() {
                context.problem(Problem::at(&item.position, format!("`{path}`: `source` is missing")));
            }
            source
        } else {
            context.report.name(item, &path)
        };
        let Some(source) = source else { continue };
        reference.target = match &reference.written {
            Some(target) if target.starts_with('/') => target.clone(),
            Some(target) if !target.is_empty() => format!("{base}{target}"),
            _ => format!("{base}{source}"),
        };
        reference.source = source;
        references.push(reference);
    }
    references
}

/// Permission bits: a number, `0440` in YAML's octal form, or a text, which is octal. Docker Compose 2.26 took the
/// digits of a text as decimal ones.
fn permissions(fields: &mut Fields<'_>) -> Option<u32> {
    fields.with("mode", |report, node, path| {
        let text = match &node.value {
            Value::Scalar(scalar) if scalar.resolve() == Resolved::Text => Some(scalar.written()),
            _ => None,
        };
        if let Some(text) = text {
            return bits(report, node, path, i64::from_str_radix(text, 8).ok(), text);
        }
        let mode = report.plain_integer(node, path)?;
        bits(report, node, path, Some(mode), &mode.to_string())
    })?
}

/// Bits that are permissions; what else is written is refused.
pub(super) fn bits(report: &Report, node: &Node, path: &dyn Display, mode: Option<i64>, written: &str) -> Option<u32> {
    let bits = mode.and_then(|mode| u32::try_from(mode).ok()).filter(|mode| *mode <= 0o7777);
    if bits.is_none() {
        report.at(&node.position, format!("`{path}` must be permission bits such as `0440`, not `{written}`"));
    }
    bits
}
