//! Variables in texts: `${NAME}`, and `$$` for a `$`.

use std::collections::BTreeMap;

use windlass_sdk::prelude::*;

/// The text with its variables filled in; an unknown one is an error that names those that are there.
pub(crate) fn fill(text: &str, variables: &BTreeMap<String, String>) -> Result<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find('$') {
        filled.push_str(&rest[..place]);
        let after = &rest[place + 1..];
        if let Some(after) = after.strip_prefix('$') {
            filled.push('$');
            rest = after;
        } else if let Some((name, after)) = after.strip_prefix('{').and_then(|after| after.split_once('}')) {
            filled.push_str(variables.get(name).ok_or_else(|| unknown(name, variables))?);
            rest = after;
        } else {
            filled.push('$');
            rest = after;
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

/// The same in every text of a JSON value.
pub(crate) fn fill_json(value: &Value, variables: &BTreeMap<String, String>) -> Result<Value> {
    Ok(match value {
        Value::String(text) => Value::String(fill(text, variables)?),
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| fill_json(item, variables)).collect::<Result<_>>()?)
        }
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| Ok((name.clone(), fill_json(value, variables)?)))
                .collect::<Result<_>>()?,
        ),
        other => other.clone(),
    })
}

fn unknown(name: &str, variables: &BTreeMap<String, String>) -> Error {
    let known: Vec<&str> = variables.keys().map(String::as_str).collect();
    let known = if known.is_empty() { "there are none".to_owned() } else { format!("there are {}", known.join(", ")) };
    Error::config(format!("the variable `{name}` is not set; {known}"))
        .hint(format!("set it in release.toml: `[variables]` with `{name} = \"…\"`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_and_unknown_ones_are_named() {
        let variables = BTreeMap::from([("PORT".to_owned(), "8080".to_owned())]);
        assert_eq!(fill("http://a:${PORT}/$$x$", &variables).unwrap(), "http://a:8080/$x$");
        assert!(fill("${HOST}", &variables).unwrap_err().message().contains("there are PORT"));
        assert_eq!(fill_json(&json!({ "a": ["${PORT}", 1] }), &variables).unwrap(), json!({ "a": ["8080", 1] }));
    }
}
