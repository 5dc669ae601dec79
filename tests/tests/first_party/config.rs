//! `check-config` with real files and secrets.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use serde_json::{Value, json};
use windlass_domain::{Failure, Report, Verdict};

use crate::first_party::support::{Sandbox, titles};

const VALUE: &str = "hunter22-of-the-database";

/// Grants the secret `database-password` and the root `records`.
fn sandbox(secrets: &tempfile::TempDir) -> Sandbox {
    let path = secrets.path().join("database-password");
    fs::write(&path, VALUE).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    Sandbox::new(&format!(
        "[secrets.database-password]\nfile = \"{}\"\n[[grants]]\nplugin = \"check-config\"\nsecrets = [\"database-password\"]\n\
         files = [{{ root = \"records\", path = \"DIRECTORY/records\" }}]\n",
        path.display()
    ))
}

async fn ask(sandbox: &Sandbox, with: Value, variables: &[(&str, &str)]) -> Result<Report, Failure> {
    let plugin = sandbox.plugin("check-config").await;
    plugin.validate_config(&with).await?;
    let variables: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut call = sandbox.call(&plugin, with, &json!({}));
    call.variables = Arc::new(variables);
    plugin.check(call).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_configuration_passes() {
    let secrets = tempfile::tempdir().unwrap();
    let sandbox = sandbox(&secrets);
    sandbox.bundle("app.env", "SMTP_HOST=mail.example.org\nRETRIES=3\nURL=\"https://${SMTP_HOST}:${PORT}/\"\n");
    sandbox.bundle("app.yaml", "database:\n  port: 5432\n  hosts: [db1, db2]\n");
    sandbox.bundle("app.toml", "[mail]\nfrom = \"me@example.org\"\n");
    fs::write(sandbox.records().join("app.json"), "{\"debug\": false}").unwrap();
    let with = json!({
        "variables": { "PUBLIC_URL": { "kind": "url" }, "PORT": { "kind": "port" }, "PASSWORD": { "secret": true },
            "LOG_LEVEL": { "one-of": ["info"], "required": false } },
        "files": [
            { "path": "app.env", "values": { "SMTP_HOST": { "kind": "host" }, "RETRIES": { "pattern": "[1-9]" },
                "URL": { "kind": "url" } } },
            { "path": "app.yaml", "values": { "/database/port": { "kind": "port" }, "/database/hosts/1": { "kind": "host" } } },
            { "path": "app.toml", "values": { "/mail/from": { "kind": "email" } } },
            { "path": "app.json", "root": "records", "values": { "/debug": { "kind": "bool" } } },
            { "path": "not-there.env", "required": false },
        ],
        "secrets": ["database-password"],
    });
    let variables = [
        ("PUBLIC_URL", "https://kudos.example.org"),
        ("PORT", "8080"),
        ("PASSWORD", "{{windlass.secret:database-password@0123456789abcdef}}"),
    ];
    let report = ask(&sandbox, with, &variables).await.unwrap();
    assert_eq!(titles(&report, Verdict::Fail), Vec::<String>::new());
    assert_eq!(report.verdict, Verdict::Pass);
    assert!(report.summary.contains("the configuration is complete"), "{}", report.summary);
    assert!(!format!("{report:?}").contains(VALUE));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_missing_is_told_at_once_with_its_place() {
    let secrets = tempfile::tempdir().unwrap();
    let sandbox = sandbox(&secrets);
    sandbox.bundle("app.env", "SMTP_HOST=not a host at all/\nKEY=<your-key>\nURL=https://${NOWHERE}/\n");
    sandbox.bundle("app.yaml", "database:\n  port: 99999\n  user: CHANGEME # TODO\n");
    sandbox.bundle("broken.yaml", "a: 1\nb: [1,\n");
    sandbox.bundle("broken.toml", "a = 1\nb = \n");
    sandbox.bundle("broken.json", "{\n  \"a\": 1,\n}\n");
    sandbox.bundle("broken.env", "A=1\nB='unfinished\n");
    sandbox.bundle("nginx.conf", "server_name ${DOMAIN};\n");
    let with = json!({
        "variables": { "PORT": { "kind": "port" }, "GONE": {}, "PASSWORD": { "secret": true } },
        "files": [
            { "path": "app.env", "values": { "SMTP_HOST": { "kind": "host" }, "MISSING": {} } },
            { "path": "app.yaml", "values": { "/database/port": { "kind": "port" } } },
            { "path": "broken.yaml" }, { "path": "broken.toml" }, { "path": "broken.json" }, { "path": "broken.env" },
            { "path": "nginx.conf" }, { "path": "gone.env" },
        ],
    });
    let report = ask(&sandbox, with, &[("PORT", "eighty"), ("PASSWORD", VALUE)]).await.unwrap();
    let failed = titles(&report, Verdict::Fail);
    let expected = [
        "the variable `GONE` is not set",
        "the variable `PASSWORD` is written in clear, and must be a secret",
        "the variable `PORT` is not a port",
        "app.env: `MISSING` is not set",
        "app.env:1:1: `SMTP_HOST` is not a host",
        "app.env: the variable `NOWHERE` in a value is set nowhere",
        "app.env:2:1: `KEY` is not filled in: it has `<your-key>`",
        "app.yaml:2:9: `/database/port` is not a port",
        "app.yaml:3:9: `/database/user` is not filled in: it has `CHANGEME`",
    ];
    assert_eq!(failed[..expected.len()], expected);
    let rest = failed[expected.len()..].join("\n");
    for place in ["broken.yaml:3:", "broken.toml:2:", "broken.json:3:1: not valid JSON", "broken.env:"] {
        assert!(rest.contains(place), "{place}: {rest}");
    }
    assert!(rest.contains("nginx.conf:1: the line is not filled in: it has `${DOMAIN}`"), "{rest}");
    assert!(rest.contains("`gone.env` is not in `bundle`"), "{rest}");
    assert_eq!(report.verdict, Verdict::Fail);
    assert!(!format!("{report:?}").contains(VALUE) && !format!("{report:?}").contains("eighty"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_granted_ends_in_the_lines_to_add() {
    let sandbox = Sandbox::new("");
    for (with, line) in [
        (json!({ "secrets": ["mail-password"] }), "secrets = [\"mail-password\"]"),
        (json!({ "files": [{ "path": "a.env", "root": "settings" }] }), "root = \"settings\""),
    ] {
        let failure = ask(&sandbox, with, &[]).await.unwrap_err();
        assert_eq!(failure.code, "capability-denied");
        assert!(failure.details.unwrap()["grant"].as_str().unwrap().contains(line), "{}", failure.message);
    }
    // A path that leaves its root is no file that is missing.
    let failure = ask(&sandbox, json!({ "files": [{ "path": "../agent.toml" }] }), &[]).await.unwrap_err();
    assert_eq!(failure.code, "capability-denied", "{failure:?}");
}
