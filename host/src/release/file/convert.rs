//! From what is written to what it means: names, deadlines and plugins are checked, and defaults filled in.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use serde_json::{Map, Value};

use super::overlay::{self, Table};
use super::wire::{self, OnError, OnInconclusive};
use super::{ArtifactSource, ReleaseFile};
use crate::config::document::{Document, DocumentError, Spot};
use crate::config::units::Span;
use crate::names::Kind;
use crate::release::environment::{PluginName, PluginUse, Policy, Probe, Reaction, Recorder, Settings, Strategy};
use windlass_documents::reference::{Reference, is_digest};

const POLICY_DEADLINE: Duration = Duration::from_mins(15);
const STEP_DEADLINE: Duration = Duration::from_mins(5);
const PROBE_DEADLINE: Duration = Duration::from_mins(1);
const PROBE_INTERVAL: Duration = Duration::from_secs(5);
const RECORDER_DEADLINE: Duration = Duration::from_secs(30);
/// No deadline is longer: something that hangs must end.
const LONGEST: Duration = Duration::from_hours(24);
/// The longest name.
const LONGEST_NAME: usize = 63;

/// Reads a release file.
pub(super) fn read(document: &Document) -> Result<ReleaseFile, DocumentError> {
    let merged = overlay::merge(document, document.tree()?)?;
    let file = Reader { document, environment: None }.file(merged.base)?;
    let mut environments = BTreeMap::new();
    for (name, table) in merged.environments {
        let reader = Reader { document, environment: Some(&name) };
        reader.name(&name, document.locate(["environments", &name]), "an environment's name")?;
        environments.insert(name.clone(), reader.file(table)?.base);
    }
    Ok(ReleaseFile { environments, ..file })
}

/// What may be a release's own version.
pub(crate) const LABEL: &str = "at most 100 letters, digits, `.`, `_`, `+` and `-`, the first a letter, a digit or `_`";

/// Whether a text may be one: it goes into names of tags, files and addresses.
pub(crate) fn is_label(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    Kind::Version.is(text) && text.len() <= 100 && text.chars().all(plain)
}

struct Reader<'a> {
    document: &'a Document,
    environment: Option<&'a str>,
}

type Read<T> = Result<T, DocumentError>;

impl Reader<'_> {
    fn file(&self, table: Table<'_>) -> Read<ReleaseFile> {
        let file: wire::File = self.document.decode_table(table)?;
        self.name(&file.application, file.application.span.clone(), "an application's name")?;
        let artifacts = self.artifacts(file.artifacts)?;
        if let Some(version) = &file.version
            && !is_label(version)
        {
            let message = format!("`{}` is not a version: {LABEL}", version.value);
            return Err(self.document.wrong(version.span.clone(), message, None));
        }
        if let Some(path) = &file.version_file {
            self.beside(path)?;
            if file.version.is_some() {
                let message = "`version` and `version-file` both say what the release is called";
                return Err(self.document.wrong(path.span.clone(), message, None));
            }
        }
        let variables = self.variables(file.variables, &file.secrets)?;
        let secrets = file.secrets.into_iter().map(|(name, secret)| (name, secret.value)).collect();
        let migration = file.migration.map(|migration| windlass_documents::Migration {
            irreversible: migration.irreversible,
            oldest_rollback: migration.oldest_rollback,
        });
        let policy = self.policy(&file.policy)?;
        let base = Settings {
            application: file.application.value.clone(),
            environment: self.environment.unwrap_or_default().to_owned(),
            variables: variables.clone(),
            secrets,
            strategy: Strategy {
                plugin: self.plugin(&file.strategy.plugin, file.strategy.with)?,
                step_deadline: self.deadline(file.strategy.step_deadline.as_ref(), STEP_DEADLINE)?,
            },
            checks: self.probes(file.checks, &policy)?,
            smoke: self.probes(file.smoke, &policy)?,
            recorders: self.recorders(file.recorders)?,
            policy,
            migration: migration.clone(),
        };
        Ok(ReleaseFile {
            application: file.application.value,
            version: file.version.map(|version| version.value),
            version_file: file.version_file.map(|path| path.value),
            artifacts,
            variables,
            migration,
            name: self.document.path().display().to_string(),
            environments: BTreeMap::new(),
            base,
        })
    }

    fn artifacts(&self, written: BTreeMap<String, Spot<wire::Artifact>>) -> Read<BTreeMap<String, ArtifactSource>> {
        let mut artifacts = BTreeMap::new();
        let mut repositories: BTreeMap<String, String> = BTreeMap::new();
        for (name, artifact) in written {
            self.name(&name, artifact.span.clone(), "an artifact's name")?;
            let source = self.artifact(&name, &artifact.value)?;
            if let Some(other) = repositories.insert(source.repository.repository(), name.clone()) {
                let message = format!("the artifacts `{other}` and `{name}` have the same repository");
                return Err(self.document.wrong(artifact.value.image.span.clone(), message, None));
            }
            artifacts.insert(name, source);
        }
        Ok(artifacts)
    }

    /// Whether a path stays in the application's directory.
    fn beside(&self, path: &Spot<String>) -> Read<()> {
        if !path.starts_with('/') && !path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Ok(());
        }
        let message = format!("`{}` is not the path of a file beside the release file", path.value);
        Err(self.document.wrong(path.span.clone(), message, None))
    }

    fn artifact(&self, name: &str, written: &wire::Artifact) -> Read<ArtifactSource> {
        let image = &written.image;
        let wrong = |spot: &Spot<String>, message: String, hint| self.document.wrong(spot.span.clone(), message, hint);
        let repository = Reference::parse(image).map_err(|error| wrong(image, error.to_string(), None))?;
        if repository.tag().is_some() || repository.digest().is_some() {
            let bare = repository.repository();
            let hint = format!("write `image = \"{bare}\"`, and the version as `tag` or `digest`");
            return Err(wrong(image, "`image` is a repository without a version".into(), Some(hint)));
        }
        if let Some(tag) = &written.tag {
            let with_commit = tag.replace("{commit}", "0123456");
            let with_commit =
                if written.version_file.is_some() { with_commit.replace("{version}", "1.0") } else { with_commit };
            let valid = repository.with_version(&with_commit).ok().filter(|reference| reference.digest().is_none());
            if valid.is_none() {
                let message = format!("`{}` is not a tag", tag.value);
                let hint = "tags are letters, digits, `_`, `.` and `-`; `{commit}` stands for the commit of `--commit`, \
                            and `{version}` for what `version-file` has";
                return Err(wrong(tag, message, Some(hint.into())));
            }
        }
        if let Some(file) = &written.version_file {
            self.beside(file)?;
            if written.digest.is_some() {
                let message =
                    format!("the artifact `{name}` has a fixed `digest`, so that it has no version of a file");
                return Err(wrong(file, message, None));
            }
        }
        if let Some(digest) = &written.digest
            && !is_digest(digest)
        {
            return Err(wrong(digest, format!("`{}` is not `sha256:` and 64 hexadecimal digits", digest.value), None));
        }
        if let (Some(tag), Some(_)) = (&written.tag, &written.digest)
            && tag.contains("{commit}")
        {
            let message =
                format!("the artifact `{name}` has a fixed `digest`, so that its tag cannot follow the commit");
            return Err(wrong(tag, message, None));
        }
        let value = |spot: &Option<Spot<String>>| spot.as_ref().map(|spot| spot.value.clone());
        Ok(ArtifactSource {
            repository,
            // A version of a file is the tag where nothing else is said.
            tag: value(&written.tag).or_else(|| written.version_file.as_ref().map(|_| "{version}".to_owned())),
            version_file: value(&written.version_file),
            digest: value(&written.digest),
            local: written.local,
        })
    }

    fn variables(
        &self,
        written: BTreeMap<String, Spot<String>>,
        secrets: &BTreeMap<String, Spot<String>>,
    ) -> Read<BTreeMap<String, String>> {
        for (name, spot) in written.iter().chain(secrets) {
            let mut letters = name.chars();
            let good = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
                && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
            if !good {
                let message =
                    format!("`{name}` is not a variable's name: letters, digits and `_`, not beginning with a digit");
                return Err(self.document.wrong(spot.span.clone(), message, None));
            }
        }
        for (name, secret) in secrets {
            if written.contains_key(name) {
                let message = format!("`{name}` is both a variable and a secret");
                return Err(self.document.wrong(secret.span.clone(), message, None));
            }
            self.name(secret, secret.span.clone(), "a secret's name")?;
        }
        Ok(written.into_iter().map(|(name, value)| (name, value.value)).collect())
    }

    fn policy(&self, written: &wire::Policy) -> Read<Policy> {
        Ok(Policy {
            deadline: self.deadline(written.deadline.as_ref(), POLICY_DEADLINE)?,
            on_error: written.on_error.map_or(Reaction::Refuse, Into::into),
            on_inconclusive: written.on_inconclusive.map_or(Reaction::Refuse, Into::into),
            allow_no_way_back: written.allow_no_way_back,
        })
    }

    fn probes(&self, written: BTreeMap<String, Spot<wire::Probe>>, policy: &Policy) -> Read<Vec<Probe>> {
        let mut probes = Vec::new();
        for (name, Spot { value: probe, span }) in in_order(written) {
            self.name(&name, span, "a name here")?;
            let plugin = self.plugin(&probe.plugin, probe.with)?;
            let deadline = self.deadline(probe.deadline.as_ref(), PROBE_DEADLINE)?;
            let interval = self.deadline(probe.interval.as_ref(), PROBE_INTERVAL)?;
            let on_error = probe.on_error.map_or(policy.on_error, Into::into);
            let on_inconclusive = probe.on_inconclusive.map_or(policy.on_inconclusive, Into::into);
            if probe.enabled.unwrap_or(true) {
                probes.push(Probe { name, plugin, deadline, interval, on_error, on_inconclusive });
            }
        }
        Ok(probes)
    }

    fn recorders(&self, written: BTreeMap<String, Spot<wire::Recorder>>) -> Read<Vec<Recorder>> {
        let mut recorders = Vec::new();
        for (name, Spot { value: recorder, span }) in in_order(written) {
            self.name(&name, span, "a name here")?;
            let plugin = self.plugin(&recorder.plugin, recorder.with)?;
            let deadline = self.deadline(recorder.deadline.as_ref(), RECORDER_DEADLINE)?;
            if recorder.enabled.unwrap_or(true) {
                recorders.push(Recorder { name, plugin, deadline });
            }
        }
        Ok(recorders)
    }

    fn plugin(&self, written: &Spot<String>, with: Option<Spot<toml::Table>>) -> Read<PluginUse> {
        let plugin =
            plugin_name(written).map_err(|message| self.document.wrong(written.span.clone(), message, None))?;
        let with = match with {
            None => Value::Object(Map::new()),
            Some(Spot { value, span }) => {
                json(toml::Value::Table(value)).map_err(|message| self.document.wrong(span, message, None))?
            }
        };
        Ok(PluginUse { plugin, with, position: self.document.place(written.span.start).to_string() })
    }

    fn deadline(&self, written: Option<&Spot<Span>>, default: Duration) -> Read<Duration> {
        let Some(Spot { value: Span(duration), span }) = written else { return Ok(default) };
        if duration.is_zero() || *duration > LONGEST {
            let message = format!("`{}` is not between `1ms` and `24h`", Span(*duration));
            return Err(self.document.wrong(span.clone(), message, None));
        }
        Ok(*duration)
    }

    /// Names are parts of file names, labels and container names.
    fn name(&self, name: &str, span: Range<usize>, what: &str) -> Read<()> {
        if Kind::Application.is(name) {
            return Ok(());
        }
        let message = format!("`{name}` is not {what}: {}", Kind::Application.grammar());
        Err(self.document.wrong(span, message, None))
    }
}

/// In the order of the file. An environment's additions come after those of the base, which is written first.
fn in_order<T>(written: BTreeMap<String, Spot<T>>) -> Vec<(String, Spot<T>)> {
    let mut entries: Vec<_> = written.into_iter().collect();
    entries.sort_by_key(|(_, spot)| spot.span.start);
    entries
}

fn plugin_name(written: &str) -> Result<PluginName, String> {
    if written.contains('@') {
        let reference = Reference::parse(written).map_err(|error| error.to_string())?;
        return match reference.digest() {
            Some(digest) => Ok(PluginName::Registry(format!("{}@{digest}", reference.repository()))),
            None => Err(format!("`{written}` is not pinned; write `REPOSITORY@sha256:…`")),
        };
    }
    if let Some(path) = written.strip_prefix("./") {
        let inside = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        return if inside && !path.contains(char::is_control) {
            Ok(PluginName::File(path.to_owned()))
        } else {
            Err(format!("`{written}` is not a path below the release file's directory"))
        };
    }
    let bundled = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !written.is_empty() && written.len() <= LONGEST_NAME && written.bytes().all(bundled) {
        return Ok(PluginName::Bundled(written.to_owned()));
    }
    Err(format!(
        "`{written}` names no plugin; write a bundled one (`check-readiness`), a file (`./plugins/ours.wasm`) or \
         `REPOSITORY@sha256:…`"
    ))
}

/// JSON for the plugin. Dates become texts, as in TOML; what JSON cannot say is an error.
fn json(value: toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => serde_json::Number::from_f64(number)
            .map(Value::Number)
            .ok_or_else(|| format!("`{number}` has no place in a plugin's configuration, which is JSON"))?,
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(moment) => Value::String(moment.to_string()),
        toml::Value::Array(items) => Value::Array(items.into_iter().map(json).collect::<Result<_, _>>()?),
        toml::Value::Table(table) => {
            let fields = table.into_iter().map(|(key, value)| Ok((key, json(value)?)));
            Value::Object(fields.collect::<Result<_, String>>()?)
        }
    })
}

impl From<OnError> for Reaction {
    fn from(written: OnError) -> Self {
        match written {
            OnError::Refuse => Self::Refuse,
            OnError::Warn => Self::Warn,
        }
    }
}

impl From<OnInconclusive> for Reaction {
    fn from(written: OnInconclusive) -> Self {
        match written {
            OnInconclusive::Refuse => Self::Refuse,
            OnInconclusive::Warn => Self::Warn,
            OnInconclusive::Pass => Self::Pass,
        }
    }
}
