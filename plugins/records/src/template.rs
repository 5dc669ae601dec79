//! Texts with facts in braces: `{application}`, `{{` for a brace, and `{secret:NAME}` where a destination allows it.
//!
//! Facts are put into texts and into the texts of JSON values, so that no value can change the structure around it.

use serde_json::Map;
use windlass_sdk::prelude::*;

use crate::facts::{Facts, check_name};

/// What stands in for secrets: `{secret:NAME}`.
const SECRET: &str = "secret:";

/// How a fact or a secret is put in: its name, and whether it is a secret's.
pub type Filler<'a> = dyn FnMut(&str, bool) -> Result<String> + 'a;

enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

/// The text with what `give` returns for each name in braces.
pub fn fill_with(template: &str, give: &mut Filler<'_>) -> Result<String> {
    let mut filled = String::with_capacity(template.len());
    for piece in pieces(template)? {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Name(name) => match name.strip_prefix(SECRET) {
                Some(secret) => filled.push_str(&give(secret, true)?),
                None => filled.push_str(&give(name, false)?),
            },
        }
    }
    Ok(filled)
}

/// The text with its facts, each as `escape` writes it. What the event does not have is left empty.
pub fn fill(template: &str, facts: &Facts, escape: &dyn Fn(&str) -> String) -> Result<String> {
    fill_with(template, &mut |name, secret| {
        if secret {
            return Err(no_secret(name));
        }
        Ok(escape(&text(facts.get(name)?)))
    })
}

/// The same in every text of a JSON value.
///
/// A text that is one fact and nothing else becomes that fact: a number stays one, and what is absent is null. A longer
/// text is null when it is about what runs and nothing runs.
pub fn fill_json(value: &Value, facts: &Facts, escape: &dyn Fn(&str) -> String) -> Result<Value> {
    Ok(match value {
        Value::String(template) => {
            let pieces = pieces(template)?;
            let names =
                || pieces.iter().filter_map(|piece| if let Piece::Name(name) = piece { Some(*name) } else { None });
            if names().any(|name| facts.is_gone(name)) {
                return Ok(Value::Null);
            }
            match pieces.as_slice() {
                [Piece::Name(name)] if !name.starts_with(SECRET) => match facts.get(name)? {
                    Value::String(text) => Value::String(escape(text)),
                    other => other.clone(),
                },
                _ => Value::String(fill(template, facts, escape)?),
            }
        }
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| fill_json(item, facts, escape)).collect::<Result<_>>()?)
        }
        Value::Object(fields) => {
            let mut filled = Map::new();
            for (name, value) in fields {
                filled.insert(name.clone(), fill_json(value, facts, escape)?);
            }
            Value::Object(filled)
        }
        other => other.clone(),
    })
}

/// Whether a template has facts of one deployment, and not only of what runs: who asked, say, or when it ended. After a
/// deployment that changed nothing such a text is another one, although what it is about is the same.
pub fn is_of_one_deployment(template: &str) -> Result<bool> {
    let lasts = |name: &str| {
        let of_what_runs = name.starts_with("running.") || name.starts_with("artifacts.");
        of_what_runs || matches!(name, "application" | "environment" | "host" | "version" | "commit" | "release")
    };
    let pieces = pieces(template)?;
    Ok(pieces.iter().any(|piece| matches!(piece, Piece::Name(name) if !lasts(name))))
}

/// Whether a template can be filled, as far as that is known before there is an event.
pub fn check(template: &str, secrets: bool) -> Result<()> {
    for piece in pieces(template)? {
        match piece {
            Piece::Name(name) => match name.strip_prefix(SECRET) {
                Some("") => return Err(Error::config(format!("`{{{SECRET}}}` in {template:?} names no secret"))),
                Some(_) if secrets => {}
                Some(secret) => return Err(no_secret(secret)),
                None => check_name(name)?,
            },
            Piece::Text(_) => {}
        }
    }
    Ok(())
}

/// The same for every text of a JSON value; secrets have no place in it.
pub fn check_json(value: &Value) -> Result<()> {
    match value {
        Value::String(template) => check(template, false),
        Value::Array(items) => items.iter().try_for_each(check_json),
        Value::Object(fields) => fields.values().try_for_each(check_json),
        _ => Ok(()),
    }
}

fn no_secret(name: &str) -> Error {
    Error::config(format!(
        "the secret `{name}` has no place here: values of secrets go into addresses and headers only"
    ))
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn pieces(template: &str) -> Result<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(place) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(place);
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        if brace.starts_with("{{") || brace.starts_with("}}") {
            pieces.push(Piece::Text(&brace[..1]));
            rest = &brace[2..];
            continue;
        }
        let inside = brace.strip_prefix('{').and_then(|inside| inside.split_once('}'));
        let (name, after) = inside.ok_or_else(|| {
            Error::config(format!("{template:?} has a brace without a partner"))
                .hint("`{{` and `}}` are braces themselves")
        })?;
        pieces.push(Piece::Name(name));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(running: bool) -> Event {
        let release = json!({
            "format": 1, "id": "sha256:r", "application": "kudos", "version": "2", "bundle": { "digest": "b", "files": {} },
            "artifacts": { "backend": { "repository": "r/backend", "tag": "1ef", "digest": "sha256:i" } },
        });
        Event::deserialize(json!({
            "format": 1, "idempotency-key": "k", "deployment": "d1", "sequence": 7, "application": "kudos",
            "environment": "uat", "host": "h", "outcome": "succeeded", "rollback": false, "actor": "\"me\"",
            "release": release, "running": running.then_some(release), "started": "s", "finished": "f",
        }))
        .unwrap()
    }

    fn filled(template: &Value, running: bool) -> Value {
        fill_json(template, &Facts::of(&event(running)), &str::to_owned).unwrap()
    }

    #[test]
    fn facts_are_put_into_texts_and_keep_their_kind_alone() {
        let template = json!({ "image": "{artifacts.backend.image}:{artifacts.backend.version}", "n": "{sequence}",
            "list": ["{{{application}}} by {actor}", "{commit}", "at {commit}.", 1, true], "rollback": "{rollback}" });
        let expected = json!({ "image": "r/backend:1ef", "n": 7, "rollback": false,
            "list": ["{kudos} by \"me\"", null, "at .", 1, true] });
        assert_eq!(filled(&template, true), expected);
    }

    #[test]
    fn what_is_about_nothing_that_runs_is_null() {
        let template =
            json!({ "image": "{artifacts.backend.image}:{artifacts.backend.version}", "v": "{running.version}" });
        assert_eq!(filled(&template, false), json!({ "image": null, "v": null }));
    }

    #[test]
    fn what_cannot_be_filled_is_said_before_there_is_an_event() {
        for (template, word) in [
            ("{nothing}", "what can stand in braces"),
            ("{artifacts.a.size}", "unknown"),
            ("{application", "partner"),
            ("a}", "partner"),
            ("{secret:token}", "no place here"),
        ] {
            assert!(check(template, false).unwrap_err().message().contains(word), "{template}");
        }
        check("{{x}} {artifacts.any.tag} {secret:token}", true).unwrap();
        let facts = Facts::of(&event(true));
        let error = fill("{artifacts.front.tag}", &facts, &str::to_owned).unwrap_err();
        assert!(error.message().contains("artifacts.backend.tag"), "{error}");
        for name in ["summary", "event", "previous.commit", "key"] {
            assert!(facts.get(name).is_ok(), "{name}");
        }
    }
}
