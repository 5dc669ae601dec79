//! Names as the engine spells them. They become part of request paths, so nothing else may get through.

use windlass_documents::Failure;

use super::failure::failure;

/// The longest name or reference that is passed on.
const LONGEST: usize = 512;

/// A container, network or volume by name or id: `[a-zA-Z0-9][a-zA-Z0-9_.-]*`, as the engine's own `RestrictedName`.
pub(crate) fn object<'a>(kind: &str, name: &'a str) -> Result<&'a str, Failure> {
    // Inspection answers write names with a slash in front.
    let name = name.strip_prefix('/').unwrap_or(name);
    let mut characters = name.chars();
    let valid = characters.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && characters.all(|character| character.is_ascii_alphanumeric() || "_.-".contains(character))
        && name.len() <= LONGEST;
    if valid {
        return Ok(name);
    }
    Err(failure("invalid-argument", format!("`{}` is not the name or id of a {kind}", shown(name))))
}

/// An image by reference or id: path components that start with a letter or digit, a tag, a digest.
pub(crate) fn image(reference: &str) -> Result<&str, Failure> {
    let valid = reference.len() <= LONGEST
        && reference.split('/').all(|part| {
            part.starts_with(|first: char| first.is_ascii_alphanumeric())
                && part.chars().all(|character| character.is_ascii_alphanumeric() || "_.:@-".contains(character))
        });
    if valid {
        return Ok(reference);
    }
    Err(failure("invalid-argument", format!("`{}` is not an image reference", shown(reference))))
}

/// An image reference in its parts, with the defaults that the engine fills in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference<'a> {
    /// `docker.io`, `registry.example:5000`.
    pub(crate) registry: &'a str,
    /// As written, without tag and digest.
    pub(crate) repository: &'a str,
    /// `latest` where neither tag nor digest is written.
    pub(crate) tag: Option<&'a str>,
    /// `sha256:…`.
    pub(crate) digest: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Takes a reference apart, by the grammar of the distribution project's `reference` package.
    pub(crate) fn parse(reference: &'a str) -> Result<Self, Failure> {
        let reference = image(reference)?;
        let (name, digest) = match reference.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (reference, None),
        };
        // A colon before the last slash is a registry's port.
        let (repository, tag) = match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
            _ => (name, None),
        };
        let registry = match repository.split_once('/') {
            Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
            _ => "docker.io",
        };
        let tag = tag.or(if digest.is_none() { Some("latest") } else { None });
        Ok(Self { registry, repository, tag, digest })
    }
}

/// The name, short enough for a message and without control characters.
fn shown(name: &str) -> String {
    name.chars().take(80).map(|character| if character.is_control() { '�' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_changes_the_request_path_is_a_name() {
        for name in ["", "..", "../info", "a/../../info", "a?all=1", "a#b", "a%2f", "a b", "-a", ".", "a\n", "//a"] {
            assert!(object("container", name).is_err(), "{name:?}");
        }
        assert_eq!(object("container", "/kudos-web-1").unwrap(), "kudos-web-1");
    }

    #[test]
    fn nothing_that_changes_the_request_path_is_an_image() {
        for name in ["", "..", "a/../b", "a//b", "/a", "a?x", "a#x", "./a", "a/%2e", "a b"] {
            assert!(image(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn references_come_apart() {
        let parts = |text| {
            let Reference { registry, repository, tag, digest } = Reference::parse(text).unwrap();
            (registry, repository, tag, digest)
        };
        assert_eq!(parts("redis"), ("docker.io", "redis", Some("latest"), None));
        assert_eq!(parts("127.0.0.1:5000/a/b"), ("127.0.0.1:5000", "127.0.0.1:5000/a/b", Some("latest"), None));
        assert_eq!(parts("localhost/a:v1"), ("localhost", "localhost/a", Some("v1"), None));
        assert_eq!(parts("a/b@sha256:00"), ("docker.io", "a/b", None, Some("sha256:00")));
        assert_eq!(parts("a/b:v1@sha256:00"), ("docker.io", "a/b", Some("v1"), Some("sha256:00")));
    }
}
