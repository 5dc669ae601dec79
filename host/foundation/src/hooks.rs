//! What a test wishes of this process: variables that begin with `WINDLASS_TEST_`.
//!
//! Only a build with debug assertions hears them. In one that is shipped, whoever can set a variable of the agent could
//! otherwise choose its clock and its ids, or break a deployment.

/// What the variable holds, unless it is empty or this build is to be shipped.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    if cfg!(debug_assertions) { std::env::var(name).ok().filter(|value| !value.is_empty()) } else { None }
}
