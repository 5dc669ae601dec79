//! The walls between crates and modules and the habits of the code, as tests.
//!
//! They read files as text, so that they hold for code that a build leaves out, too.

mod crates;
mod services;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::paths;

/// A module may be this long when it has a reason; tests are not counted.
const LONGEST: usize = 500;
/// The flow of a deployment is one screen.
const FLOW: (&str, usize) = ("host/deployment/src/lib.rs", 150);
/// Dependencies may grow past this, but not unnoticed.
const PACKAGES: usize = 540;

/// A word that may stand only in some places of the crates that could name it, and why.
struct Wall {
    word: &'static str,
    inside: &'static [&'static str],
    why: &'static str,
}

const WALLS: &[Wall] = &[
    Wall { word: "bindgen!", inside: &["host/sandbox/src/bindings.rs"], why: "generated types have one source" },
    Wall { word: "bollard::", inside: &["host/capability/src/docker"], why: "Docker is behind one capability" },
    Wall {
        word: "reqwest::",
        inside: &["host/capability/src/http", "host/release/src/registry"],
        why: "only the allowlist and the registry client reach the network",
    },
    Wall { word: "rusqlite", inside: &["host/journal/src/store"], why: "SQL stays in the store" },
    Wall { word: "println!", inside: &["host/report/src"], why: "only the report prints" },
    Wall { word: "eprintln!", inside: &["host/report/src"], why: "only the report prints" },
];

fn relative(path: &Path) -> String {
    path.strip_prefix(paths::root()).unwrap_or(path).display().to_string()
}

/// Whether a file is a source of one of the agent's crates.
fn is_of_the_agent(name: &str) -> bool {
    name.starts_with("host/") && name.contains("/src/")
}

/// The code of a file without its unit tests and comments.
fn code(text: &str) -> Vec<&str> {
    text.lines()
        .take_while(|line| line.trim() != "#[cfg(test)]")
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect()
}

/// The names of small applications that a test lays out.
fn small(text: &str) -> impl Iterator<Item = &str> {
    ["Small::set(\"", "Small::running(\""]
        .into_iter()
        .flat_map(|call| text.split(call).skip(1))
        .filter_map(|rest| rest.split('"').next())
}

/// Runs every rule and reports all that is wrong at once.
pub(crate) fn check() -> Result<()> {
    let mut wrong = Vec::new();
    let mut applications = BTreeMap::new();
    for path in ["host", "plugins", "tests", "xtask"]
        .iter()
        .flat_map(|below| paths::files_below(&paths::root().join(below), "rs"))
    {
        let name = relative(&path);
        let text = fs::read_to_string(&path)?;
        if !text.starts_with("//!") {
            wrong.push(format!("{name}: does not begin with `//!`: what it is for, and what it does not do"));
        }
        let lines = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").count();
        if lines > LONGEST && !name.contains("/tests/") {
            wrong.push(format!("{name}: {lines} lines; more than {LONGEST} is two ideas"));
        }
        if name.starts_with("tests/tests") {
            for application in small(&text) {
                if let Some(other) = applications.insert(application.to_owned(), name.clone()) {
                    wrong.push(format!(
                        "{name}: the application `{application}` is one of {other} too; they share an engine"
                    ));
                }
            }
        }
        if text.lines().any(|line| line.ends_with(' ')) {
            wrong.push(format!("{name}: blanks at the end of a line"));
        }
        if is_of_the_agent(&name) && !name.contains("/tests/") && !name.ends_with("tests.rs") {
            wrong.extend(services::wrong(&name, &code(&text)).iter().map(|why| format!("{name}: {why}")));
            for wall in WALLS.iter().filter(|wall| !wall.inside.iter().any(|place| name.starts_with(place))) {
                if let Some(line) = code(&text).iter().find(|line| line.contains(wall.word)) {
                    wrong.push(format!("{name}: `{}`: {} — {}", line.trim(), wall.word, wall.why));
                }
            }
        }
    }
    wrong.extend(crates::wrong()?);
    let flow = fs::read_to_string(paths::root().join(FLOW.0))?.lines().count();
    if flow > FLOW.1 {
        wrong.push(format!("{}: {flow} lines; the flow fits on one screen of {}", FLOW.0, FLOW.1));
    }
    let lock = fs::read_to_string(paths::root().join("Cargo.lock"))?;
    let packages = lock.lines().filter(|line| *line == "[[package]]").count();
    if packages > PACKAGES {
        wrong.push(format!("Cargo.lock: {packages} packages; raise the limit of {PACKAGES} knowingly"));
    }
    ensure!(wrong.is_empty(), "the house is not tidy:\n  {}", wrong.join("\n  "));
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_house_is_tidy() -> anyhow::Result<()> {
        super::check()
    }
}
