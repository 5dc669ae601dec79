//! `recorder-git-state` with real git: a bare remote on disk, and one behind a real sshd.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use windlass_domain::{Event, Failure};
use windlass_sandbox::Plugin;

use crate::first_party::support::Sandbox;

const GIT: &str = "/usr/bin/git";
const FETCH: &str = "git-state-fetch";
const WRITE: &str = "git-state-write";

/// A remote with one commit, a clone of it, and the plugin with the commands of the documentation.
struct Yard {
    place: TempDir,
    sandbox: Sandbox,
    plugin: Plugin,
}

/// What differs from the documentation's commands.
#[derive(Default)]
struct Differing {
    /// Options of the clone.
    clone: Vec<&'static str>,
    /// The remote's address; the bare repository's path when left out.
    url: Option<String>,
    /// What `GIT_SSH_COMMAND` is.
    ssh: String,
    /// A command, and the shell script that runs before it.
    before: Option<(&'static str, String)>,
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new(GIT)
        .args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org", "-c", "init.defaultBranch=main"])
        .arg("-C")
        .arg(directory)
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", "/nonexistent")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn remote(place: &Path) -> PathBuf {
    place.join("remote.git")
}

/// A bare repository with one commit on `main`, and a second writer's clone.
fn world() -> TempDir {
    let place = TempDir::new().unwrap();
    git(place.path(), &["init", "--quiet", "--bare", "remote.git"]);
    git(place.path(), &["clone", "--quiet", "remote.git", "other"]);
    let other = place.path().join("other");
    git(&other, &["checkout", "--quiet", "-B", "main"]);
    for number in 1..=3 {
        fs::write(other.join("README"), format!("the state of things, {number}\n")).unwrap();
        git(&other, &["add", "."]);
        git(&other, &["commit", "--quiet", "-m", "first"]);
    }
    git(&other, &["push", "--quiet", "origin", "main"]);
    git(&remote(place.path()), &["symbolic-ref", "HEAD", "refs/heads/main"]);
    place
}

impl Yard {
    async fn new(place: TempDir, differing: Differing) -> Self {
        let mut clone = vec!["clone", "--quiet"];
        clone.extend(differing.clone);
        // `file://` so that a shallow clone is one.
        let url = format!("file://{}", remote(place.path()).display());
        clone.extend([url.as_str(), "clone"]);
        git(place.path(), &clone);
        let directory = place.path().join("clone");
        if let Some(url) = &differing.url {
            git(&directory, &["remote", "set-url", "origin", url]);
        }
        let mut agent = Vec::new();
        let commands: [(&str, &[&str], usize); 5] = [
            (FETCH, &["fetch", "--quiet", "--no-tags", "origin", "+refs/heads/main:refs/windlass/git-state/remote"], 0),
            ("git-state-read", &["cat-file", "--batch"], 0),
            (WRITE, &["fast-import", "--quiet", "--force", "--done", "--date-format=raw"], 0),
            ("git-state-push", &["push", "--porcelain", "origin", "{1}:refs/heads/main"], 1),
            ("git-state-sign", &["commit-tree", "-S", "{1}^{{tree}}", "-p", "{2}"], 2),
        ];
        for (name, arguments, positions) in commands {
            let mut all = vec!["-C".to_owned(), directory.display().to_string()];
            all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
            let mut path = GIT;
            if let Some((command, script)) = &differing.before
                && *command == name
            {
                path = "/bin/sh";
                let script = format!("{script}\nexec {GIT} \"$@\"");
                all.splice(0..0, ["-c".to_owned(), script, "sh".to_owned()]);
            }
            let allowed = vec!["[0-9a-f]{40,64}"; positions];
            agent.push(format!(
                "[commands.{name}]\npath = {path:?}\narguments = {all:?}\nallow-arguments = {allowed:?}\n\
                 environment = {{ HOME = \"/nonexistent\", PATH = \"/usr/bin:/bin\", GIT_TERMINAL_PROMPT = \"0\", \
                 GIT_SSH_COMMAND = {:?} }}\ntimeout = \"30s\"\n",
                differing.ssh
            ));
        }
        let names: Vec<&str> = commands.iter().map(|(name, ..)| *name).collect();
        agent.push(format!("[[grants]]\nplugin = \"recorder-git-state\"\nexec = {names:?}\n"));
        let sandbox = Sandbox::new(&agent.concat());
        let plugin = sandbox.plugin("recorder-git-state").await;
        Self { place, sandbox, plugin }
    }

    async fn deliver(&self, with: Value, event: &Event) -> Result<Value, Failure> {
        self.plugin.validate_config(&with).await?;
        let call = self.sandbox.call(&self.plugin, with, &json!({}));
        self.plugin.deliver(call, event).await.map(|facts| facts.unwrap())
    }

    /// What the remote's branch has: the file's content, and how many commits there are.
    fn remote(&self, path: &str) -> (Value, usize) {
        let remote = remote(self.place.path());
        let text = git(&remote, &["show", &format!("main:{path}")]);
        let count = git(&remote, &["rev-list", "--count", "main"]).parse().unwrap();
        (serde_json::from_str(&text).unwrap(), count)
    }

    fn message(&self) -> String {
        git(&remote(self.place.path()), &["log", "-1", "--format=%an <%ae>%n%B", "main"])
    }
}

fn release(version: &str) -> Value {
    json!({
        "format": 1, "id": format!("sha256:{version}"), "application": "kudos", "version": version,
        "bundle": { "digest": "sha256:b", "files": {} }, "artifacts": {
            "frontend": { "repository": "r.example/frontend", "tag": "f1", "digest": "sha256:f" },
            "backend": { "repository": "r.example/backend", "tag": version, "digest": "sha256:b" },
        },
    })
}

fn event(number: u64, version: &str, outcome: &str, running: Option<&str>) -> Event {
    serde_json::from_value(json!({
        "format": 1, "idempotency-key": format!("k{number}"), "deployment": format!("d{number}"), "sequence": number,
        "application": "kudos", "environment": "uat", "host": "uat1", "outcome": outcome, "rollback": false,
        "actor": "me", "release": release(version), "running": running.map(release),
        "started": "2026-01-01T00:00:00Z", "finished": format!("2026-01-01T00:00:{number:02}Z"),
    }))
    .unwrap()
}

fn succeeded(number: u64) -> Event {
    let version = number.to_string();
    event(number, &version, "succeeded", Some(&version))
}

fn with() -> Value {
    json!({ "path": "environments/uat.json", "author": { "name": "Windlass", "email": "windlass@example.org" }, "content": {
        "frontend_image_uri_with_tag": "{artifacts.frontend.image}:{artifacts.frontend.version}",
        "backend_image_uri_with_tag": "{artifacts.backend.image}:{artifacts.backend.version}",
    } })
}

fn images(backend: &str) -> Value {
    json!({ "frontend_image_uri_with_tag": "r.example/frontend:f1",
        "backend_image_uri_with_tag": format!("r.example/backend:{backend}") })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_is_committed_when_it_changed_ten_times_in_a_row() {
    let yard = Yard::new(world(), Differing { clone: vec!["--bare"], ..Differing::default() }).await;
    for number in 1..=10 {
        let facts = yard.deliver(with(), &succeeded(number)).await.unwrap();
        assert_eq!(facts["attempt"], 1, "{facts}");
    }
    assert_eq!(yard.remote("environments/uat.json"), (images("10"), 13));
    let message = yard.message();
    assert!(message.starts_with("Windlass <windlass@example.org>\nkudos 10 was deployed to uat\n\n"), "{message}");
    assert!(message.contains("Windlass-Outcome: succeeded\n") && message.ends_with("Windlass-Deployment: d10"));

    // Told again, also late and after the file changed: nothing is repeated and nothing goes back.
    for number in [10, 3] {
        let facts = yard.deliver(with(), &succeeded(number)).await.unwrap();
        assert_eq!(facts["recorded"], "before", "{facts}");
    }
    // Another deployment of the same images.
    let facts = yard.deliver(with(), &event(11, "10", "succeeded", Some("10"))).await.unwrap();
    assert_eq!(facts["unchanged"], true, "{facts}");
    // A deployment that failed: the old release runs, which the file says already.
    let facts = yard.deliver(with(), &event(12, "11", "rolled-back", Some("10"))).await.unwrap();
    assert_eq!(facts["unchanged"], true, "{facts}");
    let facts = yard.deliver(with(), &event(13, "11", "refused", Some("10"))).await.unwrap();
    assert_eq!(facts["skipped"], "refused", "{facts}");
    assert_eq!(yard.remote("environments/uat.json").1, 13);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_lost_or_written_over_is_committed_again_after_an_unchanged_deployment() {
    let yard = Yard::new(world(), Differing { clone: vec!["--bare"], ..Differing::default() }).await;
    yard.deliver(with(), &succeeded(1)).await.unwrap();
    let unchanged = |number| event(number, "1", "unchanged", Some("1"));
    let facts = yard.deliver(with(), &unchanged(2)).await.unwrap();
    assert_eq!(facts["summary"], "environments/uat.json says so already", "{facts}");
    let before = yard.remote("environments/uat.json").1;
    // A person deploys something else by hand, and records it.
    yard.deliver(with(), &event(3, "9", "succeeded", Some("9"))).await.unwrap();
    let facts = yard.deliver(with(), &unchanged(4)).await.unwrap();
    assert!(facts["summary"].as_str().unwrap().contains("which was lost or said something else"), "{facts}");
    assert_eq!(yard.remote("environments/uat.json"), (images("1"), before + 2));
    // A recorder that does not record successes repairs nothing.
    let mut failures = with();
    failures["on"] = json!(["stuck"]);
    let facts = yard.deliver(failures, &unchanged(5)).await.unwrap();
    assert_eq!(facts["skipped"], "unchanged", "{facts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_table_the_file_is_a_state_file_and_a_rollback_says_what_runs() {
    let yard = Yard::new(world(), Differing { clone: vec!["--bare"], ..Differing::default() }).await;
    yard.deliver(json!({}), &succeeded(1)).await.unwrap();
    let with = json!({ "message": "{application} {version}: {outcome}, {running.version} runs" });
    yard.deliver(with, &event(2, "2", "rolled-back", Some("1"))).await.unwrap();
    let (file, commits) = yard.remote("uat.json");
    let kudos = &file["applications"]["kudos"];
    assert_eq!((&kudos["version"], &kudos["last"]["outcome"], commits), (&json!("1"), &json!("rolled-back"), 5));
    assert!(yard.message().starts_with("windlass <windlass@uat1>\nkudos 2: rolled-back, 1 runs\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_writer_loses_nothing() {
    let place = world();
    let other = place.path().join("other");
    // The second writer is faster twice, between our fetch and our push.
    let script = format!(
        "cd {} && [ $(git rev-list --count HEAD) -ge 5 ] || (git -c user.name=o -c user.email=o@o commit -q --allow-empty -m other \
         && git push -q origin main)",
        other.display()
    );
    let differing = Differing { clone: vec!["--bare"], before: Some((WRITE, script)), ..Differing::default() };
    let yard = Yard::new(place, differing).await;
    let facts = yard.deliver(with(), &succeeded(1)).await.unwrap();
    assert_eq!(facts["attempt"], 3, "{facts}");
    assert_eq!(yard.remote("environments/uat.json"), (images("1"), 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_writer_in_the_middle_of_the_push_loses_nothing() {
    let place = world();
    let other = place.path().join("other");
    let yard = Yard::new(place, Differing { clone: vec!["--bare"], ..Differing::default() }).await;
    // git runs this after it saw the remote's branch and before it sends anything.
    let hook = yard.place.path().join("clone/hooks/pre-push");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let script = format!(
        "#!/bin/sh\nunset GIT_DIR\ncd {}\n[ $(git rev-list --count HEAD) -ge 4 ] && exit 0\n\
         git -c user.name=o -c user.email=o@o commit -q --allow-empty -m other && git push -q origin main\n",
        other.display()
    );
    fs::write(&hook, script).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let facts = yard.deliver(with(), &succeeded(1)).await.unwrap();
    assert_eq!(facts["attempt"], 2, "{facts}");
    assert_eq!(yard.remote("environments/uat.json"), (images("1"), 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_is_always_faster_ends_in_an_error_for_the_outbox() {
    let place = world();
    let script = format!(
        "cd {} && git -c user.name=o -c user.email=o@o commit -q --allow-empty -m other && git push -q origin main",
        place.path().join("other").display()
    );
    let differing = Differing { clone: vec!["--bare"], before: Some((WRITE, script)), ..Differing::default() };
    let yard = Yard::new(place, differing).await;
    let mut with = with();
    with["attempts"] = json!(3);
    let failure = yard.deliver(with, &succeeded(1)).await.unwrap_err();
    assert_eq!((failure.code.as_str(), failure.retryable), ("conflict", true), "{failure:?}");
    assert!(failure.message.contains("3 times another push came first"), "{failure:?}");
    assert_eq!(git(&remote(yard.place.path()), &["rev-list", "--count", "main"]), "6", "nobody's commit is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_somebody_works_in_is_left_as_it_is() {
    for clone in [vec![], vec!["--depth", "1"]] {
        let shallow = !clone.is_empty();
        let yard = Yard::new(world(), Differing { clone, ..Differing::default() }).await;
        let clone = yard.place.path().join("clone");
        git(&clone, &["checkout", "--quiet", "--detach"]);
        fs::write(clone.join("README"), "changed and not committed").unwrap();
        fs::write(clone.join("new"), "not even added").unwrap();
        fs::write(clone.join("added"), "added").unwrap();
        git(&clone, &["add", "added"]);
        let seen = || (git(&clone, &["status", "--porcelain"]), git(&clone, &["rev-parse", "HEAD", "main"]));
        let before = seen();
        for number in 1..=2 {
            yard.deliver(with(), &succeeded(number)).await.unwrap();
        }
        assert_eq!(yard.remote("environments/uat.json"), (images("2"), 5));
        assert_eq!(seen(), before, "shallow: {shallow}");
        assert_eq!(git(&clone, &["rev-parse", "--is-shallow-repository"]), shallow.to_string());
        assert_eq!(fs::read_to_string(clone.join("README")).unwrap(), "changed and not committed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_is_gone_and_back_has_the_record() {
    let yard = Yard::new(world(), Differing { clone: vec!["--bare"], ..Differing::default() }).await;
    let (there, away) = (remote(yard.place.path()), yard.place.path().join("away.git"));
    fs::rename(&there, &away).unwrap();
    let failure = yard.deliver(with(), &succeeded(1)).await.unwrap_err();
    assert_eq!((failure.code.as_str(), failure.retryable), ("unavailable", true), "{failure:?}");
    assert!(failure.message.contains(FETCH), "{failure:?}");
    fs::rename(&away, &there).unwrap();
    yard.deliver(with(), &succeeded(1)).await.unwrap();
    assert_eq!(yard.remote("environments/uat.json"), (images("1"), 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_of_the_remote_is_told_with_its_words() {
    let yard = Yard::new(world(), Differing { clone: vec!["--bare"], ..Differing::default() }).await;
    let hook = remote(yard.place.path()).join("hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\necho 'main is protected: ask the platform team' >&2\nexit 1\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let failure = yard.deliver(with(), &succeeded(1)).await.unwrap_err();
    assert_eq!(failure.code, "unavailable");
    assert!(failure.message.contains("pre-receive hook declined"), "{failure:?}");
    assert!(failure.message.contains("ask the platform team"), "{failure:?}");

    // A file that the recorder did not write.
    let other = yard.place.path().join("other");
    fs::remove_file(&hook).unwrap();
    fs::write(other.join("uat.json"), "# notes\n").unwrap();
    git(&other, &["add", "."]);
    git(&other, &["commit", "--quiet", "-m", "notes"]);
    git(&other, &["push", "--quiet", "origin", "main"]);
    for with in [json!({}), json!({ "content": { "v": "{version}" } })] {
        let failure = yard.deliver(with, &succeeded(1)).await.unwrap_err();
        assert!(failure.code == "conflict" && failure.message.contains("left as it is"), "{failure:?}");
    }
    let failure = yard.deliver(json!({ "path": "README/x.json" }), &succeeded(1)).await.unwrap_err();
    assert!(failure.code == "conflict" && failure.message.contains("README"), "{failure:?}");
    assert_eq!(git(&remote(yard.place.path()), &["show", "main:uat.json"]), "# notes");

    // More than the operator lets the command print.
    fs::write(other.join("large.json"), format!("{{\"a\": \"{}\"}}", "x".repeat(300_000))).unwrap();
    git(&other, &["add", "."]);
    git(&other, &["commit", "--quiet", "-m", "large"]);
    git(&other, &["push", "--quiet", "origin", "main"]);
    let failure = yard.deliver(json!({ "path": "large.json" }), &succeeded(1)).await.unwrap_err();
    assert_eq!(failure.code, "limit-exceeded", "{failure:?}");

    // No branch, no clone.
    git(&remote(yard.place.path()), &["branch", "-m", "main", "trunk"]);
    let failure = yard.deliver(with(), &succeeded(1)).await.unwrap_err();
    assert!(failure.message.contains("refs/heads/main") && failure.retryable, "{failure:?}");
    fs::remove_dir_all(yard.place.path().join("clone")).unwrap();
    let failure = yard.deliver(with(), &succeeded(1)).await.unwrap_err();
    assert!(failure.details.unwrap()["hint"].as_str().unwrap().contains("git clone"), "{}", failure.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_in_an_address_is_repeated_nowhere() {
    let port = windlass_stage::free_port().unwrap();
    let url = Some(format!("http://deploy:hunter22@127.0.0.1:{port}/state.git"));
    let yard = Yard::new(world(), Differing { clone: vec!["--bare"], url, ..Differing::default() }).await;
    let failure = yard.deliver(with(), &succeeded(1)).await.unwrap_err();
    assert_eq!((failure.code.as_str(), failure.retryable), ("unavailable", true), "{failure:?}");
    assert!(!format!("{failure:?}").contains("hunter22"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_are_signed_as_git_is_configured() {
    let yard = Yard::new(world(), Differing { clone: vec!["--bare"], ..Differing::default() }).await;
    let clone = yard.place.path().join("clone");
    let mut with = with();
    with["sign"] = json!(true);
    let failure = yard.deliver(with.clone(), &succeeded(1)).await.unwrap_err();
    assert!(failure.message.contains("git-state-sign"), "{failure:?}");

    let key = key(yard.place.path(), "signing");
    let public = fs::read_to_string(key.with_extension("pub")).unwrap();
    let signers = yard.place.path().join("signers");
    fs::write(&signers, format!("release@example.org {public}")).unwrap();
    for (name, value) in [
        ("user.name", "Release"),
        ("user.email", "release@example.org"),
        ("gpg.format", "ssh"),
        ("user.signingkey", key.to_str().unwrap()),
    ] {
        git(&clone, &["config", name, value]);
    }
    yard.deliver(with.clone(), &succeeded(1)).await.unwrap();
    assert_eq!(yard.remote("environments/uat.json"), (images("1"), 4));
    assert!(yard.message().starts_with("Release <release@example.org>\nkudos 1 was deployed"), "{}", yard.message());
    let trusted = format!("gpg.ssh.allowedSignersFile={}", signers.display());
    git(&remote(yard.place.path()), &["-c", &trusted, "verify-commit", "main"]);
    assert_eq!(yard.deliver(with, &succeeded(1)).await.unwrap()["recorded"], "before");
}

fn key(place: &Path, name: &str) -> PathBuf {
    let key = place.join(name);
    let made = Command::new("/usr/bin/ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(made.unwrap().success());
    key
}

#[tokio::test(flavor = "multi_thread")]
async fn over_ssh_with_the_operators_key() {
    let place = world();
    let sshd = windlass_stage::Sshd::start("forge", &[]).unwrap();
    let strange = key(place.path(), "strange");
    let url = format!("ssh://forge{}", remote(place.path()).display());
    let ours = format!("ssh -o BatchMode=yes -F {}", sshd.client_config().display());
    // The configuration without its own key.
    let configuration = fs::read_to_string(sshd.client_config()).unwrap();
    let configuration =
        configuration.lines().filter(|line| !line.contains("IdentityFile")).collect::<Vec<_>>().join("\n");
    let strangers = place.path().join("strangers_config");
    fs::write(&strangers, configuration).unwrap();
    let strange = format!("ssh -o BatchMode=yes -F {} -i {}", strangers.display(), strange.display());
    let differing = || Differing { clone: vec!["--bare"], url: Some(url.clone()), ..Differing::default() };
    let yard = Yard::new(place, Differing { ssh: ours, ..differing() }).await;
    for number in 1..=3 {
        yard.deliver(with(), &succeeded(number)).await.unwrap();
    }
    assert_eq!(yard.remote("environments/uat.json"), (images("3"), 6));

    let Yard { place, .. } = yard;
    fs::remove_dir_all(place.path().join("clone")).unwrap();
    let yard = Yard::new(place, Differing { ssh: strange, ..differing() }).await;
    let failure = yard.deliver(with(), &succeeded(4)).await.unwrap_err();
    assert!(failure.message.contains("Permission denied (publickey"), "{failure:?}");
    assert!(failure.details.unwrap()["hint"].as_str().unwrap().contains("key"));

    drop(sshd);
    let failure = yard.deliver(with(), &succeeded(4)).await.unwrap_err();
    assert!(failure.retryable && failure.message.contains("Connection refused"), "{failure:?}");
}
