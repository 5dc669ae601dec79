//! The sources that are built in: the examples that their senders document, cut to what matters.

use super::*;

/// The secret of GitHub's own example of a signature.
const EXAMPLE: &str = "It's a Secret to Everybody";

fn from(source: &str) -> Trigger {
    trigger(&format!("from = \"{source}\"\nrun = [\"plan\", \"kudos\"]"))
}

/// What a source makes of an event, its proof left out. The order is that of the alphabet.
fn told(source: &str, header: &str, body: &str) -> String {
    let message = Message::parse(format!("{header}\r\n\r\n{body}").as_bytes()).unwrap();
    let fields = fields(&from(source), &message).unwrap();
    fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

/// "Webhooks" in the documentation of Gitea, without its commits; Forgejo's differs in names only.
fn push(of: &str) -> String {
    format!(
        r#"{{"ref":"refs/heads/develop","before":"28e1879d029cb852e4844d9c718537df08844e03","after":"bffeb74224043ba2feb48d137756c8a9331c449a","compare_url":"http://localhost:3000/{of}/webhooks/compare/28e1879d029cb852e4844d9c718537df08844e03...bffeb74224043ba2feb48d137756c8a9331c449a","repository":{{"id":140,"name":"webhooks","full_name":"{of}/webhooks"}},"pusher":{{"id":1,"login":"{of}"}},"sender":{{"id":1,"login":"{of}"}}}}"#
    )
}

#[test]
fn each_source_has_its_own_proof() {
    // The signatures were made by another program.
    let gitea = "a40c94347bc232def955cb19a5ab140708bda24495c3b8e0bf6b75a8f3c1f444";
    let forgejo = "8b3668e828178fc266679b54c489e900ec437a88f5c46e1b2a60c0e7af4b36f9";
    let github = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let hello = || "Hello, World!".to_owned();
    let cases = [
        ("github", "X-Hub-Signature-256", format!("sha256={github}"), hello(), "GitHub"),
        ("gitea", "X-Gitea-Signature", gitea.to_owned(), push("gitea"), "Gitea"),
        ("forgejo", "X-Forgejo-Signature", forgejo.to_owned(), push("forgejo"), "Forgejo"),
        ("gitlab", "X-Gitlab-Token", EXAMPLE.to_owned(), "{}".to_owned(), "GitLab"),
        ("pact-broker", "X-Windlass-Token", EXAMPLE.to_owned(), "{}".to_owned(), "the Pact Broker"),
    ];
    for (source, header, proof, body, title) in &cases {
        let trigger = from(source);
        let said = |header: &str, proof: &str, secret: &str| {
            let message = Message::parse(format!("{header}: {proof}\r\n\r\n{body}").as_bytes()).unwrap();
            authenticate(&trigger, &message, secret).map_err(|error| error.to_string())
        };
        assert_eq!(said(header, proof, EXAMPLE), Ok(()), "{source}");
        let wrong = format!("the event is not from {title}: its `{}` is wrong", header.to_lowercase());
        let missing = format!("the event has no `{}`", header.to_lowercase());
        for other in ["", "x", &proof[1..], &format!("{proof}0"), &format!("sha1={proof}"), &proof.replace('4', "5")] {
            if other != proof {
                assert_eq!(said(header, other, EXAMPLE), Err(wrong.clone()), "{source}: {other}");
            }
        }
        assert_eq!(said(header, proof, "another"), Err(wrong.clone()), "{source}");
        // The proof of one is none for another.
        for (other, foreign, ..) in cases.iter().filter(|(other, ..)| other != source) {
            assert_eq!(said(foreign, proof, EXAMPLE), Err(missing.clone()), "{source}: {other}");
        }
        let twice = Message::parse(format!("{header}: {proof}\n{header}: {proof}\n\n{body}").as_bytes()).unwrap();
        assert!(matches!(authenticate(&trigger, &twice, EXAMPLE), Err(TriggerError::Malformed { .. })), "{source}");
    }
}

#[test]
fn the_same_field_means_the_same_whoever_sends_it() {
    let commit = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7";
    let zeros = "0".repeat(40);
    let forge = |source: &str| match source {
        "gitea" => "X-Gitea-Event",
        "forgejo" => "X-Forgejo-Event",
        _ => "X-GitHub-Event",
    };
    let own = r#""repository":{"full_name":"acme/shop"},"sender":{"login":"ada"}"#;
    for source in ["github", "gitea", "forgejo"] {
        let named = |event: &str, body: &str| told(source, &format!("{}: {event}", forge(source)), body);
        let case = |event: &str, body: &str, expected: &str| {
            assert_eq!(named(event, &format!("{{{body},{own}}}")), expected, "{source}: {event}");
        };
        let rest = "repository=acme/shop sender=ada";
        case(
            "push",
            &format!(r#""ref":"refs/heads/a/b","after":"{commit}""#),
            &format!("branch=a/b commit={commit} event=push {rest}"),
        );
        case(
            "push",
            &format!(r#""ref":"refs/tags/v1","after":"{commit}""#),
            &format!("commit={commit} event=push {rest} tag=v1"),
        );
        case(
            "push",
            &format!(r#""ref":"refs/heads/a","after":"{zeros}","deleted":true"#),
            &format!("branch=a event=push {rest}"),
        );
        case("delete", r#""ref":"a","ref_type":"branch""#, &format!("branch=a event=delete {rest}"));
        case("create", r#""ref":"v1","ref_type":"tag""#, &format!("event=create {rest} tag=v1"));
        case(
            "release",
            r#""action":"published","release":{"tag_name":"v1","target_commitish":"main"}"#,
            &format!("action=published event=release {rest} tag=v1"),
        );
        case(
            "pull_request",
            &format!(
                r#""action":"opened","pull_request":{{"head":{{"ref":"b","sha":"{commit}","repo":{{"full_name":"acme/shop"}}}},"base":{{"ref":"main"}}}}"#
            ),
            &format!("action=opened branch=b commit={commit} event=pull_request head-repository=acme/shop {rest}"),
        );
    }
    // What only some of them have.
    let create = format!(r#"{{"sha":"{commit}","ref":"b","ref_type":"branch",{own}}}"#);
    for source in ["gitea", "forgejo"] {
        let expected = format!("branch=b commit={commit} event=create repository=acme/shop sender=ada");
        assert_eq!(told(source, &format!("{}: create", forge(source)), &create), expected);
    }
    let run = format!(
        r#"{{"action":"completed","workflow":{{"name":"CI"}},"workflow_run":{{"head_branch":"main","head_sha":"{commit}","conclusion":"success","display_title":"x","path":"ci.yml@refs/heads/main"}},{own}}}"#
    );
    assert_eq!(
        told("gitea", "X-Gitea-Event: workflow_run", &run),
        format!(
            "action=completed branch=main commit={commit} conclusion=success event=workflow_run head-repository=acme/shop repository=acme/shop sender=ada workflow=CI"
        )
    );
    // A tag can have the name of a branch, and the event does not say which it is.
    let run = format!(
        r#"{{"action":"success","prior_status":"running","run":{{"workflow_id":"ci.yml","prettyref":"main","commit_sha":"{commit}","is_fork_pull_request":false,"status":"success","trigger_user":{{"login":"ada"}},"repository":{{"full_name":"acme/shop"}}}}}}"#
    );
    assert_eq!(
        told("forgejo", "X-Forgejo-Event: action_run_success", &run),
        format!(
            "action=success commit={commit} conclusion=success event=action_run_success head-repository=acme/shop repository=acme/shop sender=ada workflow=ci.yml"
        )
    );
    assert_eq!(
        told("gitea", "X-Gitea-Event: push", &push("gitea")),
        "branch=develop commit=bffeb74224043ba2feb48d137756c8a9331c449a event=push repository=gitea/webhooks sender=gitea"
    );
}

#[test]
fn gitlabs_examples_are_understood() {
    // "Webhook events" in the documentation of GitLab. The header is there, and counts for nothing.
    let commit = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7";
    let project = r#""project":{"id":1,"path_with_namespace":"mike/diaspora"}"#;
    let user = r#""user":{"username":"root"}"#;
    for (body, expected) in [
        (
            format!(
                r#"{{"object_kind":"push","event_name":"push","before":"95790bf891e76fee5e1747ab589903a6a1f80f22","after":"{commit}","ref":"refs/heads/master","ref_protected":true,"checkout_sha":"{commit}","user_name":"John Smith","user_username":"jsmith",{project},"repository":{{"name":"Diaspora"}}}}"#
            ),
            format!("branch=master commit={commit} event=push repository=mike/diaspora sender=jsmith"),
        ),
        (
            format!(
                r#"{{"object_kind":"push","after":"{}","ref":"refs/heads/old","checkout_sha":null,"user_username":"jsmith",{project}}}"#,
                "0".repeat(40)
            ),
            "branch=old event=push repository=mike/diaspora sender=jsmith".to_owned(),
        ),
        (
            format!(
                r#"{{"object_kind":"tag_push","before":"{}","after":"82b3d5ae55f7080f1e6022629cdb57bfae7cccc7","ref":"refs/tags/v1.0.0","checkout_sha":"{commit}","user_name":"John Smith",{project}}}"#,
                "0".repeat(40)
            ),
            format!("commit={commit} event=tag_push repository=mike/diaspora tag=v1.0.0"),
        ),
        (
            format!(
                r#"{{"object_kind":"merge_request","event_type":"merge_request",{user},{project},"object_attributes":{{"source_branch":"ms-viewport","target_branch":"master","source_project_id":14,"target_project_id":14,"source":{{"path_with_namespace":"awesome_space/awesome_project"}},"target":{{"path_with_namespace":"awesome_space/awesome_project"}},"last_commit":{{"id":"{commit}"}},"action":"open","state":"opened"}}}}"#
            ),
            format!(
                "action=open branch=ms-viewport commit={commit} event=merge_request head-repository=awesome_space/awesome_project repository=awesome_space/awesome_project sender=root"
            ),
        ),
        (
            format!(
                r#"{{"object_kind":"pipeline","object_attributes":{{"id":31,"name":"Pipeline for branch: master","ref":"master","tag":false,"sha":"{commit}","source":"merge_request_event","status":"success"}},"merge_request":{{"id":1,"source_branch":"test","source_project_id":1,"target_project_id":1}},{user},{project},"commit":{{"id":"{commit}"}}}}"#
            ),
            format!(
                "branch=master commit={commit} conclusion=success event=pipeline head-repository=mike/diaspora repository=mike/diaspora sender=root workflow=Pipeline for branch: master"
            ),
        ),
        (
            format!(
                r#"{{"object_kind":"pipeline","object_attributes":{{"ref":"v1","tag":true,"sha":"{commit}","source":"push","status":"running"}},"merge_request":null,{user},{project}}}"#
            ),
            format!("commit={commit} event=pipeline repository=mike/diaspora sender=root tag=v1"),
        ),
        (
            format!(
                r#"{{"object_kind":"build","ref":"gitlab-script-trigger","tag":false,"sha":"{commit}","build_name":"test","build_status":"failed","user":{{"name":"User"}},"commit":{{"id":2366,"sha":"{commit}"}},{project}}}"#
            ),
            format!(
                "branch=gitlab-script-trigger commit={commit} conclusion=failed event=build head-repository=unknown repository=mike/diaspora workflow=test"
            ),
        ),
        (
            format!(
                r#"{{"object_kind":"release","tag":"v1.1","name":"v1.1","action":"create","commit":{{"id":"{commit}"}},{project}}}"#
            ),
            format!("action=create commit={commit} event=release repository=mike/diaspora tag=v1.1"),
        ),
        (
            r#"{"event_name":"project_create","path_with_namespace":"group1/project1"}"#.to_owned(),
            "event=project_create".to_owned(),
        ),
    ] {
        assert_eq!(told("gitlab", "X-Gitlab-Event: Push Hook", &body), expected, "{body}");
    }
}

#[test]
fn how_long_an_event_is_remembered_depends_on_what_it_says() {
    for (source, names, hours) in [
        ("github", &[][..], 720),
        ("gitea", &[], 720),
        ("forgejo", &[], 720),
        // A branch may be pushed in the same words again; a pipeline has a number.
        ("gitlab", &["branch", "commit"], 1),
        ("gitlab", &["branch", "conclusion"], 720),
        ("gitlab", &["head-repository"], 720),
        ("pact-broker", &["event"], 1),
        ("pact-broker", &["verificationResultUrl"], 720),
    ] {
        let fields = names.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect();
        assert_eq!(window(&from(source), &fields).as_secs() / 3_600, hours, "{source} {names:?}");
    }
}
