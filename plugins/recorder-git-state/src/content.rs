//! The file's new content: a pure function of the old one and the event.

use serde_json::Map;
use windlass_records::{Facts, fill_json, is_of_one_deployment, merge, says_what_runs};
use windlass_sdk::prelude::*;

use crate::config::Config;

/// The new content, or `None` when the file says it already.
///
/// After a deployment that changed nothing a file is set right where it is lost or says that something else runs. What it
/// says about the deployment that brought it there stays.
pub(crate) fn content(old: Option<&[u8]>, config: &Config, event: &Event) -> Result<Option<Vec<u8>>> {
    let repair = event.outcome == Outcome::Unchanged && !config.on.contains(&Outcome::Unchanged);
    let new = if config.content.is_empty() {
        if repair && says_what_runs(old, event) {
            return Ok(None);
        }
        let Some(file) = merge(old, event, config.history)? else { return Ok(None) };
        pretty(&file)?
    } else {
        let mut file = old.map(object).transpose()?.unwrap_or_default();
        let facts = Facts::of(event);
        let template = Value::Object(config.content.clone());
        let mut ours = fill_json(&template, &facts, &str::to_owned)?;
        if repair {
            keep(&mut ours, &template, &Value::Object(file.clone()))?;
        }
        put(&mut file, ours);
        pretty(&file)?
    };
    Ok((old != Some(new.as_slice())).then_some(new))
}

/// Takes what a file has of one deployment over into what would be written about another.
fn keep(ours: &mut Value, template: &Value, old: &Value) -> Result<()> {
    match (ours, template) {
        (Value::Object(ours), Value::Object(template)) => {
            for (key, template) in template {
                if let (Some(ours), Some(old)) = (ours.get_mut(key), old.get(key)) {
                    keep(ours, template, old)?;
                }
            }
        }
        (ours, template) if is_of_one(template)? => *ours = old.clone(),
        _ => {}
    }
    Ok(())
}

fn is_of_one(template: &Value) -> Result<bool> {
    match template {
        Value::String(text) => is_of_one_deployment(text),
        Value::Array(items) => items.iter().try_fold(false, |found, item| Ok(found || is_of_one(item)?)),
        Value::Object(fields) => fields.values().try_fold(false, |found, item| Ok(found || is_of_one(item)?)),
        _ => Ok(false),
    }
}

/// A file that others may write into, too: what is not in `content` stays.
fn object(bytes: &[u8]) -> Result<Map<String, Value>> {
    serde_json::from_slice(bytes).map_err(|error| {
        Error::new("conflict", format!("the file is not a JSON object: {error}; it is left as it is"))
            .hint("move it away or name another `path`")
    })
}

fn put(file: &mut Map<String, Value>, ours: Value) {
    let Value::Object(ours) = ours else { return };
    for (key, value) in ours {
        match (file.get_mut(&key), value) {
            (Some(Value::Object(theirs)), Value::Object(inner)) => put(theirs, Value::Object(inner)),
            (Some(theirs), value) => *theirs = value,
            (None, value) => {
                file.insert(key, value);
            }
        }
    }
}

fn pretty(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tests::event;

    fn config() -> Config {
        let content = json!({ "images": { "backend": "{artifacts.backend.image}:{artifacts.backend.version}" } });
        Config::deserialize(json!({ "content": content })).unwrap()
    }

    #[test]
    fn a_table_of_templates_is_the_file() {
        let event = event("d1", "2", "succeeded");
        let new = content(None, &config(), &event).unwrap().unwrap();
        assert_eq!(
            String::from_utf8(new.clone()).unwrap(),
            "{\n  \"images\": {\n    \"backend\": \"r/backend:2\"\n  }\n}\n"
        );
        assert_eq!(content(Some(&new), &config(), &event).unwrap(), None);
    }

    #[test]
    fn what_others_wrote_stays() {
        let old = br#"{"z":1,"images":{"front":"x","backend":"old"}}"#;
        let new = content(Some(old), &config(), &event("d1", "2", "succeeded")).unwrap().unwrap();
        let new: Value = serde_json::from_slice(&new).unwrap();
        assert_eq!(new, json!({ "z": 1, "images": { "front": "x", "backend": "r/backend:2" } }));
        let error = content(Some(b"[1]"), &config(), &event("d1", "2", "succeeded")).unwrap_err();
        assert!(error.message().contains("left as it is"), "{error}");
    }

    #[test]
    fn without_a_table_it_is_a_state_file() {
        let event = event("d1", "2", "succeeded");
        let new = content(None, &Config::default(), &event).unwrap().unwrap();
        let file: Value = serde_json::from_slice(&new).unwrap();
        assert_eq!(file["applications"]["kudos"]["artifacts"]["backend"]["tag"], "2");
        assert_eq!(content(Some(&new), &Config::default(), &event).unwrap(), None);
    }

    #[test]
    fn after_a_deployment_that_changed_nothing_only_what_is_lost_or_wrong_is_written() {
        let templates = json!({ "kudos": {
            "image": "{artifacts.backend.image}:{artifacts.backend.version}", "by": "{actor}", "log": ["{deployment}"],
        } });
        let of_templates = Config::deserialize(json!({ "content": templates })).unwrap();
        for (config, tampered) in [(of_templates, "\"r/backend:2\""), (Config::default(), "\"sha256:image-2\"")] {
            let told = |deployment: &str, outcome: &str| Event {
                actor: deployment.to_owned(),
                ..event(deployment, "2", outcome)
            };
            let first = content(None, &config, &told("d1", "succeeded")).unwrap().unwrap();
            let again = told("d2", "unchanged");
            assert_eq!(content(Some(&first), &config, &again).unwrap(), None, "nothing is lost");
            let wrong = String::from_utf8(first.clone()).unwrap().replace(tampered, "\"other\"");
            let mended = content(Some(wrong.as_bytes()), &config, &again).unwrap().unwrap();
            let mended = String::from_utf8(mended).unwrap();
            assert!(mended.contains(tampered) && mended.contains("d1"), "{mended}");
            assert!(content(None, &config, &again).unwrap().is_some(), "a lost file is written");
        }
    }
}
