//! Whether a plan that a strategy returned can be executed at all. Whether it should be is for people and checks.

use std::collections::{BTreeMap, BTreeSet};

use windlass_documents::{Action, PLAN_FORMAT, Plan, Step};

use super::limits::{Limits, size};

/// The longest id of a step.
const LONGEST_ID: usize = 128;

/// What is wrong with a plan: a fragment that begins "its plan …".
pub(super) fn check(plan: &Plan, limits: &Limits) -> Result<(), String> {
    if plan.format > PLAN_FORMAT {
        return Err(format!("its plan has format {}; this agent reads up to {PLAN_FORMAT}", plan.format));
    }
    if plan.fingerprint.is_empty() {
        return Err("its plan has no fingerprint of what it was made from".to_owned());
    }
    if plan.steps.len() > size(limits.plan_steps) {
        let (count, most) = (plan.steps.len(), limits.plan_steps);
        return Err(format!("its plan has {count} steps (limit `plan-steps` = {most})"));
    }
    if plan.steps.is_empty() && plan.changes.is_empty() {
        return Err("its plan is empty: it names nothing that changes and nothing that stays".to_owned());
    }
    if plan.is_unchanged()
        && let Some(change) = plan.changes.iter().find(|change| change.action != Action::Keep)
    {
        return Err(format!("its plan says that `{}` changes but has no step that changes anything", change.subject));
    }
    let steps = ids(plan)?;
    needs(plan, &steps)?;
    cycle(plan).map_or(Ok(()), |cycle| Err(format!("its plan has a cycle: {}", cycle.join(" needs "))))
}

fn ids(plan: &Plan) -> Result<BTreeMap<&str, &Step>, String> {
    let mut steps = BTreeMap::new();
    for step in &plan.steps {
        if step.id.is_empty() || step.id.len() > LONGEST_ID || step.id.chars().any(char::is_control) {
            return Err(format!("its plan has a step whose id is not a word of at most {LONGEST_ID} bytes"));
        }
        if steps.insert(step.id.as_str(), step).is_some() {
            return Err(format!("its plan has two steps with the id `{}`", step.id));
        }
    }
    Ok(steps)
}

fn needs(plan: &Plan, steps: &BTreeMap<&str, &Step>) -> Result<(), String> {
    for step in &plan.steps {
        for need in &step.needs {
            match steps.get(need.as_str()) {
                None => return Err(format!("its plan's step `{}` needs `{need}`, which is not there", step.id)),
                Some(other) if other.phase != step.phase => {
                    return Err(format!("its plan's step `{}` needs `{need}`, which is of another phase", step.id));
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

/// The ids around a cycle, the first repeated at the end; none when there is no cycle.
fn cycle(plan: &Plan) -> Option<Vec<&str>> {
    let mut open: BTreeMap<&str, BTreeSet<&str>> =
        plan.steps.iter().map(|step| (step.id.as_str(), step.needs.iter().map(String::as_str).collect())).collect();
    loop {
        let ready: Vec<_> = open.iter().filter(|(_, needs)| needs.is_empty()).map(|(id, _)| *id).collect();
        if ready.is_empty() {
            break;
        }
        for id in &ready {
            open.remove(id);
        }
        for needs in open.values_mut() {
            needs.retain(|need| !ready.contains(need));
        }
    }
    // Every step that is left needs another one that is left: following needs must come back.
    let mut path = vec![*open.keys().next()?];
    loop {
        let next = *open.get(path.last()?)?.iter().next()?;
        if let Some(start) = path.iter().position(|id| *id == next) {
            path.drain(..start);
            path.push(next);
            return Some(path);
        }
        path.push(next);
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::defaults;
    use super::*;
    use serde_json::json;

    fn checked(steps: &serde_json::Value) -> Result<(), String> {
        let plan = json!({"format": 1, "fingerprint": "f", "changes": [], "steps": steps});
        check(
            &serde_json::from_value(plan).map_err(|error| error.to_string())?,
            &Limits { plan_steps: 2_000, ..defaults() },
        )
    }

    fn step(id: &str, needs: &[&str]) -> serde_json::Value {
        json!({"id": id, "title": id, "phase": "apply", "needs": needs, "changes": true})
    }

    #[test]
    fn names_the_cycle() {
        let steps = json!([step("a", &[]), step("b", &["a", "d"]), step("c", &["b"]), step("d", &["c"])]);
        assert_eq!(checked(&steps), Err("its plan has a cycle: b needs d needs c needs b".to_owned()));
        assert_eq!(checked(&json!([step("a", &["a"])])), Err("its plan has a cycle: a needs a".to_owned()));
    }

    #[test]
    fn refuses_nonsense_with_a_sentence() {
        for (steps, text) in [
            (json!([]), "its plan is empty: it names nothing that changes and nothing that stays"),
            (json!([step("a", &[]), step("a", &[])]), "its plan has two steps with the id `a`"),
            (json!([step("a", &["b"])]), "its plan's step `a` needs `b`, which is not there"),
            (json!([step("", &[])]), "its plan has a step whose id is not a word of at most 128 bytes"),
        ] {
            assert_eq!(checked(&steps), Err(text.to_owned()));
        }
    }

    #[test]
    fn accepts_two_thousand_steps_in_a_row() {
        let steps: Vec<_> = (0..2_000)
            .map(|number| match number {
                0 => step("0", &[]),
                _ => step(&number.to_string(), &[(number - 1).to_string().as_str()]),
            })
            .collect();
        assert_eq!(checked(&json!(steps)), Ok(()));
        let more: Vec<_> = (0..2_001).map(|number| step(&number.to_string(), &[])).collect();
        assert_eq!(checked(&json!(more)), Err("its plan has 2001 steps (limit `plan-steps` = 2000)".to_owned()));
    }
}
