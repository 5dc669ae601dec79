//! From what is written to what is meant: defaults filled in, paths made absolute, names checked against each other.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use windlass_foundation::explain::{ExitCode, Explain, Part, Place};
use windlass_foundation::names::Kind;

use super::document::{Document, DocumentError, Mistakes, Noted, Read, Spot, all, nearest};
use super::file::{self, File};
use super::sources::Source;
use super::template;
use super::units::{Size, Span};
use super::{Command, Config, DEFAULT_AGENT_TOML, Docker, Limits, RegistrySettings, SecretSource};

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The operator's file is wrong.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The binary was built with defaults that lack a key.
    #[error("the embedded defaults lack `{0}`")]
    Default(&'static str),
}

impl Explain for ConfigError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Document(error) => error.exit(),
            Self::Default(_) => ExitCode::Unexpected,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Document(error) => error.hint(),
            Self::Default(_) => None,
        }
    }

    fn place(&self) -> Option<Place> {
        match self {
            Self::Document(error) => error.place(),
            Self::Default(_) => None,
        }
    }

    fn parts(&self) -> Vec<Part> {
        match self {
            Self::Document(error) => error.parts(),
            Self::Default(_) => Vec::new(),
        }
    }
}

/// The file's value, or the default's.
fn or<T>(given: Option<T>, default: Option<T>, key: &'static str) -> Result<T, ConfigError> {
    given.or(default).ok_or(ConfigError::Default(key))
}

pub(super) fn resolve(document: &Document) -> Result<Config, ConfigError> {
    let defaults: File = Document::from_text("default-agent.toml", DEFAULT_AGENT_TOML)?.decode()?;
    let mistakes = Mistakes::of(document);
    let reader = Reader::new(&mistakes, document.path().parent().unwrap_or(Path::new("")));
    let config = match mistakes.decode::<File>(document.tree()?) {
        Ok(file) => {
            let filled = Filled::of(&file, defaults)?;
            // Most commands are run where there is no trigger, and have no time to lose.
            let no_triggers = file.triggers.is_empty() && file.trigger_sources.is_empty();
            let presets = if no_triggers { BTreeMap::new() } else { Source::presets()? };
            reader.config(file, filled, presets)
        }
        Err(noted) => Err(noted),
    };
    Ok(mistakes.finish(config)?)
}

/// What the file says, or else the defaults.
struct Filled {
    environment: Spot<String>,
    state: Spot<String>,
    applications: Spot<String>,
    keep: Spot<u32>,
    endpoint: Spot<String>,
    docker: Docker,
    limits: Limits,
}

impl Filled {
    fn of(file: &File, default: File) -> Result<Self, ConfigError> {
        let file = file.clone();
        let endpoint = or(file.docker.endpoint, default.docker.endpoint, "docker.endpoint")?;
        let docker = Docker {
            endpoint: endpoint.value.clone(),
            timeout: or(file.docker.timeout, default.docker.timeout, "docker.timeout")?.value.0,
            pull_stall: or(file.docker.pull_stall, default.docker.pull_stall, "docker.pull-stall")?.value.0,
            pull_timeout: or(file.docker.pull_timeout, default.docker.pull_timeout, "docker.pull-timeout")?.value.0,
        };
        let key = "applications-directory";
        Ok(Self {
            environment: or(file.environment, default.environment, "environment")?,
            state: or(file.state_directory, default.state_directory, "state-directory")?,
            applications: or(file.applications_directory, default.applications_directory, key)?,
            keep: or(file.keep_releases, default.keep_releases, "keep-releases")?,
            endpoint,
            docker,
            limits: limits(&file.limits, &default.limits)?,
        })
    }
}

/// What the file may refer to by name.
pub(super) struct Names<'a> {
    pub(super) secrets: &'a BTreeMap<String, Spot<file::Secret>>,
    pub(super) commands: &'a BTreeMap<String, Spot<file::Command>>,
}

/// Turns written values into meant ones. What is wrong is noted where it stands, and all that does not depend on it is
/// read.
pub(super) struct Reader<'a> {
    mistakes: &'a Mistakes<'a>,
    base: &'a Path,
}

impl<'a> Reader<'a> {
    /// Creates a reader for a document in the directory `base`.
    pub(super) fn new(mistakes: &'a Mistakes<'a>, base: &'a Path) -> Self {
        Self { mistakes, base }
    }
}

impl Reader<'_> {
    fn config(&self, file: File, filled: Filled, presets: BTreeMap<String, Source>) -> Read<Config> {
        let environment = self.name(&filled.environment, "an environment");
        let kept = self.keeps(&filled.keep);
        let socket = self.socket(&filled.endpoint);
        let names = Names { secrets: &file.secrets, commands: &file.commands };
        let secrets = self.secrets(&file.secrets);
        let commands = self.commands(&file.commands, &names);
        let keys: Vec<String> = file.releases.keys.iter().map(|key| key.value.clone()).collect();
        let releases = self.releases(file.releases);
        let apart = self.data_roots(&file.grants);
        let registries = self.registries(file.registries, &names);
        let grants = all(file.grants.into_iter().map(|grant| self.grant(grant, &names)));
        let bindings = self.bindings(file.applications, &keys);
        let promote = self.promotions(file.promote);
        let sources = self.sources(&file.trigger_sources, presets);
        let names_of_triggers: Vec<String> = file.triggers.keys().cloned().collect();
        let access = self.access(file.access, &names_of_triggers);
        let resident = self.resident(&file.agent);
        let update = self.update(file.update);
        let triggers = self.triggers(file.triggers, &file.secrets, &sources);
        let described: Read<Vec<Source>> = all(sources.into_values());
        environment.and(kept).and(socket).and(apart).and(described)?;
        Ok(Config {
            file: Some(self.mistakes.document().path().to_owned()),
            environment: filled.environment.value,
            state_directory: self.path(&filled.state),
            applications_directory: self.path(&filled.applications),
            keep_releases: filled.keep.value,
            docker: filled.docker,
            registries: registries?,
            grants: grants?,
            bindings: bindings?,
            releases: releases?,
            promote: promote?,
            triggers: triggers?,
            access: access?,
            resident: resident?,
            update: update?,
            limits: filled.limits,
            secrets: secrets?,
            commands: commands?,
            warnings: Vec::new(),
        })
    }

    fn keeps(&self, keep: &Spot<u32>) -> Read<()> {
        if keep.value > 0 {
            return Ok(());
        }
        Err(self.wrong(keep, "at least one release must be kept: it is the way back"))
    }

    fn socket(&self, endpoint: &Spot<String>) -> Read<()> {
        if endpoint.starts_with("unix:///") {
            return Ok(());
        }
        let hint = "write `unix:///var/run/docker.sock`; for an engine elsewhere, run the agent there".to_owned();
        let message = format!("`{}` is not a Unix socket", endpoint.value);
        Err(self.mistakes.note(endpoint.span.clone(), message, Some(hint)))
    }

    pub(super) fn wrong<T>(&self, at: &Spot<T>, message: impl Into<String>) -> Noted {
        self.wrong_with(at, message, None)
    }

    pub(super) fn wrong_with<T>(&self, at: &Spot<T>, message: impl Into<String>, hint: Option<String>) -> Noted {
        self.mistakes.note(at.span.clone(), message, hint)
    }

    /// An absolute path, without `.` and `..` in it.
    pub(super) fn path(&self, written: &str) -> PathBuf {
        let base = std::path::absolute(self.base).unwrap_or_else(|_| self.base.to_owned());
        let mut path = PathBuf::new();
        for part in base.join(written).components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => {
                    path.pop();
                }
                other => path.push(other),
            }
        }
        path
    }

    /// A path that must be written absolutely, because what it means must not depend on where the file lies.
    pub(super) fn absolute(&self, written: &Spot<String>) -> Read<PathBuf> {
        if written.starts_with('/') {
            return Ok(self.path(written));
        }
        Err(self.wrong(written, format!("`{}` is not an absolute path", written.value)))
    }

    pub(super) fn name(&self, written: &Spot<String>, what: &str) -> Read<()> {
        if Kind::Environment.is(written) {
            return Ok(());
        }
        let rule = Kind::Environment.grammar();
        Err(self.wrong(written, format!("`{}` is not a name for {what}: {rule}", written.value)))
    }

    /// A reference to something that the file defines elsewhere.
    pub(super) fn known<'n>(
        &self,
        written: &Spot<String>,
        table: &str,
        known: impl Iterator<Item = &'n String>,
    ) -> Read<String> {
        let known: Vec<&str> = known.map(String::as_str).collect();
        if known.contains(&written.as_str()) {
            return Ok(written.value.clone());
        }
        let hint = nearest(written, known.iter().copied()).map_or_else(
            || format!("add a section `[{table}.{}]`", written.value),
            |name| format!("did you mean `{name}`?"),
        );
        let message = format!("there is no `[{table}.{}]` in this file", written.value);
        Err(self.mistakes.note(written.span.clone(), message, Some(hint)))
    }

    fn registries(
        &self,
        given: BTreeMap<String, file::Registry>,
        names: &Names<'_>,
    ) -> Read<BTreeMap<String, RegistrySettings>> {
        all(given.into_iter().map(|(host, registry)| Ok((host.to_ascii_lowercase(), self.registry(registry, names)?))))
    }

    fn registry(&self, registry: file::Registry, names: &Names<'_>) -> Read<RegistrySettings> {
        let secret = registry.password_secret.as_ref();
        let password_secret = secret.map(|name| self.known(name, "secrets", names.secrets.keys())).transpose();
        let addresses = self.ranges(&registry.addresses);
        match (&registry.username, &registry.password_secret) {
            (Some(user), None) => return Err(self.wrong(user, "`username` needs `password-secret`")),
            (None, Some(secret)) => return Err(self.wrong(secret, "`password-secret` needs `username`")),
            _ => {}
        }
        Ok(RegistrySettings {
            plain_http: registry.plain_http,
            ca: registry.ca.map(|ca| self.path(&ca)),
            username: registry.username.map(|user| user.value),
            password_secret: password_secret?,
            addresses: addresses?,
        })
    }

    fn secrets(&self, given: &BTreeMap<String, Spot<file::Secret>>) -> Read<BTreeMap<String, SecretSource>> {
        all(given.iter().map(|(name, secret)| {
            let named = self.name(&Spot { value: name.clone(), span: secret.span.clone() }, "a secret");
            let source = self.secret(name, secret)?;
            named.map(|()| (name.clone(), source))
        }))
    }

    fn secret(&self, name: &str, secret: &Spot<file::Secret>) -> Read<SecretSource> {
        match (&secret.file, &secret.environment, &secret.credential) {
            (Some(file), None, None) => Ok(SecretSource::File(self.path(file))),
            (None, Some(variable), None) => Ok(SecretSource::Environment(variable.value.clone())),
            (None, None, Some(credential)) => {
                self.name(credential, "a credential")?;
                Ok(SecretSource::Credential(credential.value.clone()))
            }
            _ => {
                let message = format!("the secret `{name}` needs one of `file`, `environment` and `credential`");
                Err(self.wrong(secret, message))
            }
        }
    }

    fn commands(
        &self,
        given: &BTreeMap<String, Spot<file::Command>>,
        names: &Names<'_>,
    ) -> Read<BTreeMap<String, Command>> {
        all(given.iter().map(|(name, command)| {
            let valid = self.name(&Spot { value: name.clone(), span: command.span.clone() }, "a command");
            let command = self.command(command, names)?;
            valid.map(|()| (name.clone(), command))
        }))
    }

    fn command(&self, command: &file::Command, names: &Names<'_>) -> Read<Command> {
        let allow_arguments = all(command.allow_arguments.iter().map(|written| {
            regex::RegexBuilder::new(&format!(r"\A(?:{})\z", written.value))
                .size_limit(1 << 20)
                .build()
                .map_err(|error| self.wrong(written, format!("not a regular expression: {error}")))
        }));
        let arguments: Read<()> = all(command.arguments.iter().map(|argument| {
            template::check(argument, command.allow_arguments.len()).map_err(|why| self.wrong(argument, why))
        }));
        let environment: Read<()> = all(command.environment.values().flat_map(|value| {
            let secrets = template::secrets_of(value);
            secrets.into_iter().map(|name| {
                self.known(&Spot { value: name, span: value.span.clone() }, "secrets", names.secrets.keys()).map(drop)
            })
        }));
        let path = self.absolute(&command.path);
        let directory = command.directory.as_ref().map_or(Ok(PathBuf::from("/")), |given| self.absolute(given));
        arguments.and(environment)?;
        Ok(Command {
            path: path?,
            arguments: command.arguments.iter().map(|argument| argument.value.clone()).collect(),
            allow_arguments: allow_arguments?,
            user: command.user.clone(),
            environment: command.environment.iter().map(|(name, value)| (name.clone(), value.value.clone())).collect(),
            directory: directory?,
            timeout: command.timeout.map_or(Duration::from_secs(10), |span| span.0),
            max_output: command.max_output.map_or(256 << 10, |size| size.0),
        })
    }
}

fn limits(given: &file::Limits, default: &file::Limits) -> Result<Limits, ConfigError> {
    let size = |given: Option<Size>, default: Option<Size>, key| or(given, default, key).map(|size| size.0);
    let span = |given: Option<Span>, default: Option<Span>, key| or(given, default, key).map(|span| span.0);
    Ok(Limits {
        memory: size(given.memory, default.memory, "limits.memory")?,
        cpu: span(given.cpu, default.cpu, "limits.cpu")?,
        call: span(given.call, default.call, "limits.call")?,
        table_elements: or(given.table_elements, default.table_elements, "limits.table-elements")?,
        handles: or(given.handles, default.handles, "limits.handles")?,
        instances: or(given.instances, default.instances, "limits.instances")?,
        host_calls: or(given.host_calls, default.host_calls, "limits.host-calls")?,
        host_call: size(given.host_call, default.host_call, "limits.host-call")?,
        output: size(given.output, default.output, "limits.output")?,
        stdio: size(given.stdio, default.stdio, "limits.stdio")?,
        log_line: size(given.log_line, default.log_line, "limits.log-line")?,
        log_lines: or(given.log_lines, default.log_lines, "limits.log-lines")?,
        log_total: size(given.log_total, default.log_total, "limits.log-total")?,
        http_requests: or(given.http_requests, default.http_requests, "limits.http-requests")?,
        http_request: size(given.http_request, default.http_request, "limits.http-request")?,
        http_response: size(given.http_response, default.http_response, "limits.http-response")?,
        http_headers: size(given.http_headers, default.http_headers, "limits.http-headers")?,
        http_timeout: span(given.http_timeout, default.http_timeout, "limits.http-timeout")?,
        config_schema: size(given.config_schema, default.config_schema, "limits.config-schema")?,
        config: size(given.config, default.config, "limits.config")?,
        text: size(given.text, default.text, "limits.text")?,
        findings: or(given.findings, default.findings, "limits.findings")?,
        facts: size(given.facts, default.facts, "limits.facts")?,
        state_keys: or(given.state_keys, default.state_keys, "limits.state-keys")?,
        state_total: size(given.state_total, default.state_total, "limits.state-total")?,
        plan_needs: or(given.plan_needs, default.plan_needs, "limits.plan-needs")?,
        plan_steps: or(given.plan_steps, default.plan_steps, "limits.plan-steps")?,
        parallel: or(given.parallel, default.parallel, "limits.parallel")?.max(1),
        plugin_size: size(given.plugin_size, default.plugin_size, "limits.plugin-size")?,
        compile_memory: size(given.compile_memory, default.compile_memory, "limits.compile-memory")?,
        compile_time: span(given.compile_time, default.compile_time, "limits.compile-time")?,
    })
}

/// Warns about permissions that let every user of the host change or replace the operator's file: a user who can write
/// it decides what plugins may do.
pub(super) fn permission_warnings(path: &Path) -> Vec<String> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut warnings = Vec::new();
    for place in [path, directory] {
        let Ok(metadata) = std::fs::metadata(place) else { continue };
        // In a sticky directory such as /tmp, a user cannot replace a file of another user.
        let sticky = metadata.is_dir() && metadata.mode() & 0o1000 != 0;
        if metadata.mode() & 0o002 != 0 && !sticky {
            warnings.push(format!(
                "`{}` can be changed by every user of this host: `chmod o-w {}`",
                place.display(),
                place.display()
            ));
        }
    }
    warnings
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
