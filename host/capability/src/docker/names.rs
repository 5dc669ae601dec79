//! Names as the engine spells them. They become part of request paths, so nothing else may get through.

use windlass_domain::Failure;
use windlass_domain::reference::Reference;

use super::failure::failure;

/// The tag that the engine means where neither a tag nor a digest is written.
pub(crate) const LATEST: &str = "latest";

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

/// An image reference as the engine reads it. The registry that it names gets the login.
pub(crate) fn reference(text: &str) -> Result<Reference, Failure> {
    Reference::parse(text).map_err(|error| failure("invalid-argument", error.to_string()))
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
    fn a_login_goes_to_the_registry_that_the_engine_asks() {
        let registry = |text: &str| reference(text).map(|reference| reference.registry().to_owned());
        for (text, expected) in [
            ("redis", "docker.io"),
            ("team/image", "docker.io"),
            ("index.docker.io/team/image", "docker.io"),
            ("localhost/a:v1", "localhost"),
            ("127.0.0.1:5000/a/b", "127.0.0.1:5000"),
            // The engine takes what has a capital letter for a host.
            ("EVIL/team/image:1", "EVIL"),
            ("Evil/team/image", "Evil"),
            ("LOCALHOST/image", "LOCALHOST"),
            ("[::1]:5000/image", "[::1]:5000"),
        ] {
            assert_eq!(registry(text).unwrap(), expected, "{text}");
        }
        for text in
            ["", "Image", "a/B", "docker.io/Team/image", "a@sha256:00", "user@host/image", "https://a/b", "a:1:2"]
        {
            assert_eq!(registry(text).unwrap_err().code, "invalid-argument", "{text}");
        }
    }
}
