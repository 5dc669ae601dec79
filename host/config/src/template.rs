//! The arguments and variables of an operator's command, as they are written: text, and names in braces.

/// Words in braces besides positions.
const WORDS: [&str; 3] = ["application", "environment", "deployment"];

/// A piece of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// As it is written.
    Text(&'a str),
    /// The value of a plugin, counted from 1.
    Position(usize),
    /// A fact about the deployment: `application`, `environment` or `deployment`.
    Word(&'a str),
}

/// Whether a template is one, with at most so many positions.
pub(crate) fn check(template: &str, positions: usize) -> Result<(), String> {
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
#[must_use]
pub fn secrets_of(text: &str) -> Vec<String> {
    let parts = text.split("{secret:").skip(1);
    parts.filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

/// What an argument is made of, in order. Doubled braces are text: one brace.
///
/// # Errors
/// Which brace has no partner, or which word in braces means nothing.
pub fn pieces(template: &str) -> Result<Vec<Piece<'_>>, String> {
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
