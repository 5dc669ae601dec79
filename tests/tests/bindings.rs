//! Who may be an application: real directories that claim to be another one, on a host where that one runs.
//!
//! Real are the agent, the engine, links, owners and signatures. Nothing of the application may be touched, and its
//! history must not have one line more.

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

/// The lines for agent.toml that an error shows.
fn lines(run: &Run) -> Result<String> {
    let start = run.stderr.find("[[applications]]").with_context(|| format!("no lines in\n{}", run.stderr))?;
    let lines = run.stderr[start..].lines().map(str::trim).take_while(|line| !line.is_empty());
    Ok(lines.flat_map(|line| [line, "\n"]).collect())
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
    let (before, told) = (small.world()?, small.history()?);
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
    ensure!(small.history()? == told, "the history has more");
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
    let small = Small::set("bound-by-name")?;
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
