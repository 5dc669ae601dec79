//! Names of images, normalised as Docker does. The agent and its plugins read them here and nowhere else: two readers that
//! differ in one letter would ask one registry with the login of another.
//!
//! The grammar is that of the distribution project (`reference/reference.go` and `reference/normalize.go`): a name
//! without a registry is on `docker.io`, and one without a path there is in `library/`. Nothing is asked here.

use std::fmt;

/// The longest repository path, in characters (`RepositoryNameTotalLengthMax`).
const LONGEST_PATH: usize = 255;
/// The longest tag, in characters.
const LONGEST_TAG: usize = 128;
/// The registry of names that do not say one.
const DEFAULT_REGISTRY: &str = "docker.io";
/// Where names of one component are on the default registry.
const OFFICIAL: &str = "library/";

/// The name of an image, normalised.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    registry: String,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// Why a text is not the name of an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not the name of an image: {reason}")]
pub struct ReferenceError {
    /// The text, cut to 200 characters and without control characters.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Reference {
    /// Reads a name with or without registry, tag and digest.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        read(text).map_err(|reason| {
            let text = text.chars().take(200).flat_map(shown).collect();
            ReferenceError { text, reason }
        })
    }

    /// The registry with its port: `docker.io`, `127.0.0.1:5000`.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path at the registry: `library/redis`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Registry and path, without tag and digest: what [`Artifact::repository`](crate::Artifact::repository) holds.
    #[must_use]
    pub fn repository(&self) -> String {
        format!("{}/{}", self.registry, self.path)
    }

    /// The tag that was given; none is not the same as `latest`.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest that was given: `sha256:…`.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The same repository with another version: a tag, a digest, or `TAG@DIGEST`.
    pub fn with_version(&self, version: &str) -> Result<Self, ReferenceError> {
        let wrong = |reason| ReferenceError { text: format!("{}:{version}", self.repository()), reason };
        let (tag, digest) = match version.split_once('@') {
            Some((tag, digest)) => (Some(tag), Some(digest)),
            None if version.starts_with("sha256:") => (None, Some(version)),
            None => (Some(version), None),
        };
        Ok(Self {
            registry: self.registry.clone(),
            path: self.path.clone(),
            tag: tag.map(read_tag).transpose().map_err(wrong)?,
            digest: digest.map(read_digest).transpose().map_err(wrong)?,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.registry, self.path)?;
        if let Some(tag) = &self.tag {
            write!(out, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(out, "@{digest}")?;
        }
        Ok(())
    }
}

/// A digest as images have it: `sha256:` and 64 lower-case hexadecimal digits.
#[must_use]
pub fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(is_sha256)
}

fn read(text: &str) -> Result<Reference, String> {
    if text.is_empty() {
        return Err("it is empty".into());
    }
    if let Some((scheme, _)) = text.split_once("://") {
        return Err(format!("leave out `{scheme}://`"));
    }
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(read_digest(digest)?)),
        None => (text, None),
    };
    // A colon after the last slash begins a tag; one before it, a port.
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(read_tag(tag)?)),
        _ => (rest, None),
    };
    if is_sha256(name) {
        return Err("64 hexadecimal digits are the id of an image, not a name".into());
    }
    let (registry, path) = split_registry(name);
    check_registry(registry)?;
    let official = registry == DEFAULT_REGISTRY && !path.contains('/');
    let path = if official { format!("{OFFICIAL}{path}") } else { path.to_owned() };
    check_path(&path)?;
    Ok(Reference { registry: registry.to_owned(), path, tag, digest })
}

/// `splitDockerDomain`: what stands before the first slash is a registry when it has a dot, a colon or a capital
/// letter, or is `localhost`.
fn split_registry(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some(("index.docker.io", path)) => (DEFAULT_REGISTRY, path),
        Some((first, path))
            if first == "localhost"
                || first.contains(['.', ':'])
                || first.contains(|c: char| c.is_ascii_uppercase()) =>
        {
            (first, path)
        }
        _ => (DEFAULT_REGISTRY, name),
    }
}

fn check_registry(registry: &str) -> Result<(), String> {
    let (host, port) = match registry.strip_prefix('[') {
        Some(rest) => {
            let (address, port) =
                rest.split_once(']').ok_or_else(|| format!("the address in `{registry}` has no `]`"))?;
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(format!("`{address}` is not an IPv6 address"));
            }
            (None, port.strip_prefix(':').or((!port.is_empty()).then_some(port)))
        }
        None => match registry.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(registry), None),
        },
    };
    if let Some(port) = port
        && (port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) || port.parse::<u16>().is_err())
    {
        return Err(format!("`{}` is not a port", printable(port)));
    }
    let good = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    match host {
        Some(host) if !host.split('.').all(good) => Err(format!("`{}` is not a host name", printable(host))),
        _ => Ok(()),
    }
}

fn check_path(path: &str) -> Result<(), String> {
    if path.len() > LONGEST_PATH {
        return Err(format!("the repository is longer than {LONGEST_PATH} characters"));
    }
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(format!("the repository `{path}` has upper-case letters"));
    }
    match path.split('/').find(|component| !is_component(component)) {
        None => Ok(()),
        Some("") => Err("a part of the repository between two `/` is empty".into()),
        Some(component) => Err(format!(
            "`{}` is not a part of a repository's name; those are lower-case letters and digits, with single `.`, one or \
             two `_`, or `-` between them",
            printable(component)
        )),
    }
}

/// `path-component`: `[a-z0-9]+((\.|_|__|-*)[a-z0-9]+)*`.
fn is_component(component: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = component.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    if !ends.is_some_and(|(first, last)| alphanumeric(*first) && alphanumeric(*last)) {
        return false;
    }
    component
        .split(|character: char| character.is_ascii_lowercase() || character.is_ascii_digit())
        .all(|separator| matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-'))
}

fn read_tag(tag: &str) -> Result<String, String> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if tag.is_empty() {
        return Err("the tag is empty".into());
    }
    if tag.len() > LONGEST_TAG {
        return Err(format!("the tag is longer than {LONGEST_TAG} characters"));
    }
    let good = tag.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'));
    if good && tag.bytes().next().is_some_and(word) {
        Ok(tag.to_owned())
    } else {
        Err(format!(
            "`{}` is not a tag; those are letters, digits, `_`, `.` and `-`, and begin with neither of the last \
                     two",
            printable(tag)
        ))
    }
}

fn read_digest(digest: &str) -> Result<String, String> {
    match digest.split_once(':') {
        Some(("sha256", hexadecimal)) if is_sha256(hexadecimal) => Ok(digest.to_owned()),
        Some(("sha256", _)) => Err("a sha256 digest has 64 lower-case hexadecimal digits".into()),
        Some((algorithm, _)) => Err(format!("digests of `{}` are not supported, only `sha256`", printable(algorithm))),
        None => Err("after `@` comes a digest, as in `@sha256:…`".into()),
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn printable(text: &str) -> String {
    text.chars().take(100).flat_map(shown).collect()
}

/// Control characters could steer a terminal.
fn shown(character: char) -> impl Iterator<Item = char> {
    let escaped = character.is_control().then(|| character.escape_default());
    let plain = (!character.is_control()).then_some(character);
    escaped.into_iter().flatten().chain(plain)
}

#[cfg(test)]
mod tests;
