//! Who may do what: a user of the host, a group and a trigger, with an agent whose state they own.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use windlass_stage::Run;

use super::shop;
use super::support::Stage;

/// The number of a user and of its group that hosts have for nobody.
const NOBODY: u32 = 65_534;

const SECRET: &str = "a-secret-of-the-webhook";

/// The operator's rule for somebody else, so that there is one.
const SOMEBODY: &str = "\n[[access]]\nusers = [\"1\"]\nmay = [\"read\"]\n";

/// A host whose directories belong to nobody, with these rules. None where the tests do not run as root, who alone can act as
/// another user.
fn nobodys(rules: &str) -> Option<Stage> {
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if !is_root {
        return None;
    }
    let stage = shop::shop(&trigger(rules), "");
    // What was compiled before is linked from a host that other tests use: files of this one are another user's.
    let (linked, copy) = (stage.host.root().join("state"), stage.host.root().join("copy"));
    if linked.exists() {
        let copied = Command::new("cp").arg("-R").args([&linked, &copy]).status().unwrap();
        assert!(copied.success());
        std::fs::remove_dir_all(&linked).unwrap();
        std::fs::rename(&copy, &linked).unwrap();
    }
    stage.host.secret("webhook", SECRET).unwrap();
    own(&stage, NOBODY);
    Some(stage)
}

/// A trigger, with the lines that follow it.
fn trigger(rules: &str) -> String {
    format!(
        "\n[secrets.webhook]\nfile = \"ROOT/secrets/webhook\"\n\n[triggers.staging]\nfrom = \"gitlab\"\nsecret = \"webhook\"\n\
         run = [\"deploy\", \"shop\", \"--commit={{commit}}\"]\n{rules}"
    )
}

fn own(stage: &Stage, user: u32) {
    let owner = format!("{user}:{user}");
    let changed = Command::new("chown").args(["-R", &owner]).arg(stage.host.root()).status().unwrap();
    assert!(changed.success());
}

/// Adds a rule.
fn add(stage: &Stage, rule: &str) {
    let path = stage.host.root().join("agent.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, format!("{text}\n[[access]]\n{rule}\n")).unwrap();
}

/// Runs a command as nobody, who says that they are root.
fn nobody(stage: &Stage, line: &str, input: &str) -> Run {
    let mut command = stage.host.command(line.split(' '));
    command.uid(NOBODY).gid(NOBODY).env("USER", "root").env("SUDO_USER", "root").current_dir("/");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may end without reading.
    child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    Run::from(child.wait_with_output().unwrap())
}

fn expect(stage: &Stage, line: &str, code: i32) -> Run {
    let run = nobody(stage, line, "");
    assert_eq!(run.code, code, "{line}: {run:?}");
    run
}

#[test]
fn without_a_rule_whoever_can_run_the_agent_may_do_everything() {
    let Some(stage) = nobodys("") else { return };
    expect(&stage, "deploy shop --commit 1111111", 0);
    let shown = expect(&stage, "show shop", 0).stdout;
    assert!(shown.contains("root (local user 65534)"), "the kernel says who it was: {shown}");
}

#[test]
fn with_a_rule_nobody_else_may_do_anything_and_the_lines_of_the_denial_allow_it() {
    let Some(stage) = nobodys(SOMEBODY) else { return };
    let denied = expect(&stage, "deploy shop --commit 1111111", 10).stderr;
    for words in [
        "root (local user 65534) may not `deploy` on `shop`",
        "[[access]]\n",
        "users = [\"nobody\"]\n",
        "may = [\"deploy\"]\n",
        "applications = [\"shop\"]\n",
    ] {
        assert!(denied.contains(words), "{words}: {denied}");
    }
    assert!(!stage.host.root().join("state/journal.sqlite3").exists(), "nothing was written");
    for (line, right) in [
        ("status", "read"),
        ("status shop", "read"),
        ("history", "read"),
        ("history shop", "read"),
        ("show shop", "read"),
        ("show 4f0c", "read"),
        ("logs shop", "read"),
        ("config shop", "read"),
        ("release list shop", "read"),
        ("release show shop", "read"),
        ("release show ROOT/agent.toml", "read"),
        ("release export shop", "read"),
        ("release verify ROOT/agent.toml", "read"),
        ("outbox list", "read"),
        ("plugin grants shop", "read"),
        ("plan shop", "check"),
        ("plan shop --rollback", "check"),
        ("check shop", "check"),
        ("verify", "check"),
        ("verify shop", "check"),
        ("rollback shop", "deploy"),
        ("promote shop --from uat", "deploy"),
        ("resume", "deploy"),
        ("resume shop", "deploy"),
        ("release create shop", "deploy"),
        ("deploy shop --release -", "deploy"),
        ("resolve shop --reason seen", "resolve"),
        ("freeze shop --reason sale", "hold"),
        ("unfreeze shop", "hold"),
        ("pin shop --reason sale", "hold"),
        ("unpin shop", "hold"),
        ("quarantine shop 1111111 --reason sale", "hold"),
        ("unquarantine shop 1111111", "hold"),
        ("outbox flush", "operate"),
        ("outbox flush shop", "operate"),
        ("outbox retry 1", "operate"),
        ("outbox drop 1 --reason gone", "operate"),
        ("plugin list", "operate"),
        ("plugin inspect check-readiness", "operate"),
        ("plugin inspect --diff check-readiness check-window", "operate"),
        ("audit verify", "operate"),
        ("doctor", "operate"),
        ("doctor shop", "operate"),
        ("trigger staging --again", "operate"),
    ] {
        // The file of a person is read with their own rights, before anything is asked of the rules.
        let line = &line.replace("ROOT", &stage.host.root().display().to_string());
        let said = expect(&stage, line, 10).stderr;
        assert!(said.contains(&format!("may not `{right}` on ")), "{line}: {said}");
    }
    // Root may do everything.
    own(&stage, 0);
    let deployed = stage.tell("deploy shop --commit 1111111");
    assert!(deployed.starts_with("exit 0\n"), "{deployed}");
}

#[test]
fn a_rule_lets_a_user_do_what_it_names_on_the_application_that_it_names() {
    let Some(stage) = nobodys(SOMEBODY) else { return };
    add(&stage, "users = [\"nobody\"]\nmay = [\"deploy\", \"read\"]\napplications = [\"shop\"]");
    expect(&stage, "deploy shop --commit 1111111", 0);
    let shown = expect(&stage, "show shop --json", 0).stdout;
    let id = shown.split("\"deployment\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    expect(&stage, &format!("show {id}"), 0);
    expect(&stage, "status shop", 0);
    for line in [
        "freeze shop --reason sale",
        "deploy shop --commit 2222222 --break-glass sale",
        "rollback shop --pin --reason sale",
        // They are about other applications too.
        "status",
        "history",
        "resume",
        "status kudos",
        "deploy kudos",
        "release show kudos",
    ] {
        let said = expect(&stage, line, 10).stderr;
        assert!(said.contains("may not `"), "{line}: {said}");
    }
    // Of another application's deployment only the id is known.
    own(&stage, 0);
    let path = stage.host.root().join("agent.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("applications = [\"shop\"]", "applications = [\"kudos\"]")).unwrap();
    own(&stage, NOBODY);
    let said = expect(&stage, &format!("logs {id}"), 10).stderr;
    assert!(said.contains("may not `read` on `shop`"), "{said}");
}

#[test]
fn a_group_is_asked_of_the_host_at_each_request() {
    let Some(stage) = nobodys(SOMEBODY) else { return };
    expect(&stage, "status", 10);
    add(&stage, &format!("groups = [\"{NOBODY}\"]\nmay = [\"read\"]"));
    expect(&stage, "status", 0);
    let group = Command::new("id").args(["-gn", "nobody"]).output().unwrap().stdout;
    let group = String::from_utf8(group).unwrap();
    add(&stage, &format!("groups = [\"{}\"]\nmay = [\"operate\"]", group.trim()));
    expect(&stage, "audit verify", 0);
    // The groups of the process do not count.
    add(&stage, "groups = [\"root\"]\nmay = [\"hold\"]");
    expect(&stage, "freeze shop --reason sale", 10);
}

#[test]
fn an_event_may_start_what_a_rule_lets_its_trigger_do() {
    let Some(stage) = nobodys(SOMEBODY) else { return };
    let event = |commit: &str| {
        format!(
            "X-Gitlab-Event: Push Hook\r\nX-Gitlab-Token: {SECRET}\r\n\r\n\
             {{\"object_kind\":\"push\",\"ref\":\"refs/heads/main\",\"checkout_sha\":\"{commit}\",\"user_username\":\"ada\"}}"
        )
    };
    let denied = nobody(&stage, "trigger staging", &event("1111111"));
    assert_eq!(denied.code, 10, "{denied:?}");
    let who = "trigger staging (GitLab, ada), whose secret was verified may not `deploy` on `shop`";
    assert!(denied.stderr.contains(who), "{denied:?}");
    assert!(denied.stderr.contains("triggers = [\"staging\"]"), "{denied:?}");
    add(&stage, "triggers = [\"staging\"]\nmay = [\"deploy\"]\napplications = [\"shop\"]");
    let deployed = nobody(&stage, "trigger staging", &event("2222222"));
    assert_eq!(deployed.code, 0, "{deployed:?}");
    own(&stage, 0);
    let shown = stage.tell("show shop --json");
    let proof = "\"proof\":\"trigger\",\"trigger\":\"staging\",\"source\":\"GitLab\",\"sender\":\"ada\"";
    assert!(shown.contains(proof), "{shown}");
}
