//! Texts with their escapes undone, each byte with the place in the text that it comes from.
//!
//! Which letters are escaped, and how, differs from one program to the next: `%20` or `+`, `\/` or `/`, `\u00e9` or
//! `é`. So all escapes of the text are undone, whichever program wrote them, instead of guessing the escaped forms of
//! each value.

/// How often escapes are undone: JSON in JSON in an address.
pub(super) const DEPTH: usize = 3;

/// The longest escape of a single character, in bytes.
pub(super) const LONGEST: usize = 12;

/// Some bytes, and where each comes from.
pub(super) struct Layer {
    pub(super) bytes: Vec<u8>,
    /// From where to where each byte reaches in the bytes that were given.
    pub(super) places: Vec<(usize, usize)>,
}

impl Layer {
    /// The same with places in what the given layer was made from.
    pub(super) fn over(mut self, below: Option<&Self>) -> Self {
        let Some(below) = below else { return self };
        for (start, end) in &mut self.places {
            let first = below.places.get(*start).map_or(0, |place| place.0);
            let last = below.places.get(end.saturating_sub(1)).map_or(first, |place| place.1);
            (*start, *end) = (first, last);
        }
        self
    }
}

/// Without its escapes; none when there are none.
pub(super) fn decoded(bytes: &[u8]) -> Option<Layer> {
    if !bytes.iter().any(|byte| is_opening(*byte)) {
        return None;
    }
    let mut layer = Layer { bytes: Vec::with_capacity(bytes.len()), places: Vec::with_capacity(bytes.len()) };
    let (mut at, mut any) = (0, false);
    while let Some(byte) = bytes.get(at).copied() {
        let escape = if is_opening(byte) { escape(bytes.get(at..).unwrap_or_default()) } else { None };
        if let Some((letter, length)) = escape {
            any = true;
            let mut buffer = [0; 4];
            let written: &[u8] = match &letter {
                Letter::Byte(byte) => std::slice::from_ref(byte),
                Letter::Char(letter) => letter.encode_utf8(&mut buffer).as_bytes(),
            };
            layer.bytes.extend_from_slice(written);
            layer.places.extend(written.iter().map(|_| (at, at + length)));
            at += length;
        } else {
            layer.bytes.push(byte);
            layer.places.push((at, at + 1));
            at += 1;
        }
    }
    any.then_some(layer)
}

/// Without white space; none when there is none.
pub(super) fn dense(bytes: &[u8]) -> Option<Layer> {
    if !bytes.iter().any(u8::is_ascii_whitespace) {
        return None;
    }
    let kept = bytes.iter().enumerate().filter(|(_, byte)| !byte.is_ascii_whitespace());
    let (places, bytes) = kept.map(|(at, byte)| ((at, at + 1), *byte)).unzip();
    Some(Layer { bytes, places })
}

/// Where the end of the bytes may be the beginning of an escape, or else their end.
pub(super) fn open_escape(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(LONGEST);
    bytes.iter().skip(tail).position(|byte| is_opening(*byte)).map_or(bytes.len(), |at| tail + at)
}

fn is_opening(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&')
}

enum Letter {
    Byte(u8),
    Char(char),
}

/// The letter that an escape stands for, and the escape's length.
fn escape(bytes: &[u8]) -> Option<(Letter, usize)> {
    match bytes.first()? {
        b'%' => {
            number(bytes.get(1..3)?, 16).and_then(|code| u8::try_from(code).ok()).map(|code| (Letter::Byte(code), 3))
        }
        b'\\' => backslash(bytes),
        _ => entity(bytes),
    }
}

fn backslash(bytes: &[u8]) -> Option<(Letter, usize)> {
    let byte = |code| Some((Letter::Byte(code), 2));
    match *bytes.get(1)? {
        b'n' => byte(b'\n'),
        b'r' => byte(b'\r'),
        b't' => byte(b'\t'),
        b'b' => byte(8),
        b'f' => byte(12),
        b'x' => {
            number(bytes.get(2..4)?, 16).and_then(|code| u8::try_from(code).ok()).map(|code| (Letter::Byte(code), 4))
        }
        b'u' if bytes.get(2) == Some(&b'{') => {
            let inside = bytes.get(3..bytes.len().min(10))?;
            let length = inside.iter().position(|byte| *byte == b'}')?;
            let code = number(inside.get(..length)?, 16)?;
            char::from_u32(code).map(|letter| (Letter::Char(letter), length + 4))
        }
        b'u' => {
            let code = number(bytes.get(2..6)?, 16)?;
            if let Some(letter) = char::from_u32(code) {
                return Some((Letter::Char(letter), 6));
            }
            // The first of two halves.
            let second = bytes.get(6..12).filter(|second| second.starts_with(b"\\u"))?;
            let units = [u16::try_from(code).ok()?, u16::try_from(number(second.get(2..)?, 16)?).ok()?];
            let letter = char::decode_utf16(units).next()?.ok()?;
            Some((Letter::Char(letter), 12))
        }
        b'U' => char::from_u32(number(bytes.get(2..10)?, 16)?).map(|letter| (Letter::Char(letter), 10)),
        // Of JSON, and of shells.
        other if other.is_ascii_punctuation() || other == b' ' => byte(other),
        _ => None,
    }
}

fn entity(bytes: &[u8]) -> Option<(Letter, usize)> {
    let inside = bytes.get(1..bytes.len().min(LONGEST))?;
    let length = inside.iter().position(|byte| *byte == b';')?;
    let name = inside.get(..length)?;
    let letter = match name {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        _ => return None,
    };
    Some((Letter::Char(letter), length + 2))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    // A sign would be read as well.
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_alphanumeric()))?;
    u32::from_str_radix(text, radix).ok()
}
