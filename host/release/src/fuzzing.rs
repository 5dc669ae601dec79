//! Names of images, release documents and archives that strangers wrote, taken apart as in earnest: what must hold whatever the
//! bytes are.
//!
//! `cargo xtask fuzz NAME` gives an entry what a fuzzer makes up. The tests give it the seeds in `host/fuzz/seeds`, and
//! every input that ever broke it. An entry panics where something doesn't hold; it is in no build that is shipped.

use windlass_domain::reference::Reference;
use windlass_foundation::names;

use crate::bundle::Sent;
use crate::document;

/// The name of an image: what is read means the same when it is written and read again.
///
/// # Panics
/// When it doesn't.
pub fn reference(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(reference) = Reference::parse(text) else { return };
    let registry = reference.registry();
    assert!(!registry.contains(['/', '@', ' ', '\\', '?', '#']), "{text:?} goes to the registry {registry:?}");
    assert!(reference.repository().chars().all(|c| c.is_ascii_graphic()), "{text:?}");
    let again = Reference::parse(&reference.repository()).ok();
    assert_eq!(again.map(|again| again.repository()), Some(reference.repository()), "{text:?}");
    let written = reference.to_string();
    assert_eq!(Reference::parse(&written).ok(), Some(reference), "{text:?} is written as {written:?}");
}

/// A release document: what is believed has only names that are names, and fits its digests.
///
/// # Panics
/// When it doesn't.
pub fn release_document(input: &[u8]) {
    match document::parse("document", input) {
        Ok(document) => assert_eq!(names::check_release(&document.release), Ok(())),
        Err(error) => assert!(error.to_string().len() < 4_000, "{error}"),
    }
}

/// An archive of an application's files: what is accepted lies beneath the top, each file once and none beneath another.
///
/// # Panics
/// When it doesn't.
pub fn bundle(input: &[u8]) {
    match Sent::read(input) {
        Ok(sent) => {
            let paths: Vec<&str> = sent.paths().collect();
            for path in &paths {
                assert!(path.split('/').all(|part| !matches!(part, "" | "." | "..")), "{path:?}");
                assert!(!path.chars().any(char::is_control), "{path:?}");
                let above = path.match_indices('/').map(|(end, _)| &path[..end]);
                assert!(above.into_iter().all(|above| !paths.contains(&above)), "{path:?} is beneath a file");
            }
            sent.release_file().ok();
        }
        Err(error) => assert!(error.to_string().len() < 4_000, "{error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_and_what_was_ever_found_are_taken() {
        assert!(windlass_stage::seeds("reference", reference).unwrap() >= 2);
        assert!(windlass_stage::seeds("release-document", release_document).unwrap() >= 2);
        assert!(windlass_stage::seeds("bundle", bundle).unwrap() >= 2);
    }
}
