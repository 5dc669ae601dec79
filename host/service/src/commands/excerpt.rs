//! The lines that mistakes in Compose files are about, for a person at a terminal.
//!
//! They are read from where the person's files are, and shown alone: a failure is kept in the journal without them.

use windlass_compose::Files as _;
use windlass_deployment::{Error, Target};
use windlass_foundation::explain::Place;
use windlass_release::compose::Directory;

/// Adds its line to each place that has none.
pub(super) fn add(error: Error, target: &Target) -> Error {
    match (error, target) {
        (Error::Failed(error), Target::Source(source)) => {
            let directory = Directory::new(source.directory.clone());
            Error::Failed(error.with_lines(|place| line(place, &directory)))
        }
        (error, _) => error,
    }
}

fn line(place: &Place, directory: &Directory) -> Option<String> {
    let content = directory.read(&place.file).ok()??;
    String::from_utf8_lossy(&content).lines().nth(place.line.checked_sub(1)?).map(str::to_owned)
}
