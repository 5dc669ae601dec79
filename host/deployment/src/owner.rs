//! Whose a step is: who applies it and undoes it.
//!
//! Today the strategy owns every step. What else will own steps of the one graph, such as routers and migrations, gets its
//! word in [`owner_of`] and its arm where the agent calls the owner. Nothing is called here.

use windlass_domain::Step;
use windlass_foundation::explain::FailureKind;

use super::backend::BackendError;

/// How a plan writes the strategy as an owner, where it does not leave it out.
const STRATEGY: &str = "strategy";

/// The most characters of an unknown owner that a message repeats.
const SHOWN: usize = 80;

/// Who applies a step and undoes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The strategy of the release.
    Strategy,
}

/// The owner of a step. Fails where this agent knows none of that name, which refuses the plan before anything is touched.
pub fn owner_of(step: &Step) -> Result<Owner, BackendError> {
    match step.owner.as_deref() {
        None | Some(STRATEGY) => Ok(Owner::Strategy),
        Some(other) => {
            let shown: String =
                other.chars().take(SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
            let message = format!(
                "the step `{}` has the owner `{shown}`, which this agent does not know; steps belong to the `{STRATEGY}`",
                step.id
            );
            Err(BackendError::new(FailureKind::InvalidPlan, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn step(more: &serde_json::Value) -> Step {
        let mut step = json!({ "id": "web", "title": "replace web", "phase": "apply", "changes": true });
        if let (Some(step), Some(more)) = (step.as_object_mut(), more.as_object()) {
            step.extend(more.clone());
        }
        serde_json::from_value(step).unwrap()
    }

    #[test]
    fn a_step_without_an_owner_as_in_journals_of_before_is_the_strategys() {
        let before = step(&json!({}));
        assert_eq!(before.owner, None);
        assert_eq!(owner_of(&before), Ok(Owner::Strategy));
        assert_eq!(owner_of(&step(&json!({ "owner": "strategy" }))), Ok(Owner::Strategy));
        assert_eq!(serde_json::to_value(&before).unwrap().get("owner"), None, "it is written as it was");
    }

    #[test]
    fn an_unknown_owner_is_named_with_its_step() {
        let message = owner_of(&step(&json!({ "owner": "router:\u{1b}edge" }))).unwrap_err().message();
        assert_eq!(
            message,
            "the step `web` has the owner `router:\u{fffd}edge`, which this agent does not know; steps belong to the \
             `strategy`"
        );
        assert!(owner_of(&step(&json!({ "owner": "x".repeat(10_000) }))).unwrap_err().message().len() < 300);
    }
}
