//! Whether an operator's expression means an option: whether what begins with `-` matches it by a branch that begins
//! with a literal `-`. A class of characters, such as `.` or `[^ ]`, is no literal.

use regex::Regex;
use regex_syntax::hir::{Hir, HirKind};

/// Whether a value that begins with `-` matches the expression as an option.
pub(super) fn means(pattern: &Regex, value: &str) -> bool {
    let Ok(hir) = regex_syntax::parse(pattern.as_str()) else { return false };
    let Some(hir) = dashed(&hir) else { return false };
    // What an expression is made of can be written as an expression again; one that could not would match nothing.
    Regex::new(&format!(r"\A(?:{hir})\z")).is_ok_and(|options| options.is_match(value))
}

/// What is left of an expression without the branches that do not begin with a literal `-`; none when nothing is.
fn dashed(hir: &Hir) -> Option<Hir> {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.starts_with(b"-").then(|| hir.clone()),
        HirKind::Capture(capture) => dashed(&capture.sub),
        HirKind::Alternation(branches) => {
            let branches: Vec<_> = branches.iter().filter_map(dashed).collect();
            (!branches.is_empty()).then(|| Hir::alternation(branches))
        }
        HirKind::Concat(parts) => sequence(parts),
        // Only a repetition of literals: in `(?:-|.)+` a second round could be anything.
        HirKind::Repetition(repeated) => {
            let same = dashed(&repeated.sub).is_some_and(|left| left == *repeated.sub);
            (same && repeated.max != Some(0)).then(|| (*repeated.sub).clone()).map(|_| hir.clone())
        }
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) => None,
    }
}

/// The same of one part after the other: what can be empty may be left out.
fn sequence(parts: &[Hir]) -> Option<Hir> {
    let (first, rest) = parts.split_first()?;
    let with = |first: Hir| Hir::concat(std::iter::once(first).chain(rest.iter().cloned()).collect());
    let mut branches: Vec<Hir> = dashed(first).map(with).into_iter().collect();
    if first.properties().minimum_len() == Some(0) {
        branches.extend(sequence(rest));
    }
    (!branches.is_empty()).then(|| Hir::alternation(branches))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_meant_by_a_literal_dash_alone() {
        for (pattern, value, means_it) in [
            (".+", "-x", false),
            (".*", "-", false),
            ("[^ ]+", "-x", false),
            ("[-a-z]+", "-x", false),
            ("[-+]?[0-9]+", "-5", false),
            ("(.|-)+", "-x", false),
            ("(?:-|.)x", "-x", true),
            ("-v|--quiet", "-v", true),
            ("-v|--quiet", "--quiet", true),
            ("-v|.+", "-v", true),
            ("-v|.+", "-rf", false),
            ("(-v|.+)", "-rf", false),
            ("(-v|(a|.)+)", "-rf", false),
            (".+|--only=.+", "--only=-x", true),
            ("--name=.+", "--name=x", true),
            (r"\-x", "-x", true),
            ("[-]x", "-x", true),
            ("-?[0-9]+", "-5", true),
            ("-*x", "--x", true),
            ("a?-x", "-x", true),
            ("a?.*", "-x", false),
            ("(?i)-V", "-v", true),
            ("^-x$", "-x", true),
            ("", "-", false),
        ] {
            let pattern = Regex::new(&format!(r"\A(?:{pattern})\z")).unwrap();
            assert_eq!(means(&pattern, value), means_it, "{pattern} {value}");
        }
    }
}
