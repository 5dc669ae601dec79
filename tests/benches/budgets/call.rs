//! One call of a plugin, inside this process: what the sandbox costs, without any work of the host.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use windlass_capability::{Capabilities, Scope};
use windlass_config::Config;
use windlass_config::document::Document;
use windlass_domain::Verdict;
use windlass_foundation::call::{CallContext, CallPurpose};
use windlass_foundation::redact::Redactor;
use windlass_sandbox::{Call, Plugin, Plugins, Settings, Source};

use crate::measure::median;

const PLUGIN: &str = "check-twenty-lines";

/// The median of a call with a fresh store that reads the release and answers, and that of the load before it.
pub(crate) fn measure() -> Result<(Duration, Duration)> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(calls())
}

async fn calls() -> Result<(Duration, Duration)> {
    let state = tempfile::tempdir()?;
    let config = Config::resolve(&Document::from_text("agent.toml", "environment = \"bench\"\n".to_owned())?)?;
    let wasm = fs::read(windlass_tests::root().join("target/plugins").join(PLUGIN).with_extension("wasm"))?;
    let mut loads = Vec::new();
    let mut plugin = None;
    // The first time compiles; the others are what a command on a host does.
    for _ in 0..20 {
        let plugins = Plugins::open(Settings {
            state_directory: state.path().to_owned(),
            key: b"the key of a host in a bench 012".to_vec(),
            limits: config.limits.clone(),
            precompiler: Some(windlass_tests::agent()?),
            redactor: Redactor::new(),
        })?;
        let started = Instant::now();
        plugin = Some(plugins.admit(&Source::Bytes(PLUGIN.to_owned(), wasm.clone().into()), None).await?);
        loads.push(started.elapsed());
    }
    let mut calls = Vec::new();
    for _ in 0..1_000 {
        let Some(plugin) = &plugin else { break };
        let call = call(plugin)?;
        let started = Instant::now();
        let report = plugin.check(call).await.map_err(|failure| anyhow::anyhow!(failure.message))?;
        calls.push(started.elapsed());
        ensure!(report.verdict == Verdict::Pass, "the check did not pass: {}", report.summary);
    }
    Ok((median(calls), median(loads)))
}

fn call(plugin: &Plugin) -> Result<Call> {
    let release = serde_json::from_value(json!({
        "format": 1, "id": "sha256:r1", "application": "bench", "version": "v1", "artifacts": {},
        "bundle": { "digest": "sha256:b", "files": {} },
    }))?;
    let about = Arc::new(CallContext {
        deployment: "d1".to_owned(),
        application: "bench".to_owned(),
        environment: "bench".to_owned(),
        purpose: CallPurpose::Check,
        release: Arc::new(release),
        ..CallContext::default()
    });
    let kind = plugin.manifest().kind;
    let scope = Scope { about: about.clone(), plugin: plugin.identity().clone(), bundled: true, kind };
    Ok(Call {
        about,
        config: Arc::new(json!({ "prefix": "v" })),
        variables: Arc::new(BTreeMap::new()),
        host: Arc::new(json!({})),
        attempt: 1,
        last_facts: Arc::default(),
        deadline: None,
        cancel: CancellationToken::new(),
        capabilities: Arc::new(Capabilities::nothing(scope)),
    })
}
