//! What comes from a fork starts nothing, whichever source can tell one.

use super::*;

/// `null` where `HEAD` is where the fork is gone.
const EVENTS: &[(&str, &str, &str)] = &[
    ("github", "pull_request", r#""pull_request":{"head":{"ref":"main","repo":HEAD}}"#),
    ("github", "workflow_run", r#""workflow_run":{"head_branch":"main","head_repository":HEAD}"#),
    ("gitea", "pull_request", r#""pull_request":{"head":{"ref":"main","repo":HEAD}}"#),
    ("forgejo", "pull_request", r#""pull_request":{"head":{"ref":"main","repo":HEAD}}"#),
    (
        "gitlab",
        "merge_request",
        r#""object_kind":"merge_request","object_attributes":{"source_branch":"main","source":HEAD,"target":{"path_with_namespace":"acme/shop"}}"#,
    ),
    ("gitlab", "note", r#""object_kind":"note","merge_request":{"id":1,"source":HEAD}"#),
];

/// Events that say in another way that they are of a fork, or do not say that they are of none.
const OTHERS: &[(&str, &str)] = &[
    // The run of a pull request has no branch.
    ("gitea", r#""workflow_run":{"head_sha":"1","conclusion":"success","path":"ci.yml@refs/pull/1/head"}"#),
    ("gitea", r#""workflow_run":{"head_branch":"","conclusion":"success"}"#),
    ("gitea", r#""workflow_run":null"#),
    ("gitea", r#""workflow_job":{"head_branch":"","conclusion":"success"}"#),
    ("forgejo", r#""run":{"is_fork_pull_request":true,"repository":{"full_name":"acme/shop"}}"#),
    ("forgejo", r#""run":{"repository":{"full_name":"acme/shop"}}"#),
    ("forgejo", r#""run":{"is_fork_pull_request":"no","repository":{"full_name":"acme/shop"}}"#),
    ("forgejo", r#""run":{"is_fork_pull_request":false,"repository":null}"#),
    (
        "gitlab",
        r#""object_kind":"pipeline","object_attributes":{"ref":"main","tag":false},"merge_request":{"id":1,"source_project_id":9,"target_project_id":1}"#,
    ),
    // The fork is gone, and so is its number.
    (
        "gitlab",
        r#""object_kind":"pipeline","object_attributes":{"ref":"main","tag":false},"merge_request":{"id":1,"source_project_id":null,"target_project_id":1}"#,
    ),
    ("gitlab", r#""object_kind":"pipeline","object_attributes":{"ref":"main","tag":false},"merge_request":{"id":1}"#),
    (
        "gitlab",
        r#""object_kind":"pipeline","object_attributes":{"ref":"main","tag":false,"source":"merge_request_event"},"merge_request":null"#,
    ),
    ("gitlab", r#""object_kind":"build","ref":"main","tag":false,"build_status":"success""#),
];

fn whole(body: &str) -> Message {
    let own = r#""repository":{"full_name":"acme/shop"},"project":{"id":1,"path_with_namespace":"acme/shop"}"#;
    Message::parse(format!("\r\n{{{body},{own}}}").as_bytes()).unwrap()
}

fn why(source: &str, when: &str, body: &str) -> Option<String> {
    let trigger = trigger(&format!("from = \"{source}\"\nwhen = {{ {when} }}\nrun = [\"plan\", \"kudos\"]"));
    unwanted(&trigger, &fields(&trigger, &whole(body)).unwrap())
}

#[test]
fn a_fork_is_unwanted_unless_the_operator_says_otherwise() {
    let named = r#"head-repository = "(acme|eve)/.*""#;
    for (source, event, body) in EVENTS {
        let of =
            |name: &str| body.replace("HEAD", &format!(r#"{{"full_name":"{name}","path_with_namespace":"{name}"}}"#));
        let (own, fork) = (of("acme/shop"), of("eve/shop"));
        assert_eq!(why(source, "", &own), None, "{source} {event}");
        assert_eq!(why(source, named, &own), None, "{source} {event}");
        let said = why(source, "", &fork);
        assert_eq!(
            said.as_deref(),
            Some("its head-repository is `eve/shop`, which is not its repository"),
            "{source} {event}"
        );
        assert_eq!(why(source, named, &fork), None, "{source} {event}");
        for gone in ["null", "{}", "7", "[]", r#""acme/shop""#, r#"{"full_name":null,"path_with_namespace":7}"#] {
            let body = body.replace("HEAD", gone);
            let said = why(source, "", &body);
            assert!(said.is_some_and(|said| said.contains("head-repository is `unknown`")), "{source} {body}");
            assert!(why(source, named, &body).is_some(), "{source} {body}");
        }
    }
}

#[test]
fn what_cannot_tell_that_it_is_of_no_fork_counts_as_one() {
    for (source, body) in OTHERS {
        let said = why(source, "", body);
        assert!(said.is_some_and(|said| said.contains("head-repository is `unknown`")), "{source} {body}");
        assert_eq!(why(source, r#"head-repository = "unknown""#, body), None, "{source} {body}");
    }
}

#[test]
fn without_a_repository_of_its_own_nothing_is_known_to_be_no_fork() {
    for (source, body) in [
        ("github", r#"{"workflow_run":{"head_repository":{"full_name":"acme/shop"}}}"#),
        ("gitea", r#"{"pull_request":{"head":{"repo":{"full_name":"acme/shop"}}}}"#),
        ("forgejo", r#"{"pull_request":{"head":{"repo":{"full_name":"acme/shop"}}}}"#),
        (
            "gitlab",
            r#"{"object_kind":"merge_request","object_attributes":{"source":{"path_with_namespace":"acme/shop"}}}"#,
        ),
        ("pact-broker", r#"{"head-repository":"acme/shop"}"#),
    ] {
        let trigger = trigger(&format!("from = \"{source}\"\nrun = [\"plan\", \"kudos\"]"));
        let message = Message::parse(format!("\r\n{body}").as_bytes()).unwrap();
        assert!(unwanted(&trigger, &fields(&trigger, &message).unwrap()).is_some(), "{source}");
    }
}
