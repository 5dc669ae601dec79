//! From what is written to what is meant: defaults filled in, paths made absolute, names checked against each other.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

use super::document::{Document, DocumentError, Spot, nearest};
use super::file::{self, File};
use super::units::{Size, Span};
use super::{
    Command, Config, DEFAULT_AGENT_TOML, Docker, DockerWrite, FilesGrant, Grant, HttpGrant, Limits, Origin, Registry,
    SecretSource,
};
use crate::names::Kind;
use crate::report::{ExitCode, Explain, Place};

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
}

/// The file's value, or the default's.
fn or<T>(given: Option<T>, default: Option<T>, key: &'static str) -> Result<T, ConfigError> {
    given.or(default).ok_or(ConfigError::Default(key))
}

pub(super) fn resolve(document: &Document) -> Result<Config, ConfigError> {
    let file: File = document.decode()?;
    let defaults: File = Document::from_text("default-agent.toml", DEFAULT_AGENT_TOML)?.decode()?;
    let reader = Reader { document, base: document.path().parent().unwrap_or(Path::new("")) };

    let environment = or(file.environment, defaults.environment, "environment")?;
    reader.name(&environment, "an environment")?;
    let state = or(file.state_directory, defaults.state_directory, "state-directory")?;
    let applications = or(file.applications_directory, defaults.applications_directory, "applications-directory")?;
    let keep = or(file.keep_releases, defaults.keep_releases, "keep-releases")?;
    if *keep == 0 {
        return Err(reader.wrong(&keep, "at least one release must be kept: it is the way back").into());
    }
    let secrets = reader.secrets(&file.secrets)?;
    let commands = reader.commands(&file.commands, &secrets)?;
    let names = Names { secrets: &secrets, commands: &commands };
    let releases = reader.releases(file.releases)?;
    reader.data_roots(&file.grants)?;
    Ok(Config {
        file: Some(document.path().to_owned()),
        environment: environment.value,
        state_directory: reader.path(&state),
        applications_directory: reader.path(&applications),
        keep_releases: keep.value,
        docker: reader.docker(file.docker, defaults.docker)?,
        registries: reader.registries(file.registries, &names)?,
        grants: file.grants.into_iter().map(|grant| reader.grant(grant, &names)).collect::<Result<_, _>>()?,
        bindings: reader.bindings(file.applications, &releases.keys)?,
        releases,
        promote: reader.promotions(file.promote)?,
        triggers: reader.triggers(file.triggers, &secrets)?,
        limits: limits(&file.limits, &defaults.limits)?,
        secrets,
        commands,
        warnings: Vec::new(),
    })
}

/// What grants may refer to.
struct Names<'a> {
    secrets: &'a BTreeMap<String, SecretSource>,
    commands: &'a BTreeMap<String, Command>,
}

/// Turns written values into meant ones, with errors that point at them.
pub(super) struct Reader<'a> {
    document: &'a Document,
    base: &'a Path,
}

impl Reader<'_> {
    pub(super) fn wrong<T>(&self, at: &Spot<T>, message: impl AsRef<str>) -> DocumentError {
        self.document.wrong(at.span.clone(), message, None)
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
    pub(super) fn absolute(&self, written: &Spot<String>) -> Result<PathBuf, DocumentError> {
        if written.starts_with('/') {
            return Ok(self.path(written));
        }
        Err(self.wrong(written, format!("`{}` is not an absolute path", written.value)))
    }

    pub(super) fn name(&self, written: &Spot<String>, what: &str) -> Result<(), DocumentError> {
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
    ) -> Result<String, DocumentError> {
        let known: Vec<&str> = known.map(String::as_str).collect();
        if known.contains(&written.as_str()) {
            return Ok(written.value.clone());
        }
        let hint = nearest(written, known.iter().copied()).map_or_else(
            || format!("add a section `[{table}.{}]`", written.value),
            |name| format!("did you mean `{name}`?"),
        );
        let message = format!("there is no `[{table}.{}]` in this file", written.value);
        Err(self.document.wrong(written.span.clone(), message, Some(hint)))
    }

    fn docker(&self, given: file::Docker, default: file::Docker) -> Result<Docker, ConfigError> {
        let endpoint = or(given.endpoint, default.endpoint, "docker.endpoint")?;
        if !endpoint.starts_with("unix:///") {
            let hint = "write `unix:///var/run/docker.sock`; for an engine elsewhere, run the agent there".to_owned();
            let message = format!("`{}` is not a Unix socket", endpoint.value);
            return Err(self.document.wrong(endpoint.span.clone(), message, Some(hint)).into());
        }
        Ok(Docker {
            endpoint: endpoint.value,
            timeout: or(given.timeout, default.timeout, "docker.timeout")?.value.0,
            pull_stall: or(given.pull_stall, default.pull_stall, "docker.pull-stall")?.value.0,
            pull_timeout: or(given.pull_timeout, default.pull_timeout, "docker.pull-timeout")?.value.0,
        })
    }

    fn registries(
        &self,
        given: BTreeMap<String, file::Registry>,
        names: &Names<'_>,
    ) -> Result<BTreeMap<String, Registry>, DocumentError> {
        let mut registries = BTreeMap::new();
        for (host, registry) in given {
            let password_secret = match &registry.password_secret {
                Some(name) => Some(self.known(name, "secrets", names.secrets.keys())?),
                None => None,
            };
            match (&registry.username, &registry.password_secret) {
                (Some(user), None) => return Err(self.wrong(user, "`username` needs `password-secret`")),
                (None, Some(secret)) => return Err(self.wrong(secret, "`password-secret` needs `username`")),
                _ => {}
            }
            registries.insert(
                host.to_ascii_lowercase(),
                Registry {
                    plain_http: registry.plain_http,
                    ca: registry.ca.map(|ca| self.path(&ca)),
                    username: registry.username.map(|user| user.value),
                    password_secret,
                    addresses: self.ranges(&registry.addresses)?,
                },
            );
        }
        Ok(registries)
    }

    fn grant(&self, grant: file::Grant, names: &Names<'_>) -> Result<Grant, DocumentError> {
        self.name(&grant.plugin, "a plugin")?;
        if let Some(digest) = &grant.digest {
            let hex = digest.strip_prefix("sha256:").unwrap_or_default();
            if hex.len() != 64 || !hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
                return Err(self.wrong(digest, "a digest is `sha256:` and 64 lower-case hexadecimal digits"));
            }
        }
        if let Some(applications) = &grant.applications
            && applications.is_empty()
        {
            return Err(
                self.wrong(applications, "an empty list grants nothing; leave the key out for all applications")
            );
        }
        if let Some(applications) = &grant.applications
            && let Some(name) = applications.iter().find(|name| !Kind::Application.is(name))
        {
            return Err(self.wrong(applications, Kind::Application.complaint(name)));
        }
        let secrets = |list: &[Spot<String>]| -> Result<Vec<String>, DocumentError> {
            list.iter().map(|name| self.known(name, "secrets", names.secrets.keys())).collect()
        };
        Ok(Grant {
            docker_read: grant.docker_read,
            docker_write: match grant.docker_write {
                Some(write) => Some(DockerWrite {
                    bind_roots: write.bind_roots.iter().map(|root| self.absolute(root)).collect::<Result<_, _>>()?,
                    data_root: write.data_root.as_ref().map(|root| self.absolute(root)).transpose()?,
                    allow: write
                        .allow
                        .iter()
                        .map(|written| written.parse().map_err(|why: String| self.wrong(written, why)))
                        .collect::<Result<_, _>>()?,
                    projects: write.projects,
                    subnets: write
                        .subnets
                        .iter()
                        .map(|written| {
                            crate::capability::docker::range(written).map_err(|why| self.wrong(written, why))
                        })
                        .collect::<Result<_, _>>()?,
                }),
                None => None,
            },
            http: grant.http.iter().map(|http| self.http(http, names)).collect::<Result<_, _>>()?,
            files: grant.files.iter().map(|files| self.files(files)).collect::<Result<_, _>>()?,
            secrets: secrets(&grant.secrets)?,
            reveal: secrets(&grant.reveal)?,
            exec: grant
                .exec
                .iter()
                .map(|name| self.known(name, "commands", names.commands.keys()))
                .collect::<Result<_, _>>()?,
            registry: grant.registry.into_iter().map(|host| host.to_ascii_lowercase()).collect(),
            probe_tcp: grant
                .probe_tcp
                .iter()
                .map(|written| written.parse().map_err(|why: String| self.wrong(written, why)))
                .collect::<Result<_, _>>()?,
            state: grant.state,
            plugin: grant.plugin.value,
            digest: grant.digest.map(|digest| digest.value),
            applications: grant.applications.map(|list| list.value).unwrap_or_default(),
        })
    }

    fn http(&self, http: &file::Http, names: &Names<'_>) -> Result<HttpGrant, DocumentError> {
        Ok(HttpGrant {
            to: origin(&http.to).map_err(|why| self.wrong(&http.to, why))?,
            addresses: self.ranges(&http.addresses)?,
            ca: http.ca.as_deref().map(|ca| self.path(ca)),
            secrets: http
                .secrets
                .iter()
                .map(|name| self.known(name, "secrets", names.secrets.keys()))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Ranges, and single addresses.
    fn ranges(&self, written: &[Spot<String>]) -> Result<Vec<IpNet>, DocumentError> {
        let range = |written: &Spot<String>| {
            let single = || written.parse::<IpAddr>().map(IpNet::from);
            written.parse::<IpNet>().or_else(|_| single()).map_err(|_| {
                self.wrong(written, format!("`{}` is not an address range such as `10.0.0.0/8`", written.value))
            })
        };
        written.iter().map(range).collect()
    }

    fn files(&self, files: &file::Files) -> Result<FilesGrant, DocumentError> {
        self.name(&files.root, "a root")?;
        if *files.root == "bundle" {
            return Err(self.wrong(&files.root, "`bundle` is the release's own bundle, which every plugin can read"));
        }
        Ok(FilesGrant { root: files.root.value.clone(), path: self.path(&files.path), write: files.write })
    }

    fn secrets(
        &self,
        given: &BTreeMap<String, Spot<file::Secret>>,
    ) -> Result<BTreeMap<String, SecretSource>, DocumentError> {
        let mut secrets = BTreeMap::new();
        for (name, secret) in given {
            self.name(&Spot { value: name.clone(), span: secret.span.clone() }, "a secret")?;
            let source = match (&secret.file, &secret.environment, &secret.credential) {
                (Some(file), None, None) => SecretSource::File(self.path(file)),
                (None, Some(variable), None) => SecretSource::Environment(variable.value.clone()),
                (None, None, Some(credential)) => {
                    self.name(credential, "a credential")?;
                    SecretSource::Credential(credential.value.clone())
                }
                _ => {
                    let message = format!("the secret `{name}` needs one of `file`, `environment` and `credential`");
                    return Err(self.wrong(secret, message));
                }
            };
            secrets.insert(name.clone(), source);
        }
        Ok(secrets)
    }

    fn commands(
        &self,
        given: &BTreeMap<String, Spot<file::Command>>,
        secrets: &BTreeMap<String, SecretSource>,
    ) -> Result<BTreeMap<String, Command>, DocumentError> {
        let mut commands = BTreeMap::new();
        for (name, command) in given {
            self.name(&Spot { value: name.clone(), span: command.span.clone() }, "a command")?;
            commands.insert(name.clone(), self.command(command, secrets)?);
        }
        Ok(commands)
    }

    fn command(
        &self,
        command: &file::Command,
        secrets: &BTreeMap<String, SecretSource>,
    ) -> Result<Command, DocumentError> {
        let patterns = command.allow_arguments.iter().map(|written| {
            regex::RegexBuilder::new(&format!(r"\A(?:{})\z", written.value))
                .size_limit(1 << 20)
                .build()
                .map_err(|error| self.wrong(written, format!("not a regular expression: {error}")))
        });
        let allow_arguments = patterns.collect::<Result<Vec<_>, _>>()?;
        for argument in &command.arguments {
            crate::capability::exec::check_template(argument, allow_arguments.len())
                .map_err(|why| self.wrong(argument, why))?;
        }
        for value in command.environment.values() {
            for name in crate::capability::exec::secrets_of(value) {
                self.known(&Spot { value: name, span: value.span.clone() }, "secrets", secrets.keys())?;
            }
        }
        Ok(Command {
            path: self.absolute(&command.path)?,
            arguments: command.arguments.iter().map(|argument| argument.value.clone()).collect(),
            allow_arguments,
            user: command.user.clone(),
            environment: command.environment.iter().map(|(name, value)| (name.clone(), value.value.clone())).collect(),
            directory: match &command.directory {
                Some(directory) => self.absolute(directory)?,
                None => PathBuf::from("/"),
            },
            timeout: command.timeout.map_or(Duration::from_secs(10), |span| span.0),
            max_output: command.max_output.map_or(256 << 10, |size| size.0),
        })
    }
}

/// Reads `scheme://host[:port]`. The URL library decides what a host is, so that the grant and the request are
/// compared in the same form.
fn origin(text: &str) -> Result<Origin, String> {
    let form = "write `https://host`, `http://host:port` or `https://*.domain`";
    let (scheme, rest) = text.split_once("://").ok_or_else(|| format!("`{text}` is not a server; {form}"))?;
    let (wildcard, rest) = match rest.strip_prefix("*.") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let url = url::Url::parse(&format!("{scheme}://{rest}")).map_err(|error| format!("`{text}`: {error}; {form}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{}` is not a scheme that plugins can use; {form}", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(format!("`{text}` is more than a server; {form}"));
    }
    if url.path() != "/" || rest.ends_with('/') {
        return Err(format!("`{text}` names a path, which a grant cannot; {form}"));
    }
    let host = match url.host() {
        Some(url::Host::Domain(name)) if name.contains('*') => {
            return Err(format!("`{text}`: `*` stands only first; {form}"));
        }
        Some(url::Host::Domain(name)) => name.strip_suffix('.').unwrap_or(name).to_owned(),
        Some(url::Host::Ipv4(address)) if !wildcard => address.to_string(),
        Some(url::Host::Ipv6(address)) if !wildcard => address.to_string(),
        _ => return Err(format!("`{text}` names no host; {form}")),
    };
    let host = if wildcard { format!("*.{host}") } else { host };
    let port = url.port_or_known_default().ok_or_else(|| format!("`{text}` names no port; {form}"))?;
    Ok(Origin { scheme: url.scheme().to_owned(), host, port })
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

/// Whoever can write the operator's file, or replace it, decides what plugins may do.
pub(super) fn permission_warnings(path: &Path) -> Vec<String> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut warnings = Vec::new();
    for place in [path, directory] {
        let Ok(metadata) = std::fs::metadata(place) else { continue };
        // A sticky directory such as /tmp lets nobody replace another's file.
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
