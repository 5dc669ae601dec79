//! Real programs of the host, and every way to get another one run.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use windlass_foundation::identity::Kind;
use windlass_foundation::redact::Redactor;

use super::*;
use crate::secrets::{HostKey, Secrets};
use crate::testing::{config, grants};

/// The commands of `agent`, all granted.
fn exec(agent: &str) -> Exec {
    exec_with(agent, Secrets::default())
}

fn exec_with(agent: &str, secrets: Secrets) -> Exec {
    let names: Vec<String> = config(agent).commands.into_keys().collect();
    let granted = format!("{agent}\n[[grants]]\nplugin = \"check-ours\"\nexec = {names:?}");
    let grants = grants(Kind::Check, &granted);
    let commands = Arc::new(config(&granted).commands);
    Exec::new(Arc::clone(&grants), commands, PluginSecrets::new(secrets, grants))
}

async fn run(exec: &Exec, name: &str, arguments: &[&str]) -> Result<Output, Failure> {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    exec.run(name, &arguments, Vec::new()).await
}

#[tokio::test]
async fn arguments_go_where_the_operator_allows_them() {
    let exec = exec(
        "[commands.show]\npath = \"/usr/bin/printf\"\narguments = [\"%s|\", \"{application}={1}\", \"{{}}\"]\n\
         allow-arguments = [\"[a-z]+\", \"-v|--quiet\"]",
    );
    let output = run(&exec, "show", &["abc", "-v"]).await.unwrap();
    assert_eq!((output.exit_code, String::from_utf8(output.stdout).unwrap().as_str()), (0, "kudos=abc|{}|-v|"));
    // Anchored at both ends, whole, and no more than allowed. Nothing is a shell's business.
    for refused in [&["ABC"][..], &["abc\n"], &["abc; rm -rf /"], &["$(id)"], &[""], &["abc", "-x"], &["abc", "-vv"]] {
        assert_eq!(run(&exec, "show", refused).await.unwrap_err().code, "capability-denied", "{refused:?}");
    }
    assert_eq!(run(&exec, "show", &["abc", "-v", "x"]).await.unwrap_err().code, "invalid-argument");
    assert_eq!(run(&exec, "show", &[]).await.unwrap_err().code, "invalid-argument");
    let failure = run(&exec, "other", &[]).await.unwrap_err();
    assert!(failure.details.unwrap()["grant"].as_str().unwrap().contains("exec = [\"other\"]"));
}

#[tokio::test]
async fn a_value_is_never_taken_for_an_option() {
    let exec = exec(
        "[commands.plain]\npath = \"/usr/bin/printf\"\narguments = [\"%s|\"]\nallow-arguments = [\".*\", \"-v|.*\"]\n\
         [commands.placed]\npath = \"/usr/bin/printf\"\narguments = [\"%s|\", \"{1}{2}\"]\nallow-arguments = [\".*\", \".*\"]\n\
         [commands.named]\npath = \"/usr/bin/printf\"\narguments = [\"%s|\", \"--name={1}\"]\nallow-arguments = [\".*\"]\n\
         [commands.behind]\npath = \"/usr/bin/printf\"\narguments = [\"%s|\", \"--\", \"{1}\"]\nallow-arguments = [\".*\", \".*\"]",
    );
    for (name, arguments, wanted) in [
        ("plain", &["x", "-v"][..], Some("x|-v|")),
        ("plain", &["x", "a-b"], Some("x|a-b|")),
        ("plain", &["-v"], None),
        ("plain", &["--output=/etc/passwd"], None),
        ("plain", &["-"], None),
        ("plain", &["x", "-rf"], None),
        ("plain", &["x\ny"], None),
        ("plain", &["x\0y"], None),
        ("placed", &["", "-x"], None),
        ("placed", &["-", "x"], None),
        ("placed", &["a", "-x"], Some("a-x|")),
        ("named", &["-x"], Some("--name=-x|")),
        ("behind", &["-x", "-y"], Some("--|-x|-y|")),
    ] {
        match (run(&exec, name, arguments).await, wanted) {
            (Ok(output), Some(text)) => {
                assert_eq!(String::from_utf8_lossy(&output.stdout), text, "{name} {arguments:?}");
            }
            (Err(failure), None) => assert_eq!(failure.code, "capability-denied", "{name} {arguments:?}"),
            (other, _) => panic!("{name} {arguments:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_command_has_nothing_of_the_agents_environment() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("db");
    fs::write(&file, "hunter22").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let agent = format!(
        "[secrets.db]\nfile = {:?}\n[commands.env]\npath = \"/usr/bin/env\"\ndirectory = \"/usr\"\n\
         environment = {{ A = \"1\", PGPASSWORD = \"{{secret:db}}\" }}\n\
         [commands.where]\npath = \"/usr/bin/pwd\"\ndirectory = \"/usr\"",
        file.display().to_string()
    );
    let redactor = Redactor::new();
    let commands = config(&agent).commands;
    let names = secret_names(&commands, &commands.keys().cloned().collect());
    let names = names.iter().map(String::as_str);
    let secrets =
        Secrets::resolve_all(&config(&agent).secrets, names, &HostKey::from_bytes(&[1; 32]), &redactor).unwrap();
    let placeholder = secrets.placeholder("db").unwrap().to_owned();
    let exec = exec_with(&agent, secrets);
    // The command had the value, and the plugin does not get it.
    let output = run(&exec, "env", &[]).await.unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("A=1\nPGPASSWORD={placeholder}\n"));
    assert_eq!(run(&exec, "where", &[]).await.unwrap().stdout, b"/usr\n");
}

#[tokio::test]
async fn input_output_and_ends_are_told() {
    let exec = exec(
        "[commands.cat]\npath = \"/usr/bin/cat\"\nmax-output = \"64KiB\"\n\
         [commands.yes]\npath = \"/usr/bin/head\"\narguments = [\"-c\", \"1000000\", \"/dev/zero\"]\nmax-output = \"1KiB\"\n\
         [commands.sh]\npath = \"/bin/sh\"\narguments = [\"-c\", \"echo begin >&2; head -c 100000 /dev/zero >&2; echo end >&2; kill -9 $$\"]\nmax-output = \"1KiB\"\n\
         [commands.false]\npath = \"/usr/bin/false\"",
    );
    let input = vec![b'x'; 60_000];
    assert_eq!(exec.run("cat", &[], input.clone()).await.unwrap().stdout, input);
    let output = run(&exec, "yes", &[]).await.unwrap();
    assert_eq!((output.stdout.len(), output.truncated), (1024, true));
    let output = run(&exec, "sh", &[]).await.unwrap();
    assert_eq!(output.exit_code, 128 + 9);
    assert!(output.truncated && output.stderr.len() == 1024 && output.stderr.ends_with(b"end\n"));
    // A command that does not read its input still ends.
    assert_eq!(exec.run("false", &[], vec![0; 1_000_000]).await.unwrap().exit_code, 1);
}

/// Waits until a process is gone; the test's own deadline is generous.
async fn gone(process: &Path) -> bool {
    for _ in 0..500 {
        let state = fs::read_to_string(process.join("stat")).unwrap_or_default();
        // A zombie runs no more: it only waits for its parent process, which may be another one by now, to collect its
        // state.
        if state.is_empty() || state.contains(") Z ") {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}

/// The processes that a command wrote down, once both are there; the test's own deadline is generous.
async fn written(pids: &Path) -> Vec<String> {
    for _ in 0..500 {
        let lines: Vec<_> = fs::read_to_string(pids).unwrap_or_default().lines().map(str::to_owned).collect();
        if lines.len() == 2 {
            return lines;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Vec::new()
}

/// A command that starts another one and waits for it, written down in `pids`.
fn long(pids: &Path, timeout: &str) -> Exec {
    let script = format!("sleep 1000 & {{{{ echo $!; echo $$; }}}} > {}; wait", pids.display());
    exec(&format!("[commands.long]\npath = \"/bin/sh\"\narguments = [\"-c\", {script:?}]\ntimeout = \"{timeout}\""))
}

async fn assert_gone(pids: &[String]) {
    for pid in pids {
        assert!(gone(&Path::new("/proc").join(pid)).await, "process {pid} is left over");
    }
}

#[tokio::test]
async fn time_running_out_ends_all_that_the_command_started() {
    let directory = tempfile::tempdir().unwrap();
    let pids = directory.path().join("pids");
    // On a busy machine a command may not have come far in a short time: then it is given more.
    for timeout in ["300ms", "3s", "30s"] {
        let failure = run(&long(&pids, timeout), "long", &[]).await.unwrap_err();
        assert_eq!((failure.code.as_str(), failure.retryable), ("timeout", true));
        if fs::read_to_string(&pids).is_ok_and(|text| text.lines().count() == 2) {
            break;
        }
    }
    let pids = written(&pids).await;
    assert_eq!(pids.len(), 2);
    assert_gone(&pids).await;
}

#[tokio::test]
async fn a_call_given_up_ends_all_that_the_command_started() {
    let directory = tempfile::tempdir().unwrap();
    let pids = directory.path().join("pids");
    let exec = long(&pids, "10m");
    let written = tokio::select! {
        output = run(&exec, "long", &[]) => panic!("it ended: {output:?}"),
        written = written(&pids) => written,
    };
    assert_eq!(written.len(), 2);
    assert_gone(&written).await;
}

#[tokio::test]
async fn what_a_command_leaves_running_is_ended_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let pid = directory.path().join("pid");
    let script = format!("sleep 1000 & echo $! > {}", pid.display());
    let exec = exec(&format!("[commands.fork]\npath = \"/bin/sh\"\narguments = [\"-c\", {script:?}]"));
    assert_eq!(run(&exec, "fork", &[]).await.unwrap().exit_code, 0);
    let pid = fs::read_to_string(&pid).unwrap();
    assert!(gone(&Path::new("/proc").join(pid.trim())).await);
}

#[tokio::test]
async fn programs_that_others_could_replace_are_not_run() {
    let directory = tempfile::tempdir_in("/tmp").unwrap();
    let program = directory.path().join("program");
    // By another process: a program that a thread of this one starts meanwhile would hold the file open for writing.
    let copied = std::process::Command::new("cp").arg("/usr/bin/true").arg(&program).status().unwrap();
    assert!(copied.success());
    std::os::unix::fs::symlink("/usr/bin/true", directory.path().join("link")).unwrap();
    // Everybody can be the first with a name in /tmp, so nothing in it is trusted, not even a link to what is.
    for path in [program, directory.path().join("link")] {
        let exec = exec(&format!("[commands.ours]\npath = {:?}", path.display().to_string()));
        let failure = run(&exec, "ours", &[]).await.unwrap_err();
        assert!(failure.message.contains("every user can write `/tmp`"), "{failure:?}");
        let hint = failure.details.unwrap()["hint"].as_str().unwrap().to_owned();
        assert!(hint.contains("root or the agent's user"), "{hint}");
    }
}

#[tokio::test]
async fn root_becomes_the_user_that_the_operator_names() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let exec = exec(
        "[commands.id]\npath = \"/usr/bin/id\"\nuser = \"nobody\"\n[commands.number]\npath = \"/usr/bin/id\"\nuser = \"1234:5678\"\n\
         [commands.none]\npath = \"/usr/bin/id\"\nuser = \"nobody-of-that-name\"",
    );
    let id = String::from_utf8(run(&exec, "id", &[]).await.unwrap().stdout).unwrap();
    assert!(id.starts_with("uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)"), "{id}");
    let id = String::from_utf8(run(&exec, "number", &[]).await.unwrap().stdout).unwrap();
    assert_eq!(id.trim(), "uid=1234 gid=5678 groups=5678");
    assert!(run(&exec, "none", &[]).await.unwrap_err().message.contains("does not exist"));
}
