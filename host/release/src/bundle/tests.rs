//! Bundles on a real file system: what is kept, what is left out, and what is refused.

use std::error::Error as _;
use std::fs;
use std::io::Cursor;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use windlass_foundation::explain::Explain as _;

use super::*;

struct Fixture {
    _whole: tempfile::TempDir,
    directory: PathBuf,
    bundles: Bundles,
}

fn fixture() -> Fixture {
    let whole = tempfile::tempdir().unwrap();
    let directory = whole.path().join("kudos");
    fs::create_dir_all(directory.join("conf")).unwrap();
    fs::write(directory.join("release.toml"), "application = \"kudos\"\n").unwrap();
    fs::write(directory.join("conf/app.conf"), "a=1\n").unwrap();
    fs::write(directory.join("run.sh"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(directory.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    let bundles = Bundles::new(&whole.path().join("state"));
    Fixture { _whole: whole, directory, bundles }
}

impl Fixture {
    fn names(&self) -> Vec<String> {
        self.bundles.inspect(&self.directory).unwrap().files.into_keys().collect()
    }

    /// The error of keeping the directory, with its hint and without the temporary directory's name.
    fn refusal(&self) -> String {
        shown(&self.bundles.keep(&self.directory).unwrap_err(), &self.directory)
    }
}

fn shown(error: &BundleError, directory: &Path) -> String {
    let mut text = error.to_string();
    if let Some(source) = error.source() {
        text = format!("{text}\ncaused by: {source}");
    }
    if let Some(hint) = error.hint() {
        text = format!("{text}\nhint: {hint}");
    }
    let state = directory.parent().unwrap().join("state");
    text.replace(&state.display().to_string(), "STATE").replace(&directory.display().to_string(), "DIR")
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn keeps_a_copy_that_no_longer_follows_the_directory() {
    let fixture = fixture();
    let kept = fixture.bundles.keep(&fixture.directory).unwrap();
    fs::write(fixture.directory.join("conf/app.conf"), "a=2\n").unwrap();

    assert_eq!(fs::read_to_string(kept.directory.join("conf/app.conf")).unwrap(), "a=1\n");
    assert_eq!(fixture.bundles.load(&kept.bundle.digest).unwrap(), kept);
    let names: Vec<_> = kept.bundle.files.keys().map(String::as_str).collect();
    assert_eq!(names, ["conf/app.conf", "release.toml", "run.sh"]);
    assert_eq!((mode(&kept.directory), mode(&kept.directory.join("conf"))), (0o555, 0o555));
    assert_eq!((mode(&kept.directory.join("run.sh")), mode(&kept.directory.join("release.toml"))), (0o555, 0o444));

    let other = fixture.bundles.keep(&fixture.directory).unwrap();
    assert_ne!(other.bundle.digest, kept.bundle.digest);
    let left: Vec<_> = fs::read_dir(kept.directory.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 2, "nothing but the two bundles is left");
    fixture.bundles.remove(&kept.bundle.digest).unwrap();
    fixture.bundles.remove(&kept.bundle.digest).unwrap();
    assert!(matches!(fixture.bundles.load(&kept.bundle.digest), Err(BundleError::Missing { .. })));
}

#[test]
fn the_digest_follows_names_contents_and_programs_only() {
    let fixture = fixture();
    let digest = || fixture.bundles.inspect(&fixture.directory).unwrap().digest;
    let first = digest();
    insta::assert_snapshot!(first, @"sha256:dbf89ae8d3d7dbdbad8550f4ce28e118c3fb5ca02884cf93f206558d57742c24");
    fs::create_dir(fixture.directory.join("empty")).unwrap();
    assert_eq!(digest(), first, "empty directories do not count");
    fs::set_permissions(fixture.directory.join("conf/app.conf"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(digest(), first, "nor do modes of those who read");
    fs::set_permissions(fixture.directory.join("run.sh"), fs::Permissions::from_mode(0o644)).unwrap();
    let second = digest();
    assert_ne!(second, first);
    fs::rename(fixture.directory.join("run.sh"), fixture.directory.join("go.sh")).unwrap();
    assert_ne!(digest(), second);
}

#[test]
fn leaves_out_what_the_ignore_file_names() {
    let fixture = fixture();
    fs::create_dir_all(fixture.directory.join(".git/objects")).unwrap();
    fs::write(fixture.directory.join(".git/HEAD"), "x").unwrap();
    fs::create_dir_all(fixture.directory.join("node_modules/x")).unwrap();
    fs::write(fixture.directory.join("node_modules/x/y.js"), "x").unwrap();
    fs::write(fixture.directory.join("a.log"), "x").unwrap();
    fs::write(fixture.directory.join("keep.log"), "x").unwrap();
    symlink("/etc/passwd", fixture.directory.join("out.log")).unwrap();
    fs::write(fixture.directory.join(IGNORE_FILE), "# c\nnode_modules/\n*.log\n!keep.log\n*.toml\n").unwrap();
    assert_eq!(fixture.names(), [IGNORE_FILE, "conf/app.conf", "keep.log", "release.toml", "run.sh"]);
    let kept = fixture.bundles.keep(&fixture.directory).unwrap();
    assert_eq!(fixture.bundles.load(&kept.bundle.digest).unwrap(), kept, "the copy is not filtered again");

    fs::write(fixture.directory.join(IGNORE_FILE), "a{b\n").unwrap();
    insta::assert_snapshot!(fixture.refusal(), @"`.windlassignore` is malformed: line 1: error parsing glob 'a{b': unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)");
}

#[test]
fn links_stand_for_what_they_point_at() {
    let fixture = fixture();
    symlink("app.conf", fixture.directory.join("conf/link.conf")).unwrap();
    symlink("conf", fixture.directory.join("settings")).unwrap();
    let names = fixture.names();
    assert!(names.contains(&"conf/link.conf".to_owned()) && names.contains(&"settings/app.conf".to_owned()));
    let kept = fixture.bundles.keep(&fixture.directory).unwrap();
    assert!(!kept.directory.join("settings").is_symlink());
}

#[test]
fn refuses_links_that_lead_out_or_nowhere() {
    for target in ["/etc/passwd", "../outside", "missing", "/proc/self/environ"] {
        let fixture = fixture();
        fs::write(fixture.directory.parent().unwrap().join("outside"), "x").unwrap();
        symlink(target, fixture.directory.join("link")).unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(fixture.refusal(), @"
            `link` leads out of the application's directory, or nowhere
            hint: copy what it points at into the directory, or name it in `.windlassignore`
            ");
        }
    }
}

#[test]
fn refuses_circles_and_what_is_no_file() {
    let fixture = fixture();
    symlink("..", fixture.directory.join("conf/up")).unwrap();
    insta::assert_snapshot!(fixture.refusal(), @"`conf/up` leads back to a directory that it is in");
    fs::remove_file(fixture.directory.join("conf/up")).unwrap();
    symlink("self", fixture.directory.join("self")).unwrap();
    insta::assert_snapshot!(fixture.refusal(), @"`self` leads back to a directory that it is in");
    fs::remove_file(fixture.directory.join("self")).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(fixture.directory.join("socket")).unwrap();
    insta::assert_snapshot!(fixture.refusal(), @"
    `socket` is neither a file nor a directory
    hint: name what does not belong to the release in `.windlassignore`, as in a `.gitignore`
    ");
    drop(socket);
    fs::remove_file(fixture.directory.join("socket")).unwrap();
    fs::write(fixture.directory.join("two\nlines"), "x").unwrap();
    insta::assert_snapshot!(fixture.refusal(), @r"
    `two\nlines` has a name that is not plain UTF-8 text
    hint: name what does not belong to the release in `.windlassignore`, as in a `.gitignore`
    ");
}

#[test]
fn refuses_too_much() {
    let fixture = fixture();
    let big = fs::File::create(fixture.directory.join("dump.sql")).unwrap();
    big.set_len(MAX_BYTES).unwrap();
    insta::assert_snapshot!(fixture.refusal(), @"
    the files of the application's directory have more than 64 MiB together
    hint: name what does not belong to the release in `.windlassignore`; the largest: `dump.sql` (64 MiB), `conf/app.conf` (1 MiB)
    ");
    fs::remove_file(fixture.directory.join("dump.sql")).unwrap();
    for number in 0..=MAX_FILES {
        fs::write(fixture.directory.join(format!("{number}")), "").unwrap();
    }
    insta::assert_snapshot!(fixture.refusal(), @"
    the application's directory has more than 10000 files
    hint: name what does not belong to the release in `.windlassignore`, as in a `.gitignore`
    ");
}

/// Changes that another process could make to a kept bundle, and whether the files of the release bring it back by
/// themselves.
type Harm = (&'static str, fn(&Path), bool);

const HARMS: &[Harm] = &[
    ("a file is added", |top| fs::write(top.join("planted"), "x").unwrap(), true),
    ("a file is added below", |top| fs::write(top.join("conf/extra.conf"), "x").unwrap(), true),
    ("a directory is added", |top| fs::create_dir_all(top.join("more/deep")).unwrap(), true),
    ("a link is added", |top| symlink("/etc", top.join("etc")).unwrap(), true),
    (
        "a pipe is added",
        |top| {
            rustix::fs::mknodat(rustix::fs::CWD, top.join("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
                .unwrap();
        },
        true,
    ),
    ("a file is set-uid", |top| set_mode(&top.join("run.sh"), 0o4755), true),
    ("a file can be written", |top| set_mode(&top.join("release.toml"), 0o666), true),
    ("a directory is open", |top| set_mode(&top.join("conf"), 0o777), true),
    ("a file has a second name", |top| fs::hard_link(top.join("run.sh"), top.join("../second")).unwrap(), true),
    ("a file is changed", |top| fs::write(top.join("release.toml"), "evil").unwrap(), false),
    ("a file is a program now", |top| set_mode(&top.join("release.toml"), 0o555), false),
    ("a file is gone", |top| fs::remove_file(top.join("conf/app.conf")).unwrap(), false),
    (
        "a directory is a link now",
        |top| {
            fs::remove_dir_all(top.join("conf")).unwrap();
            symlink("/etc", top.join("conf")).unwrap();
        },
        false,
    ),
    (
        "a file is a link now",
        |top| {
            fs::remove_file(top.join("release.toml")).unwrap();
            symlink("/etc/passwd", top.join("release.toml")).unwrap();
        },
        false,
    ),
];

#[test]
fn a_kept_bundle_that_was_changed_is_put_right_or_not_used() {
    for (what, harm, by_itself) in HARMS {
        let fixture = fixture();
        let kept = fixture.bundles.keep(&fixture.directory).unwrap();
        make_writable(&kept.directory);
        harm(&kept.directory);
        let opened = fixture.bundles.open(&kept.bundle);
        assert_eq!(opened.is_ok(), *by_itself, "{what}: {opened:?}");
        if let Err(error) = &opened {
            assert!(matches!(error, BundleError::Damaged { .. }), "{what}: {error:?}");
        }
        // The release's own directory brings all of it back.
        assert_eq!(fixture.bundles.keep(&fixture.directory).unwrap(), kept, "{what}");
        assert_eq!(fixture.bundles.load(&kept.bundle.digest).unwrap(), kept, "{what}");
        let modes = ["", "conf", "release.toml", "conf/app.conf", "run.sh"];
        let modes: Vec<u32> = modes.iter().map(|path| mode(&kept.directory.join(path))).collect();
        assert_eq!(modes, [0o555, 0o555, 0o444, 0o444, 0o555], "{what}");
        assert!(!kept.directory.join("planted").exists(), "{what}");
    }
}

#[test]
fn a_file_that_another_kept_bundle_has_comes_from_there() {
    let fixture = fixture();
    let kept = fixture.bundles.keep(&fixture.directory).unwrap();
    fs::write(fixture.directory.join("release.toml"), "application = \"kudos\"\n# later\n").unwrap();
    let later = fixture.bundles.keep(&fixture.directory).unwrap();
    make_writable(&kept.directory);
    fs::remove_file(kept.directory.join("run.sh")).unwrap();
    set_mode(&kept.directory.join("conf/app.conf"), 0o644);
    fs::write(kept.directory.join("conf/app.conf"), "evil").unwrap();
    assert_eq!(fixture.bundles.open(&kept.bundle).unwrap(), kept);
    assert_eq!(mode(&kept.directory.join("run.sh")), 0o555);
    // One that was changed as well is no source.
    for bundle in [&kept, &later] {
        make_writable(&bundle.directory);
        set_mode(&bundle.directory.join("conf/app.conf"), 0o644);
        fs::write(bundle.directory.join("conf/app.conf"), "evil").unwrap();
    }
    assert!(matches!(fixture.bundles.open(&kept.bundle), Err(BundleError::Damaged { .. })));
}

#[test]
fn anything_that_happens_to_a_kept_bundle_shows_in_its_stamp() {
    for (what, harm, _) in HARMS {
        let fixture = fixture();
        let kept = fixture.bundles.keep(&fixture.directory).unwrap();
        let stamp = || fixture.bundles.stamp(&kept.bundle.digest);
        let before = stamp();
        assert!(before.is_some() && before == stamp(), "{what}");
        harm(&kept.directory);
        assert_ne!(before, stamp(), "{what}");
    }
}

#[test]
fn a_bundle_that_cannot_be_put_right_is_named() {
    let fixture = fixture();
    let kept = fixture.bundles.keep(&fixture.directory).unwrap();
    fs::set_permissions(kept.directory.join("release.toml"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(kept.directory.join("release.toml"), "evil").unwrap();
    let error = fixture.bundles.open(&kept.bundle).unwrap_err();
    insta::assert_snapshot!(shown(&error, &fixture.directory), @"
    the kept bundle `STATE/bundles/sha256/dbf89ae8d3d7dbdbad8550f4ce28e118c3fb5ca02884cf93f206558d57742c24` was changed: its files give sha256:ffb5d4050f440bb4448d49240ce775fa8e5976f3c7f3dc7b48bd48a19d49a79c
    hint: deploy the release once more from its directory or its file: what differs is then written anew; and find out who wrote there
    ");
    for digest in ["sha256:../../../etc", "", "sha256:0"] {
        assert!(matches!(fixture.bundles.load(digest), Err(BundleError::Missing { .. })), "{digest}");
    }
    assert_eq!(fixture.bundles.list(), [kept.bundle.digest]);
}

#[test]
fn bundles_go_when_nothing_needs_them_and_those_of_plans_after_a_while() {
    let fixture = fixture();
    let keep = |text: &str| {
        fs::write(fixture.directory.join("conf/app.conf"), text).unwrap();
        fixture.bundles.keep(&fixture.directory).unwrap()
    };
    let aged = |kept: &StoredBundle, seconds: u64| {
        let then = std::time::SystemTime::now() - Duration::from_secs(seconds);
        fs::File::open(&kept.directory).unwrap().set_modified(then).unwrap();
    };
    let (old, needed, planned) = (keep("old"), keep("needed"), keep("planned"));
    aged(&old, RECENT.as_secs() + 60);
    aged(&needed, RECENT.as_secs() * 9);
    aged(&planned, RECENT.as_secs() - 60);
    let keeping = BTreeSet::from([needed.bundle.digest.clone()]);
    assert_eq!(fixture.bundles.sweep(&keeping).unwrap(), std::slice::from_ref(&old.bundle.digest));
    assert!(!old.directory.exists() && needed.directory.exists() && planned.directory.exists());
    let error = fixture.bundles.open(&old.bundle).unwrap_err();
    assert!(matches!(error, BundleError::Missing { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("those of plans for 7 days"), "{:?}", error.hint());

    // Planned once more, it stays for as long again.
    aged(&planned, RECENT.as_secs() + 60);
    keep("planned");
    assert_eq!(fixture.bundles.sweep(&keeping).unwrap(), Vec::<String>::new());

    // Of many plans the newest stay.
    for number in 0..MOST_RECENT {
        aged(&keep(&number.to_string()), 60);
    }
    aged(&planned, 120);
    assert_eq!(fixture.bundles.sweep(&keeping).unwrap(), std::slice::from_ref(&planned.bundle.digest));
    assert_eq!(fixture.bundles.list().len(), MOST_RECENT + 1);

    // While one is being kept, nothing goes.
    let hold = sweep::hold(&fixture.bundles.root).unwrap();
    aged(&needed, RECENT.as_secs() * 9);
    assert_eq!(fixture.bundles.sweep(&BTreeSet::new()).unwrap(), Vec::<String>::new());
    drop(hold);
    assert_eq!(fixture.bundles.sweep(&BTreeSet::new()).unwrap(), std::slice::from_ref(&needed.bundle.digest));
}

#[test]
fn only_the_agents_user_gets_to_the_kept_bundles() {
    let fixture = fixture();
    let kept = fixture.bundles.keep(&fixture.directory).unwrap();
    let state = fixture.directory.parent().unwrap().join("state");
    for directory in [state.join("bundles"), state.join("bundles/sha256")] {
        assert_eq!(mode(&directory), 0o700, "{}", directory.display());
    }
    // A container that runs as another user reads what is mounted of it.
    assert_eq!(mode(&kept.directory.join("release.toml")), 0o444);
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn make_writable(directory: &Path) {
    for path in [directory.to_owned(), directory.join("conf")] {
        set_mode(&path, 0o755);
    }
}

#[test]
fn what_an_agent_left_that_was_killed_is_removed_and_what_another_fills_now_is_not() {
    let fixture = fixture();
    let root = &fixture.bundles.root;
    let abandoned = root.join(".incoming-4194305-x/deep");
    let busy = root.join(format!(".incoming-{}-x", std::process::id()));
    for directory in [&abandoned, &busy] {
        fs::create_dir_all(directory).unwrap();
    }
    fs::set_permissions(&abandoned, fs::Permissions::from_mode(0o555)).unwrap();
    fixture.bundles.keep(&fixture.directory).unwrap();
    assert!(!abandoned.exists() && busy.exists());
}

#[test]
fn says_which_directory_cannot_be_used() {
    let fixture = fixture();
    let error = fixture.bundles.keep(&fixture.directory.join("none")).unwrap_err();
    insta::assert_snapshot!(shown(&error, &fixture.directory), @"
    cannot read `DIR/none`
    caused by: No such file or directory (os error 2)
    ");
    fs::write(fixture.directory.parent().unwrap().join("state"), "a file").unwrap();
    insta::assert_snapshot!(fixture.refusal(), @"
    cannot write `STATE/bundles/sha256`
    caused by: Not a directory (os error 20)
    ");
}

fn archive(fill: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> Cursor<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    fill(&mut builder);
    Cursor::new(builder.into_inner().unwrap())
}

/// An entry as no honest tool writes it: the path goes into the header as it is.
fn raw(builder: &mut tar::Builder<Vec<u8>>, path: &[u8], kind: tar::EntryType, content: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path);
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    if matches!(kind, tar::EntryType::Symlink | tar::EntryType::Link) {
        header.set_link_name("/etc/passwd").unwrap();
    }
    header.set_cksum();
    builder.append(&header, content).unwrap();
}

#[test]
fn an_archive_of_the_directory_is_the_same_bundle() {
    let fixture = fixture();
    let direct = fixture.bundles.keep(&fixture.directory).unwrap();
    let tar = archive(|builder| builder.append_dir_all(".", &fixture.directory).unwrap());
    assert_eq!(fixture.bundles.keep_tar(tar).unwrap(), direct);
    let names: Vec<_> = fs::read_dir(direct.directory.parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 1, "the incoming directory is gone");
}

#[test]
fn refuses_hostile_archives() {
    use tar::EntryType as T;
    let fixture = fixture();
    let entries: [(&[u8], T); 10] = [
        (b"../evil", T::Regular),
        (b"a/../../evil", T::Regular),
        (b"/etc/cron.d/evil", T::Regular),
        (b"link", T::Symlink),
        (b"link", T::Link),
        (b"pipe", T::Fifo),
        (b"disk", T::Block),
        (b"sparse", T::GNUSparse),
        (b"a\xff", T::Regular),
        (b"a\x1b[2Jb", T::Regular),
    ];
    let mut errors: Vec<String> = entries
        .iter()
        .map(|(path, kind)| fixture.bundles.keep_tar(archive(|builder| raw(builder, path, *kind, b""))).unwrap_err())
        .map(|error| error.to_string())
        .collect();
    let twice = archive(|builder| {
        raw(builder, b"a", T::Regular, b"1");
        raw(builder, b"./a", T::Regular, b"2");
    });
    let below = archive(|builder| {
        raw(builder, b"a", T::Regular, b"1");
        raw(builder, b"a/b", T::Regular, b"2");
    });
    let mut cut = archive(|builder| raw(builder, b"a", T::Regular, &[7; 4096])).into_inner();
    cut.truncate(2000);
    let noise = "\u{1b}[2J no archive at all. ".repeat(200).into_bytes();
    for content in [twice.into_inner(), below.into_inner(), cut, noise] {
        let error = fixture.bundles.keep_tar(Cursor::new(content)).unwrap_err();
        errors.push(error.to_string());
    }
    let root = fixture.directory.parent().unwrap().join("state/bundles/sha256");
    assert_eq!(fs::read_dir(root).unwrap().count(), 0, "nothing is left");
    insta::assert_snapshot!(errors.join("\n"), @r"
    the archive's entry `../evil` is refused: its path has `..`
    the archive's entry `a/../../evil` is refused: its path has `..`
    the archive's entry `/etc/cron.d/evil` is refused: its path is absolute
    the archive's entry `link` is refused: it is a link
    the archive's entry `link` is refused: it is a link
    the archive's entry `pipe` is refused: it is a device or a pipe
    the archive's entry `disk` is refused: it is a device or a pipe
    the archive cannot be read: numeric field was not a number:  when getting real_size for :
    the archive's entry `a�` is refused: its name is not UTF-8 text
    the archive's entry `a\u{1b}[2Jb` is refused: its name is empty, too long or not plain text
    the archive's entry `a` is refused: there are two of that name
    the archive's entry `a/b` is refused: there are two of that name
    the archive cannot be read: unexpected end of file
    the archive cannot be read: numeric field was not a number:  no arch when getting cksum for \u{1b}[2J no archive at all. \u{1b}[2J no archive at all. \u{1b}[2J no archive at all. \u{1b}[2J no archive at all. \u{1b}[2J
    ");
}

#[test]
fn refuses_an_archive_that_says_it_is_larger_than_the_limit() {
    let fixture = fixture();
    let mut header = tar::Header::new_gnu();
    header.set_path("big").unwrap();
    header.set_size(MAX_BYTES + 1);
    header.set_mode(0o644);
    header.set_cksum();
    let error = fixture.bundles.keep_tar(Cursor::new(header.as_bytes().to_vec())).unwrap_err();
    assert!(matches!(error, BundleError::TooLarge { .. }), "{error}");
}
