//! What of the operator's is never mounted into a container, whatever a bind root covers: the file that decides, the
//! files with secrets in them, and the programs that the agent runs. Nothing is read here but where ssh's keys are.
//!
//! A hard link to one of these files, made by root at another place, is known when it is mounted itself, and not when
//! a directory that it is in is mounted.

use std::path::{Path, PathBuf};

use super::{Config, SecretSource};

/// The most bytes of ssh's configuration that are looked at.
const SSH_CONFIG: u64 = 64 << 10;

/// A file or directory of the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guarded {
    /// Where it is.
    pub path: PathBuf,
    /// What it is, for people.
    pub what: &'static str,
    /// Whether a container may read it: it holds no secret, and only must not be changed.
    pub readable: bool,
}

impl Guarded {
    fn secret(path: impl Into<PathBuf>, what: &'static str) -> Self {
        Self { path: path.into(), what, readable: false }
    }

    fn program(path: impl Into<PathBuf>, what: &'static str) -> Self {
        Self { path: path.into(), what, readable: true }
    }
}

/// All of it. `home` is the agent's user's; `environment` has the agent's variables.
pub(super) fn of(config: &Config, environment: impl Fn(&str) -> Option<PathBuf>) -> Vec<Guarded> {
    let mut found = Vec::new();
    let home = environment("HOME").filter(|home| home.is_absolute());
    if let Some(file) = &config.file {
        let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
        found.push(Guarded::secret(file, "the operator's configuration"));
    }
    for source in config.secrets.values() {
        if let SecretSource::File(path) = source {
            found.push(Guarded::secret(path, "a file with a secret"));
        }
    }
    if let Some(credentials) = environment("CREDENTIALS_DIRECTORY") {
        found.push(Guarded::secret(credentials, "the directory of systemd's credentials"));
    }
    let docker = environment("DOCKER_CONFIG").or_else(|| home.as_ref().map(|home| home.join(".docker")));
    found.extend(docker.map(|docker| Guarded::secret(docker.join("config.json"), "the logins of Docker's client")));
    let authorities = config.registries.values().filter_map(|registry| registry.ca.as_ref());
    let authorities =
        authorities.chain(config.grants.iter().flat_map(|grant| &grant.http).filter_map(|http| http.ca.as_ref()));
    found.extend(authorities.map(|path| Guarded::program(path, "a file of trusted authorities")));
    for promotion in config.promote.values() {
        if let Some(path) = &promotion.ssh_config {
            found.push(Guarded::secret(path, "the configuration of ssh"));
            found.extend(keys(path, home.as_deref()).into_iter().map(|key| Guarded::secret(key, "a key of ssh")));
        }
    }
    if !config.promote.is_empty() {
        found.extend(home.map(|home| Guarded::secret(home.join(".ssh"), "the keys of ssh")));
    }
    found.extend(config.commands.values().map(|command| Guarded::program(&command.path, "a program of a command")));
    found.extend(std::env::current_exe().map(|path| Guarded::program(path, "the agent's own program")));
    found
}

/// The files that a configuration of ssh names as keys.
fn keys(path: &Path, home: Option<&Path>) -> Vec<PathBuf> {
    use std::io::Read as _;
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(SSH_CONFIG).read_to_string(&mut text));
    if read.is_err() {
        return Vec::new();
    }
    let named = text.lines().filter_map(|line| {
        let (word, rest) = line.trim().split_once([' ', '\t', '='])?;
        let rest = rest.trim_matches([' ', '\t', '=', '"']);
        word.eq_ignore_ascii_case("IdentityFile").then_some(rest)
    });
    let placed = named.filter_map(|name| match name.strip_prefix("~/") {
        Some(inside) => home.map(|home| home.join(inside)),
        None => Some(PathBuf::from(name)),
    });
    placed.filter(|path| path.is_absolute()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    #[test]
    fn what_decides_what_is_secret_and_what_is_run_is_guarded() {
        let place = tempfile::tempdir().unwrap();
        let ssh = place.path().join("ssh_config");
        std::fs::write(&ssh, "Host a\n  IdentityFile ~/.keys/a\n  identityfile=/keys/b\n IdentityFile relative\n")
            .unwrap();
        let text = format!(
            "environment = \"uat\"\n[secrets.a]\nfile = \"/s/a\"\n[secrets.b]\nenvironment = \"B\"\n\
             [registries.\"r.example\"]\nca = \"/ca/r.pem\"\n\
             [[grants]]\nplugin = \"x\"\nhttp = [{{ to = \"https://a.example\", ca = \"/ca/h.pem\" }}]\n\
             [commands.show]\npath = \"/opt/show\"\n\
             [promote.prod]\nssh = \"host\"\nssh-config = {:?}\n",
            ssh.display().to_string()
        );
        let mut config = Config::resolve(&Document::from_text("agent.toml", &text).unwrap()).unwrap();
        config.file = Some("/else/where/agent.toml".into());
        let found = of(&config, |name| match name {
            "HOME" => Some("/home/agent".into()),
            "CREDENTIALS_DIRECTORY" => Some("/run/credentials/windlass.service".into()),
            _ => None,
        });
        let has = |path: &Path, readable| found.iter().any(|one| one.path == path && one.readable == readable);
        for secret in [
            "/else/where/agent.toml",
            "/s/a",
            "/run/credentials/windlass.service",
            "/home/agent/.docker/config.json",
            "/home/agent/.ssh",
            "/home/agent/.keys/a",
            "/keys/b",
        ] {
            assert!(has(Path::new(secret), false), "{secret}: {found:?}");
        }
        assert!(has(&ssh, false));
        for program in ["/ca/r.pem", "/ca/h.pem", "/opt/show"] {
            assert!(has(Path::new(program), true), "{program}: {found:?}");
        }
    }
}
