//! Texts from outside on their way into a page. `maud` escapes them; here they lose what only a terminal or a forger needs,
//! and what is too much for a page.

use maud::{Markup, html};

/// The longest line in characters.
const LONGEST_LINE: usize = 1_000;

/// The longest text of several lines in characters.
const LONGEST_BLOCK: usize = 8_000;

/// A text in one line.
pub(crate) fn line(text: &str) -> String {
    bounded(
        cleaned(text).map(|character| if character == '\n' || character == '\t' { ' ' } else { character }),
        LONGEST_LINE,
    )
}

/// A text that keeps its lines.
pub(crate) fn block(text: &str) -> String {
    bounded(cleaned(text), LONGEST_BLOCK)
}

/// A sentence in one line, with what stands between backticks as code.
pub(crate) fn prose(text: &str) -> Markup {
    let text = line(text);
    let parts: Vec<&str> = text.split('`').collect();
    // A backtick that is not closed is one.
    let is_whole = parts.len() % 2 == 1;
    html! {
        @if is_whole {
            @for (index, part) in parts.iter().enumerate() {
                @if index % 2 == 1 { code { (part) } } @else { (part) }
            }
        } @else {
            (text)
        }
    }
}

/// The characters that a page shows: no control characters, no escape sequences of a terminal, and nothing invisible that
/// reorders or joins what is around it.
fn cleaned(text: &str) -> impl Iterator<Item = char> {
    let mut sequence = Sequence::None;
    text.chars().filter(move |character| {
        sequence = match (sequence, character) {
            (_, '\u{1b}') => Sequence::Begins,
            (Sequence::Begins, '[') | (Sequence::Inside, ' '..='?') => Sequence::Inside,
            (Sequence::Begins | Sequence::Inside, _) => Sequence::Ends,
            (Sequence::None | Sequence::Ends, _) => Sequence::None,
        };
        let is_plain = matches!(character, '\n' | '\t') || !(character.is_control() || is_invisible(*character));
        sequence == Sequence::None && is_plain
    })
}

/// Where a character is in an escape sequence of a terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sequence {
    None,
    Begins,
    Inside,
    Ends,
}

/// Marks that reorder text, join it, or cannot be seen.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn bounded(text: impl Iterator<Item = char>, longest: usize) -> String {
    let mut text = text;
    let mut kept: String = text.by_ref().take(longest).collect();
    let more = text.count();
    if more > 0 {
        kept = format!("{kept}… ({more} more characters)");
    }
    kept
}

/// So many of a list, and how many more there are.
pub(crate) fn some<T>(list: &[T], most: usize) -> (&[T], usize) {
    let (kept, more) = list.split_at(list.len().min(most));
    (kept, more.len())
}

/// The line under a list that was cut.
pub(crate) fn more(number: usize, singular: &str) -> Markup {
    html! { @if number > 0 { p.dim { "and " (windlass_foundation::words::count(number, singular)) " more" } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_and_what_cannot_be_seen_is_left_out() {
        for (text, expected) in [
            ("a\u{1b}[31mred\u{1b}[0m b", "ared b"),
            ("\u{1b}]0;title\u{7}x", "0;titlex"),
            ("\u{1b}[2J\u{1b}[H", ""),
            ("a\u{1b}", "a"),
            ("a\r\nb\u{0}\u{9b}c", "a\nbc"),
            ("\u{202e}gpj.exe\u{2066}x\u{200b}y\u{feff}", "gpj.exexy"),
            ("שלום <b>&amp;</b>", "שלום <b>&amp;</b>"),
        ] {
            assert_eq!(block(text), expected, "{text:?}");
        }
        assert_eq!(line("one\ntwo\tthree"), "one two three");
    }

    #[test]
    fn a_long_text_is_cut_and_says_how_much_is_missing() {
        let long = "ä".repeat(1 << 20);
        assert!(line(&long).ends_with("ä… (1047576 more characters)"));
        assert!(block(&long).chars().count() < LONGEST_BLOCK + 40);
        assert_eq!(some(&[1, 2, 3], 2), (&[1, 2][..], 1));
    }

    #[test]
    fn commands_in_a_sentence_are_code_and_nothing_is_markup() {
        assert_eq!(prose("`windlass <x>` now").into_string(), "<code>windlass &lt;x&gt;</code> now");
        assert_eq!(prose("a ` b").into_string(), "a ` b");
    }
}
