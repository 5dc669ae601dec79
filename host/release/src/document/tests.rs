//! Documents that are made, read, changed by another party, and unpacked.

use windlass_domain::{Artifact, Release};

use super::*;

struct Fixture {
    state: tempfile::TempDir,
    bundles: Bundles,
    document: ReleaseDocument,
    files: tempfile::TempDir,
}

/// A release with a text, a program and a file that is no text.
fn fixture() -> Fixture {
    use std::os::unix::fs::PermissionsExt as _;
    let (state, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir(files.path().join("bin")).unwrap();
    std::fs::write(files.path().join("release.toml"), "application = \"kudos\"\n").unwrap();
    std::fs::write(files.path().join("bin/run"), "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(files.path().join("bin/run"), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(files.path().join("logo"), [0xff, 0x00, 0x80]).unwrap();
    let bundles = Bundles::new(state.path());
    let stored = bundles.keep(files.path()).unwrap();
    let artifact = Artifact {
        repository: "r/backend".to_owned(),
        tag: Some("v1".to_owned()),
        digest: format!("sha256:{}", "1".repeat(64)),
        local: false,
    };
    let mut release = Release {
        format: RELEASE_FORMAT,
        id: String::new(),
        application: "kudos".to_owned(),
        version: "v1".to_owned(),
        commit: None,
        artifacts: BTreeMap::from([("backend".to_owned(), artifact)]),
        inputs: BTreeMap::new(),
        bundle: stored.bundle.clone(),
        migration: None,
    };
    release.id = resolve::id(&release);
    let document = make(&release, &stored, None).unwrap();
    Fixture { state, bundles, document, files }
}

fn text(document: &ReleaseDocument) -> Vec<u8> {
    serde_json::to_vec_pretty(document).unwrap()
}

#[test]
fn what_is_made_on_one_host_is_the_same_on_another() {
    let fixture = fixture();
    let read = parse("kudos.json", &text(&fixture.document)).unwrap();
    assert_eq!(read, fixture.document);
    let elsewhere = tempfile::tempdir().unwrap();
    let bundles = Bundles::new(elsewhere.path());
    let stored = keep("kudos.json", &read, &bundles).unwrap();
    assert_eq!(stored.bundle, fixture.document.release.bundle);
    assert_eq!(std::fs::read(stored.directory.join("logo")).unwrap(), [0xff, 0x00, 0x80]);
    assert!(is_program(&stored.directory.join("bin/run")).unwrap());
    assert_eq!(make(&read.release, &stored, None).unwrap(), fixture.document);
}

/// What the error says, and what was changed.
type Change = (&'static str, fn(&mut ReleaseDocument));

#[test]
fn every_change_is_found_and_nothing_of_it_is_kept() {
    let fixture = fixture();
    let changes: [Change; 8] = [
        ("its id is", |document| document.release.version = "v2".to_owned()),
        ("is no digest", |document| {
            document.release.artifacts.get_mut("backend").unwrap().digest = "latest".to_owned();
            document.release.id = resolve::id(&document.release);
        }),
        ("`logo` is missing", |document| drop(document.files.as_mut().unwrap().remove("logo"))),
        ("is not of the release", |document| {
            let file = document.files.as_ref().unwrap()["logo"].clone();
            document.files.as_mut().unwrap().insert("../logo".to_owned(), file);
        }),
        ("`release.toml` has the digest", |document| {
            document.files.as_mut().unwrap().get_mut("release.toml").unwrap().text = Some("x".to_owned());
        }),
        ("neither `text` nor `base64`, or both", |document| {
            document.files.as_mut().unwrap().get_mut("logo").unwrap().text = Some("x".to_owned());
        }),
        ("the file `logo`:", |document| {
            document.files.as_mut().unwrap().get_mut("logo").unwrap().base64 = Some("%".to_owned());
        }),
        ("together have the digest", |document| {
            document.files.as_mut().unwrap().get_mut("bin/run").unwrap().program = false;
        }),
    ];
    for (expected, change) in changes {
        let mut document = fixture.document.clone();
        change(&mut document);
        let error = parse("kudos.json", &text(&document)).unwrap_err();
        assert!(matches!(error, DocumentError::Changed { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    }
    assert!(fixture.state.path().join("bundles").exists());
}

#[test]
fn what_is_no_document_is_refused_with_its_place() {
    let error = parse("x.json", b"{\n  \"format\": 1,\n  oops }").unwrap_err();
    assert_eq!((error.place().unwrap().line, error.exit()), (3, ExitCode::Configuration));
    for content in ["", "[]", "{}", "null", "{\"format\":1}", "{\"format\":1,\"release\":{}}"] {
        assert!(matches!(parse("x.json", content.as_bytes()), Err(DocumentError::NotOne { .. })), "{content}");
    }
    let newer = parse("x.json", b"{\"format\": 2, \"release\": 1}").unwrap_err();
    assert_eq!(newer.to_string(), "`x.json` has format 2, and this agent reads format 1");
}

#[test]
fn a_document_without_files_takes_those_that_are_here_if_they_are_the_same() {
    let fixture = fixture();
    let mut document = fixture.document.clone();
    document.files = None;
    let elsewhere = tempfile::tempdir().unwrap();
    let bundles = Bundles::new(elsewhere.path());
    assert!(matches!(keep("x", &document, &bundles), Err(DocumentError::NoFiles { .. })));
    let stored = keep_directory(&document, fixture.files.path(), &bundles).unwrap();
    assert_eq!(stored.bundle, document.release.bundle);
    std::fs::write(fixture.files.path().join("release.toml"), "application = \"other\"\n").unwrap();
    let error = keep_directory(&document, fixture.files.path(), &fixture.bundles).unwrap_err();
    assert_eq!(error.to_string(), "the files of the application are not those of release v1: `release.toml` differs");
}
