//! From the names of files to the model.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::dotenv;
use crate::interpolate::{Lookup, interpolate};
use crate::model::{self, Application, Context};
use crate::read::Report;
use crate::yaml::{self, Mapping, Node, Scalar, Value};
use crate::{Limits, Position, Problem, Problems, merge};

/// How a placeholder of a secret begins. It may stand only where the host replaces it.
const SECRET: &str = "{{windlass.secret:";

/// The names that Docker Compose looks for, in its order.
const DEFAULT_FILES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
/// The file that is put over the default one where it is there.
const DEFAULT_OVERRIDES: [&str; 4] =
    ["compose.override.yaml", "compose.override.yml", "docker-compose.override.yaml", "docker-compose.override.yml"];

/// The files of a bundle.
pub trait Files {
    /// The content of a file, by its path in the bundle; none when there is no such file.
    /// The error is a fragment for people.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String>;
}

impl Files for BTreeMap<String, Vec<u8>> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.get(path).cloned())
    }
}

/// What to load.
#[derive(Clone, Default)]
pub struct Options {
    /// Compose files in the order in which they are merged, by their path in the bundle. Empty for the default:
    /// `compose.yaml` or another name that Docker Compose looks for. Override files are not taken by themselves,
    /// because they hold what is meant for development.
    pub files: Vec<String>,
    /// Variables for interpolation; they win over `.env`.
    pub variables: BTreeMap<String, String>,
    /// Active profiles; `*` means all.
    pub profiles: Vec<String>,
    /// Limits.
    pub limits: Limits,
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values of variables may be private.
        formatter
            .debug_struct("Options")
            .field("files", &self.files)
            .field("variables", &self.variables.keys())
            .field("profiles", &self.profiles)
            .finish_non_exhaustive()
    }
}

/// What was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The model.
    pub application: Application,
    /// The Compose files that were read, by their path in the bundle.
    pub files: Vec<String>,
    /// What a person should know: variables that are not set, keys without effect.
    pub warnings: Vec<String>,
}

/// Reads, interpolates and merges the files and reads the model.
pub fn load(files: &dyn Files, options: &Options) -> Result<Loaded, Problems> {
    let mut early = Vec::new();
    let names = if options.files.is_empty() { vec![default_file(files, &mut early)?] } else { options.files.clone() };
    let directory = names.first().and_then(|name| name.rsplit_once('/')).map_or("", |(directory, _)| directory);
    let variables = Variables { given: &options.variables, dotenv: read_dotenv(files, directory, options)? };

    let report = Report::new(&options.limits);
    let mut unset = BTreeSet::new();
    let mut root: Option<Node> = None;
    for name in &names {
        let text = read_text(files, name)?;
        for mut document in yaml::parse(&text, &Arc::from(name.as_str()), &options.limits)? {
            if document.is_null() {
                continue;
            }
            let mut walk = Walk { variables: &variables, unset: &mut unset, report: &report, limits: &options.limits };
            walk.node(&mut document, &mut Vec::new());
            merge::normalise(&mut document);
            match &mut root {
                Some(root) => merge::merge(root, document),
                None => root = Some(document),
            }
        }
    }
    let file: Arc<str> = Arc::from(names.first().map_or("", String::as_str));
    let mut root = root.unwrap_or_else(|| Node {
        value: Value::Mapping(Mapping::default()),
        position: Position::start(&file),
        tag: None,
    });
    clear_tags(&mut root, &report);

    let context = Context { report: &report, files, variables: &variables, limits: &options.limits, directory };
    let application = model::read(&context, &root, &options.profiles);
    let (problems, mut warnings) = report.finish();
    match application {
        Some(application) if problems.is_empty() => {
            let unset = unset.iter().map(|name| format!("the variable `{name}` is not set and is taken as empty"));
            early.extend(unset);
            early.append(&mut warnings);
            Ok(Loaded { application, files: names, warnings: early })
        }
        _ => Err(Problems(problems)),
    }
}

fn default_file(files: &dyn Files, warnings: &mut Vec<String>) -> Result<String, Problems> {
    for name in DEFAULT_FILES {
        if files.read(name).map_err(Problem::nowhere)?.is_some() {
            for name in DEFAULT_OVERRIDES {
                if files.read(name).map_err(Problem::nowhere)?.is_some() {
                    warnings.push(format!("`{name}` is not used; name it in `files` if it is meant to be"));
                }
            }
            return Ok(name.to_owned());
        }
    }
    Err(Problem::nowhere(format!("the release has no Compose file; looked for {}", DEFAULT_FILES.join(", ")))
        .hint("put compose.yaml beside release.toml, or name the files in the strategy's `files`")
        .into())
}

fn read_text(files: &dyn Files, name: &str) -> Result<String, Problem> {
    let bytes = files
        .read(name)
        .map_err(|why| Problem::nowhere(format!("`{name}`: {why}")))?
        .ok_or_else(|| Problem::nowhere(format!("the release has no file `{name}`")))?;
    String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        Problem::nowhere(format!("`{name}` is not UTF-8 text: byte {place}"))
    })
}

fn read_dotenv(files: &dyn Files, directory: &str, options: &Options) -> Result<BTreeMap<String, String>, Problem> {
    let path = if directory.is_empty() { ".env".to_owned() } else { format!("{directory}/.env") };
    if files.read(&path).map_err(Problem::nowhere)?.is_none() {
        return Ok(BTreeMap::new());
    }
    let text = read_text(files, &path)?;
    let entries = dotenv::parse(&text, &path, &options.variables, &options.limits)?;
    Ok(entries.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

struct Variables<'a> {
    given: &'a BTreeMap<String, String>,
    dotenv: BTreeMap<String, String>,
}

impl Lookup for Variables<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        self.given.get(name).or_else(|| self.dotenv.get(name)).map(String::as_str)
    }
}

/// Interpolates every value of a tree.
struct Walk<'a> {
    variables: &'a dyn Lookup,
    unset: &'a mut BTreeSet<String>,
    report: &'a Report,
    limits: &'a Limits,
}

impl Walk<'_> {
    fn node(&mut self, node: &mut Node, path: &mut Vec<String>) {
        match &mut node.value {
            Value::Sequence(items) => {
                for item in items {
                    self.node(item, path);
                }
            }
            Value::Mapping(mapping) => {
                for entry in &mut mapping.entries {
                    path.push(entry.key.clone());
                    self.node(&mut entry.value, path);
                    path.pop();
                }
            }
            Value::Scalar(scalar) => {
                if let Some(text) = self.text(scalar, &node.position, path) {
                    *scalar = Scalar::text(text);
                }
            }
        }
    }

    /// The new text, where it has a variable.
    fn text(&mut self, scalar: &Scalar, position: &Position, path: &[String]) -> Option<String> {
        if !scalar.written().contains('$') {
            return None;
        }
        let depth = self.limits.interpolation_depth;
        let text = match interpolate(scalar.written(), self.variables, self.unset, depth) {
            Ok(text) => text,
            Err(error) => {
                let quote = usize::from(!scalar.is_plain());
                let one_line = !scalar.written().contains('\n');
                let place = if one_line { position.moved(error.offset + quote) } else { position.clone() };
                self.report.at(&place, format!("`{}`: {error}", path.join(".")));
                return None;
            }
        };
        if text.len() > self.limits.scalar_bytes {
            self.report.at(position, format!("`{}` has {} bytes with its variables", path.join("."), text.len()));
            return None;
        }
        if text.contains(SECRET) && !may_hold_secret(path) {
            self.report.problem(
                Problem::at(position, format!("`{}` cannot hold a secret", path.join("."))).hint(
                    "use the secret's variable in `environment`, in `configs.….content` or `secrets.….environment`",
                ),
            );
            return None;
        }
        Some(text)
    }
}

fn may_hold_secret(path: &[String]) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    matches!(path.as_slice(), ["services", _, "environment", ..] | ["configs", _, "content"])
        || path.first().is_some_and(|top| top.starts_with("x-"))
}

/// `!reset` and `!override` have done their work; other tags mean nothing to Compose.
fn clear_tags(node: &mut Node, report: &Report) {
    match node.tag.take().as_deref() {
        None | Some("override") => {}
        Some("reset") => node.value = Value::Scalar(Scalar::null()),
        Some(other) => report.at(&node.position, format!("the tag `!{other}` is not known")),
    }
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().for_each(|item| clear_tags(item, report)),
        Value::Mapping(mapping) => {
            mapping.entries.iter_mut().for_each(|entry| clear_tags(&mut entry.value, report));
        }
        Value::Scalar(_) => {}
    }
}
