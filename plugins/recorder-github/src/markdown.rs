//! Text of others in Markdown of ours: shown as it was written, and nothing more.
//!
//! Backslashes keep Markdown away. Mentions, references and links are found by GitHub in what is shown, so a space
//! without a width stands in front of what they would go on with.

/// A space that is not seen and ends a word.
const GAP: char = '\u{200b}';

/// The longest line, in characters.
const LINE: usize = 200;

/// One line of text. `keep` gives what a `#NUMBER` is written as, where it means something.
pub(crate) fn line(text: &str, keep: &dyn Fn(u64) -> Option<String>) -> String {
    let hidden = |letter: char| matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let letters = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).filter(|c| !hidden(*c));
    let mut letters: Vec<char> = letters.take(LINE + 1).collect();
    if letters.len() > LINE {
        letters.truncate(LINE - 1);
        letters.push('…');
    }
    let word =
        |letter: Option<&char>| letter.is_some_and(|letter| letter.is_alphanumeric() || "_/-.".contains(*letter));
    let (mut shown, mut at) = (String::new(), 0);
    while let Some(&letter) = letters.get(at) {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at + 1);
        at += 1;
        match letter {
            '#' => {
                let digits: String = letters.iter().skip(at).take_while(|letter| letter.is_ascii_digit()).collect();
                let end = at + digits.len();
                let alone =
                    !word(before) && !letters.get(end).is_some_and(|letter| letter.is_alphanumeric() || *letter == '_');
                match digits.parse().ok().filter(|_| alone).and_then(keep) {
                    Some(kept) => {
                        shown.push_str(&kept);
                        at = end;
                    }
                    None => shown.extend(['\\', '#', GAP]),
                }
            }
            '@' => shown.extend(['\\', '@', GAP]),
            // `GH-12` is a reference, `https://` and `www.` are links.
            '-' if after.is_some_and(char::is_ascii_digit) => shown.extend(['\\', '-', GAP]),
            ':' if after == Some(&'/') => shown.extend(['\\', ':', GAP]),
            '.' if before.is_some_and(|letter| letter.eq_ignore_ascii_case(&'w')) => shown.extend(['\\', '.', GAP]),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            _ if letter.is_ascii_punctuation() && !",'\"/;?%".contains(letter) => shown.extend(['\\', letter]),
            _ => shown.push(letter),
        }
    }
    shown.trim().to_owned()
}

/// Numbers that a text refers to.
pub(crate) fn numbers(text: &str) -> Vec<u64> {
    let text: String = text.chars().take(LINE).collect();
    text.split('#')
        .skip(1)
        .filter_map(|rest| rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_others_does_anything() {
        let keep = |number: u64| (number == 12).then(|| "#12".to_owned());
        for (text, shown) in [
            ("Mend the door (#12)", "Mend the door \\(#12\\)"),
            ("see #13 and a/b#12 and #12x", "see \\#\u{200b}13 and a/b\\#\u{200b}12 and \\#\u{200b}12x"),
            ("thanks @ada", "thanks \\@\u{200b}ada"),
            ("![x](http://a/b.png)", "\\!\\[x\\]\\(http\\:\u{200b}//a/b\\.png\\)"),
            ("<img src=x>&amp;", "&lt;img src\\=x&gt;&amp;amp;"),
            ("GH-12 www.x", "GH\\-\u{200b}12 www\\.\u{200b}x"),
            ("- # `x`\r\n\u{202e}y", "\\- \\#\u{200b} \\`x\\`  y"),
        ] {
            assert_eq!(line(text, &keep), shown);
        }
        let long = line(&"x".repeat(10_000_000), &keep);
        assert!(long.chars().count() == LINE && long.ends_with('…'));
        assert_eq!(numbers("a #1, #2x #"), [1, 2]);
    }
}
