//! Real directories, real links, and every way out that people have found.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use windlass_foundation::identity::Kind;

use super::*;
use crate::testing::grants;

/// A root `records` beside a secret, and a bundle.
fn stage(kind: Kind) -> (tempfile::TempDir, Files) {
    let outside = tempfile::tempdir().unwrap();
    let root = outside.path().join("records");
    fs::create_dir_all(root.join("below")).unwrap();
    fs::write(root.join("below/note"), "inside").unwrap();
    fs::write(outside.path().join("secret"), "outside").unwrap();
    let bundle = outside.path().join("bundle");
    fs::create_dir(&bundle).unwrap();
    fs::write(bundle.join("compose.yaml"), "services: {}").unwrap();
    let agent = format!(
        "[[grants]]\nplugin = \"check-ours\"\nfiles = [{{ root = \"records\", path = {:?}, write = true }}]",
        root.display().to_string()
    );
    let files = Files::new(grants(kind, &agent), Some(bundle));
    (outside, files)
}

#[tokio::test]
async fn no_path_leads_out_of_a_root() {
    let (outside, files) = stage(Kind::Strategy);
    let root = outside.path().join("records");
    symlink("../secret", root.join("up")).unwrap();
    symlink(outside.path().join("secret"), root.join("absolute")).unwrap();
    symlink("..", root.join("parent")).unwrap();
    symlink("/", root.join("slash")).unwrap();
    symlink("/proc/self", root.join("proc")).unwrap();
    symlink("below/../../secret", root.join("around")).unwrap();
    symlink("up", root.join("twice")).unwrap();
    let secret = outside.path().join("secret").display().to_string();
    for path in [
        "../secret",
        "below/../../secret",
        "below/..",
        "/etc/passwd",
        &secret,
        "//etc/passwd",
        "up",
        "absolute",
        "parent/secret",
        "slash/etc/passwd",
        "proc/environ",
        "proc/root/etc/passwd",
        "around",
        "twice",
        "./../secret",
    ] {
        for (what, failure) in [
            ("read", files.read("records", path).await.err()),
            ("list", files.list_directory("records", path).await.err()),
            ("stat", files.stat("records", path).await.err()),
        ] {
            // `stat` and `list` of a link that leads out fail as well: not even its kind is told.
            let failure = failure.unwrap_or_else(|| panic!("{what} {path}"));
            assert_eq!(failure.code, "capability-denied", "{what} {path}: {}", failure.message);
        }
    }
    for path in ["../new", "/tmp/windlass-escape", "parent/new", "slash/tmp/windlass-escape", "proc/cwd/new"] {
        let failure = files.write_atomic("records", path, b"x".to_vec()).await.unwrap_err();
        assert_eq!(failure.code, "capability-denied", "{path}: {}", failure.message);
    }
    // A link that leads out is replaced, not followed.
    files.write_atomic("records", "up", b"mine".to_vec()).await.unwrap();
    assert_eq!(fs::read(outside.path().join("secret")).unwrap(), b"outside");
    assert_eq!(fs::read(root.join("up")).unwrap(), b"mine");
    assert!(!outside.path().join("new").exists() && !Path::new("/tmp/windlass-escape").exists());
}

#[tokio::test]
async fn links_inside_a_root_work() {
    let (outside, files) = stage(Kind::Check);
    symlink("below", outside.path().join("records/current")).unwrap();
    assert_eq!(files.read("records", "current/note").await.unwrap(), b"inside");
    assert_eq!(files.list_directory("records", "").await.unwrap(), ["below", "current"]);
    let found = files.stat("records", "./below//note").await.unwrap();
    assert_eq!(found, Some(Metadata { size: 6, directory: false }));
    assert_eq!(files.stat("records", "below/none").await.unwrap(), None);
    assert_eq!(files.read("records", "below/none").await.unwrap_err().code, "not-found");
}

#[tokio::test]
async fn roots_are_granted_and_the_bundle_is_read_only() {
    let (outside, files) = stage(Kind::Check);
    assert_eq!(files.read("bundle", "compose.yaml").await.unwrap(), b"services: {}");
    let failure = files.write_atomic("bundle", "compose.yaml", Vec::new()).await.unwrap_err();
    assert_eq!(failure.code, "capability-denied");
    let failure = files.read("other", "x").await.unwrap_err();
    assert!(failure.details.unwrap()["grant"].as_str().unwrap().contains("root = \"other\""));
    // A check may not write, whatever is granted.
    assert_eq!(files.write_atomic("records", "x", Vec::new()).await.unwrap_err().code, "capability-denied");
    drop(outside);
    assert_eq!(files.read("records", "x").await.unwrap_err().code, "unavailable");
}

#[tokio::test]
async fn readers_see_the_old_content_or_the_new() {
    let (outside, files) = stage(Kind::Recorder);
    let root = outside.path().join("records");
    files.write_atomic("records", "a/b/state.json", b"one".to_vec()).await.unwrap();
    fs::set_permissions(root.join("a/b/state.json"), fs::Permissions::from_mode(0o600)).unwrap();
    let held = fs::File::open(root.join("a/b/state.json")).unwrap();
    files.write_atomic("records", "a/b/state.json", b"two".to_vec()).await.unwrap();
    let mut old = String::new();
    { held }.read_to_string(&mut old).unwrap();
    assert_eq!((old.as_str(), fs::read(root.join("a/b/state.json")).unwrap()), ("one", b"two".to_vec()));
    assert_eq!(fs::metadata(root.join("a/b/state.json")).unwrap().permissions().mode() & 0o777, 0o600);
    // Nothing is left beside it, also after a failure.
    assert_eq!(files.write_atomic("records", "a/b", b"x".to_vec()).await.unwrap_err().code, "invalid-argument");
    assert_eq!(files.list_directory("records", "a/b").await.unwrap(), ["state.json"]);
    assert_eq!(files.list_directory("records", "a").await.unwrap(), ["b"]);
    assert_eq!(files.write_atomic("records", "", b"x".to_vec()).await.unwrap_err().code, "invalid-argument");
}

#[tokio::test]
async fn what_is_too_large_or_not_a_file_ends_at_once() {
    let (outside, files) = stage(Kind::Check);
    let root = outside.path().join("records");
    fs::File::create(root.join("large")).unwrap().set_len(FILE_LIMIT + 1).unwrap();
    assert_eq!(files.read("records", "large").await.unwrap_err().code, "limit-exceeded");
    rustix::fs::mknodat(rustix::fs::CWD, root.join("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert_eq!(files.read("records", "pipe").await.unwrap_err().code, "invalid-argument");
    assert_eq!(files.read("records", "below").await.unwrap_err().code, "invalid-argument");
    assert_eq!(files.read("records", "nul\0byte").await.unwrap_err().code, "invalid-argument");
    assert_eq!(files.list_directory("records", "below/note").await.unwrap_err().code, "not-found");
}
