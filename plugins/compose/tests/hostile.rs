//! Whatever a release holds, reading it ends: with a model or with problems that say where, within the limits.
//!
//! Inputs are made from the corpus and from nothing, by a fixed seed, so that every run sees the same ones. More of
//! them: `PROPTEST_CASES=100000 cargo test -p windlass-compose hostile::`, or `cargo xtask fuzz`, which looks for
//! inputs that reach other code. One that ever failed is kept in `tests/regressions/`, files separated by lines of
//! `=== name`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use windlass_compose::{Limits, Options, load};

type Bundle = BTreeMap<String, Vec<u8>>;

/// Reads a bundle; what comes back keeps to the limits.
fn read(files: &Bundle) -> Result<(), TestCaseError> {
    let limits = Limits { file_bytes: 64 << 10, nodes: 20_000, all_nodes: 60_000, ..Limits::default() };
    let mut names: Vec<String> = files.keys().filter(|name| name.ends_with("yaml")).cloned().collect();
    // `compose.yaml` first, then whatever sorts; two are enough to merge.
    names.sort_by_key(|name| name != "compose.yaml");
    names.truncate(2);
    for names in [names, vec!["compose.yaml".to_owned()]] {
        let options = Options { files: names, limits, ..Options::default() };
        match load(files, &options) {
            Ok(loaded) => {
                for path in ["services", "web.environment", "web.ports.0", "networks.default"] {
                    let _ = loaded.explain(path).map(|origin| origin.to_string());
                }
            }
            Err(problems) => {
                prop_assert!(!problems.0.is_empty());
                // One more ends the work.
                prop_assert!(problems.0.len() <= limits.problems + 1);
                for problem in &problems.0 {
                    prop_assert!(problem.message.len() <= 1010, "{}", problem.message);
                    let inside = problem.position.as_ref().is_none_or(|position| position.line >= 1);
                    prop_assert!(inside, "{problem}");
                }
            }
        }
    }
    Ok(())
}

fn run<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(cases);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    if let Err(failure) = TestRunner::new_with_rng(config, rng).run(strategy, test) {
        panic!("{failure}\nkeep it in tests/regressions/");
    }
}

/// The files of every case of the corpus, by case.
fn corpus() -> Vec<Bundle> {
    fn collect(directory: &Path, base: &Path, files: &mut Bundle) {
        let mut entries: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                collect(&path, base, files);
            } else {
                let name = path.strip_prefix(base).unwrap().to_string_lossy().into_owned();
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut all = Bundle::new();
    collect(&root, &root, &mut all);
    let mut cases: BTreeMap<String, Bundle> = BTreeMap::new();
    for (name, text) in all {
        let mut parts = name.splitn(4, '/');
        let case: Vec<&str> = parts.by_ref().take(3).collect();
        if let Some(file) = parts.next().filter(|file| !matches!(*file, "case.toml" | "expected.json")) {
            cases.entry(case.join("/")).or_default().insert(file.to_owned(), text);
        }
    }
    cases.into_values().collect()
}

/// Pieces that mean something to a reader of Compose files.
const PIECES: [&str; 48] = [
    "${",
    "}",
    "$$",
    "$A",
    "${A:-",
    "${A:?",
    "${A:+",
    "&a ",
    "*a",
    "<<: *a",
    "<<: [*a, *a]",
    "!reset ",
    "!override ",
    "!!int ",
    "!x ",
    "{",
    "}",
    "[",
    "]",
    ": ",
    ", ",
    "- ",
    "\n",
    "\n  ",
    "\n    ",
    "\t",
    "\"",
    "'",
    "|\n",
    ">-\n",
    "#",
    "---\n",
    "...\n",
    "null",
    "~",
    "true",
    "1e400",
    "0x",
    "-1",
    "2020-01-01",
    "\u{feff}",
    "\u{0}",
    "é",
    "..",
    "/",
    "extends: web",
    "include: [compose.yaml]",
    "services:\n  web: {image: a}\n",
];

/// A change of a text, where each place is a share of its length.
#[derive(Debug, Clone)]
enum Change {
    Insert(u16, usize),
    Remove(u16, u16),
    Repeat(u16, u16, u8),
    Byte(u16, u8),
    /// Puts a line from elsewhere.
    Line(u16, u16),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<u16>(), 0..PIECES.len()).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (any::<u16>(), 0..40_u16).prop_map(|(at, length)| Change::Remove(at, length)),
        (any::<u16>(), 1..60_u16, 1..20_u8).prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        (any::<u16>(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        (any::<u16>(), any::<u16>()).prop_map(|(from, to)| Change::Line(from, to)),
    ]
}

fn changed(text: &mut Vec<u8>, change: &Change) {
    let place = |share: u16, text: &[u8]| usize::from(share) * text.len() / (usize::from(u16::MAX) + 1);
    match *change {
        Change::Insert(at, piece) => {
            let at = place(at, text);
            text.splice(at..at, PIECES[piece].bytes());
        }
        Change::Remove(at, length) => {
            let at = place(at, text);
            let end = (at + usize::from(length)).min(text.len());
            text.drain(at..end);
        }
        Change::Repeat(at, length, times) => {
            let at = place(at, text);
            let end = (at + usize::from(length)).min(text.len());
            let again = text[at..end].repeat(usize::from(times));
            text.splice(at..at, again);
        }
        Change::Byte(at, byte) => {
            let at = place(at, text);
            if let Some(existing) = text.get_mut(at) {
                *existing = byte;
            }
        }
        Change::Line(from, to) => {
            let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
            let count = lines.len();
            if count > 0 {
                let line = lines[usize::from(from) % count].to_vec();
                let at: usize = lines[..usize::from(to) % count].iter().map(|line| line.len()).sum();
                text.splice(at..at, line);
            }
        }
    }
}

#[test]
fn changed_files_of_the_corpus_end_within_limits() {
    let corpus = corpus();
    assert!(corpus.len() > 300, "{} cases", corpus.len());
    let strategy = (0..corpus.len(), prop::collection::vec((any::<prop::sample::Index>(), change()), 1..8));
    run(3000, &strategy, |(case, changes)| {
        let mut files = corpus[case].clone();
        let names: Vec<String> = files.keys().cloned().collect();
        for (name, change) in changes {
            changed(files.get_mut(name.get(&names)).unwrap(), &change);
        }
        read(&files)
    });
}

#[test]
fn arbitrary_bytes_end_within_limits() {
    let bytes = || prop::collection::vec(any::<u8>(), 0..300);
    run(1000, &(bytes(), bytes()), |(compose, dotenv)| {
        read(&Bundle::from([("compose.yaml".to_owned(), compose), (".env".to_owned(), dotenv)]))
    });
}

#[test]
fn arbitrary_pieces_end_within_limits() {
    let text = || {
        prop::collection::vec(0..PIECES.len(), 0..60)
            .prop_map(|picked| picked.into_iter().map(|piece| PIECES[piece]).collect::<String>().into_bytes())
    };
    run(2000, &(text(), text(), text()), |(compose, other, dotenv)| {
        read(&Bundle::from([
            ("compose.yaml".to_owned(), compose),
            ("other.yaml".to_owned(), other),
            (".env".to_owned(), dotenv),
        ]))
    });
}

#[test]
fn inputs_that_once_failed_end_within_limits() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions");
    let mut count = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut files = Bundle::new();
        let mut name = "compose.yaml".to_owned();
        for line in text.split_inclusive('\n') {
            match line.strip_prefix("=== ") {
                Some(next) => next.trim_end().clone_into(&mut name),
                None => files.entry(name.clone()).or_default().extend_from_slice(line.as_bytes()),
            }
        }
        read(&files).unwrap();
        count += 1;
    }
    assert!(count > 0);
}

/// Loads one file with the usual limits.
fn problem(text: String) -> String {
    let files = Bundle::from([("compose.yaml".to_owned(), text.into_bytes())]);
    load(&files, &Options::default()).map_or_else(|problems| problems.to_string(), |_| "nothing is wrong".to_owned())
}

#[test]
fn too_much_of_anything_is_refused_by_name() {
    let services = |count: usize, body: &str| {
        (0..count).fold(String::from("services:\n"), |mut text, index| {
            let _ = writeln!(text, "  s{index}: {{image: a, {body}}}");
            text
        })
    };
    let chain = (0..100).fold(String::from("services:\n  s100: {image: a}\n"), |mut text, index| {
        let _ = writeln!(text, "  s{index}: {{extends: s{}}}", index + 1);
        text
    });
    let big = format!("x-v: &v [{}]\n", "x,".repeat(3000));
    let table = [
        (
            format!("services:\n  web:\n    image: {}", "x".repeat(5 << 20)),
            "the file has 5242908 bytes; at most 4194304 are read",
        ),
        (format!("services: {{web: {{image: \"{}\"}}}}", "x".repeat(300 << 10)), "a text of 307200 bytes"),
        (format!("services: {}", "{a: ".repeat(70)), "nested deeper than 64 levels"),
        (
            format!("services: {{web: {{image: \"{}\"}}}}", "${A:-".repeat(40) + &"}".repeat(40)),
            "variables are nested too deeply",
        ),
        (format!("{big}{}", services(100, "x-a: [*v]")), "is this an alias bomb?"),
        (chain, "services extend each other more than 64 levels deep"),
        (
            format!("{}  base: {{image: a, x-a: [{}]}}\n", services(2000, "extends: base"), "1,".repeat(1000)),
            "more than 1000000 values in all files",
        ),
        (services(2000, "ports: [\"1000-1999:1000-1999\"]"), "compose.yaml:72:27: more than 70000 ports up to here"),
        ("---\nservices: {a: {image: a}}\n".repeat(600), "more than 500 documents"),
        (services(10_001, ""), "more than 10000 services"),
        (
            format!(
                "services: {{a: {{image: a, ports: [{}]}}}}",
                "'1-65535:1-65535', '1-65535:1-65535/udp', ".repeat(500)
            ),
            "compose.yaml:1:53: more than 70000 ports up to here",
        ),
        (
            format!("services: {{a: {{image: a, expose: [{}]}}}}", "1-65535, 2-65535, ".repeat(500)),
            "`services.a.expose` has more than 70000 ports",
        ),
        ("include: [a.yaml]\n".to_owned(), "compose.yaml:1:11: the release has no file `a.yaml`"),
    ];
    for (text, expected) in table {
        let start: String = text.chars().take(60).collect();
        let problem = problem(text);
        assert!(problem.contains(expected), "{start}\n  expected {expected}\n  got {problem}");
    }
}

#[test]
fn includes_that_double_at_every_level_end() {
    let mut files = Bundle::new();
    for level in 0..30 {
        let text = format!("include: [f{0}.yaml, f{0}.yaml]\nservices: {{s{level}: {{image: a}}}}\n", level + 1);
        let name = if level == 0 { "compose.yaml".to_owned() } else { format!("f{level}.yaml") };
        files.insert(name, text.into_bytes());
    }
    files.insert("f30.yaml".to_owned(), b"services: {last: {image: a}}\n".to_vec());
    let problems = load(&files, &Options::default()).unwrap_err().to_string();
    assert!(problems.contains("more than 500 documents in all the files that are read"), "{problems}");
}

#[test]
fn variables_that_grow_end() {
    let variables = BTreeMap::from([("A".to_owned(), "x".repeat(200 << 10))]);
    let one = "services: {web: {image: a, command: $A$A}}\n";
    let many = format!("services: {{web: {{image: a, x-a: [{}]}}}}\n", "$A,".repeat(1000));
    for (text, expected) in [(one, "more than 262144 bytes"), (many.as_str(), "more than 67108864 bytes in all files")]
    {
        let files = Bundle::from([("compose.yaml".to_owned(), text.as_bytes().to_vec())]);
        let problems = load(&files, &Options { variables: variables.clone(), ..Options::default() }).unwrap_err();
        assert!(problems.to_string().contains(expected), "{problems}");
    }
}
