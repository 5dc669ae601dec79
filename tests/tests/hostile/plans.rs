//! Plans that cannot be executed.

use anyhow::{Context as _, Result, anyhow};
use serde_json::{Value, json};

use crate::hostile::support::{Yard, without_digest};

async fn refusal(with: Value) -> Result<String> {
    let yard = Yard::new()?;
    let plugin = yard.strategy().await?;
    let failure = plugin.plan(yard.call(&plugin, with)?).await.err().context("the plan was accepted")?;
    Ok(without_digest(&failure.message))
}

#[tokio::test]
async fn an_empty_plan_is_refused() -> Result<()> {
    assert_eq!(
        refusal(json!({"do": "empty"})).await?,
        "hostile-strategy 0.1.0 (sha256:…) failed in `plan`: its plan is empty: it names nothing that changes and \
         nothing that stays"
    );
    Ok(())
}

#[tokio::test]
async fn a_cycle_is_refused() -> Result<()> {
    assert_eq!(
        refusal(json!({"do": "cycle"})).await?,
        "hostile-strategy 0.1.0 (sha256:…) failed in `plan`: its plan has a cycle: a needs b needs a"
    );
    Ok(())
}

#[tokio::test]
async fn two_steps_of_one_name_are_refused() -> Result<()> {
    assert_eq!(
        refusal(json!({"do": "twins"})).await?,
        "hostile-strategy 0.1.0 (sha256:…) failed in `plan`: its plan has two steps with the id `a`"
    );
    Ok(())
}

#[tokio::test]
async fn ten_thousand_steps_are_refused() -> Result<()> {
    assert_eq!(
        refusal(json!({"do": "steps", "count": 10_000})).await?,
        "hostile-strategy 0.1.0 (sha256:…) failed in `plan`: its plan has 10000 steps (limit `plan-steps` = 8000)"
    );
    Ok(())
}

#[tokio::test]
async fn steps_that_need_millions_of_others_are_refused() -> Result<()> {
    assert_eq!(
        refusal(json!({"do": "needs", "steps": 7_800, "needs": 90})).await?,
        "hostile-strategy 0.1.0 (sha256:…) failed in `plan`: its plan has 697905 needs (limit `plan-needs` = 100000)"
    );
    // As many as are allowed are counted, ordered and shown as quickly as they are read.
    let yard = Yard::new()?;
    let plugin = yard.strategy().await?;
    let plan = plugin.plan(yard.call(&plugin, json!({"do": "needs", "steps": 7_800, "needs": 12}))?).await;
    let plan = plan.map_err(|failure| anyhow!(failure.message))?;
    let page = windlass_report::plan::totals(&plan);
    assert!(page.contains("7,800 steps") || page.contains("7800 steps"), "{page}");
    Ok(())
}

#[tokio::test]
async fn a_hundred_megabytes_of_json_are_refused() -> Result<()> {
    let message = refusal(json!({"do": "detail", "mebibytes": 36})).await?;
    assert_eq!(
        message,
        "hostile-strategy 0.1.0 (sha256:…) failed in `plan`: it handed over more at once than it may \
         (limit `host-call` = 32 MiB)"
    );
    let message = refusal(json!({"do": "detail", "mebibytes": 100})).await?;
    assert!(message.contains("(limit `"), "{message}");
    Ok(())
}

#[tokio::test]
async fn a_thousand_steps_are_a_plan() -> Result<()> {
    let yard = Yard::new()?;
    let plugin = yard.strategy().await?;
    let plan = plugin.plan(yard.call(&plugin, json!({"do": "steps", "count": 1000}))?).await;
    assert_eq!(plan.map_err(|failure| anyhow!(failure.message))?.steps.len(), 1000);
    Ok(())
}

#[tokio::test]
async fn a_check_cannot_plan() -> Result<()> {
    let yard = Yard::new()?;
    let plugin = yard.check().await?;
    let failure = plugin.plan(yard.call(&plugin, json!({"do": "pass"}))?).await.err().context("it planned")?;
    assert_eq!(without_digest(&failure.message), "hostile-check 0.1.0 (sha256:…) is a check and has no `plan`");
    Ok(())
}
