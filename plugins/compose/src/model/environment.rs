//! `environment` and `env_file`.

use std::collections::BTreeMap;

use super::Context;
use crate::Problem;
use crate::dotenv::{self, EnvFile};
use crate::explain::FromOutside;
use crate::interpolate::Lookup;
use crate::paths;
use crate::read::Fields;
use crate::trace::Variable;
use crate::yaml::{Node, Value};

/// The variables of a service: those of its files, then its own over them. A value is none for a variable that is
/// named without a value and is not set anywhere. `path` is `services.NAME`.
pub(super) fn read(
    context: &Context<'_>,
    own: Option<&Node>,
    files: Option<&Node>,
    path: &str,
) -> BTreeMap<String, Option<String>> {
    let values = own.map(|own| context.report.pairs(own, &format!("{path}.environment"))).unwrap_or_default();
    let mut variables = BTreeMap::new();
    let mut outside: BTreeMap<String, FromOutside> = BTreeMap::new();
    if let Some(files) = files {
        for item in context.report.items(files, &format!("{path}.env_file")) {
            let seen = Seen { context, own: &values, earlier: &variables };
            for entry in from_file(context, item, &format!("{path}.env_file"), &seen).entries {
                let value = Some(entry.value.clone());
                outside.insert(
                    entry.name.clone(),
                    FromOutside { value: value.clone(), position: entry.position, variable: None },
                );
                variables.insert(entry.name, value);
            }
        }
    }
    if let Some(own) = own {
        for (name, mut value) in values {
            outside.remove(&name);
            if value.is_none()
                && let Some((found, source)) = context.scopes.root.find(&name)
            {
                value = Some(found.to_owned());
                let variable = Some(Variable { name: name.clone(), source: source.clone() });
                let position = own.position.clone();
                outside.insert(name.clone(), FromOutside { value: value.clone(), position, variable });
            }
            variables.insert(name, value);
        }
    }
    if !outside.is_empty() {
        let service = path.strip_prefix("services.").unwrap_or(path);
        context.origins.borrow_mut().environment.insert(service.to_owned(), outside);
    }
    variables
}

/// What an env file sees: the variables of the release, then those of the service's `environment`, then those of its
/// earlier env files.
struct Seen<'a> {
    context: &'a Context<'a>,
    own: &'a BTreeMap<String, Option<String>>,
    earlier: &'a BTreeMap<String, Option<String>>,
}

impl Lookup for Seen<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        let given = self.context.variables.value(name);
        given.or_else(|| self.own.get(name)?.as_deref()).or_else(|| self.earlier.get(name)?.as_deref())
    }
}

/// The statements of an env file. Its variables are those of the release, also in an included file, as with Docker
/// Compose.
pub(super) fn from_file(context: &Context<'_>, item: &Node, path: &str, seen: &dyn Lookup) -> EnvFile {
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
        let file = fields.string("path");
        fields.finish(&[]);
        if file.is_none() {
            context.report.at(&item.position, format!("`{path}` names no `path`"));
        }
        file
    } else {
        context.report.name(item, &path)
    };
    let Some(file) = file else { return EnvFile::default() };
    if file.is_empty() {
        // Of a variable that is not set.
        if required {
            context.report.at(&item.position, format!("`{path}` names no file"));
        }
        return EnvFile::default();
    }
    let read = match contents(context, &file) {
        Ok(Some((file, text))) if raw => dotenv::parse_raw(&text, &file, seen, context.limits),
        Ok(Some((file, text))) => dotenv::parse(&text, &file, seen, context.limits),
        Ok(None) if required => Err(Problem::at(&item.position, format!("`{path}`: the release has no file `{file}`"))
            .hint("add the file beside the release file, or write `required: false`")),
        Ok(None) => Ok(EnvFile::default()),
        Err(why) => Err(Problem::at(&item.position, format!("`{path}`: {why}"))),
    };
    match read {
        Ok(read) => {
            context.origins.borrow_mut().unset.extend(read.unset.iter().cloned());
            read
        }
        Err(problem) => {
            context.problem(problem);
            EnvFile::default()
        }
    }
}

/// The path in the bundle and the text of an env file.
fn contents(context: &Context<'_>, file: &str) -> Result<Option<(String, String)>, String> {
    let file = paths::inside(file, context.directory)?;
    let Some(bytes) = context.files.read(&file)? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|_| format!("`{file}` is not UTF-8 text"))?;
    Ok(Some((file, text)))
}
