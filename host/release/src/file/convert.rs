//! From what is written to what it means: names, deadlines and plugins are checked, and defaults filled in.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use serde_json::{Map, Value};
use windlass_config::document::{Document, DocumentError, Mistakes, Noted, Read, Spot, all};
use windlass_config::units::Span;
use windlass_domain::reference::Reference;
use windlass_foundation::names::Kind;

use super::ReleaseFile;
use super::overlay::{self, Parts, Table};
use super::wire::{self, OnError, OnInconclusive};
use crate::environment::{
    self, Afterwards, PluginName, PluginUse, Policy, Probe, Reaction, Recorder, Settings, Strategy,
};

const POLICY_DEADLINE: Duration = Duration::from_mins(15);
const STEP_DEADLINE: Duration = Duration::from_mins(5);
const PROBE_DEADLINE: Duration = Duration::from_mins(1);
const PROBE_INTERVAL: Duration = Duration::from_secs(5);
const RECORDER_DEADLINE: Duration = Duration::from_secs(30);
/// No deadline is longer: something that hangs must end.
const LONGEST: Duration = Duration::from_hours(24);
/// How often a release is asked while it is watched, where the file does not say, and what the file may say.
const WATCH_EVERY: Duration = Duration::from_secs(30);
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// The longest name.
const LONGEST_NAME: usize = 63;

/// Reads a release file.
pub(super) fn read(document: &Document) -> Result<ReleaseFile, DocumentError> {
    let mistakes = Mistakes::of(document);
    let Parts { base, environments } = overlay::take_apart(&mistakes, document.tree()?);
    let file = Reader { mistakes: &mistakes, environment: None }.file(base.clone());
    let environments = all(environments.into_iter().map(|environment| {
        if mistakes.are_enough() {
            return Err(Noted);
        }
        let (name, span) = (environment.name.clone(), environment.span.clone());
        let reader = Reader { mistakes: &mistakes, environment: Some(&name) };
        let named = reader.name(&name, span, "an environment's name");
        let settings = reader.file(environment.over(&base))?.base;
        named.map(|()| (name.clone(), settings))
    }));
    mistakes.finish(file.and_then(|file| Ok(ReleaseFile { environments: environments?, ..file })))
}

/// What may be a release's own version.
pub(crate) const LABEL: &str = "at most 100 letters, digits, `.`, `_`, `+` and `-`, the first a letter, a digit or `_`";

/// Whether a text may be one: it goes into names of tags, files and addresses.
pub(crate) fn is_label(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    Kind::Version.is(text) && text.len() <= 100 && text.chars().all(plain)
}

/// Turns written values into meant ones. What is wrong is noted, and all that does not depend on it is read.
pub(super) struct Reader<'a> {
    pub(super) mistakes: &'a Mistakes<'a>,
    environment: Option<&'a str>,
}

impl Reader<'_> {
    fn file(&self, table: Table<'_>) -> Read<ReleaseFile> {
        let file: wire::File = self.mistakes.decode(table)?;
        let named = self.name(&file.application, file.application.span.clone(), "an application's name");
        let labelled = self.label(file.version.as_ref(), file.version_file.as_ref());
        let artifacts = self.artifacts(file.artifacts);
        let variables = self.variables(file.variables, &file.secrets);
        let secrets = file.secrets.into_iter().map(|(name, secret)| (name, secret.value)).collect();
        let migration = file.migration.map(|migration| windlass_domain::Migration {
            irreversible: migration.irreversible,
            oldest_rollback: migration.oldest_rollback,
        });
        let deadline = self.deadline(file.policy.deadline.as_ref(), POLICY_DEADLINE);
        let plugin = self.plugin(&file.strategy.plugin, file.strategy.with, &["strategy"]);
        let step_deadline = self.deadline(file.strategy.step_deadline.as_ref(), STEP_DEADLINE);
        let checks = self.probes("checks", file.checks, &file.policy);
        let smoke = self.probes("smoke", file.smoke, &file.policy);
        let recorders = self.recorders(file.recorders);
        let watch = self.between(file.watch.as_ref(), Duration::ZERO, LONGEST);
        let watch_every = self.between(file.watch_every.as_ref(), SHORTEST_PAUSE, LONGEST_PAUSE);
        named.and(labelled)?;
        let variables = variables?;
        let base = Settings {
            application: file.application.value.clone(),
            environment: self.environment.unwrap_or_default().to_owned(),
            variables: variables.clone(),
            secrets,
            strategy: Strategy { plugin: plugin?, step_deadline: step_deadline? },
            checks: checks?,
            smoke: smoke?,
            recorders: recorders?,
            policy: Policy {
                deadline: deadline?,
                on_error: on_error(&file.policy),
                on_inconclusive: on_inconclusive(&file.policy),
                allow_no_way_back: file.policy.allow_no_way_back,
            },
            migration: migration.clone(),
            afterwards: Afterwards {
                watch: watch?.filter(|watch| !watch.is_zero()),
                watch_every: watch_every?.unwrap_or(WATCH_EVERY),
                on_watch_failure: file.on_watch_failure.map_or(environment::OnWatchFailure::Alert, Into::into),
                on_drift: file.on_drift.map_or(environment::OnDrift::Report, Into::into),
            },
        };
        Ok(ReleaseFile {
            application: file.application.value,
            version: file.version.map(|version| version.value),
            version_file: file.version_file.map(|path| path.value),
            artifacts: artifacts?,
            variables,
            migration,
            name: self.mistakes.document().path().display().to_string(),
            environments: BTreeMap::new(),
            base,
        })
    }

    /// What the release is called.
    fn label(&self, version: Option<&Spot<String>>, version_file: Option<&Spot<String>>) -> Read<()> {
        let valid = match version {
            Some(version) if !is_label(version) => {
                let message = format!("`{}` is not a version: {LABEL}", version.value);
                Err(self.mistakes.note(version.span.clone(), message, None))
            }
            _ => Ok(()),
        };
        let Some(path) = version_file else { return valid };
        let beside = self.beside(path);
        if version.is_some() {
            let message = "`version` and `version-file` both say what the release is called";
            return Err(self.mistakes.note(path.span.clone(), message, None));
        }
        valid.and(beside)
    }

    fn variables(
        &self,
        written: BTreeMap<String, Spot<String>>,
        secrets: &BTreeMap<String, Spot<String>>,
    ) -> Read<BTreeMap<String, String>> {
        let named: Read<()> = all(written.iter().chain(secrets).map(|(name, spot)| {
            let mut letters = name.chars();
            let good = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
                && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
            if good {
                return Ok(());
            }
            let message =
                format!("`{name}` is not a variable's name: letters, digits and `_`, not beginning with a digit");
            Err(self.mistakes.note(spot.span.clone(), message, None))
        }));
        let secret: Read<()> = all(secrets.iter().map(|(name, secret)| {
            if written.contains_key(name) {
                let message = format!("`{name}` is both a variable and a secret");
                return Err(self.mistakes.note(secret.span.clone(), message, None));
            }
            self.name(secret, secret.span.clone(), "a secret's name")
        }));
        named.and(secret)?;
        Ok(written.into_iter().map(|(name, value)| (name, value.value)).collect())
    }

    fn probes(
        &self,
        table: &str,
        written: BTreeMap<String, Spot<wire::Probe>>,
        policy: &wire::Policy,
    ) -> Read<Vec<Probe>> {
        let probes = in_order(written).into_iter().map(|(name, Spot { value: probe, span })| {
            let named = self.name(&name, span, "a name here");
            let plugin = self.plugin(&probe.plugin, probe.with, &[table, &name]);
            let deadline = self.deadline(probe.deadline.as_ref(), PROBE_DEADLINE);
            let interval = self.deadline(probe.interval.as_ref(), PROBE_INTERVAL);
            let on_error = probe.on_error.map_or(on_error(policy), Into::into);
            let on_inconclusive = probe.on_inconclusive.map_or(on_inconclusive(policy), Into::into);
            named?;
            let (plugin, deadline, interval) = (plugin?, deadline?, interval?);
            let read = Probe { name, plugin, deadline, interval, on_error, on_inconclusive };
            Ok(probe.enabled.unwrap_or(true).then_some(read))
        });
        let probes: Vec<Option<Probe>> = all(probes)?;
        Ok(probes.into_iter().flatten().collect())
    }

    fn recorders(&self, written: BTreeMap<String, Spot<wire::Recorder>>) -> Read<Vec<Recorder>> {
        let recorders = in_order(written).into_iter().map(|(name, Spot { value: recorder, span })| {
            let named = self.name(&name, span, "a name here");
            let plugin = self.plugin(&recorder.plugin, recorder.with, &["recorders", &name]);
            let deadline = self.deadline(recorder.deadline.as_ref(), RECORDER_DEADLINE);
            named?;
            let read = Recorder { name, plugin: plugin?, deadline: deadline? };
            Ok(recorder.enabled.unwrap_or(true).then_some(read))
        });
        let recorders: Vec<Option<Recorder>> = all(recorders)?;
        Ok(recorders.into_iter().flatten().collect())
    }

    fn plugin(&self, written: &Spot<String>, with: Option<Spot<toml::Table>>, table: &[&str]) -> Read<PluginUse> {
        let plugin = plugin_name(written).map_err(|message| self.mistakes.note(written.span.clone(), message, None));
        let with = match with {
            None => Ok(Value::Object(Map::new())),
            Some(Spot { value, span }) => {
                json(toml::Value::Table(value)).map_err(|message| self.mistakes.note(span, message, None))
            }
        };
        let table = table.iter().map(|key| (*key).to_owned()).collect();
        Ok(PluginUse { plugin: plugin?, with: with?, table })
    }

    fn deadline(&self, written: Option<&Spot<Span>>, default: Duration) -> Read<Duration> {
        let Some(Spot { value: Span(duration), span }) = written else { return Ok(default) };
        if duration.is_zero() || *duration > LONGEST {
            let message = format!("`{}` is not between `1ms` and `24h`", Span(*duration));
            return Err(self.mistakes.note(span.clone(), message, None));
        }
        Ok(*duration)
    }

    /// A time that a person wrote, within bounds.
    fn between(&self, written: Option<&Spot<Span>>, least: Duration, most: Duration) -> Read<Option<Duration>> {
        let Some(Spot { value: Span(duration), span }) = written else { return Ok(None) };
        if *duration < least || *duration > most {
            let message = format!("`{}` is not between `{}` and `{}`", Span(*duration), Span(least), Span(most));
            return Err(self.mistakes.note(span.clone(), message, None));
        }
        Ok(Some(*duration))
    }

    /// Names are parts of file names, labels and container names.
    pub(super) fn name(&self, name: &str, span: Range<usize>, what: &str) -> Read<()> {
        if Kind::Application.is(name) {
            return Ok(());
        }
        let message = format!("`{name}` is not {what}: {}", Kind::Application.grammar());
        Err(self.mistakes.note(span, message, None))
    }
}

fn on_error(policy: &wire::Policy) -> Reaction {
    policy.on_error.map_or(Reaction::Refuse, Into::into)
}

fn on_inconclusive(policy: &wire::Policy) -> Reaction {
    policy.on_inconclusive.map_or(Reaction::Refuse, Into::into)
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

impl From<wire::OnWatchFailure> for environment::OnWatchFailure {
    fn from(written: wire::OnWatchFailure) -> Self {
        match written {
            wire::OnWatchFailure::Alert => Self::Alert,
            wire::OnWatchFailure::Rollback => Self::Rollback,
        }
    }
}

impl From<wire::OnDrift> for environment::OnDrift {
    fn from(written: wire::OnDrift) -> Self {
        match written {
            wire::OnDrift::Report => Self::Report,
            wire::OnDrift::Restore => Self::Restore,
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
