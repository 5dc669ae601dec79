//! Checks that every image of the release is at its registry, fits the host, and comes from where it may come from.
//!
//! It pulls nothing. An image that the host has by digest needs no registry: a registry that is down is then a
//! warning, and a rollback does not ask it at all.

mod config;
mod judge;
mod reference;

use windlass_sdk::prelude::*;

pub use config::{Config, Mutable};
use judge::{Answer, Platform};

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// The plugin.
#[derive(Debug)]
pub struct CheckImage;

impl Check for CheckImage {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        config.check()
    }

    fn run(context: &Context<'_>, config: &Config) -> Result<Report> {
        let release = context.release()?;
        let host = host()?;
        let rollback = context.purpose() == "rollback";
        let mut findings = Vec::new();
        for (index, (name, artifact)) in release.artifacts.iter().enumerate() {
            context.stop_if_cancelled()?;
            let percent = index * 100 / release.artifacts.len();
            log::progress(format!("asking for {name}"), u8::try_from(percent).ok());
            findings.push(judge::origin(name, artifact, config));
            let answer = ask(artifact, rollback)?;
            findings.push(judge::presence(name, artifact, &answer, &host));
            let asked = !artifact.local && !matches!(answer, Answer::Here(_));
            if let Some(tag) = artifact.tag.as_deref().filter(|_| asked) {
                let now = registry::resolve(&format!("{}:{tag}", artifact.repository));
                findings.extend(judge::tag(name, artifact, tag, &settled(now)?, config, rollback));
            }
        }
        let count = release.artifacts.len();
        let worst = Verdict::worst(findings.iter().map(|finding| finding.verdict));
        let wrong = findings.iter().find(|finding| finding.verdict == worst && worst != Verdict::Pass);
        let summary = match wrong {
            Some(finding) => finding.title.clone(),
            None => format!("{count} image{} there and fit the host", if count == 1 { " is" } else { "s are" }),
        };
        Ok(Report::of(findings, summary))
    }
}

/// What is known of an artifact's image. A way back asks no registry for what the host has.
fn ask(artifact: &Artifact, rollback: bool) -> Result<Answer> {
    let here = match docker::inspect_image(&artifact.reference()) {
        Ok(image) => Some(Platform::of_image(&image)),
        Err(error) if error.is_not_found() => None,
        Err(error) => return Err(error),
    };
    if artifact.local {
        return Ok(here.map_or(Answer::Missing, Answer::Here));
    }
    let here = match here {
        Some(platform) if rollback => return Ok(Answer::Here(platform)),
        other => other,
    };
    Ok(match (settled(registry::resolve(&artifact.reference()))?, here) {
        (Ok(resolved), _) => Answer::There(resolved.platforms.iter().map(|text| Platform::parse(text)).collect()),
        (Err(error), Some(platform)) => Answer::OnlyHere(platform, error),
        (Err(error), None) => Answer::Unknown(error),
    })
}

/// A denial ends the check, because the operator must act; what the registry says is something to judge.
fn settled<T>(answer: Result<T>) -> Result<std::result::Result<T, Error>> {
    match answer {
        Err(error) if matches!(error.code(), "capability-denied" | "cancelled" | "limit-exceeded") => Err(error),
        other => Ok(other),
    }
}

fn host() -> Result<Platform> {
    let version = docker::version()?;
    let word = |name: &str| version.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Platform { os: word("Os"), architecture: word("Arch") })
}

windlass_sdk::export!(check CheckImage {
    name: "check-image",
    summary: "checks that every image is at its registry, fits the host and comes from an allowed registry",
    example: EXAMPLE,
    capabilities: [
        "docker-read" => "asks for the host's platform and for images that it has already",
        "registry" => "asks registries what the images' tags and digests mean",
    ],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_names_every_key() {
        let page = include_str!("../../../docs/plugins.md");
        assert_eq!(windlass_sdk::testing::undocumented::<Config>(page, EXAMPLE), [""; 0]);
    }

    #[test]
    fn the_example_is_valid() {
        let config: Config = windlass_sdk::testing::example(EXAMPLE).unwrap();
        CheckImage::validate(&config).unwrap();
        assert!(config.is_mutable("main") && !config.is_mutable("v1"));
    }
}
