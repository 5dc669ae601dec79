//! What operators get to read when these parts of their file are wrong.

use crate::Config;
use crate::PromotionSource;
use crate::document::Document;
use crate::sources::Proof;

fn resolve(text: &str) -> Result<Config, String> {
    let document = Document::from_text("agent.toml", text).unwrap();
    Config::resolve(&document).map_err(|error| error.to_string())
}

#[test]
fn what_is_written_is_meant() {
    let config = resolve(
        r#"
        [releases]
        keys = ["RWQPln/7UempsIGaxzg87bvmzoicGx3o09WDQaWryWIwyyGz8TMZCBbI"]
        require-signature = true
        [promote.uat]
        ssh = "deploy@uat1"
        [promote.staging]
        git = "ssh://git@git.example/state.git"
        branch = "main"
        path = "staging/{application}.json"
        timeout = "10s"
        [secrets.token]
        environment = "TOKEN"
        [triggers.main]
        from = "github"
        secret = "token"
        when = { event = "push", branch = "main" }
        run = ["deploy", "kudos", "--commit={commit}"]
        [triggers.contracts]
        from = "pact-broker"
        secret = "token"
        run = ["check", "kudos"]
        "#,
    )
    .unwrap();
    assert!(config.releases.require_signature);
    assert_eq!(config.promote["uat"].from, PromotionSource::Ssh("deploy@uat1".to_owned()));
    assert_eq!(config.promote["staging"].timeout.as_secs(), 10);
    assert_eq!(config.triggers["contracts"].from.proof, Proof::Secret { header: "x-windlass-token".to_owned() });
    assert!(config.triggers["main"].when["branch"].is_match("main"));
    assert!(!config.triggers["main"].when["branch"].is_match("maintenance"));
}

#[test]
fn mistakes_are_shown_where_they_are() {
    for (text, expected) in [
        ("[releases]\nkeys = [\"x\"]", "agent.toml:2:9: `x` is not a public key of minisign"),
        ("[releases]\nrequire-signature = true", "agent.toml:2:21: `require-signature` needs `keys`"),
        ("[promote.uat]\n", "needs one of `file`, `ssh` and `git`"),
        ("[promote.uat]\nssh = \"a\"\ngit = \"b\"\n", "needs one of `file`, `ssh` and `git`"),
        ("[promote.uat]\nssh = \"-oProxyCommand=x\"\n", "agent.toml:2:7: `-oProxyCommand=x` is not a host"),
        ("[promote.uat]\nssh = \"uat1;id\"\n", "agent.toml:2:7: `uat1;id` is not a host"),
        ("[promote.uat]\ngit = \"--upload-pack=x\"\npath = \"a\"\n", "agent.toml:2:7: it is empty, begins with `-`"),
        ("[promote.uat]\nssh = \"uat1;id\"\n", "agent.toml:2:7: `uat1;id` is not a host"),
        ("[promote.uat]\ngit = \"x\"\n", "agent.toml:2:7: `git` needs `path`"),
        ("[promote.uat]\ngit = \"x\"\npath = \"../a\"\n", "agent.toml:3:8: a path in the repository is relative"),
        ("[promote.uat]\nssh = \"x\"\npath = \"a\"\n", "agent.toml:3:8: only `git` has"),
        ("[triggers.a]\nfrom = \"x\"\nsecret = \"s\"\nrun = [\"deploy\"]", "agent.toml:2:8: `x` sends no events"),
        ("[triggers.a]\nfrom = \"github\"\nsecret = \"s\"\nrun = []", "agent.toml:4:7: an event may start"),
        (
            "[triggers.a]\nfrom = \"github\"\nsecret = \"s\"\nrun = [\"resolve\"]",
            "agent.toml:4:7: an event may start `check`, `plan`, `deploy`, `promote`, not `resolve`",
        ),
        (
            "[triggers.a]\nfrom = \"github\"\nheader = \"X\"\nsecret = \"s\"\nrun = [\"check\"]",
            "agent.toml:3:10: GitHub signs its events",
        ),
        (
            "[secrets.s]\nenvironment = \"S\"\n[triggers.a]\nfrom = \"github\"\nsecret = \"s\"\nrun = [\"check\"]\nwhen = { a = \"(\" }",
            "agent.toml:7:14: not a regular expression",
        ),
        (
            "[triggers.a]\nfrom = \"github\"\nsecret = \"s\"\nrun = [\"check\"]",
            "agent.toml:3:10: there is no `[secrets.s]` in this file",
        ),
    ] {
        let error = resolve(text).unwrap_err();
        assert!(error.contains(expected), "{text}\n{error}");
    }
}
