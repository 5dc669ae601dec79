//! What operators get to read when their file is wrong.

use super::*;
use crate::Config;
use crate::grants::origin;

fn resolve_text(text: &str) -> Result<Config, ConfigError> {
    Config::resolve(&Document::from_text("/etc/windlass/agent.toml", text).unwrap())
}

fn wrong(text: &str) -> String {
    let error = resolve_text(text).unwrap_err();
    let hint = error.hint().map(|hint| format!(" [{hint}]")).unwrap_or_default();
    format!("{error}{hint}").replace("/etc/windlass/agent.toml:", "")
}

#[test]
fn the_defaults_are_complete_and_grant_nothing() {
    let config = Config::defaults().unwrap();
    assert_eq!(config.environment, "local");
    assert_eq!(config.state_directory, Path::new("/var/lib/windlass"));
    assert_eq!(config.limits.memory, 256 << 20);
    assert!(config.grants.is_empty() && config.file.is_none() && config.warnings.is_empty());
    assert_eq!(resolve_text("").unwrap().limits, config.limits);
}

#[test]
fn what_the_comments_of_the_defaults_show_is_valid() {
    // Every commented line that is TOML, uncommented; the digest of the example is an ellipsis.
    let shown: Vec<&str> = super::super::DEFAULT_AGENT_TOML
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with('[') || rest.split(' ').nth(1) == Some("=") => rest,
            _ => line,
        })
        .filter(|line| !line.starts_with("digest") && !line.starts_with("[limits"))
        .collect();
    let shown = shown.join("\n");
    let shown = shown.split("# Of one plugin call").next().unwrap();
    let shown = format!("{shown}\n[secrets.registry-password]\nenvironment = \"X\"\n");
    let config = resolve_text(&shown).unwrap();
    let grant = &config.grants[0];
    assert_eq!(grant.http[0].to.to_string(), "https://*.example.org:8443");
    assert_eq!(grant.http[0].ca.as_deref(), Some(Path::new("/etc/windlass/corp.pem")));
    assert_eq!(config.commands["pg-ready"].arguments, ["-h", "{1}"]);
    assert_eq!(config.secrets.len(), 4);
}

#[test]
fn mistakes_are_shown_where_they_are() {
    for (text, expected) in [
        (
            "enviroment = 'uat'",
            "1:1: unknown key `enviroment`; the known keys here are `environment`, `state-directory`, `applications-directory`, `keep-releases`, `docker`, `registries`, `applications`, `grants`, `commands`, `secrets`, `releases`, `promote`, `triggers`, `trigger-sources`, `access`, `agent`, `update`, `limits` [did you mean `environment`?]",
        ),
        ("environment = 5", "1:15: invalid type: integer `5`, expected a string"),
        (
            "environment = 'a b'",
            "1:15: `a b` is not a name for an environment: letters, digits, `-`, `_` and `.`, at most 64 of them, the first a letter or digit",
        ),
        ("keep-releases = 0", "1:17: at least one release must be kept: it is the way back"),
        (
            "[limits]\nmemory = '12 parsecs'",
            "2:10: `12 parsecs` is not a size; write `\"512B\"`, `\"64KiB\"`, `\"256MiB\"` or `\"2GiB\"`",
        ),
        ("[limits]\ncpu = '5'", "2:7: `5` is not a duration; write `\"500ms\"`, `\"15s\"`, `\"2m\"` or `\"1h 30m\"`"),
        (
            "[docker]\nendpoint = 'tcp://x:2375'",
            "2:12: `tcp://x:2375` is not a Unix socket [write `unix:///var/run/docker.sock`; for an engine elsewhere, run the agent there]",
        ),
        ("[[grants]]\nstate = true", "1:1: the key `plugin` is missing"),
        (
            "[[grants]]\nplugin = 'p'\ndigest = 'sha256:12'",
            "3:10: a digest is `sha256:` and 64 lower-case hexadecimal digits",
        ),
        (
            "[[grants]]\nplugin = 'p'\napplications = []",
            "3:16: an empty list grants nothing; leave the key out for all applications",
        ),
        (
            "[[grants]]\nplugin = 'p'\nsecrets = ['tokne']\n[secrets.token]\nenvironment = 'T'",
            "3:12: there is no `[secrets.tokne]` in this file [did you mean `token`?]",
        ),
        (
            "[[grants]]\nplugin = 'p'\nexec = ['x']",
            "3:9: there is no `[commands.x]` in this file [add a section `[commands.x]`]",
        ),
        (
            "[[grants]]\nplugin = 'p'\nfiles = [{ root = 'bundle', path = '/x' }]",
            "3:19: `bundle` is the release's own bundle, which every plugin can read",
        ),
        ("[[grants]]\nplugin = 'p'\ndocker-write = { bind-roots = ['data'] }", "3:32: `data` is not an absolute path"),
        (
            "[[grants]]\nplugin = 'p'\ndocker-write = { subnets = ['10.0.0.1/8'] }",
            "3:29: `10.0.0.1/8` is not a range of addresses such as `172.28.0.0/16`: it has bits below its prefix; is `10.0.0.0/8` meant?",
        ),
        ("[[grants]]\nplugin = 'p'\nprobe-tcp = ['db']", "3:14: `db` is not `host:port`"),
        ("[registries.'a']\naddresses = ['x']", "2:14: `x` is not an address range such as `10.0.0.0/8`"),
        (
            "[[grants]]\nplugin = 'p'\nhttp = [{ to = 'https://a', addresses = ['10.0.0.0/40'] }]",
            "3:42: `10.0.0.0/40` is not an address range such as `10.0.0.0/8`",
        ),
        ("[secrets.x]", "1:1: the secret `x` needs one of `file`, `environment` and `credential`"),
        (
            "[secrets.x]\nfile = 'a'\nenvironment = 'B'",
            "1:1: the secret `x` needs one of `file`, `environment` and `credential`",
        ),
        (
            "[secrets.x]\ncredential = '../x'",
            "2:14: `../x` is not a name for a credential: letters, digits, `-`, `_` and `.`, at most 64 of them, the first a letter or digit",
        ),
        ("[commands.x]\npath = 'true'", "2:8: `true` is not an absolute path"),
        ("[commands.x]\npath = '/x'\narguments = ['{1}']", "3:14: `{1}` needs 1 entries in `allow-arguments`"),
        (
            "[commands.x]\npath = '/x'\narguments = ['{host}']",
            "3:14: `{host}` is unknown; what can stand in braces is `{1}`, `{2}`, …, `{application}`, `{environment}` and `{deployment}`",
        ),
        (
            "[commands.x]\npath = '/x'\nenvironment = { A = '{secret:y}' }",
            "3:21: there is no `[secrets.y]` in this file [add a section `[secrets.y]`]",
        ),
        ("[registries.'r:5000']\nusername = 'u'", "2:12: `username` needs `password-secret`"),
    ] {
        assert_eq!(wrong(text), expected, "{text}");
    }
    assert!(wrong("[commands.x]\npath = '/x'\nallow-arguments = ['(']").contains("3:20: not a regular expression"));
    let danger = wrong("[[grants]]\nplugin = 'p'\ndocker-write = { allow = ['cap-ad:NET_ADMIN'] }");
    assert!(danger.starts_with("3:27: `cap-ad:NET_ADMIN` cannot be allowed; did you mean `cap-add`?"), "{danger}");
}

#[test]
fn servers_are_read_as_requests_are() {
    for (text, expected) in [
        ("https://API.Example.org", "https://api.example.org"),
        ("http://bücher.example:8080", "http://xn--bcher-kva.example:8080"),
        ("https://host:443", "https://host"),
        ("http://127.1:9", "http://127.0.0.1:9"),
        ("http://[0:0::1]", "http://[::1]"),
        ("https://*.example.org", "https://*.example.org"),
    ] {
        assert_eq!(origin(text).unwrap().to_string(), expected);
    }
    for text in [
        "example.org",
        "ftp://x",
        "https://",
        "https://*",
        "https://a.*.b",
        "https://x/path",
        "https://x/",
        "https://x?q",
        "https://u:p@x",
        "https://u@x",
        "https://x#f",
        "https://*.10.0.0.1",
        "unix:///x",
        "https://a b",
        "https://x:99999",
    ] {
        assert!(origin(text).is_err(), "{text}");
    }
}

#[test]
fn a_file_that_anyone_can_change_is_pointed_out() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("agent.toml");
    std::fs::write(&path, "environment = 'uat'\n[secrets.x]\nfile = 'x'").unwrap();
    let config = Config::read(&path).unwrap();
    assert!(config.warnings.is_empty());
    assert_eq!(config.secrets["x"], SecretSource::File(directory.path().join("x")));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    assert!(Config::read(&path).unwrap().warnings[0].contains("can be changed by every user"));
}

#[test]
fn the_schema_knows_the_keys_of_the_defaults() {
    let schema = crate::schema();
    let defaults: toml::Value = toml::from_str(super::super::DEFAULT_AGENT_TOML).unwrap();
    let document = serde_json::to_value(defaults).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&document));
    assert!(!validator.is_valid(&serde_json::json!({ "enviroment": "uat" })));
    assert!(!validator.is_valid(&serde_json::json!({ "limits": { "memory": "lots" } })));
}
