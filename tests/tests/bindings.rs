//! Who may be an application: real directories that claim to be another one, on a host where that one runs.
//!
//! Real are the agent, the engine, links, owners and signatures. Nothing of the application may be touched, and its
//! history must not have one line more.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use windlass_stage::Run;
use windlass_tests::{Small, expect, tells, text};

/// A directory beside the operator's, whose files say that they are the application, in another version.
fn claim(small: &Small, place: &str) -> Result<PathBuf> {
    let directory = small.host.root().join(place);
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("release.toml"), small.release())?;
    fs::write(directory.join("compose.yaml"), small.compose().replace("VERSION: \"1\"", "VERSION: \"9\""))?;
    Ok(directory)
}

fn history(small: &Small) -> Result<String> {
    Ok(expect(small.host.run(["history", &small.name, "--json"])?, 0)?.stdout)
}

/// The lines for agent.toml that an error shows.
fn lines(run: &Run) -> Result<String> {
    let start = run.stderr.find("[[applications]]").with_context(|| format!("no lines in\n{}", run.stderr))?;
    let lines: Vec<&str> = run.stderr[start..].lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    Ok(lines.join("\n") + "\n")
}

fn minisign(keys: &Path, name: &str) -> Result<String> {
    let public = keys.join(format!("{name}.pub"));
    let made =
        Command::new("minisign").args(["-G", "-W", "-f", "-p"]).arg(&public).arg("-s").arg(keys.join(name)).output()?;
    ensure!(made.status.success(), "minisign: {}", String::from_utf8_lossy(&made.stderr));
    Ok(fs::read_to_string(public)?.lines().nth(1).unwrap_or_default().to_owned())
}

fn sign(keys: &Path, name: &str, path: &Path) -> Result<()> {
    let signed = Command::new("minisign").arg("-S").arg("-s").arg(keys.join(name)).arg("-m").arg(path).output()?;
    ensure!(signed.status.success(), "minisign: {}", String::from_utf8_lossy(&signed.stderr));
    Ok(())
}

#[test]
fn what_claims_to_be_another_application_is_refused_by_every_command_that_takes_it() -> Result<()> {
    let small = Small::running("claimed")?;
    let name = small.name.as_str();
    let evil = claim(&small, "evil")?.display().to_string();
    let file = small.host.root().join("evil.json").display().to_string();
    expect(small.host.run(["release", "create", name, "--out", &file])?, 0)?;
    let plan = small.host.root().join("own.plan").display().to_string();
    expect(small.host.run(["plan", name, "--out", &plan])?, 0)?;
    // A link that the operator did not make leads to it as well, and a path is the same by another way.
    std::os::unix::fs::symlink(&evil, small.host.root().join("link"))?;
    let link = small.host.root().join("link/release.toml").display().to_string();
    let (before, told) = (small.world()?, history(&small)?);
    for arguments in [
        &["deploy", &evil][..],
        &["deploy", &link],
        &["deploy", &evil, "--break-glass", "let me in"],
        &["deploy", &evil, "--plan", &plan],
        &["deploy", name, "--release", &file],
        &["deploy", &evil, "--release", &file],
        &["plan", &evil],
        &["plan", name, "--release", &file],
        &["check", &evil],
        &["config", &evil],
        &["rollback", &evil],
        &["resume", &evil],
        &["resolve", &evil, "--reason", "x"],
        &["freeze", &evil, "--reason", "x"],
        &["pin", &evil, "--reason", "x"],
        &["quarantine", &evil, "1", "--reason", "x"],
        &["promote", &evil, "--from", &file],
        &["promote", name, "--from", &file, "--break-glass", "x"],
        &["release", "create", &evil],
        &["release", "export", &evil],
        &["outbox", "flush", &evil],
        &["plugin", "grants", &evil],
        &["history", &evil],
        &["show", &evil],
        &["logs", &evil],
        &["status", &evil],
    ] {
        let refused = small.host.run(arguments)?;
        ensure!(
            refused.code == 10,
            "{arguments:?} ended with {}\n{}\n{}",
            refused.code,
            refused.stdout,
            refused.stderr
        );
        let own = small.directory().display().to_string();
        ensure!(text(&refused).replace(' ', "").contains(&own), "{arguments:?} names no binding:\n{}", refused.stderr);
        ensure!(lines(&refused)?.contains(&format!("name = \"{name}\"\n")), "{}", refused.stderr);
        ensure!(refused.stdout.is_empty(), "{arguments:?} tells something: {}", refused.stdout);
    }
    ensure!(small.world()? == before, "something was touched");
    ensure!(history(&small)? == told, "the history has more");
    // The very lines that are shown make it so.
    let more = lines(&small.host.run(["deploy", &evil])?)?;
    small.operator(&more)?;
    expect(small.host.run(["deploy", &evil])?, 0)?;
    small.serves("9")?;
    // And the operator's own directory goes on being the application.
    expect(small.deploy(&[])?, 0)?;
    small.serves("1")?;
    expect(small.host.run(["rollback", name])?, 0)?;
    small.serves("9")
}

#[test]
fn what_is_granted_by_name_waits_for_the_binding_and_so_does_a_secret() -> Result<()> {
    let small = Small::set("named")?;
    let name = small.name.as_str();
    // Not in the operator's directory.
    let team = claim(&small, "team")?;
    fs::remove_dir_all(small.directory())?;
    let path = team.display().to_string();
    fs::write(
        team.join("release.toml"),
        format!("{}[secrets]\nTOKEN = \"token\"\n", small.release()).replace("[environments.uat]\n", ""),
    )?;
    let compose =
        fs::read_to_string(team.join("compose.yaml"))?.replace("VERSION: \"9\"", "VERSION: \"9\", TOKEN: \"${TOKEN}\"");
    fs::write(team.join("compose.yaml"), compose)?;
    small.host.secret("token", "a-secret-of-kudos")?;
    let root = small.host.root();
    let agent = |grants: &str, more: &str| {
        let text = format!(
            "environment = \"uat\"\nstate-directory = \"{root}/state\"\napplications-directory = \"{root}/applications\"\n\
             [secrets.token]\nfile = \"{root}/secrets/token\"\n\
             [[grants]]\nplugin = \"strategy-compose\"\n{grants}docker-read = true\ndocker-write = {{}}\nsecrets = [\"token\"]\n{more}",
            root = root.display()
        );
        fs::write(root.join("agent.toml"), text)
    };
    let named = format!("applications = [\"{name}\"]\n");
    agent(&named, "")?;
    for command in ["plan", "check", "deploy"] {
        let denied = expect(small.host.run([command, &path])?, 3)?;
        tells(&denied, &["granted", &format!("name = \"{name}\""), "[[applications]]"])?;
    }
    let grants = expect(small.host.run(["plugin", "grants", &path])?, 0)?;
    tells(&grants, &["[[applications]]"])?;
    ensure!(small.world()?.is_empty(), "something was made");
    let shown = lines(&small.host.run(["plan", &path])?)?;
    agent(&named, &shown)?;
    expect(small.host.run(["deploy", &path])?, 0)?;
    small.serves("9")?;
    // What ran bound goes on being the application's own.
    fs::write(team.join("compose.yaml"), fs::read_to_string(team.join("compose.yaml"))?.replace("\"9\"", "\"8\""))?;
    expect(small.host.run(["deploy", &path])?, 0)?;
    expect(small.host.run(["rollback", name])?, 0)?;
    small.serves("9")?;
    // Without a line, and with grants for all, it works as it always did.
    agent("", "")?;
    expect(small.host.run(["deploy", &path])?, 0)?;
    small.serves("8")
}

#[test]
fn an_owner_and_a_signer_bind_and_nobody_else() -> Result<()> {
    let small = Small::running("owned")?;
    let name = small.name.as_str();
    let keys = tempfile::TempDir::new()?;
    let (ours, theirs) = (minisign(keys.path(), "ours")?, minisign(keys.path(), "theirs")?);
    let keyring = format!("[releases]\nkeys = [\"{ours}\", \"{theirs}\"]\n");
    let team = claim(&small, "team")?;
    let path = team.display().to_string();
    let chown = |path: &Path, user: u32| std::os::unix::fs::chown(path, Some(user), None);
    let owner = format!("[[applications]]\nname = \"{name}\"\nowner = \"4711\"\n{keyring}");
    small.operator(&owner)?;
    let refused = expect(small.host.run(["deploy", &path])?, 10)?;
    tells(&refused, &["files of the user `4711`"])?;
    for place in [team.clone(), team.join("compose.yaml")] {
        chown(&place, 4711)?;
    }
    expect(small.host.run(["plan", &path])?, 10)?;
    chown(&team.join("release.toml"), 4711)?;
    expect(small.host.run(["deploy", &path])?, 0)?;
    small.serves("9")?;

    // A document is bound by who signed it: being trusted for something is not being trusted for this.
    let signer = format!("[[applications]]\nname = \"{name}\"\nsigner = \"{ours}\"\n{keyring}");
    small.operator(&signer)?;
    let document = small.host.root().join("made.json");
    let file = document.display().to_string();
    expect(small.host.run(["release", "create", name, "--out", &file])?, 0)?;
    let before = small.world()?;
    expect(small.host.run(["deploy", name, "--release", &file])?, 10)?;
    sign(keys.path(), "theirs", &document)?;
    let refused = expect(small.host.run(["deploy", name, "--release", &file])?, 10)?;
    ensure!(lines(&refused)?.contains(&format!("signer = \"{theirs}\"")), "{}", refused.stderr);
    ensure!(small.world()? == before, "something was touched");
    sign(keys.path(), "ours", &document)?;
    expect(small.host.run(["deploy", name, "--release", &file])?, 0)?;
    small.serves("1")?;
    // One that lies in the application's own directory needs no signature.
    let below = small.directory().join("kept.json");
    fs::copy(&document, &below)?;
    expect(small.host.run(["deploy", name, "--release", &below.display().to_string()])?, 0).map(drop)
}

#[test]
fn the_operators_own_directory_binds_its_own_name_and_no_link_out_of_it() -> Result<()> {
    let small = Small::running("linked")?;
    let name = small.name.as_str();
    let evil = claim(&small, "evil")?;
    let before = small.world()?;
    // A directory of another name says that it is this application.
    let other = small.host.application("other");
    fs::create_dir_all(&other)?;
    fs::copy(evil.join("release.toml"), other.join("release.toml"))?;
    fs::copy(evil.join("compose.yaml"), other.join("compose.yaml"))?;
    let refused = expect(small.host.run(["deploy", "other"])?, 3)?;
    tells(&refused, &[&format!("is of the application `{name}`, not of `other`")])?;
    expect(small.host.run(["deploy", &other.display().to_string()])?, 10)?;
    // A link in the operator's directory that leads out of it is as good as the path that it leads to.
    fs::rename(small.directory(), small.host.root().join("aside"))?;
    std::os::unix::fs::symlink(&evil, small.directory())?;
    small.operator(&format!(
        "[[applications]]\nname = \"{name}\"\ndirectory = \"{}\"\n",
        small.host.root().join("aside").display()
    ))?;
    let refused = expect(small.deploy(&[])?, 10)?;
    tells(&refused, &["may not act for"])?;
    ensure!(small.world()? == before, "something was touched");
    expect(small.host.run(["deploy", &small.host.root().join("aside").display().to_string()])?, 0)?;
    small.serves("1")
}

#[test]
fn init_writes_a_binding_with_which_its_grants_are_granted() -> Result<()> {
    let small = Small::set("begun")?;
    let place = small.host.root().join("begun");
    fs::create_dir_all(&place)?;
    fs::write(place.join("compose.yaml"), small.compose())?;
    let path = place.display().to_string();
    expect(small.host.run(["init", &path, "--yes"])?, 0)?;
    let written = fs::read_to_string(place.join("agent.toml"))?;
    let real = fs::canonicalize(&place)?.display().to_string();
    ensure!(
        written.contains(&format!("[[applications]]\nname = \"{}\"\ndirectory = \"{real}\"\n", small.name)),
        "{written}"
    );
    let config = small.host.root().join("agent.toml");
    fs::write(&config, format!("state-directory = \"{}\"\n{written}", small.state.display()))?;
    let grants = expect(small.host.run(["plugin", "grants", &path, "--json"])?, 0)?;
    ensure!(grants.stdout.contains("\"granted\":true"), "{}", grants.stdout);
    ensure!(!grants.stdout.contains("[[applications]]"), "{}", grants.stdout);
    // A copy of the directory is another directory.
    let copy = small.host.root().join("copy");
    fs::create_dir_all(&copy)?;
    for name in ["compose.yaml", "release.toml"] {
        fs::copy(place.join(name), copy.join(name))?;
    }
    expect(small.host.run(["plugin", "grants", &copy.display().to_string()])?, 10)?;
    // Nothing is written through a link that waits there.
    let trap = small.host.root().join("trap");
    fs::create_dir_all(&trap)?;
    fs::write(trap.join("compose.yaml"), small.compose())?;
    std::os::unix::fs::symlink(small.host.root().join("planted"), trap.join("agent.toml"))?;
    expect(small.host.run(["init", &trap.display().to_string(), "--yes"])?, 2)?;
    ensure!(!small.host.root().join("planted").exists(), "written through a link");
    Ok(())
}

/// Plan files, changed by hand between planning and deploying.
#[test]
fn a_plan_that_was_changed_is_refused_by_the_name_of_what_was_changed() -> Result<()> {
    let small = Small::running("forged")?;
    let name = small.name.as_str();
    // Only version 1 may run.
    expect(small.host.run(["pin", name, "--reason", "the auditors"])?, 0)?;
    let own = small.host.root().join("own.plan");
    expect(small.host.run(["plan", name, "--out", &own.display().to_string()])?, 0)?;
    let pinned: serde_json::Value = serde_json::from_slice(&fs::read(&own)?)?;
    small.version("2")?;
    let path = small.host.root().join("kudos.plan");
    let file = path.display().to_string();
    expect(small.host.run(["plan", name, "--out", &file])?, 0)?;
    let plan: serde_json::Value = serde_json::from_slice(&fs::read(&path)?)?;
    let (before, told) = (small.world()?, history(&small)?);
    let changed = |pointer: &str, value: serde_json::Value| -> Result<String> {
        let mut forged = plan.clone();
        *forged.pointer_mut(pointer).with_context(|| format!("no {pointer}"))? = value;
        Ok(forged.to_string())
    };
    let deep = format!("{{\"format\": 2, \"plan\": {}{}}}", "[".repeat(200_000), "]".repeat(200_000));
    let cases: BTreeMap<&str, (String, i32, &str)> = BTreeMap::from([
        (
            "the id of the pinned release",
            (changed("/release/id", pinned["release"]["id"].clone())?, 10, "`release.id`"),
        ),
        ("the pinned release", (changed("/release", pinned["release"].clone())?, 10, "`release`")),
        ("a version", (changed("/release/version", "9".into())?, 10, "`release.id`")),
        (
            "a digest",
            (
                changed("/release/artifacts/web/digest", format!("sha256:{}", "0".repeat(64)).into())?,
                10,
                "`release.id`",
            ),
        ),
        ("a step", (changed("/plan/steps/0/title", "nothing to see".into())?, 10, "`plan`")),
        ("what was observed", (changed("/observation/parts", serde_json::json!([]))?, 10, "`observation`")),
        (
            "a bundle",
            (
                changed("/release/bundle/digest", format!("sha256:{}", "0".repeat(64)).into())?,
                17,
                "is not on this host",
            ),
        ),
        ("no seal", (changed("/seal", serde_json::Value::Null)?, 10, "`seal`")),
        ("another seal", (changed("/seal", pinned["seal"].clone())?, 10, "is not what was planned")),
        ("another format", (changed("/format", 1.into())?, 3, "format 1")),
        ("another environment", (changed("/environment", "production".into())?, 2, "production")),
        ("another application", (changed("/application", "shop".into())?, 2, "shop")),
        ("something more", (plan.to_string().replacen('{', "{\"hunter2\": 1, ", 1), 3, "unknown field")),
        ("nesting", (deep, 3, "is not a plan")),
        ("no plan", ("root:$6$hunter2:19000".to_owned(), 3, "is not a plan")),
    ]);
    for (what, (content, code, words)) in &cases {
        fs::write(&path, content)?;
        let refused = small.deploy(&["--plan", &file, "--retry"])?;
        ensure!(refused.code == *code, "{what} ended with {}\n{}", refused.code, refused.stderr);
        ensure!(text(&refused).contains(words), "{what}: no {words:?} in\n{}", refused.stderr);
        ensure!(!format!("{refused:?}").contains("hunter2"), "{what} shows the file: {}", refused.stderr);
    }
    // What is no file is not waited for and not read to its end.
    fs::remove_file(&path)?;
    let status = Command::new("mkfifo").arg(&path).status()?;
    ensure!(status.success(), "mkfifo failed");
    tells(&expect(small.deploy(&["--plan", &file])?, 3)?, &["it is a pipe, not a file"])?;
    tells(&expect(small.deploy(&["--plan", "/dev/zero"])?, 3)?, &["it is a device, not a file"])?;
    tells(&expect(small.deploy(&["--release", "/dev/zero"])?, 3)?, &["it is a device, not a file"])?;
    fs::remove_file(&path)?;
    fs::File::create(&path)?.set_len(1 << 40)?;
    expect(small.deploy(&["--plan", &file])?, 3)?;
    ensure!(small.world()? == before, "something was touched");
    ensure!(history(&small)? == told, "the history has more");
    // As it was made it meets the pin, and nothing else.
    fs::remove_file(&path)?;
    fs::write(&path, serde_json::to_string(&plan)?)?;
    tells(&expect(small.deploy(&["--plan", &file])?, 10)?, &["pinned version"])?;
    expect(small.host.run(["unpin", name])?, 0)?;
    expect(small.deploy(&["--plan", &file])?, 0)?;
    small.serves("2")
}

/// Everything that a team can put in place of a file.
#[test]
fn nothing_outside_of_a_teams_directory_is_read_shown_or_waited_for() -> Result<()> {
    type Put<'a> = Box<dyn Fn(&Path) -> Result<()> + 'a>;
    let small = Small::running("beneath")?;
    let name = small.name.as_str();
    let secret = small.host.root().join("shadow");
    fs::write(&secret, "root:$6$hunter2:19000:0:99999:7:::\n")?;
    let (before, good) = (small.world()?, small.release());
    let chown = |path: &Path| std::os::unix::fs::chown(path, Some(4712), None);
    let puts: Vec<(&str, Put<'_>, &str)> = vec![
        (
            "a link to what only root reads",
            Box::new(|path| Ok(std::os::unix::fs::symlink(&secret, path)?)),
            "leads out",
        ),
        ("a relative link", Box::new(|path| Ok(std::os::unix::fs::symlink("../../shadow", path)?)), "leads out"),
        (
            "a link to itself",
            Box::new(|path| Ok(std::os::unix::fs::symlink(path.file_name().unwrap_or_default(), path)?)),
            "",
        ),
        ("a device by a link", Box::new(|path| Ok(std::os::unix::fs::symlink("/dev/zero", path)?)), "leads out"),
        ("a directory", Box::new(|path| Ok(fs::create_dir(path)?)), ""),
        (
            "a pipe",
            Box::new(|path| {
                ensure!(Command::new("mkfifo").arg(path).status()?.success(), "mkfifo");
                Ok(())
            }),
            "",
        ),
        ("a socket", Box::new(|path| Ok(std::os::unix::net::UnixListener::bind(path).map(drop)?)), ""),
        (
            "a file of nobody knows whom",
            Box::new(|path| {
                fs::write(path, "root:hunter2")?;
                Ok(chown(path)?)
            }),
            "belongs to user 4712",
        ),
        ("a hole of a terabyte", Box::new(|path| Ok(fs::File::create(path)?.set_len(1 << 40)?)), ""),
    ];
    for (file, commands) in [
        ("release.toml", &[&["plan", name][..], &["deploy", name], &["config", name], &["doctor", name]][..]),
        ("compose.yaml", &[&["plan", name], &["deploy", name], &["config", name]]),
        (".windlassignore", &[&["plan", name]]),
        (".env", &[&["plan", name], &["config", name]]),
        ("more/extra.conf", &[&["plan", name]]),
    ] {
        let path = small.directory().join(file);
        let kept = fs::read(&path).ok();
        fs::create_dir_all(path.parent().context("no parent")?)?;
        for (what, put, words) in &puts {
            fs::remove_file(&path).ok();
            put(&path)?;
            for command in commands {
                let run = small.host.run(*command)?;
                let harmless = what == &"a directory" && kept.is_none() && file != ".windlassignore";
                ensure!(harmless || run.code != 0, "{what} as {file}: {command:?} succeeded\n{}", run.stdout);
                ensure!(run.code != -1 && run.code != 101, "{what} as {file}: {command:?} crashed\n{}", run.stderr);
                ensure!(!format!("{run:?}").contains("hunter2"), "{what} as {file} is shown: {}", run.stderr);
                ensure!(text(&run).contains(words), "{what} as {file}: no {words:?} in\n{}", run.stderr);
            }
            if path.is_dir() { fs::remove_dir(&path)? } else { fs::remove_file(&path)? }
        }
        match kept {
            Some(kept) => fs::write(&path, kept)?,
            None => {
                fs::remove_file(&path).ok();
            }
        }
    }
    ensure!(small.world()? == before, "something was touched");
    // Links that stay inside go on working.
    small.write("real.toml", &good)?;
    fs::remove_file(small.directory().join("release.toml"))?;
    std::os::unix::fs::symlink("real.toml", small.directory().join("release.toml"))?;
    expect(small.deploy(&[])?, 0).map(drop)
}

/// Names that mean something else to a shell, a path or another program.
#[test]
fn a_name_is_parsed_before_anything_is_done_with_it() -> Result<()> {
    let small = Small::set("names")?;
    let name = small.name.as_str();
    let marker = small.host.root().join("marker");
    let hostile = format!("{name};cd ..;touch marker");
    let file = small.host.root().join("x.json").display().to_string();
    for arguments in [
        &["promote", &hostile, "--from", "prod"][..],
        &["promote", "$(id)", "--from", "prod"],
        &["promote", "--from", "prod;id", name],
        &["promote", "--from=-oProxyCommand=id", name],
        &["deploy", "kudos id"],
        &["deploy", "Kudos"],
        &["deploy", name, "--set", "web=a b"],
        &["deploy", name, "--set", "web=-x"],
        &["deploy", name, "--set", "we;b=1"],
        &["deploy", name, "--commit", "HEAD;id"],
        &["deploy", name, "--environment", "uat\n"],
        &["rollback", name, "--to", "../1"],
        &["rollback", "kudos@1"],
        &["pin", name, "1;id", "--reason", "x"],
        &["quarantine", name, "$(id)", "--reason", "x"],
        &["unquarantine", name, "`id`", "--reason", "x"],
        &["release", "export", name, "1 2"],
        &["release", "export", "a'b", "--out", &file],
        &["release", "show", "a\"b"],
        &["trigger", "a;b"],
        &["show", "1;id"],
        &["logs", "a b"],
        &["status", "a\u{202e}b"],
        &["history", "*"],
        &["init", "--application", "a;b", &small.directory().display().to_string(), "--yes"],
    ] {
        let refused = small.host.run(arguments)?;
        ensure!(refused.code == 2, "{arguments:?} ended with {}\n{}\n{}", refused.code, refused.stdout, refused.stderr);
    }
    ensure!(!marker.exists(), "a shell read it");
    Ok(())
}
