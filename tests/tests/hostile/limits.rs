//! Endless loops, floods and bombs.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use serde_json::json;
use tokio::time::Instant;

use crate::hostile::support::{Yard, limits, without_digest};

#[tokio::test]
async fn an_endless_loop_is_stopped() -> Result<()> {
    let yard = Yard::with(&limits("cpu = \"200ms\""))?;
    assert_eq!(
        yard.message_of(json!({"do": "loop"})).await?,
        "hostile-check 0.1.0 (sha256:…) failed in `run`: it computed for too long without an answer (limit `cpu` = 200ms)"
    );
    Ok(())
}

#[tokio::test]
async fn an_endless_loop_leaves_the_others_their_turn() -> Result<()> {
    // One thread for both: the loop must let go of it now and then.
    let yard = Yard::with(&limits("cpu = \"1s\""))?;
    let plugin = yard.check().await?;
    let (looping, passing) = (yard.call(&plugin, json!({"do": "loop"}))?, yard.call(&plugin, json!({"do": "pass"}))?);
    tokio::select! {
        biased;
        _ = plugin.check(looping) => Err(anyhow!("the loop ended before the other call")),
        answer = plugin.check(passing) => answer.map(|_| ()).map_err(|failure| anyhow!(failure.message)),
    }
}

#[tokio::test]
async fn a_sleeper_is_stopped_at_its_deadline() -> Result<()> {
    let yard = Yard::with(&limits("call = \"300ms\""))?;
    let failure = yard.failure_of(json!({"do": "sleep"})).await?;
    assert_eq!(failure.code, "timeout");
    assert!(failure.retryable);
    assert_eq!(
        without_digest(&failure.message),
        "hostile-check 0.1.0 (sha256:…) failed in `run`: it did not answer within 0.3s"
    );
    Ok(())
}

#[tokio::test]
async fn sleeping_is_not_computing() -> Result<()> {
    let yard = Yard::with(&limits("cpu = \"100ms\""))?;
    let plugin = yard.check().await?;
    let call = yard.call(&plugin, json!({"do": "doze", "times": 40, "milliseconds": 15}))?;
    plugin.check(call).await.map_err(|failure| anyhow!(failure.message))?;
    Ok(())
}

#[tokio::test]
async fn a_cancelled_plugin_can_end_by_itself() -> Result<()> {
    let yard = Yard::new()?;
    let plugin = yard.check().await?;
    let call = yard.call(&plugin, json!({"do": "wait-for-cancellation"}))?;
    call.cancel.cancel();
    let failure = plugin.check(call).await.err().context("it passed")?;
    assert_eq!((failure.code.as_str(), failure.message.as_str()), ("cancelled", "stopped as asked"));
    Ok(())
}

#[tokio::test]
async fn a_cancelled_plugin_that_goes_on_is_stopped() -> Result<()> {
    let yard = Yard::new()?;
    let plugin = yard.check().await?;
    let mut call = yard.call(&plugin, json!({"do": "sleep"}))?;
    call.deadline = Some(Instant::now() + Duration::from_mins(1));
    call.cancel.cancel();
    let failure = plugin.check(call).await.err().context("it passed")?;
    assert_eq!(failure.code, "cancelled");
    assert!(failure.message.ends_with("failed in `run`: it was asked to stop and did not"), "{}", failure.message);
    Ok(())
}

#[tokio::test]
async fn a_memory_bomb_is_stopped() -> Result<()> {
    assert_eq!(
        Yard::new()?.message_of(json!({"do": "memory"})).await?,
        "hostile-check 0.1.0 (sha256:…) failed in `run`: it needs more memory than it may have (limit `memory` = 256 MiB)"
    );
    Ok(())
}

#[tokio::test]
async fn a_table_bomb_is_stopped() -> Result<()> {
    // Its ordinary table of functions is too large already.
    Yard::new()?.check().await?;
    let yard = Yard::with(&limits("table-elements = 10"))?;
    let plugin = yard.check().await?;
    let failure = plugin.check(yard.call(&plugin, json!({"do": "pass"}))?).await.err().context("it passed")?;
    assert_eq!(
        without_digest(&failure.message),
        "hostile-check 0.1.0 (sha256:…) failed in `run`: it needs larger tables than it may have \
         (limit `table-elements` = 10)"
    );
    Ok(())
}

#[tokio::test]
async fn a_handle_bomb_is_stopped() -> Result<()> {
    assert_eq!(
        Yard::new()?.message_of(json!({"do": "handles"})).await?,
        "hostile-check 0.1.0 (sha256:…) failed in `run`: it holds more of the host's resources than it may \
         (limit `handles` = 1000)"
    );
    Ok(())
}

#[tokio::test]
async fn asking_the_host_without_end_is_stopped() -> Result<()> {
    let yard = Yard::with(&limits("host-calls = 500"))?;
    assert_eq!(
        yard.message_of(json!({"do": "log-flood", "lines": 1000})).await?,
        "hostile-check 0.1.0 (sha256:…) failed in `run`: it asked the host too often (limit `host-calls` = 500)"
    );
    Ok(())
}

#[tokio::test]
async fn an_answer_is_no_larger_than_it_may_be() -> Result<()> {
    let yard = Yard::new()?;
    for (with, reason) in [
        (
            json!({"do": "report", "findings": 1_001, "evidence": 0}),
            "its report has 1001 findings (limit `findings` = 1000)",
        ),
        (
            json!({"do": "report", "findings": 1, "evidence": 2 << 20}),
            "the evidence of a finding has 2097154 bytes (limit `facts` = 1 MiB)",
        ),
    ] {
        let wanted = format!("hostile-check 0.1.0 (sha256:…) failed in `run`: {reason}");
        assert_eq!(yard.message_of(with).await?, wanted);
    }
    // Why something failed is kept, as far as it can be read.
    let failure = yard.failure_of(json!({"do": "fail-long", "bytes": 2 << 20})).await?;
    assert!(failure.message.len() < 17 << 10 && failure.message.ends_with("xxx…"), "{}", failure.message.len());
    let details = failure.details.unwrap_or_default().to_string();
    assert!(details.contains("(limit `facts` = 1 MiB)") && details.len() < 200, "{details}");
    Ok(())
}

#[tokio::test]
async fn deep_recursion_is_stopped() -> Result<()> {
    let yard = Yard::new()?;
    assert_eq!(
        yard.message_of(json!({"do": "recurse"})).await?,
        "hostile-check 0.1.0 (sha256:…) failed in `run`: it called itself too deeply for its stack of 512 KiB"
    );
    // The second stack is in the plugin's own memory, where its end looks like any other wrong address.
    assert_eq!(
        yard.message_of(json!({"do": "recurse-wide"})).await?,
        "hostile-check 0.1.0 (sha256:…) failed in `run`: it trapped: out of bounds memory access \
         (as when it called itself too deeply)"
    );
    Ok(())
}

#[tokio::test]
async fn a_trap_says_so() -> Result<()> {
    assert_eq!(
        Yard::new()?.message_of(json!({"do": "trap"})).await?,
        "hostile-check 0.1.0 (sha256:…) failed in `run`: it trapped: wasm `unreachable` instruction executed"
    );
    Ok(())
}

#[tokio::test]
async fn a_panic_shows_its_text() -> Result<()> {
    let yard = Yard::new()?;
    let failure = yard.failure_of(json!({"do": "panic", "text": "the broker is a teapot"})).await?;
    assert!(failure.message.contains("failed in `run`: it panicked at tests/guests/hostile-check/src/lib.rs:"));
    assert!(failure.message.ends_with(": the broker is a teapot"), "{}", failure.message);
    let details = failure.details.unwrap_or_default();
    assert_eq!(details["plugin"], "hostile-check");
    assert_eq!(details["version"], "0.1.0");
    assert_eq!(details["function"], "run");
    assert!(details["digest"].as_str().is_some_and(|digest| digest.len() == 71));
    assert!(details["stderr"].to_string().contains("teapot"));
    Ok(())
}

#[tokio::test]
async fn ending_the_process_ends_the_call_alone() -> Result<()> {
    let message = Yard::new()?.message_of(json!({"do": "exit"})).await?;
    assert!(
        message.starts_with("hostile-check 0.1.0 (sha256:…) failed in `run`: it ended itself with code"),
        "{message}"
    );
    Ok(())
}

#[tokio::test]
async fn a_flood_of_the_log_is_cut() -> Result<()> {
    let yard = Yard::new()?;
    let plugin = yard.check().await?;
    let call = yard.call(&plugin, json!({"do": "log-flood", "lines": 20_000}))?;
    let log = call.capabilities.log.clone();
    plugin.check(call).await.map_err(|failure| anyhow!(failure.message))?;
    assert!(yard.said().len() <= 2 << 20, "{} bytes were let through", yard.said().len());
    assert!(log.dropped() > 0);
    Ok(())
}

#[tokio::test]
async fn a_flood_of_standard_output_is_cut() -> Result<()> {
    // A gigabyte in small pieces takes more host calls than it may make; a part of it is simply dropped.
    let yard = Yard::new()?;
    let message = yard.message_of(json!({"do": "output-flood", "mebibytes": 1024})).await?;
    assert!(
        message.starts_with(
            "hostile-check 0.1.0 (sha256:…) failed in `run`: it asked the host too often (limit `host-calls` = 100000)"
        ),
        "{message}"
    );
    assert!(message.len() < 2_000, "{} bytes", message.len());
    assert!(yard.said().len() <= 2 << 20, "{} bytes were let through", yard.said().len());
    Ok(())
}

#[tokio::test]
async fn a_gigabyte_of_answer_is_stopped() -> Result<()> {
    let yard = Yard::new()?;
    let too_much = "hostile-check 0.1.0 (sha256:…) failed in `run`: it handed over more at once than it may \
                    (limit `host-call` = 32 MiB)";
    assert_eq!(yard.message_of(json!({"do": "answer", "mebibytes": 100})).await?, too_much);
    let message = yard.message_of(json!({"do": "answer", "mebibytes": 1024})).await?;
    assert!(message.contains("it needs more memory than it may have (limit `memory` = 256 MiB)"), "{message}");
    Ok(())
}

#[tokio::test]
async fn text_that_is_not_utf8_is_refused() -> Result<()> {
    assert_eq!(
        Yard::new()?.message_of(json!({"do": "invalid-text"})).await?,
        "hostile-check 0.1.0 (sha256:…) failed in `run`: it handed over text that is not valid UTF-8"
    );
    Ok(())
}

#[tokio::test]
async fn control_characters_do_not_reach_a_terminal() -> Result<()> {
    let yard = Yard::new()?;
    let plugin = yard.check().await?;
    let call = yard.call(&plugin, json!({"do": "control-characters"}))?;
    let report = plugin.check(call).await.map_err(|failure| anyhow!(failure.message))?;
    assert_eq!(report.summary, "[2J]0;ownedall is well");
    Ok(())
}

#[tokio::test]
async fn a_configuration_is_validated_under_the_same_limits() -> Result<()> {
    let yard = Yard::with(&limits("cpu = \"200ms\""))?;
    let plugin = yard.check().await?;
    let failure = plugin.validate_config(&json!({"do": "loop-in-validation"})).await.err().context("it passed")?;
    assert!(failure.message.contains("failed in `validate-config`: it computed for too long"), "{}", failure.message);
    plugin.validate_config(&json!({"do": "pass"})).await.map_err(|failure| anyhow!(failure.message))?;
    let failure = plugin.validate_config(&json!({"do": "sing"})).await.err().context("it passed")?;
    assert_eq!(failure.code, "invalid-config");
    assert!(
        failure.message.starts_with("the `with` table does not fit hostile-check: `with`: "),
        "{}",
        failure.message
    );
    Ok(())
}
