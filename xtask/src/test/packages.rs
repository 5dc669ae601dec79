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
    /// The agent with its plugins, and the application that it releases.
    Agent,
}

impl Wish {
    /// What setting up brings for it.
    pub(crate) fn needs(self) -> &'static [Need] {
        match self {
            Self::Engine => &[Need::Engine],
            Self::Registry => &[Need::Registry],
            Self::Compose => &[Need::Engine, Need::Compose],
            Self::Servers => &[Need::Servers],
            Self::Agent => &[Need::Wasm, Need::Engine, Need::Registry],
        }
    }
}

/// A package of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) wishes: Vec<Wish>,
    directory: PathBuf,
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
            directory: package.manifest_path.parent().map(Path::to_path_buf).unwrap_or_default(),
        })
        .collect())
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
        let tests = tests(&package.directory)?;
        let fits = |filter: &&String| tests.iter().any(|test| may_fit(test, filter));
        if filters.iter().any(|filter| fits(&filter)) {
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

/// The parts of the names of all tests below a package's directory: modules by their files, and the function.
fn tests(package: &Path) -> Result<Vec<Vec<String>>> {
    let mut found = Vec::new();
    for part in ["src", "tests"] {
        let root = package.join(part);
        for file in paths::files_below(&root, "rs") {
            // Another package lies below this one.
            if file
                .ancestors()
                .skip(1)
                .take_while(|above| *above != package)
                .any(|above| above.join("Cargo.toml").is_file())
            {
                continue;
            }
            let modules: Vec<String> = file
                .with_extension("")
                .strip_prefix(&root)?
                .iter()
                .map(|module| module.to_string_lossy().into_owned())
                .chain(["tests".to_owned()])
                .collect();
            let text = fs::read_to_string(&file)?;
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                    is_test = true;
                } else if let Some(function) = function(line).filter(|_| std::mem::take(&mut is_test)) {
                    found.push(modules.iter().cloned().chain([function.to_owned()]).collect());
                }
            }
        }
    }
    Ok(found)
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
    rest.split(['(', '<']).next()
}

fn may_fit(test: &[String], filter: &str) -> bool {
    filter.split("::").all(|wanted| test.iter().any(|part| part.contains(wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(filters: &[&str]) -> Result<Vec<String>> {
        let filters: Vec<String> = filters.iter().map(|filter| (*filter).to_owned()).collect();
        Ok(with_tests(&filters)?.into_iter().map(|package| package.name).collect())
    }

    #[test]
    fn a_filter_chooses_the_packages_that_have_such_tests() -> Result<()> {
        assert_eq!(chosen(&["a_filter_chooses_the_packages"])?, ["xtask"]);
        assert_eq!(chosen(&["packages::tests::a_filter_chooses"])?, ["xtask"]);
        assert_eq!(chosen(&["story::a_release_is_deployed"])?, ["windlass-tests"]);
        Ok(())
    }

    #[test]
    fn a_filter_that_fits_nothing_is_an_error() {
        let name = ["no", "such", "test"].join("-");
        assert!(chosen(&["story::", &name]).is_err_and(|error| error.to_string().contains(&name)));
    }
}
