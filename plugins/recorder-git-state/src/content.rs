//! The file's new content: a pure function of the old one and the event.

use serde_json::Map;
use windlass_records::{Facts, fill_json, merge};
use windlass_sdk::prelude::*;

use crate::config::Config;

/// The new content, or `None` when the file says it already.
pub(crate) fn content(old: Option<&[u8]>, config: &Config, event: &Event) -> Result<Option<Vec<u8>>> {
    let new = if config.content.is_empty() {
        let Some(file) = merge(old, event, config.history)? else { return Ok(None) };
        pretty(&file)?
    } else {
        let mut file = old.map(object).transpose()?.unwrap_or_default();
        let facts = Facts::of(event);
        let ours = fill_json(&Value::Object(config.content.clone()), &facts, &str::to_owned)?;
        put(&mut file, ours);
        pretty(&file)?
    };
    Ok((old != Some(new.as_slice())).then_some(new))
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
}
