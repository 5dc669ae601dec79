//! What a failure that a plugin or a capability reported says besides its message: parts and advice in its details.

use windlass_documents::Failure;

use super::{Part, Place};

/// The code of a refusal to call `unchanged` what is not well.
pub const NOT_WELL: &str = "not-well";

/// The parts of a failure of a plugin that found several mistakes in files: `problems` of its details. A part does not
/// hold the line of the file: a failure is kept in the journal, and a line may contain text that only the file's
/// readers may see.
#[must_use]
pub fn failure_parts(failure: &Failure) -> Vec<Part> {
    let problems = failure.details.as_ref().and_then(|details| details.get("problems")?.as_array());
    let parts: Option<Vec<Part>> = problems.into_iter().flatten().map(problem).collect();
    // One is the failure itself.
    parts.filter(|parts| parts.len() > 1).unwrap_or_default()
}

fn problem(problem: &serde_json::Value) -> Option<Part> {
    let text = |name: &str| problem.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    let number = |name: &str| usize::try_from(problem.get(name)?.as_u64()?).ok();
    let place = text("file").zip(number("line")).zip(number("column")).map(|((file, line), column)| Place {
        file,
        line,
        column,
        length: 1,
        text: text("text").unwrap_or_default(),
    });
    Some(Part { text: text("message")?, place, hint: text("hint") })
}

/// What to do about a failure: `hint` and `grant` of its details.
#[must_use]
pub fn failure_hint(failure: &Failure) -> Option<String> {
    let details = failure.details.as_ref()?;
    let text = |name: &str| details.get(name).and_then(serde_json::Value::as_str);
    match (text("hint"), text("grant")) {
        (hint, Some(grant)) => {
            let hint = hint.unwrap_or("the operator can allow it in agent.toml:");
            Some(format!("{hint}\n\n{}\n", grant.trim_end()))
        }
        (Some(hint), None) => Some(hint.to_owned()),
        (None, None) => None,
    }
}
