//! `environment` and `env_file`.

use std::collections::BTreeMap;

use super::{Context, paths};
use crate::dotenv;
use crate::read::{Fields, Report};
use crate::yaml::{Node, Value};
use crate::{Position, Problem};

/// The variables of a service: those of its files, then its own over them. A value is none for a variable that is
/// named without a value and is not set anywhere.
pub(super) fn read(
    context: &Context<'_>,
    own: Option<&Node>,
    files: Option<&Node>,
    path: &str,
) -> BTreeMap<String, Option<String>> {
    let mut variables = BTreeMap::new();
    if let Some(files) = files {
        for item in context.report.items(files, &format!("{path}.env_file")) {
            for (name, value) in from_file(context, item, &format!("{path}.env_file")) {
                // A name without a value anywhere says nothing in a file.
                if let Some(value) = value {
                    variables.insert(name, Some(value));
                }
            }
        }
    }
    if let Some(own) = own {
        for (name, value) in pairs(context.report, own, &format!("{path}.environment")) {
            let value = value.or_else(|| context.variables.value(&name).map(str::to_owned));
            variables.insert(name, value);
        }
    }
    variables
}

fn pairs(report: &Report, node: &Node, path: &str) -> BTreeMap<String, Option<String>> {
    report.pairs(node, &path)
}

fn from_file(context: &Context<'_>, item: &Node, path: &str) -> Vec<(String, Option<String>)> {
    let mut required = true;
    let mut raw = false;
    let file = if let Value::Mapping(mapping) = &item.value {
        let mut fields = Fields::new(context.report, mapping, path.to_owned());
        required = fields.boolean("required").unwrap_or(true);
        if let Some(format) = fields.text("format") {
            raw = format == "raw";
            if !raw {
                context.report.at(&item.position, format!("`{path}.format`: `{format}` is not known; only `raw` is"));
            }
        }
        let file = fields.text("path");
        fields.finish(&[]);
        file
    } else {
        context.report.name(item, &path)
    };
    let Some(file) = file else { return Vec::new() };
    match contents(context, &file, &item.position) {
        Ok(Some((file, text))) if raw => raw_lines(context, &file, &text),
        Ok(Some((file, text))) => {
            dotenv::parse(&text, &file, context.variables, context.limits).unwrap_or_else(|problem| {
                context.problem(problem);
                Vec::new()
            })
        }
        Ok(None) => {
            if required {
                context.problem(
                    Problem::at(&item.position, format!("`{path}`: the release has no file `{file}`"))
                        .hint("add the file beside the release file, or write `required: false`"),
                );
            }
            Vec::new()
        }
        Err(why) => {
            context.report.at(&item.position, format!("`{path}`: {why}"));
            Vec::new()
        }
    }
}

/// The path in the bundle and the text of an env file.
fn contents(context: &Context<'_>, file: &str, _at: &Position) -> Result<Option<(String, String)>, String> {
    let file = paths::bundle(file, context.directory)?;
    let Some(bytes) = context.files.read(&file)? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|_| format!("`{file}` is not UTF-8 text"))?;
    Ok(Some((file, text)))
}

/// Lines as they are: the format `raw`.
fn raw_lines(context: &Context<'_>, file: &str, text: &str) -> Vec<(String, Option<String>)> {
    if text.len() > context.limits.file_bytes {
        context.problem(Problem::nowhere(format!("`{file}` has more than {} bytes", context.limits.file_bytes)));
        return Vec::new();
    }
    text.lines()
        .map(str::trim_start)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| match line.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (line.to_owned(), context.variables.value(line).map(str::to_owned)),
        })
        .collect()
}
