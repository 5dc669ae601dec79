//! The sources that are built in can be read, and what is wrong with an operator's own is told where it stands.

use windlass_foundation::explain::Explain as _;

use super::*;
use crate::Config;

/// The first eight lines of a file with a source that is right.
const RIGHT: &str = "[secrets.s]\nenvironment = \"S\"\n[triggers.t]\nfrom = \"ci\"\nsecret = \"s\"\nrun = [\"check\"]\n\
                     [trigger-sources.ci]\nremember = \"1h\"\n";

const PROOF: &str = "proof = { scheme = \"secret\", header = \"X-Token\" }\n";

fn resolve(text: &str) -> Result<Config, String> {
    let document = Document::from_text("agent.toml", text).unwrap();
    Config::resolve(&document).map_err(|error| {
        let hint = error.hint().map(|hint| format!(" [{hint}]")).unwrap_or_default();
        format!("{error}{hint}")
    })
}

#[test]
fn the_sources_that_are_built_in_can_be_read() {
    let presets = Source::presets().unwrap();
    let names: Vec<&str> = presets.keys().map(String::as_str).collect();
    assert_eq!(names, ["forgejo", "gitea", "github", "gitlab", "pact-broker"]);
    let titles: Vec<&str> = presets.values().map(Source::name).collect();
    assert_eq!(titles, ["Forgejo", "Gitea", "GitHub", "GitLab", "Pact Broker"]);
    for (name, source) in &presets {
        assert_eq!(source.head.as_deref(), Some("head-repository"), "{name}");
    }
}

#[test]
fn what_is_written_is_meant() {
    let config = resolve(&format!("{RIGHT}{PROOF}")).unwrap();
    let source = &config.triggers["t"].from;
    assert_eq!(source.title, "ci");
    assert_eq!(source.proof, Proof::Secret { header: "x-token".to_owned() });
    assert_eq!((source.event.as_ref(), source.unique.as_ref(), source.head.as_ref()), (None, None, None));
    // A trigger may name another header for a source that sends the secret itself.
    let text = format!("{RIGHT}{PROOF}").replace("from = \"ci\"", "from = \"ci\"\nheader = \"X-Other\"");
    let config = resolve(&text).unwrap();
    assert_eq!(config.triggers["t"].from.proof, Proof::Secret { header: "x-other".to_owned() });
    // What no trigger uses is checked all the same.
    assert!(resolve("[trigger-sources.x]\nremember = \"1h\"\n").unwrap_err().contains("`proof` is missing"));
}

#[test]
fn mistakes_in_a_source_are_shown_where_they_are() {
    let long = "a".repeat(300);
    let many = format!("fields = [{}]", "{ name = \"a\", pointers = [\"/a\"] },".repeat(101));
    let pointers = format!("fields = [{{ name = \"a\", pointers = [{}] }}]", "\"/a\",".repeat(17));
    let field = |rest: &str| format!("fields = [{{ name = \"a\", {rest} }}]");
    let mut unlike = Vec::new();
    // Line 9 is the proof, and line 10 what is wrong.
    for (lines, expected) in [
        ("title = \"\"", "10:9: a title has 1 to 64 characters"),
        (&format!("title = \"{long}\""), "10:9: a title has 1 to 64 characters"),
        ("title = \"a\\u001b[2J\"", "10:9: a title has 1 to 64 characters"),
        ("event = {}", "10:9: the event's name needs one of `header` and `pointers`"),
        ("event = { header = \"X\", pointers = [\"/a\"] }", "10:9: the event's name needs one of"),
        ("event = { header = \"X Y\" }", "10:20: `X Y` is not the name of a header"),
        ("event = { pointers = [\"a\"] }", "10:23: not a JSON pointer"),
        ("remember-unique = \"1h\"", "10:19: `remember-unique` needs `unique`"),
        ("top-level = true\nunique = [\"a\"]", "11:11: `unique` needs `remember-unique`"),
        ("unique = [\"a\"]\nremember-unique = \"1h\"", "10:11: `fields` of this source has no `a`"),
        ("top-level = true\nunique = [\"a\"]\nremember-unique = \"1s\"", "12:19: an event is remembered for `1m`"),
        ("head = \"head\"", "10:8: `fields` of this source has no `head`"),
        (
            "head = \"hed\"\nfields = [{ name = \"head\", pointers = [\"/a\"] }]",
            "10:8: `fields` of this source has no `hed` [did you mean `head`?]",
        ),
        (
            "head = \"head\"\nfields = [{ name = \"head\", pointers = [\"/a\"] }]",
            "10:8: `fields` of this source has no `repository`",
        ),
        ("fields = [{ name = \"a b\", pointers = [\"/a\"] }]", "10:20: `a b` is not a name for a field"),
        ("fields = [{ pointers = [\"/a\"] }]", "10:11: the key `name` is missing"),
        ("fields = [{ name = \"a\" }]", "10:20: a field needs `pointers` or `otherwise`"),
        (&many, "10:3411: a source has at most 100 entries in `fields`"),
        (&pointers, "10:117: there are at most 16 pointers"),
        (&field("pointers = [\"\"]"), "10:37: not a JSON pointer"),
        (&field("pointers = [\"a/b\"]"), "10:37: not a JSON pointer"),
        (&field("pointers = [\"/a~2\"]"), "10:37: not a JSON pointer"),
        (&field("pointers = [\"/a~\"]"), "10:37: not a JSON pointer"),
        (&field(&format!("pointers = [\"/{long}\"]")), "10:37: not a JSON pointer"),
        (&field("pointers = [\"/a\", 7]"), "10:43: invalid type: integer `7`"),
        (&field("pointers = [\"/a\"], prefix = \"\""), "10:53: it has 1 to 256 bytes"),
        (&field("otherwise = \"a\\nb\""), "10:37: it has 1 to 256 bytes"),
        (&field("pointers = [\"/a\"], absent = \"(\""), "10:53: not a regular expression"),
        (&field("pointers = [\"/a\"], absent = \"(a{1000}){1000}\""), "10:53: not a regular expression"),
        (&field("pointers = [\"/a\"], when = { pointer = \"a\" }"), "10:63: not a JSON pointer"),
        (&field("pointers = [\"/a\"], when = { is = \"a\" }"), "10:51: the key `pointer` is missing"),
        (&field("pointers = [\"/a\"], when = { pointer = \"/a\", is = \"[\" }"), "10:74: not a regular expression"),
        (&field("pointers = [\"/a\"], when = { pointer = \"/a\", same-as = \"b\" }"), "10:79: not a JSON pointer"),
        (
            &field("pointers = [\"/a\"], when = { pointer = \"/a\", is = \"a\", same-as = \"/b\" }"),
            "10:89: a condition has `is` or `same-as`, not both",
        ),
        (&field("pointer = \"/a\""), "10:25: unknown key `pointer`"),
        ("field = []", "10:1: unknown key `field`"),
    ] {
        let error = resolve(&format!("{RIGHT}{PROOF}{lines}\n")).unwrap_err();
        if !error.contains(&format!("agent.toml:{expected}")) || error.contains("sends no events") {
            unlike.push(format!("{lines:.200}\n  expected {expected}\n  {error}"));
        }
        assert!(!error.replace('\n', "").contains(char::is_control), "{error:?}");
    }
    assert!(unlike.is_empty(), "{}", unlike.join("\n"));
}

#[test]
fn mistakes_in_a_proof_are_shown_where_they_are() {
    for (proof, expected) in [
        ("\"secret\"", "9:9: invalid type: string"),
        (
            "{ scheme = \"secrets\", header = \"X\" }",
            "9:20: unknown word `secrets`; the known ones are `hmac-sha256`, `secret`",
        ),
        ("{ scheme = \"secret\" }", "9:9: the key `header` is missing"),
        ("{ header = \"X\" }", "9:9: the key `scheme` is missing"),
        ("{ scheme = \"secret\", header = \"X:\" }", "9:39: `X:` is not the name of a header"),
        ("{ scheme = \"secret\", header = \"\" }", "9:39: `` is not the name of a header"),
        ("{ scheme = \"secret\", header = \"X\", prefix = \"a\" }", "9:53: only `hmac-sha256` has a `prefix`"),
        ("{ scheme = \"secret\", header = \"X\", encoding = \"hex\" }", "9:55: only `hmac-sha256` has a `prefix`"),
        ("{ scheme = \"hmac-sha256\", header = \"X\", encoding = \"hexa\" }", "9:60: unknown word `hexa`"),
        ("{ scheme = \"hmac-sha256\", header = \"X\", prefix = \"\" }", "9:58: it has 1 to 256 bytes"),
    ] {
        let error = resolve(&format!("{RIGHT}proof = {proof}\n")).unwrap_err();
        assert!(error.contains(&format!("agent.toml:{expected}")), "{proof}\n{error}");
    }
}

#[test]
fn a_name_of_a_source_is_its_own_and_is_known() {
    let right = format!("{RIGHT}{PROOF}");
    for (text, expected) in [
        (right.replace("sources.ci]", "sources.github]"), "7:1: the source `github` is built in: choose another name"),
        (right.replace("sources.ci]", "sources.\"a b\"]"), "7:1: `a b` is not a name for a source of events"),
        (right.replace("remember = \"1h\"", "remember = \"1s\""), "8:12: an event is remembered for `1m` to `8784h`"),
        (right.replace("remember = \"1h\"\n", ""), "7:1: the key `remember` is missing"),
        (
            right.replace("from = \"ci\"", "from = \"githab\""),
            "4:8: `githab` sends no events: write one of `ci`, `forgejo`, `gitea`, `github`, `gitlab`, `pact-broker`",
        ),
    ] {
        let error = resolve(&text).unwrap_err();
        assert!(error.contains(&format!("agent.toml:{expected}")), "{text}\n{error}");
    }
    let hints = |from: &str| resolve(&right.replace("from = \"ci\"", &format!("from = \"{from}\""))).unwrap_err();
    assert!(hints("gitlap").ends_with("[did you mean `gitlab`?]"), "{}", hints("gitlap"));
    assert!(hints("jenkins").ends_with("[add a section `[trigger-sources.jenkins]` that describes it]"));
    // A source that signs has one header.
    let stray = resolve(&right.replace("from = \"ci\"", "from = \"gitea\"\nheader = \"X\"")).unwrap_err();
    assert!(stray.contains("agent.toml:5:10: Gitea signs its events"), "{stray}");
}
