//! With a key pair and a signature that `minisign` 0.11 made.

use super::{verify as verify_bytes, *};

/// Verifies a file with the signature that lies beside it.
fn verify(path: &Path, content: &[u8], keys: &[String], required: bool) -> Result<Option<String>, SignatureError> {
    verify_bytes(path, content, read_beside(path)?.as_deref(), keys, required)
}

const KEY: &str = "RWQPln/7UempsIGaxzg87bvmzoicGx3o09WDQaWryWIwyyGz8TMZCBbI";
const OTHER: &str = "RWSg6DxU5wObJbdxR4OyBA562z/efC8KGyrmT+G+WWYGIizYO4vrkDMB";
const CONTENT: &[u8] = b"hello release\n";
const SIGNATURE: &str = "untrusted comment: signature from minisign secret key
RUQPln/7UempsDma8o6xNAgKKmHdbv6Lb8CeLVlQZqrWy6lIuvt9l6xYIixsUyNzXIhlPS3XIq2qXO0MD9S4nDEyzQGoJoLXEw0=
trusted comment: made for a test
GGgXXH760t66GxxDgGlMYXHlFgJbOXcrsiCXbfWZkl/FjL7zpG6CK37OEKno1vEquoXX5GJ2r4/R+IfnogKYDg==
";

fn keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

#[test]
fn who_signed_is_told_and_everything_else_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kudos.json");
    std::fs::write(&path, CONTENT).unwrap();
    let both = keys(&[OTHER, KEY]);

    assert!(verify(&path, CONTENT, &both, false).unwrap().is_none(), "nobody signed it, and nobody has to");
    let missing = verify(&path, CONTENT, &both, true).unwrap_err();
    assert!(missing.hint().unwrap().contains("kudos.json.minisig"));
    assert_eq!(missing.exit(), ExitCode::Refused);

    std::fs::write(beside(&path), SIGNATURE).unwrap();
    assert_eq!(verify(&path, CONTENT, &both, true).unwrap().as_deref(), Some(KEY));
    let untrusted = verify(&path, CONTENT, &keys(&[OTHER]), false).unwrap_err();
    assert!(matches!(untrusted, SignatureError::Untrusted { keys: 1, .. }), "a wrong signature is never ignored");
    let changed = verify(&path, b"hello release!\n", &both, false).unwrap_err();
    assert!(matches!(changed, SignatureError::Untrusted { .. }));
    assert!(matches!(verify(&path, CONTENT, &[], true), Err(SignatureError::NoKeys { .. })));

    for text in ["", "x", &SIGNATURE[..60], &"x".repeat(1 << 20)] {
        std::fs::write(beside(&path), text).unwrap();
        assert!(matches!(verify(&path, CONTENT, &both, false), Err(SignatureError::Malformed { .. })), "{text:.20}");
    }
}

#[test]
fn a_key_is_a_key() {
    assert!(is_key(KEY).is_ok());
    for text in ["", "RW", "untrusted comment: minisign public key", &KEY[1..]] {
        assert!(is_key(text).is_err(), "{text}");
    }
}
