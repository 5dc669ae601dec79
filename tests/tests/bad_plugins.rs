//! Plugins that reach for too much in real deployments, through the whole binary; and what they may keep, run and use
//! when the operator grants it.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use windlass_stage::{Run, docker};
use windlass_tests::{Small, expect, root, tells, text};

/// Puts a guest into the application's files, and says its digest.
fn bring(small: &Small, guest: &str) -> Result<String> {
    let bytes = fs::read(root().join("target/plugins").join(guest).with_extension("wasm"))?;
    small.write("ours.wasm", &bytes)?;
    Ok(format!("sha256:{}", hex::encode(Sha256::digest(&bytes))))
}

/// A grant for it.
fn grant(guest: &str, digest: &str, lines: &str) -> String {
    format!("\n[[grants]]\nplugin = \"{guest}\"\ndigest = \"{digest}\"\n{lines}\n")
}

/// JSON as TOML's inline tables.
fn toml(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(key, value)| format!("\"{key}\" = {}", toml(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

#[test]
fn a_strategy_that_creates_a_dangerous_container() -> Result<()> {
    let small = Small::set("danger")?;
    let digest = bring(&small, "hostile-strategy")?;
    small.operator(&grant("hostile-strategy", &digest, "docker-read = true\ndocker-write = {}"))?;
    let image = format!("windlass-test/{}:1", small.name);
    let deploy = |host: &Value| -> Result<Run> {
        let body = json!({ "Image": image, "Cmd": ["true"], "HostConfig": host });
        let strategy = format!("plugin = \"./ours.wasm\"\nwith = {{ do = \"create\", body = {} }}\n", toml(&body));
        let release = small.release();
        let (before, after) = release.split_once("plugin = ").unwrap_or_default();
        let rest = after.split_once("\n\n").map_or("", |(_, rest)| rest);
        small.write("release.toml", format!("{before}{strategy}\n{rest}"))?;
        small.deploy(&[])
    };
    let found = || docker(["ps", "-aq", "--filter", "name=windlass-hostile"]);
    for (danger, host) in [
        ("privileged", json!({ "Privileged": true })),
        ("host-network", json!({ "NetworkMode": "host" })),
        ("host-pid", json!({ "PidMode": "host" })),
        ("host-ipc", json!({ "IpcMode": "host" })),
        ("docker-socket", json!({ "Binds": ["/var/run/docker.sock:/var/run/docker.sock"] })),
        ("docker-socket", json!({ "Mounts": [{ "Type": "bind", "Source": "/var/run", "Target": "/run" }] })),
        ("`/`", json!({ "Binds": ["/:/host"] })),
        ("bind-roots = [\"/home\"]", json!({ "Binds": ["/home:/host:ro"] })),
        ("`/etc`", json!({ "Binds": ["/etc:/host:ro"] })),
        ("cap-add:SYS_ADMIN", json!({ "CapAdd": ["SYS_ADMIN"] })),
        ("device:/dev/kmsg", json!({ "Devices": [{ "PathOnHost": "/dev/kmsg", "PathInContainer": "/dev/kmsg" }] })),
        ("security-opt:seccomp=unconfined", json!({ "SecurityOpt": ["seccomp=unconfined"] })),
        ("`HostConfig.Unheard`", json!({ "Unheard": true })),
    ] {
        let run = expect(deploy(&host)?, 11)?;
        tells(&run, &["hostile-strategy", danger])?;
        ensure!(found()?.is_empty(), "{danger}: a container is there");
    }
    // What is harmless is made: it was the danger that was refused.
    expect(deploy(&json!({ "NetworkMode": "none" }))?, 0)?;
    ensure!(!found()?.is_empty(), "there is no container");
    Ok(())
}

/// Asks the hostile check, as the only gate of version 1, with `with`.
fn ask(small: &Small, with: &str) -> Result<Run> {
    let check = format!("[checks.ours]\nplugin = \"./ours.wasm\"\nwith = {with}\n");
    small.write("release.toml", format!("{}{check}", small.release()))?;
    small.host.run(["check", &small.name])
}

#[test]
fn what_a_check_keeps_is_there_at_its_next_call_and_nobody_elses() -> Result<()> {
    let small = Small::set("keeps")?;
    let digest = bring(&small, "hostile-check")?;
    let count = "{ do = \"count\" }";
    let denied = expect(ask(&small, count)?, 10)?;
    tells(&denied, &["hostile-check", "state = true"])?;

    small.operator(&grant("hostile-check", &digest, "state = true"))?;
    for call in 1..=3 {
        // Asked by a deployment first, and then without one.
        let run = if call == 1 { small.deploy(&[])? } else { ask(&small, count)? };
        let run = expect(run, 0)?;
        let words = format!(
            "call {call} at revision {call}; conflict, conflict, conflict; keys calls scratch/a; gone true; \
             large limit-exceeded"
        );
        tells(&run, &[&words])?;
    }
    Ok(())
}

#[test]
fn a_check_keeps_no_more_than_the_operator_allows() -> Result<()> {
    let small = Small::set("fills")?;
    let digest = bring(&small, "hostile-check")?;
    let limits = "\n[limits]\nstate-keys = 20\nstate-total = \"100KiB\"\n";
    small.operator(&format!("{}{limits}", grant("hostile-check", &digest, "state = true")))?;
    for (bytes, words) in [
        (10, ["20 kept, then limit-exceeded: 21 keys with", "`state-keys`"]),
        (50_000, ["2 kept, then limit-exceeded: 3 keys with", "`state-total`"]),
    ] {
        let run = expect(ask(&small, &format!("{{ do = \"fill\", bytes = {bytes} }}"))?, 0)?;
        tells(&run, &words)?;
    }
    Ok(())
}

#[test]
fn a_schema_without_end_is_refused_at_once() -> Result<()> {
    let small = Small::set("schema")?;
    let schema = crate::hostile::schemas::linked(40, |next| json!({ "anyOf": [next, { "allOf": [next, next] }] }));
    small.write("ours.wasm", crate::hostile::support::with_schema(&schema)?)?;
    let run = expect(ask(&small, "{}")?, 3)?;
    tells(&run, &["ours.wasm", "the schema of its configuration looks at one value more than 20000 times"])
}

#[test]
fn a_check_runs_the_commands_that_the_operator_named() -> Result<()> {
    let small = Small::set("runs")?;
    let digest = bring(&small, "hostile-check")?;
    let value = "correct-horse-battery";
    small.host.secret("token", value)?;
    let secret = small.host.root().join("secrets/token");
    let commands = format!(
        "\n[secrets.token]\nfile = \"{}\"\n\
         [commands.greet]\npath = \"/bin/echo\"\narguments = [\"{{application}}\", \"{{1}}\"]\nallow-arguments = [\"[a-z]+\"]\n\
         [commands.read]\npath = \"/bin/cat\"\n\
         [commands.tell]\npath = \"/usr/bin/printenv\"\nenvironment = {{ TOKEN = \"{{secret:token}}\" }}\n\
         [commands.fail]\npath = \"/bin/ls\"\narguments = [\"/nowhere\"]\n\
         [commands.sleep]\npath = \"/bin/sleep\"\narguments = [\"600\"]\ntimeout = \"200ms\"\n\
         [commands.limit]\npath = \"/bin/sh\"\narguments = [\"-c\", \"ulimit -Sc; ulimit -Hc\"]\n\
         [commands.any]\npath = \"/bin/echo\"\nallow-arguments = [\".+\"]\n\
         [commands.secret]\npath = \"/bin/echo\"\n",
        secret.display()
    );
    let granted = "exec = [\"greet\", \"read\", \"tell\", \"fail\", \"sleep\", \"limit\", \"any\"]";
    small.operator(&format!("{}{commands}", grant("hostile-check", &digest, granted)))?;
    let run = |command: &str, arguments: &str, code: i32, words: &[&str]| -> Result<()> {
        let with = format!("{{ do = \"exec\", command = \"{command}\", arguments = [{arguments}] }}");
        let run = expect(ask(&small, &with)?, code)?;
        tells(&run, words)?;
        ensure!(!text(&run).contains(value), "{}", run.stdout);
        Ok(())
    };
    run("greet", "\"anna\"", 0, &[&format!("0 [{} anna] []", small.name)])?;
    run("read", "", 0, &["0 [what it reads] []"])?;
    // The whole environment is the operator's, and a secret in it comes back as its placeholder.
    run("tell", "", 0, &["0 [TOKEN={{windlass.secret:token@"])?;
    run("fail", "", 0, &["[/bin/ls: cannot access '/nowhere'"])?;
    // No shell, nothing that the operator did not foresee.
    run("greet", "\"anna; id\"", 10, &["argument 1 of the command `greet`", "does not match"])?;
    run("greet", "\"anna\", \"more\"", 10, &["greet"])?;
    run("any", "\"a-b\"", 0, &["0 [a-b] []"])?;
    run("any", "\"-n\"", 10, &["argument 1 of the command `any`", "for an option"])?;
    // Neither the agent nor what it starts leaves its memory in a file; a command may raise the limit for itself.
    run("limit", "", 0, &["0 [0 "])?;
    run("sleep", "", 10, &["sleep"])?;
    run("secret", "", 10, &["exec = [\"secret\"]"])?;
    run("/bin/sh", "\"-c\", \"id\"", 10, &["exec = [\"/bin/sh\"]"])
}
