//! Plugins that were built for published contracts, as their authors left them: those of a contract that the agent does not
//! speak are refused with what to do, and those of the contract that it speaks must go on working, whatever the agent
//! becomes.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

use anyhow::{Context as _, Result, anyhow};
use flate2::read::GzDecoder;
use serde_json::json;
use tempfile::TempDir;
use windlass_domain::{Failure, Release, Verdict};
use windlass_foundation::explain::{ExitCode, Explain as _};
use windlass_foundation::identity::Kind;
use windlass_stage::Host;
use windlass_tests::{agent, expect, root, tells};

use crate::hostile::support::{Yard, chain};

fn file(contract: &str, name: &str) -> Result<Vec<u8>> {
    let path = root().join("tests/fixtures/contracts").join(contract).join(name);
    fs::read(&path).with_context(|| path.display().to_string())
}

fn plugin(contract: &str, kind: &str) -> Result<Vec<u8>> {
    file(contract, &format!("{kind}.wasm"))
}

fn told(failure: Failure) -> anyhow::Error {
    anyhow!(failure.message)
}

#[tokio::test]
async fn plugins_of_an_earlier_contract_are_refused_with_what_to_do() -> Result<()> {
    let yard = Yard::new()?;
    for (kind, name) in [(Kind::Check, "check"), (Kind::Strategy, "strategy")] {
        let error = yard.admit("./ours.wasm", plugin("0.1", name)?, kind).await.err().context("it was admitted")?;
        assert_eq!(error.exit(), ExitCode::Configuration);
        assert_eq!(
            chain(&error),
            "the plugin `./ours.wasm` cannot be used\n\
             it was built for contract 0.1.0, and this agent speaks 0.2; build it again with `windlass-sdk` 0.2: \
             `cargo build --release --target wasm32-wasip2`"
        );
    }
    Ok(())
}

#[tokio::test]
async fn plugins_of_a_later_contract_ask_for_another_agent() -> Result<()> {
    let yard = Yard::new()?;
    let (now, later) = (b"\"contract\":\"0.2.0\"", b"\"contract\":\"0.3.0\"");
    for (kind, name) in [(Kind::Check, "check"), (Kind::Strategy, "strategy")] {
        let mut bytes = plugin("0.2", name)?;
        let places: Vec<_> = (0..bytes.len() - now.len()).filter(|at| bytes[*at..].starts_with(now)).collect();
        for at in places {
            bytes[at..at + later.len()].copy_from_slice(later);
        }
        let error = yard.admit("./ours.wasm", bytes, kind).await.err().context("it was admitted")?;
        assert_eq!(
            chain(&error),
            "the plugin `./ours.wasm` cannot be used\n\
             it was built for contract 0.3.0, and this agent speaks 0.2; upgrade the agent"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_check_of_this_contract_is_admitted_and_answers() -> Result<()> {
    // Admitted here, and not by a run of before.
    let state = TempDir::new()?;
    let yard = Yard::at(state.path(), "")?;
    let check = yard.admit("./ours.wasm", plugin("0.2", "check")?, Kind::Check).await?;
    assert_eq!((check.identity().name.as_str(), check.manifest().contract.as_str()), ("contract-check", "0.2.0"));
    assert_eq!(check.description().summary, "passes");
    check.validate_config(&json!({})).await.map_err(told)?;
    let report = check.check(yard.call(&check, json!({}))?).await.map_err(told)?;
    assert_eq!((report.verdict, report.summary.as_str()), (Verdict::Pass, "kudos may be deployed"));
    Ok(())
}

#[tokio::test]
async fn a_strategy_of_this_contract_is_admitted_and_answers() -> Result<()> {
    let state = TempDir::new()?;
    let yard = Yard::at(state.path(), "")?;
    let strategy = yard.admit("./ours.wasm", plugin("0.2", "strategy")?, Kind::Strategy).await?;
    let call = || yard.call(&strategy, json!({}));
    let observation = strategy.observe(call()?).await.map_err(told)?;
    let plan = strategy.plan(call()?).await.map_err(told)?;
    assert_eq!((observation.fingerprint.as_str(), plan.fingerprint.as_str()), ("f", "f"));
    let step = plan.steps.first().context("it plans a step")?;
    let output = strategy.apply(call()?, step).await.map_err(told)?;
    assert_eq!(output["id"], "one");
    strategy.undo(call()?, step, Some(&output)).await.map_err(told)?;
    assert_eq!(strategy.verify(call()?).await.map_err(told)?.summary, "it runs");
    assert_eq!(strategy.missing(call()?).await.map_err(told)?, ["nothing of kudos is here"]);
    let release: Release = (*call()?.about.release).clone();
    let went = strategy.prune(call()?, &[release]).await.map_err(told)?;
    assert!(went.len() == 1 && went[0].starts_with("all but [{\"format\":1,"), "{went:?}");
    Ok(())
}

/// What the operator allows; there is no Docker Engine.
const AGENT: &str = r#"environment = "uat"
state-directory = "/var/lib/windlass"

[docker]
endpoint = "unix:///nonexistent/docker.sock"
"#;

#[test]
fn a_way_back_to_a_plugin_of_an_earlier_contract_is_refused_and_a_way_forward_is_there() -> Result<()> {
    let directory = TempDir::new()?;
    let host = Host::new(&agent()?, directory.path())?;
    host.configure(AGENT)?;
    // The journal of an agent that spoke 0.1 and deployed twice.
    let mut journal = Vec::new();
    GzDecoder::new(file("0.1", "journal.sqlite3.gz")?.as_slice()).read_to_end(&mut journal)?;
    fs::DirBuilder::new().mode(0o700).create(host.root().join("state"))?;
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(host.root().join("state/journal.sqlite3"))?
        .write_all(&journal)?;
    let application = host.application("old");
    fs::create_dir_all(&application)?;
    let write =
        |name: &str, contract: &str| Ok::<_, anyhow::Error>(fs::write(application.join(name), file(contract, name)?)?);
    write("release.toml", "0.1")?;
    write("strategy.wasm", "0.1")?;
    let refusal = "was built for contract 0.1.0, and this agent speaks 0.2; build it again with `windlass-sdk` 0.2";

    // It keeps the files of the release, as they are kept on a host that deployed it, and uses none.
    let run = expect(host.run(["plan", "old"])?, 3)?;
    tells(&run, &[refusal])?;
    let run = expect(host.run(["rollback", "old"])?, 3)?;
    tells(&run, &[refusal, "1111111 was not deployed to uat; nothing was touched"])?;
    tells(&expect(host.run(["history", "old"])?, 0)?, &["1111111 succeeded", "2222222 succeeded", "1111111 refused"])?;

    // Nothing that runs now can be asked about the way back to it, and that does not hold up what replaces it.
    write("strategy.wasm", "0.2")?;
    let run = expect(host.run(["check", "old"])?, 0)?;
    tells(&run, &["it could not be checked whether a rollback is possible", refusal])?;
    expect(host.run(["deploy", "old"])?, 0)?;
    Ok(())
}
