//! What may be promoted, and what a state file says about it.

use serde_json::json;

use super::*;

fn document(proof: &serde_json::Value) -> ReleaseDocument {
    let mut release = json!({
        "format": 1, "id": "", "application": "kudos", "version": "v2", "artifacts": {},
        "bundle": { "digest": "sha256:b", "files": {} },
    });
    let parsed = serde_json::from_value(release.clone()).unwrap();
    release["id"] = super::super::resolve::id(&parsed).into();
    serde_json::from_value(json!({ "format": 1, "release": release, "proof": proof })).unwrap()
}

fn proof(smoke: &serde_json::Value) -> serde_json::Value {
    json!({ "environment": "uat", "host": "uat1", "deployment": "d1", "actor": "ada", "finished": "2026-01-01T00:00:00Z", "smoke": smoke })
}

#[test]
fn only_what_succeeded_and_was_tested_goes_on() {
    let good = document(&proof(&json!({ "pages": "pass", "slow": "warn" })));
    assert!(proved(&good, Some("uat"), true).is_ok() && proved(&good, None, true).is_ok());
    let unsigned = proved(&good, None, false).unwrap_err();
    assert!(unsigned.to_string().contains("no trusted key has signed that it succeeded in `uat`"), "{unsigned}");
    assert_eq!(unsigned.exit(), ExitCode::Refused);
    for (document, environment, expected) in [
        (document(&serde_json::Value::Null), "uat", "it did not succeed there"),
        (document(&proof(&json!({}))), "uat", "no smoke test was run there"),
        (document(&proof(&json!({ "pages": "inconclusive" }))), "uat", "`pages` did not pass there"),
        (good, "staging", "it succeeded in `uat`"),
    ] {
        let error = proved(&document, Some(environment), true).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.exit(), ExitCode::Refused);
    }
}

#[test]
fn a_state_file_holds_a_document_for_each_application() {
    let record = document(&proof(&json!({ "pages": "pass" })));
    let fetched = |content: serde_json::Value| Fetched {
        origin: "`uat.json`".to_owned(),
        path: None,
        content: content.to_string().into_bytes(),
    };
    let state = fetched(json!({ "format": 1, "applications": { "kudos": { "record": record }, "old": {} } }));
    assert_eq!(state.document("kudos").unwrap(), record);
    for application in ["old", "other"] {
        assert!(matches!(state.document(application), Err(PromotionError::Nothing { .. })), "{application}");
    }
    let other = fetched(serde_json::to_value(&record).unwrap());
    assert!(matches!(other.document("shop"), Err(PromotionError::Other { .. })));
    assert!(matches!(fetched(json!([1])).document("kudos"), Err(PromotionError::Document(_))));
}

#[tokio::test]
async fn a_program_that_fails_or_hangs_is_told_with_what_it_said() {
    let origin = "`nowhere`".to_owned();
    let promotion = Promotion {
        from: PromotionSource::Git {
            repository: "/nonexistent/state.git".to_owned(),
            branch: None,
            path: "a".to_owned(),
        },
        ssh_config: Some("/tmp/it's here".into()),
        timeout: Duration::from_secs(20),
    };
    let error = fetch(&promotion, "kudos").await.unwrap_err();
    assert!(error.to_string().contains("`git` ended with exit status: 128"), "{error}");
    assert_eq!(ssh_command(&promotion), r"ssh -F '/tmp/it'\''s here' -o BatchMode=yes");
    let mut sleeping = Command::new("sleep");
    sleeping.arg("600");
    let error = run("sleep", sleeping, &origin, Duration::from_millis(50)).await.unwrap_err();
    assert!(error.to_string().contains("did not end within"), "{error}");
}
