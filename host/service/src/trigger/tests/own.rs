//! A source that an operator describes, from the file to the command, and what hostile senders put into it.

use serde_json::json;

use super::*;

const OWN: &str = r#"
from = "ci"
when = { event = "built", branch = "main" }
run = ["deploy", "kudos", "--commit={commit}", "--reason=build {build}"]
[trigger-sources.ci]
title = "our CI"
proof = { scheme = "hmac-sha256", header = "X-CI-Signature", prefix = "v1,", encoding = "base64" }
event = { pointers = ["/event", "/kind"] }
head = "head"
remember = "2h"
unique = ["build"]
remember-unique = "48h"
fields = [
    { name = "repository", pointers = ["/project"] },
    { name = "branch", pointers = ["/source/branch"], prefix = "heads/", absent = "tmp-.*" },
    { name = "commit", pointers = ["/source/commits/0", "/source/commit"] },
    { name = "build", pointers = ["/source/build"], numbers = true },
    { name = "head", pointers = ["/source/fork"], when = { pointer = "/source/fork" }, otherwise = "gone" },
]
"#;

const BODY: &str =
    r#"{"kind":"built","source":{"branch":"heads/main","commit":"1ef921a","build":42},"project":"acme/shop"}"#;

fn message(proof: &str, body: &str) -> Message {
    Message::parse(format!("X-CI-Signature: {proof}\r\n\r\n{body}").as_bytes()).unwrap()
}

#[test]
fn a_source_of_the_operators_own_is_as_good_as_one_that_is_built_in() {
    let trigger = trigger(OWN);
    let secret = "It's a Secret to Everybody";
    // Made by another program.
    let digits = "iJ/xglm/6XhnbexWvecajQwdhFA660Z+B/VvsT6OCGc=";
    let good = message(&format!("v1,{digits}"), BODY);
    authenticate(&trigger, &good, secret).unwrap();
    let fields = fields(&trigger, &good).unwrap();
    assert_eq!(unwanted(&trigger, &fields), None);
    assert_eq!(command(&trigger, &fields).unwrap(), ["deploy", "kudos", "--commit=1ef921a", "--reason=build 42"]);
    assert_eq!(window(&trigger, &fields).as_secs(), 48 * 3_600);
    assert_eq!(window(&trigger, &Fields::new()).as_secs(), 2 * 3_600);
    for proof in [digits, "v1,", "v1,x", &format!("v2,{digits}"), &format!("v1,{}", &digits[..43])] {
        let error = authenticate(&trigger, &message(proof, BODY), secret).unwrap_err();
        assert_eq!(error.to_string(), "the event is not from our CI: its `x-ci-signature` is wrong", "{proof}");
    }
}

#[test]
fn what_a_source_says_holds_for_each_value() {
    let trigger = trigger(OWN);
    let with = |place: &str, value: serde_json::Value| {
        let mut body: serde_json::Value = serde_json::from_str(BODY).unwrap();
        body["source"][place] = value;
        fields(&trigger, &message("", &body.to_string())).unwrap()
    };
    // The first pointer goes into an array.
    assert_eq!(with("commits", json!(["2ef921a", "3ef921a"]))["commit"], "2ef921a");
    for other in [json!([]), json!([7]), json!([""]), json!({"1": "x"}), json!("x"), json!(null)] {
        assert_eq!(with("commits", other.clone())["commit"], "1ef921a", "{other}");
    }
    for (branch, expected) in [
        (json!("heads/a"), Some("a")),
        (json!("heads/"), None),
        (json!("main"), None),
        (json!("heads/tmp-1"), None),
        (json!("heads/not-tmp-1"), Some("not-tmp-1")),
        (json!("heads/tmp-1\nx"), Some("tmp-1\nx")),
        (json!(7), None),
        (json!(["heads/main"]), None),
        (json!({"heads/": "main"}), None),
    ] {
        assert_eq!(with("branch", branch.clone()).get("branch").map(String::as_str), expected, "{branch}");
    }
    for (build, expected) in [
        (json!(1.5), Some("1.5")),
        (json!(-1), Some("-1")),
        (json!("n"), Some("n")),
        (json!(true), None),
        (json!(null), None),
        (json!([1]), None),
    ] {
        assert_eq!(with("build", build.clone()).get("build").map(String::as_str), expected, "{build}");
    }
    // Its own name for the repository of the head.
    let why = |fork| unwanted(&trigger, &with("fork", fork));
    assert_eq!(why(json!("acme/shop")), None);
    assert_eq!(why(json!("eve/shop")).unwrap(), "its head is `eve/shop`, which is not its repository");
    for gone in [json!(null), json!(""), json!(7), json!({})] {
        assert_eq!(why(gone).unwrap(), "its head is `gone`, which is not its repository");
    }
}

#[test]
fn hostile_values_become_no_command() {
    let trigger = trigger(OWN);
    let huge = "a".repeat(1 << 20);
    for commit in ["--break-glass=x", "a\u{0}b", "a\nb", "\u{1b}[2J", "$(reboot)", "{build}", "é", "\u{202e}a", &huge]
    {
        let body = json!({"kind": "built", "source": {"commit": commit, "build": 1}}).to_string();
        let fields = fields(&trigger, &message("", &body)).unwrap();
        assert!(matches!(command(&trigger, &fields), Err(TriggerError::Value { .. })), "{commit:.20}");
    }
    let deep = format!(r#"{{"source":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(fields(&trigger, &message("", &deep)), Err(TriggerError::Body { .. })));
    let form = Message::parse(b"Content-Type: application/x-www-form-urlencoded\r\n\r\npayload=1").unwrap();
    assert!(fields(&trigger, &form).unwrap_err().to_string().contains("content type"));
}

#[test]
fn what_is_at_the_top_of_a_body_is_a_field_unless_the_source_places_it_elsewhere() {
    let trigger = trigger(
        "from = \"flat\"\nrun = [\"plan\", \"kudos\"]\n[trigger-sources.flat]\nremember = \"1h\"\ntop-level = true\n\
         proof = { scheme = \"secret\", header = \"X-Flat\" }\nevent = { header = \"X-Event\" }\n\
         fields = [{ name = \"branch\", pointers = [\"/git/branch\"] }]\n",
    );
    let body = r#"{"branch":"evil","event":"evil","a":"x","n":7,"t":true,"o":{},"l":[],"z":null}"#;
    let read = |headers: &str| fields(&trigger, &Message::parse(format!("{headers}\r\n{body}").as_bytes()).unwrap());
    let given = read("X-Event: built\r\n").unwrap();
    assert_eq!(given, [("a", "x"), ("event", "built"), ("n", "7")].map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    assert!(matches!(read("X-Event: a\r\nX-Event: b\r\n"), Err(TriggerError::Malformed { .. })));
}
