//! The forms of a value that are searched for. What escapes a single letter is undone in the text instead, see
//! `layers`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::SHORTEST_SECRET;
use super::layers;

/// The shortest line of a value of several lines that is searched for by itself.
const SHORTEST_LINE: usize = 8;

/// The shortest form that is searched for across white space.
const SHORTEST_DENSE: usize = 16;

/// How a form is compared with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Letters of either case are the same.
    Letters,
    /// As it is.
    Exact,
    /// As it is, in the text without its white space.
    Dense,
}

/// A form of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) bytes: Vec<u8>,
    pub(super) way: Way,
    /// Whether it is the whole value.
    pub(super) whole: bool,
    /// Whether the letter before it, or behind it, holds a few bits of the value.
    pub(super) shared: (bool, bool),
}

/// All the forms of a value.
pub(super) fn of(value: &str) -> Vec<Form> {
    let mut forms = Vec::new();
    plain(&mut forms, value.as_bytes(), true);
    plain(&mut forms, value.trim_end().as_bytes(), true);
    // As forms of web pages write it; what else they escape is undone in the text.
    plain(&mut forms, value.replace(' ', "+").as_bytes(), true);
    plain(&mut forms, hex::encode(value).as_bytes(), true);
    plain(&mut forms, hex::encode_upper(value).as_bytes(), true);
    encoded(&mut forms, value.as_bytes());
    for engine in [STANDARD, URL_SAFE] {
        encoded(&mut forms, engine.encode(value).as_bytes());
    }
    if value.trim().contains('\n') {
        let crlf = value.replace("\r\n", "\n").replace('\n', "\r\n");
        encoded(&mut forms, crlf.as_bytes());
        encoded(&mut forms, crlf.replace("\r\n", "\n").as_bytes());
        plain(&mut forms, crlf.as_bytes(), true);
        dense(&mut forms, value.as_bytes());
        for line in value.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE) {
            // The frame of a key file is the same in all of them.
            if !(line.starts_with("-----") && line.ends_with("-----")) {
                plain(&mut forms, line.as_bytes(), false);
            }
        }
    }
    let mut seen = std::collections::HashSet::new();
    forms.retain(|form| seen.insert((form.bytes.clone(), form.way as u8)));
    forms
}

/// A form in letters, and what is left of it when what looks like an escape in it is undone, as in the text.
fn plain(forms: &mut Vec<Form>, bytes: &[u8], whole: bool) {
    let mut bytes = bytes.to_owned();
    for _ in 0..=layers::DEPTH {
        if bytes.len() >= SHORTEST_SECRET {
            forms.push(Form { bytes: bytes.clone(), way: Way::Letters, whole, shared: (false, false) });
        }
        match layers::decoded(&bytes) {
            Some(layer) => bytes = layer.bytes,
            None => break,
        }
    }
}

/// In base64, of both alphabets: by itself, and after one or two other bytes.
fn encoded(forms: &mut Vec<Form>, bytes: &[u8]) {
    for engine in [STANDARD, URL_SAFE] {
        let whole = engine.encode(bytes);
        let bare = whole.trim_end_matches('=');
        for text in [whole.as_str(), bare] {
            forms.push(exact(text.as_bytes(), (false, false)));
        }
        for before in 0..3_usize {
            let shifted: Vec<u8> = std::iter::repeat_n(0, before).chain(bytes.iter().copied()).collect();
            let text = engine.encode(&shifted);
            let text = text.trim_end_matches('=').as_bytes();
            // Letters of six bits that only the value decides.
            let first = (before * 8).div_ceil(6);
            let last = shifted.len() * 8 / 6;
            let Some(own) = text.get(first..last).filter(|own| own.len() >= SHORTEST_SECRET) else { continue };
            let shared = (before > 0, !(shifted.len() * 8).is_multiple_of(6));
            forms.push(exact(own, shared));
            if own.len() >= SHORTEST_DENSE {
                forms.push(Form { way: Way::Dense, ..exact(own, shared) });
            }
        }
    }
}

fn exact(bytes: &[u8], shared: (bool, bool)) -> Form {
    Form { bytes: bytes.to_owned(), way: Way::Exact, whole: true, shared }
}

/// Without white space: with other line ends, indented, or all in one line.
fn dense(forms: &mut Vec<Form>, bytes: &[u8]) {
    let bytes: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if bytes.len() >= SHORTEST_DENSE {
        forms.push(Form { bytes, way: Way::Dense, whole: true, shared: (false, false) });
    }
}
