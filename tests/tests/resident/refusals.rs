//! An agent that cannot be asked, or that may not be: each with its message and exit code, and nothing done.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Result, ensure};
use windlass_stage::Run;
use windlass_tests::{Resident, Small, expect, socket, tells};

/// The number of a user and of its group that hosts have for those who are nothing else.
const OTHER: u32 = 65_534;

/// Runs a command as that user, in that group or in none of the host's.
fn as_other(small: &Small, group: u32, line: &[&str]) -> Result<Run> {
    let mut command = small.host.command(line);
    command.uid(OTHER).gid(group).current_dir("/").env("USER", "root").env("SUDO_USER", "root");
    Ok(Run::from(command.output()?))
}

/// Other users of the host may go to its files, apart from the state.
fn open(small: &Small) -> Result<()> {
    Ok(fs::set_permissions(small.host.root(), fs::Permissions::from_mode(0o755))?)
}

#[test]
fn where_no_agent_answers_nothing_is_done_and_the_way_on_is_said() -> Result<()> {
    let small = Small::running("dead")?;
    let agent = Resident::begin(&small)?;
    agent.kill()?;
    small.version("2")?;
    let line = ["deploy", &small.name];
    tells(&expect(small.host.run(line)?, 15)?, &["no agent answers at", "systemctl start windlass", "remove"])?;
    small.serves("1")?;
    // A new one takes the place of the socket that was left.
    Resident::start(&small, &[])?.end()?;

    fs::write(socket(&small), "no socket")?;
    tells(&expect(small.host.run(line)?, 3)?, &["is there and is no socket"])?;
    tells(&expect(small.host.run(["agent"])?, 3)?, &["is there and is no socket"])?;
    fs::remove_file(socket(&small))?;

    // Another program listens there.
    let other = UnixListener::bind(socket(&small))?;
    tells(&expect(small.host.run(["agent"])?, 13)?, &["another program listens"])?;
    drop(other);
    fs::remove_file(socket(&small))?;
    tells(&expect(small.host.run(["attach"])?, 15)?, &["no agent stays on this host"])?;
    expect(small.host.run(["stop"])?, 15)?;
    expect(small.host.run(line)?, 0)?;
    small.serves("2")
}

#[test]
fn a_socket_that_another_user_could_have_made_is_not_trusted() -> Result<()> {
    let small = Small::running("not-trusted")?;
    Resident::configure(&small, "")?;
    let listener = UnixListener::bind(socket(&small))?;
    chown(socket(&small), Some(OTHER), None)?;
    let line = ["status", &small.name];
    tells(&expect(small.host.run(line)?, 10)?, &["is not trusted", "it belongs to `nobody`"])?;
    chown(socket(&small), Some(0), None)?;
    fs::set_permissions(small.host.root(), fs::Permissions::from_mode(0o777))?;
    tells(&expect(small.host.run(line)?, 10)?, &["is not trusted", "every user of this host can write"])?;
    drop(listener);
    Ok(())
}

#[test]
fn there_is_one_agent_of_a_state_directory_and_no_command_works_beside_it() -> Result<()> {
    let small = Small::running("one")?;
    let agent = Resident::begin(&small)?;
    tells(&expect(small.host.run(["agent"])?, 13)?, &["an agent already works with the state directory"])?;
    // An operator's file that does not say where the agent is asked.
    let text = fs::read_to_string(small.host.root().join("agent.toml"))?;
    let without = text.split("\n[agent]").next().unwrap_or_default();
    let other = small.host.root().join("other.toml");
    fs::write(&other, without)?;
    let other = other.display().to_string();
    small.version("2")?;
    let beside = expect(small.host.run(["--config", &other, "deploy", &small.name])?, 13)?;
    tells(&beside, &["an agent already works", &socket(&small).display().to_string(), "below `[agent]`"])?;
    small.serves("1")?;
    // Looking takes nothing away.
    expect(small.host.run(["--config", &other, "status"])?, 0)?;
    tells(&expect(small.host.run(["--config", &other, "agent"])?, 3)?, &["does not say at which socket"])?;
    agent.end().map(drop)
}

#[test]
fn an_agent_of_another_version_is_named_with_who_is_to_be_upgraded() -> Result<()> {
    let small = Small::running("skew")?;
    Resident::configure(&small, "")?;
    small.version("2")?;
    for (api, words) in [("2", "upgrade the command line"), ("0", "upgrade the agent")] {
        let agent = Resident::start(&small, &[("WINDLASS_TEST_API", api)])?;
        let run = expect(small.deploy(&[])?, 10)?;
        tells(&run, &["speaks version 1", &format!("speaks version {api}"), words])?;
        agent.end()?;
    }
    small.serves("1")
}

#[test]
fn users_may_look_and_what_a_rule_allows_and_root_may_everything() -> Result<()> {
    let is_root = Command::new("id").arg("-u").output()?.stdout == b"0\n";
    ensure!(is_root, "the tests of other users run as root");
    let small = Small::running("users")?;
    open(&small)?;
    Resident::configure(&small, &format!("group = \"{OTHER}\"\n"))?;
    let agent = Resident::start(&small, &[])?;
    small.version("2")?;
    let name = small.name.as_str();
    let denied = expect(as_other(&small, OTHER, &["deploy", name])?, 10)?;
    tells(&denied, &["nobody (local user 65534) may not `deploy`", "[[access]]", "users = [\"nobody\"]"])?;
    small.serves("1")?;
    tells(&expect(as_other(&small, OTHER, &["status", name])?, 0)?, &["runs as deployed"])?;
    let path = small.directory().display().to_string();
    tells(&expect(as_other(&small, OTHER, &["config", &path])?, 10)?, &["reads files with its own rights"])?;
    expect(as_other(&small, OTHER, &["freeze", name, "--reason", "x"])?, 10)?;
    // Who is not in the group cannot even ask.
    tells(&expect(as_other(&small, 4_000_001, &["status"])?, 10)?, &["you may not open the agent's socket"])?;

    // The rules count from the next request on, without a restart.
    let rule = format!(
        "group = \"{OTHER}\"\n\n[[access]]\ngroups = [\"nogroup\"]\nmay = [\"deploy\"]\napplications = [\"{name}\"]\n"
    );
    Resident::configure(&small, &rule)?;
    expect(as_other(&small, OTHER, &["deploy", name])?, 0)?;
    small.serves("2")?;
    let shown = expect(small.host.run(["show", name])?, 0)?.stdout;
    ensure!(shown.contains("nobody (local user 65534)"), "the kernel says who it was: {shown}");
    agent.end().map(drop)
}

#[test]
fn an_operators_file_that_is_wrong_about_the_agent_is_refused_at_its_line() -> Result<()> {
    let small = Small::set("wrong-agent")?;
    for (lines, words) in [
        ("socket = \"agent.sock\"", "absolute path"),
        ("socket = \"/\"", "absolute path"),
        ("stop-within = \"0s\"", "some time"),
        ("ssh-users = [\"a:b\"]", "no name or number of a user"),
        ("drift-every = \"9s\"", "at least `10s`, or `false`"),
        ("sweep-every = true", "`false` for never"),
        ("sokcet = \"/run/a.sock\"", "socket"),
    ] {
        small.operator(&format!("\n[agent]\n{lines}\n"))?;
        let run = expect(small.host.run(["agent"])?, 3)?;
        tells(&run, &[words, "agent.toml:"])?;
    }
    small.operator(&format!("\n[agent]\nsocket = \"/run/{}\"\n", "s".repeat(120)))?;
    tells(&expect(small.host.run(["agent"])?, 3)?, &["at most 107 bytes"])?;
    Resident::configure(&small, "group = \"no-such-group\"\n")?;
    tells(&expect(small.host.run(["agent"])?, 3)?, &["the group `no-such-group`", "groupadd"])
}

/// A file that is just being edited may lack it, too.
#[test]
fn another_state_directory_counts_from_the_next_start() -> Result<()> {
    let small = Small::running("resident-state")?;
    let agent = Resident::begin(&small)?;
    let file = small.host.root().join("agent.toml");
    let other = small.host.root().join("other");
    let text =
        std::fs::read_to_string(&file)?.replace(&small.state.display().to_string(), &other.display().to_string());
    std::fs::write(&file, text)?;
    tells(&expect(small.host.run(["status", &small.name])?, 0)?, &["runs as deployed"])?;
    small.version("2")?;
    expect(small.deploy(&[])?, 0)?;
    ensure!(!other.exists(), "a second state was begun");
    agent.end().map(drop)
}
