//! `release.toml` as it is written: one type per table. What it means is in `convert`.
//!
//! The comments here are the descriptions in the JSON Schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use windlass_config::document::Spot;
use windlass_config::units::Span;

/// How an application is released.
#[expect(clippy::struct_field_names, reason = "`version-file` is what the key is called")]
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "release.toml")]
pub(super) struct File {
    /// The application's name: lower-case letters, digits, `-` and `_`.
    pub(super) application: Spot<String>,
    /// What people call the release, where it has a version of its own besides those of its artifacts.
    #[serde(default)]
    pub(super) version: Option<Spot<String>>,
    /// Instead of `version`: a file of the application that has it, as for an artifact.
    #[serde(default)]
    pub(super) version_file: Option<Spot<String>>,
    /// How long the agent that stays goes on asking what a deployment asks before it counts as succeeded: the health of
    /// what runs and the smoke tests. At most `24h`; without it, and with `0s`, not at all.
    #[serde(default)]
    pub(super) watch: Option<Spot<Span>>,
    /// How often it asks. Default `30s`, at least `1s` and at most `1h`.
    #[serde(default)]
    pub(super) watch_every: Option<Spot<Span>>,
    /// What follows when a test fails twice in a row meanwhile. Default `alert`.
    #[serde(default)]
    pub(super) on_watch_failure: Option<OnWatchFailure>,
    /// What follows when the agent that stays finds that what runs is not what was deployed. Default `report`.
    #[serde(default)]
    pub(super) on_drift: Option<OnDrift>,
    /// The images of the application, by name.
    #[serde(default)]
    pub(super) artifacts: BTreeMap<String, Spot<Artifact>>,
    /// Values for the strategy's files. Never secrets.
    #[serde(default)]
    pub(super) variables: BTreeMap<String, Spot<String>>,
    /// Variables whose value is a secret: the variable's name, and the secret's name in agent.toml.
    #[serde(default)]
    pub(super) secrets: BTreeMap<String, Spot<String>>,
    /// What the release says about going back across its data migrations.
    #[serde(default)]
    pub(super) migration: Option<Migration>,
    /// What the agent decides with.
    #[serde(default)]
    pub(super) policy: Policy,
    /// How the application is deployed.
    pub(super) strategy: Strategy,
    /// Gates: all must agree before anything is touched.
    #[serde(default)]
    pub(super) checks: BTreeMap<String, Spot<Probe>>,
    /// Proofs from outside, after the deployment.
    #[serde(default)]
    pub(super) smoke: BTreeMap<String, Spot<Probe>>,
    /// Who is told what happened.
    #[serde(default)]
    pub(super) recorders: BTreeMap<String, Spot<Recorder>>,
}

/// An image of the application.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
pub(super) struct Artifact {
    /// The repository, with its registry unless that is Docker Hub: `registry.example/team/backend`.
    pub(super) image: Spot<String>,
    /// The version that is deployed unless `--set NAME=VERSION` says otherwise. `{commit}` stands for `--commit`.
    #[serde(default)]
    pub(super) tag: Option<Spot<String>>,
    /// A file of the application that has the version: package.json, Cargo.toml, pyproject.toml, or one that holds
    /// nothing else. It is the tag, or `{version}` in `tag`.
    #[serde(default)]
    pub(super) version_file: Option<Spot<String>>,
    /// `sha256:…`: the very image, whatever its tag means today.
    #[serde(default)]
    pub(super) digest: Option<Spot<String>>,
    /// The engine's own image: no registry is asked and nothing is pulled.
    #[serde(default)]
    pub(super) local: bool,
}

/// What the release says about going back across its data migrations.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
pub(super) struct Migration {
    /// Going back to any earlier release would run old code on a schema that it does not understand.
    #[serde(default)]
    pub(super) irreversible: bool,
    /// The oldest version that can still run on this release's schema.
    #[serde(default)]
    pub(super) oldest_rollback: Option<String>,
}

/// What the agent decides with.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default, expecting = "a table")]
pub(super) struct Policy {
    /// How long everything up to the verified deployment may take; what is unfinished then is undone. Default `15m`.
    pub(super) deadline: Option<Spot<Span>>,
    /// What it means when a check or smoke test breaks. Default `refuse`.
    pub(super) on_error: Option<OnError>,
    /// What it means when a check or smoke test cannot tell. Default `refuse`.
    pub(super) on_inconclusive: Option<OnInconclusive>,
    /// Go on when an image that rollback needs is missing. Default `false`.
    pub(super) allow_no_way_back: bool,
}

/// What it means when a check or smoke test breaks.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OnError {
    /// The deployment is refused, or undone.
    Refuse,
    /// It goes on, and people are told.
    Warn,
}

/// What it means when a check or smoke test cannot tell.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OnInconclusive {
    /// The deployment is refused, or undone.
    Refuse,
    /// It goes on, and people are told.
    Warn,
    /// It goes on.
    Pass,
}

/// What follows when a test fails twice in a row while the release is watched.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OnWatchFailure {
    /// People are told.
    Alert,
    /// What ran before is deployed again as well.
    Rollback,
}

/// What follows when what runs is not what was deployed.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OnDrift {
    /// People are told.
    Report,
    /// The release that runs is deployed again as well.
    Restore,
}

/// How the application is deployed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
pub(super) struct Strategy {
    /// A bundled plugin (`strategy-compose`), a file (`./plugins/ours.wasm`) or `REPOSITORY@sha256:…`.
    pub(super) plugin: Spot<String>,
    /// The plugin's configuration.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Value>")]
    pub(super) with: Option<Spot<toml::Table>>,
    /// How long one step may take, where the plan does not say. Default `5m`.
    #[serde(default)]
    pub(super) step_deadline: Option<Spot<Span>>,
}

/// A check or a smoke test.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
pub(super) struct Probe {
    /// A bundled plugin (`check-readiness`), a file (`./plugins/ours.wasm`) or `REPOSITORY@sha256:…`.
    pub(super) plugin: Spot<String>,
    /// The plugin's configuration.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Value>")]
    pub(super) with: Option<Spot<toml::Table>>,
    /// How long it may take, all attempts together. One that says "not yet" until then cannot tell. Default `60s`.
    #[serde(default)]
    pub(super) deadline: Option<Spot<Span>>,
    /// The pause before one that says "not yet" is asked again. Default `5s`.
    #[serde(default)]
    pub(super) interval: Option<Spot<Span>>,
    /// What it means when it breaks. Default: the policy's.
    #[serde(default)]
    pub(super) on_error: Option<OnError>,
    /// What it means when it cannot tell. Default: the policy's.
    #[serde(default)]
    pub(super) on_inconclusive: Option<OnInconclusive>,
    /// Whether it is asked at all. Default `true`.
    #[serde(default)]
    pub(super) enabled: Option<bool>,
}

/// A recorder.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
pub(super) struct Recorder {
    /// A bundled plugin (`recorder-state-file`), a file (`./plugins/ours.wasm`) or `REPOSITORY@sha256:…`.
    pub(super) plugin: Spot<String>,
    /// The plugin's configuration.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Value>")]
    pub(super) with: Option<Spot<toml::Table>>,
    /// How long one attempt may take. Default `30s`.
    #[serde(default)]
    pub(super) deadline: Option<Spot<Span>>,
    /// Whether it is told at all. Default `true`.
    #[serde(default)]
    pub(super) enabled: Option<bool>,
}

/// The schema of the file. What an environment may say is not a type of its own, since it is merged before it is read:
/// the tables are those of the base, with nothing required.
pub(super) fn schema() -> Value {
    let mut schema = schemars::schema_for!(File).to_value();
    let mut environment = serde_json::Map::new();
    for key in super::overlay::KEYS {
        let mut property = schema["properties"][key].clone();
        loosen(&mut property);
        environment.insert((*key).to_owned(), property);
    }
    let Some(definitions) = schema["$defs"].as_object() else { return schema };
    let partial: Vec<(String, Value)> = ["Policy", "Strategy", "Probe", "Recorder"]
        .iter()
        .filter_map(|name| {
            let mut definition = definitions.get(*name)?.clone();
            definition.as_object_mut()?.remove("required");
            Some((format!("{name}OfEnvironment"), definition))
        })
        .collect();
    if let Some(definitions) = schema["$defs"].as_object_mut() {
        definitions.extend(partial);
    }
    schema["properties"]["environments"] = serde_json::json!({
        "description": "What differs in an environment, merged over the rest: tables key by key, all else replaced. When \
                        there are any, a deployment in another environment is an error.",
        "type": "object",
        "additionalProperties": {"type": "object", "additionalProperties": false, "properties": environment},
    });
    schema
}

/// Points at the partial forms of the definitions.
fn loosen(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("required");
            for (key, field) in fields {
                match field {
                    Value::String(target) if key == "$ref" => {
                        if ["Policy", "Strategy", "Probe", "Recorder"].iter().any(|name| target.ends_with(name)) {
                            target.push_str("OfEnvironment");
                        }
                    }
                    other => loosen(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(loosen),
        _ => {}
    }
}
