//! Events that are authentic, and all others.

mod before;
mod forks;
mod own;
mod presets;

use windlass_config::{Config, document::Document};

use super::*;

const SECRET: &str = "it's a secret to everybody";

fn trigger(text: &str) -> Trigger {
    let text = format!("[secrets.s]\nenvironment = \"S\"\n[triggers.t]\nsecret = \"s\"\n{text}");
    let document = Document::from_text("agent.toml", text).unwrap();
    Config::resolve(&document).unwrap().triggers.remove("t").unwrap()
}

fn github() -> Trigger {
    trigger(
        "from = \"github\"\nwhen = { event = \"push\", branch = \"main\" }\nrun = [\"deploy\", \"kudos\", \"--commit={commit}\"]",
    )
}

fn signed(event: &str, body: &str) -> Message {
    let signature = hex::encode(mac(SECRET, body.as_bytes()).unwrap().finalize().into_bytes());
    let text = format!("X-GitHub-Event: {event}\r\nX-Hub-Signature-256: sha256={signature}\r\n\r\n{body}");
    Message::parse(text.as_bytes()).unwrap()
}

const PUSH: &str = r#"{"ref":"refs/heads/main","after":"1ef921a70000000000000000000000000000abcd","repository":{"full_name":"acme/shop"},"sender":{"login":"ada"}}"#;

#[test]
fn githubs_own_example_of_a_signature_is_verified() {
    // From "Validating webhook deliveries": secret, payload and signature to test an implementation with.
    let text = "X-Hub-Signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17\r\n\r\nHello, World!";
    let message = Message::parse(text.as_bytes()).unwrap();
    assert!(authenticate(&github(), &message, "It's a Secret to Everybody").is_ok());
}

#[test]
fn a_push_becomes_the_command_that_the_operator_wrote() {
    let (trigger, message) = (github(), signed("push", PUSH));
    authenticate(&trigger, &message, SECRET).unwrap();
    let fields = fields(&trigger, &message).unwrap();
    assert_eq!(fields["repository"], "acme/shop");
    assert_eq!(unwanted(&trigger, &fields), None);
    assert_eq!(
        command(&trigger, &fields).unwrap(),
        ["deploy", "kudos", "--commit=1ef921a70000000000000000000000000000abcd"]
    );
}

#[test]
fn what_is_not_signed_or_signed_by_others_is_refused() {
    let good = signed("push", PUSH);
    let wrong = |change: fn(&mut Message)| {
        let mut message = good.clone();
        change(&mut message);
        authenticate(&github(), &message, SECRET).unwrap_err()
    };
    assert!(matches!(wrong(|message| message.body.push(b' ')), TriggerError::NotAuthentic { .. }));
    assert!(matches!(authenticate(&github(), &good, "another"), Err(TriggerError::NotAuthentic { .. })));
    for signature in ["", "sha256=", "sha256=zz", "sha1=757107ea0eb2509fc211221cce984b8a37570b6d"] {
        let text = format!("X-Hub-Signature-256: {signature}\r\n\r\n{PUSH}");
        let message = Message::parse(text.as_bytes()).unwrap();
        assert!(matches!(authenticate(&github(), &message, SECRET), Err(TriggerError::NotAuthentic { .. })));
    }
    let unsigned = Message::parse(format!("X-Hub-Signature: sha1=ab\r\n\r\n{PUSH}").as_bytes()).unwrap();
    assert!(matches!(authenticate(&github(), &unsigned, SECRET), Err(TriggerError::Unsigned { .. })));
    let twice = Message::parse(b"X-Hub-Signature-256: a\r\nx-hub-signature-256: b\r\n\r\n{}").unwrap();
    assert!(matches!(authenticate(&github(), &twice, SECRET), Err(TriggerError::Malformed { .. })));
}

#[test]
fn a_broker_sends_the_secret_itself() {
    let trigger = trigger("from = \"pact-broker\"\nrun = [\"check\", \"{provider}\"]");
    let message = |token: &str| {
        Message::parse(format!("POST /x HTTP/1.1\nX-Windlass-Token: {token}\n\n{{\"provider\":\"kudos\"}}").as_bytes())
            .unwrap()
    };
    assert!(authenticate(&trigger, &message(SECRET), SECRET).is_ok());
    for token in ["", "it's", "it's a secret to everybody else"] {
        assert!(authenticate(&trigger, &message(token), SECRET).is_err(), "{token}");
    }
    let fields = fields(&trigger, &message(SECRET)).unwrap();
    assert_eq!(command(&trigger, &fields).unwrap(), ["check", "kudos"]);
}

#[test]
fn events_that_are_not_wanted_say_why() {
    let trigger = github();
    for (event, body, expected) in [
        ("ping", r#"{"zen":"x"}"#, "it has no branch"),
        ("push", r#"{"ref":"refs/heads/maintenance","after":"1"}"#, "its branch is `maintenance`"),
        ("push", r#"{"ref":"refs/tags/v1","after":"1"}"#, "it has no branch"),
        ("create", r#"{"ref":"main","ref_type":"branch"}"#, "its event is `create`"),
    ] {
        let fields = fields(&trigger, &signed(event, body)).unwrap();
        assert_eq!(unwanted(&trigger, &fields).as_deref(), Some(expected));
    }
}

#[test]
fn what_comes_from_a_fork_is_unwanted_unless_the_operator_says_otherwise() {
    let run = |head: &str| {
        format!(
            r#"{{"workflow_run":{{"head_branch":"main","head_sha":"1","conclusion":"success","head_repository":{head}}},"repository":{{"full_name":"acme/shop"}}}}"#
        )
    };
    let request = |head: &str| {
        format!(
            r#"{{"pull_request":{{"head":{{"ref":"main","sha":"1","repo":{head}}}}},"repository":{{"full_name":"acme/shop"}}}}"#
        )
    };
    let (own, fork) = (r#"{"full_name":"acme/shop"}"#, r#"{"full_name":"eve/shop"}"#);
    let from = |when: &str| trigger(&format!("from = \"github\"\nwhen = {{ {when} }}\nrun = [\"plan\", \"kudos\"]"));
    let plain = from(r#"branch = "main""#);
    let named = from(r#"branch = "main", head-repository = "(acme|eve)/.*""#);
    // A signature is for the body alone: the event's name in the header decides nothing here.
    for event in ["workflow_run", "pull_request", "push"] {
        let why = |trigger: &Trigger, body: String| unwanted(trigger, &fields(trigger, &signed(event, &body)).unwrap());
        for body in [run(own), request(own)] {
            assert_eq!(why(&plain, body.clone()), None, "{body}");
            assert_eq!(why(&named, body.clone()), None, "{body}");
        }
        for body in [run(fork), request(fork)] {
            assert_eq!(
                why(&plain, body.clone()).as_deref(),
                Some("its head-repository is `eve/shop`, which is not its repository"),
                "{body}"
            );
            assert_eq!(why(&named, body.clone()), None, "{body}");
        }
        for body in [run("null"), request("null"), run("{}"), request("7")] {
            let said = why(&plain, body.clone());
            assert!(said.is_some_and(|said| said.contains("head-repository is `unknown`")), "{body}");
            assert!(why(&named, body.clone()).is_some(), "{body}");
        }
    }
    // Without a repository of its own, nothing is known to be no fork.
    let body = r#"{"workflow_run":{"head_branch":"main","head_repository":{"full_name":"acme/shop"}}}"#;
    assert!(unwanted(&plain, &fields(&plain, &signed("workflow_run", body)).unwrap()).is_some());
}

#[test]
fn no_value_of_an_event_becomes_anything_but_a_value() {
    let trigger = github();
    for value in ["--break-glass=x", "", "a\nb", "$(reboot)", "a;b", "é", &"a".repeat(257)] {
        let fields = Fields::from([("commit".to_owned(), value.to_owned())]);
        assert!(matches!(command(&trigger, &fields), Err(TriggerError::Value { .. })), "{value}");
    }
    let deleted = fields(&trigger, &signed("push", r#"{"ref":"refs/heads/main","after":"0000000000"}"#)).unwrap();
    let error = command(&trigger, &deleted).unwrap_err();
    assert_eq!(error.to_string(), "the command needs `{commit}`, and the event has only `branch`, `event`");
}

#[test]
fn what_is_no_message_is_refused() {
    for text in ["", "\r\n", "{}", "no colon\r\n\r\n", "A: b", "GET / HTTP/1.1\r\n"] {
        match Message::parse(text.as_bytes()) {
            Err(TriggerError::Malformed { .. }) => {}
            Ok(message) => assert!(authenticate(&github(), &message, SECRET).is_err(), "{text:?}"),
            Err(other) => panic!("{text:?}: {other}"),
        }
    }
    let many = format!("{}\r\n", "a: b\r\n".repeat(101));
    assert!(Message::parse(many.as_bytes()).is_err());
    for body in ["", "[]", "x", "\"x\""] {
        assert!(matches!(fields(&github(), &signed("push", body)), Err(TriggerError::Body { .. })), "{body}");
    }
    let form = Message::parse(b"Content-Type: application/x-www-form-urlencoded\r\n\r\npayload=1").unwrap();
    assert!(fields(&github(), &form).unwrap_err().to_string().contains("content type"));
}

#[test]
fn what_can_happen_again_in_the_same_words_is_remembered_for_an_hour() {
    let broker = |more: &str| trigger(&format!("from = \"pact-broker\"\nrun = [\"check\", \"kudos\"]\n{more}"));
    let fields = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect::<Fields>();
    let hours = |trigger: &Trigger, names: &[&str]| window(trigger, &fields(names)).as_secs() / 3_600;
    assert_eq!(hours(&broker(""), &["consumer", "provider-version"]), 1);
    assert_eq!(hours(&broker(""), &["consumer", "verification-result-url"]), 720);
    assert_eq!(hours(&broker("remember = \"5h\""), &["verification-result-url"]), 5);
    assert_eq!(hours(&github(), &[]), 720);
}
