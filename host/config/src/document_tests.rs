//! What people and hostile files get to read.

use serde::Deserialize;
use windlass_foundation::explain::Explain as _;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Ship {
    name: String,
    #[serde(default)]
    crew_size: Option<Spot<u32>>,
    #[serde(default)]
    hold: Vec<Hold>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hold {
    #[expect(dead_code, reason = "only decoded")]
    cargo: String,
}

fn decode(text: &str) -> Result<Ship, DocumentError> {
    Document::from_text("ship.toml", text).and_then(|document| document.decode())
}

fn wrong(text: &str) -> String {
    let error = decode(text).unwrap_err();
    let hint = error.hint().map(|hint| format!(" (hint: {hint})")).unwrap_or_default();
    format!("{error}{hint}")
}

#[test]
fn errors_point_at_file_line_and_column() {
    assert_eq!(
        wrong("name = 'x'\ncrew-sise = 3\n"),
        "ship.toml:2:1: unknown key `crew-sise`; the known keys here are `name`, `crew-size`, `hold` \
         (hint: did you mean `crew-size`?)"
    );
    assert_eq!(wrong("name = 5"), "ship.toml:1:8: invalid type: integer `5`, expected a string");
    assert_eq!(wrong("# one\ncrew-size = 3"), "ship.toml:1:1: the key `name` is missing");
    assert_eq!(wrong("name = 'ä'\n[[hold]]\n[[hold]]\ncargo = 'x'"), "ship.toml:2:1: the key `cargo` is missing");
    assert_eq!(wrong("name = 'x'\nname = 'y'"), "ship.toml:2:1: duplicate key");
    assert!(wrong("name = ").starts_with("ship.toml:1:8: "), "{}", wrong("name = "));
}

#[test]
fn a_spot_knows_its_place() {
    let document = Document::from_text("ship.toml", "name = 'ä'\ncrew-size = 12").unwrap();
    let ship: Ship = document.decode().unwrap();
    assert_eq!((ship.name.as_str(), ship.hold.len()), ("ä", 0));
    let spot = ship.crew_size.unwrap();
    assert_eq!(document.wrong(spot.span, "too many", None).to_string(), "ship.toml:2:13: too many");
}

#[test]
fn later_errors_find_their_place_by_keys() {
    let document = Document::from_text("r.toml", "[checks.a]\nwith = { port = 'x', all = [1, 22] }").unwrap();
    let place = |keys: &[&str]| document.place(document.locate(keys.iter().copied()).start).column;
    assert_eq!(place(&["checks", "a", "with", "port"]), 17);
    assert_eq!(place(&["checks", "a", "with", "all", "1"]), 32);
    assert_eq!(place(&["checks", "a", "with", "missing"]), 8);
}

#[test]
fn hostile_files_end_in_one_short_line() {
    let long = "x".repeat(10_000_000);
    assert_eq!(wrong(&format!("name = '{long}'")), "`ship.toml` is larger than 1048576 bytes");
    let key = format!("{} = 1", "k".repeat(900_000));
    assert!(wrong(&key).len() < 4_000);
    let steering = wrong("\"\\u001b[2J`, expected\" = 1");
    assert!(!steering.contains('\u{1b}') && steering.contains("\\u{1b}"), "{steering}");
    let deep = format!("name = {}", "[".repeat(500_000));
    assert!(wrong(&deep).contains("recurs"), "{}", wrong(&deep));
    let dotted = format!("{}a = 1", "a.".repeat(400_000));
    assert!(wrong(&dotted).len() < 2_000);
    let error = Document::from_bytes("ship.toml", b"name = 'x'\n# \xff\xfe".to_vec()).unwrap_err();
    assert_eq!(error.to_string(), "ship.toml:2:3: not UTF-8 text");
}

#[test]
fn pipes_devices_and_directories_are_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    for path in [&pipe, Path::new("/dev/zero"), directory.path()] {
        let error = Document::read(path).unwrap_err();
        assert!(matches!(error, DocumentError::NotAFile { .. }), "{error}");
    }
    assert!(matches!(Document::read(&directory.path().join("none")), Err(DocumentError::Unreadable { .. })));
}
