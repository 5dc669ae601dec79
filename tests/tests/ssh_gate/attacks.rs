//! What a client sends to get more than it may: as a command, as its environment, and besides the command.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use windlass_stage::{Run, free_port, program};
use windlass_tests::{expect, tells};

use super::support::{Gate, PATIENCE, processes};

#[test]
fn no_command_becomes_another_one() -> Result<()> {
    let gate = Gate::new("gate-words", &["read", "check", "deploy"])?;
    let name = &gate.small.name;
    let mark = gate.small.host.root().join("mark");
    let touch = format!("touch {}", mark.display());
    let plan = gate.small.host.root().join("plan").display().to_string();
    for (line, code, words) in [
        (format!("status {name}; {touch}"), 2, "unexpected argument 'touch'"),
        (format!("status {name};"), 2, "is not an application's name"),
        (format!("status {name} && {touch}"), 2, ""),
        (format!("status {name} | {touch}"), 2, ""),
        (format!("status {name} & {touch}"), 2, ""),
        (format!("status $({touch})"), 2, ""),
        (format!("status `{touch}`"), 2, ""),
        (format!("status {name} > {}", mark.display()), 2, ""),
        (format!("status {name}\n{touch}"), 2, "control character, `\\n`"),
        (format!("status {name}\r{touch}"), 2, "control character"),
        (format!("status {name}\u{1b}[2J"), 2, "control character"),
        (format!("status '{name}"), 2, "not closed"),
        (format!("status {name} \\"), 2, "ends with a `\\`"),
        ("--help".to_owned(), 10, "`--help` is no command"),
        ("-- --help".to_owned(), 10, "`--` is no command"),
        (format!("--config /dev/null status {name}"), 10, "`--config` is no command"),
        (format!("status {name} --config /dev/null"), 10, "cannot use `--config`"),
        (format!("WINDLASS_CONFIG=/dev/null status {name}"), 10, "is no command that a key can run"),
        (touch.clone(), 10, "`touch` is no command"),
        (format!("sh -c '{touch}'"), 10, "`sh` is no command"),
        ("internal precompile".to_owned(), 10, "`internal` is no command"),
        ("ssh-gate --key root".to_owned(), 10, "`ssh-gate` is no command"),
        ("init".to_owned(), 10, "`init` is no command"),
        (format!("man --out {}", mark.display()), 10, "`man` is no command"),
        (format!("plan {name} --out {plan}"), 10, "cannot use `--out`"),
        (format!("deploy {name} --plan {plan}"), 10, "cannot use `--plan`"),
        (format!("deploy {name} --release /etc/passwd"), 10, "`/etc/passwd`, which is a path"),
        (format!("deploy {}", gate.small.directory().display()), 10, "which is a path"),
        ("release verify /etc/passwd".to_owned(), 10, "`/etc/passwd`, which is a path"),
        ("status ../..".to_owned(), 10, "which is a path"),
    ] {
        let told = gate.ask(&line)?;
        ensure!(told.code == code, "{line:?}: {told:?}");
        tells(&told, &[words])?;
        ensure!(!told.stderr.contains('\u{1b}'), "{line:?}: {told:?}");
    }
    // A program reads why in the last line.
    let told = expect(gate.ask("init --json")?, 10)?.stdout;
    ensure!(told.starts_with("{\"type\":\"error\"") && told.contains("no command that a key can run"), "{told}");
    // A text for the record is that, whatever is in it.
    let reason = format!("$({touch}) `{touch}` ; {touch} '\"");
    let quoted = reason.replace('\'', "'\\''");
    expect(gate.ask(format!("deploy {name} --reason '{quoted}'"))?, 0)?;
    ensure!(gate.history()?[0]["reason"] == reason.as_str(), "{:?}", gate.history()?);
    ensure!(!mark.exists(), "something of it was run");

    for (bytes, words) in [
        (b"status \xff\xfe".to_vec(), "not UTF-8 from byte 7 on"),
        (format!("status {}", "a".repeat(8 * 1024)).into_bytes(), "at most 8192 are read"),
        (format!("status {}", "a".repeat(125_000)).into_bytes(), "at most 8192 are read"),
    ] {
        tells(&expect(gate.ask(OsStr::from_bytes(&bytes))?, 2)?, &[words])?;
    }
    // Beyond what the system hands to a program sshd itself fails. Nothing is run.
    let half = "a".repeat(70_000);
    let told = Run::from(gate.client(&[])?.args(["--", &half, &half]).output()?);
    ensure!(told.code != 0, "{told:?}");
    Ok(())
}

#[test]
fn no_variable_reaches_a_command() -> Result<()> {
    let home = tempfile::tempdir()?;
    let mark = home.path().join("read");
    // What a shell reads for every command that sshd runs.
    let bashrc =
        format!("touch {}\nexport WINDLASS_CONFIG=/dev/null WINDLASS_TEST_TIME=never EVIL=1\n", mark.display());
    fs::write(home.path().join(".bashrc"), bashrc)?;
    let set = home.path().display().to_string();
    let gate = Gate::with("gate-env", &["read", "deploy"], &[("HOME", &set), ("WINDLASS_CONFIG", "/dev/null")], "")?;
    let name = &gate.small.name;
    gate.slowly("2")?;
    let options: Vec<String> = [
        "WINDLASS_CONFIG=/dev/null",
        "WINDLASS_TEST_IDS=evil-",
        "LC_EVIL=() { :;}; touch /tmp/windlass-gate-evil",
        "LC_ALL=xx_XX",
        "RUST_BACKTRACE=full",
        "DOCKER_HOST=tcp://127.0.0.1:1",
        "HTTPS_PROXY=http://127.0.0.1:1",
        "SSH_USER_AUTH=/dev/null",
        "TMPDIR=/nowhere",
    ]
    .iter()
    .map(|variable| format!("SetEnv=\"{variable}\""))
    .collect();
    // Of several `SetEnv` the client takes the first, so they are one.
    let all = options.iter().map(|option| option.trim_start_matches("SetEnv=")).collect::<Vec<_>>().join(" ");
    let child = gate.client(&["-o", &format!("SetEnv={all}")])?.args(["--", &format!("deploy {name}")]).spawn()?;
    gate.is_open()?;
    let environment = environment_of_the_gate(&gate.config().display().to_string())?;
    let told = expect(Run::from(child.wait_with_output()?), 0)?;
    let names: Vec<&str> = environment.iter().filter_map(|variable| variable.split('=').next()).collect();
    ensure!(names == ["PATH", "HOME"] || names == ["HOME", "PATH"], "{environment:?}");
    ensure!(environment.contains(&"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned()));
    ensure!(!environment.contains(&format!("HOME={set}")), "the home is not the user's own: {environment:?}");
    ensure!(!told.stderr.contains("evil") && !std::path::Path::new("/tmp/windlass-gate-evil").exists(), "{told:?}");
    // The shell of this user read it, so there was something to drop.
    let is_bash =
        fs::read_to_string("/etc/passwd")?.lines().any(|line| line.starts_with("root:") && line.ends_with("bash"));
    ensure!(mark.exists() || !is_bash, "the shell did not read the file");
    Ok(())
}

/// The environment of the process behind the gate whose command line has this word.
fn environment_of_the_gate(word: &str) -> Result<Vec<String>> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let mut gates = processes(word)?.filter(|(_, words)| words.iter().any(|word| word == "internal"));
        if let Some((path, _)) = gates.next() {
            let environment = fs::read(path.join("environ")).context("the environment of the gate")?;
            let variables = environment.split(|byte| *byte == 0).filter(|variable| !variable.is_empty());
            return Ok(variables.map(|variable| String::from_utf8_lossy(variable).into_owned()).collect());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    anyhow::bail!("there is no gate")
}

#[test]
fn a_key_gets_no_files_no_forwarding_and_no_terminal() -> Result<()> {
    let gate = Gate::new("gate-beside", &["read", "deploy"])?;
    let here = gate.small.host.root().join("here");
    fs::write(&here, "x")?;
    let there = gate.small.host.root().join("there");
    let config = gate.sshd.client_config();
    let to = format!("uat1:{}", there.display());
    for (client, arguments) in [
        ("scp", vec!["-q".to_owned(), here.display().to_string(), to.clone()]),
        ("scp", vec!["-q".to_owned(), "-O".to_owned(), here.display().to_string(), to]),
        ("scp", vec!["-q".to_owned(), format!("uat1:{}", here.display()), there.display().to_string()]),
        ("sftp", vec!["-q".to_owned(), "uat1".to_owned()]),
    ] {
        let mut command = Command::new(program(client)?);
        command.arg("-F").arg(&config).args(&arguments).stdin(Stdio::null());
        let run = Run::from(command.output()?);
        ensure!(run.code != 0 && !there.exists(), "{client} {arguments:?}: {run:?}");
    }

    // Another port of the host is not reached through it.
    let port = free_port()?;
    let forward = format!("{port}:127.0.0.1:{}", gate.small.port);
    let mut tunnel = gate.client(&["-N", "-L", &forward])?.spawn()?;
    let begin = Instant::now();
    let answer = loop {
        ensure!(begin.elapsed() < PATIENCE, "the client does not listen");
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
            std::thread::sleep(Duration::from_millis(50));
            continue;
        };
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut answer = Vec::new();
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").and_then(|()| stream.read_to_end(&mut answer)).ok();
        break answer;
    };
    tunnel.kill()?;
    tunnel.wait()?;
    ensure!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
    gate.serves("1")?;

    // A terminal is refused, and the client leaves at once. What it asked for is done to its end or not opened: sshd may have taken
    // away what says which key it was.
    gate.small.version("2")?;
    let line = format!("deploy {}", gate.small.name);
    let run = Run::from(gate.client(&["-tt"])?.args(["--", &line]).output()?);
    ensure!(!run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'), "{run:?}");
    gate.is_idle()?;
    let opened = gate.history()?.len();
    ensure!(gate.outcome(opened)? == "succeeded", "{run:?}");
    gate.serves(&opened.to_string())?;
    expect(gate.ask(&line)?, 0)?;
    gate.serves("2")
}
