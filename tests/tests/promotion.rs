//! Releases as files, and the very same release from one environment to the next.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use windlass_stage::{Host, Run, Sshd, docker};
use windlass_tests::{Small, agent, expect};

const SMOKE: &str = r#"
[smoke.page]
plugin = "smoke-containers"
with = { settle = "100ms" }

[environments.production]
"#;

const GRANTS: &str = r#"
[[grants]]
plugin = "smoke-containers"
docker-read = true

[[grants]]
plugin = "recorder-state-file"
files = [{ root = "records", path = "RECORDS", write = true }]
"#;

/// A host in production, beside the one of `small`, on the same engine: what it deploys is the same project.
struct Production {
    host: Host,
    _directory: tempfile::TempDir,
}

impl Production {
    fn set(more: &str) -> Result<Self> {
        let directory = tempfile::TempDir::new()?;
        let host = Host::new(&agent()?, directory.path())?;
        host.has_been_used()?;
        let root = directory.path().display();
        let text = format!(
            "environment = \"production\"\nstate-directory = \"{root}/state\"\napplications-directory = \"{root}/applications\"\n\
             [[grants]]\nplugin = \"strategy-compose\"\ndocker-read = true\ndocker-write = {{}}\n\
             [[grants]]\nplugin = \"smoke-containers\"\ndocker-read = true\n\
             [[grants]]\nplugin = \"recorder-state-file\"\n\
             files = [{{ root = \"records\", path = \"{root}/records\", write = true }}]\n{more}"
        );
        fs::write(host.root().join("agent.toml"), text)?;
        Ok(Self { host, _directory: directory })
    }

    fn run(&self, arguments: &[&str]) -> Result<Run> {
        self.host.run(arguments)
    }
}

/// A host in uat whose version 2 runs and was smoke tested.
fn tested(name: &str) -> Result<Small> {
    let small = Small::set(name)?;
    let records = small.host.root().join("records");
    small.operator(&GRANTS.replace("RECORDS", &records.display().to_string()))?;
    let recorder = "[recorders.state]\nplugin = \"recorder-state-file\"\n";
    small.write("release.toml", format!("{}{SMOKE}{recorder}", small.release()))?;
    small.version("2")?;
    expect(small.deploy(&[])?, 0)?;
    small.serves("2")?;
    Ok(small)
}

fn id(run: &Run) -> Result<String> {
    let value: Value = serde_json::from_str(run.stdout.trim())?;
    Ok(value["release"]["id"].as_str().unwrap_or_default().to_owned())
}

/// A CI job has no operator's file, no state directory, no grant and no secret, and pipes what it makes to the host.
#[test]
fn a_release_is_made_where_nothing_is_granted_and_deployed_from_standard_input() -> Result<()> {
    let small = Small::set("pipe")?;
    let name = small.name.as_str();
    let checkout = small.host.root().join("checkout");
    let home = small.host.root().join("home");
    for directory in [&checkout, &home] {
        fs::create_dir_all(directory)?;
    }
    let granted_nowhere = "[recorders.hook]\nplugin = \"recorder-webhook\"\nwith = { url = \"https://chat.example/\", \
                           headers = { Authorization = \"{secret:chat}\" } }\n[secrets]\nTOKEN = \"of-the-host\"\n";
    fs::write(checkout.join("release.toml"), format!("{}{granted_nowhere}", small.release()))?;
    fs::write(checkout.join("compose.yaml"), small.compose())?;
    let create = |arguments: &[&str]| -> Result<std::process::Output> {
        let mut create = Command::new(agent()?);
        create.args(["release", "create", "."]).args(arguments).current_dir(&checkout);
        Ok(create.env_clear().env("HOME", &home).env("PATH", "/usr/bin:/bin").output()?)
    };
    let made = create(&["--out", "../made.json"])?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    ensure!(fs::read_dir(&home)?.next().is_none(), "nothing is left in the home directory");
    // Where there is no operator's file there is no environment that it could be.
    let meant = create(&["--environment", "uat"])?;
    let said = String::from_utf8_lossy(&meant.stderr);
    ensure!(meant.status.code() == Some(2) && said.contains("leave out `--environment`"), "{said}");

    // The host's own release, so that what it may not have does not stand in the way.
    fs::write(checkout.join("release.toml"), format!("{}\n[environments.production]\n", small.release()))?;
    let piped = create(&[])?;
    ensure!(piped.status.success(), "{}", String::from_utf8_lossy(&piped.stderr));
    let production = Production::set("")?;
    let mut deploy = production.host.command(["deploy", name, "--release", "-"]);
    let mut deploy = deploy.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    deploy.stdin.take().context("no standard input")?.write_all(&piped.stdout)?;
    let deployed = deploy.wait_with_output()?;
    ensure!(deployed.status.success(), "{}", String::from_utf8_lossy(&deployed.stderr));
    small.serves("1")
}

#[test]
fn a_change_for_another_environment_is_proved_by_what_runs_and_can_be_promoted() -> Result<()> {
    let small = tested("elsewhere")?;
    let name = small.name.as_str();
    let text = fs::read_to_string(small.directory().join("release.toml"))?;
    let more = "[environments.production]\nvariables = { LOG_LEVEL = \"warn\" }\n";
    ensure!(text.contains("[environments.production]\n"));
    small.write("release.toml", text.replace("[environments.production]\n", more))?;
    let before = small.world()?;
    let run = expect(small.deploy(&[])?, 0)?;
    assert!(run.stdout.contains("unchanged: "), "{}", run.stdout);
    assert_eq!(small.world()?, before, "nothing was touched");
    let path = small.host.root().join("proved.json").display().to_string();
    expect(small.host.run(["release", "export", name, "--out", &path])?, 0)?;
    let shown = expect(small.host.run(["release", "show", &path])?, 0)?.stdout;
    assert!(!shown.contains("nowhere yet") && shown.contains("smoke tests  1 passed"), "{shown}");
    let both = expect(small.host.run(["release", "show", &path, "v1"])?, 2)?.stderr;
    assert!(both.contains("`v1` cannot choose another one") && both.contains("leave out `v1`"), "{both}");
    let accepted = "[releases]\naccept-unsigned-proofs = true\n";
    let production = Production::set(accepted)?;
    expect(production.run(&["promote", name, "--from", &path])?, 0)?;
    let wanted = id(&expect(small.host.run(["release", "show", name, "--json"])?, 0)?)?;

    // The recorder's state file says the same, from a file and from git.
    let records = small.host.root().join("records");
    commit(&records)?;
    let records = records.display();
    for source in [format!("file = \"{records}/uat.json\""), format!("git = \"{records}\"\npath = \"uat.json\"")] {
        let production = Production::set(&format!("{accepted}[promote.uat]\n{source}\n"))?;
        let place = production.host.application(name);
        fs::create_dir_all(&place)?;
        for file in ["release.toml", "compose.yaml"] {
            fs::copy(small.directory().join(file), place.join(file))?;
        }
        docker(["rm", "-f", &format!("{name}-web-1")])?;
        expect(production.run(&["promote", name, "--from", "uat"])?, 0)?;
        let shown = expect(production.run(&["release", "show", name, "--json"])?, 0)?;
        assert_eq!(id(&shown)?, wanted, "the release that was proved last, with {source}");
    }
    Ok(())
}

/// Makes the directory of records a git repository, as the workflow that keeps them does.
fn commit(records: &Path) -> Result<()> {
    let git = |arguments: &[&str]| -> Result<()> {
        let identity = ["-c", "user.name=ci", "-c", "user.email=ci@example.org", "-c", "init.defaultBranch=main"];
        let done = Command::new("git").current_dir(records).args(identity).args(arguments).output()?;
        ensure!(done.status.success(), "git: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    };
    git(&["init", "-q"])?;
    git(&["add", "uat.json"])?;
    git(&["commit", "-qm", "uat"])
}

#[test]
fn a_release_that_was_made_here_is_deployed_there_and_every_change_of_it_is_refused() -> Result<()> {
    let small = Small::running("document")?;
    let name = small.name.as_str();
    small.version("2")?;
    small.write("release.toml", format!("{}\n[environments.production]\n", small.release()))?;
    let path = small.host.root().join("made.json");
    let file = path.display().to_string();
    let made = expect(small.host.run(["release", "create", name, "--out", &file])?, 0)?.stdout;
    assert!(made.contains("succeeded  nowhere yet"), "{made}");
    small.serves("1")?;
    expect(small.host.run(["release", "verify", &file])?, 0)?;

    let production = Production::set("")?;
    let before = small.world()?;
    let text = fs::read_to_string(&path)?;
    fs::write(&path, text.replace("VERSION: \\\"2\\\"", "VERSION: \\\"6\\\""))?;
    let changed = expect(production.run(&["deploy", name, "--release", &file])?, 3)?.stderr;
    assert!(changed.contains("was changed after it was made: the file `compose.yaml`"), "{changed}");
    expect(production.run(&["release", "verify", &file])?, 3)?;
    let other = expect(production.run(&["deploy", "shop", "--release", &file])?, 3)?.stderr;
    assert!(other.contains("was changed"), "nothing of a changed document is looked at: {other}");
    assert_eq!(small.world()?, before, "nothing was touched");

    fs::write(&path, text)?;
    let planned = expect(production.run(&["plan", name, "--release", &file])?, 0)?.stdout;
    assert!(planned.contains("web"), "{planned}");
    expect(production.run(&["deploy", name, "--release", &file])?, 0)?;
    small.serves("2")?;
    let other = expect(production.run(&["deploy", "shop", "--release", &file])?, 2)?.stderr;
    assert!(other.contains(&format!("is a release of `{name}`, not of `shop`")), "{other}");
    // A rollback to it needs neither the document nor the files.
    fs::remove_file(&path)?;
    let list = expect(production.run(&["release", "list", name])?, 0)?.stdout;
    assert!(list.contains("runs"), "{list}");
    Ok(())
}

#[test]
fn only_a_release_that_somebody_trusted_signed_is_deployed_where_that_is_required() -> Result<()> {
    let small = Small::running("signed")?;
    let name = small.name.as_str();
    small.write("release.toml", format!("{}\n[environments.production]\n", small.release()))?;
    let keys = tempfile::TempDir::new()?;
    let key = |name: &str| -> Result<String> {
        let public = keys.path().join(format!("{name}.pub"));
        let made = Command::new("minisign")
            .args(["-G", "-W", "-f", "-p"])
            .arg(&public)
            .arg("-s")
            .arg(keys.path().join(name))
            .output()?;
        ensure!(made.status.success(), "minisign: {}", String::from_utf8_lossy(&made.stderr));
        Ok(fs::read_to_string(public)?.lines().nth(1).unwrap_or_default().to_owned())
    };
    let (ours, theirs) = (key("ours")?, key("theirs")?);
    let production = Production::set(&format!("[releases]\nkeys = [\"{ours}\"]\nrequire-signature = true\n"))?;
    let path = small.host.root().join("signed.json");
    let file = path.display().to_string();
    expect(small.host.run(["release", "create", name, "--out", &file])?, 0)?;
    let sign = |key: &str| -> Result<()> {
        let signed =
            Command::new("minisign").arg("-S").arg("-s").arg(keys.path().join(key)).arg("-m").arg(&path).output()?;
        ensure!(signed.status.success(), "minisign: {}", String::from_utf8_lossy(&signed.stderr));
        Ok(())
    };

    let unsigned = expect(production.run(&["deploy", name, "--release", &file])?, 10)?.stderr;
    assert!(unsigned.contains("is not signed") && unsigned.contains("minisign -S -m FILE"), "{unsigned}");
    sign("theirs")?;
    let untrusted = expect(production.run(&["deploy", name, "--release", &file])?, 10)?.stderr;
    assert!(untrusted.contains("by none of the 1 keys that are trusted"), "{untrusted}");
    let verified = expect(small.host.run(["release", "verify", &file, "--key", &theirs])?, 0)?.stdout;
    assert!(verified.contains(&theirs), "{verified}");
    sign("ours")?;
    expect(production.run(&["deploy", name, "--release", &file])?, 0)?;
    fs::write(&path, format!("{} ", fs::read_to_string(&path)?))?;
    expect(production.run(&["deploy", name, "--release", &file])?, 10).map(drop)
}

#[test]
fn what_succeeded_and_was_tested_goes_on_over_ssh_by_git_and_as_a_file() -> Result<()> {
    let uat = tested("promoted")?;
    let name = uat.name.as_str();
    let exported = expect(uat.host.run(["release", "show", name, "--json"])?, 0)?;
    let wanted = id(&exported)?;

    // The host's own agent is asked over ssh.
    let bin = tempfile::TempDir::new()?;
    std::os::unix::fs::symlink(agent()?, bin.path().join("windlass"))?;
    let path = format!("{}:/usr/bin:/bin", bin.path().display());
    let config = uat.host.root().join("agent.toml").display().to_string();
    let sshd = Sshd::start("uat1", &[("PATH", &path), ("WINDLASS_CONFIG", &config)])?;

    // The state file of the recorder is in a git repository.
    let records = uat.host.root().join("records");
    commit(&records)?;

    let document = uat.host.root().join("exported.json").display().to_string();
    expect(uat.host.run(["release", "export", name, "--out", &document])?, 0)?;
    let signed = Signed::new(&document)?;
    let ssh_config = sshd.client_config().display().to_string();
    let sources = format!(
        "[promote.uat]\nssh = \"uat1\"\nssh-config = \"{ssh_config}\"\n\
         [promote.state]\ngit = \"{0}\"\nbranch = \"main\"\npath = \"uat.json\"\n\
         [promote.gone]\ngit = \"{0}\"\nbranch = \"main\"\npath = \"production.json\"\n\
         [promote.dark]\nssh = \"nobody\"\nssh-config = \"{ssh_config}\"\ntimeout = \"5s\"\n\
         [releases]\nkeys = [\"{1}\"]\n",
        records.display(),
        signed.key
    );
    for (from, files) in [("uat", false), (document.as_str(), false), ("state", true)] {
        let production = Production::set(&sources)?;
        docker(["rm", "-f", &format!("{name}-web-1")])?;
        if files {
            // A record has no files: they must be here, the same as there.
            let place = production.host.application(name);
            fs::create_dir_all(&place)?;
            fs::write(place.join("release.toml"), fs::read(uat.directory().join("release.toml"))?)?;
            fs::write(place.join("compose.yaml"), uat.compose())?;
            let differ = expect(production.run(&["promote", name, "--from", from, "--break-glass", "x"])?, 10)?.stderr;
            assert!(differ.contains("are not those of release 1: `compose.yaml` differs"), "{differ}");
            fs::write(place.join("compose.yaml"), fs::read(uat.directory().join("compose.yaml"))?)?;
            // It says `uat` of itself, whatever the operator calls the place.
            let other = expect(production.run(&["promote", name, "--from", from])?, 10)?.stderr;
            assert!(other.contains("it succeeded in `uat`"), "{other}");
            expect(
                production.run(&["promote", name, "--from", from, "--break-glass", "the place is called state"])?,
                0,
            )?;
        } else {
            expect(production.run(&["promote", name, "--from", from])?, 0)?;
            let history = expect(production.run(&["history", name])?, 0)?.stdout;
            assert!(history.contains("promoted from uat, deployment"), "{history}");
        }
        uat.serves("2")?;
        let shown = expect(production.run(&["release", "show", name, "--json"])?, 0)?;
        assert_eq!(id(&shown)?, wanted, "the very same release, from {from}");
    }

    let production = Production::set(&sources)?;
    for (from, code, expected) in [
        ("staging", 17, "does not say where releases of `staging` are"),
        ("gone", 15, "`production.json` cannot be read"),
        ("dark", 15, "`ssh` ended with exit status: 255"),
        ("./nothing.json", 3, "cannot read `./nothing.json`"),
    ] {
        let failed = expect(production.run(&["promote", name, "--from", from])?, code)?.stderr;
        assert!(failed.contains(expected), "{failed}");
    }
    Ok(())
}

/// A key of minisign, and a file that it has signed.
struct Signed {
    key: String,
    _keys: tempfile::TempDir,
}

impl Signed {
    fn new(file: &str) -> Result<Self> {
        let keys = tempfile::TempDir::new()?;
        let (public, secret) = (keys.path().join("key.pub"), keys.path().join("key"));
        let run = |command: &mut Command| -> Result<()> {
            let output = command.output()?;
            ensure!(output.status.success(), "minisign: {}", String::from_utf8_lossy(&output.stderr));
            Ok(())
        };
        run(Command::new("minisign").args(["-G", "-W", "-f", "-p"]).arg(&public).arg("-s").arg(&secret))?;
        run(Command::new("minisign").arg("-S").arg("-s").arg(&secret).args(["-m", file]))?;
        let key = fs::read_to_string(public)?.lines().nth(1).unwrap_or_default().to_owned();
        Ok(Self { key, _keys: keys })
    }
}

#[test]
fn what_a_file_says_of_itself_counts_only_when_somebody_trusted_has_signed_it() -> Result<()> {
    let uat = tested("proofs")?;
    let name = uat.name.as_str();
    let path = uat.host.root().join("proof.json");
    let document = path.display().to_string();
    // A forged proof: the release never ran, and was never tested.
    expect(uat.host.run(["release", "create", name, "--out", &document])?, 0)?;
    let mut value: Value = serde_json::from_slice(&fs::read(&path)?)?;
    value["proof"] = serde_json::json!({
        "environment": "uat", "host": "uat1", "deployment": "d1", "actor": "ada",
        "finished": "2026-01-01T00:00:00Z", "smoke": { "page": "pass" },
    });
    fs::write(&path, value.to_string())?;
    let production = Production::set("")?;
    let before = uat.world()?;
    let refused = expect(production.run(&["promote", name, "--from", &document])?, 10)?.stderr;
    let words = refused.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("no trusted key has signed that it succeeded in `uat`"), "{refused}");
    assert!(words.contains("minisign -S -m FILE") && words.contains("accept-unsigned-proofs"), "{refused}");
    assert_eq!(uat.world()?, before, "nothing was touched");
    // A signature by a key that this host does not trust counts as none.
    let signed = Signed::new(&document)?;
    expect(production.run(&["promote", name, "--from", &document])?, 10)?;
    let trusting = Production::set(&format!("[releases]\nkeys = [\"{}\"]\n", signed.key))?;
    expect(trusting.run(&["promote", name, "--from", &document])?, 0)?;
    // The operator may accept all unsigned proofs, and a person may override the rule once; the history says that the
    // proof is unsigned.
    fs::remove_file(uat.host.root().join("proof.json.minisig"))?;
    let believing = Production::set("[releases]\naccept-unsigned-proofs = true\n")?;
    expect(believing.run(&["promote", name, "--from", &document])?, 0)?;
    let urgent = Production::set("")?;
    expect(urgent.run(&["promote", name, "--from", &document, "--break-glass", "the login is broken"])?, 0)?;
    let history = expect(urgent.run(&["history", name])?, 0)?.stdout;
    assert!(history.contains("with an unsigned proof"), "{history}");
    assert!(!history.contains("deployment d1"), "{history}");
    Ok(())
}

#[test]
fn what_was_not_tested_is_not_promoted() -> Result<()> {
    let small = Small::running("untested")?;
    let name = small.name.as_str();
    let document = small.host.root().join("untested.json").display().to_string();
    expect(small.host.run(["release", "export", name, "--out", &document])?, 0)?;
    let production = Production::set("")?;
    let refused = expect(production.run(&["promote", name, "--from", &document])?, 10)?.stderr;
    assert!(refused.contains("no smoke test was run there"), "{refused}");
    let created = small.host.root().join("created.json").display().to_string();
    expect(small.host.run(["release", "create", name, "--out", &created])?, 0)?;
    let refused = expect(production.run(&["promote", name, "--from", &created])?, 10)?.stderr;
    assert!(refused.contains("it did not succeed there"), "{refused}");
    Ok(())
}
