//! Regular expressions of the operator that a value must match as a whole.
//!
//! What is matched is not known here. Matching takes time that is linear in the value.

/// The most bytes of a compiled expression.
const LIMIT: usize = 1 << 20;

/// An expression that matches whole values. Two are equal when they are written alike.
#[derive(Debug, Clone)]
pub struct Pattern(regex::Regex);

impl Pattern {
    /// Compiles one.
    ///
    /// # Errors
    /// A sentence that says why it is none, or that it is too large.
    pub fn parse(text: &str) -> Result<Self, String> {
        let compiled = regex::RegexBuilder::new(&format!(r"\A(?:{text})\z")).size_limit(LIMIT).build();
        compiled.map(Self).map_err(|error| format!("not a regular expression: {error}"))
    }

    /// Whether a value matches from its first to its last character.
    #[must_use]
    pub fn is_match(&self, value: &str) -> bool {
        self.0.is_match(value)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}
