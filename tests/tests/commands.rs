//! An application that is deployed by commands: a checkout of a real git repository, started by a program of its own.
//! There is no Docker Engine on this host.

mod scripts;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tempfile::TempDir;
use windlass_stage::{Host, Registry, Run, docker, import_shell};
use windlass_tests::{agent, expect};

const GIT: &str = "/usr/bin/git";

/// What the operator allows. The programs belong to the agent's user, as they must.
const AGENT: &str = r#"environment = "uat"
state-directory = "ROOT/state"
applications-directory = "ROOT/applications"

[docker]
endpoint = "unix:///nonexistent/docker.sock"

[[grants]]
plugin = "strategy-command"
exec = ["fetch", "checkout", "revision", "start", "stop", "answers"]

[commands.fetch]
path = "/usr/bin/git"
arguments = ["-C", "ROOT/checkout", "fetch", "--quiet", "origin"]
environment = { PATH = "/usr/bin:/bin", HOME = "/nonexistent" }

[commands.checkout]
path = "/usr/bin/git"
arguments = ["-C", "ROOT/checkout", "checkout", "--quiet", "--force", "--detach", "{1}"]
allow-arguments = ["[0-9a-f]{40}"]
environment = { PATH = "/usr/bin:/bin", HOME = "/nonexistent" }

[commands.revision]
path = "/usr/bin/git"
arguments = ["-C", "ROOT/checkout", "rev-parse", "HEAD"]
environment = { PATH = "/usr/bin:/bin", HOME = "/nonexistent" }

[commands.start]
path = "/bin/sh"
arguments = ["ROOT/checkout/start", "ROOT/serving"]

[commands.stop]
path = "/bin/rm"
arguments = ["-f", "ROOT/serving"]

[commands.answers]
path = "/bin/sh"
arguments = ["-c", "test -s ROOT/serving || (echo nobody answers >&2; exit 7)"]
"#;

const RELEASE: &str = r#"application = "shop"

[strategy]
plugin = "strategy-command"

[strategy.with]
health = { command = "answers" }

[[strategy.with.steps]]
name = "fetch"
run = { command = "fetch" }
runs-release = false

[[strategy.with.steps]]
name = "checkout"
run = { command = "checkout", arguments = ["{commit}"] }
undo = { command = "checkout", arguments = ["{running.commit}"] }
current = { command = "revision" }
expect = "{commit}"

[[strategy.with.steps]]
name = "start"
run = { command = "start" }
undo = [{ command = "checkout", arguments = ["{running.commit}"] }, { command = "start" }]
undo-first = { command = "stop" }

[environments.uat]
"#;

/// What a revision is.
enum Starting {
    /// It serves what it is called.
    Serves(&'static str),
    /// Its start fails, after it has taken the old one away.
    Fails,
    /// It starts, and does not answer.
    Silent,
}

fn git(directory: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(GIT)
        .args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org", "-c", "init.defaultBranch=main"])
        .arg("-C")
        .arg(directory)
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", "/nonexistent")
        .output()?;
    ensure!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// A host with a checkout whose origin is another repository.
struct Shop {
    host: Host,
    place: TempDir,
}

impl Shop {
    fn set() -> Result<Self> {
        let place = TempDir::new()?;
        let root = place.path();
        git(root, &["init", "--quiet", "origin"])?;
        git(root, &["-C", "origin", "commit", "--quiet", "--allow-empty", "-m", "nothing yet"])?;
        git(root, &["clone", "--quiet", "origin", "checkout"])?;
        let host = Host::new(&agent()?, root)?;
        host.has_been_used()?;
        fs::write(root.join("agent.toml"), AGENT.replace("ROOT", &root.display().to_string()))?;
        fs::create_dir_all(host.application("shop"))?;
        fs::write(host.application("shop").join("release.toml"), RELEASE)?;
        Ok(Self { host, place })
    }

    /// A new revision of the application, by its commit.
    fn commit(&self, starting: &Starting) -> Result<String> {
        let origin = self.place.path().join("origin");
        let script = match starting {
            Starting::Serves(name) => format!("echo {name} > \"$1\"\n"),
            Starting::Fails => "rm -f \"$1\"\necho cannot bind port 8080 >&2\nexit 3\n".to_owned(),
            Starting::Silent => ": > \"$1\"\n".to_owned(),
        };
        fs::write(origin.join("start"), script)?;
        fs::set_permissions(origin.join("start"), fs::Permissions::from_mode(0o755))?;
        git(&origin, &["add", "."])?;
        git(&origin, &["commit", "--quiet", "-m", "another"])?;
        git(&origin, &["rev-parse", "HEAD"])
    }

    fn deploy(&self, commit: &str, code: i32) -> Result<Run> {
        expect(self.host.run(["deploy", "shop", "--commit", commit])?, code)
    }

    fn serving(&self) -> PathBuf {
        self.place.path().join("serving")
    }

    fn serves(&self, name: &str, commit: &str) -> Result<()> {
        let read = fs::read_to_string(self.serving())?;
        ensure!(read.trim() == name, "{read} serves, not {name}");
        let head = git(&self.place.path().join("checkout"), &["rev-parse", "HEAD"])?;
        ensure!(head == commit, "{head} is checked out, not {commit}");
        Ok(())
    }
}

#[test]
fn revisions_are_deployed_put_back_and_rolled_back_without_docker() -> Result<()> {
    let shop = Shop::set()?;
    let first = shop.commit(&Starting::Serves("one"))?;
    shop.deploy(&first, 0)?;
    shop.serves("one", &first)?;
    // What a command makes is as open as the operator's own shell makes it, unlike what the agent makes.
    let own = shop.place.path().join("own");
    fs::write(&own, "")?;
    assert_eq!(fs::metadata(shop.serving())?.permissions(), fs::metadata(own)?.permissions());

    let doctor = expect(shop.host.run(["doctor"])?, 0)?.stdout;
    assert!(doctor.contains("no plugin is granted") && doctor.contains("ready: no problem"), "{doctor}");

    let again = shop.deploy(&first, 0)?;
    assert!(format!("{}{}", again.stdout, again.stderr).contains("unchanged"), "{}\n{}", again.stdout, again.stderr);

    let missing = shop.host.run(["deploy", "shop"])?;
    assert!(missing.code != 0 && missing.stderr.contains("--commit"), "{}", missing.stderr);

    let second = shop.commit(&Starting::Serves("two"))?;
    shop.deploy(&second, 0)?;
    shop.serves("two", &second)?;

    let broken = shop.commit(&Starting::Fails)?;
    let run = shop.deploy(&broken, 11)?;
    assert!(run.stderr.contains("the command `start` ended with exit code 3: cannot bind port 8080"), "{}", run.stderr);
    shop.serves("two", &second)?;

    let silent = shop.commit(&Starting::Silent)?;
    let run = shop.deploy(&silent, 11)?;
    assert!(run.stderr.contains("nobody answers"), "{}", run.stderr);
    shop.serves("two", &second)?;

    expect(shop.host.run(["rollback", "shop", "--to", first.as_str()])?, 0)?;
    shop.serves("one", &first)?;

    let history = expect(shop.host.run(["history", "shop"])?, 0)?.stdout;
    for word in ["rolled back", "unchanged", "rollback", &first[..7], &broken[..7]] {
        assert!(history.contains(word), "{word} is not in\n{history}");
    }
    let status = expect(shop.host.run(["status", "shop"])?, 0)?.stdout;
    assert!(status.contains(&first[..7]) && status.contains("healthy"), "{status}");
    Ok(())
}

/// Its programs use images somewhere else. Nothing on this host pulled one, and there is no engine to ask.
#[test]
fn images_that_were_never_pulled_here_are_nothing_to_warn_about() -> Result<()> {
    let shop = Shop::set()?;
    let registry = Registry::start()?;
    let address = registry.address();
    let agent = shop.place.path().join("agent.toml");
    let keeping = fs::read_to_string(&agent)?.replace("[docker]", "keep-releases = 1\n\n[docker]");
    fs::write(&agent, format!("{keeping}\n[registries.\"{address}\"]\nplain-http = true\n"))?;
    for version in ["1", "2", "3"] {
        let image = format!("{address}/shop/web:{version}");
        import_shell(|arguments| docker(arguments), &image, &[&format!("LABEL version={version}")])?;
        docker(["push", &image])?;
        docker(["image", "rm", "--force", &image])?;
        let artifact = format!("[artifacts.web]\nimage = \"{address}/shop/web\"\ntag = \"{version}\"\n\n[strategy]");
        fs::write(shop.host.application("shop").join("release.toml"), RELEASE.replace("[strategy]", &artifact))?;
        let run = shop.deploy(&shop.commit(&Starting::Serves(version))?, 0)?;
        assert!(!run.stderr.contains("old images"), "{version}: {}", run.stderr);
    }
    Ok(())
}

/// Its engine is dead: something listens, and nothing answers. Nothing of a deployment asks it, not the plan, not the look
/// at the way back, and not what removes what earlier releases left behind.
#[test]
fn a_release_without_docker_never_connects_to_an_engine() -> Result<()> {
    let shop = Shop::set()?;
    let socket = shop.place.path().join("docker.sock");
    let listener = UnixListener::bind(&socket)?;
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(connection);
        }
    });
    let agent = shop.place.path().join("agent.toml");
    let dead = fs::read_to_string(&agent)?
        .replace("[docker]", "keep-releases = 1\n\n[docker]")
        .replace("/nonexistent/docker.sock", &socket.display().to_string());
    fs::write(&agent, dead)?;
    for version in ["1", "2", "3"] {
        let run = shop.deploy(&shop.commit(&Starting::Serves(version))?, 0)?;
        assert!(!run.stderr.contains("old images"), "{version}: {}", run.stderr);
    }
    shop.deploy(&shop.commit(&Starting::Silent)?, 11)?;
    assert_eq!(connections.load(Ordering::SeqCst), 0);
    // It counts.
    drop(UnixStream::connect(&socket)?);
    let until = Instant::now() + Duration::from_secs(10);
    while connections.load(Ordering::SeqCst) == 0 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    ensure!(connections.load(Ordering::SeqCst) == 1);
    Ok(())
}

#[test]
fn a_first_deployment_that_fails_leaves_nothing_behind() -> Result<()> {
    let shop = Shop::set()?;
    let silent = shop.commit(&Starting::Silent)?;
    shop.deploy(&silent, 11)?;
    assert!(!shop.serving().exists(), "`undo-first` took it away");
    Ok(())
}

#[test]
fn somebody_elses_checkout_is_noticed_and_put_right() -> Result<()> {
    let shop = Shop::set()?;
    let first = shop.commit(&Starting::Serves("one"))?;
    shop.deploy(&first, 0)?;
    git(&shop.place.path().join("checkout"), &["checkout", "--quiet", "--detach", "HEAD~1"])?;
    let plan = expect(shop.host.run(["plan", "shop", "--commit", first.as_str()])?, 0)?;
    assert!(plan.stdout.contains("what is there is"), "{}", plan.stdout);
    shop.deploy(&first, 0)?;
    shop.serves("one", &first)
}

#[test]
fn a_command_of_the_way_back_that_is_not_granted_refuses_before_anything_is_touched() -> Result<()> {
    let shop = Shop::set()?;
    let agent = shop.place.path().join("agent.toml");
    fs::write(&agent, fs::read_to_string(&agent)?.replace(", \"stop\", ", ", "))?;
    let first = shop.commit(&Starting::Serves("one"))?;
    let run = shop.host.run(["deploy", "shop", "--commit", first.as_str()])?;
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("stop"), "{}", run.stderr);
    assert!(!shop.serving().exists());
    Ok(())
}

#[test]
fn doctor_looks_at_programs_and_clones_and_changes_nothing() -> Result<()> {
    let place = TempDir::new()?;
    let host = Host::new(&agent()?, place.path())?;
    let at = |name: &str| place.path().join(name).display().to_string();
    git(place.path(), &["init", "-q", "--bare", "remote.git"])?;
    git(place.path(), &["clone", "-q", "remote.git", "work"])?;
    let work = place.path().join("work");
    git(&work, &["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "begin"])?;
    git(&work, &["push", "-q", "origin", "HEAD:main"])?;
    git(place.path(), &["clone", "-q", "--bare", "remote.git", "clone.git"])?;
    let command = |name: &str, program: &str, arguments: &[&str]| {
        format!("[commands.{name}]\npath = \"{program}\"\narguments = {arguments:?}\n")
    };
    let clone = at("clone.git");
    let commands = [
        command("state-fetch", "/usr/bin/git", &["-C", &clone, "fetch", "-q", "origin", "+refs/heads/main:refs/a/b"]),
        command("state-push", "/usr/bin/git", &["-C", &clone, "push", "--porcelain", "origin", "{1}:refs/heads/main"]),
        "allow-arguments = [\"[0-9a-f]{40}\"]\n".to_owned(),
        command("other-fetch", "/usr/bin/git", &["-C", &clone, "fetch", "origin", "refs/heads/other:refs/a/c"]),
        command("gone", "/usr/bin/git", &["-C", &at("gone.git"), "cat-file", "--batch"]),
        // It is root's, and no program.
        command("script", "/etc/passwd", &[]),
    ];
    let state = at("state");
    host.configure(&format!("environment = \"uat\"\nstate-directory = \"{state}\"\n{}", commands.concat()))?;
    let head = git(&place.path().join("remote.git"), &["rev-parse", "main"])?;

    let doctor = expect(host.run(["doctor"])?, 3)?;
    let seen = doctor.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "has `refs/heads/main`",
        "lets `refs/heads/main` be pushed",
        "has no `refs/heads/other`, which the command `other-fetch` fetches",
        "which the command `gone` works in, is not there",
        "which cannot be executed",
    ] {
        ensure!(seen.contains(words), "no {words:?} in\n{}", doctor.stdout);
    }
    ensure!(git(&place.path().join("remote.git"), &["rev-parse", "main"])? == head, "something was pushed");
    ensure!(git(&place.path().join("clone.git"), &["for-each-ref", "refs/a"])?.is_empty(), "something was fetched");

    fs::rename(place.path().join("remote.git"), place.path().join("moved.git"))?;
    let doctor = host.run(["doctor"])?.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(doctor.contains("the command `state-fetch` would not reach `origin`"), "{doctor}");
    Ok(())
}
