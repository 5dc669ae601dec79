//! What is asked for, and what comes back.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::explain::Origins;
use crate::interpolate::Lookup;
use crate::scope::Scope;
use crate::trace::Source;
use crate::yaml::Node;
use crate::{Application, Limits, Position, Problem};

use super::Loader;

/// The names that Docker Compose looks for, in its order.
pub const DEFAULT_FILES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
/// The file that is put over the default one where it is there.
pub const DEFAULT_OVERRIDES: [&str; 4] =
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
    /// Compose files in the order in which they are merged, by their path in the bundle. Empty for those of
    /// `COMPOSE_FILE`, or the default: `compose.yaml` or another name that Docker Compose looks for. Override files
    /// are not taken by themselves, because they hold what is meant for development.
    pub files: Vec<String>,
    /// The name of the project, which files see as `COMPOSE_PROJECT_NAME`. None for that variable, or `name`.
    pub project: Option<String>,
    /// Variables for interpolation; they win over `.env`.
    pub variables: BTreeMap<String, String>,
    /// Active profiles; `*` means all. Empty for those of `COMPOSE_PROFILES`.
    pub profiles: Vec<String>,
    /// Whether a required variable (`${V:?}`) that is not set is taken as its own name instead of being a problem: for
    /// a proposal of what should be set, never for a deployment.
    pub assume_required: bool,
    /// Limits.
    pub limits: Limits,
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values of variables may be private.
        formatter
            .debug_struct("Options")
            .field("files", &self.files)
            .field("project", &self.project)
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
    /// The Compose files that were merged, by their path in the bundle. Those that they include or extend from are
    /// not named.
    pub files: Vec<String>,
    /// The name of the project, where the caller, a variable or a file gives one.
    pub project: Option<String>,
    /// The active profiles.
    pub profiles: Vec<String>,
    /// The variables that the files use, in texts and by passing them on to containers.
    pub variables: BTreeMap<String, VariableUse>,
    /// What a person should know: variables that are not set, keys without effect.
    pub warnings: Vec<String>,
    /// The merged tree, for [`Loaded::explain`].
    pub(crate) tree: Arc<Node>,
    /// Where each included file is named.
    pub(crate) included: BTreeMap<Arc<str>, Position>,
    /// Where values came from that stand in no Compose file.
    pub(crate) origins: Arc<Origins>,
}

/// How a variable is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableUse {
    /// Where its value comes from.
    pub source: Source,
    /// Whether a text cannot do without it.
    pub required: bool,
}

impl Loaded {
    /// The project's directory: that of the first Compose file, from the root of the bundle.
    #[must_use]
    pub fn project_directory(&self) -> &str {
        self.files.first().map_or("", |first| crate::paths::directory(first))
    }
}

impl Loader<'_> {
    /// The files to merge.
    pub(super) fn names(&mut self, options: &Options, scope: &Scope) -> Result<Vec<String>, Problem> {
        if !options.files.is_empty() {
            return Ok(options.files.clone());
        }
        let separator = scope.value("COMPOSE_PATH_SEPARATOR").filter(|text| !text.is_empty()).unwrap_or(":");
        let named = scope.value("COMPOSE_FILE").unwrap_or_default().split(separator);
        let named: Vec<&str> = named.filter(|name| !name.is_empty()).collect();
        if !named.is_empty() {
            let inside = named.into_iter().map(|name| crate::paths::inside(name, ""));
            return inside
                .collect::<Result<_, _>>()
                .map_err(|why| Problem::nowhere(format!("in the variable `COMPOSE_FILE`: {why}")));
        }
        for name in DEFAULT_FILES {
            if self.sources.is_there(name)? {
                for name in DEFAULT_OVERRIDES {
                    if self.sources.is_there(name)? {
                        self.warnings.push(format!("`{name}` is not used; name it in `files` if it is meant to be"));
                    }
                }
                return Ok(vec![name.to_owned()]);
            }
        }
        let looked_for = DEFAULT_FILES.join(", ");
        Err(Problem::nowhere(format!("the release has no Compose file; looked for {looked_for}"))
            .hint("put compose.yaml beside release.toml, or name the files in the strategy's `files`"))
    }
}
