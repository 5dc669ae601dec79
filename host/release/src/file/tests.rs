//! Release files, good, wrong and hostile.

use std::fmt::Write as _;

use serde_json::json;

use super::*;
use crate::directory::TeamDirectory;
use crate::environment::{OnDrift, OnWatchFailure, PluginName, Reaction};

const FULL: &str = r#"
application = "kudos"

[artifacts.backend]
image = "127.0.0.1:5000/kudos/backend"
tag = "v1"

[artifacts.web]
image = "kudos/web"
tag = "build-{commit}"
local = true

[variables]
LOG_LEVEL = "info"

[secrets]
DB_PASSWORD = "kudos-db-password"

[migration]
oldest-rollback = "1.4.0"

[policy]
deadline = "10m"
on-inconclusive = "warn"

[strategy]
plugin = "strategy-compose"
with = { files = ["compose.yaml"], settle = "15s", nested = { when = 2026-01-02, ratio = 1.5, on = true } }

[checks.readiness]
plugin = "check-readiness"

[checks.ours]
plugin = "./checks/ours.wasm"
deadline = "90s"
interval = "2s"
on-error = "warn"

[smoke.web]
plugin = "smoke-http"
with = { requests = [{ url = "http://127.0.0.1:8080/health" }] }

[recorders.state]
plugin = "registry.example/team/recorder@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

[environments.uat]
variables = { LOG_LEVEL = "debug", EXTRA = "1" }
strategy = { with = { settle = "1s", nested = { ratio = 2.5 } } }
checks.readiness.enabled = false
checks.also = { plugin = "check-image" }

[environments.production]
policy = { deadline = "30m" }
smoke.web = { plugin = "smoke-containers" }
"#;

fn read(text: &str) -> ReleaseFile {
    ReleaseFile::parse(text.as_bytes(), "release.toml").unwrap()
}

fn refusal(content: impl AsRef<[u8]>) -> String {
    shown(&ReleaseFile::parse(content.as_ref(), "release.toml").unwrap_err())
}

fn shown(error: &FileError) -> String {
    let mut text = error.to_string();
    if let Some(hint) = error.hint() {
        write!(text, "\nhint: {hint}").unwrap();
    }
    text
}

#[test]
fn reads_all_there_is() {
    let file = read(FULL);
    assert_eq!(file.application, "kudos");
    assert_eq!(file.environments().collect::<Vec<_>>(), ["production", "uat"]);
    let backend = &file.artifacts["backend"];
    assert_eq!(
        (backend.repository.registry(), backend.tag.as_deref(), backend.local),
        ("127.0.0.1:5000", Some("v1"), false)
    );
    assert_eq!(file.artifacts["web"].repository.to_string(), "docker.io/kudos/web");
    assert_eq!(file.migration.as_ref().unwrap().oldest_rollback.as_deref(), Some("1.4.0"));

    let production = file.settings("production").unwrap();
    assert_eq!(production.policy.deadline.as_secs(), 1800);
    assert_eq!((production.policy.on_error, production.policy.on_inconclusive), (Reaction::Refuse, Reaction::Warn));
    let names: Vec<_> = production.checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names, ["readiness", "ours"], "in the order of the file");
    let ours = &production.checks[1];
    assert_eq!((ours.deadline.as_secs(), ours.interval.as_secs(), ours.on_error), (90, 2, Reaction::Warn));
    assert_eq!(ours.plugin.plugin, PluginName::File("checks/ours.wasm".into()));
    let keys: Vec<&str> = ours.plugin.table.iter().map(String::as_str).chain(["plugin"]).collect();
    let position = place(FULL.as_bytes(), "release.toml", "production", &keys).unwrap();
    assert_eq!(position.heading(), "release.toml:34:10: ");
    assert!(
        matches!(&production.recorders[0].plugin.plugin, PluginName::Registry(name) if name.starts_with("registry.example/team/recorder@"))
    );
    assert_eq!(production.secrets["DB_PASSWORD"], "kudos-db-password");
}

#[test]
fn merges_an_environment_over_the_rest() {
    let file = read(FULL);
    let uat = file.settings("uat").unwrap();
    assert_eq!(uat.environment, "uat");
    assert_eq!(serde_json::to_value(&uat.variables).unwrap(), json!({"LOG_LEVEL": "debug", "EXTRA": "1"}));
    assert_eq!(
        uat.strategy.plugin.with,
        json!({"files": ["compose.yaml"], "settle": "1s", "nested": {"when": "2026-01-02", "ratio": 2.5, "on": true}})
    );
    assert_eq!(uat.checks.iter().map(|check| check.name.as_str()).collect::<Vec<_>>(), ["ours", "also"]);
    let smoke = &file.settings("production").unwrap().smoke[0];
    assert_eq!(smoke.plugin.with, json!({}), "another plugin does not inherit the configuration");
    assert_eq!(file.variables["LOG_LEVEL"], "info", "the release itself is of no environment");
}

#[test]
fn what_follows_a_deployment_may_differ_in_an_environment() {
    let text = "application = \"a\"\nwatch = \"10m\"\nstrategy.plugin = \"strategy-compose\"\n\
                [environments.uat]\nwatch = \"0s\"\n\
                [environments.production]\nwatch-every = \"5s\"\non-watch-failure = \"rollback\"\non-drift = \"restore\"\n";
    let file = read(text);
    let of = |environment| file.settings(environment).unwrap().afterwards;
    assert_eq!(of("uat").watch, None, "it can be turned off");
    assert_eq!((of("uat").on_watch_failure, of("uat").on_drift), (OnWatchFailure::Alert, OnDrift::Report));
    let production = of("production");
    assert_eq!((production.watch.unwrap().as_secs(), production.watch_every.as_secs()), (600, 5));
    assert_eq!((production.on_watch_failure, production.on_drift), (OnWatchFailure::Rollback, OnDrift::Restore));
    let long = text.replace("\"0s\"", "\"25h\"");
    assert_eq!(refusal(long), "release.toml:5:9: `25h` is not between `0s` and `24h`");
}

#[test]
fn says_which_environments_there_are() {
    let file = read(FULL);
    insta::assert_snapshot!(shown(&file.settings("prodution").unwrap_err()), @"
    `release.toml` has no environment `prodution`
    hint: did you mean `production`? known: production, uat
    ");
    insta::assert_snapshot!(shown(&file.expect_application("praise").unwrap_err()), @"
    `release.toml` is of the application `kudos`, not of `praise`
    hint: a directory in the operator's applications directory has the name of its application: `praise`
    ");
    let any = read("application = \"a\"\nstrategy.plugin = \"strategy-compose\"\n");
    assert_eq!(any.settings("anything").unwrap().environment, "anything", "a file without environments fits all");
    assert_eq!(any.settings("uat").unwrap().policy.deadline.as_secs(), 900);
}

#[test]
fn points_at_what_is_wrong() {
    let with = |more: &str| format!("application = \"kudos\"\nstrategy.plugin = \"strategy-compose\"\n{more}");
    let digest = format!("sha256:{}", "0".repeat(64));
    let texts = [
        String::new(),
        "application = \"kudos\"".into(),
        with("aplication = 1"),
        with("[artifacts.backend]\nimage = \"a/b\"\ntags = \"v1\""),
        with("[artifacts.backend]\nimage = \"a/b:v1\""),
        with("[artifacts.backend]\nimage = \"A b\""),
        with("[artifacts.backend]\nimage = \"a/b\"\ntag = \"v 1\""),
        with("[artifacts.backend]\nimage = \"a/b\"\ntag = \"v{version}\""),
        with("[artifacts.backend]\nimage = \"a/b\"\nversion-file = \"../package.json\""),
        "application = \"a\"\nversion = \"1 2\"\nstrategy = { plugin = \"x\" }".to_owned(),
        "application = \"a\"\nversion = \"1\"\nversion-file = \"V\"\nstrategy = { plugin = \"x\" }".to_owned(),
        with("[artifacts.backend]\nimage = \"a/b\"\ndigest = \"sha256:abc\""),
        with(&format!("[artifacts.backend]\nimage = \"a/b\"\ntag = \"{{commit}}\"\ndigest = \"{digest}\"")),
        with("[artifacts.Backend]\nimage = \"a/b\""),
        with("[artifacts.one]\nimage = \"a/b\"\n[artifacts.two]\nimage = \"docker.io/a/b\""),
        with("[variables]\nPORT = 8080"),
        with("[variables]\n\"1A\" = \"x\""),
        with("[variables]\nA = \"x\"\n[secrets]\nA = \"a\""),
        with("[checks.ready]\nplugin = \"check-readiness\"\ndeadline = \"soon\""),
        with("[checks.ready]\nplugin = \"check-readiness\"\ndeadline = \"0s\""),
        with("[checks.ready]\nplugin = \"check-readiness\"\non-error = \"wam\""),
        with("[checks.ready]\nplugin = \"../ours.wasm\""),
        with("[checks.ready]\nplugin = \"./../ours.wasm\""),
        with("[checks.ready]\nplugin = \"registry.example/check@latest\""),
        with("[checks.ready]\nwith = {}"),
        with("[checks.ready]\nplugin = \"check-readiness\"\nwith = { x = nan }"),
        with("[checks.\"../x\"]\nplugin = \"check-readiness\""),
        with("[migration]\nirreversibel = true"),
        with("environments = 1"),
        with("environments.uat = 1"),
        with("[environments.uat]\nvariabels = {}"),
        with("[environments.uat.artifacts.backend]\nimage = \"a\""),
        with("[environments.uat]\nstrategy = { plugn = \"x\" }"),
        with("[environments.UAT]"),
        "application = \"Kudos!\"\nstrategy.plugin = \"x\"".into(),
        with("[checks]\nx = 1"),
        with("strategy.plugin = \"twice\""),
        with("x = \"unclosed"),
        with("\u{1b}[2J = 1"),
    ];
    let errors: Vec<_> = texts.iter().map(refusal).collect();
    insta::assert_snapshot!(errors.join("\n"), @r#"
    release.toml:1:1: the key `application` is missing
    release.toml:1:1: the key `strategy` is missing
    release.toml:1:1: the key `strategy` is missing
    release.toml:3:1: unknown key `aplication`; the known keys here are `application`, `version`, `version-file`, `watch`, `watch-every`, `on-watch-failure`, `on-drift`, `artifacts`, `variables`, `secrets`, `migration`, `policy`, `strategy`, `checks`, `smoke`, `recorders`
    hint: did you mean `application`?
    release.toml:5:1: unknown key `tags`; the known keys here are `image`, `tag`, `version-file`, `digest`, `local`
    hint: did you mean `tag`?
    release.toml:4:9: `image` is a repository without a version
    hint: write `image = "docker.io/a/b"`, and the version as `tag` or `digest`
    release.toml:4:9: `A b` is not the name of an image: the repository `library/A b` has upper-case letters
    release.toml:5:7: `v 1` is not a tag
    hint: tags are letters, digits, `_`, `.` and `-`; `{commit}` stands for the commit of `--commit`, and `{version}` for what `version-file` has
    release.toml:5:7: `v{version}` is not a tag
    hint: tags are letters, digits, `_`, `.` and `-`; `{commit}` stands for the commit of `--commit`, and `{version}` for what `version-file` has
    release.toml:5:16: `../package.json` is not the path of a file beside the release file
    release.toml:2:11: `1 2` is not a version: at most 100 letters, digits, `.`, `_`, `+` and `-`, the first a letter, a digit or `_`
    release.toml:3:16: `version` and `version-file` both say what the release is called
    release.toml:5:10: `sha256:abc` is not `sha256:` and 64 hexadecimal digits
    release.toml:5:7: the artifact `backend` has a fixed `digest`, so that its tag cannot follow the commit
    release.toml:3:1: `Backend` is not an artifact's name: at most 63 lower-case letters, digits, `-` and `_`, beginning with a letter or a digit
    release.toml:6:9: the artifacts `one` and `two` have the same repository
    release.toml:4:8: invalid type: integer `8080`, expected a string
    release.toml:4:8: `1A` is not a variable's name: letters, digits and `_`, not beginning with a digit
    release.toml:6:5: `A` is both a variable and a secret
    release.toml:5:12: `soon` is not a duration; write `"500ms"`, `"15s"`, `"2m"` or `"1h 30m"`
    release.toml:5:12: `0s` is not between `1ms` and `24h`
    release.toml:5:12: unknown word `wam`; the known ones are `refuse`, `warn`
    release.toml:4:10: `../ours.wasm` names no plugin; write a bundled one (`check-readiness`), a file (`./plugins/ours.wasm`) or `REPOSITORY@sha256:…`
    release.toml:4:10: `./../ours.wasm` is not a path below the release file's directory
    release.toml:4:10: `registry.example/check@latest` is not the name of an image: after `@` comes a digest, as in `@sha256:…`
    release.toml:3:1: the key `plugin` is missing
    release.toml:5:8: `NaN` has no place in a plugin's configuration, which is JSON
    release.toml:3:1: `../x` is not a name here: at most 63 lower-case letters, digits, `-` and `_`, beginning with a letter or a digit
    release.toml:4:1: unknown key `irreversibel`; the known keys here are `irreversible`, `oldest-rollback`
    hint: did you mean `irreversible`?
    release.toml:3:16: `environments` is not a table
    release.toml:3:20: `environments.uat` is not a table
    release.toml:4:1: an environment has no key `variabels`; the known keys here are `variables`, `secrets`, `policy`, `strategy`, `checks`, `smoke`, `recorders`, `watch`, `watch-every`, `on-watch-failure`, `on-drift`
    hint: did you mean `variables`?
    release.toml:3:19: an environment has no key `artifacts`; the known keys here are `variables`, `secrets`, `policy`, `strategy`, `checks`, `smoke`, `recorders`, `watch`, `watch-every`, `on-watch-failure`, `on-drift`
    hint: `artifacts` is the same in every environment, so that the very same release can be promoted
    release.toml:4:14: unknown key `plugn`; the known keys here are `plugin`, `with`, `step-deadline`
    hint: did you mean `plugin`?
    release.toml:3:1: `UAT` is not an environment's name: at most 63 lower-case letters, digits, `-` and `_`, beginning with a letter or a digit
    release.toml:1:15: `Kudos!` is not an application's name: at most 63 lower-case letters, digits, `-` and `_`, beginning with a letter or a digit
    release.toml:4:5: invalid type: integer `1`, expected a table
    release.toml:3:10: duplicate key
    release.toml:3:14: invalid basic string, expected `"`
    release.toml:3:2: key with no value, expected `=`
    "#);
}

#[test]
fn stays_calm_with_hostile_files() {
    let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let nested = format!("[{}]\n", vec!["a"; 50_000].join("."));
    let line = format!("application = \"{}\"", "x".repeat(10 << 20));
    let keys = (0..20_000).fold(String::new(), |mut text, number| {
        writeln!(text, "k{number} = 1").unwrap();
        text
    });
    let long_key = format!("application = \"a\"\n{} = 1\n[strategy]\nplugin = \"x\"", "k".repeat(500_000));
    let contents: Vec<Vec<u8>> = vec![
        b"application = \"a\0b\"".to_vec(),
        b"application = \"\xff\xfe\"".to_vec(),
        b"\xef\xbb\xbfapplication = \"kudos\"\nstrategy.plugin = 1".to_vec(),
        line.into_bytes(),
        deep.into_bytes(),
        nested.into_bytes(),
        keys.into_bytes(),
        long_key.into_bytes(),
    ];
    let first = |text: String| text.lines().next().unwrap().chars().take(250).collect::<String>();
    let errors: Vec<_> = contents.iter().map(refusal).map(first).collect();
    insta::assert_snapshot!(errors.join("\n"), @r"
    release.toml:1:17: invalid basic string, expected non-double-quote visible characters, `\`
    release.toml:1:16: not UTF-8 text
    release.toml:2:19: invalid type: integer `1`, expected a string
    `release.toml` is larger than 1048576 bytes
    release.toml:1:85: cannot recurse further; max recursion depth met
    release.toml:1:1: recursion limit
    release.toml:1:1: unknown key `k0`; the known keys here are `application`, `version`, `version-file`, `watch`, `watch-every`, `on-watch-failure`, `on-drift`, `artifacts`, `variables`, `secrets`, `migration`, `policy`, `strategy`, `checks`, `smoke`, `
    release.toml:2:1: unknown key `kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk
    ");
}

#[test]
fn reads_files_only() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().display().to_string();
    let team = TeamDirectory::open(directory.path()).unwrap();
    let missing = ReleaseFile::of(&team).unwrap_err();
    insta::assert_snapshot!(shown(&missing).replace(&place, "DIR"), @"cannot read `DIR/release.toml`");
    std::fs::create_dir(directory.path().join("release.toml")).unwrap();
    let error = ReleaseFile::of(&team).unwrap_err();
    insta::assert_snapshot!(shown(&error).replace(&place, "DIR"), @"`DIR/release.toml` is not a regular file, but a directory");
}

#[test]
fn the_schema_knows_every_key() {
    let schema = schema();
    let environment = &schema["properties"]["environments"]["additionalProperties"]["properties"];
    assert_eq!(environment["checks"]["additionalProperties"]["$ref"], "#/$defs/ProbeOfEnvironment");
    assert!(schema["$defs"]["Probe"]["required"].is_array());
    assert!(schema["$defs"]["ProbeOfEnvironment"].get("required").is_none());
    let validator = jsonschema::validator_for(&schema).unwrap();
    let file: serde_json::Value =
        toml::from_str::<toml::Value>(FULL).map(|value| serde_json::to_value(value).unwrap()).unwrap();
    let errors: Vec<_> =
        validator.iter_errors(&file).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:?}");
    for wrong in [
        json!({"application": "kudos"}),
        json!({"application": "kudos", "strategy": {"plugin": "x", "plugn": 1}}),
        json!({"application": "kudos", "strategy": {"plugin": "x"}, "environments": {"uat": {"artifacts": {}}}}),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}

proptest::proptest! {
    #[test]
    fn never_breaks(content in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        drop(ReleaseFile::parse(&content, "release.toml"));
    }

    #[test]
    fn never_breaks_on_broken_copies_of_a_good_file(at in 0..FULL.len(), byte in proptest::num::u8::ANY, cut in proptest::bool::ANY) {
        let mut content = FULL.as_bytes().to_vec();
        content[at] = byte;
        if cut {
            content.truncate(at);
        }
        drop(ReleaseFile::parse(&content, "release.toml"));
    }
}
