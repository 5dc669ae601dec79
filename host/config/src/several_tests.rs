//! Operators' files with several mistakes: all are shown at once, and nothing that only follows from another.

use windlass_api::ErrorFact;
use windlass_foundation::explain::ExplainedError;
use windlass_report::error;

use super::Config;
use super::document::Document;

fn fault(text: &str) -> ExplainedError {
    Config::resolve(&Document::from_text("agent.toml", text).unwrap()).unwrap_err().into()
}

/// The places and the beginnings of the texts.
fn told(text: &str) -> Vec<String> {
    let text = fault(text).error().to_string();
    text.lines().map(|line| line.trim_start_matches("agent.toml:").chars().take(40).collect()).collect()
}

const EVERYTHING: &str = r#"
environment = "a b"
keep-releases = 0
colour = "red"

[docker]
endpoint = "tcp://x:2375"
pull-stall = "soon"

[registries."registry.example:5000"]
username = "windlass"

[[grants]]
plugin = "check-ours"
digest = "sha256:12"
secrets = ["tokne", 5]
exec = ["pg-ready"]

[[grants]]
docker-read = "yes"

[secrets.token]
environment = "TOKEN"

[secrets.other]
fiel = "/x"

[commands.restart]
path = "systemctl"
arguments = ["{1}"]

[triggers.push]
from = "jira"
secret = "token"
run = ["destroy"]
"#;

#[test]
fn every_kind_of_mistake_is_shown_in_the_order_of_the_file() {
    insta::assert_snapshot!(error::page(&ErrorFact::from(&fault(EVERYTHING)), 100).render(false), @r#"
    error: `a b` is not a name for an environment: letters, digits, `-`, `_` and `.`, at most 64 of
           them, the first a letter or digit
     --> agent.toml:2:15
      |
    2 | environment = "a b"
      |               ^^^^^
    error: at least one release must be kept: it is the way back
     --> agent.toml:3:17
      |
    3 | keep-releases = 0
      |                 ^
    error: unknown key `colour`; the known keys here are `environment`, `state-directory`,
           `applications-directory`, `keep-releases`, `docker`, `registries`, `applications`, `grants`,
           `commands`, `secrets`, `releases`, `promote`, `triggers`, `trigger-sources`, `access`,
           `agent`, `update`, `limits`
     --> agent.toml:4:1
      |
    4 | colour = "red"
      | ^^^^^^
    error: `tcp://x:2375` is not a Unix socket
     --> agent.toml:7:12
      |
    7 | endpoint = "tcp://x:2375"
      |            ^^^^^^^^^^^^^^
    hint: write `unix:///var/run/docker.sock`; for an engine elsewhere, run the agent there
    error: `soon` is not a duration; write `"500ms"`, `"15s"`, `"2m"` or `"1h 30m"`
     --> agent.toml:8:14
      |
    8 | pull-stall = "soon"
      |              ^^^^^^
    error: `username` needs `password-secret`
      --> agent.toml:11:12
       |
    11 | username = "windlass"
       |            ^^^^^^^^^^
    error: a digest is `sha256:` and 64 lower-case hexadecimal digits
      --> agent.toml:15:10
       |
    15 | digest = "sha256:12"
       |          ^^^^^^^^^^^
    error: there is no `[secrets.tokne]` in this file
      --> agent.toml:16:12
       |
    16 | secrets = ["tokne", 5]
       |            ^^^^^^^
    hint: did you mean `token`?
    error: invalid type: integer `5`, expected a string
      --> agent.toml:16:21
       |
    16 | secrets = ["tokne", 5]
       |                     ^
    error: there is no `[commands.pg-ready]` in this file
      --> agent.toml:17:9
       |
    17 | exec = ["pg-ready"]
       |         ^^^^^^^^^^
    hint: add a section `[commands.pg-ready]`
    error: the key `plugin` is missing
      --> agent.toml:19:1
       |
    19 | [[grants]]
       | ^^^^^^^^^^
    error: invalid type: string "yes", expected a boolean
      --> agent.toml:20:15
       |
    20 | docker-read = "yes"
       |               ^^^^^
    error: unknown key `fiel`; the known keys here are `file`, `environment`, `credential`
      --> agent.toml:26:1
       |
    26 | fiel = "/x"
       | ^^^^
    hint: did you mean `file`?
    error: `systemctl` is not an absolute path
      --> agent.toml:29:8
       |
    29 | path = "systemctl"
       |        ^^^^^^^^^^^
    error: `{1}` needs 1 entries in `allow-arguments`
      --> agent.toml:30:14
       |
    30 | arguments = ["{1}"]
       |              ^^^^^
    error: `jira` sends no events: write one of `forgejo`, `gitea`, `github`, `gitlab`, `pact-broker`
      --> agent.toml:33:8
       |
    33 | from = "jira"
       |        ^^^^^^
    hint: add a section `[trigger-sources.jira]` that describes it
    error: an event may start `check`, `plan`, `deploy`, `promote`, not `destroy`
      --> agent.toml:35:7
       |
    35 | run = ["destroy"]
       |       ^^^^^^^^^^^
    "#);
}

#[test]
fn nothing_is_told_that_follows_from_another_mistake() {
    for (text, only) in [
        // What is referred to is there, and wrong.
        ("[[grants]]\nplugin = 'p'\nsecrets = ['x']\n[secrets.x]\nfile = 5", "5:8: invalid type"),
        ("[[grants]]\nplugin = 'p'\nsecrets = ['x']\n[secrets]\nx = 5", "5:5: invalid type"),
        ("secrets = 5\n[[grants]]\nplugin = 'p'\nsecrets = ['x']", "1:11: invalid type"),
        ("[[grants]]\nplugin = 'p'\nsecrets = ['x']\n[sercets.x]\nfile = 'x'", "4:2: unknown key `sercets`"),
        ("[[grants]]\nplugin = 'p'\nsecrets = ['x']\n[secrets.x]\nfile = 'x'\nnote = 'x'", "6:1: unknown key `note`"),
        ("[[applications]]\nname = 'a'\nsigner = 'K'\n[releases]\nkeys = 5", "5:8: invalid type"),
        ("[releases]\nrequire-signature = true\nkeys = 'K'", "3:8: invalid type"),
        // What belongs together.
        ("[registries.a]\nusername = 'u'\npassword-secret = 5", "3:19: invalid type"),
        ("[registries.a]\nusername = 'u'\npasword-secret = 'p'", "3:1: unknown key `pasword-secret`"),
        ("[secrets.x]\npath = '/x'", "2:1: unknown key `path`"),
        ("[promote.uat]\ngit = 'x'\npath = 5", "3:8: invalid type"),
        ("[triggers.t]\nfrom = 'github'\nsecret = 's'\nrun = [5]\n[secrets.s]\nfile = 'x'", "4:8: invalid type"),
        ("[[grants]]\nplugin = 'p'\napplications = [5]", "3:17: invalid type"),
        ("[[grants]]\nplugin = 'p'\napplications = 5\ndocker-write = { data-root = '/x' }", "3:16: invalid type"),
        ("[commands.x]\npath = '/x'\narguments = ['{1}']\nallow-arguments = 5", "4:19: invalid type"),
        ("[commands.x]\npath = '/x'\narguments = ['{1}']\nallow-arguments = [5]", "4:20: invalid type"),
        // One mistake that two rules see.
        ("[[grants]]\nplugin = 'p'\napplications = ['a']\ndocker-write = { data-root = 'x' }", "4:30: `x` is not an"),
    ] {
        let told = told(text);
        assert!(told.len() == 1 && told[0].starts_with(only), "{text}\n{told:?}");
    }
}
