//! The packages of the workspace, what their tests need besides Rust, and which of them hold the tests that are asked for.
//!
//! A package says its needs itself, in its manifest: `[package.metadata.tests] needs = ["engine"]`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use crate::paths;
use crate::process;
use crate::setup::Need;

/// What the tests of a package need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Wish {
    /// A Docker Engine that answers.
    Engine,
    /// A registry to push to.
    Registry,
    /// Docker Compose v2.
    Compose,
    /// Servers and programs from packages.
    Servers,
    /// A browser.
    Browser,
    /// The agent with its plugins, and the application that it releases.
    Agent,
    /// The agent as a Debian package, and a Debian system to install it in.
    Package,
}

impl Wish {
    /// What setting up brings for it.
    pub(crate) fn needs(self) -> &'static [Need] {
        match self {
            Self::Engine => &[Need::Engine],
            Self::Registry => &[Need::Registry],
            Self::Compose => &[Need::Engine, Need::Compose],
            Self::Servers => &[Need::Servers],
            Self::Browser => &[Need::Browser],
            Self::Agent => &[Need::Wasm, Need::Engine, Need::Registry],
            Self::Package => &[Need::Packaging, Need::DebianTree],
        }
    }
}

/// A package of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) wishes: Vec<Wish>,
    /// What its code uses. What its tests or its build script alone use is not among it.
    pub(crate) libraries: Vec<String>,
    directory: PathBuf,
}

impl Package {
    /// Whether it lies in that directory of the repository, or below it.
    pub(crate) fn is_below(&self, directory: &str) -> bool {
        self.directory.starts_with(paths::root().join(directory))
    }

    /// One that is not there, for tests.
    #[cfg(test)]
    pub(crate) fn pretended(name: &str, libraries: &[&str]) -> Self {
        let libraries = libraries.iter().map(|&library| library.to_owned()).collect();
        Self { name: name.to_owned(), wishes: Vec::new(), libraries, directory: PathBuf::new() }
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Described>,
}

#[derive(Deserialize)]
struct Described {
    name: String,
    manifest_path: PathBuf,
    #[serde(default)]
    metadata: Option<Ours>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// None for what the code uses.
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Ours {
    #[serde(default)]
    tests: Tests,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tests {
    needs: Vec<Wish>,
}

/// All packages of the workspace.
pub(crate) fn all() -> Result<Vec<Package>> {
    let text = process::output(process::cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Metadata = serde_json::from_str(&text).context("a package's metadata is not as it should be")?;
    let described = metadata.packages.into_iter();
    Ok(described
        .map(|package| Package {
            name: package.name,
            wishes: package.metadata.map(|ours| ours.tests.needs).unwrap_or_default(),
            libraries: package.dependencies.into_iter().filter(|one| one.kind.is_none()).map(|one| one.name).collect(),
            directory: package.manifest_path.parent().map(Path::to_path_buf).unwrap_or_default(),
        })
        .collect())
}

/// The packages of these names, which may be without the `windlass-` that they begin with.
///
/// # Errors
/// When there is no such package.
pub(crate) fn named(names: &[String]) -> Result<Vec<Package>> {
    let mut all = all()?;
    let is = |package: &Package, name: &str| package.name == name || package.name == format!("windlass-{name}");
    if let Some(name) = names.iter().find(|name| !all.iter().any(|package| is(package, name))) {
        bail!("there is no package `{name}`");
    }
    all.retain(|package| names.iter().any(|name| is(package, name)));
    Ok(all)
}

/// The packages with a test whose name contains one of the filters.
///
/// Names are guessed from the sources, without building them: a package too many is built in vain, none is left out.
///
/// # Errors
/// When a filter fits no test.
pub(crate) fn with_tests(filters: &[String]) -> Result<Vec<Package>> {
    let mut chosen = Vec::new();
    let mut left: Vec<&String> = filters.iter().collect();
    for package in all()? {
        let sources = sources(&package.directory)?;
        let fits = |filter: &str| sources.iter().any(|source| source.may_have(filter));
        if filters.iter().any(|filter| fits(filter)) {
            left.retain(|filter| !fits(filter));
            chosen.push(package);
        }
    }
    if let Some(filter) = left.first() {
        bail!("no test has `{filter}` in its name");
    }
    ensure!(!chosen.is_empty(), "no test is asked for");
    Ok(chosen)
}

/// A file with tests.
struct Source {
    modules: Vec<String>,
    /// The full names of its tests.
    tests: Vec<String>,
    /// Its text, when macros make tests of it, whose names only the compiler knows.
    made: Option<String>,
}

impl Source {
    fn read(text: String, modules: Vec<String>) -> Self {
        let mut tests = Vec::new();
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                is_test = true;
            } else if let Some(function) = function(line).filter(|_| std::mem::take(&mut is_test)) {
                // The module may be the file, or one in it.
                tests.push(name(&modules, &[function]));
                tests.push(name(&modules, &["tests", function]));
            }
        }
        let makes = text.lines().any(|line| line.trim_start().starts_with("macro_rules!"));
        let made = (makes && !tests.is_empty()).then_some(text);
        Self { modules, tests, made }
    }

    fn may_have(&self, filter: &str) -> bool {
        self.tests.iter().any(|test| test.contains(filter))
            || self.made.as_ref().is_some_and(|text| self.may_make(text, filter))
    }

    /// Whether the filter begins with the end of this file's own name and goes on with words of its text.
    fn may_make(&self, text: &str, filter: &str) -> bool {
        let parts: Vec<&str> = filter.split("::").collect();
        let ends_with = |own: &[&str]| {
            let from = self.modules.len().checked_sub(own.len());
            from.is_some_and(|from| self.modules.iter().skip(from).eq(own.iter()))
        };
        // A module and a function may be made; what is longer begins with the file.
        let first = usize::from(parts.len() > 2);
        (first..parts.len()).any(|at| ends_with(&parts[..at]) && parts[at..].iter().all(|part| text.contains(part)))
    }
}

fn name(modules: &[String], rest: &[&str]) -> String {
    modules.iter().map(String::as_str).chain(rest.iter().copied()).collect::<Vec<_>>().join("::")
}

/// The Rust files below a package's directory that may hold tests.
fn sources(package: &Path) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    for part in ["src", "tests"] {
        let root = package.join(part);
        for file in paths::files_below(&root, "rs") {
            let above = file.ancestors().skip(1).take_while(|above| *above != package);
            // Another package may lie below this one.
            if above.into_iter().any(|above| above.join("Cargo.toml").is_file()) {
                continue;
            }
            let path = file.with_extension("");
            let modules: Vec<String> =
                path.strip_prefix(&root)?.iter().map(|module| module.to_string_lossy().into_owned()).collect();
            found.push(Source::read(fs::read_to_string(&file)?, modules));
        }
    }
    Ok(found)
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
    rest.split(['(', '<']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(filters: &[&str]) -> Result<Vec<String>> {
        let filters: Vec<String> = filters.iter().map(|filter| (*filter).to_owned()).collect();
        Ok(with_tests(&filters)?.into_iter().map(|package| package.name).collect())
    }

    #[test]
    fn a_package_is_named_with_or_without_its_beginning() -> Result<()> {
        let names = |asked: &[&str]| -> Result<Vec<String>> {
            let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
            Ok(named(&asked)?.into_iter().map(|package| package.name).collect())
        };
        assert_eq!(names(&["journal", "xtask"])?, ["windlass-journal", "xtask"]);
        assert_eq!(names(&["windlass-journal"])?, ["windlass-journal"]);
        let refused = names(&["journals"]).map_err(|error| error.to_string());
        assert_eq!(refused, Err("there is no package `journals`".to_owned()));
        Ok(())
    }

    #[test]
    fn a_filter_chooses_the_packages_that_have_such_tests() -> Result<()> {
        assert_eq!(chosen(&["a_filter_chooses_the_packages"])?, ["xtask"]);
        assert_eq!(chosen(&["packages::tests::a_filter_chooses"])?, ["xtask"]);
        assert_eq!(chosen(&["tests::faults::end_at_every_line"])?, ["windlass-deployment"]);
        assert_eq!(chosen(&["faults::a_step_that_fails_leaves_exactly_the_old_version::part_1"])?, ["windlass-tests"]);
        assert_eq!(chosen(&["story::a_release_is_deployed"])?, ["windlass-tests"]);
        Ok(())
    }

    #[test]
    fn a_filter_that_fits_nothing_is_an_error() {
        let name = ["no", "such", "test"].join("-");
        assert!(chosen(&["story::", &name]).is_err_and(|error| error.to_string().contains(&name)));
    }
}
