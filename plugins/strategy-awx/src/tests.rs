//! Tables, variables and texts, as far as they need no AWX.

use windlass_sdk::Fixture;
use windlass_sdk::prelude::*;
use windlass_strategies::Words;

use crate::config::Config;
use crate::{EXAMPLE, StrategyAwx, follow, launch, plan};

fn words(version: &str, running: Option<&str>) -> Words {
    let release = |version: &str| -> Release {
        serde_json::from_value(json!({
            "format": 1, "id": format!("sha256:{version}"), "application": "kudos", "version": version,
            "artifacts": { "backend": { "repository": "r.example/b", "tag": version, "digest": "sha256:d" } },
            "bundle": { "digest": "sha256:b", "files": {} },
        }))
        .unwrap()
    };
    Words::of(&Context::fixture(Fixture {
        release: Some(release(version)),
        running: running.map(release),
        ..Fixture::default()
    }))
    .unwrap()
}

fn config() -> Config {
    windlass_sdk::testing::example(EXAMPLE).unwrap()
}

#[test]
fn the_reference_names_every_key() {
    let page = include_str!("../../../docs/plugins.md");
    assert_eq!(windlass_sdk::testing::undocumented::<Config>(page, EXAMPLE), [""; 0]);
}

#[test]
fn the_example_is_valid_and_fills_its_variables() {
    StrategyAwx::validate(&config()).unwrap();
    let body = config().launch(&words("2", None)).unwrap();
    assert_eq!(body, json!({ "extra_vars": { "kudos_version": "2", "kudos_image": "r.example/b@sha256:d" } }));
}

#[test]
fn the_running_release_is_unchanged_without_asking_anybody() {
    let unchanged = plan::plan(&config(), &words("1", Some("1"))).unwrap();
    assert!(unchanged.is_unchanged());
    assert_eq!(plan::observation(&words("1", Some("1"))).fingerprint, unchanged.fingerprint);
    assert_eq!(plan::plan(&config(), &words("2", Some("1"))).unwrap_err().code(), "unsupported", "there is no host");
}

#[test]
fn tables_that_make_no_sense_are_refused() {
    for (more, word) in [
        (json!({ "token": null }), "either a `token`"),
        (json!({ "user": "me" }), "either a `token`"),
        (json!({ "url": "awx.example" }), "must start with http"),
        (json!({ "api": "api" }), "begins with `/`"),
        (json!({ "template": "" }), "`template` is empty"),
        (json!({ "variables": { "windlass_deployment": "x" } }), "by the strategy itself"),
        (json!({ "variables": { "a": ["{comit}"] } }), "is not known here"),
        (json!({ "variables": { "a": "{running.version}" } }), "has no place here"),
        (json!({ "interval": "1ms" }), "at least 100ms"),
    ] {
        let mut table = windlass_sdk::testing::example_table(EXAMPLE).unwrap();
        table.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let config: Config = serde_json::from_value(table).unwrap();
        let error = StrategyAwx::validate(&config).unwrap_err();
        assert!(error.message().contains(word), "{error}");
    }
}

#[test]
fn a_job_is_known_by_its_variables_and_output_is_shown_without_colours() {
    assert!(launch::is_marked(&json!({ "extra_vars": r#"{"windlass_deployment": "d/forward"}"# }), "d/forward"));
    assert!(!launch::is_marked(&json!({ "extra_vars": "not json" }), "d/forward"));
    assert!(!launch::is_marked(&json!({}), "d/forward"));
    assert_eq!(follow::last_lines("a\n\u{1b}[0;31mfatal: b\u{1b}[0m\n\n", 1), "fatal: b");
    assert!(follow::has_ended(&json!({ "status": "canceled" })) && !follow::has_ended(&json!({ "status": "waiting" })));
}
