//! What a person or a team hands over: plan files, files of an application's directory, and names.
//!
//! Real are the agent, the engine, links, pipes and owners. Nothing may be touched, shown or waited for, and the history
//! must not have one line more.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use windlass_tests::{Small, expect, tells, text};

fn pipe(path: &Path) -> Result<()> {
    ensure!(Command::new("mkfifo").arg(path).status()?.success(), "mkfifo failed");
    Ok(())
}

fn socket(path: &Path) -> Result<()> {
    UnixListener::bind(path)?;
    Ok(())
}

/// A file of a user who is neither the directory's owner nor root.
fn foreign(path: &Path) -> Result<()> {
    fs::write(path, "root:hunter2")?;
    Ok(chown(path, Some(4712), None)?)
}

/// Puts something in place of a file.
type Put<'a> = Box<dyn Fn(&Path) -> Result<()> + 'a>;

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
    let (before, told) = (small.world()?, small.history()?);
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
    pipe(&path)?;
    tells(&expect(small.deploy(&["--plan", &file])?, 3)?, &["it is a pipe, not a file"])?;
    tells(&expect(small.deploy(&["--plan", "/dev/zero"])?, 3)?, &["it is a device, not a file"])?;
    tells(&expect(small.deploy(&["--release", "/dev/zero"])?, 3)?, &["it is a device, not a file"])?;
    fs::remove_file(&path)?;
    fs::File::create(&path)?.set_len(1 << 40)?;
    expect(small.deploy(&["--plan", &file])?, 3)?;
    ensure!(small.world()? == before, "something was touched");
    ensure!(small.history()? == told, "the history has more");
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
    let small = Small::running("beneath")?;
    let name = small.name.as_str();
    let secret = small.host.root().join("shadow");
    fs::write(&secret, "root:$6$hunter2:19000:0:99999:7:::\n")?;
    let (before, good) = (small.world()?, small.release());
    let puts: Vec<(&str, Put<'_>, &str)> = vec![
        ("a link to what only root reads", Box::new(|path| Ok(symlink(&secret, path)?)), "leads out"),
        ("a relative link", Box::new(|path| Ok(symlink("../../shadow", path)?)), ""),
        ("a link to itself", Box::new(|path| Ok(symlink(path.file_name().unwrap_or_default(), path)?)), ""),
        ("a device by a link", Box::new(|path| Ok(symlink("/dev/zero", path)?)), "leads out"),
        ("a directory", Box::new(|path| Ok(fs::create_dir(path)?)), ""),
        ("a pipe", Box::new(pipe), ""),
        ("a socket", Box::new(socket), ""),
        ("a file of somebody else", Box::new(foreign), "belongs to user 4712"),
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
    symlink("real.toml", small.directory().join("release.toml"))?;
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
