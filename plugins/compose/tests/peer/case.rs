//! One directory of the corpus.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use windlass_compose::{Files, Loaded, Options, Problems, load};

use crate::peer::compare;
use crate::peer::docker::{self, Version};

/// What is expected of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Docker Compose and we accept it, and it means the same.
    Valid,
    /// Docker Compose and we refuse it.
    Invalid,
    /// Docker Compose accepts it and we refuse it.
    Refused,
    /// We read it otherwise on purpose, as `expected.json` says.
    Otherwise,
    /// Made to exhaust its reader.
    Hostile,
}

impl Kind {
    pub(crate) const EVERY: [Self; 5] = [Self::Valid, Self::Invalid, Self::Refused, Self::Otherwise, Self::Hostile];

    /// What Docker Compose does with such a case, where the case says nothing else of a version.
    fn outcome(self) -> Outcome {
        match self {
            Self::Valid => Outcome::Same,
            Self::Invalid => Outcome::Refuses,
            Self::Refused | Self::Hostile => Outcome::Accepts,
            Self::Otherwise => Outcome::Differs,
        }
    }

    fn directory(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Refused => "refused",
            Self::Otherwise => "otherwise",
            Self::Hostile => "hostile",
        }
    }
}

/// What a version of Docker Compose does with a case, seen from what we do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// It accepts what we accept, and it means the same.
    Same,
    /// It accepts what we accept, and it means something else.
    Differs,
    /// It accepts what we refuse.
    Accepts,
    /// It refuses it.
    Refuses,
}

/// `case.toml`: what is said besides the files; all of it may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// Compose files, in the order of `-f`; `compose.yaml` where nothing is said, none for what is found by itself.
    files: Option<Vec<String>>,
    /// `--profile`.
    profiles: Vec<String>,
    /// `-p`; empty when none is given.
    project: Option<String>,
    /// The environment.
    variables: BTreeMap<String, String>,
    /// A part of our message.
    expect: Option<String>,
    /// No file is to blame.
    nowhere: bool,
    /// What the older Docker Compose does, where it is not what the kind of the case says.
    older: Option<Outcome>,
    /// What the newer one does, likewise.
    newer: Option<Outcome>,
    /// What the two versions take differently, for the page; needed where we do as the newer one does.
    about: Option<String>,
}

/// One case.
pub(crate) struct Case {
    /// `KIND/AREA/NAME`.
    pub(crate) name: String,
    pub(crate) directory: PathBuf,
    pub(crate) files: Vec<String>,
    pub(crate) profiles: Vec<String>,
    pub(crate) project: Option<String>,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) expect: Option<String>,
    pub(crate) nowhere: bool,
    pub(crate) about: Option<String>,
    pub(crate) kind: Kind,
    older: Option<Outcome>,
    newer: Option<Outcome>,
}

fn directories(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

/// Every case of a kind, in the order of the names.
pub(crate) fn all(kind: Kind) -> Vec<Case> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    directories(&corpus.join(kind.directory()))
        .iter()
        .flat_map(|area| directories(area))
        .map(|directory| {
            let name = directory.strip_prefix(&corpus).unwrap().display().to_string();
            read(kind, name, directory)
        })
        .collect()
}

fn read(kind: Kind, name: String, directory: PathBuf) -> Case {
    let settings: Settings = match std::fs::read_to_string(directory.join("case.toml")) {
        Ok(text) => toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")),
        Err(_) => Settings::default(),
    };
    let project = settings.project.unwrap_or_else(|| "corpus".to_owned());
    Case {
        name,
        directory,
        files: settings.files.unwrap_or_else(|| vec!["compose.yaml".to_owned()]),
        profiles: settings.profiles,
        project: Some(project).filter(|project| !project.is_empty()),
        variables: settings.variables,
        expect: settings.expect,
        nowhere: settings.nowhere,
        about: settings.about,
        kind,
        older: settings.older,
        newer: settings.newer,
    }
}

/// The directory as a bundle: what is above it is not there.
struct Bundle<'a>(&'a Path);

impl Files for Bundle<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        if path.split('/').any(|part| part == "..") || path.starts_with('/') {
            return Err("leaves the bundle".to_owned());
        }
        let path = self.0.join(path);
        if !path.is_file() {
            return Ok(None);
        }
        std::fs::read(&path).map(Some).map_err(|error| error.to_string())
    }
}

impl Case {
    /// What a version of Docker Compose does with it.
    pub(crate) fn outcome(&self, version: Version) -> Outcome {
        let said = match version {
            Version::Older => self.older,
            Version::Newer => self.newer,
        };
        said.unwrap_or_else(|| self.kind.outcome())
    }

    /// The versions that do something else than we do.
    pub(crate) fn apart_from(&self) -> Vec<Version> {
        let together =
            if matches!(self.kind, Kind::Valid | Kind::Otherwise) { Outcome::Same } else { Outcome::Refuses };
        Version::BOTH.into_iter().filter(|version| self.outcome(*version) != together).collect()
    }

    /// Whether it says of a version what cannot be of its kind, or what the kind says already.
    pub(crate) fn says_what_cannot_be(&self) -> bool {
        let possible: &[Outcome] = match self.kind {
            Kind::Valid | Kind::Otherwise => &[Outcome::Same, Outcome::Differs, Outcome::Refuses],
            Kind::Invalid | Kind::Refused => &[Outcome::Accepts, Outcome::Refuses],
            Kind::Hostile => &[],
        };
        let said = [self.older, self.newer].into_iter().flatten();
        said.into_iter().any(|said| said == self.kind.outcome() || !possible.contains(&said))
    }

    /// What a version of Docker Compose does in truth, and how that was seen.
    pub(crate) fn observed(&self, version: Version, ours: Option<&Value>) -> (Outcome, String) {
        match (docker::config(version, self), ours) {
            (Err(text), _) => (Outcome::Refuses, text),
            (Ok(_), None) => (Outcome::Accepts, String::new()),
            (Ok(theirs), Some(ours)) => {
                let lines = compare::differences(version, &theirs, ours);
                let outcome = if lines.is_empty() { Outcome::Same } else { Outcome::Differs };
                (outcome, lines.join("\n"))
            }
        }
    }

    /// Whether both versions do what the case says; otherwise what they do.
    pub(crate) fn judge(&self, ours: Option<&Value>) -> Result<(), String> {
        let wrong: Vec<String> = Version::BOTH
            .into_iter()
            .filter_map(|version| {
                let expected = self.outcome(version);
                let (outcome, seen) = self.observed(version, ours);
                let name = version.series();
                (outcome != expected).then(|| format!("Docker Compose {name}: {outcome:?}, not {expected:?}: {seen}"))
            })
            .collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }

    pub(crate) fn load(&self) -> Result<Loaded, Problems> {
        let options = Options {
            files: self.files.clone(),
            variables: self.variables.clone(),
            profiles: self.profiles.clone(),
            project: self.project.clone(),
            ..Options::default()
        };
        load(&Bundle(&self.directory), &options)
    }

    /// The resolved application, as `docker compose config --format json` prints it.
    pub(crate) fn config(&self) -> Result<Value, Problems> {
        let loaded = self.load()?;
        let project = loaded.project.as_deref().unwrap_or_default();
        Ok(loaded.application.config(project, &self.directory.display().to_string()))
    }

    /// `expected.json`, where Docker Compose is no judge.
    pub(crate) fn expected(&self) -> Value {
        let text = std::fs::read_to_string(self.directory.join("expected.json")).unwrap();
        let directory = self.directory.display().to_string();
        serde_json::from_str(&text.replace("DIRECTORY", &directory)).unwrap()
    }
}
