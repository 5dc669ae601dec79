//! What a command is given: the operator's arguments, with the plugin's put in where the operator allows it.
//!
//! An expression such as `.+` means a value. Where a plugin's value would become an argument that begins with `-`,
//! which programs read as an option, it must match an expression, or a branch of one, that itself begins with a
//! literal `-`. Behind an argument `--` of the operator's own there are no options, and any expression will do.

use std::collections::BTreeSet;

use windlass_documents::Failure;

use crate::capability::Scope;
use crate::capability::failure::failure;
use crate::config::Command;
use crate::config::document::printable;

/// Words in braces besides positions.
const WORDS: [&str; 3] = ["application", "environment", "deployment"];

/// A piece of an argument.
enum Piece<'a> {
    Text(&'a str),
    Position(usize),
    Word(&'a str),
}

/// The arguments to start the command with.
pub(super) fn build(name: &str, command: &Command, given: &[String], scope: &Scope) -> Result<Vec<String>, Failure> {
    if given.len() > command.allow_arguments.len() {
        let message = format!(
            "the command `{name}` takes at most {} arguments, not {}",
            command.allow_arguments.len(),
            given.len()
        );
        return Err(failure("invalid-argument", message));
    }
    for (position, (argument, pattern)) in given.iter().zip(&command.allow_arguments).enumerate() {
        if argument.contains('\0') || !pattern.is_match(argument) {
            let message = format!(
                "argument {} of the command `{name}` is {argument:?}, which the operator's `allow-arguments` does not match",
                position + 1
            );
            return Err(failure("capability-denied", printable(&message)));
        }
    }
    let mut used = BTreeSet::new();
    let mut arguments = Vec::new();
    let mut options = true;
    for template in &command.arguments {
        let mut argument = String::new();
        // The plugin's value that the argument begins with.
        let mut first = None;
        for piece in pieces(template).map_err(|why| failure("internal", why))? {
            match piece {
                Piece::Text(text) => argument.push_str(text),
                Piece::Word("application") => argument.push_str(&scope.application),
                Piece::Word("environment") => argument.push_str(&scope.environment),
                Piece::Word(_) => argument.push_str(&scope.deployment),
                Piece::Position(position) => {
                    used.insert(position);
                    let value = given.get(position - 1).ok_or_else(|| {
                        let message = format!("the command `{name}` needs {position} arguments, not {}", given.len());
                        failure("invalid-argument", message)
                    })?;
                    if argument.is_empty() {
                        first = Some(position - 1);
                    }
                    argument.push_str(value);
                }
            }
        }
        if let Some(first) = first.filter(|_| options && argument.starts_with('-')) {
            may_be_option(name, command, given, first)?;
        }
        options = options && template != "--";
        arguments.push(argument);
    }
    for (index, argument) in given.iter().enumerate().filter(|(index, _)| !used.contains(&(index + 1))) {
        if options && argument.starts_with('-') {
            may_be_option(name, command, given, index)?;
        }
        arguments.push(argument.clone());
    }
    Ok(arguments)
}

/// Whether the operator means an option by the expression of a position.
fn may_be_option(name: &str, command: &Command, given: &[String], index: usize) -> Result<(), Failure> {
    let (Some(value), Some(pattern)) = (given.get(index), command.allow_arguments.get(index)) else { return Ok(()) };
    if super::options::means(pattern, value) {
        return Ok(());
    }
    let message = format!(
        "argument {} of the command `{name}` is {value:?}, which the program would take for an option; an expression \
         of the operator's `allow-arguments` matches one only if it begins with `-` itself",
        index + 1
    );
    Err(failure("capability-denied", printable(&message)))
}

/// Whether a template is one, with at most so many positions.
pub(crate) fn check_template(template: &str, positions: usize) -> Result<(), String> {
    for piece in pieces(template)? {
        if let Piece::Position(position) = piece
            && position > positions
        {
            return Err(format!("`{{{position}}}` needs {position} entries in `allow-arguments`"));
        }
    }
    Ok(())
}

/// Names in `{secret:NAME}` of a value in a command's environment.
pub(crate) fn secrets_of(text: &str) -> Vec<String> {
    let parts = text.split("{secret:").skip(1);
    parts.filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

fn pieces(template: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (text, brace) = rest.split_at(at);
        pieces.push(Piece::Text(text));
        if brace.starts_with("{{") || brace.starts_with("}}") {
            pieces.push(Piece::Text(&brace[..1]));
            rest = &brace[2..];
            continue;
        }
        let inside = brace.strip_prefix('{').and_then(|inside| inside.split_once('}'));
        let Some((word, after)) = inside else {
            return Err(format!("`{template}` has a brace without a partner; `{{{{` and `}}}}` are braces themselves"));
        };
        pieces.push(match word.parse::<usize>() {
            Ok(position) if position > 0 => Piece::Position(position),
            _ if WORDS.contains(&word) => Piece::Word(word),
            _ => {
                let known = "`{1}`, `{2}`, …, `{application}`, `{environment}` and `{deployment}`";
                return Err(format!("`{{{word}}}` is unknown; what can stand in braces is {known}"));
            }
        });
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}
