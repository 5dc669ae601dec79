//! From YAML events to the tree, within limits.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::brackets::{self, Failed, Moved};
use super::{Entry, Mapping, Node, Resolved, Scalar, Value};
use crate::{Limits, Position, Problem};

/// The documents of a file; an empty one is null.
pub(crate) fn parse(text: &str, file: &Arc<str>, limits: &Limits) -> Result<Vec<Node>, Problem> {
    if text.len() > limits.file_bytes {
        return Err(Problem::at(
            &Position::start(file),
            format!("the file has {} bytes; at most {} are read", text.len(), limits.file_bytes),
        ));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    brackets::parse(text, |text, moved| attempt(text, file, limits, moved))
}

/// Reads the text once. Lines that were moved are told where they were.
fn attempt(text: &str, file: &Arc<str>, limits: &Limits, moved: &mut Moved) -> Result<Vec<Node>, Failed> {
    let mut builder = Builder {
        file,
        limits,
        moved,
        open: Vec::new(),
        anchors: HashMap::new(),
        weight: Weight::default(),
        documents: Vec::new(),
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let (line, column) = (error.marker().line(), error.marker().col());
            let at = builder.position(line, column);
            let problem = Problem::at(&at, format!("not valid YAML: {}", error.info()));
            if error.info() == INDENTATION {
                Failed::Indentation { line, column, problem }
            } else {
                Failed::For(problem)
            }
        })?;
        builder.event(event, span).map_err(Failed::For)?;
    }
    Ok(builder.documents)
}

/// What the scanner says about a line that is as far left as what it belongs to.
const INDENTATION: &str = "invalid indentation";

/// What a tree costs, so that a few aliases cannot stand for a million nodes.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    nodes: usize,
    bytes: usize,
}

/// A sequence or mapping whose end has not come yet.
struct Open {
    content: Content,
    anchor: usize,
    tag: Option<String>,
    position: Position,
    before: Weight,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, keys: HashSet<String>, key: Option<(Key, Position)>, merged: Vec<Node> },
}

enum Key {
    Merge,
    Name(String),
}

struct Builder<'a> {
    file: &'a Arc<str>,
    limits: &'a Limits,
    moved: &'a mut Moved,
    open: Vec<Open>,
    /// Complete anchored nodes by the parser's number, with what each costs.
    anchors: HashMap<usize, (Node, Weight)>,
    weight: Weight,
    documents: Vec<Node>,
}

impl Builder<'_> {
    /// Where something is in the file as it was given.
    fn position(&self, line: usize, column: usize) -> Position {
        let column = column.saturating_sub(self.moved.of(line)).saturating_add(1);
        Position { file: Arc::clone(self.file), line: line.max(1), column }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        if matches!(event, Event::SequenceEnd | Event::MappingEnd) {
            self.moved.ends(span.start.line(), span.start.col());
        }
        let position = self.position(span.start.line(), span.start.col());
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), position),
            Event::Alias(anchor) => self.alias(anchor, &position),
            Event::SequenceStart(anchor, tag) => {
                self.start(Content::Sequence(Vec::new()), anchor, tag.as_deref(), position)
            }
            Event::MappingStart(anchor, tag) => {
                let content =
                    Content::Mapping { entries: Vec::new(), keys: HashSet::new(), key: None, merged: Vec::new() };
                self.start(content, anchor, tag.as_deref(), position)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::DocumentStart(_) => {
                self.anchors.clear();
                Ok(())
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn spend(&mut self, cost: Weight, position: &Position) -> Result<(), Problem> {
        self.weight.nodes = self.weight.nodes.saturating_add(cost.nodes);
        self.weight.bytes = self.weight.bytes.saturating_add(cost.bytes);
        if self.weight.nodes > self.limits.nodes {
            return Err(Problem::at(
                position,
                format!("more than {} values, aliases expanded; is this an alias bomb?", self.limits.nodes),
            ));
        }
        if self.weight.bytes > self.limits.expanded_bytes {
            return Err(Problem::at(
                position,
                format!("more than {} bytes of text, aliases expanded", self.limits.expanded_bytes),
            ));
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        position: Position,
    ) -> Result<(), Problem> {
        if text.len() > self.limits.scalar_bytes {
            return Err(Problem::at(
                &position,
                format!("a text of {} bytes; at most {} are allowed", text.len(), self.limits.scalar_bytes),
            ));
        }
        let cost = Weight { nodes: 1, bytes: text.len() };
        self.spend(cost, &position)?;
        let scalar = tagged(text, style == ScalarStyle::Plain, tag)
            .ok_or_else(|| Problem::at(&position, cannot_be(text, tag)))?;
        if scalar.is_no_number() {
            return Err(Problem::at(&position, format!("Compose cannot write the number `{text}`"))
                .hint("put it in quotes if it is meant as a text"));
        }
        if anchor == 0
            && let Some(Content::Mapping { key: key @ None, keys, merged, .. }) =
                self.open.last_mut().map(|open| &mut open.content)
        {
            *key = Some((name(&scalar, &position, keys, merged)?, position));
            return Ok(());
        }
        let node = Node { tag: own_tag(tag), ..Node::new(Value::Scalar(scalar), position) };
        self.complete(node, anchor, cost)
    }

    fn alias(&mut self, anchor: usize, position: &Position) -> Result<(), Problem> {
        let Some((node, cost)) = self.anchors.get(&anchor).cloned() else {
            return Err(Problem::at(position, "an alias inside the very value that it stands for"));
        };
        if self.open.len() + depth(&node) > self.limits.depth {
            return Err(self.too_deep(position));
        }
        self.spend(cost, position)?;
        self.complete(node, 0, cost)
    }

    fn too_deep(&self, position: &Position) -> Problem {
        Problem::at(position, format!("nested deeper than {} levels", self.limits.depth))
    }

    fn start(&mut self, content: Content, anchor: usize, tag: Option<&Tag>, position: Position) -> Result<(), Problem> {
        if self.open.len() >= self.limits.depth {
            return Err(self.too_deep(&position));
        }
        if let Some(Content::Mapping { key: None, .. }) = self.open.last().map(|open| &open.content) {
            return Err(Problem::at(&position, "a key must be a text, not a list or a mapping"));
        }
        let before = self.weight;
        self.spend(Weight { nodes: 1, bytes: 0 }, &position)?;
        self.open.push(Open { content, anchor, tag: own_tag(tag), position, before });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Problem> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let cost = Weight {
            nodes: self.weight.nodes.saturating_sub(open.before.nodes),
            bytes: self.weight.bytes.saturating_sub(open.before.bytes),
        };
        let value = match open.content {
            Content::Sequence(items) => Value::Sequence(items),
            Content::Mapping { mut entries, mut keys, merged, .. } => {
                for node in merged {
                    merge(node, &mut entries, &mut keys)?;
                }
                Value::Mapping(Mapping { entries, listed: false })
            }
        };
        self.complete(Node { tag: open.tag, ..Node::new(value, open.position) }, open.anchor, cost)
    }

    fn complete(&mut self, node: Node, anchor: usize, cost: Weight) -> Result<(), Problem> {
        if anchor != 0 {
            // The kept copy costs memory like any other node.
            self.spend(cost, &node.position)?;
            let mut kept = node.clone();
            kept.forget_resets();
            self.anchors.insert(anchor, (kept, cost));
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.documents.push(node),
            Some(Content::Sequence(items)) => items.push(node),
            Some(Content::Mapping { entries, keys, key, merged }) => match (key.take(), &node.value) {
                (Some((Key::Merge, _)), _) => merged.push(node),
                (Some((Key::Name(name), position)), _) => entries.push(Entry { key: name, position, value: node }),
                // An anchored or aliased key.
                (None, Value::Scalar(scalar)) => {
                    *key = Some((name(scalar, &node.position, keys, merged)?, node.position));
                }
                (None, _) => return Err(Problem::at(&node.position, "a key must be a text, not a list or a mapping")),
            },
        }
        Ok(())
    }
}

/// The name of a key. Names are texts: Compose refuses `1:` and `true:`.
fn name(scalar: &Scalar, position: &Position, keys: &mut HashSet<String>, merged: &[Node]) -> Result<Key, Problem> {
    let text = scalar.written();
    if scalar.is_plain() && text == "<<" {
        if !merged.is_empty() {
            return Err(Problem::at(position, "the key `<<` is there twice").hint("write `<<: [*one, *other]`"));
        }
        return Ok(Key::Merge);
    }
    if !scalar.is_text() {
        return Err(Problem::at(position, format!("the key `{}` is not a text", shortened(text)))
            .hint(format!("write `\"{}\":`", shortened(text))));
    }
    if !keys.insert(text.to_owned()) {
        return Err(Problem::at(position, format!("the key `{}` is there twice", shortened(text))));
    }
    Ok(Key::Name(text.to_owned()))
}

/// A scalar as its tag wants it; none where it cannot be that. With a tag that is not YAML's own it is a text, as to
/// Docker Compose: `!override null` is a word of four letters.
fn tagged(text: &str, plain: bool, tag: Option<&Tag>) -> Option<Scalar> {
    let Some(tag) = tag.filter(|tag| tag.is_yaml_core_schema()) else {
        let is_text = tag.is_some_and(|tag| !matches!(tag.suffix.as_str(), "" | "!" | "reset"));
        return Some(if is_text { Scalar::text(text) } else { Scalar::new(text, plain) });
    };
    let scalar = Scalar::new(text, true);
    let fits = match (tag.suffix.as_str(), scalar.resolve()) {
        ("int", Resolved::Integer(_))
        | ("float", Resolved::Integer(_) | Resolved::Float(_))
        | ("bool", Resolved::Boolean(_))
        | ("null", Resolved::Null) => true,
        ("timestamp", _) => !scalar.is_text(),
        ("int" | "float" | "bool" | "null" | "binary" | "merge" | "seq" | "map", _) => false,
        // `!!str`, and what is none of YAML's own either.
        _ => return Some(Scalar::text(text)),
    };
    fits.then_some(scalar)
}

fn cannot_be(text: &str, tag: Option<&Tag>) -> String {
    let tag = tag.map_or("", |tag| tag.suffix.as_str());
    format!("`{}` cannot be read as `!!{}`", shortened(text), shortened(tag))
}

/// Adds what a merge key brings; what the mapping says itself, and what came earlier, wins.
fn merge(node: Node, entries: &mut Vec<Entry>, keys: &mut HashSet<String>) -> Result<(), Problem> {
    match node.value {
        Value::Mapping(mapping) => {
            for entry in mapping.entries {
                if keys.insert(entry.key.clone()) {
                    entries.push(entry);
                }
            }
            Ok(())
        }
        Value::Sequence(items) => items.into_iter().try_for_each(|item| match item.value {
            Value::Mapping(_) => merge(item, entries, keys),
            _ => Err(Problem::at(&item.position, "`<<` merges mappings; this is not one")),
        }),
        Value::Scalar(_) => Err(Problem::at(&node.position, "`<<` merges a mapping or a list of mappings")),
    }
}

/// Tags of YAML's own schema say what the node is anyway.
fn own_tag(tag: Option<&Tag>) -> Option<String> {
    tag.filter(|tag| !tag.is_yaml_core_schema() && !tag.suffix.is_empty()).map(|tag| tag.suffix.clone())
}

fn depth(node: &Node) -> usize {
    match &node.value {
        Value::Scalar(_) => 0,
        Value::Sequence(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Mapping(mapping) => 1 + mapping.entries.iter().map(|entry| depth(&entry.value)).max().unwrap_or(0),
    }
}

/// At most 60 characters, for an error.
fn shortened(text: &str) -> String {
    if text.chars().count() <= 60 {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(60).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Node>, Problem> {
        parse(text, &Arc::from("compose.yaml"), &Limits::default())
    }

    fn plain(node: &Node) -> String {
        match &node.value {
            Value::Scalar(scalar) => scalar.to_text(),
            Value::Sequence(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(",")),
            Value::Mapping(mapping) => {
                let entries: Vec<_> =
                    mapping.entries.iter().map(|entry| format!("{}:{}", entry.key, plain(&entry.value))).collect();
                format!("{{{}}}", entries.join(","))
            }
        }
    }

    #[test]
    fn trees_are_read() {
        let table = [
            ("a: 1\nb: [x, 'y']\n", "{a:1,b:[x,y]}"),
            ("a: &x {k: v}\nb: *x\n", "{a:{k:v},b:{k:v}}"),
            ("d: &d {k: v, l: w}\na:\n  <<: *d\n  k: mine\n", "{d:{k:v,l:w},a:{k:mine,l:w}}"),
            ("d: &d {k: 1}\ne: &e {k: 2, m: 3}\na: {<<: [*d, *e]}\n", "{d:{k:1},e:{k:2,m:3},a:{k:1,m:3}}"),
            ("a: {\"<<\": x}\n", "{a:{<<:x}}"),
            ("&k key: *k\n", "{key:key}"),
            ("", ""),
            ("a: !!str 80\n", "{a:80}"),
            ("a: !!int \"80\"\nb: !!null ''\nc: !!float 1\n", "{a:80,b:,c:1}"),
            ("\"1\": x\n", "{1:x}"),
            ("\u{feff}a: 1\n", "{a:1}"),
        ];
        for (text, expected) in table {
            let documents = read(text).map(|documents| documents.iter().map(plain).collect::<Vec<_>>().join("|"));
            assert_eq!(documents.as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn positions_and_tags_are_kept() {
        let documents = read("services:\n  web:\n    ports: !override [80]\n").unwrap();
        let web = documents[0].as_mapping().unwrap().get("services").unwrap().as_mapping().unwrap().get("web").unwrap();
        let ports = web.as_mapping().unwrap().get("ports").unwrap();
        assert_eq!(ports.tag.as_deref(), Some("override"));
        assert_eq!(ports.position.line, 3);
        let entry = &web.as_mapping().unwrap().entries[0];
        assert_eq!(entry.position.to_string(), "compose.yaml:3:5");
    }

    #[test]
    fn hostile_and_broken_texts_end_in_an_error_that_says_why() {
        let mut bomb = String::from("a: &a [x,x,x,x,x,x,x,x,x]\n");
        for (previous, next) in "abcdefgh".chars().zip("bcdefghi".chars()) {
            let aliases = vec![format!("*{previous}"); 9].join(",");
            bomb = format!("{bomb}{next}: &{next} [{aliases}]\n");
        }
        let table: Vec<(String, &str)> = vec![
            (bomb, "alias bomb"),
            (format!("a: {}{}", "[".repeat(100), "]".repeat(100)), "nested deeper than 64 levels"),
            (format!("a: {}{}", "[".repeat(10_000), "]".repeat(10_000)), "recursion limit exceeded"),
            (format!("{}x", "- ".repeat(10_000)), "nested deeper than 64 levels"),
            (format!("a: {}", "x".repeat(10 << 20)), "the file has 10485763 bytes"),
            (format!("a: {}", "x".repeat(300 << 10)), "a text of 307200 bytes"),
            ("a: 1\na: 2\n".to_owned(), "compose.yaml:2:1: the key `a` is there twice"),
            ("a: &a [*a]\n".to_owned(), "inside the very value"),
            ("[a]: 1\n".to_owned(), "a key must be a text"),
            ("a: {<<: 5}\n".to_owned(), "`<<` merges"),
            ("a: {<<: {b: 1}, <<: {c: 1}}\n".to_owned(), "the key `<<` is there twice"),
            ("a: {1: x}\n".to_owned(), "compose.yaml:1:5: the key `1` is not a text"),
            ("a: [.inf]\n".to_owned(), "compose.yaml:1:5: Compose cannot write the number `.inf`"),
            ("true: x\n".to_owned(), "the key `true` is not a text"),
            ("a: !!bool yes\n".to_owned(), "`yes` cannot be read as `!!bool`"),
            ("a: !!binary aGk=\n".to_owned(), "`aGk=` cannot be read as `!!binary`"),
            ("a: *nothing\n".to_owned(), "not valid YAML"),
            ("a: [1\n".to_owned(), "not valid YAML"),
        ];
        for (text, expected) in table {
            let problem = read(&text).unwrap_err().to_string();
            assert!(problem.contains(expected), "{problem}");
        }
    }
}
