//! The table of who may do what, without any plugin running.

use windlass_foundation::call::CallContext;

use super::*;
use crate::testing::{asks, config, scope};

fn origin(scheme: &str, host: &str, port: u16) -> Origin {
    Origin { scheme: scheme.to_owned(), host: host.to_owned(), port }
}

/// One permission of each sort.
fn permissions() -> Vec<Permission> {
    vec![
        Permission::DockerRead,
        Permission::DockerWrite,
        Permission::Http(origin("https", "api.example.org", 443)),
        Permission::SecretTo("token".to_owned(), origin("https", "api.example.org", 443)),
        Permission::Address(origin("https", "api.example.org", 443), "10.1.2.3".parse().unwrap()),
        Permission::Files("records".to_owned(), false),
        Permission::Files("records".to_owned(), true),
        Permission::Secret("token".to_owned()),
        Permission::Reveal("token".to_owned()),
        Permission::Exec("pg-ready".to_owned()),
        Permission::Registry("registry.example:5000".to_owned()),
        Permission::State,
    ]
}

const DEFINITIONS: &str = r#"
[commands.pg-ready]
path = "/usr/bin/pg_isready"
[secrets.token]
environment = "TOKEN"
"#;

const EVERYTHING: &str = r#"
docker-read = true
docker-write = {}
http = [{ to = "https://*.example.org", addresses = ["10.0.0.0/8"], secrets = ["token"] }]
files = [{ root = "records", path = "/srv/records", write = true }]
secrets = ["token"]
reveal = ["token"]
exec = ["pg-ready"]
registry = ["registry.example:5000"]
state = true
"#;

fn agent(grant: &str) -> String {
    format!("[[grants]]\nplugin = \"check-ours\"\n{grant}\n{DEFINITIONS}")
}

fn allowed(kind: Kind, agent: &str) -> Vec<&'static str> {
    let grants = Grants::decide(scope(kind), &asks(), &config(agent).grants);
    permissions().iter().filter(|permission| grants.check(permission).is_ok()).map(Permission::capability).collect()
}

#[test]
fn nothing_is_allowed_until_it_is_granted() {
    for kind in Kind::ALL {
        assert_eq!(allowed(kind, DEFINITIONS), Vec::<&str>::new());
    }
}

#[test]
fn a_kind_is_a_ceiling_for_every_grant() {
    let all = agent(EVERYTHING);
    let common = ["http", "http", "http", "files", "secrets", "reveal", "exec"];
    let table: [(Kind, &[&str], &[&str]); 4] = [
        (Kind::Strategy, &["docker-read", "docker-write"], &["registry", "state"]),
        (Kind::Check, &["docker-read"], &["registry", "state"]),
        (Kind::Smoke, &["docker-read"], &["state"]),
        (Kind::Recorder, &[], &["state"]),
    ];
    for (kind, before, after) in table {
        let mut expected = [before, &common, after].concat();
        if kind != Kind::Check {
            // Writing files: a check changes nothing.
            let files = expected.iter().position(|name| *name == "files").unwrap();
            expected.insert(files, "files");
        }
        assert_eq!(allowed(kind, &all), expected, "{kind}");
    }
}

#[test]
fn what_is_not_asked_for_is_not_given() {
    let granted = config(&agent(EVERYTHING)).grants;
    let asked =
        [Ask { name: "files".into(), reason: String::new(), root: Some("other".into()), write: true, optional: false }];
    let grants = Grants::decide(scope(Kind::Strategy), &asked, &granted);
    for permission in permissions() {
        let failure = grants.check(&permission).unwrap_err();
        assert!(failure.message.ends_with("its manifest does not ask for it"), "{}", failure.message);
        let hint = failure.details.unwrap()["hint"].as_str().unwrap().to_owned();
        assert!(hint.contains(&format!("\"name\":\"{}\"", permission.capability())), "{hint}");
    }
    let reading = [Ask {
        name: "files".into(),
        reason: String::new(),
        root: Some("records".into()),
        write: false,
        optional: false,
    }];
    let grants = Grants::decide(scope(Kind::Strategy), &reading, &granted);
    assert!(grants.files_for("records", false).is_ok() && grants.files_for("records", true).is_err());
}

#[test]
fn a_name_can_be_borrowed_but_a_digest_cannot() {
    let granted = config(&agent("state = true")).grants;
    let impostor = Scope { bundled: false, ..scope(Kind::Check) };
    assert!(Grants::decide(impostor.clone(), &asks(), &granted).check(&Permission::State).is_err());
    let ours = format!("digest = \"sha256:{}\"\nstate = true", "ab".repeat(32));
    assert!(Grants::decide(impostor.clone(), &asks(), &config(&agent(&ours)).grants).check(&Permission::State).is_ok());
    let other = format!("digest = \"sha256:{}\"\nstate = true", "cd".repeat(32));
    assert!(Grants::decide(impostor, &asks(), &config(&agent(&other)).grants).check(&Permission::State).is_err());
}

#[test]
fn what_a_plugin_cannot_do_without_is_missed_at_once_and_all_together() {
    let ask = |name: &str, root: Option<&str>, optional| Ask {
        name: name.to_owned(),
        reason: format!("wants {name}"),
        root: root.map(str::to_owned),
        write: root.is_some(),
        optional,
    };
    let asked = [
        ask("http", None, false),
        ask("files", Some("records"), false),
        ask("files", Some("notes"), false),
        ask("exec", None, true),
    ];
    let needs = |agent: &str| {
        Grants::decide(scope(Kind::Recorder), &asked, &config(&format!("{DEFINITIONS}{agent}")).grants)
            .check_needs(Wanted::default)
    };
    let failure = needs("").unwrap_err();
    assert_eq!(
        failure.message,
        "check-ours 1.2.3 (sha256:abababababab) needs what the operator has not granted: `http` (wants http), \
         `files` (wants files), `files` (wants files)"
    );
    let lines = failure.details.unwrap()["grant"].as_str().unwrap().to_owned();
    assert!(needs(&format!("\n{lines}")).is_ok(), "{lines}");
    assert!(!lines.contains("exec"), "{lines}");
}

#[test]
fn a_server_inside_is_granted_with_its_address_at_once() {
    for (host, addresses) in [
        ("10.1.2.3", Some("[\"10.1.2.3\"]")),
        ("::1", Some("[\"::1\"]")),
        ("localhost", Some("[\"127.0.0.1\", \"::1\"]")),
        ("1.1.1.1", None),
        ("broker.example.org", None),
    ] {
        let grants = Grants::decide(scope(Kind::Check), &asks(), &config(DEFINITIONS).grants);
        let failure = grants.check(&Permission::Http(origin("http", host, 80))).unwrap_err();
        let lines = failure.details.unwrap()["grant"].as_str().unwrap().to_owned();
        let expected = addresses.map(|addresses| format!("addresses = {addresses}")).unwrap_or_default();
        assert_eq!(lines.contains("addresses"), addresses.is_some(), "{lines}");
        assert!(lines.contains(&expected), "{lines}");
        config(&lines);
    }
}

#[test]
fn a_grant_is_for_its_applications() {
    for (applications, expected) in [("[\"kudos\"]", true), ("[\"other\", \"kudos\"]", true), ("[\"other\"]", false)] {
        let agent = agent(&format!("applications = {applications}\nstate = true"));
        assert_eq!(!allowed(Kind::Check, &agent).is_empty(), expected, "{applications}");
    }
}

#[test]
fn the_lines_of_every_denial_allow_exactly_what_was_denied() {
    for bundled in [true, false] {
        let scope = Scope { bundled, ..scope(Kind::Strategy) };
        for permission in permissions() {
            let grants = Grants::decide(scope.clone(), &asks(), &config(DEFINITIONS).grants);
            let failure = grants.check(&permission).unwrap_err();
            assert_eq!(failure.code, "capability-denied");
            assert!(
                failure.message.starts_with("check-ours 1.2.3 (sha256:abababababab) may not "),
                "{}",
                failure.message
            );
            let lines = failure.details.unwrap()["grant"].as_str().unwrap().to_owned();
            let agent = config(&format!("{DEFINITIONS}{lines}"));
            let grants = Grants::decide(scope.clone(), &asks(), &agent.grants);
            assert!(grants.check(&permission).is_ok(), "{lines}");
            let now: Vec<_> = permissions().into_iter().filter(|permission| grants.check(permission).is_ok()).collect();
            assert!(
                now.iter().all(
                    |allowed| allowed.capability() == permission.capability() || *allowed == Permission::DockerRead
                )
            );
        }
    }
}

#[test]
fn several_grants_of_a_plugin_are_added_together() {
    let agent = agent("state = true\n[[grants]]\nplugin = \"check-ours\"\nexec = [\"pg-ready\"]");
    assert_eq!(allowed(Kind::Check, &agent), ["exec", "state"]);
}

#[test]
fn names_below_a_wildcard_and_nothing_else() {
    let grant = agent(
        "http = [{ to = \"https://*.Example.org:8443\" }, { to = \"http://bücher.example\" }, { to = \"http://[::1]:8080\" }]",
    );
    let grants = Grants::decide(scope(Kind::Check), &asks(), &config(&grant).grants);
    for (scheme, host, port, expected) in [
        ("https", "a.example.org", 8443, true),
        ("https", "a.b.example.org", 8443, true),
        ("https", "example.org", 8443, false),
        ("https", ".example.org", 8443, false),
        ("https", "badexample.org", 8443, false),
        ("https", "a.example.org.evil.com", 8443, false),
        ("https", "a.example.org", 443, false),
        ("http", "a.example.org", 8443, false),
        ("http", "xn--bcher-kva.example", 80, true),
        ("http", "bucher.example", 80, false),
        ("http", "::1", 8080, true),
        ("http", "::2", 8080, false),
    ] {
        assert_eq!(grants.http_for(&origin(scheme, host, port)).is_ok(), expected, "{scheme}://{host}:{port}");
    }
}

#[test]
fn what_a_manifest_misses_is_told_with_reasons() {
    let missing = missing(&scope(Kind::Check), &asks(), &config(&agent("state = true")).grants, &Wanted::default());
    let told: Vec<_> =
        missing.iter().map(|missing| (missing.ask.name.as_str(), missing.impossible.is_some())).collect();
    let expected = [
        ("docker-read", false),
        ("docker-write", true),
        ("http", false),
        ("secrets", false),
        ("reveal", false),
        ("exec", false),
        ("registry", false),
        ("files", true),
    ];
    assert_eq!(told, expected);
}

#[test]
fn what_is_granted_by_name_is_granted_only_to_what_is_bound() {
    let lines = "[[applications]]\nname = \"kudos\"\ndirectory = \"/srv/kudos\"\n";
    let scope = || scope(Kind::Strategy);
    let elsewhere = || {
        let about = CallContext { unbound: Some(lines.to_owned()), ..(*scope().about).clone() };
        Scope { about: about.into(), ..scope() }
    };
    let unbound = |asked: &[Ask], granted: &[Grant]| Grants::decide(elsewhere(), asked, granted);
    let named = config(&agent(&format!("applications = [\"kudos\"]\n{EVERYTHING}"))).grants;
    let all = config(&agent(EVERYTHING)).grants;
    for permission in permissions() {
        assert!(Grants::decide(scope(), &asks(), &named).check(&permission).is_ok(), "{permission:?}");
        assert!(unbound(&asks(), &all).check(&permission).is_ok(), "{permission:?}");
        let failure = unbound(&asks(), &named).check(&permission).unwrap_err();
        assert_eq!((failure.code.as_str(), &failure.details.unwrap()["grant"]), ("capability-denied", &json!(lines)));
        assert!(failure.message.contains("agent.toml does not bind `kudos`"), "{}", failure.message);
    }
    let asks = || {
        asks()
            .into_iter()
            .map(|ask| match ask.name.as_str() {
                "files" => Ask { root: Some("records".to_owned()), ..ask },
                _ => ask,
            })
            .collect::<Vec<_>>()
    };
    let grants = unbound(&asks(), &named);
    assert!(grants.secret_names().is_empty() && grants.commands().is_empty(), "nothing of it is even resolved");
    let failure = grants.check_needs(Wanted::default).unwrap_err();
    assert_eq!(failure.details.unwrap()["grant"], json!(lines));
    assert!(missing(&elsewhere(), &asks(), &named, &Wanted::default()).iter().all(|missing| missing.lines == lines));
    // A grant that is missing is proposed together with the binding: the lines of a grant name the application.
    let failure = unbound(&asks(), &[]).check(&Permission::State).unwrap_err();
    let all = failure.details.unwrap()["grant"].as_str().unwrap().to_owned();
    assert!(all.starts_with(lines) && all.contains("[[grants]]"), "{all}");
}
