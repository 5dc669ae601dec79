//! Image references as people write them in Compose files.

/// A reference, taken apart. The grammar is that of github.com/distribution/reference, as far as telling the parts
/// apart needs it; the engine checks the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// With its registry, as the engine completes it: `docker.io/library/redis`.
    pub(crate) repository: String,
    pub(crate) tag: Option<String>,
    /// `sha256:…`.
    pub(crate) digest: Option<String>,
}

impl Reference {
    pub(crate) fn parse(text: &str) -> Self {
        let (name, digest) = text.split_once('@').map_or((text, None), |(name, digest)| (name, Some(digest)));
        let after_directory = name.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match name[after_directory..].find(':') {
            Some(colon) => (&name[..after_directory + colon], Some(&name[after_directory + colon + 1..])),
            None => (name, None),
        };
        Self { repository: complete(name), tag: tag.map(str::to_owned), digest: digest.map(str::to_owned) }
    }
}

fn complete(name: &str) -> String {
    let has_registry =
        name.split_once('/').is_some_and(|(first, _)| first.contains(['.', ':']) || first == "localhost");
    if has_registry {
        name.to_owned()
    } else if name.contains('/') {
        format!("docker.io/{name}")
    } else {
        format!("docker.io/library/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart() {
        let table = [
            ("redis", "docker.io/library/redis", None, None),
            ("redis:7", "docker.io/library/redis", Some("7"), None),
            ("team/app:v1", "docker.io/team/app", Some("v1"), None),
            ("localhost/app", "localhost/app", None, None),
            ("127.0.0.1:5000/kudos/backend:v1", "127.0.0.1:5000/kudos/backend", Some("v1"), None),
            ("127.0.0.1:5000/backend", "127.0.0.1:5000/backend", None, None),
            ("redis:7@sha256:ab", "docker.io/library/redis", Some("7"), Some("sha256:ab")),
        ];
        for (text, repository, tag, digest) in table {
            let reference = Reference::parse(text);
            assert_eq!(reference.repository, repository, "{text}");
            assert_eq!(reference.tag.as_deref(), tag, "{text}");
            assert_eq!(reference.digest.as_deref(), digest, "{text}");
        }
    }
}
