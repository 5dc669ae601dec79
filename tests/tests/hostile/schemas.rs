//! Schemas of configurations that would keep the agent busy for ever, or end it. A new one is a line of the table.

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};
use windlass_foundation::identity::Kind;

use crate::hostile::support::{Yard, chain, with_schema};

/// Definitions of which each is made with the reference to the next.
pub(crate) fn linked(length: usize, make: impl Fn(Value) -> Value) -> Value {
    let mut definitions = Map::new();
    for number in 0..length {
        definitions.insert(format!("a{number}"), make(json!({"$ref": format!("#/$defs/a{}", number + 1)})));
    }
    definitions.insert(format!("a{length}"), json!({"type": "object"}));
    json!({"$ref": "#/$defs/a0", "$defs": definitions})
}

#[tokio::test]
async fn what_would_not_end_is_refused_at_admission() -> Result<()> {
    let yard = Yard::new()?;
    for (name, schema, reason) in [
        ("doubled", linked(30, |next| json!({"allOf": [next, next]})), "looks at one value more than 20000 times"),
        (
            "asked again",
            linked(30, |next| json!({"oneOf": [next, next], "unevaluatedProperties": false})),
            "looks at one value more than 20000 times",
        ),
        ("a chain", linked(5_500, |next| next), "has more than 5000 subschemas"),
        ("a shorter chain", linked(2_000, |next| next), "has a chain of more than 256 subschemas and references"),
        ("itself", json!({"allOf": [{"$ref": "#"}]}), "refers to itself without going into the value"),
        ("large", json!({"const": "x".repeat(400 << 10)}), "has more than 256 KiB (limit `config-schema`)"),
        (
            "far away",
            json!({"$ref": "http://127.0.0.1:1/"}),
            "refers to `http://127.0.0.1:1/`; it can refer to itself only",
        ),
        ("a pattern", json!({"pattern": "((a{1,99}){1,99}){1,99}"}), "is not valid: "),
    ] {
        let error = yard.admit("./ours.wasm", with_schema(&schema)?, Kind::Check).await.err();
        let text = chain(&error.context(name)?);
        assert!(text.contains(&format!("the schema of its configuration {reason}")), "{name}: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn what_a_table_makes_endless_is_refused_before_it_is_checked() -> Result<()> {
    let yard = Yard::new()?;
    let twice = json!({"properties": {"a": {"$ref": "#"}}});
    let schema = json!({"allOf": [twice, twice]});
    let plugin = yard.admit("./ours.wasm", with_schema(&schema)?, Kind::Check).await?;
    let deep = |depth| (0..depth).fold(json!({}), |inside, _| json!({"a": inside}));
    let failure = plugin.validate_config(&deep(40)).await.err().context("it was checked")?;
    assert_eq!(
        failure.message,
        "the `with` table of hostile-schema is refused: checking the table would take more than 200000 comparisons"
    );
    let failure = plugin.validate_config(&json!({"a": "x".repeat(300 << 10)})).await.err().context("it was checked")?;
    assert!(failure.message.ends_with("it has more than 256 KiB (limit `config`)"), "{}", failure.message);
    assert_eq!(plugin.validate_config(&deep(8)).await, Ok(()));
    Ok(())
}
