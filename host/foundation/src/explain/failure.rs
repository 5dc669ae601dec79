//! What a failure that a plugin or a capability reported, or that the journal kept, says besides its message: places,
//! parts and advice in its details.

use serde_json::{Value, json};
use windlass_domain::Failure;

use super::{Part, Place};

/// The code of a refusal to call `unchanged` what is not well.
pub const NOT_WELL: &str = "not-well";

/// The field of the details that has the mistakes in files.
pub const PROBLEMS: &str = "problems";

/// The mistakes in files that a failure reports, one or several: `problems` of its details. None where there are none, or
/// they have another shape.
#[must_use]
pub fn failure_problems(failure: &Failure) -> Vec<Part> {
    let problems = failure.details.as_ref().and_then(|details| details.get(PROBLEMS)?.as_array());
    let parts: Option<Vec<Part>> = problems.into_iter().flatten().map(problem).collect();
    parts.unwrap_or_default()
}

/// The parts of a failure that reports several mistakes in files; empty where it reports one or none.
#[must_use]
pub fn failure_parts(failure: &Failure) -> Vec<Part> {
    // One is the failure itself.
    Some(failure_problems(failure)).filter(|parts| parts.len() > 1).unwrap_or_default()
}

/// The place of a failure that reports one mistake in a file.
#[must_use]
pub fn failure_place(failure: &Failure) -> Option<Place> {
    let mut problems = failure_problems(failure);
    if problems.len() == 1 { problems.pop()?.place } else { None }
}

fn problem(problem: &Value) -> Option<Part> {
    let text = |name: &str| problem.get(name).and_then(Value::as_str).map(str::to_owned);
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

/// A mistake as it stands in `problems`. The text of its line is not there: a failure is kept in the journal, and a line
/// may contain what only the file's readers may see.
#[must_use]
pub fn problem_fact(part: &Part) -> Value {
    let place = part.place.as_ref();
    json!({
        "message": part.text,
        "hint": part.hint,
        "file": place.map(|place| &place.file),
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
    })
}

/// What to do about a failure: `hint` and `grant` of its details.
#[must_use]
pub fn failure_hint(failure: &Failure) -> Option<String> {
    let details = failure.details.as_ref()?;
    let text = |name: &str| details.get(name).and_then(Value::as_str);
    advice(text("hint"), text("grant"))
}

/// What to do, with the lines of agent.toml that would allow what was denied.
#[must_use]
pub fn advice(hint: Option<&str>, grant: Option<&str>) -> Option<String> {
    match (hint, grant) {
        (hint, Some(grant)) => {
            let hint = hint.unwrap_or("the operator can allow it in agent.toml:");
            Some(format!("{hint}\n\n{}\n", grant.trim_end()))
        }
        (Some(hint), None) => Some(hint.to_owned()),
        (None, None) => None,
    }
}
