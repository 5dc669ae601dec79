//! Several files as one: what a later file says goes over what an earlier one said.
//!
//! The rules are those of the Compose specification, section "Merge and override", as Docker Compose applies them:
//! mappings are merged, lists are appended, texts are replaced, and some elements have rules of their own, which
//! [`place`] lists. `!reset` removes a value of an earlier file, `!override` replaces it whole. An extended service
//! and the one that extends it are merged in the same way.

mod forms;
mod place;
mod subnets;
mod unique;

pub(crate) use forms::normalise;

use std::collections::{HashMap, HashSet};

use self::place::{Place, Rule};
use self::unique::unique;
use crate::Problem;
use crate::yaml::{Entry, Mapping, Node, Value};

/// A file with a thousand unknown tags is told about some.
const MOST_WARNINGS: usize = 50;

/// Whose values are put over whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A later file over an earlier one.
    Files,
    /// A later document over an earlier one of a file whose services are extended. Marks stay, because they are meant
    /// for what these services extend themselves.
    Documents,
    /// A service over the one that it extends. Marks stay, because they are meant for earlier files too.
    Extends,
}

/// Puts `over` on top of `base`. Both are normalised. What has no effect is told in `warnings`.
pub(crate) fn merge(base: &mut Node, over: Node, mode: Mode, warnings: &mut Vec<String>) -> Result<(), Problem> {
    Merge { mode, warnings }.at(base, over, Place::root(mode), &Path::TOP)
}

/// Marks that have done their work are taken away, with what they remove. Other tags mean nothing to Compose.
pub(crate) fn clear_marks(node: &mut Node, warnings: &mut Vec<String>) {
    match node.tag.take().as_deref() {
        None | Some("override" | "reset") => {}
        Some(other) => warn(warnings, || format!("the tag `!{other}` at {} means nothing to Compose", node.position)),
    }
    match &mut node.value {
        Value::Sequence(items) => {
            items.retain(|item| item.tag.as_deref() != Some("reset"));
            for item in items {
                clear_marks(item, warnings);
            }
        }
        Value::Mapping(mapping) => {
            mapping.entries.retain(|entry| entry.value.tag.as_deref() != Some("reset"));
            mapping.entries.iter_mut().for_each(|entry| clear_marks(&mut entry.value, warnings));
        }
        Value::Scalar(_) => {}
    }
}

fn warn(warnings: &mut Vec<String>, warning: impl FnOnce() -> String) {
    if warnings.len() < MOST_WARNINGS {
        warnings.push(warning());
    }
}

/// The way to a value, written only when an error needs it.
struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    key: &'a str,
}

impl Path<'_> {
    const TOP: Path<'static> = Path { parent: None, key: "" };
}

impl std::fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.parent {
            Some(parent) if parent.parent.is_some() => write!(formatter, "{parent}.{}", self.key),
            _ => formatter.write_str(self.key),
        }
    }
}

struct Merge<'a> {
    mode: Mode,
    warnings: &'a mut Vec<String>,
}

impl Merge<'_> {
    fn replace(&mut self, base: &mut Node, mut over: Node) {
        over.replaced(base);
        self.settle(&mut over);
        *base = over;
    }

    /// In the merged tree no marks are left.
    fn settle(&mut self, node: &mut Node) {
        if self.mode == Mode::Files {
            clear_marks(node, self.warnings);
        }
    }

    fn at(&mut self, base: &mut Node, mut over: Node, place: Place, path: &Path<'_>) -> Result<(), Problem> {
        let rule = place.rule();
        if over.tag.as_deref() == Some("override") || matches!(rule, Rule::Override | Rule::Value) {
            self.replace(base, over);
            return Ok(());
        }
        if over.is_null() {
            return Ok(());
        }
        if rule == Rule::Hosts {
            forms::hosts(base);
            forms::hosts(&mut over);
        }
        if rule == Rule::Gpus && matches!(over.value, Value::Sequence(_)) {
            forms::gpus(base);
        }
        match (&mut base.value, &mut over.value) {
            // `all` adds nothing to what is there, and Docker Compose refuses it.
            (_, Value::Scalar(_)) if rule == Rule::Gpus => return Err(collision(base, &over, path)),
            (Value::Mapping(ours), Value::Mapping(theirs)) => {
                if rule == Rule::Driver && drivers_differ(ours, theirs) {
                    self.replace(base, over);
                    return Ok(());
                }
                let theirs = std::mem::take(theirs);
                self.mappings(ours, theirs, place, path)?;
                ours.listed |= matches!(rule, Rule::KeyValues);
            }
            (Value::Sequence(ours), Value::Sequence(theirs)) => {
                let mut theirs = std::mem::take(theirs);
                theirs.retain(|item| item.tag.as_deref() != Some("reset"));
                for item in &mut theirs {
                    self.settle(item);
                }
                append(ours, theirs, rule)?;
                unique(base, rule);
            }
            (Value::Scalar(_), _) => self.replace(base, over),
            _ => return Err(collision(base, &over, path)),
        }
        Ok(())
    }

    fn mappings(&mut self, ours: &mut Mapping, theirs: Mapping, place: Place, path: &Path<'_>) -> Result<(), Problem> {
        // Looking up by going through is faster for the small mappings that most are.
        let mut places = (ours.entries.len() > 16).then(|| ours.places());
        let mut removed: HashSet<String> = HashSet::new();
        for entry in theirs.entries {
            let found = find(ours, places.as_ref(), &entry.key);
            let reset = entry.value.tag.as_deref() == Some("reset");
            let Some(existing) = found.and_then(|place| ours.entries.get_mut(place)) else {
                if !reset || self.mode != Mode::Files {
                    if let Some(places) = &mut places {
                        places.insert(entry.key.clone(), ours.entries.len());
                    }
                    let mut entry = entry;
                    self.settle(&mut entry.value);
                    ours.entries.push(entry);
                }
                continue;
            };
            if reset && ours.listed {
                let path = Path { parent: Some(path), key: &entry.key };
                warn(self.warnings, || {
                    format!(
                        "`!reset` of `{path}` at {} has no effect, as with Docker Compose, because {} writes a list",
                        entry.value.position, existing.position.file
                    )
                });
            } else if reset && self.mode != Mode::Files {
                *existing = entry;
            } else if reset {
                removed.insert(entry.key);
            } else {
                let next = place.child(&entry.key);
                self.at(&mut existing.value, entry.value, next, &Path { parent: Some(path), key: &entry.key })?;
            }
        }
        if !removed.is_empty() {
            ours.entries.retain(|entry| !removed.contains(&entry.key));
        }
        Ok(())
    }
}

fn collision(base: &Node, over: &Node, path: &Path<'_>) -> Problem {
    let message = format!("`{path}` is {} at {}, over which {} cannot go", base.kind(), base.position, over.kind());
    Problem::at(&over.position, message)
        .hint("write it in the same form as in the earlier file, or replace it whole with `!override`")
}

fn find(mapping: &Mapping, places: Option<&HashMap<String, usize>>, key: &str) -> Option<usize> {
    match places {
        Some(places) => places.get(key).copied(),
        None => mapping.entries.iter().position(|entry| entry.key == key),
    }
}

/// Appends a list, or merges it by what its items are about.
fn append(ours: &mut Vec<Node>, theirs: Vec<Node>, rule: Rule) -> Result<(), Problem> {
    match rule {
        Rule::Hosts => {
            let known: HashSet<String> = ours.iter().filter_map(Node::as_text).collect();
            ours.extend(theirs.into_iter().filter(|item| item.as_text().is_none_or(|text| !known.contains(&text))));
        }
        Rule::Subnets => *ours = subnets::merged(std::mem::take(ours), &theirs)?,
        _ => ours.extend(theirs),
    }
    Ok(())
}

fn drivers_differ(ours: &Mapping, theirs: &Mapping) -> bool {
    match (ours.get("driver").and_then(Node::as_text), theirs.get("driver").and_then(Node::as_text)) {
        (Some(ours), Some(theirs)) => ours != theirs,
        _ => false,
    }
}

/// Puts an entry into a mapping, over one of the same name.
fn put(mapping: &mut Mapping, places: &mut HashMap<String, usize>, entry: Entry) {
    if let Some(existing) = places.get(&entry.key).and_then(|place| mapping.entries.get_mut(*place)) {
        *existing = entry;
    } else {
        places.insert(entry.key.clone(), mapping.entries.len());
        mapping.entries.push(entry);
    }
}
