//! A host on which something is wrong: a full disk, a state directory that cannot be written, a port that another
//! program holds, an engine that doesn't run or doesn't answer.

use std::fs;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use anyhow::{Result, ensure};
use windlass_stage::{Disk, Live, Run, docker};
use windlass_tests::{Small, expect};

/// What a person reads, on one line, because lines are wrapped.
fn text(run: &Run) -> String {
    run.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Fails unless the words are in what was told, in the end with one error and one hint.
fn tells(run: &Run, words: &[&str]) -> Result<()> {
    let text = text(run);
    for words in words {
        ensure!(text.contains(words), "no {words:?} in\n{}", run.stderr);
    }
    Ok(())
}

fn journal_is_whole(small: &Small) -> Result<()> {
    expect(small.host.run(["audit", "verify"])?, 0).map(drop)
}

#[test]
fn a_disk_that_is_full_at_the_start() -> Result<()> {
    let disk = Disk::mount(64)?;
    let small = Small::set_in("full", &disk.path().join("state"))?;
    // Before the agent ever ran there.
    disk.fill()?;
    let run = expect(small.deploy(&[])?, 15)?;
    tells(&run, &["error: ", "the disk is full", "hint: make room on the file system of"])?;
    ensure!(small.world()?.is_empty(), "{:?}", small.world()?);

    disk.clear()?;
    small.begin()?;
    // While version 1 serves: every time it is tried, not only as long as some room is reserved.
    disk.fill()?;
    let before = small.world()?;
    small.version("2")?;
    for attempt in 1..=3 {
        let run = expect(small.deploy(&[])?, 15)?;
        tells(&run, &["the disk is full", "hint: make room on the file system of"])?;
        ensure!(small.world()? == before, "attempt {attempt} touched something");
    }
    small.serves("1")?;
    // Questions are answered all the same.
    for question in [&["status"][..], &["history"], &["audit", "verify"]] {
        expect(small.host.run(question)?, 0)?;
    }
    // A plan keeps the release's files first. The reserve was freed, and another program took the room.
    disk.fill()?;
    let planned = expect(small.host.run(["plan", &small.name])?, 15)?;
    tells(&planned, &["No space left on device", "hint: make room on the file system of"])?;

    disk.clear()?;
    expect(small.deploy(&[])?, 0)?;
    small.serves("2")?;
    journal_is_whole(&small)
}

/// A page behind a gate that version 2 waits at until the test opens it.
fn with_gate(small: &Small) -> String {
    let gate = format!(
        "  gate:\n    image: windlass-test/{}:1\n    command: [\"sh\", \"-c\", \"test $$VERSION = 2 || echo > /tmp/open; exec sleep 600\"]\n    \
         environment: {{ VERSION: \"1\" }}\n    stop_signal: SIGKILL\n    \
         healthcheck: {{ test: [\"CMD\", \"test\", \"-f\", \"/tmp/open\"], interval: 100ms, timeout: 3s, retries: 1200 }}\n",
        small.name
    );
    let web = "  web:\n    depends_on: { gate: { condition: service_healthy } }\n";
    small.compose().replace("  web:\n", &format!("{gate}{web}"))
}

/// Begins an update, and fills the disk while it waits at the gate.
fn fill_in_the_middle(small: &Small, disk: &Disk) -> Result<Live> {
    let mut update = Live::start(&mut small.host.command(["deploy", &small.name]))?;
    update.wait_for(&["Waiting until gate is healthy"])?;
    disk.fill()?;
    Ok(update)
}

fn open_gate(small: &Small) -> Result<()> {
    let project = format!("label=com.docker.compose.project={}", small.name);
    let service = "label=com.docker.compose.service=gate";
    let gate = docker(["ps", "-q", "--latest", "--filter", &project, "--filter", service])?;
    docker(["exec", &gate, "sh", "-c", "echo > /tmp/open"]).map(drop)
}

#[test]
fn a_disk_that_becomes_full_in_the_middle() -> Result<()> {
    let disk = Disk::mount(64)?;
    let small = Small::set_in("filling", &disk.path().join("state"))?;
    let compose = with_gate(&small);
    small.write("compose.yaml", &compose)?;
    expect(small.deploy(&[])?, 0)?;
    ensure!(small.read()? == "1", "version 1 does not serve");
    let names = |small: &Small| -> Result<Vec<String>> { Ok(small.world()?.into_keys().collect()) };
    let before = names(&small)?;

    small.write("compose.yaml", compose.replace("VERSION: \"1\"", "VERSION: \"2\""))?;
    let update = fill_in_the_middle(&small, &disk)?;
    open_gate(&small)?;
    let run = expect(update.end()?, 11)?;
    tells(&run, &["the disk is full", "hint: make room on the file system of"])?;
    ensure!(small.read()? == "1", "version 1 does not serve");
    ensure!(names(&small)? == before, "{:?} is left", names(&small)?);
    journal_is_whole(&small)?;
    let history = expect(small.host.run(["history", &small.name])?, 0)?;
    ensure!(history.stdout.contains("rolled-back") || history.stdout.contains("rolled back"), "{}", history.stdout);

    // What was reserved is used, and nothing may begin with the little that its end left.
    let before = small.world()?;
    small.version("3")?;
    for attempt in 1..=3 {
        let run = expect(small.deploy(&[])?, 15)?;
        tells(&run, &["the disk is full", "hint: make room on the file system of"])?;
        ensure!(small.world()? == before, "attempt {attempt} touched something");
    }

    disk.clear()?;
    expect(small.deploy(&[])?, 0)?;
    ensure!(small.read()? == "3", "version 3 does not serve");
    journal_is_whole(&small)
}

#[test]
fn doctor_takes_no_room_that_a_deployment_needs() -> Result<()> {
    let disk = Disk::mount(96)?;
    let small = Small::set_in("smalldisk", &disk.path().join("state"))?;
    small.begin()?;
    let doctor = small.host.run(["doctor"])?;
    let seen = doctor.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(seen.contains("those that this binary carries are not all tried"), "{}", doctor.stdout);
    // Images have another file system.
    let mount = format!("make room on the file system of `{}`", disk.path().display());
    ensure!(seen.contains(&mount), "no {mount:?} in {}", doctor.stdout);
    small.version("2")?;
    expect(small.deploy(&[])?, 0)?;
    small.serves("2")
}

#[test]
fn a_state_directory_that_was_lost() -> Result<()> {
    let small = Small::set("lost")?;
    let config = "    configs: [{ source: note, target: /note }]\n    stop_signal";
    let compose = small.compose().replace("    stop_signal", config) + "\nconfigs: { note: { content: \"hello\" } }\n";
    small.write("compose.yaml", compose)?;
    small.begin()?;
    fs::remove_dir_all(&small.state)?;

    let status = expect(small.host.run(["status", &small.name])?, 17)?;
    let container = format!("{}-web-1", small.name);
    let knows = format!("knows no deployment of `{}`", small.name);
    tells(&status, &[&knows, &container, "restore the state directory from a backup"])?;
    let all = expect(small.host.run(["status"])?, 0)?;
    tells(&all, &["warning: the journal in", &format!("`{}`", small.name)])?;

    // The container runs on, and could not be started again: the file that it mounts went as well.
    let planned = expect(small.host.run(["plan", &small.name])?, 0)?;
    let told = planned.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(told.contains("files that it mounts are gone from this host"), "{}", planned.stdout);
    expect(small.deploy(&[])?, 0)?;
    docker(["restart", &container])?;
    ensure!(docker(["exec", &container, "cat", "/note"])? == "hello", "the file is not there");
    let again = expect(small.deploy(&[])?, 0)?;
    ensure!(again.stdout.contains("unchanged"), "{}", again.stdout);
    expect(small.host.run(["status", &small.name])?, 0).map(drop)
}

#[test]
fn an_agent_that_is_killed_on_a_full_disk() -> Result<()> {
    let disk = Disk::mount(64)?;
    let small = Small::set_in("killed", &disk.path().join("state"))?;
    let compose = with_gate(&small);
    small.write("compose.yaml", &compose)?;
    expect(small.deploy(&[])?, 0)?;
    let before: Vec<String> = small.world()?.into_keys().collect();
    small.write("compose.yaml", compose.replace("VERSION: \"1\"", "VERSION: \"2\""))?;
    let update = fill_in_the_middle(&small, &disk)?;
    update.signal("KILL")?;
    expect(update.end()?, -1)?;
    // What is reserved is enough to put everything back.
    let run = expect(small.host.run(["resume", &small.name, "--unwind"])?, 11)?;
    ensure!(small.read()? == "1", "version 1 does not serve\n{}", run.stderr);
    let after: Vec<String> = small.world()?.into_keys().collect();
    ensure!(after == before, "{after:?} is left");
    journal_is_whole(&small)
}

#[test]
fn a_state_directory_that_is_read_only() -> Result<()> {
    let disk = Disk::mount(64)?;
    let small = Small::set_in("readonly", &disk.path().join("state"))?;
    let refused = |small: &Small| -> Result<()> {
        let run = expect(small.deploy(&[])?, 3)?;
        tells(&run, &["state", "hint: the agent must be able to write its state directory"])?;
        ensure!(text(&run).to_lowercase().contains("read-only"), "{}", run.stderr);
        Ok(())
    };
    disk.read_only()?;
    refused(&small)?;
    ensure!(small.world()?.is_empty(), "{:?}", small.world()?);

    disk.writable()?;
    small.begin()?;
    disk.read_only()?;
    let before = small.world()?;
    small.version("2")?;
    refused(&small)?;
    ensure!(small.world()? == before, "something was touched");
    for question in [&["status"][..], &["history"], &["audit", "verify"]] {
        expect(small.host.run(question)?, 0)?;
    }
    let planned = expect(small.host.run(["plan", &small.name])?, 3)?;
    tells(&planned, &["Read-only file system", "hint: the agent must be able to write its state directory"])?;

    disk.writable()?;
    expect(small.deploy(&[])?, 0)?;
    small.serves("2")
}

/// Version 2 publishes a port that another program holds.
fn wants_a_taken_port(small: &Small) -> Result<(TcpListener, u16)> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port();
    let compose = small.compose().replace("VERSION: \"1\"", "VERSION: \"2\"");
    small.write("compose.yaml", compose.replace(&small.port.to_string(), &port.to_string()))?;
    Ok((taken, port))
}

#[test]
fn a_port_in_use_is_refused_by_the_check() -> Result<()> {
    let small = Small::running("port")?;
    let (_taken, port) = wants_a_taken_port(&small)?;
    let check =
        "[checks.host]\nplugin = \"check-readiness\"\nwith = { disk = \"1MiB\", memory = \"1MiB\", inodes = 1 }\n";
    small.write("release.toml", format!("{}{check}", small.release()))?;
    let before = small.world()?;
    let run = expect(small.deploy(&[])?, 10)?;
    tells(&run, &[&format!("port {port}/tcp, which service web publishes, is held by something"), "hint: free it"])?;
    ensure!(small.world()? == before, "something was touched");
    small.serves("1")
}

#[test]
fn a_port_in_use_fails_the_start_and_the_old_version_serves_again() -> Result<()> {
    let small = Small::running("taken")?;
    let (taken, port) = wants_a_taken_port(&small)?;
    let run = expect(small.deploy(&[])?, 11)?;
    tells(&run, &[&port.to_string(), "another process listens on that port"])?;
    small.serves("1")?;
    drop(taken);
    expect(small.deploy(&["--retry"])?, 0)?;
    Ok(())
}

/// The operator names another socket.
fn with_engine(small: &Small, more: &str, socket: &std::path::Path) -> Result<()> {
    small.operator("")?;
    let path = small.host.root().join("agent.toml");
    let text = fs::read_to_string(&path)?;
    let endpoint = format!("endpoint = \"unix://{}\"\n{more}", socket.display());
    Ok(fs::write(&path, text.replace("endpoint = \"unix:///var/run/docker.sock\"\n", &endpoint))?)
}

#[test]
fn an_engine_that_does_not_run() -> Result<()> {
    let small = Small::running("noengine")?;
    let before = small.world()?;
    small.version("2")?;
    let socket = small.host.root().join("docker.sock");
    let refused = |why: &str| -> Result<()> {
        let run = expect(small.deploy(&[])?, 15)?;
        tells(&run, &["the Docker Engine does not answer at", why, "hint: start the engine"])?;
        ensure!(small.world()? == before, "something was touched");
        Ok(())
    };
    with_engine(&small, "", &socket)?;
    refused("no such socket")?;
    // A socket that a dead engine left.
    drop(UnixListener::bind(&socket)?);
    refused("Connection refused")?;
    // What runs is asked of the engine, what was deployed is known.
    let status = expect(small.host.run(["status"])?, 0)?;
    ensure!(status.stdout.contains(&small.name), "{}", status.stdout);
    expect(small.host.run(["history"])?, 0)?;
    small.operator("")?;
    expect(small.deploy(&[])?, 0)?;
    small.serves("2")
}

#[test]
fn an_engine_that_accepts_and_never_answers() -> Result<()> {
    let small = Small::running("silent")?;
    let before = small.world()?;
    small.version("2")?;
    let socket = small.host.root().join("docker.sock");
    let silent = UnixListener::bind(&socket)?;
    let accepted = std::thread::spawn(move || silent.incoming().take(1).collect::<Vec<_>>());
    with_engine(&small, "timeout = \"1s\"\n", &socket)?;
    let run = expect(small.deploy(&[])?, 15)?;
    tells(&run, &["no answer from the Docker Engine", "within 1 s"])?;
    ensure!(small.world()? == before, "something was touched");
    ensure!(accepted.join().is_ok_and(|streams| streams.iter().all(Result::is_ok)), "nobody asked");
    small.operator("")?;
    expect(small.deploy(&[])?, 0)?;
    small.serves("2")
}
