//! A project to begin with: complete, small, and green before anything is changed in it.
//!
//! The files are templates in `templates/`, which are ordinary sources: three names in them stand for the plugin's. What is
//! done with the project is not known here.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use windlass_foundation::identity::Kind;

use crate::contract::contract;
use crate::error::AuthoringError;
use crate::files::{self, File};

/// Where the SDK is, unless another place is named.
const SDK: &str = "{ git = \"https://github.com/windlass-dev/windlass\" }";

/// What a project can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Rust, with the SDK.
    Rust,
    /// Python, which componentize-py makes a component of.
    Python,
}

/// What an author wants to begin with.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The plugin's name.
    pub name: String,
    /// What it is for.
    pub kind: Kind,
    /// What it is written in.
    pub language: Language,
    /// A checkout of Windlass, or the SDK in one; without it, the SDK is fetched when the project is built.
    pub sdk: Option<PathBuf>,
}

/// Writes a project into a directory that is empty or not there: its files.
pub fn create(directory: &Path, wanted: &Wanted) -> Result<Vec<File>, AuthoringError> {
    named(&wanted.name)?;
    let files = match wanted.language {
        Language::Rust => rust(wanted)?,
        Language::Python if wanted.sdk.is_some() => return Err(AuthoringError::SdkOfRust),
        Language::Python => python(wanted)?,
    };
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
    if !windlass_sandbox::is_name(name) {
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
    let (source, example) = match wanted.kind {
        Kind::Check => (include_str!("../templates/rust/check.rs"), include_str!("../templates/rust/check.toml")),
        Kind::Strategy => {
            (include_str!("../templates/rust/strategy.rs"), include_str!("../templates/rust/strategy.toml"))
        }
        Kind::Smoke => (include_str!("../templates/rust/smoke.rs"), include_str!("../templates/rust/smoke.toml")),
        Kind::Recorder => {
            (include_str!("../templates/rust/recorder.rs"), include_str!("../templates/rust/recorder.toml"))
        }
    };
    let sdk = wanted.sdk.as_deref().map(sdk).transpose()?;
    let manifest = include_str!("../templates/rust/Cargo.toml.in").replace("SDK", sdk.as_deref().unwrap_or(SDK));
    Ok(vec![
        filled("Cargo.toml", &manifest, wanted),
        filled("src/lib.rs", source, wanted),
        filled("example.toml", example, wanted),
        filled("README.md", include_str!("../templates/rust/README.md"), wanted),
        filled(".gitignore", include_str!("../templates/rust/gitignore.in"), wanted),
    ])
}

/// The files of a project in Python.
fn python(wanted: &Wanted) -> Result<Vec<File>, AuthoringError> {
    let (source, capability) = match wanted.kind {
        Kind::Check => {
            (include_str!("../templates/python/check.py"), "name = \"http\"\nreason = \"asks the release calendar\"")
        }
        Kind::Strategy => {
            (include_str!("../templates/python/strategy.py"), "name = \"exec\"\nreason = \"runs the three commands\"")
        }
        Kind::Smoke => (
            include_str!("../templates/python/smoke.py"),
            "name = \"http\"\nreason = \"asks the application which version it is\"",
        ),
        Kind::Recorder => {
            (include_str!("../templates/python/recorder.py"), "name = \"http\"\nreason = \"sends the events\"")
        }
    };
    let described = include_str!("../templates/python/plugin.toml.in").replace("CAPABILITY", capability);
    let mut files = vec![
        filled("plugin.toml", &described, wanted),
        filled("app.py", source, wanted),
        filled("windlass.py", include_str!("../templates/python/windlass.py"), wanted),
        filled("README.md", include_str!("../templates/python/README.md"), wanted),
        filled(".gitignore", include_str!("../templates/python/gitignore.in"), wanted),
    ];
    let contract = contract()?.files.into_iter();
    files.extend(contract.map(|File { path, text }| File { path: format!("wit/{path}"), text }));
    Ok(files)
}

/// A file of a template, with what stands for the plugin's own replaced.
fn filled(path: &str, template: &str, wanted: &Wanted) -> File {
    let next = match wanted.kind {
        Kind::Check => "`windlass check DIRECTORY` then asks it,\nand touches nothing.",
        Kind::Strategy => {
            "The three commands are defined there,\neach below `[commands.NAME]`. `windlass plan DIRECTORY` then shows its steps, and \
             changes nothing."
        }
        Kind::Smoke => "`windlass verify` asks it once the\napplication was deployed with it.",
        Kind::Recorder => "`windlass outbox` shows what it was\nnot told yet.",
    };
    let text = template
        .replace("WHAT NEXT", next)
        .replace("KIND", wanted.kind.word())
        .replace("plugin_name", &wanted.name.replace('-', "_"))
        .replace("plugin-name", &wanted.name);
    File { path: path.to_owned(), text }
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
    use windlass_config::document::Document;

    use super::*;
    use crate::plugin_file::PluginFile;

    fn wanted(name: &str, kind: Kind) -> Wanted {
        Wanted { name: name.to_owned(), kind, language: Language::Rust, sdk: None }
    }

    #[test]
    fn nothing_of_a_template_is_left() {
        for kind in Kind::ALL {
            let wanted = wanted("own-word", kind);
            let (rust, python) = (rust(&wanted).unwrap(), python(&wanted).unwrap());
            for File { path, text } in rust.iter().chain(&python) {
                for left in ["plugin-name", "plugin_name", "SDK", "KIND", "WHAT NEXT", "CAPABILITY"] {
                    assert!(path.starts_with("wit/") || !text.contains(left), "{kind}: {path} has {left}");
                }
            }
            assert_eq!(rust.len(), 5);
            toml::from_str::<toml::Table>(&rust[0].text).unwrap();
            let described = Document::from_text("plugin.toml", &python[0].text).unwrap();
            let described = PluginFile::of(&described).unwrap();
            assert_eq!((described.manifest.name.as_str(), described.manifest.kind), ("own-word", kind));
            assert_eq!(described.command[0], ".venv/bin/componentize-py");
        }
    }

    #[test]
    fn the_guide_shows_what_is_written() {
        let guide = include_str!("../../../docs/plugin-guide.md");
        let source = include_str!("../templates/rust/check.rs");
        let begins = source.find("impl Check for Plugin {").unwrap();
        let ends = source.find("\n/// What the answer means.").unwrap();
        let shown = format!("```rust,ignore\n{}```\n", &source[begins..ends]);
        assert!(guide.contains(&shown), "docs/plugin-guide.md is old:\n{shown}");
        let example = include_str!("../templates/rust/check.toml").replace("plugin_name", "check_calendar");
        assert!(guide.contains(&example), "docs/plugin-guide.md is old:\n{example}");
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
