//! JSON pointers (RFC 6901) of the operator: a place in the body of an event.
//!
//! What is there is not judged here.

use serde_json::Value;

/// The most bytes of a pointer.
const LONGEST: usize = 256;

/// A place in a JSON document: `/pull_request/head/ref`. It never is the whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(String);

impl Pointer {
    /// Checks a pointer: `/` before each name or position, `~1` for a `/` in a name and `~0` for a `~`.
    ///
    /// # Errors
    /// A sentence that says what a pointer is.
    pub fn parse(text: &str) -> Result<Self, String> {
        let escapes = text.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
        if text.starts_with('/') && escapes && text.len() <= LONGEST && !text.chars().any(char::is_control) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "not a JSON pointer, such as `/project/name`: it begins with `/`, has at most {LONGEST} bytes, and `~` stands \
             in it only as `~0` and, for a `/` in a name, as `~1`"
        ))
    }

    /// What is there; none when there is nothing. A `null` is something.
    #[must_use]
    pub fn find<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        document.pointer(&self.0)
    }
}
