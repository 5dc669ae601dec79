//! Sources that must be refused, and who gets a value.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use windlass_foundation::identity::Kind;

use super::source::read;
use super::*;
use crate::testing::grants;

fn key() -> HostKey {
    HostKey::from_bytes(&[7; 32])
}

fn file(directory: &tempfile::TempDir, name: &str, value: &[u8], mode: u32) -> SecretSource {
    let path = directory.path().join(name);
    fs::write(&path, value).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    SecretSource::File(path)
}

/// Two resolved secrets, and what knows them.
fn resolved(redactor: &Redactor) -> (tempfile::TempDir, Secrets) {
    let directory = tempfile::tempdir().unwrap();
    let sources = BTreeMap::from([
        ("db".to_owned(), file(&directory, "db", b"hunter22\n", 0o600)),
        ("token".to_owned(), file(&directory, "token", b"{{windlass.secret:db@0123456789abcdef}}", 0o400)),
    ]);
    let secrets = Secrets::resolve_all(&sources, ["db", "token", "db"], &key(), redactor).unwrap();
    (directory, secrets)
}

#[test]
fn files_that_others_can_read_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    for mode in [0o640, 0o604, 0o644, 0o660, 0o666, 0o620] {
        let error = read(&file(&directory, "x", b"hunter22", mode), |_| None).unwrap_err();
        assert!(matches!(error, SourceError::Exposed { .. }), "{mode:o}: {error}");
        assert!(error.hint().unwrap().contains("chmod 600"));
        fs::remove_file(directory.path().join("x")).unwrap();
    }
    let value = read(&file(&directory, "x", b"hunter22\r\n", 0o600), |_| None).unwrap();
    assert_eq!(value.as_str(), "hunter22");
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(directory.path().join("x"), Some(65_534), None).unwrap();
        let error = read(&SecretSource::File(directory.path().join("x")), |_| None).unwrap_err();
        assert!(error.to_string().contains("belongs to user 65534"), "{error}");
    }
    let error = read(&SecretSource::File(directory.path().to_owned()), |_| None).unwrap_err();
    assert!(matches!(error, SourceError::Exposed { .. }), "{error}");
}

#[test]
fn values_that_cannot_be_kept_secret_are_refused_with_a_reason() {
    let directory = tempfile::tempdir().unwrap();
    for (value, expected) in [
        (&b""[..], "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe\xfd\xfc\xfb", "not UTF-8"),
        (b"abc\0def", "zero byte"),
        (&vec![b'x'; 70_000], "more than 65536 bytes"),
    ] {
        let error = read(&file(&directory, "x", value, 0o600), |_| None).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_short_value_is_a_value_that_logs_cannot_be_kept_free_of() {
    let directory = tempfile::tempdir().unwrap();
    let sources = BTreeMap::from([
        ("user".to_owned(), file(&directory, "user", b"ci\n", 0o600)),
        ("password".to_owned(), file(&directory, "password", b"hunter22", 0o600)),
    ]);
    let redactor = Redactor::new();
    let key = HostKey::from_bytes(&[1; 32]);
    let secrets = Secrets::resolve_all(&sources, ["user", "password"], &key, &redactor).unwrap();
    assert_eq!(secrets.short().collect::<Vec<_>>(), ["user"]);
    let placeholder = secrets.placeholder("user").unwrap();
    let filled = secrets.substitute(&format!("{placeholder}:x"), |_| Ok(())).unwrap();
    assert_eq!(filled.as_str(), "ci:x");
    assert_eq!(redactor.text("a decision of ci"), "a decision of ci", "words are not blotted out");
    assert_eq!(redactor.whole("ci"), placeholder, "where it stands alone it is hidden");
}

#[test]
fn the_environment_and_systemd_are_sources() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("db"), "from systemd\n").unwrap();
    let environment = |name: &str| match name {
        "CREDENTIALS_DIRECTORY" => Some(directory.path().into()),
        "DB" => Some("from the environment".into()),
        _ => None,
    };
    let credential = SecretSource::Credential("db".to_owned());
    assert_eq!(read(&credential, environment).unwrap().as_str(), "from systemd");
    assert!(matches!(read(&credential, |_| None), Err(SourceError::NoCredentials(_))));
    let variable = |name: &str| SecretSource::Environment(name.to_owned());
    assert_eq!(read(&variable("DB"), environment).unwrap().as_str(), "from the environment");
    assert!(matches!(read(&variable("NONE"), environment), Err(SourceError::NoVariable(_))));
}

#[test]
fn all_are_resolved_or_none() {
    let directory = tempfile::tempdir().unwrap();
    let sources = BTreeMap::from([("database".to_owned(), file(&directory, "db", b"hunter22", 0o644))]);
    let error = Secrets::resolve_all(&sources, ["database"], &key(), &Redactor::new()).unwrap_err();
    assert_eq!(error.to_string(), "the secret `database` cannot be used");
    let error = Secrets::resolve_all(&sources, ["databse"], &key(), &Redactor::new()).unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.hint().unwrap().as_str()),
        ("there is no secret `databse`", "did you mean `database`?")
    );
}

#[test]
fn a_file_that_is_not_there_yet_is_told_with_how_to_make_it() {
    let sources = BTreeMap::from([("database".to_owned(), SecretSource::File("/nowhere/db".into()))]);
    let error = Secrets::resolve_all(&sources, ["database"], &key(), &Redactor::new()).unwrap_err();
    let hint = error.hint().unwrap();
    assert!(hint.starts_with("make it with `install -m 0600 /dev/null /nowhere/db`"), "{hint}");
}

#[tokio::test]
async fn a_secret_is_used_with_a_grant_and_seen_with_another() {
    let redactor = Redactor::new();
    let (_directory, secrets) = resolved(&redactor);
    let definitions = "[secrets.db]\nfile = \"/x\"\n[secrets.token]\nfile = \"/x\"\n";
    let none = PluginSecrets::new(secrets.clone(), grants(Kind::Strategy, definitions));
    let placeholder = secrets.placeholder("db").unwrap().to_owned();
    for failure in [
        none.placeholder("db").await.unwrap_err(),
        none.reveal("db").await.unwrap_err(),
        none.fill(&format!("x {placeholder}")).unwrap_err(),
    ] {
        assert_eq!(failure.code, "capability-denied");
        assert!(!format!("{failure:?}").contains("hunter22"));
    }
    let agent = format!("{definitions}[[grants]]\nplugin = \"check-ours\"\nsecrets = [\"db\", \"token\"]");
    let using = PluginSecrets::new(secrets.clone(), grants(Kind::Strategy, &agent));
    assert_eq!(using.placeholder("db").await.unwrap(), placeholder);
    assert_eq!(using.fill(&format!("a={placeholder};b={placeholder}")).unwrap().as_str(), "a=hunter22;b=hunter22");
    assert_eq!(using.reveal("db").await.unwrap_err().code, "capability-denied");
    let agent = format!("{definitions}[[grants]]\nplugin = \"check-ours\"\nreveal = [\"db\"]");
    let seeing = PluginSecrets::new(secrets.clone(), grants(Kind::Check, &agent));
    assert_eq!(seeing.reveal("db").await.unwrap().as_slice(), b"hunter22");
    assert_eq!(seeing.reveal("token").await.unwrap_err().code, "capability-denied");
    // What comes back out is the placeholder.
    assert_eq!(redactor.text("the password is hunter22"), format!("the password is {placeholder}"));
    assert!(!format!("{secrets:?} {using:?}").contains("hunter22"));
}

#[test]
fn placeholders_are_replaced_once_and_checked() {
    let (_directory, secrets) = resolved(&Redactor::new());
    let token = secrets.placeholder("token").unwrap();
    let filled = secrets.substitute(&format!("<{token}>"), |_| Ok(())).unwrap();
    // A value that looks like a placeholder stays as it is.
    assert_eq!(filled.as_str(), "<{{windlass.secret:db@0123456789abcdef}}>");
    let older = "{{windlass.secret:db@0000000000000000}}";
    assert_eq!(secrets.substitute(older, |_| Ok(())).unwrap().as_str(), "hunter22");
    for malformed in ["{{windlass.secret:db}}", "{{windlass.secret:db@xyz}}", "{{windlass.secret:db@0123456789abcdef"] {
        assert_eq!(secrets.substitute(malformed, |_| Ok(())).unwrap_err().code, "invalid-argument", "{malformed}");
    }
    let unknown = "{{windlass.secret:other@0123456789abcdef}}";
    assert_eq!(secrets.substitute(unknown, |_| Ok(())).unwrap_err().code, "not-found");
    assert_eq!(secrets.substitute("{{ other }} }}", |_| Ok(())).unwrap().as_str(), "{{ other }} }}");
}

#[test]
fn the_host_key_is_made_once_and_kept_closed() {
    let directory = tempfile::tempdir().unwrap();
    let first = HostKey::open(directory.path()).unwrap();
    let second = HostKey::open(directory.path()).unwrap();
    assert_eq!(first.bytes(), second.bytes());
    assert_eq!(first.fingerprint(b"x"), second.fingerprint(b"x"));
    assert_ne!(first.fingerprint(b"x"), key().fingerprint(b"x"));
    let path = directory.path().join("key");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(HostKey::open(directory.path()), Err(KeyError::Unusable { .. })));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, "short").unwrap();
    assert!(matches!(HostKey::open(directory.path()), Err(KeyError::Unusable { .. })));
}
