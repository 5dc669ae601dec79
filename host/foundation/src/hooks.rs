//! What a test sets in this process through variables that begin with `WINDLASS_TEST_`.
//!
//! Only a build with debug assertions reads them. A shipped build ignores them: otherwise any process that can set a
//! variable of the agent could choose its clock and its ids, or break a deployment.

/// What the variable holds, unless it is empty or this build is to be shipped.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    if cfg!(debug_assertions) { std::env::var(name).ok().filter(|value| !value.is_empty()) } else { None }
}
