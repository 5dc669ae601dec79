//! The lines that problems of Compose files are about, for a person at a terminal.
//!
//! They are read from where the person's files are, and shown alone: a failure is kept in the journal without them.

use serde_json::{Value, json};
use windlass_compose::Files as _;
use windlass_deployment::{Error, Target};
use windlass_documents::Failure;
use windlass_release::compose::Directory;

/// Adds its line to each problem that has a place.
pub(super) fn add(error: Error, target: &Target) -> Error {
    match (error, target) {
        (Error::Failed(failure), Target::Source(source)) => {
            Error::Failed(with_lines(failure, &Directory(source.directory.clone())))
        }
        (error, _) => error,
    }
}

fn with_lines(mut failure: Failure, directory: &Directory) -> Failure {
    let problems = failure.details.as_mut().and_then(|details| details.get_mut("problems")?.as_array_mut());
    for problem in problems.into_iter().flatten() {
        if let (Some(line), Some(fields)) = (line(problem, directory), problem.as_object_mut()) {
            fields.insert("text".to_owned(), json!(line));
        }
    }
    failure
}

fn line(problem: &Value, directory: &Directory) -> Option<String> {
    let number = usize::try_from(problem.get("line")?.as_u64()?).ok()?.checked_sub(1)?;
    let content = directory.read(problem.get("file")?.as_str()?).ok()??;
    String::from_utf8_lossy(&content).lines().nth(number).map(str::to_owned)
}
