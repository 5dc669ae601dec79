//! What the answers mean for the release. Makes no requests.

use windlass_sdk::prelude::*;
use windlass_sdk::registry::Resolved;

use crate::config::{Config, Mutable};
use crate::reference;

/// An operating system and an architecture, in the words of image names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Platform {
    pub(crate) os: String,
    pub(crate) architecture: String,
}

impl Platform {
    /// Reads `linux/amd64` and `linux/arm/v7`; the variant is not looked at, as engines choose among them.
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = text.split('/').map(str::to_owned);
        Self { os: parts.next().unwrap_or_default(), architecture: parts.next().unwrap_or_default() }
    }

    /// What an image's inspection says.
    pub(crate) fn of_image(image: &Value) -> Self {
        let word = |name: &str| image.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { os: word("Os"), architecture: word("Architecture") }
    }

    fn words(&self) -> String {
        format!("{}/{}", self.os, self.architecture)
    }

    fn runs_on(&self, host: &Self) -> bool {
        let same = |own: &str, host: &str| own.is_empty() || host.is_empty() || own == host;
        same(&self.os, &host.os) && same(&self.architecture, &host.architecture)
    }
}

/// Where an image was found.
#[derive(Debug)]
pub(crate) enum Answer {
    /// At its registry, for these platforms; none when the registry does not say.
    There(Vec<Platform>),
    /// In the host's engine, where a local image belongs.
    Here(Platform),
    /// In the host's engine, while the registry gave no answer.
    OnlyHere(Platform, Error),
    /// A local image is not in the host's engine.
    Missing,
    /// The registry gave no answer.
    Unknown(Error),
}

/// Whether an image comes from where it may come from.
pub(crate) fn origin(name: &str, artifact: &Artifact, config: &Config) -> Finding {
    let id = format!("origin:{name}");
    let place = &artifact.repository;
    if config.registries.is_empty() {
        return Finding::new(id, Verdict::Pass, format!("{name} is {place}"));
    }
    let allowed = config.registries.join(", ");
    if artifact.local {
        return if config.allow_local {
            Finding::new(id, Verdict::Pass, format!("{name} is the host's own image {place}"))
        } else {
            let title = format!("{name} is the host's own image {place}, but images must come from {allowed}");
            Finding::new(id, Verdict::Fail, title)
                .remedy("push it to an allowed registry, or set `allow-local = true` for this check")
        };
    }
    if config.registries.iter().any(|allowed| reference::is_below(place, allowed)) {
        return Finding::new(id, Verdict::Pass, format!("{name} is {place}, which is allowed"));
    }
    Finding::new(id, Verdict::Fail, format!("{name} is {place}, but images must come from {allowed}"))
        .remedy("push it to an allowed registry, or add its registry to `registries` of this check")
}

/// Whether an image can be had and runs on the host.
pub(crate) fn presence(name: &str, artifact: &Artifact, answer: &Answer, host: &Platform) -> Finding {
    let id = format!("image:{name}");
    let reference = artifact.reference();
    match answer {
        Answer::There(platforms) if platforms.is_empty() => {
            Finding::new(id, Verdict::Pass, format!("{name} is at its registry, which names no platform"))
        }
        Answer::There(platforms) => match platforms.iter().find(|platform| platform.runs_on(host)) {
            Some(platform) => Finding::new(id, Verdict::Pass, format!("{name} is there for {}", platform.words())),
            None => misfit(id, name, platforms, host),
        },
        Answer::Here(platform) | Answer::OnlyHere(platform, _) if !platform.runs_on(host) => {
            misfit(id, name, std::slice::from_ref(platform), host)
        }
        Answer::Here(_) => Finding::new(id, Verdict::Pass, format!("{name} is on the host")),
        Answer::OnlyHere(_, error) if error.is_not_found() => {
            let title = format!("{name} is on the host but no longer at its registry: {reference}");
            Finding::new(id, Verdict::Warn, title).remedy("keep what is deployed at the registry, for the next host")
        }
        Answer::OnlyHere(_, error) => {
            let title = format!("{name} is on the host already; its registry gave no answer: {error}");
            Finding::new(id, Verdict::Warn, title)
        }
        Answer::Missing => {
            let tag = artifact.tag.as_deref().map(|tag| format!(":{tag}")).unwrap_or_default();
            let title = format!("{name} is a local image that the host does not have: {}{tag}", artifact.repository);
            Finding::new(id, Verdict::Fail, title).remedy("build or load it on the host, or use one from a registry")
        }
        Answer::Unknown(error) => match error.code() {
            "not-found" => Finding::new(id, Verdict::Fail, format!("{name} is not at its registry: {reference}"))
                .remedy("push the image, or name a version that was pushed"),
            "unauthorized" => {
                Finding::new(id, Verdict::Fail, format!("{name} cannot be read from its registry: {error}"))
                    .remedy("log in on the host with `docker login`, or set the registry's credentials in agent.toml")
            }
            _ => Finding::new(id, Verdict::Inconclusive, format!("{name}: its registry gave no answer: {error}"))
                .remedy("try again when the registry answers"),
        },
    }
}

fn misfit(id: String, name: &str, platforms: &[Platform], host: &Platform) -> Finding {
    let built: Vec<String> = platforms.iter().map(Platform::words).collect();
    let title = format!("{name} is built for {}, but the host is {}", built.join(", "), host.words());
    Finding::new(id, Verdict::Fail, title).remedy(format!("build it for {} too", host.words()))
}

/// What a tag means now, and whether that is still the release's image. Nothing is said about a tag that stays.
pub(crate) fn tag(
    name: &str,
    artifact: &Artifact,
    tag: &str,
    now: &std::result::Result<Resolved, Error>,
    config: &Config,
    rollback: bool,
) -> Option<Finding> {
    let id = format!("tag:{name}");
    let moves = config.is_mutable(tag);
    match now {
        // The image itself is asked for by its digest.
        Err(_) if rollback || !moves => None,
        Err(error) => {
            let title = format!("{name}: what the tag `{tag}` means now is not known: {error}");
            Some(Finding::new(id, Verdict::Warn, title))
        }
        Ok(now) if now.digest == artifact.digest => moves.then(|| {
            let title = format!("{name}: the tag `{tag}` moves; now it means {}", now.digest);
            let advice = "name a version or a commit as the tag";
            match config.mutable {
                Mutable::Allow => Finding::new(id, Verdict::Pass, title),
                Mutable::Warn => Finding::new(id, Verdict::Warn, title).remedy(advice),
                Mutable::Refuse => Finding::new(id, Verdict::Fail, title).remedy(advice),
            }
        }),
        Ok(now) => {
            let title =
                format!("{name}: the tag `{tag}` means {} now, but the release has {}", now.digest, artifact.digest);
            // An old release is deployed by its digest; that its tag has moved since is what such tags do.
            let expected = rollback || moves && config.mutable == Mutable::Allow;
            let verdict = if expected { Verdict::Pass } else { Verdict::Fail };
            Some(Finding::new(id, verdict, title).remedy("deploy again to resolve the tag anew, or name a version"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(local: bool) -> Artifact {
        Artifact {
            repository: "r.example:5000/kudos/backend".to_owned(),
            tag: Some("latest".to_owned()),
            digest: "sha256:a".to_owned(),
            local,
        }
    }

    fn host() -> Platform {
        Platform::parse("linux/amd64")
    }

    fn verdict(answer: &Answer) -> Verdict {
        presence("backend", &artifact(false), answer, &host()).verdict
    }

    #[test]
    fn an_image_must_be_there_and_fit() {
        assert_eq!(verdict(&Answer::There(vec![])), Verdict::Pass);
        assert_eq!(verdict(&Answer::There(vec![Platform::parse("linux/arm64"), host()])), Verdict::Pass);
        assert_eq!(verdict(&Answer::There(vec![Platform::parse("linux/arm64/v8")])), Verdict::Fail);
        assert_eq!(verdict(&Answer::Unknown(Error::new("not-found", ""))), Verdict::Fail);
        assert_eq!(verdict(&Answer::Unknown(Error::new("unauthorized", ""))), Verdict::Fail);
        assert_eq!(verdict(&Answer::Unknown(Error::new("unavailable", ""))), Verdict::Inconclusive);
    }

    #[test]
    fn a_registry_that_is_down_does_not_stop_an_image_that_is_here() {
        assert_eq!(verdict(&Answer::OnlyHere(host(), Error::new("unavailable", "down"))), Verdict::Warn);
        let finding = presence("backend", &artifact(true), &Answer::Missing, &host());
        assert_eq!(
            finding.title,
            "backend is a local image that the host does not have: r.example:5000/kudos/backend:latest"
        );
    }

    #[test]
    fn images_come_from_where_they_may() {
        let config = Config { registries: vec!["r.example:5000".to_owned()], ..Config::default() };
        assert_eq!(origin("backend", &artifact(false), &config).verdict, Verdict::Pass);
        assert_eq!(origin("backend", &artifact(true), &config).verdict, Verdict::Fail);
        let config = Config { registries: vec!["docker.io".to_owned()], ..Config::default() };
        assert_eq!(origin("backend", &artifact(false), &config).verdict, Verdict::Fail);
    }

    #[test]
    fn a_tag_that_moved_is_refused_except_when_going_back() {
        let now = |digest: &str| {
            Ok(Resolved {
                reference: String::new(),
                repository: String::new(),
                digest: digest.to_owned(),
                media_type: String::new(),
                platforms: Vec::new(),
            })
        };
        let of = |tag: &str, digest, mutable, rollback| {
            let config = Config { mutable, ..Config::default() };
            super::tag("b", &artifact(false), tag, &now(digest), &config, rollback).map(|finding| finding.verdict)
        };
        assert_eq!(of("latest", "sha256:a", Mutable::Warn, false), Some(Verdict::Warn));
        assert_eq!(of("latest", "sha256:b", Mutable::Warn, false), Some(Verdict::Fail));
        assert_eq!(of("latest", "sha256:b", Mutable::Warn, true), Some(Verdict::Pass));
        // A release that was proved elsewhere with a tag that moves is still that release.
        assert_eq!(of("latest", "sha256:b", Mutable::Allow, false), Some(Verdict::Pass));
        // A version's tag is not to move at all.
        assert_eq!(of("v1", "sha256:a", Mutable::Allow, false), None);
        assert_eq!(of("v1", "sha256:b", Mutable::Allow, false), Some(Verdict::Fail));
        let gone = Err(Error::new("not-found", ""));
        assert_eq!(super::tag("b", &artifact(false), "v1", &gone, &Config::default(), false), None);
    }
}
