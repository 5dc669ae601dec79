//! Schemas and tables that would keep the validator busy, or break its stack. A new one is a line of a table.

use serde_json::Map;

use super::super::limits::defaults;
use super::*;

async fn compiled(schema: Value) -> Result<Arc<Schema>, String> {
    compile(schema, &defaults()).await
}

/// Definitions `a0`, `a1`, … of which each is made with the reference to the next.
fn chain(length: usize, last: &Value, make: impl Fn(Value) -> Value) -> Value {
    let mut definitions = Map::new();
    for number in 0..length {
        definitions.insert(format!("a{number}"), make(json!({"$ref": format!("#/$defs/a{}", number + 1)})));
    }
    definitions.insert(format!("a{length}"), last.clone());
    json!({"$ref": "#/$defs/a0", "$defs": definitions})
}

fn nested(depth: usize, make: impl Fn(Value) -> Value) -> Value {
    (0..depth).fold(json!({}), |inside, _| make(inside))
}

#[tokio::test]
async fn says_what_is_wrong_and_where() -> Result<(), String> {
    let schema = compiled(json!({
        "type": "object",
        "properties": {"port": {"type": "integer"}},
        "additionalProperties": false
    }))
    .await?;
    assert_eq!(validate(&schema, "check-x", &json!({"port": 1}), &defaults()).await, Ok(()));
    let failure = validate(&schema, "check-x", &json!({"port": "a"}), &defaults()).await.err().ok_or("accepted")?;
    assert_eq!(failure.message, "the `with` table does not fit check-x: `with.port`: \"a\" is not of type \"integer\"");
    Ok(())
}

#[tokio::test]
async fn schemas_that_are_refused_before_they_are_compiled() {
    let string = json!({"type": "string"});
    let looks = "looks at one value more than 20000 times";
    let long = "has a chain of more than 256 subschemas and references";
    let itself = "refers to itself without going into the value";
    for (name, schema, reason) in [
        ("doubled", chain(40, &string, |next| json!({"allOf": [next, next]})), looks),
        ("doubled by anyOf", chain(40, &string, |next| json!({"anyOf": [next, {"oneOf": [next, next]}]})), looks),
        ("doubled by if", chain(40, &string, |next| json!({"if": next, "then": next, "else": next})), looks),
        ("doubled by not", chain(40, &string, |next| json!({"not": {"allOf": [next, {"not": next}]}})), looks),
        ("doubled by names", chain(40, &string, |next| json!({"dependentSchemas": {"a": next, "b": next}})), looks),
        ("asked again", chain(40, &string, |next| json!({"oneOf": [next], "unevaluatedProperties": false})), looks),
        (
            "asked again for items",
            chain(40, &string, |next| json!({"allOf": [next], "unevaluatedItems": false})),
            looks,
        ),
        ("a chain", chain(300, &string, |next| next), long),
        ("a chain into values", chain(300, &string, |next| json!({"properties": {"a": next}})), long),
        ("a chain into items", chain(300, &string, |next| json!({"items": next})), long),
        ("itself", json!({"$ref": "#"}), itself),
        ("itself by allOf", json!({"allOf": [{"$ref": "#"}]}), itself),
        (
            "each other",
            json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"not": {"$ref": "#/$defs/a"}}}}),
            itself,
        ),
        ("nested", nested(70, |inside| json!({"not": inside})), "is nested more than 64 deep"),
        ("many", json!({"enum": vec![0; 60_000]}), "has more than 50000 values"),
        ("large", json!({"const": "x".repeat(300 << 10)}), "has more than 256 KiB (limit `config-schema`)"),
        ("many subschemas", json!({"allOf": vec![json!({}); 5_001]}), "has more than 5000 subschemas"),
        (
            "another server",
            json!({"$ref": "http://127.0.0.1:1/schema"}),
            "refers to `http://127.0.0.1:1/schema`; it can refer to itself only: `#/$defs/NAME`",
        ),
        (
            "a file",
            json!({"properties": {"a": {"$ref": "file:///etc/passwd"}}}),
            "refers to `file:///etc/passwd`; it can refer to itself only: `#/$defs/NAME`",
        ),
        ("a name", json!({"$ref": "#there"}), "refers to `#there`; it can refer to itself only: `#/$defs/NAME`"),
        ("nothing", json!({"$ref": "#/$defs/no"}), "refers to `#/$defs/no`, which is not there"),
        (
            "dynamic",
            json!({"items": {"$dynamicRef": "#x"}}),
            "uses `$dynamicRef`, which the schema of a configuration cannot",
        ),
        (
            "another base",
            json!({"items": {"$id": "http://x/"}}),
            "uses `$id`, which the schema of a configuration cannot",
        ),
        (
            "a long pattern",
            json!({"pattern": "a".repeat(2_000)}),
            "has a regular expression of 2000 bytes; one may have 1000",
        ),
    ] {
        assert_eq!(compiled(schema).await.err().as_deref(), Some(reason), "{name}");
    }
    // What the compiler itself refuses.
    for (name, schema) in [
        ("a pattern that grows", json!({"pattern": "((a{1,100}){1,100}){1,100}"})),
        ("a pattern that looks around", json!({"pattern": "(?=a)b"})),
        ("no schema", json!({"type": "colour"})),
    ] {
        let reason = compiled(schema).await.err().unwrap_or_default();
        assert!(reason.starts_with("is not valid: "), "{name}: {reason}");
    }
}

#[tokio::test]
async fn tables_that_are_refused_before_they_are_checked() -> Result<(), String> {
    // A tree, in which each property is looked at twice: harmless until the table is deep.
    let twice = json!({"properties": {"a": {"$ref": "#"}}});
    let doubles = json!({"allOf": [twice.clone(), twice]});
    let deep = |depth| nested(depth, |inside| json!({"a": inside}));
    let fails = "checking the table would take more than 200000 comparisons";
    let all = json!({"patternProperties": {"^a{1,9}[b-z]+$": {}}, "additionalProperties": {"$ref": "#"}});
    let wide: Map<String, Value> = (0..200).map(|number| (format!("{number}{}", "a".repeat(1000)), json!(1))).collect();
    for (name, schema, config, reason) in [
        ("deep", doubles.clone(), deep(30), fails),
        ("deeper", json!({}), deep(80), "it is nested more than 64 deep"),
        ("large", json!({}), json!({"a": "x".repeat(300 << 10)}), "it has more than 256 KiB (limit `config`)"),
        ("compared", json!({"properties": {"a": {"uniqueItems": true}}}), json!({"a": vec![0; 9_000]}), fails),
        ("listed", json!({"items": {"enum": vec![1; 1_000]}}), json!(vec![0; 1_000]), fails),
        (
            "named",
            json!({"propertyNames": {"allOf": vec![json!({"minLength": 1}); 500]}}),
            Value::Object((0..500).map(|number| (number.to_string(), json!(1))).collect()),
            fails,
        ),
        ("long", json!({"allOf": vec![json!({"minLength": 1}); 500]}), json!("x".repeat(200_000)), fails),
        (
            "matched",
            chain(
                60,
                &json!({"pattern": "a".repeat(900)}),
                |next| json!({"allOf": [next, {"pattern": "b".repeat(900)}]}),
            ),
            json!("x".repeat(100_000)),
            fails,
        ),
        (
            "a way down",
            chain(60, &json!({"properties": {"a": {"$ref": "#"}}}), |next| next),
            deep(40),
            "checking the table would go more than 512 subschemas deep",
        ),
    ] {
        let schema = compiled(schema).await.map_err(|reason| format!("{name}: {reason}"))?;
        let failure = validate(&schema, "check-x", &config, &defaults()).await.err().ok_or(name)?;
        assert_eq!(failure.message, format!("the `with` table of check-x is refused: {reason}"), "{name}");
        assert_eq!(failure.code, "invalid-config");
    }
    // The same with less: checked.
    let schema = compiled(doubles).await?;
    assert_eq!(validate(&schema, "check-x", &deep(10), &defaults()).await, Ok(()));
    let schema = compiled(all).await?;
    assert_eq!(validate(&schema, "check-x", &Value::Object(wide), &defaults()).await, Ok(()));
    Ok(())
}

#[tokio::test]
async fn the_largest_that_is_let_through_fits_the_stack() -> Result<(), String> {
    let string = json!({"type": "string"});
    for schema in [
        chain(120, &string, |next| json!({"properties": {"a": next}})),
        chain(60, &string, |next| json!({"allOf": [{"anyOf": [next]}]})),
    ] {
        let schema = compiled(schema).await?;
        let table = nested(60, |inside| json!({"a": inside}));
        // Right or wrong, it ends.
        drop(validate(&schema, "check-x", &table, &defaults()).await);
    }
    let schema =
        compiled(chain(7, &json!({"properties": {"a": {"$ref": "#"}}}), |next| json!({"allOf": [next]}))).await?;
    let table = nested(25, |inside| json!({"a": inside}));
    assert_eq!(validate(&schema, "check-x", &table, &defaults()).await, Ok(()));
    Ok(())
}
