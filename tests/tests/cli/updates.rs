//! Windlass exchanged for another version of itself, `self-update`: with real programs in a root of their own, of which some tell
//! another version. With systemd and dpkg it is tried in `tests/package`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use windlass_stage::Run;

use super::support::{Stage, binary};

/// The version that is built, and what is made of it: each is as long as the first, and takes its place in the program.
const THIS: &str = env!("CARGO_PKG_VERSION");
const NEWER: &str = "9.1.0";
const NEWEST: &str = "9.2.0";
const OLDER: &str = "0.0.1";

/// A host on which Windlass is installed as a program, whose operator trusts one key.
struct Installed {
    stage: Stage,
    root: PathBuf,
}

thread_local! {
    /// Programs that a test installs, made once; removed when the test's thread ends, which a static would not be.
    static MADE: tempfile::TempDir = {
        let made = tempfile::tempdir_in("/tmp").unwrap();
        // Without what debuggers read, they are half as large.
        let this = made.path().join(THIS);
        assert!(Command::new("strip").arg("-o").arg(&this).arg(binary()).status().unwrap().success());
        made
    };
}

/// Where they are.
fn made() -> PathBuf {
    MADE.with(|made| made.path().to_owned())
}

/// The program, telling another version of itself.
fn telling(version: &str) -> PathBuf {
    let path = made().join(version);
    if !path.exists() {
        assert_eq!(version.len(), THIS.len());
        // It takes bytes that are no text as they are.
        let exchange = format!("s/{}/{version}/g", THIS.replace('.', "[.]"));
        let exchanged = Command::new("sed").env("LC_ALL", "C").arg(exchange).arg(made().join(THIS)).output().unwrap();
        fs::write(&path, exchanged.stdout).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    path
}

impl Installed {
    fn new() -> Self {
        let stage = Stage::installed(&made().join(THIS));
        let root = stage.host.root().to_owned();
        minisign(&["-G", "-W", "-f", "-p", &at(&root, "ours.pub"), "-s", &at(&root, "ours")]);
        let key = fs::read_to_string(root.join("ours.pub")).unwrap().lines().nth(1).unwrap().to_owned();
        let text =
            format!("environment = \"uat\"\nstate-directory = \"/var/lib/windlass\"\n[update]\nkeys = [\"{key}\"]\n");
        stage.host.configure(&text).unwrap();
        Self { stage, root }
    }

    fn at(&self, name: &str) -> String {
        at(&self.root, name)
    }

    /// Signs a file with the operator's key.
    fn sign(&self, name: &str) {
        minisign(&["-S", "-s", &self.at("ours"), "-m", &self.at(name), "-t", "from the builders"]);
    }

    /// Another version of the program, signed.
    fn version(&self, name: &str, version: &str) {
        fs::hard_link(telling(version), self.root.join(name)).unwrap();
        self.sign(name);
    }

    /// Runs it, with more variables.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let mut command = self.stage.host.command(arguments);
        command.env("WINDLASS_TEST_UPDATE_USER", "any");
        Run::from(command.envs(variables.iter().copied()).output().unwrap())
    }

    /// The version that is in place.
    fn is(&self) -> String {
        told(&self.root.join("usr/bin/windlass"))
    }

    /// The version that is kept.
    fn keeps(&self) -> String {
        told(&self.root.join("usr/lib/windlass/previous/windlass"))
    }

    /// Nothing is left of what was brought.
    fn is_tidy(&self) {
        assert!(!self.root.join("usr/bin/.windlass.new").exists());
        assert!(!self.root.join("usr/lib/windlass/incoming/windlass").exists());
    }
}

/// The version that a program tells.
fn told(program: &Path) -> String {
    let output = Command::new(program).arg("--version").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().trim_start_matches("windlass ").to_owned()
}

fn at(root: &Path, name: &str) -> String {
    root.join(name).display().to_string()
}

fn minisign(arguments: &[&str]) {
    let output = Command::new("minisign").args(arguments).output().unwrap();
    assert!(output.status.success(), "minisign: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn another_version_is_put_in_place_and_taken_back() {
    let host = Installed::new();
    host.version("new", NEWER);
    insta::assert_snapshot!(host.stage.tell(&format!("self-update {}", host.at("new"))), @"
    exit 0
    --- stdout
    [HOST]/usr/bin/windlass is 9.1.0 now; 0.1.0 is kept: `windlass self-update --back` puts it back
    --- stderr
    `[HOST]/new` is signed by [KEY]
    its signer remarks, and nothing proves it: from the builders
    putting 9.1.0 in the place of 0.1.0
    ");
    assert_eq!((host.is().as_str(), host.keeps().as_str()), (NEWER, THIS));
    let mode = |name: &str| fs::metadata(host.root.join(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(
        (mode("usr/bin/windlass"), mode("usr/lib/windlass"), mode("usr/lib/windlass/previous")),
        (0o755, 0o700, 0o700)
    );
    host.is_tidy();
    insta::assert_snapshot!(host.stage.tell(&format!("self-update {} --json", host.at("new"))), @r#"
    exit 0
    --- stdout
    {"type":"update","state":"unchanged","version":"9.1.0","program":"[HOST]/usr/bin/windlass"}
    --- stderr
    `[HOST]/new` is signed by [KEY]
    its signer remarks, and nothing proves it: from the builders
    "#);
    insta::assert_snapshot!(host.stage.tell("self-update --back"), @"
    exit 0
    --- stdout
    [HOST]/usr/bin/windlass is 0.1.0 again
    --- stderr
    putting 0.1.0 back
    ");
    assert_eq!(host.is(), THIS);
    host.is_tidy();
    insta::assert_snapshot!(host.stage.tell("self-update --back"), @"
    exit 17
    --- stderr
    error: no earlier version is kept here
    hint: it is kept by an update, and there is one way back for each: name the file of the version that
          you want
    ");
}

#[test]
fn the_tarball_is_a_version_too_and_an_older_one_has_to_be_meant() {
    let host = Installed::new();
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content) in [("windlass", fs::read(telling(OLDER)).unwrap()), ("README.md", b"read me".to_vec())] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        archive.append_data(&mut header, format!("windlass-{OLDER}-x-linux/{name}"), content.as_slice()).unwrap();
    }
    fs::write(host.root.join("old.tar.gz"), archive.into_inner().unwrap().finish().unwrap()).unwrap();
    host.sign("old.tar.gz");
    insta::assert_snapshot!(host.stage.tell(&format!("self-update {}", host.at("old.tar.gz"))), @"
    exit 10
    --- stderr
    `[HOST]/old.tar.gz` is signed by [KEY]
    its signer remarks, and nothing proves it: from the builders
    error: 0.0.1 is older than 0.1.0, which is installed
    hint: `--downgrade` installs it all the same; an older version refuses a journal that a newer one
          has upgraded
    ");
    assert_eq!(host.is(), THIS);
    let run = host.run(&["self-update", &host.at("old.tar.gz"), "--downgrade"], &[]);
    assert_eq!((run.code, host.is().as_str()), (0, OLDER), "{run:?}");
}

#[test]
fn what_is_not_signed_by_who_is_trusted_is_not_looked_at() {
    let host = Installed::new();
    fs::write(host.root.join("new"), "no program at all").unwrap();
    insta::assert_snapshot!(host.stage.tell(&format!("self-update {}", host.at("new"))), @"
    exit 10
    --- stderr
    error: `[HOST]/new` is not signed
    hint: put the signature that came with the file at `[HOST]/new.minisig`, or name it with
          `--signature`; `minisign -S -m FILE` makes one
    ");
    host.sign("new");
    fs::rename(host.root.join("new.minisig"), host.root.join("elsewhere")).unwrap();
    fs::write(host.root.join("new"), "no program at all, and changed").unwrap();
    insta::assert_snapshot!(host.stage.tell(&format!("self-update {} --signature {}", host.at("new"), host.at("elsewhere"))), @"
    exit 10
    --- stderr
    error: the signature of `[HOST]/new` is by none of the 1 keys that are trusted, or it was
           changed afterwards
    hint: get the file and its signature again from where they are published; `keys` below `[update]` in
          agent.toml says who is trusted
    ");
    fs::write(host.root.join("elsewhere"), "nonsense").unwrap();
    let nonsense = host.run(&["self-update", &host.at("new"), "--signature", &host.at("elsewhere")], &[]);
    assert!(nonsense.code == 10 && nonsense.stderr.contains("is not a signature"), "{nonsense:?}");
    // Another signer's.
    minisign(&["-G", "-W", "-f", "-p", &host.at("theirs.pub"), "-s", &host.at("theirs")]);
    minisign(&["-S", "-s", &host.at("theirs"), "-m", &host.at("new")]);
    let theirs = host.run(&["self-update", &host.at("new")], &[]);
    assert!(theirs.code == 10 && theirs.stderr.contains("by none of the 1 keys"), "{theirs:?}");
    host.stage.configured();
    insta::assert_snapshot!(host.stage.tell(&format!("self-update {}", host.at("new"))), @r#"
    exit 10
    --- stderr
    error: the operator's file names no key that signs new versions of Windlass
    hint: write `keys = ["RW…"]` below `[update]` in agent.toml: the second line of the `minisign.pub`
          of whoever signs them
    "#);
    assert!(!host.root.join("usr/lib").exists(), "nothing was made");
    assert_eq!(host.is(), THIS);
}

#[test]
fn what_is_no_version_for_this_host_is_not_installed() {
    let host = Installed::new();
    let mut elsewhere = fs::read(made().join(THIS)).unwrap()[..4096].to_vec();
    let broken = elsewhere.clone();
    elsewhere[18] = 22;
    for (name, content, words) in [
        ("script", b"#!/bin/sh\n".to_vec(), "it is no program, no tarball and no Debian package"),
        ("elsewhere", elsewhere, "the new version is for a machine of number 22, and this host is "),
        ("broken", broken, "the new version does not run on this host: "),
        ("echo", fs::read("/bin/echo").unwrap(), "it does not say that it is a version of Windlass"),
        ("tarball", b"\x1f\x8b".to_vec(), "it cannot be unpacked"),
    ] {
        fs::write(host.root.join(name), content).unwrap();
        host.sign(name);
        let run = host.run(&["self-update", &host.at(name)], &[]);
        assert_eq!(run.code, 3, "{name}: {run:?}");
        assert!(run.stderr.split_whitespace().collect::<Vec<_>>().join(" ").contains(words.trim()), "{name}: {run:?}");
    }
    fs::write(host.root.join("package"), "!<arch>\n").unwrap();
    host.sign("package");
    let package = host.run(&["self-update", &host.at("package")], &[]);
    assert!(package.code == 10 && package.stderr.contains("belongs to no package"), "{package:?}");
    assert_eq!(host.is(), THIS);
}

#[test]
fn a_version_that_cannot_read_this_host_is_taken_back_and_the_journal_with_it() {
    let host = Installed::new();
    // A program that tells a version and does nothing else.
    let source = host.root.join("fake.c");
    let text = format!(
        "#include <stdio.h>\nint main(int n, char **w) {{ if (n > 2) return 3; puts(\"windlass {NEWER}\"); return 0; }}\n"
    );
    fs::write(&source, text).unwrap();
    assert!(Command::new("cc").arg("-o").arg(host.root.join("new")).arg(&source).status().unwrap().success());
    host.sign("new");
    insta::assert_snapshot!(host.stage.tell(&format!("self-update {}", host.at("new"))), @"
    exit 11
    --- stderr
    `[HOST]/new` is signed by [KEY]
    its signer remarks, and nothing proves it: from the builders
    putting 9.1.0 in the place of 0.1.0
    9.1.0 does not serve, so 0.1.0 is put back: it cannot read this host: it said nothing
    error: 9.1.0 was taken back, and 0.1.0 is in its place: it cannot read this host: it said nothing
    ");
    assert_eq!(host.is(), THIS);
    host.is_tidy();
    assert_eq!(host.run(&["self-update", "--back"], &[]).code, 17);
}

#[test]
fn killed_at_any_point_one_of_both_is_in_place_and_both_ways_lead_on() {
    let points = [("recorded", THIS), ("stopped", THIS), ("kept", THIS), ("exchanged", NEWER), ("started", NEWER)];
    for (number, (point, after)) in points.into_iter().enumerate() {
        let host = Installed::new();
        host.version("new", NEWER);
        let killed = host.run(&["self-update", &host.at("new")], &[("WINDLASS_TEST_UPDATE_CRASH", point)]);
        assert_eq!((killed.code, host.is().as_str()), (-1, after), "{point}: {killed:?}");
        if number % 2 == 0 {
            let run = host.run(&["self-update", &host.at("new")], &[]);
            assert_eq!((run.code, host.is().as_str(), host.keeps().as_str()), (0, NEWER, THIS), "{point}: {run:?}");
        }
        let back = host.run(&["self-update", "--back"], &[]);
        assert_eq!((back.code, host.is().as_str()), (0, THIS), "{point}: {back:?}");
        host.is_tidy();
    }
}

#[test]
fn going_back_can_be_killed_too() {
    let host = Installed::new();
    host.version("new", NEWER);
    for (point, after) in [("going-back", NEWER), ("journal-back", NEWER), ("put-back", THIS), ("started", THIS)] {
        assert_eq!(host.run(&["self-update", &host.at("new")], &[]).code, 0);
        let killed = host.run(&["self-update", "--back"], &[("WINDLASS_TEST_UPDATE_CRASH", point)]);
        assert_eq!((killed.code, host.is().as_str()), (-1, after), "{point}: {killed:?}");
        let back = host.run(&["self-update", "--back"], &[]);
        assert_eq!((back.code, host.is().as_str()), (0, THIS), "{point}: {back:?}");
    }
}

#[test]
fn killed_while_it_keeps_what_is_there_no_wrong_way_back_is_left() {
    let host = Installed::new();
    host.version("new", NEWER);
    host.version("newest", NEWEST);
    assert_eq!(host.run(&["self-update", &host.at("new")], &[]).code, 0);
    let killed = host.run(&["self-update", &host.at("newest")], &[("WINDLASS_TEST_UPDATE_CRASH", "copied")]);
    assert_eq!((killed.code, host.is().as_str()), (-1, NEWER), "{killed:?}");
    assert_eq!(host.run(&["self-update", "--back"], &[]).code, 17);
    assert_eq!(host.run(&["self-update", &host.at("newest")], &[]).code, 0);
    assert_eq!(host.run(&["self-update", "--back"], &[]).code, 0);
    assert_eq!(host.is(), NEWER);
}

/// The new one may not start at all.
#[test]
fn the_program_that_is_kept_goes_back_by_itself() {
    let host = Installed::new();
    host.version("new", NEWER);
    assert_eq!(host.run(&["self-update", &host.at("new")], &[]).code, 0);
    fs::write(host.root.join("usr/bin/windlass"), "damaged").unwrap();
    let kept = host.root.join("usr/lib/windlass/previous/windlass");
    let mut back = Command::new(&kept);
    back.args(["self-update", "--back", "--config", &host.at("agent.toml")]).env("WINDLASS_TEST_UPDATE_USER", "any");
    let back = Run::from(back.output().unwrap());
    assert_eq!((back.code, host.is().as_str()), (0, THIS), "{back:?}");
}

#[test]
fn nothing_is_exchanged_beside_an_agent_that_systemd_did_not_start() {
    let host = Installed::new();
    host.version("new", NEWER);
    let more = format!("\n[agent]\nsocket = \"{}\"\n", host.at("agent.sock"));
    let operators = host.root.join("agent.toml");
    fs::write(&operators, fs::read_to_string(&operators).unwrap() + &more).unwrap();
    let mut agent = windlass_stage::Live::start(&mut host.stage.host.command(["agent"])).unwrap();
    agent.wait_for(&["the agent takes commands at"]).unwrap();
    let refused = host.run(&["self-update", &host.at("new")], &[]);
    agent.signal("TERM").unwrap();
    agent.end().unwrap();
    assert_eq!((refused.code, host.is().as_str()), (13, THIS), "{refused:?}");
    assert!(refused.stderr.contains("systemd did not start"), "{refused:?}");
    let run = host.run(&["self-update", &host.at("new")], &[]);
    assert_eq!((run.code, host.is().as_str()), (0, NEWER), "{run:?}");
}

#[test]
fn one_goes_on_at_a_time() {
    let host = Installed::new();
    host.version("new", NEWER);
    fs::create_dir_all(host.root.join("usr/lib/windlass/previous")).unwrap();
    let lock = fs::File::create(host.root.join("usr/lib/windlass/lock")).unwrap();
    fs::set_permissions(host.root.join("usr/lib/windlass"), fs::Permissions::from_mode(0o700)).unwrap();
    lock.lock().unwrap();
    let run = host.run(&["self-update", &host.at("new")], &[]);
    assert!(run.code == 13 && run.stderr.contains("another `windlass self-update` goes on"), "{run:?}");
}
