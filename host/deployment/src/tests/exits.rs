//! How a process ends by each kind of failure.

use windlass_domain::Outcome;
use windlass_foundation::explain::{ExitCode, Explain as _, FailureKind, NOT_WELL};

use super::yard::{Host, said};
use crate::Error;

/// The kind of what failed before anything was touched: how a refused deployment ends, and a question without one.
#[tokio::test]
async fn the_exit_code_of_every_word() {
    use ExitCode::{Configuration, NotFound, Refused, Stale, Unavailable, Unexpected};
    let table = [
        ("capability-denied", Configuration, Configuration),
        ("timeout", Unavailable, Unavailable),
        ("not-found", NotFound, NotFound),
        ("conflict", Refused, Refused),
        ("limit-exceeded", Refused, Unexpected),
        ("invalid-argument", Configuration, Configuration),
        ("invalid-config", Configuration, Configuration),
        ("unavailable", Unavailable, Unavailable),
        ("untrusted", Refused, Unexpected),
        ("cancelled", Refused, Unexpected),
        ("unsupported", Refused, Unexpected),
        ("internal", Refused, Unexpected),
        ("unauthorized", Unavailable, Unavailable),
        ("forbidden", Refused, Unexpected),
        ("rate-limited", Unavailable, Unavailable),
        ("refused", Refused, Refused),
        ("stale", Stale, Stale),
        ("invalid-plan", Refused, Unexpected),
        ("disk-full", Unavailable, Unavailable),
        ("not-proved", Refused, Unexpected),
        (NOT_WELL, Refused, Unexpected),
        ("frozen", Refused, Unexpected),
        ("unusable", Refused, Unexpected),
        ("plugin:job-failed", Refused, Unexpected),
        ("of-tomorrow", Refused, Unexpected),
    ];
    for kind in FailureKind::KNOWN {
        assert!(table.iter().any(|(word, ..)| *word == kind.word()), "{kind:?} is not in the table");
    }
    let host = Host::three();
    for (word, refused, without) in table {
        let failure = said(word, "m");
        assert_eq!(Error::Failed(failure.clone().into()).exit(), without, "{word}");
        host.world().unresolvable = Some(failure);
        let ending = host.deploy("v1").await;
        assert_eq!((ending.outcome, ending.exit()), (Outcome::Refused, refused), "{word}");
    }
}
