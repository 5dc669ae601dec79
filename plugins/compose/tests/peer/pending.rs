//! Cases that are not right yet. Empty when the work is done; a case that is right and still here is an error.

/// Names of cases.
pub(crate) const PENDING: &[&str] = &[
    "invalid/service/build-without-context-type",
    "invalid/service/watch-of-an-unknown-action",
    "invalid/service/watch-without-path",
    "refused/stricter/command-with-a-pipe",
    "refused/stricter/command-with-shell-signs",
    "valid/depends/not-required-and-not-active",
    "valid/develop/build-beside-image",
    "valid/develop/watch-every-action",
    "valid/environment/map",
    "valid/networks/modes",
    "valid/networks/only-modes",
    "valid/security/devices-long",
    "valid/service/hooks",
    "valid/service/isolation",
    "valid/volumes/absolute-and-odd-paths",
];
