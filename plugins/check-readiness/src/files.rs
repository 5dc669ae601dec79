//! The Compose files with this environment's variables, and what they need of the host.

use windlass_compose::{Application, Files, Loaded, Options, Problem};
use windlass_sdk::prelude::*;

use crate::config::Config;
use crate::ports::Wanted;

/// The names that Docker Compose looks for.
const DEFAULT_FILES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/// What the release needs of the host.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Host ports.
    pub(crate) ports: Vec<Wanted>,
    /// Networks that are made outside of the application, each with the place that names it.
    pub(crate) networks: Vec<(String, String)>,
    /// Likewise volumes.
    pub(crate) volumes: Vec<(String, String)>,
}

/// The bundle's files through the host.
struct Bundle;

impl Files for Bundle {
    fn read(&self, path: &str) -> std::result::Result<Option<Vec<u8>>, String> {
        files::read_if_there(files::BUNDLE, path).map_err(|error| error.to_string())
    }
}

/// Reads the files, says what is wrong with them, and returns what they and the configuration need.
pub(crate) fn check(context: &Context<'_>, config: &Config, findings: &mut Vec<Finding>) -> Result<Needs> {
    let mut needs = of_config(config)?;
    if config.files.is_empty() && !has_default_file()? {
        findings.push(Finding::new("files", Verdict::Pass, "the release has no Compose file to look at"));
        return Ok(needs);
    }
    let options = Options {
        files: config.files.clone(),
        project: Some(context.application()),
        variables: context.variables()?,
        profiles: config.profiles.clone(),
        ..Options::default()
    };
    match windlass_compose::load(&Bundle, &options) {
        Ok(loaded) => {
            findings.extend(good(&loaded));
            of_application(&loaded.application, &mut needs);
        }
        Err(problems) => findings.extend(problems.0.iter().map(bad)),
    }
    Ok(needs)
}

fn has_default_file() -> Result<bool> {
    for name in DEFAULT_FILES {
        if files::stat(files::BUNDLE, name)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn good(loaded: &Loaded) -> Vec<Finding> {
    let count = loaded.application.services.len();
    let words = format!("{} describe {count} service{}", loaded.files.join(", "), if count == 1 { "" } else { "s" });
    let warnings = loaded.warnings.iter().map(|warning| Finding::new("files", Verdict::Warn, warning.clone()));
    std::iter::once(Finding::new("files", Verdict::Pass, words)).chain(warnings).collect()
}

fn bad(problem: &Problem) -> Finding {
    let finding = Finding::new("files", Verdict::Fail, problem.to_string());
    match &problem.hint {
        Some(hint) => finding.remedy(hint.clone()),
        None => finding,
    }
}

fn of_config(config: &Config) -> Result<Needs> {
    let mut needs = Needs::default();
    for port in &config.ports {
        let (port, protocol) = port.parts()?;
        needs.ports.push(Wanted { range: (port, port), protocol, address: None, by: "`ports`".to_owned() });
    }
    needs.networks.extend(config.networks.iter().map(|name| (name.clone(), "`networks` of this check".to_owned())));
    needs.volumes.extend(config.volumes.iter().map(|name| (name.clone(), "`volumes` of this check".to_owned())));
    Ok(needs)
}

fn of_application(application: &Application, needs: &mut Needs) {
    for service in application.services.values() {
        for port in &service.ports {
            let Some(range) = port.published else { continue };
            needs.ports.push(Wanted {
                range,
                protocol: port.protocol.as_str().to_owned(),
                address: port.address,
                by: format!("service {}", service.name),
            });
        }
    }
    for (key, network) in application.networks.iter().filter(|(_, network)| network.external) {
        let place = network.position.as_ref().map_or_else(String::new, ToString::to_string);
        needs.networks.push((network.name.clone().unwrap_or_else(|| key.clone()), place));
    }
    for (key, volume) in application.volumes.iter().filter(|(_, volume)| volume.external) {
        needs.volumes.push((volume.name.clone().unwrap_or_else(|| key.clone()), volume.position.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn ports_and_externals_come_from_the_files() {
        let text = "
services:
  web:
    image: web
    ports: ['127.0.0.1:8080:80', '443:443/udp', '90']
    networks: [proxy]
    volumes: ['shared:/data']
networks:
  proxy: { external: true, name: the-proxy }
volumes:
  shared: { external: true }
";
        let files = BTreeMap::from([("compose.yaml".to_owned(), text.as_bytes().to_vec())]);
        let loaded = windlass_compose::load(&files, &Options::default()).unwrap();
        let mut needs = Needs::default();
        of_application(&loaded.application, &mut needs);
        let ports: Vec<(u16, &str)> = needs.ports.iter().map(|port| (port.range.0, port.protocol.as_str())).collect();
        assert_eq!(ports, [(8080, "tcp"), (443, "udp")]);
        assert_eq!(needs.networks[0].0, "the-proxy");
        assert_eq!(needs.volumes[0].0, "shared");
        assert_eq!(good(&loaded)[0].title, "compose.yaml describe 1 service");
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let files = BTreeMap::from([("compose.yaml".to_owned(), b"services:\n  web:\n    imgae: x\n".to_vec())]);
        let problems = windlass_compose::load(&files, &Options::default()).unwrap_err();
        assert!(bad(&problems.0[0]).title.starts_with("compose.yaml:"), "{problems:?}");
    }
}
