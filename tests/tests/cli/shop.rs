//! An application that is started by a shell script, for commands that have something to tell only where something was
//! deployed. It needs neither an engine nor a registry; how commands deploy is tested elsewhere.

use super::support::Stage;

/// What the operator allows.
const AGENT: &str = r#"environment = "uat"
state-directory = "/var/lib/windlass"

[docker]
endpoint = "unix:///nowhere/docker.sock"

[[grants]]
plugin = "strategy-command"
exec = ["start", "stop", "running", "answers"]

[commands.start]
path = "/bin/sh"
arguments = ["ROOT/start", "{1}"]
allow-arguments = ["[0-9a-f]{7}"]

[commands.stop]
path = "/bin/rm"
arguments = ["-f", "ROOT/running"]

[commands.running]
path = "/bin/cat"
arguments = ["ROOT/running"]

[commands.answers]
path = "/bin/sh"
arguments = ["-c", "test -s ROOT/running || (echo nobody answers >&2; exit 7)"]
"#;

/// What the team wrote.
const RELEASE: &str = r#"application = "shop"

[strategy]
plugin = "strategy-command"

[strategy.with]
health = { command = "answers" }

[[strategy.with.steps]]
name = "start"
run = { command = "start", arguments = ["{commit}"] }
undo = { command = "start", arguments = ["{running.commit}"] }
undo-first = { command = "stop" }
current = { command = "running" }
expect = "{commit}"

[environments.uat]
"#;

/// Starts a commit. One does not start, and one waits for a file `go`; with another the agent is killed, once, when it runs
/// already, so that what is there then is known; and while there is a file `full`, nothing starts.
const START: &str = r#"case $1 in
bad0000) echo "port 8080 is in use" >&2; exit 3 ;;
ab1de00) while ! test -e ROOT/go; do sleep 0.1; done ;;
dead000) if mkdir ROOT/killed 2> /dev/null; then echo "$1" > ROOT/running; kill -KILL $PPID; exit; fi ;;
esac
if test -e ROOT/full; then echo "the disk is full" >&2; exit 4; fi
echo "starting $1"
echo "$1" > ROOT/running
"#;

/// A host on which the application can be deployed, with further lines of both files.
pub(super) fn shop(more_of_the_operator: &str, more_of_the_team: &str) -> Stage {
    let stage = Stage::new();
    let here = |text: &str| text.replace("ROOT", &stage.host.root().display().to_string());
    stage.host.has_been_used().unwrap();
    stage.host.configure(&here(&format!("{AGENT}{more_of_the_operator}"))).unwrap();
    stage.release("shop", &format!("{RELEASE}{more_of_the_team}"));
    // A document counts as the application's where its files are, and is none of them.
    std::fs::write(stage.host.application("shop").join(".windlassignore"), "*.json\n").unwrap();
    std::fs::write(stage.host.root().join("start"), here(START)).unwrap();
    stage
}

/// The same, and a first commit runs.
pub(super) fn running(more_of_the_operator: &str, more_of_the_team: &str) -> Stage {
    let stage = shop(more_of_the_operator, more_of_the_team);
    deploy(&stage, "1111111");
    stage
}

/// Deploys a commit, which succeeds.
pub(super) fn deploy(stage: &Stage, commit: &str) {
    let deployed = stage.tell(&format!("deploy shop --commit {commit}"));
    assert!(deployed.starts_with("exit 0\n"), "{deployed}");
}
