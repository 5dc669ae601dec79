//! A `build` section as arguments of `docker build`. What has no argument is refused by name.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use windlass_compose::{FileSource, Path as FilePath, Service};

use super::{BuildError, Inputs};

/// How `docker` is asked to build one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What comes after `docker build`, in front of the directory.
    pub options: Vec<String>,
    /// The directory that is built from, without links.
    pub context: PathBuf,
    /// The Dockerfile, where the Compose file has it.
    pub inline: Option<String>,
    /// Variables for it: values of secrets, which are no arguments.
    pub environment: Vec<(String, String)>,
}

/// The section of one service.
pub(super) struct Section<'a> {
    pub(super) inputs: &'a Inputs<'a>,
    pub(super) service: &'a Service,
    /// The image's name.
    pub(super) name: &'a str,
}

/// Elements with one value each, and the options that they are.
const PLAIN: [(&str, &str); 3] = [("target", "target"), ("network", "network"), ("shm_size", "shm-size")];
/// Elements that are there or not.
const FLAGS: [(&str, &str); 2] = [("no_cache", "no-cache"), ("pull", "pull")];
/// Elements with several values.
const LISTS: [(&str, &str); 4] =
    [("cache_from", "cache-from"), ("cache_to", "cache-to"), ("no_cache_filter", "no-cache-filter"), ("tags", "tag")];
/// Elements of names and values.
const PAIRS: [(&str, &str); 2] = [("args", "build-arg"), ("labels", "label")];

impl Section<'_> {
    pub(super) fn call(&self, section: &Value) -> Result<Call, BuildError> {
        if let Some((key, name)) = self.secret_in(section) {
            let why = format!("holds the secret `{name}`, and everybody who has the image could read it");
            return Err(self.refused(
                &key,
                why,
                Some("mount it while building, with `secrets`, or give it to the container"),
            ));
        }
        let mut fields = section.as_object().cloned().unwrap_or_default();
        let context = self.context(&mut fields)?;
        let mut call = Call {
            options: vec![format!("--tag={}", self.name)],
            context,
            inline: text(fields.remove("dockerfile_inline")),
            environment: Vec::new(),
        };
        if let Some(dockerfile) = text(fields.remove("dockerfile")).filter(|_| call.inline.is_none()) {
            let path = self.inside("dockerfile", &call.context.join(dockerfile))?;
            call.options.push(format!("--file={}", path.display()));
        }
        for (key, option) in PLAIN {
            call.options.extend(text(fields.remove(key)).map(|value| format!("--{option}={value}")));
        }
        for (key, option) in FLAGS {
            if fields.remove(key) == Some(Value::Bool(true)) {
                call.options.push(format!("--{option}"));
            }
        }
        for (key, option) in LISTS {
            call.options.extend(texts(fields.remove(key)).map(|value| format!("--{option}={value}")));
        }
        for (key, option) in PAIRS {
            call.options.extend(pairs(fields.remove(key)).map(|(name, value)| format!("--{option}={name}={value}")));
        }
        call.options.extend(self.platform(&mut fields)?.map(|platform| format!("--platform={platform}")));
        for host in texts(fields.remove("extra_hosts")) {
            call.options.push(format!("--add-host={}", host.replacen('=', ":", 1)));
        }
        for (name, limit) in fields.remove("ulimits").as_ref().and_then(Value::as_object).into_iter().flatten() {
            let limit = match (limit.get("soft"), limit.get("hard")) {
                (Some(soft), Some(hard)) => format!("{soft}:{hard}"),
                _ => limit.to_string(),
            };
            call.options.push(format!("--ulimit={name}={limit}"));
        }
        call.options.extend(texts(fields.remove("ssh")).map(|key| format!("--ssh={key}")));
        for (name, place) in pairs(fields.remove("additional_contexts")) {
            let place = if place.starts_with("docker-image://") {
                place
            } else {
                self.directory(&format!("additional_contexts.{name}"), &place)?.display().to_string()
            };
            call.options.push(format!("--build-context={name}={place}"));
        }
        self.secrets(fields.remove("secrets").as_ref(), &mut call)?;
        if fields.get("isolation").is_some_and(|isolation| isolation == "default") {
            fields.remove("isolation");
        }
        match fields.keys().next() {
            None => Ok(call),
            Some(key) => Err(self.refused(key, "is not passed on to `docker build`".to_owned(), Some(ELSEWHERE))),
        }
    }

    fn context(&self, fields: &mut Map<String, Value>) -> Result<PathBuf, BuildError> {
        let written = text(fields.remove("context")).unwrap_or_default();
        self.directory("context", &written)
    }

    /// A directory of the release.
    fn directory(&self, key: &str, written: &str) -> Result<PathBuf, BuildError> {
        if !written.starts_with('/') {
            let why = format!(
                "is `{written}`, which is outside of the release's directory: its commit says nothing about it"
            );
            return Err(self.refused(key, why, Some(ABOVE)));
        }
        let path = self.inside(key, Path::new(written))?;
        if path.is_dir() {
            Ok(path)
        } else {
            Err(self.refused(key, format!("is `{written}`, which is no directory"), None))
        }
    }

    /// A path without links, which is in the release's directory.
    fn inside(&self, key: &str, path: &Path) -> Result<PathBuf, BuildError> {
        let shown = path.display();
        let real = path.canonicalize().map_err(|error| self.refused(key, format!("is `{shown}`: {error}"), None))?;
        if real.starts_with(self.inputs.root) {
            return Ok(real);
        }
        let why =
            format!("is `{shown}`, which is outside of the release's directory: its commit says nothing about it");
        Err(self.refused(key, why, Some(ABOVE)))
    }

    /// One platform: an engine holds an image for one.
    fn platform(&self, fields: &mut Map<String, Value>) -> Result<Option<String>, BuildError> {
        let mut platforms: Vec<String> = texts(fields.remove("platforms")).collect();
        platforms.sort_unstable();
        platforms.dedup();
        match platforms.as_slice() {
            [] => Ok(self.service.platform.clone()),
            [one] => Ok(Some(one.clone())),
            _ => Err(self.refused(
                "platforms",
                "names several, and the engine holds an image for one".to_owned(),
                Some(ELSEWHERE),
            )),
        }
    }

    /// Secrets while it is built: files of the release's directory, and values of variables.
    fn secrets(&self, secrets: Option<&Value>, call: &mut Call) -> Result<(), BuildError> {
        for (number, secret) in secrets.and_then(Value::as_array).into_iter().flatten().enumerate() {
            let source = secret.as_str().or_else(|| secret.get("source").and_then(Value::as_str)).unwrap_or_default();
            let id = secret.get("target").and_then(Value::as_str).unwrap_or(source);
            let id = id.rsplit('/').next().unwrap_or(id);
            let refused = |why: &str| self.refused("secrets", format!("names `{source}`, {why}"), Some(ELSEWHERE));
            if id.contains([',', '=', '"']) {
                return Err(refused("and a name of a secret has no `,`, `=` or `\"` in it"));
            }
            let object = self.inputs.application.secrets.get(source);
            call.options.push(match object.map(|object| &object.source) {
                Some(FileSource::File(FilePath::Bundle(path))) => {
                    let path = self.inside("secrets", &self.inputs.root.join(path))?.display().to_string();
                    if path.contains([',', '"']) {
                        return Err(refused("whose path has a `,` or a `\"`"));
                    }
                    format!("--secret=id={id},src={path}")
                }
                Some(FileSource::Environment { variable, value: None }) => {
                    return Err(refused(&format!("of the variable `{variable}`, which is not set")));
                }
                Some(FileSource::Environment { value: Some(value), .. }) => {
                    if self.inputs.secrets.iter().any(|(shown, _)| value.contains(shown)) {
                        return Err(refused("which is a secret of the operator's: it is not given to what is built"));
                    }
                    let variable = format!("WINDLASS_BUILD_SECRET_{number}");
                    call.environment.push((variable.clone(), value.clone()));
                    format!("--secret=id={id},env={variable}")
                }
                _ => return Err(refused("which is neither a file of the release's directory nor a variable")),
            });
        }
        Ok(())
    }

    /// The first text with a secret in it: where, and which one.
    fn secret_in(&self, section: &Value) -> Option<(String, String)> {
        let mut waiting: Vec<(String, &Value)> = vec![(String::new(), section)];
        while let Some((path, value)) = waiting.pop() {
            let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            match value {
                Value::String(text) => {
                    let found = self.inputs.secrets.iter().find(|(shown, _)| text.contains(shown));
                    if let Some((_, name)) = found {
                        return Some((path, name.clone()));
                    }
                }
                Value::Array(items) => waiting.extend(items.iter().map(|item| (path.clone(), item))),
                Value::Object(fields) => waiting.extend(fields.iter().map(|(key, value)| (below(key), value))),
                _ => {}
            }
        }
        None
    }

    fn refused(&self, key: &str, why: String, hint: Option<&'static str>) -> BuildError {
        BuildError::Refused { service: self.service.name.clone(), key: key.to_owned(), why, hint }
    }
}

/// Where what is not done here can be done.
const ELSEWHERE: &str = "build it elsewhere, push it, and leave `local` out of its artifact in release.toml";
/// What to do about a directory that is too low.
const ABOVE: &str = "put release.toml into a directory above: `windlass init COMPOSE-FILE --output DIRECTORY`";

fn text(value: Option<Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

fn texts(value: Option<Value>) -> impl Iterator<Item = String> {
    let items = match value {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    items.into_iter().filter_map(|item| text(Some(item)))
}

fn pairs(value: Option<Value>) -> impl Iterator<Item = (String, String)> {
    let fields = match value {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    fields.into_iter().map(|(name, value)| (name, text(Some(value)).unwrap_or_default()))
}
