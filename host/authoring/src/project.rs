//! A project to begin with: complete, small, and green before anything is changed in it.
//!
//! The files are templates in `templates/`, which are ordinary sources: three names in them stand for the plugin's. What is
//! done with the project is not known here.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use windlass_foundation::identity::Kind;

use crate::error::AuthoringError;
use crate::files::{self, File};

/// Where the SDK is, unless another place is named.
const SDK: &str = "{ git = \"https://github.com/windlass-dev/windlass\" }";

/// The longest name of a plugin.
const LONGEST_NAME: usize = 64;

/// What an author wants to begin with.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The plugin's name.
    pub name: String,
    /// What it is for.
    pub kind: Kind,
    /// A checkout of Windlass, or the SDK in one; without it, the SDK is fetched when the project is built.
    pub sdk: Option<PathBuf>,
}

/// Writes a project into a directory that is empty or not there: its files.
pub fn create(directory: &Path, wanted: &Wanted) -> Result<Vec<File>, AuthoringError> {
    named(&wanted.name)?;
    let files = rust(wanted)?;
    if is_occupied(directory).map_err(|source| AuthoringError::Read { path: directory.to_owned(), source })? {
        return Err(AuthoringError::Occupied { directory: directory.to_owned() });
    }
    files::write(directory, &files)?;
    Ok(files)
}

fn is_occupied(directory: &Path) -> io::Result<bool> {
    match fs::read_dir(directory) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// A name is one of a plugin and of a crate.
fn named(name: &str) -> Result<(), AuthoringError> {
    let refused = |why| Err(AuthoringError::Name { name: windlass_foundation::explain::shorten(name), why });
    let is_word = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_word) {
        return refused("a plugin's name has at most 64 lower-case letters, digits and `-`");
    }
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return refused("a package of Rust begins with a letter");
    }
    if TAKEN.contains(&name) { refused("Rust has another meaning for it") } else { Ok(()) }
}

/// Words that cannot name a package: those of the language, its own crates, and what the project depends on.
const TAKEN: [&str; 60] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "schemars",
    "self",
    "serde",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "windlass-domain",
    "windlass-sdk",
    "yield",
];

/// The files of a project in Rust.
fn rust(wanted: &Wanted) -> Result<Vec<File>, AuthoringError> {
    let (source, example, next) = match wanted.kind {
        Kind::Check => (
            include_str!("../templates/rust/check.rs"),
            include_str!("../templates/rust/check.toml"),
            "`windlass check DIRECTORY` then asks it,\nand touches nothing.",
        ),
        Kind::Strategy => (
            include_str!("../templates/rust/strategy.rs"),
            include_str!("../templates/rust/strategy.toml"),
            "The three commands are defined there,\neach below `[commands.NAME]`. `windlass plan DIRECTORY` then shows its steps, and changes nothing.",
        ),
        Kind::Smoke => (
            include_str!("../templates/rust/smoke.rs"),
            include_str!("../templates/rust/smoke.toml"),
            "`windlass verify` asks it once the\napplication was deployed with it.",
        ),
        Kind::Recorder => (
            include_str!("../templates/rust/recorder.rs"),
            include_str!("../templates/rust/recorder.toml"),
            "`windlass outbox` shows what it was\nnot told yet.",
        ),
    };
    let sdk = wanted.sdk.as_deref().map(sdk).transpose()?;
    let name = wanted.name.as_str();
    let filled = |text: &str| text.replace("plugin-name", name).replace("plugin_name", &name.replace('-', "_"));
    let file = |path: &str, text: String| File { path: path.to_owned(), text };
    let manifest = include_str!("../templates/rust/Cargo.toml.in").replace("SDK", sdk.as_deref().unwrap_or(SDK));
    let readme = include_str!("../templates/rust/README.md").replace("KIND", wanted.kind.word());
    Ok(vec![
        file("Cargo.toml", filled(&manifest)),
        file("src/lib.rs", filled(source)),
        file("example.toml", filled(example)),
        file("README.md", filled(&readme.replace("WHAT NEXT", next))),
        file(".gitignore", include_str!("../templates/rust/gitignore.in").to_owned()),
    ])
}

/// A checkout, or the SDK in it, as a dependency.
fn sdk(given: &Path) -> Result<String, AuthoringError> {
    let is_sdk = |path: &PathBuf| {
        let manifest = fs::read_to_string(path.join("Cargo.toml")).unwrap_or_default();
        manifest.lines().any(|line| line.trim() == "name = \"windlass-sdk\"")
    };
    let found = [given.to_owned(), given.join("plugins/sdk")].into_iter().find(is_sdk);
    let found = found.ok_or_else(|| AuthoringError::NoSdk { path: given.to_owned() })?;
    let found = fs::canonicalize(&found).map_err(|source| AuthoringError::Read { path: found, source })?;
    // A path in TOML is a string in JSON.
    Ok(format!("{{ path = {} }}", serde_json::Value::from(found.display().to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(name: &str, kind: Kind) -> Wanted {
        Wanted { name: name.to_owned(), kind, sdk: None }
    }

    #[test]
    fn nothing_of_a_template_is_left() {
        for kind in Kind::ALL {
            let files = rust(&wanted("own-word", kind)).unwrap();
            for File { path, text } in &files {
                for left in ["plugin-name", "plugin_name", "SDK", "KIND", "WHAT NEXT"] {
                    assert!(!text.contains(left), "{kind}: {path} has {left}");
                }
            }
            assert_eq!(files.len(), 5);
            toml::from_str::<toml::Table>(&files[0].text).unwrap();
        }
    }

    #[test]
    fn a_name_is_one_of_a_plugin_and_of_a_package() {
        for right in ["check-calendar", "x", "x2", "types"] {
            assert!(named(right).is_ok(), "{right}");
        }
        for wrong in ["", "Check", "a_b", "../x", "2x", "-x", "type", "serde", &"x".repeat(65)] {
            assert!(matches!(named(wrong), Err(AuthoringError::Name { .. })), "{wrong}");
        }
    }

    #[test]
    fn a_directory_with_anything_in_it_stays_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(".git"), "").unwrap();
        let refused = create(root.path(), &wanted("check-x", Kind::Check));
        assert!(matches!(refused, Err(AuthoringError::Occupied { .. })));
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_path_without_the_sdk_is_refused() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(matches!(sdk(here), Err(AuthoringError::NoSdk { .. })));
        let checkout = here.join("../..");
        assert_eq!(sdk(&checkout).unwrap(), sdk(&checkout.join("plugins/sdk")).unwrap());
    }
}
