//! `ulimits`.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::Context;
use crate::read::Fields;
use crate::yaml::{Node, Value};

/// A limit of the kernel for the processes of a container; -1 for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ulimit {
    /// What applies; a process may raise it up to the hard one.
    pub soft: i64,
    /// What it may be raised to.
    pub hard: i64,
    /// Whether one number was given for both.
    pub single: bool,
}

impl Ulimit {
    /// One number, or both.
    pub(crate) fn shown(self) -> Json {
        if self.single { json!(self.soft) } else { json!({ "soft": self.soft, "hard": self.hard }) }
    }
}

pub(super) fn read(context: &Context<'_>, node: &Node, path: &str) -> BTreeMap<String, Ulimit> {
    let mut limits = BTreeMap::new();
    let Some(mapping) = context.report.mapping(node, &path) else { return limits };
    for entry in &mapping.entries {
        let path = format!("{path}.{}", entry.key);
        let limit = if let Value::Mapping(mapping) = &entry.value.value {
            let mut fields = Fields::new(context.report, mapping, path);
            let mut limit = |key| fields.with(key, |report, node, path| report.plain_integer(node, path)).flatten();
            let (soft, hard) = (limit("soft"), limit("hard"));
            for key in ["soft", "hard"] {
                if mapping.get(key).is_none() {
                    fields.require(&entry.position, key);
                }
            }
            fields.finish(&[]);
            soft.zip(hard).map(|(soft, hard)| Ulimit { soft, hard, single: false })
        } else {
            context.report.plain_integer(&entry.value, &path).map(|limit| Ulimit {
                soft: limit,
                hard: limit,
                single: true,
            })
        };
        limits.extend(limit.map(|limit| (entry.key.clone(), limit)));
    }
    limits
}
