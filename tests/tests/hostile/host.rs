//! What a team's files, its containers and other users of the host try on a whole agent: the real binary, the real
//! engine, the real strategy.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, ensure};
use windlass_stage::docker;
use windlass_tests::{Small, expect, tells, text};

/// A service that sleeps, with these mounts.
fn sleeper(small: &Small, name: &str, volumes: &str) -> String {
    format!(
        "  {name}:\n    image: windlass-test/{}:1\n    command: [\"sleep\", \"600\"]\n    stop_signal: SIGKILL\n    \
         volumes: [{volumes}]\n",
        small.name
    )
}

/// The Compose file with more services, and perhaps more at its end.
fn with(small: &Small, services: &[String], more: &str) -> Result<()> {
    small.write("compose.yaml", format!("{}{}{more}", small.compose(), services.concat()))
}

fn root(small: &Small, name: &str) -> Result<PathBuf> {
    let root = small.host.root().join(name);
    fs::create_dir_all(&root)?;
    Ok(root)
}

fn grant(roots: &[&Path]) -> String {
    let roots: Vec<String> = roots.iter().map(|root| format!("{:?}", root.display().to_string())).collect();
    format!("\n[[grants]]\nplugin = \"strategy-compose\"\ndocker-write = {{ bind-roots = [{}] }}\n", roots.join(", "))
}

fn mode(path: &Path) -> Result<u32> {
    Ok(fs::symlink_metadata(path)?.permissions().mode() & 0o7777)
}

fn set_mode(path: &Path, mode: u32) -> Result<()> {
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

#[test]
fn a_service_cannot_lead_anothers_mount_elsewhere() -> Result<()> {
    let small = Small::set("moves")?;
    let data = root(&small, "data")?;
    fs::create_dir_all(data.join("x"))?;
    small.operator(&grant(&[&data]))?;
    small.begin()?;
    let before = small.world()?;
    let data = data.display();
    let device =
        format!("volumes:\n  data: {{ driver: local, driver_opts: {{ type: none, o: bind, device: {data} }} }}\n");
    for (writer, reader, more) in [
        (format!("'{data}:/d'"), format!("'{data}/x:/host'"), ""),
        (format!("'{data}:/d'"), format!("'{data}/x:/host:ro'"), ""),
        (format!("'{data}:/d', '{data}/x:/host'"), String::new(), ""),
        ("'data:/d'".to_owned(), format!("'{data}/x:/host'"), device.as_str()),
    ] {
        with(&small, &[sleeper(&small, "a", &writer), sleeper(&small, "b", &reader)], more)?;
        for run in [small.host.run(["plan", &small.name])?, small.deploy(&["--retry"])?] {
            ensure!(run.code != 0, "{}", text(&run));
            tells(&run, &["compose.yaml:", "is inside", "which the service `a` can write", "hint: mount"])?;
        }
        ensure!(small.world()? == before, "{writer} {reader}: something was touched");
    }
    // The root itself in both, and a writer beside the reader, are what the hint says.
    let both = format!("'{data}:/d'");
    with(&small, &[sleeper(&small, "a", &both), sleeper(&small, "b", &both)], "")?;
    expect(small.deploy(&["--retry"])?, 0)?;
    // Now the other order, over two releases: what is there counts as well, and what runs goes on.
    let before = small.world()?;
    with(&small, &[sleeper(&small, "a", &both), sleeper(&small, "c", &format!("'{data}/x:/host:ro'"))], "")?;
    ensure!(small.deploy(&["--retry"])?.code != 0);
    ensure!(small.world()? == before, "something was touched");
    Ok(())
}

#[test]
fn a_volume_that_could_be_read_in_two_ways_is_refused() -> Result<()> {
    let small = Small::set("twoways")?;
    let data = root(&small, "data")?;
    small.operator(&grant(&[&data]))?;
    small.begin()?;
    let bundles = small.state.join("bundles/sha256");
    let bundle = fs::read_dir(&bundles)?.next().context("no bundle is kept")??.path();
    let before = small.world()?;
    for (flags, device) in [
        ("bind,ro,rw", &data),
        ("bind,RO", &data),
        ("bind,ro,remount", &data),
        ("bind,ro,rw", &bundle),
        ("bind,ro", &bundle),
        ("bind", &small.state),
    ] {
        let device = device.display();
        let more = format!(
            "volumes:\n  data: {{ driver: local, driver_opts: {{ type: none, o: '{flags}', device: {device} }} }}\n"
        );
        with(&small, &[sleeper(&small, "a", "'data:/d'")], &more)?;
        let run = small.deploy(&["--retry"])?;
        ensure!(run.code != 0, "{flags} {device}: {}", text(&run));
        tells(&run, &["DriverOpts."])?;
        ensure!(small.world()? == before, "{flags} {device}: something was touched");
    }
    small.serves("1")
}

#[test]
fn what_decides_and_what_is_secret_is_not_mounted_although_a_root_covers_it() -> Result<()> {
    let small = Small::set("covers")?;
    let place = root(&small, "place")?;
    fs::create_dir_all(place.join("open"))?;
    fs::write(place.join("token"), "correct-horse-battery")?;
    set_mode(&place.join("token"), 0o600)?;
    let secret = format!("\n[secrets.token]\nfile = {:?}\n", place.join("token").display().to_string());
    small.operator(&format!("{}{secret}", grant(&[small.host.root()])))?;
    small.begin()?;
    let configuration = small.host.root().join("agent.toml");
    for (source, what) in [
        (configuration.clone(), "operator's configuration"),
        (place.join("token"), "a file with a secret"),
        (place.clone(), "a file with a secret"),
        (small.host.root().to_owned(), "it is, contains or is inside"),
        (small.state.join("journal.sqlite3"), "the agent's state"),
    ] {
        for options in ["", ":ro"] {
            with(&small, &[sleeper(&small, "a", &format!("'{}:/x{options}'", source.display()))], "")?;
            let run = small.deploy(&["--retry"])?;
            ensure!(run.code != 0, "{}: {}", source.display(), text(&run));
            tells(&run, &["HostConfig.", what])?;
            ensure!(!text(&run).contains("correct-horse"));
        }
    }
    with(&small, &[sleeper(&small, "a", &format!("'{}:/x'", place.join("open").display()))], "")?;
    expect(small.deploy(&["--retry"])?, 0).map(drop)
}

#[test]
fn other_users_of_the_host_get_nothing_of_the_state() -> Result<()> {
    let small = Small::set("closed")?;
    small.write(".env", "PASSWORD=of-the-team\n")?;
    // As an earlier agent left it.
    small.begin()?;
    for open in ["", "locks", "bundles", "bundles/sha256"] {
        set_mode(&small.state.join(open), 0o755)?;
    }
    for open in ["journal.sqlite3", &format!("locks/{}.lock", small.name)] {
        set_mode(&small.state.join(open), 0o644)?;
    }
    tells(&small.host.run(["doctor"])?, &["other users of this host can look into"])?;
    expect(small.host.run(["status"])?, 0)?;
    let mut waiting = vec![small.state.clone()];
    let mut seen = 0;
    while let Some(directory) = waiting.pop() {
        ensure!(mode(&directory)? == 0o700, "{} has the mode {:o}", directory.display(), mode(&directory)?);
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            seen += 1;
            // What containers mount is behind directories that are closed.
            if path.is_dir() && !directory.ends_with("sha256") {
                waiting.push(path);
            } else if path.is_file() {
                ensure!(mode(&path)? == 0o600, "{} has the mode {:o}", path.display(), mode(&path)?);
            }
        }
    }
    ensure!(seen > 8, "only {seen} files are there");
    // What the agent writes elsewhere for itself is closed as well.
    let plan = small.host.root().join("plan.json");
    let out = plan.display().to_string();
    expect(small.host.run(["plan", &small.name, "--out", &out])?, 0)?;
    ensure!(mode(&plan)? == 0o600);
    Ok(())
}

#[test]
fn a_state_directory_that_is_not_the_agents_alone_is_not_used() -> Result<()> {
    let small = Small::set("notown")?;
    small.begin()?;
    let refused = |words: &[&str]| -> Result<()> {
        for command in [vec!["deploy", &small.name], vec!["plan", &small.name], vec!["status"], vec!["plugin", "list"]]
        {
            let run = small.host.run(&command)?;
            ensure!(run.code == 3, "{command:?}: {} {}", run.code, text(&run));
            tells(&run, words)?;
        }
        tells(&small.host.run(["doctor"])?, words)
    };
    for open in [0o770, 0o777, 0o1777] {
        set_mode(&small.state, open)?;
        refused(&["can be written by", "chmod 700"])?;
    }
    set_mode(&small.state, 0o700)?;
    std::os::unix::fs::chown(&small.state, Some(65_534), None)?;
    refused(&["belongs to user 65534"])?;
    std::os::unix::fs::chown(&small.state, Some(fs::metadata(small.host.root())?.uid()), None)?;
    let real = small.state.with_file_name("elsewhere");
    fs::rename(&small.state, &real)?;
    symlink(&real, &small.state)?;
    refused(&["symbolic link", "state-directory = "])?;
    fs::remove_file(&small.state)?;
    fs::rename(&real, &small.state)?;
    expect(small.host.run(["status"])?, 0).map(drop)
}

#[test]
fn a_bundle_that_was_changed_is_brought_back_or_not_used() -> Result<()> {
    let small = Small::set("changed")?;
    small.write("page.txt", "as it was")?;
    let mounted = small.compose().replace("    ports:", "    volumes: ['./page.txt:/page.txt:ro']\n    ports:");
    small.write("compose.yaml", &mounted)?;
    small.begin()?;
    let bundles = small.state.join("bundles/sha256");
    let bundle = fs::read_dir(&bundles)?.next().context("no bundle is kept")??.path();
    let planted = bundle.join("su");
    fs::copy("/bin/true", &planted)?;
    set_mode(&planted, 0o4755)?;
    set_mode(&bundle.join("page.txt"), 0o666)?;
    // What does not belong there is removed whenever the bundle is used, also where its source is not at hand.
    small.write("compose.yaml", mounted.replace("VERSION: \"1\"", "VERSION: \"2\""))?;
    expect(small.deploy(&[])?, 0)?;
    expect(small.host.run(["rollback", &small.name])?, 0)?;
    ensure!(!planted.exists() && mode(&bundle.join("page.txt"))? == 0o444);
    small.serves("1")?;
    // A file that the other release has as well comes from there.
    small.write("compose.yaml", mounted.replace("VERSION: \"1\"", "VERSION: \"2\""))?;
    expect(small.deploy(&["--retry"])?, 0)?;
    fs::write(bundle.join("page.txt"), "evil")?;
    expect(small.host.run(["rollback", &small.name])?, 0)?;
    small.serves("1")?;
    ensure!(fs::read_to_string(bundle.join("page.txt"))? == "as it was");
    // What was written over otherwise is never deployed, and the directory brings it back.
    expect(small.deploy(&["--retry"])?, 0)?;
    fs::write(bundle.join("compose.yaml"), "services: {}")?;
    fs::write(bundle.join("page.txt"), "evil")?;
    let run = small.host.run(["rollback", &small.name])?;
    ensure!(run.code != 0, "{}", text(&run));
    tells(&run, &["was changed", "deploy the release once more"])?;
    small.serves("2")?;
    small.write("compose.yaml", &mounted)?;
    expect(small.deploy(&["--retry"])?, 0)?;
    ensure!(fs::read_to_string(bundle.join("page.txt"))? == "as it was");
    let name = format!("{}-web-1", small.name);
    ensure!(docker(["exec", &name, "cat", "/page.txt"])? == "as it was");
    Ok(())
}

#[test]
fn bundles_that_nothing_needs_go_with_a_deployment() -> Result<()> {
    let small = Small::set("pruned")?;
    small.begin()?;
    let bundles = small.state.join("bundles/sha256");
    let kept = || -> Result<Vec<PathBuf>> {
        let entries: std::io::Result<Vec<_>> = fs::read_dir(&bundles)?.collect();
        Ok(entries?.into_iter().map(|entry| entry.path()).collect())
    };
    let first = kept()?;
    // Plans leave bundles that are never deployed.
    for version in ["7", "8"] {
        small.version(version)?;
        expect(small.host.run(["plan", &small.name])?, 0)?;
    }
    ensure!(kept()?.len() == 3, "{:?}", kept()?);
    small.version("9")?;
    let plan = small.host.root().join("plan.json").display().to_string();
    expect(small.host.run(["plan", &small.name, "--out", &plan])?, 0)?;
    let long_ago = SystemTime::now() - Duration::from_hours(24 * 30);
    for bundle in kept()? {
        fs::File::open(bundle)?.set_modified(long_ago)?;
    }
    small.version("2")?;
    let run = expect(small.deploy(&["-v"])?, 0)?;
    tells(&run, &["removed the bundle sha256:"])?;
    let left = kept()?;
    ensure!(left.len() == 2 && left.contains(&first[0]), "{left:?}");
    // A plan that is that old says so.
    let run = small.host.run(["deploy", &small.name, "--plan", &plan])?;
    ensure!(run.code != 0, "{}", text(&run));
    tells(&run, &["is not on this host", "those of plans for 7 days"])?;
    small.serves("2")?;
    // The way back is there.
    expect(small.host.run(["rollback", &small.name])?, 0)?;
    small.serves("1")
}
