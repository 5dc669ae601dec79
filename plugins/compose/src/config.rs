//! The resolved application in the shape of `docker compose config`, as JSON and as YAML.
//!
//! The fields and their forms are those of Docker Compose; where a version of it reads an element and does not show
//! it, it is shown here in the form of later ones. Nothing is written that the files do not say, except what Docker
//! Compose fills in as well: names, protocols, the default network, dependencies.

mod deploy;
mod group;
mod network;
mod service;
mod yaml;

use std::time::Duration;

use serde_json::{Map, Number, Value, json};

pub(crate) use group::reference;
pub use yaml::to_yaml;

use crate::model::DIRECTORY;
use crate::read::go_duration;
use crate::{Application, Path, Service};

impl Application {
    /// The application as `docker compose config --format json` shows it. `project` is the project's name;
    /// `directory` is the absolute path that stands for the root of the files.
    #[must_use]
    pub fn config(&self, project: &str, directory: &str) -> Value {
        let place = Place { project, directory };
        let mut root = Shown::default();
        root.put("name", Some(json!(project)));
        root.put("services", Some(group::all(&self.services, |_, one| service::service(&place, one))));
        root.some("networks", group::all(&self.networks, |key, one| network::network(&place, key, one)));
        root.some("volumes", group::all(&self.volumes, |key, one| network::volume(&place, key, one)));
        root.some("secrets", group::all(&self.secrets, |key, one| group::file(&place, key, one)));
        root.some("configs", group::all(&self.configs, |key, one| group::file(&place, key, one)));
        for (key, value) in &self.extensions {
            root.put(key, Some(value.clone()));
        }
        escaped(placed(root.value(), directory))
    }
}

impl Service {
    /// What Docker Compose calls an image that is built and has no name of its own.
    #[must_use]
    pub fn built_image(&self, project: &str) -> String {
        format!("{project}-{}", self.name)
    }

    /// How the image is built, with the absolute path `directory` for the root of the files. Paths that lead out of it
    /// stay as they are written.
    #[must_use]
    pub fn build_from(&self, directory: &str) -> Option<Value> {
        self.build.clone().map(|build| placed(build, directory))
    }
}

/// Puts the directory where its mark is.
fn placed(value: Value, directory: &str) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace(DIRECTORY, directory)),
        Value::Array(items) => items.into_iter().map(|item| placed(item, directory)).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, placed(value, directory))).collect(),
        other => other,
    }
}

/// What names and paths are made of.
struct Place<'a> {
    project: &'a str,
    directory: &'a str,
}

impl Place<'_> {
    fn name(&self, given: Option<&String>, key: &str) -> Value {
        given.map_or_else(|| json!(format!("{}_{key}", self.project)), |name| json!(name))
    }

    fn path(&self, path: &Path) -> Value {
        match path {
            Path::Host(path) => json!(path),
            Path::Bundle(path) if path.is_empty() => json!(self.directory),
            Path::Bundle(path) => json!(format!("{}/{path}", self.directory)),
        }
    }
}

/// An object while it is made.
#[derive(Default)]
struct Shown(Map<String, Value>);

impl Shown {
    /// Adds a value that is there.
    fn put(&mut self, key: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.0.insert(key.to_owned(), value);
        }
    }

    /// Adds a value that is not empty, zero or false.
    fn some(&mut self, key: &str, value: Value) {
        let is_empty = match &value {
            Value::Null => true,
            Value::Bool(value) => !value,
            Value::Number(number) => number.as_f64() == Some(0.0),
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
        };
        if !is_empty {
            self.0.insert(key.to_owned(), value);
        }
    }

    fn value(self) -> Value {
        Value::Object(self.0)
    }
}

/// Sizes are texts.
fn size(bytes: i64) -> Value {
    json!(bytes.to_string())
}

fn duration(duration: Duration) -> Value {
    json!(go_duration(duration))
}

/// Billionths as the number that Docker Compose keeps, which has 24 bits.
fn decimal(billionths: i64) -> Value {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "that is how it is shown")]
    let short = (billionths as f64 / 1e9) as f32;
    if short.fract() == 0.0 {
        #[expect(clippy::cast_possible_truncation, reason = "it has no fraction")]
        return json!(short as i64);
    }
    // Through its shortest text, so that 0.1 stays 0.1.
    short.to_string().parse().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}

/// A dollar sign is written twice, so that the output can be read as a Compose file again.
fn escaped(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('$', "$$")),
        Value::Array(items) => items.into_iter().map(escaped).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(key, value)| (key.replace('$', "$$"), escaped(value))).collect()
        }
        other => other,
    }
}
