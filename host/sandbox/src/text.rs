//! Texts from plugins, made safe to show.

/// The text without control characters, which could rewrite what a terminal shows. Line breaks and tabs stay.
pub(super) fn plain(text: &str) -> String {
    let harmless = |c: char| c == '\n' || c == '\t' || !(c.is_control() || is_direction(c));
    if text.chars().all(harmless) { text.to_owned() } else { text.chars().filter(|c| harmless(*c)).collect() }
}

/// Characters that change the direction of what follows: a line could show something else than it says.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

/// The beginning of a text, at most `length` bytes, with `…` where something was cut.
pub(super) fn beginning(text: &str, length: usize) -> String {
    if text.len() <= length {
        return text.to_owned();
    }
    let end = (0..=length).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", text.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_away_what_could_rewrite_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\r\u{7}c\td\ne\u{202e}f"), "a[2Jbc\td\nef");
    }

    #[test]
    fn cuts_between_characters() {
        assert_eq!(beginning("äöü", 3), "ä…");
        assert_eq!(beginning("abc", 3), "abc");
    }
}
