//! What a command is given: the operator's arguments, with the plugin's put in where the operator allows it.
//!
//! An expression such as `.+` means a value. Where a plugin's value would become an argument that begins with `-`,
//! which programs read as an option, it must match an expression, or a branch of one, that itself begins with a
//! literal `-`. Behind an argument `--` of the operator's own there are no options, and any expression will do.

use std::collections::BTreeSet;

use windlass_config::Command;
use windlass_config::document::printable;
use windlass_config::template::{Piece, pieces};
use windlass_domain::Failure;

use crate::Scope;
use crate::failure::failure;

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
                Piece::Word("application") => argument.push_str(&scope.about.application),
                Piece::Word("environment") => argument.push_str(&scope.about.environment),
                Piece::Word(_) => argument.push_str(&scope.about.deployment),
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
