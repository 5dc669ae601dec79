//! Without an agent that stays: the command unpacks and deploys by itself.

use std::fs;

use anyhow::{Result, ensure};
use windlass_stage::Live;
use windlass_tests::{expect, tells};

use super::{Sender, send};

#[test]
fn what_came_with_the_command_is_deployed_and_gone_back_to_without_a_directory() -> Result<()> {
    let sender = Sender::running("bundle")?;
    let (name, host) = (sender.name().to_owned(), &sender.small.host);
    // The files of the next version come in a file, as another program writes them, with what is to be left out.
    sender.version("2")?;
    sender.write(".windlassignore", "*.log\n")?;
    sender.write("debug.log", "long")?;
    let file = host.root().join("kudos.tar").display().to_string();
    for format in ["--format=gnu", "--format=pax", "--format=ustar"] {
        fs::write(&file, sender.tar(&[format])?)?;
        let planned = expect(host.run(["plan", &name, "--bundle", &file])?, 0)?;
        tells(&planned, &["~ service web", "1 -> 2"])?;
    }
    ensure!(sender.kept()?.len() == 2, "one bundle for each version: {:?}", sender.kept()?);
    expect(host.run(["check", &name, "--bundle", &file])?, 0)?;
    let shown = expect(host.run(["config", &name, "--bundle", &file])?, 0)?;
    tells(&shown, &["VERSION: \"2\""])?;
    let document = expect(host.run(["release", "create", &name, "--bundle", &file, "--commit", "1111111"])?, 0)?.stdout;
    ensure!(document.contains("compose.yaml") && !document.contains("debug.log"), "{document}");
    // A plan is of what came, and is executed without it by who may bring it.
    let plan = host.root().join("plan").display().to_string();
    expect(host.run(["plan", &name, "--bundle", &file, "--out", &plan])?, 0)?;
    expect(host.run(["deploy", &name, "--plan", &plan])?, 0)?;
    sender.small.serves("2")?;
    ensure!(expect(host.run(["deploy", &name, "--bundle", &file])?, 0)?.stdout.contains("unchanged"));
    fs::remove_file(&file)?;

    expect(host.run(["rollback", &name])?, 0)?;
    sender.small.serves("1")?;
    expect(host.run(["rollback", &name, "--to", "2"])?, 0)?;
    sender.small.serves("2")?;
    tells(&expect(host.run(["status", &name])?, 0)?, &["runs as deployed"])?;
    tells(&expect(host.run(["deploy", &name])?, 17)?, &["there is no application"])?;
    expect(host.run(["audit", "verify"])?, 0)?;
    ensure!(sender.kept()?.len() == 2, "{:?}", sender.kept()?);
    Ok(())
}

#[test]
fn where_the_host_has_files_too_those_that_came_count_this_time() -> Result<()> {
    let sender = Sender::running("bundle-both")?;
    let (small, name) = (&sender.small, sender.name());
    fs::create_dir_all(small.directory())?;
    small.write("release.toml", small.release())?;
    small.version("host")?;
    sender.version("sent")?;
    let told = expect(sender.deploy(&[])?, 0)?;
    tells(
        &told,
        &["The files that came with the command count this time, and those in", &format!("applications/{name}`")],
    )?;
    small.serves("sent")?;
    expect(small.deploy(&[])?, 0)?;
    small.serves("host")
}

#[test]
fn a_deployment_that_was_killed_goes_on_without_what_it_was_sent() -> Result<()> {
    let sender = Sender::running("bundle-killed")?;
    let small = &sender.small;
    sender.slowly()?;
    sender.version("2")?;
    let file = small.host.root().join("kudos.tar");
    fs::write(&file, sender.bundle()?)?;
    let path = file.display().to_string();
    let mut deployment = Live::start(&mut small.host.command(["deploy", sender.name(), "--bundle", &path]))?;
    deployment.wait_for(&["Applying"])?;
    fs::remove_file(&file)?;
    deployment.signal("KILL")?;
    expect(deployment.end()?, -1)?;
    tells(&expect(small.host.run(["resume"])?, 0)?, &["succeeded"])?;
    small.serves("2")
}

/// Each line of the journal, and the process dies before or after it: also while the files are only kept.
#[test]
fn a_crash_at_the_beginning_is_resumed_from_the_kept_files() -> Result<()> {
    let sender = Sender::running("bundle-crash")?;
    for (version, crash) in [("2", "after:1"), ("3", "before:2"), ("4", "after:2")] {
        sender.version(version)?;
        let bundle = sender.bundle()?;
        let mut command = sender.small.host.command(["deploy", sender.name(), "--bundle", "-"]);
        command.env("WINDLASS_TEST_CRASH", crash);
        let crashed = super::fed(&mut command, &bundle)?;
        ensure!(crashed.code != 0, "{crash}: {crashed:?}");
        tells(&expect(sender.small.host.run(["resume"])?, 0)?, &["succeeded"])?;
        sender.small.serves(version)?;
    }
    // A directory that was being filled when its process died goes with the next bundle.
    let left = sender.small.state.join("bundles/sha256/.incoming-4194304999-x");
    fs::create_dir(&left)?;
    expect(sender.deploy(&[])?, 0)?;
    ensure!(!left.exists(), "what was left stays");
    Ok(())
}

#[test]
fn mistakes_are_named_by_the_files_that_came() -> Result<()> {
    let sender = Sender::running("bundle-mistakes")?;
    let (small, name) = (&sender.small, sender.name());
    let state = small.state.display().to_string();
    let (release, compose) = (small.release(), small.compose());
    for (file, text, code, words) in [
        ("release.toml", release.replace("tag =", "tga ="), 3, "release.toml:5:1"),
        ("release.toml", release.replace("drain", "drian"), 3, "--> release.toml:10:"),
        ("compose.yaml", compose.replace("image:", "imaje:"), 3, "compose.yaml:5:5"),
        ("compose.yaml", compose.replace("services:", "include: [../other.yaml]\nservices:"), 3, "compose.yaml:3:"),
    ] {
        let before = fs::read_to_string(sender.files.path().join(file))?;
        sender.write(file, &text)?;
        for command in ["deploy", "plan", "config"] {
            // What only a plugin finds, `config` does not.
            if command == "config" && words.starts_with("-->") {
                continue;
            }
            let run = expect(send(&small.host, &[command, name, "--bundle", "-"], &sender.tar(&[])?)?, code)?;
            tells(&run, &[words])?;
            ensure!(!run.stderr.contains(&state) && !run.stderr.contains("/tmp/"), "{command}: {}", run.stderr);
        }
        sender.write(file, &before)?;
    }
    small.serves("1")
}
