//! What the `windlass` binary says: its help, its answers, and here what it says to a person who makes a mistake. Nothing
//! needs an engine.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod authoring;
mod bundles;
mod config;
mod every;
mod holds;
mod init;
mod interrupted;
mod keys;
mod machine;
mod outputs;
mod places;
mod plugins;
mod records;
mod releases;
mod resident;
mod shop;
pub(crate) mod support;
mod updates;
mod verify;

use support::Stage;

#[test]
fn a_command_line_that_is_wrong_is_answered_with_its_usage() {
    let stage = Stage::new();
    insta::assert_snapshot!(stage.tell("deploy"), @r"
    exit 2
    --- stderr
    error: the following required arguments were not provided:
      <APP>

    Usage: windlass deploy <APP>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(stage.tell("deploy kudos --set backend"), @r"
    exit 2
    --- stderr
    error: invalid value 'backend' for '--set <NAME=VERSION>': write it as NAME=VERSION, such as `backend=v2`

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(stage.tell("deploy kudos --commit HEAD"), @r"
    exit 2
    --- stderr
    error: invalid value 'HEAD' for '--commit <SHA>': a commit id has 7 to 64 hexadecimal digits

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(stage.tell("deploy kudos --wait soon"), @r"
    exit 2
    --- stderr
    error: invalid value 'soon' for '--wait <DURATION>': write it as in `30s`, `10m` or `1h`

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(stage.tell("deplyo kudos"), @r"
    exit 2
    --- stderr
    error: unrecognized subcommand 'deplyo'

      tip: a similar subcommand exists: 'deploy'

    Usage: windlass [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn a_wrong_operators_file_is_answered_with_the_line_and_what_to_do() {
    let stage = Stage::new();
    let tell = |text: &str| {
        stage.agent(text);
        stage.tell("plan kudos")
    };
    insta::assert_snapshot!(tell("environment = \"uat\"\n[dokcer]\nendpoint = \"unix:///x\"\n"), @"
    exit 3
    --- stderr
    error: unknown key `dokcer`; the known keys here are `environment`, `state-directory`,
           `applications-directory`, `keep-releases`, `docker`, `registries`, `applications`, `grants`,
           `commands`, `secrets`, `releases`, `promote`, `triggers`, `trigger-sources`, `access`,
           `agent`, `update`, `limits`
     --> [HOST]/agent.toml:2:2
      |
    2 | [dokcer]
      |  ^^^^^^
    hint: did you mean `docker`?
    ");
    insta::assert_snapshot!(tell("environment = uat\n"), @r"
    exit 3
    --- stderr
    error: string values must be quoted, expected literal string
     --> [HOST]/agent.toml:1:15
      |
    1 | environment = uat
      |               ^^^
    ");
    insta::assert_snapshot!(tell("environment = \"uat\"\n\n[limits]\nmemory = \"lots\"\n"), @r#"
    exit 3
    --- stderr
    error: `lots` is not a size; write `"512B"`, `"64KiB"`, `"256MiB"` or `"2GiB"`
     --> [HOST]/agent.toml:4:10
      |
    4 | memory = "lots"
      |          ^^^^^^
    "#);
    insta::assert_snapshot!(tell("[[grants]]\nplugin = \"x\"\nhttp = [{ to = \"ftp://x\" }]\n"), @r#"
    exit 3
    --- stderr
    error: `ftp` is not a scheme that plugins can use; write `https://host`, `http://host:port` or
           `https://*.domain`
     --> [HOST]/agent.toml:3:16
      |
    3 | http = [{ to = "ftp://x" }]
      |                ^^^^^^^^^
    "#);
    insta::assert_snapshot!(tell("# \u{1b}[2J\nenvironment = \"\u{7}\""), @r"
    exit 3
    --- stderr
    error: invalid comment character, expected printable characters
     --> [HOST]/agent.toml:1:3
      |
    1 | #  [2J
      |   ^
    ");
}

#[test]
fn an_operators_file_that_is_not_there_is_named() {
    insta::assert_snapshot!(Stage::new().tell("plan kudos"), @r"
    exit 3
    --- stderr
    error: there is no operator's file `[HOST]/agent.toml`
    hint: name another with `--config` or WINDLASS_CONFIG, or write one with `windlass init`
    ");
}

#[test]
fn hostile_operators_files_end_quickly_and_in_few_words() {
    let stage = Stage::new();
    for (text, words) in [
        (format!("environment = \"{}\"", "x".repeat(10_000_000)), "is larger than 1048576 bytes"),
        (format!("environment = {}", "[".repeat(500_000)), "recurs"),
        (format!("{}a = 1", "a.".repeat(400_000)), "recursion limit"),
    ] {
        stage.agent(&text);
        let run = stage.host.run(["plan", "kudos"]).unwrap();
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(run.stderr.contains(words), "{}", run.stderr);
        assert!(run.stderr.len() < 4_000, "{} bytes", run.stderr.len());
    }
}

#[test]
fn an_application_that_is_not_there_is_answered_with_those_that_are() {
    let stage = Stage::new();
    stage.configured();
    insta::assert_snapshot!(stage.tell("plan kudos"), @r"
    exit 17
    --- stderr
    error: there is no application `kudos` in `[HOST]/applications`
    hint: there are none yet; give a directory, such as `./kudos`, or make one with `windlass init`
    ");
    for name in ["kudos", "shop"] {
        std::fs::create_dir_all(stage.host.application(name)).unwrap();
        std::fs::write(stage.host.application(name).join("release.toml"), "application = 1").unwrap();
    }
    insta::assert_snapshot!(stage.tell("deploy kudso"), @r"
    exit 17
    --- stderr
    error: there is no application `kudso` in `[HOST]/applications`
    hint: did you mean `kudos`? known: kudos, shop
    ");
    insta::assert_snapshot!(stage.tell("deploy ./nowhere"), @r"
    exit 17
    --- stderr
    error: `./nowhere` does not exist
    ");
    insta::assert_snapshot!(stage.tell("deploy /etc/hostname"), @r"
    exit 2
    --- stderr
    error: `/etc/hostname` is neither a directory nor a file named `release.toml`
    hint: give the directory that holds the `release.toml`
    ");
    std::fs::create_dir_all(stage.host.application("empty")).unwrap();
    insta::assert_snapshot!(stage.tell("deploy empty"), @r"
    exit 17
    --- stderr
    error: `[HOST]/applications/empty` has no `release.toml`
    hint: make one with `windlass init`
    ");
}

#[test]
fn with_json_the_error_is_a_fact_too() {
    insta::assert_snapshot!(Stage::new().tell("schema relase --json"), @r#"
    exit 17
    --- stdout
    {"type":"error","error":"there is no schema `relase`","caused-by":[],"hint":"known are `release.toml`, `agent.toml`, `release`, `release-document`, `observation`, `plan`, `step`, `report`, `event`, `json-output`, `command`, `command-event`, `command-reply`, `command-error`, `agent-api`","exit":17}
    --- stderr
    error: there is no schema `relase`
    hint: known are `release.toml`, `agent.toml`, `release`, `release-document`, `observation`, `plan`,
          `step`, `report`, `event`, `json-output`, `command`, `command-event`, `command-reply`,
          `command-error`, `agent-api`
    "#);
}

/// A release file for images that only the engine has.
const RELEASE: &str = "application = \"kudos\"\n\n[artifacts.web]\nimage = \"kudos-web\"\ntag = \"1\"\nlocal = true\n\n\
                       [strategy]\nplugin = \"strategy-compose\"\n";

#[test]
fn a_wrong_release_file_is_answered_with_the_line_and_what_to_do() {
    let stage = Stage::new();
    stage.configured();
    let tell = |text: &str| {
        stage.release("kudos", text);
        stage.tell("plan kudos")
    };
    insta::assert_snapshot!(tell(&RELEASE.replace("tag", "tga")), @r#"
    exit 3
    --- stderr
    error: unknown key `tga`; the known keys here are `image`, `tag`, `version-file`, `digest`, `local`
     --> [HOST]/applications/kudos/release.toml:5:1
      |
    5 | tga = "1"
      | ^^^
    hint: did you mean `tag`?
    "#);
    insta::assert_snapshot!(tell(&RELEASE.replace("\"kudos\"", "\"Kudos!\"")), @r#"
    exit 3
    --- stderr
    error: `Kudos!` is not an application's name: at most 63 lower-case letters, digits, `-` and `_`,
           beginning with a letter or a digit
     --> [HOST]/applications/kudos/release.toml:1:15
      |
    1 | application = "Kudos!"
      |               ^^^^^^^^
    "#);
    insta::assert_snapshot!(tell("application = \"kudos\"\n"), @r#"
    exit 3
    --- stderr
    error: the key `strategy` is missing
     --> [HOST]/applications/kudos/release.toml:1:1
      |
    1 | application = "kudos"
      | ^
    "#);
    insta::assert_snapshot!(tell(&RELEASE.replace("application", "[checks.x]\nplugin = 1\n\n[application]\nx")), @r"
    exit 3
    --- stderr
    error: invalid type: integer `1`, expected a string
     --> [HOST]/applications/kudos/release.toml:2:10
      |
    2 | plugin = 1
      |          ^
    error: invalid type: map, expected a string
     --> [HOST]/applications/kudos/release.toml:4:1
      |
    4 | [application]
      | ^^^^^^^^^^^^^
    ");
}

#[test]
fn an_engine_that_does_not_run_is_unavailable() {
    let stage = Stage::new();
    stage.configured();
    stage.release("kudos", RELEASE);
    insta::assert_snapshot!(stage.tell("plan kudos"), @r"
    exit 15
    --- stderr
    error: cannot look for the artifact `web` in the engine: cannot inspect image
           `docker.io/library/kudos-web:1`: the Docker Engine does not answer at
           `unix:///nowhere/docker.sock`: no such socket
    hint: start the engine (`systemctl start docker`), or correct `[docker] endpoint` in `agent.toml`
    ");
}

#[test]
fn a_registry_that_is_down_is_unavailable() {
    let stage = Stage::new();
    stage.agent(&format!(
        "state-directory = \"{}\"\napplications-directory = \"{}\"\n[registries.\"127.0.0.1:1\"]\nplain-http = true\n",
        stage.host.root().join("state").display(),
        stage.host.root().join("applications").display()
    ));
    let release = RELEASE.replace("\"kudos-web\"", "\"127.0.0.1:1/kudos/web\"").replace("local = true\n", "");
    stage.release("kudos", &release);
    insta::assert_snapshot!(stage.tell("plan kudos"), @"
    exit 15
    --- stderr
    error: cannot resolve the artifact `web`
    caused by: registry `127.0.0.1:1` is unavailable: Connection refused (os error 111)
    ");
}

#[test]
fn a_state_directory_that_cannot_be_written_is_named() {
    let stage = Stage::new();
    // Files cannot be made there, not even by root.
    stage.agent("state-directory = \"/sys/windlass\"\n");
    // What the kernel says to everyone but root.
    let told =
        stage.tell("rollback kudos").replace("Permission denied (os error 13)", "Operation not permitted (os error 1)");
    insta::assert_snapshot!(told, @r"
    exit 3
    --- stderr
    error: cannot use the state directory `/sys/windlass`
    caused by: Operation not permitted (os error 1)
    hint: the agent must be able to write its state directory: set `state-directory` in agent.toml, or
          run it as the directory's owner
    ");
}

#[test]
fn a_journal_of_a_newer_agent_is_left_alone() {
    let stage = Stage::new();
    stage.configured();
    insta::assert_snapshot!(stage.tell("rollback kudos"), @r"
    exit 17
    --- stderr
    error: there is no such release of `kudos`: no release succeeded here yet
    hint: see `windlass history kudos`
    ");
    let journal = stage.host.root().join("state/journal.sqlite3");
    let mut bytes = std::fs::read(&journal).unwrap();
    // SQLite keeps `PRAGMA user_version` here (file format, 1.3.16), and the journal its format number in it.
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    std::fs::write(&journal, &bytes).unwrap();
    insta::assert_snapshot!(stage.tell("history"), @"
    exit 3
    --- stderr
    error: the journal `[HOST]/state/journal.sqlite3` has format 99, this agent (0.1.0) reads
           formats up to 5
    hint: install the agent that wrote it, or a newer one
    ");
    insta::assert_snapshot!(stage.tell("rollback kudos"), @"
    exit 3
    --- stderr
    error: the journal `[HOST]/state/journal.sqlite3` has format 99, this agent (0.1.0) reads
           formats up to 5
    hint: install the agent that wrote it, or a newer one
    ");
    assert_eq!(std::fs::read(&journal).unwrap(), bytes);
}

#[test]
fn a_host_without_deployments_says_so() {
    let stage = Stage::new();
    stage.configured();
    for (line, code) in [("status", 0), ("history", 0), ("resume", 0), ("audit verify", 0), ("show kudos", 17)] {
        let run = stage.host.run(line.split_whitespace()).unwrap();
        assert_eq!(run.code, code, "{line}: {}{}", run.stdout, run.stderr);
    }
    insta::assert_snapshot!(stage.tell("status"), @r"
    exit 0
    --- stdout
    nothing was deployed on this host yet
    ");
    insta::assert_snapshot!(stage.tell("show kudos"), @r"
    exit 17
    --- stderr
    error: no deployment of `kudos` is known here
    hint: `windlass history` lists all deployments
    ");
    insta::assert_snapshot!(stage.tell("resolve kudos --retry"), @r"
    exit 17
    --- stderr
    error: no deployment of `kudos` is stuck
    ");
}

#[test]
fn a_plan_file_decides_alone_and_only_for_its_application() {
    let stage = Stage::new();
    stage.configured();
    stage.release("kudos", RELEASE);
    insta::assert_snapshot!(stage.tell("deploy kudos --plan /nowhere --set web=2"), @r"
    exit 2
    --- stderr
    error: `--plan` already says which release; `--set` cannot change it
    ");
    let file = stage.host.root().join("kudos.plan");
    std::fs::write(&file, "{}").unwrap();
    insta::assert_snapshot!(stage.tell(&format!("deploy kudos --plan {}", file.display())), @r"
    exit 3
    --- stderr
    error: `[HOST]/kudos.plan` is not a plan
    caused by: missing field `format` at line 1 column 2
    hint: make one with `windlass plan APP --out FILE`
    ");
    insta::assert_snapshot!(stage.tell("plan kudos --environment production"), @r"
    exit 2
    --- stderr
    error: this host is `uat`, not `production`
    hint: the environment of a host is `environment` in `[HOST]/agent.toml`; are you on the
          right host?
    ");
}
