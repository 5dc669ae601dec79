//! Hooks for tests: the process ends itself at a point of an update, as if it was killed there; and whoever runs the tests may
//! exchange a program in a root of the tests' own.

use windlass_foundation::hooks::variable;

/// Ends the process where a test wants it: `WINDLASS_TEST_UPDATE_CRASH` holds the name of the point.
pub(crate) fn reach(point: &str) {
    if variable("WINDLASS_TEST_UPDATE_CRASH").is_some_and(|wanted| wanted == point) {
        std::process::abort();
    }
}

/// Whether a test is no root: `WINDLASS_TEST_UPDATE_USER` is set.
pub(crate) fn is_any_user() -> bool {
    variable("WINDLASS_TEST_UPDATE_USER").is_some()
}
