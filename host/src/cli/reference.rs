//! Pages of `docs/` that are made from the code, so that they cannot be wrong: `cli.md`, `exit-codes.md` and
//! `json-output.md`. A test compares them with the files.

use std::fmt::Write as _;

use clap::CommandFactory as _;
use serde_json::Value;
use windlass_api::facts::Fact;
use windlass_foundation::explain::ExitCode;

use super::arguments::Arguments;

/// Said at the top of each page.
const MADE: &str = "<!-- Made from the code by `UPDATE_DOCS=1 cargo test -p windlass-tests docs::`. -->";

/// `docs/cli.md`: the help of every command.
#[must_use]
pub fn commands() -> String {
    let mut page = format!("{MADE}\n\n# The command line\n");
    let mut command = Arguments::command().term_width(100).max_term_width(100);
    command.build();
    help(&mut page, &mut command, "windlass");
    page
}

/// The help of a command and of its own commands.
fn help(page: &mut String, command: &mut clap::Command, name: &str) {
    let text = command.clone().bin_name(name).render_help().to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    // Writing to a string does not fail.
    let _ = write!(page, "\n## `{name}`\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
    for inner in command.get_subcommands_mut().filter(|inner| !inner.is_hide_set()) {
        let name = format!("{name} {}", inner.get_name());
        help(page, inner, &name);
    }
}

/// The text of `docs/exit-codes.md`.
#[must_use]
pub fn exit_codes() -> String {
    let mut page = format!(
        "{MADE}\n\n# Exit codes\n\nThe numbers are an API: they never change their meaning. Scripts may rely on them; \
         more may be added.\n\n| code | name | meaning |\n| --- | --- | --- |\n"
    );
    for code in ExitCode::ALL {
        let _ = writeln!(page, "| {} | {} | {} |", code.number(), code.word(), code.meaning());
    }
    page
}

/// The text of `docs/json-output.md`.
#[must_use]
pub fn json_output() -> String {
    let schema = schemars::schema_for!(Fact).to_value();
    let mut page = format!(
        "{MADE}\n\n# What `--json` prints\n\nOne JSON object per line on standard output, each with a `type`. The \
         terminal shows the same facts. Fields and types may be added; none is removed, renamed or given another \
         meaning within a major version, so ignore what you do not know. Durations are in milliseconds, times are \
         RFC 3339 in UTC. Fields marked *optional* are left out when there is nothing to say.\n\n\
         Progress is printed while it happens; the answer follows; an `error` is always the last line, and the exit \
         code is the same with and without `--json`. `windlass schema json-output` prints the JSON Schema.\n"
    );
    for variant in schema.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
        let name = constant(variant, "type").unwrap_or_default();
        let description = text(variant, "description");
        let _ = write!(page, "\n## `{name}`\n\n{description}\n");
        let body = resolve(&schema, variant);
        fields(&mut page, &schema, body, "type");
        if let Some(events) = body.get("oneOf").and_then(Value::as_array) {
            for event in events {
                let name = constant(event, "event").unwrap_or_default();
                let _ = write!(page, "\n### `\"event\": \"{name}\"`\n\n{}\n", text(event, "description"));
                fields(&mut page, &schema, event, "event");
            }
        }
    }
    objects(&mut page, &schema);
    page
}

/// What a schema refers to, or itself.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema.get("$ref").and_then(Value::as_str);
    reference.and_then(|reference| root.pointer(reference.trim_start_matches('#'))).unwrap_or(schema)
}

/// A table of an object's fields, without the one that only names it.
fn fields(page: &mut String, root: &Value, object: &Value, tag: &str) {
    let required: Vec<&str> =
        object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let properties: Vec<(&String, &Value)> = object
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != tag)
        .collect();
    if properties.is_empty() {
        return;
    }
    page.push_str("\n| field | type | meaning |\n| --- | --- | --- |\n");
    for (name, field) in properties {
        let optional = if required.contains(&name.as_str()) { "" } else { ", *optional*" };
        let meaning = text(field, "description");
        let meaning = if meaning.is_empty() { text(resolve(root, field), "description") } else { meaning };
        let _ = writeln!(page, "| `{name}` | {}{optional} | {meaning} |", kind(field));
    }
}

/// The objects that lines hold, once each.
fn objects(page: &mut String, root: &Value) {
    let Some(definitions) = root.get("$defs").and_then(Value::as_object) else { return };
    let used = root.to_string();
    let top: Vec<&Value> = root
        .get("oneOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|variant| variant.get("$ref"))
        .collect();
    page.push_str("\n## Objects inside of lines\n");
    let mut names: Vec<&String> = definitions.keys().collect();
    names.sort();
    for name in names {
        let reference = format!("#/$defs/{name}");
        let definition = &definitions[name];
        let is_line = top.iter().any(|line| **line == reference);
        if is_line || !used.contains(&reference) {
            continue;
        }
        let _ = write!(page, "\n### {}\n\n{}\n", plain(name), text(definition, "description"));
        fields(page, root, definition, "");
        let words: Vec<(&str, String)> = definition
            .get("oneOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|word| Some((word.get("const")?.as_str()?, text(word, "description"))))
            .collect();
        if !words.is_empty() {
            page.push_str("\n| word | meaning |\n| --- | --- |\n");
            for (word, meaning) in words {
                let _ = writeln!(page, "| `{word}` | {meaning} |");
            }
        }
    }
}

/// `string`, `list of step`, `release`.
fn kind(field: &Value) -> String {
    if let Some(reference) = field.get("$ref").and_then(Value::as_str) {
        return plain(reference.rsplit('/').next().unwrap_or(reference));
    }
    if let Some(choices) = field.get("anyOf").and_then(Value::as_array) {
        let kinds: Vec<String> = choices.iter().map(kind).filter(|kind| kind != "null").collect();
        return kinds.join(" or ");
    }
    let name = |kind: &str| match kind {
        "array" => format!("list of {}", field.get("items").map(self::kind).unwrap_or_default()),
        "object" => match field.get("additionalProperties") {
            Some(values @ Value::Object(_)) => format!("object of {}", self::kind(values)),
            _ => "object".to_owned(),
        },
        other => other.to_owned(),
    };
    match field.get("type") {
        Some(Value::String(kind)) => name(kind),
        Some(Value::Array(kinds)) => {
            let kinds: Vec<String> =
                kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").map(name).collect();
            kinds.join(" or ")
        }
        _ => "any".to_owned(),
    }
}

/// The name of a Rust type as a word: `ReleaseFact` is `release`.
fn plain(name: &str) -> String {
    let mut word = String::new();
    for character in name.trim_end_matches("Fact").chars() {
        if character.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(character.to_ascii_lowercase());
    }
    word
}

/// A text of a schema in one line.
fn text(schema: &Value, name: &str) -> String {
    let text = schema.get(name).and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// The only value that a field can have.
fn constant<'a>(schema: &'a Value, field: &str) -> Option<&'a str> {
    schema.get("properties")?.get(field)?.get("const")?.as_str()
}
