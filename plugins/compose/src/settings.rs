//! Plain YAML and env files as lists of settings with positions, for those who check configuration of any kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::yaml::{self, Node, Value};
use crate::{Limits, Position, Problem, dotenv};

/// One value of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// A variable's name, or a JSON pointer (RFC 6901).
    pub name: String,
    /// The value as text; none for YAML's null.
    pub value: Option<String>,
    /// Where it stands.
    pub position: Position,
}

/// Every value of an env file in order, and the names of variables in values that are not set and were taken as empty.
///
/// `variables` are looked up before earlier lines of the file, as Docker Compose does it.
pub fn env_settings(
    text: &str,
    file: &str,
    variables: &BTreeMap<String, String>,
) -> Result<(Vec<Setting>, Vec<String>), Problem> {
    let read = dotenv::parse(text, file, variables, &Limits::default())?;
    let settings = read.entries.into_iter().map(|entry| Setting {
        name: entry.name,
        value: Some(entry.value),
        position: entry.position,
    });
    Ok((settings.collect(), read.unset))
}

/// Every scalar of a YAML file, of all its documents, in order.
pub fn yaml_settings(text: &str, file: &str) -> Result<Vec<Setting>, Problem> {
    let mut settings = Vec::new();
    for document in yaml::parse(text, &Arc::from(file), &Limits::default())? {
        gather(&document, String::new(), &mut settings);
    }
    Ok(settings)
}

fn gather(node: &Node, pointer: String, settings: &mut Vec<Setting>) {
    match &node.value {
        Value::Scalar(_) => {
            settings.push(Setting { name: pointer, value: node.as_text(), position: node.position.clone() });
        }
        Value::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                gather(item, format!("{pointer}/{index}"), settings);
            }
        }
        Value::Mapping(mapping) => {
            for entry in &mapping.entries {
                let key = entry.key.replace('~', "~0").replace('/', "~1");
                gather(&entry.value, format!("{pointer}/{key}"), settings);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_comes_apart_with_places() {
        let settings = yaml_settings("a:\n  - b/c: 1\n  - null\nd: 'x'\n", "f.yaml").unwrap();
        let told: Vec<String> = settings
            .iter()
            .map(|setting| format!("{} {:?} {}", setting.name, setting.value, setting.position))
            .collect();
        assert_eq!(told, ["/a/0/b~1c Some(\"1\") f.yaml:2:10", "/a/1 None f.yaml:3:5", "/d Some(\"x\") f.yaml:4:4"]);
        let problem = yaml_settings("a: [1\nb: 2\n", "f.yaml").unwrap_err();
        assert!(problem.to_string().starts_with("f.yaml:2:"), "{problem}");
    }

    #[test]
    fn env_files_say_what_is_not_set() {
        let variables = BTreeMap::from([("HOST".to_owned(), "h".to_owned())]);
        let (settings, unset) = env_settings("A=${HOST}:${PORT}\nB='${PORT}'\n", ".env", &variables).unwrap();
        assert_eq!((settings[0].value.as_deref(), settings[1].value.as_deref()), (Some("h:"), Some("${PORT}")));
        assert_eq!(unset, ["PORT"]);
    }
}
