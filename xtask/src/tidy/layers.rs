//! The layers of the agent: each module of `host/src` uses modules of its own layer and of those below, and no others.
//!
//! What a module uses is read from its `crate::` paths, comments and unit tests left out.

use std::collections::BTreeSet;

/// From the ground up. Within a layer, modules may use each other.
const LAYERS: &[&[&str]] = &[
    // What an error says, names, time, files, and other plain things.
    &[
        "account",
        "addresses",
        "blocking",
        "canonical",
        "clock",
        "explain",
        "hooks",
        "identity",
        "names",
        "private",
        "process",
        "progress",
        "redact",
        "regular",
        "signature",
    ],
    // What happened, on disk.
    &["journal"],
    // The flow of a deployment. It knows no file of a team, no plugin and no engine; `agent` brings them.
    &["deployment"],
    // What the operator decided.
    &["config"],
    // What a team wrote, and registries.
    &["release"],
    // What plugins may reach, Docker among it.
    &["capability"],
    // The sandbox.
    &["plugin"],
    // The flow with everything that it needs; what starts it from outside; what is proposed to begin with.
    &["agent", "init", "trigger"],
    // The printer.
    &["report"],
    // The commands.
    &["cli"],
];

/// What is outside of the layers: the entries of the program and of the fuzzer.
const ENTRIES: &[&str] = &["fuzzing", "lib", "main"];

/// What is wrong with a file at that path below `host/src`, whose code has been stripped of comments and tests.
pub(super) fn wrong(path: &str, code: &str) -> Vec<String> {
    let module = path.split(['/', '.']).next().unwrap_or_default();
    if ENTRIES.contains(&module) || path.contains("fuzzing") {
        return Vec::new();
    }
    let layer = |name: &str| LAYERS.iter().position(|layer| layer.contains(&name));
    let Some(own) = layer(module) else { return vec![format!("`{module}` has no place in the layers")] };
    let is_above = |name: &&str| layer(name).is_none_or(|layer| layer > own);
    let above = used(code);
    let above = above.iter().map(String::as_str).filter(is_above);
    above.map(|name| format!("uses `crate::{name}`, which is above `{module}`")).collect()
}

/// The first part of every `crate::` path.
fn used(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, rest) in code.match_indices("crate::").map(|(at, word)| (at, &code[at + word.len()..])) {
        match rest.strip_prefix('{') {
            Some(list) => names.extend(items(list)),
            None => names.extend(first(rest)),
        }
    }
    names
}

/// The first parts of a list in braces, whose own braces are passed over.
fn items(list: &str) -> Vec<String> {
    let mut depth = 1_usize;
    let mut names = Vec::new();
    let mut begins = true;
    for (at, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => begins = true,
            letter if begins && !letter.is_whitespace() => {
                names.extend(first(&list[at..]));
                begins = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

fn first(path: &str) -> Option<String> {
    let name: String = path.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '_').collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_above_is_named() {
        let code =
            "use crate::explain::Explain;\nuse crate::{clock, report::{self, page}};\nlet x = crate::cli::run();";
        assert_eq!(
            wrong("journal/store.rs", code),
            ["uses `crate::cli`, which is above `journal`", "uses `crate::report`, which is above `journal`"]
        );
        assert_eq!(wrong("cli.rs", code), [""; 0]);
        assert_eq!(wrong("new/idea.rs", code), ["`new` has no place in the layers"]);
    }
}
