//! What an operator reads: what a plugin may reach, what was granted to other bytes, and lines with real names in them.

use windlass_foundation::identity::{Ask, Identity, Kind};

use super::reach::{of_application, of_host, of_other_bytes};
use super::{Grants, Permission, Wanted, lines_for_all, missing, unmet};
use crate::Scope;
use crate::testing::{config, scope};

const DEFINITIONS: &str = "[commands.pg-ready]\npath = \"/usr/bin/pg_isready\"\n[secrets.token]\nenvironment = \"T\"\n[secrets.other]\nenvironment = \"O\"\n";

fn ask(name: &str, reason: &str) -> Ask {
    Ask { name: name.to_owned(), reason: reason.to_owned(), root: None, write: false, optional: false }
}

fn files(write: bool) -> Ask {
    Ask { root: Some("records".to_owned()), write, ..ask("files", "keeps records") }
}

/// A plugin of a team: its grants name its digest.
fn ours(kind: Kind) -> Scope {
    Scope { bundled: false, ..scope(kind) }
}

fn sentences(kind: Kind, asked: &[Ask], agent: &str) -> Vec<String> {
    let (scope, granted) = (scope(kind), config(&format!("{agent}\n{DEFINITIONS}")).grants);
    let all = of_host(&scope.plugin, true, kind, asked, &granted);
    all.iter().map(|reach| reach.sentence(" on this host")).collect()
}

#[test]
fn what_a_plugin_may_reach_is_one_sentence_for_each_thing_that_it_asks_for() {
    let asked = [
        ask("http", "asks the broker"),
        ask("secrets", "sends a token"),
        ask("exec", "asks the database"),
        files(true),
        ask("docker-read", "looks"),
        ask("docker-write", "changes"),
        ask("state", ""),
        Ask { optional: true, ..ask("reveal", "signs") },
    ];
    let agent = r#"
[[grants]]
plugin = "check-ours"
http = [{ to = "https://broker.example.org", secrets = ["token"] }, { to = "http://10.0.0.5:8080", addresses = ["10.0.0.5"] }]
secrets = ["token", "other"]
exec = ["pg-ready"]
docker-write = { bind-roots = ["/srv/kudos"], allow = ["host-network"] }
[[grants]]
plugin = "check-ours"
applications = ["kudos"]
http = [{ to = "https://kudos.example.org" }]
files = [{ root = "records", path = "/srv/records", write = true }, { root = "else", path = "/srv/else" }]
state = true
[[grants]]
plugin = "check-theirs"
reveal = ["token"]
"#;
    insta::assert_snapshot!(sentences(Kind::Strategy, &asked, agent).join("\n"), @"
    may send requests to `https://broker.example.org` with the secret `token` and to `http://10.0.0.5:8080` at 10.0.0.5; and send requests to `https://kudos.example.org` for `kudos`: asks the broker
    may use the secrets `other` and `token` without seeing them: sends a token
    may run the command `pg-ready`: asks the database
    may read and write files below `/srv/records` for `kudos`: keeps records
    may look at the application's containers, networks and volumes: looks
    may create, change and remove the application's containers, networks and volumes, with directories of this host below `/srv/kudos` and with `host-network`: changes
    may keep values of its own between calls for `kudos`
    asks to see the values of secrets: signs; not granted on this host; it can do without
    ");
    insta::assert_snapshot!(sentences(Kind::Check, &asked, "").join("\n"), @"
    asks to send HTTP requests: asks the broker; not granted on this host
    asks to use secrets without seeing them: sends a token; not granted on this host
    asks to run commands of the operator: asks the database; not granted on this host
    asks to read and write files below the root `records`: keeps records; no operator can grant that: a check changes nothing
    asks to look at the application's containers, networks and volumes: looks; not granted on this host
    asks to create, change and remove the application's containers, networks and volumes: changes; no operator can grant that: only a strategy can
    asks to keep values of its own between calls; not granted on this host
    asks to see the values of secrets: signs; not granted on this host; it can do without
    ");
}

#[test]
fn what_is_granted_to_other_applications_and_other_bytes_is_not_reached() {
    let other = "[[grants]]\nplugin = \"check-ours\"\napplications = [\"other\"]\nstate = true\n";
    let asked = [ask("state", "")];
    let of_kudos = of_application(&scope(Kind::Check), &asked, &config(other).grants);
    assert!(!of_kudos[0].is_granted());
    assert_eq!(sentences(Kind::Check, &asked, other), ["may keep values of its own between calls for `other`"]);
    let scope = ours(Kind::Check);
    let bytes = format!("[[grants]]\nplugin = \"check-ours\"\ndigest = \"sha256:{}\"\nstate = true\n", "cd".repeat(32));
    let granted = config(&bytes).grants;
    assert!(!of_host(&scope.plugin, false, Kind::Check, &asked, &granted)[0].is_granted());
    let told =
        |digest: &str| of_other_bytes(&Identity { digest: digest.to_owned(), ..scope.plugin.clone() }, false, &granted);
    assert!(told(&scope.plugin.digest).is_some_and(|told| told.ends_with("was it rebuilt?")));
    assert_eq!(told(&format!("sha256:{}", "cd".repeat(32))), None);
}

#[test]
fn a_grant_for_other_bytes_asks_whether_it_was_rebuilt() {
    let asked = [ask("state", ""), ask("http", "asks")];
    let grant = |digest: &str, more: &str| {
        let text = format!("[[grants]]\nplugin = \"check-ours\"\ndigest = \"sha256:{}\"\n{more}", digest.repeat(32));
        config(&format!("{text}\n{DEFINITIONS}")).grants
    };
    let old = grant("cd", "state = true\nhttp = [{ to = \"https://a.example\" }]");
    let scope = ours(Kind::Recorder);
    let grants = Grants::decide(scope.clone(), &asked, &old);
    let line = format!("digest = \"sha256:{}\"\n", "ab".repeat(32));
    let sentence =
        "`check-ours` is granted for digest sha256:cdcdcdcdcdcd; this file is sha256:abababababab: was it rebuilt?";
    for failure in [grants.check(&Permission::State).unwrap_err(), grants.check_needs(Wanted::default).unwrap_err()] {
        assert!(failure.message.ends_with(sentence), "{}", failure.message);
        assert_eq!(failure.details.unwrap()["grant"], line);
    }
    let lacks = missing(&scope, &asked, &old, &Wanted::default());
    assert!(lacks.iter().all(|it| it.rebuilt.as_deref() == Some(sentence) && it.lines == line), "{lacks:?}");
    // The changed line makes it so.
    assert!(Grants::decide(scope.clone(), &asked, &grant("ab", "state = true")).check(&Permission::State).is_ok());
    // What the old bytes were not granted, what another application was, and what these bytes have, is no matter of a digest.
    let denied = |granted: &[windlass_config::Grant], permission: &Permission| {
        Grants::decide(scope.clone(), &asked, granted).check(permission).unwrap_err().message
    };
    let state_alone = grant("cd", "state = true");
    let origin = windlass_config::Origin { scheme: "https".to_owned(), host: "b.example".to_owned(), port: 443 };
    assert!(denied(&state_alone, &Permission::Http(origin)).ends_with("the operator has not granted it"));
    let others = grant("cd", "applications = [\"other\"]\nstate = true");
    assert!(denied(&others, &Permission::State).ends_with("the operator has not granted it"));
    assert!(missing(&scope, &asked, &state_alone, &Wanted::default())[1].rebuilt.is_none());
}

#[test]
fn lines_have_the_names_that_are_known_and_say_what_to_write_where_none_are() {
    let asked = [ask("http", ""), ask("secrets", ""), ask("exec", ""), ask("registry", ""), files(false)];
    let scope = ours(Kind::Check);
    let mut wanted = Wanted::default();
    insta::assert_snapshot!(lines_for_all(&scope, &asked, &wanted), @r#"
    [[grants]]
    plugin = "check-ours"
    digest = "sha256:abababababababababababababababababababababababababababababababab"
    applications = ["kudos"]
    http = [{ to = "https://server.example", secrets = ["name"] }]  # write the address of the server that it asks
    secrets = ["name"]  # write the names of `[secrets.NAME]` that it needs
    exec = ["name"]  # write the names of `[commands.NAME]` that it runs
    registry = ["registry.example:5000"]  # write the registries that it asks
    files = [{ root = "records", path = "/srv/records" }]  # with the path of your choice
    "#);
    for address in ["https://broker.example.org/path?x", "ftp://no.example", "no address", "/path"] {
        wanted.add_server(address);
    }
    wanted.secrets = ["token".to_owned(), "other".to_owned()].into();
    wanted.commands = ["pg-ready".to_owned()].into();
    wanted.registries = ["registry.example:5000".to_owned()].into();
    let lines = lines_for_all(&scope, &asked, &wanted);
    insta::assert_snapshot!(lines, @r#"
    [[grants]]
    plugin = "check-ours"
    digest = "sha256:abababababababababababababababababababababababababababababababab"
    applications = ["kudos"]
    http = [{ to = "https://broker.example.org", secrets = ["other", "token"] }]
    secrets = ["other", "token"]
    exec = ["pg-ready"]
    registry = ["registry.example:5000"]
    files = [{ root = "records", path = "/srv/records" }]  # with the path of your choice
    "#);
    let granted = config(&format!("{DEFINITIONS}{lines}")).grants;
    assert!(missing(&scope, &asked, &granted, &wanted).is_empty(), "the lines grant all");
    // Which secret goes to which of two servers is not known.
    wanted.add_server("http://[::1]:8080");
    let http = missing(&scope, &asked[..1], &[], &wanted).remove(0).lines;
    assert!(
        http.contains("{ to = \"http://[::1]:8080\", addresses = [\"::1\"] }") && !http.contains("secrets"),
        "{http}"
    );
    // Without an application the lines are for all, and what a kind cannot have is no line.
    let about = std::sync::Arc::default();
    let all = lines_for_all(&Scope { about, ..scope }, &[ask("docker-write", ""), ask("state", "")], &wanted);
    assert!(
        !all.contains("applications") && !all.contains("docker-write") && all.ends_with("\nstate = true\n"),
        "{all}"
    );
}

#[test]
fn a_secret_that_goes_to_a_server_names_the_missing_line() {
    let agent = format!(
        "[[grants]]\nplugin = \"check-ours\"\nhttp = [{{ to = \"https://a.example\", secrets = [\"token\"] }}]\n{DEFINITIONS}"
    );
    let asked = [ask("http", ""), ask("secrets", "")];
    let lacks = missing(&scope(Kind::Check), &asked, &config(&agent).grants, &Wanted::default());
    assert_eq!(lacks.len(), 1);
    assert!(lacks[0].lines.ends_with("\nsecrets = [\"token\"]\n"), "{}", lacks[0].lines);
}

#[test]
fn what_its_configuration_names_besides_what_is_granted_is_unmet() {
    let agent = format!(
        "[[grants]]\nplugin = \"check-ours\"\nhttp = [{{ to = \"https://a.example\" }}]\nsecrets = [\"token\"]\n{DEFINITIONS}"
    );
    let (asked, granted) = ([ask("http", ""), ask("secrets", ""), ask("exec", "")], config(&agent).grants);
    let unmet = |wanted: &Wanted| unmet(&scope(Kind::Check), &asked, &granted, wanted);
    let mut wanted = Wanted { commands: ["pg-ready".to_owned()].into(), ..Wanted::default() };
    wanted.add_server("https://a.example");
    assert!(unmet(&wanted).is_empty(), "what is granted nothing of is missing");
    wanted.secrets = ["token".to_owned()].into();
    let told = unmet(&wanted);
    assert_eq!(told[0].words, ["send the secret `token` to `https://a.example`"]);
    wanted.add_server("https://b.example");
    let told = unmet(&wanted);
    assert_eq!((told.len(), &told[0].words), (1, &vec!["ask `https://b.example`".to_owned()]));
    let more = config(&format!("{agent}\n{}", told[0].lines)).grants;
    assert!(super::unmet(&scope(Kind::Check), &asked, &more, &wanted).is_empty(), "the lines grant it");
    assert!(unmet(&Wanted { servers_are_guessed: true, ..wanted }).is_empty());
}

#[test]
fn what_a_plugin_is_configured_to_use_is_granted_at_once() {
    let asked = [ask("http", "tells it"), Ask { optional: true, ..ask("secrets", "sends a token") }];
    let mut wanted = Wanted::default();
    wanted.add_server("https://a.example");
    let lines = |wanted: &Wanted| {
        let failure = Grants::decide(scope(Kind::Recorder), &asked, &[]).check_needs(|| wanted.clone()).unwrap_err();
        failure.details.unwrap()["grant"].as_str().unwrap().to_owned()
    };
    assert!(!lines(&wanted).contains("secrets"), "{}", lines(&wanted));
    wanted.secrets = ["token".to_owned()].into();
    let lines = lines(&wanted);
    let granted = config(&format!("{DEFINITIONS}{lines}")).grants;
    let grants = Grants::decide(scope(Kind::Recorder), &asked, &granted);
    let origin = windlass_config::Origin { scheme: "https".to_owned(), host: "a.example".to_owned(), port: 443 };
    for permission in [Permission::Secret("token".to_owned()), Permission::SecretTo("token".to_owned(), origin)] {
        assert!(grants.check(&permission).is_ok(), "{lines}");
    }
}
