//! Compile-time helpers of [`export!`](crate::export): the manifest is a JSON text in the custom section
//! `windlass.manifest`, which the host reads before it runs any of the plugin's code.

/// The text as an array, which is what a custom section is made of.
#[must_use]
pub const fn bytes<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    let source = text.as_bytes();
    let mut bytes = [0; LENGTH];
    let mut index = 0;
    while index < LENGTH {
        bytes[index] = source[index];
        index += 1;
    }
    bytes
}

/// Whether a manifest made of literals is JSON: the literals must not hold quotation marks, backslashes or line breaks.
///
/// The macro writes `"` only where JSON has its own, so every text ends right before one of `:,]}`.
#[must_use]
pub const fn is_flat_json(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut inside = false;
    let mut index = 0;
    while index < bytes.len() {
        let byte = bytes[index];
        if byte < 0x20 || byte == b'\\' {
            return false;
        }
        if byte == b'"' {
            let neighbour = if inside { index + 1 } else { index.saturating_sub(1) };
            if neighbour >= bytes.len() {
                return false;
            }
            let expected = if inside {
                matches!(bytes[neighbour], b':' | b',' | b']' | b'}')
            } else {
                matches!(bytes[neighbour], b':' | b',' | b'[' | b'{')
            };
            if !expected {
                return false;
            }
            inside = !inside;
        }
        index += 1;
    }
    !inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_that_would_break_the_manifest_is_found() {
        assert!(is_flat_json(r#"{"name":"a","capabilities":[{"name":"http","reason":"asks it, politely: now"}]}"#));
        assert!(!is_flat_json(r#"{"name":"a "quoted" word"}"#));
        assert!(!is_flat_json(r#"{"name":"a\b"}"#));
        assert!(!is_flat_json("{\"name\":\"a\nb\"}"));
    }

    #[test]
    fn sections_hold_the_text() {
        assert_eq!(bytes::<3>("abc"), *b"abc");
    }
}
