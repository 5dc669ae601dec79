//! Checks that the host is ready for the release: the engine, its clock, disk, memory, host ports, external networks
//! and volumes, and the Compose files with this environment's variables.
//!
//! It looks and changes nothing. Images are `check-image`'s.

mod config;
mod engine;
mod externals;
mod files;
mod ports;
mod rfc3339;
mod room;

use windlass_sdk::prelude::*;

pub use config::Config;

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// The plugin.
#[derive(Debug)]
pub struct CheckReadiness;

impl Check for CheckReadiness {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        config.check()
    }

    fn run(context: &Context<'_>, config: &Config) -> Result<Report> {
        let (mut findings, answers) = engine::check(config)?;
        if answers {
            findings.extend(room::check(&docker::info()?, config));
            let needs = files::check(context, config, &mut findings)?;
            findings.extend(ports::check(&needs.ports, &docker::host_ports()?, &context.application()));
            findings.extend(externals::check(&needs)?);
        }
        Ok(summarise(findings))
    }
}

/// One line for the whole: what is worst, or that all is well.
fn summarise(findings: Vec<Finding>) -> Report {
    let worst = Verdict::worst(findings.iter().map(|finding| finding.verdict));
    let bad: Vec<&Finding> =
        findings.iter().filter(|finding| worst != Verdict::Pass && finding.verdict == worst).collect();
    let summary = match bad.as_slice() {
        [] => "the host is ready".to_owned(),
        [one] => one.title.clone(),
        [first, rest @ ..] => format!("{}; and {} more", first.title, rest.len()),
    };
    Report::of(findings, summary)
}

windlass_sdk::export!(check CheckReadiness {
    name: "check-readiness",
    summary: "checks that the host is ready: engine, clock, disk, memory, ports, networks, volumes, Compose files",
    example: EXAMPLE,
    capabilities: ["docker-read" => "asks the engine for its version, room, host ports, networks and volumes"],
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
        CheckReadiness::validate(&config).unwrap();
        assert_eq!(config.disk, Some(Size::gib(4)));
    }

    #[test]
    fn the_summary_names_what_is_worst() {
        let finding = |verdict, title: &str| Finding::new("x", verdict, title);
        assert_eq!(summarise(vec![finding(Verdict::Pass, "a")]).summary, "the host is ready");
        let report =
            summarise(vec![finding(Verdict::Warn, "a"), finding(Verdict::Fail, "b"), finding(Verdict::Fail, "c")]);
        assert_eq!((report.verdict, report.summary.as_str()), (Verdict::Fail, "b; and 1 more"));
    }
}
