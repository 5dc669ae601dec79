//! Plugins for people: what they are, what they may reach, and what another version asks for besides.

use std::collections::BTreeMap;

use super::page::{Ink, Line, Page};
use super::table::Table;
use windlass_api::facts::{GrantFact, PluginDiffFact, PluginFact, RequestFact};
use windlass_foundation::words;

/// The answer of `plugin list`.
#[must_use]
pub fn list(facts: &[PluginFact]) -> Page {
    let mut page = Page::new();
    if facts.is_empty() {
        page.push(Line::plain("this binary carries no plugins, and none are installed"));
        return page;
    }
    let mut table = Table::headed(&["plugin", "version", "kind", "size", "digest", "from"]).right(3);
    for fact in facts {
        table.row(vec![
            Line::new().ink(Ink::Bold, &fact.name),
            Line::plain(&fact.version),
            Line::plain(&fact.kind),
            Line::plain(fact.size.map(words::size).unwrap_or_default()),
            Line::new().ink(Ink::Dim, words::digest(&fact.digest)),
            Line::new().ink(Ink::Dim, &fact.source),
        ]);
    }
    page.append(table.page(""));
    page
}

/// The answer of `plugin inspect`.
#[must_use]
pub fn inspect(fact: &PluginFact, width: usize) -> Page {
    let mut page = Page::new();
    page.push(
        Line::new()
            .ink(Ink::Bold, format!("{} {}", fact.name, fact.version))
            .text(format!(", a {} plugin for contract {}", fact.kind, fact.contract)),
    );
    let mut table = Table::new();
    table.row(vec![Line::new().ink(Ink::Dim, "digest"), Line::plain(&fact.digest)]);
    table.row(vec![Line::new().ink(Ink::Dim, "from"), Line::plain(&fact.source)]);
    if let Some(size) = fact.size {
        table.row(vec![Line::new().ink(Ink::Dim, "size"), Line::plain(words::size(size))]);
    }
    page.append(table.page("  "));
    if let Some(summary) = &fact.summary {
        page.gap();
        page.wrapped(Line::plain("  "), Ink::Plain, summary, width);
    }
    page.gap();
    page.push(Line::new().ink(Ink::Bold, "asks for"));
    if fact.asks.is_empty() {
        page.push(Line::plain("  nothing"));
    }
    for ask in &fact.asks {
        let (ink, said) = match (&ask.sentence, ask.granted) {
            (Some(sentence), Some(true)) => (Ink::Good, sentence.clone()),
            (Some(sentence), _) => (Ink::Plain, sentence.clone()),
            (None, _) => (Ink::Plain, format!("{}: {}", ask.capability, ask.reason)),
        };
        page.wrapped(Line::plain("  ").ink(ink, "- "), Ink::Plain, &said, width);
    }
    if let Some(rebuilt) = &fact.rebuilt {
        page.wrapped(Line::plain("  ").ink(Ink::Warn, "! "), Ink::Plain, rebuilt, width);
    }
    if let Some(schema) = &fact.schema {
        page.gap();
        page.push(Line::new().ink(Ink::Bold, "configuration (`with`)"));
        page.append(fields(schema, width));
    }
    if let Some(example) = &fact.example {
        page.gap();
        page.push(Line::new().ink(Ink::Bold, "in a release file"));
        page.block("  ", Ink::Plain, example);
    }
    page
}

/// The fields of a configuration's JSON Schema, each with what it means.
fn fields(schema: &serde_json::Value, width: usize) -> Page {
    use serde_json::Value;
    let mut page = Page::new();
    let fields = schema.get("properties").and_then(Value::as_object).filter(|fields| !fields.is_empty());
    let Some(properties) = fields else {
        page.push(Line::plain("  none"));
        return page;
    };
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, field) in properties {
        let kind = match field.get("type") {
            Some(Value::String(kind)) => kind.clone(),
            Some(Value::Array(kinds)) => {
                kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect::<Vec<_>>().join(" or ")
            }
            _ => "any".to_owned(),
        };
        let note = match field.get("default") {
            _ if required.contains(&name.as_str()) => ", required".to_owned(),
            Some(Value::Null) | None => String::new(),
            Some(default) => format!(", default {default}"),
        };
        page.push(Line::plain("  ").ink(Ink::Accent, name).ink(Ink::Dim, format!("  {kind}{note}")));
        if let Some(description) = field.get("description").and_then(Value::as_str) {
            page.wrapped(Line::plain("      "), Ink::Plain, description, width);
        }
    }
    page
}

/// The answer of `plugin grants`.
#[must_use]
pub fn grants(facts: &[GrantFact], width: usize) -> Page {
    let mut page = Page::new();
    if facts.is_empty() {
        page.push(Line::plain("the plugins of this application ask for nothing"));
        return page;
    }
    for plugin in facts.chunk_by(|one, other| one.usage == other.usage) {
        for fact in plugin.iter().take(1) {
            page.push(Line::new().ink(Ink::Bold, &fact.plugin).text(format!(", used as {}", fact.usage)));
        }
        for fact in plugin {
            let (ink, granted) = if fact.granted { (Ink::Good, "yes") } else { (Ink::Bad, "no ") };
            page.wrapped(Line::plain("  ").ink(ink, granted).text("  "), Ink::Plain, &fact.sentence, width);
            if let Some(unmet) = &fact.unmet {
                page.wrapped(Line::plain("  ").ink(Ink::Warn, "but").text("  "), Ink::Plain, unmet, width);
            }
        }
    }
    let rebuilt: BTreeMap<&str, &str> =
        facts.iter().filter_map(|fact| Some((fact.rebuilt.as_deref()?, fact.lines.as_deref()?))).collect();
    for (sentence, lines) in &rebuilt {
        page.gap();
        page.wrapped(Line::new().ink(Ink::Accent, "hint:").text(" "), Ink::Plain, sentence, width);
        let change = "if you trust what it is now, the line in its `[[grants]]` of agent.toml becomes:";
        page.wrapped(Line::plain("      "), Ink::Plain, change, width);
        page.gap();
        page.block("    ", Ink::Plain, lines);
    }
    let rest = facts.iter().filter(|fact| fact.rebuilt.is_none());
    let missing = joined(rest.filter_map(|fact| fact.lines.as_deref()));
    if !missing.is_empty() {
        page.gap();
        page.push(Line::new().ink(Ink::Accent, "hint:").text(" the operator can allow the rest in agent.toml:"));
        for lines in missing {
            page.gap();
            page.block("    ", Ink::Plain, &lines);
        }
    }
    page
}

/// Blocks of lines, those that follow one another and differ in their last line alone as one. A key is once in a block.
fn joined<'a>(blocks: impl Iterator<Item = &'a str>) -> Vec<String> {
    let parts =
        |block: &'a str| block.trim_end().rsplit_once('\n').filter(|(_, last)| !last.starts_with("applications"));
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    for block in blocks {
        let (head, last) = parts(block).unwrap_or((block.trim_end(), ""));
        let key = |line: &str| line.split(" = ").next().unwrap_or_default().to_owned();
        match all.last_mut() {
            Some((same, lines)) if *same == head && lines.contains(&last) => {}
            Some((same, lines)) if *same == head && !lines.iter().any(|line| key(line) == key(last)) => {
                lines.push(last);
            }
            _ => all.push((head, vec![last])),
        }
    }
    all.into_iter().map(|(head, lines)| format!("{head}\n{}", lines.join("\n"))).collect()
}

/// The answer of `plugin inspect --diff`.
#[must_use]
pub fn diff(fact: &PluginDiffFact, width: usize) -> Page {
    let (old, new) = (&fact.old, &fact.new);
    let mut page = Page::new();
    let both = |old: &str, new: &str| if old == new { new.to_owned() } else { format!("{old} -> {new}") };
    page.push(Line::new().ink(Ink::Bold, both(&old.name, &new.name)));
    let mut table = Table::new();
    for (what, old, new) in [
        ("version", &old.version, &new.version),
        ("kind", &old.kind, &new.kind),
        ("contract", &old.contract, &new.contract),
        ("digest", &words::digest(&old.digest), &words::digest(&new.digest)),
        ("from", &words::reference(&old.source), &words::reference(&new.source)),
    ] {
        let ink = if old == new { Ink::Plain } else { Ink::Warn };
        table.row(vec![Line::new().ink(Ink::Dim, what), Line::new().ink(ink, both(old, new))]);
    }
    page.append(table.page("  "));
    page.gap();
    page.push(if fact.asks_for_more {
        Line::new().ink(Ink::Warn, "asks for more").text(" than before")
    } else {
        Line::plain("asks for nothing more than before")
    });
    let asks = |page: &mut Page, sign: (Ink, &str), asks: &[RequestFact]| {
        for ask in asks {
            let because = if ask.reason.is_empty() { String::new() } else { format!(": {}", ask.reason) };
            let said = format!("{} ({}){because}", ask.words, ask.capability);
            page.wrapped(Line::plain("  ").ink(sign.0, sign.1).text(" "), Ink::Plain, &said, width);
        }
    };
    asks(&mut page, (Ink::Warn, "+"), &fact.added);
    asks(&mut page, (Ink::Dim, "-"), &fact.removed);
    for reason in &fact.reasons {
        let said = format!("{}: \"{}\" was \"{}\"", reason.capability, reason.new, reason.old);
        page.wrapped(Line::plain("  ").ink(Ink::Warn, "~").text(" "), Ink::Plain, &said, width);
    }
    page.gap();
    page.push(Line::new().ink(Ink::Bold, "configuration (`with`)"));
    let keys = &fact.keys;
    let told = [
        ("+", &keys.added),
        ("-", &keys.removed),
        ("needs", &keys.required),
        ("needs no more", &keys.no_longer_required),
    ];
    if told.iter().all(|(_, keys)| keys.is_empty()) {
        page.push(Line::plain("  the same keys"));
    }
    for (sign, keys) in told.into_iter().filter(|(_, keys)| !keys.is_empty()) {
        page.wrapped(Line::plain("  ").ink(Ink::Accent, sign).text(" "), Ink::Plain, &keys.join(", "), width);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_granted_comes_with_the_lines_to_add() {
        let fact = |granted: bool, sentence: &str, lines: Option<&str>, rebuilt: Option<&str>| GrantFact {
            plugin: "check-readiness".to_owned(),
            usage: "checks.readiness".to_owned(),
            capability: "docker-read".to_owned(),
            reason: "to see the engine's disk".to_owned(),
            granted,
            sentence: sentence.to_owned(),
            reach: Vec::new(),
            unmet: None,
            rebuilt: rebuilt.map(str::to_owned),
            lines: lines.map(str::to_owned),
        };
        let facts = [
            fact(true, "may keep values of its own between calls", None, None),
            fact(
                false,
                "asks to look at the application's containers: to see the engine's disk; not granted to it for this application",
                Some("[[grants]]\nplugin = \"check-readiness\"\ndocker-read = true\n"),
                None,
            ),
            fact(
                false,
                "asks to send HTTP requests; not granted to it for this application",
                Some("digest = \"sha256:def\"\n"),
                Some("`check-readiness` is granted for digest sha256:abc; this file is sha256:def: was it rebuilt?"),
            ),
        ];
        insta::assert_snapshot!(grants(&facts, 90).render(false), @r#"
        check-readiness, used as checks.readiness
          yes  may keep values of its own between calls
          no   asks to look at the application's containers: to see the engine's disk; not granted
               to it for this application
          no   asks to send HTTP requests; not granted to it for this application

        hint: `check-readiness` is granted for digest sha256:abc; this file is sha256:def: was it
              rebuilt?
              if you trust what it is now, the line in its `[[grants]]` of agent.toml becomes:

            digest = "sha256:def"

        hint: the operator can allow the rest in agent.toml:

            [[grants]]
            plugin = "check-readiness"
            docker-read = true
        "#);
    }
}
