//! Whether a plan that a strategy returned can be executed at all. Whether it should be is for people and checks.
//!
//! Everything here takes time in proportion to the plan, and the plan's parts are counted first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use windlass_config::Limits;
use windlass_domain::{Action, Observation, PLAN_FORMAT, Plan, Step};

use super::limits::{bytes, size};

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
    count(plan, limits)?;
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
    cycle(plan).map_or(Ok(()), |cycle| Err(format!("its plan has a cycle: {}", shown(&cycle))))
}

/// A cycle for people; the middle of a long one is left out.
fn shown(cycle: &[&str]) -> String {
    const ENDS: usize = 5;
    match cycle.len() {
        0..=12 => cycle.join(" needs "),
        long => {
            let (first, last) = (cycle[..ENDS].join(" needs "), cycle[long - ENDS..].join(" needs "));
            format!("{first} needs … needs {last} ({} steps)", long - 1)
        }
    }
}

/// Whether a plan's lists and texts are of a bearable size.
fn count(plan: &Plan, limits: &Limits) -> Result<(), String> {
    let most = limits.plan_steps;
    let differences = plan.changes.iter().map(|change| change.differences.len()).sum();
    let lists = [
        (plan.steps.len(), "steps", "plan-steps", most),
        (plan.changes.len(), "changes", "plan-steps", most),
        (plan.warnings.len(), "warnings", "plan-steps", most),
        (plan.way_back.len(), "images for the way back", "plan-steps", most),
        (plan.steps.iter().map(|step| step.needs.len()).sum(), "needs", "plan-needs", limits.plan_needs),
        (differences, "differences", "plan-needs", limits.plan_needs),
    ];
    if let Some((count, what, limit, most)) = lists.into_iter().find(|(count, _, _, most)| *count > size(*most)) {
        return Err(format!("its plan has {count} {what} (limit `{limit}` = {most})"));
    }
    let steps = plan.steps.iter().flat_map(|step| {
        let words = [step.subject.as_deref(), step.owner.as_deref()];
        std::iter::once(step.title.as_str()).chain(words.into_iter().flatten())
    });
    let changes = plan.changes.iter().flat_map(|change| {
        let fields = change.differences.iter().map(|difference| difference.field.as_str());
        let manner = change.manner.as_deref().unwrap_or_default();
        [change.subject.as_str(), change.cause.as_str(), manner].into_iter().chain(fields)
    });
    let lines = plan.warnings.iter().chain(&plan.way_back).map(String::as_str);
    let mut texts = steps.chain(changes).chain(lines).chain([plan.fingerprint.as_str()]);
    match texts.find(|text| text.len() > size(limits.text)) {
        Some(text) => {
            let most = bytes(limits.text);
            Err(format!("its plan has a text of {} bytes (limit `text` = {most})", text.len()))
        }
        None => Ok(()),
    }
}

/// What is wrong with an observation: a fragment that begins "its observation …".
pub(super) fn observed(observation: &Observation, limits: &Limits) -> Result<(), String> {
    let (parts, most) = (observation.parts.len(), limits.plan_steps);
    if parts > size(most) {
        return Err(format!("its observation has {parts} parts (limit `plan-steps` = {most})"));
    }
    let (facts, most) = (observation.basis.values().map(|facts| facts.len() + 1).sum::<usize>(), limits.plan_needs);
    if facts > size(most) {
        return Err(format!("its observation has a basis of {facts} facts (limit `plan-needs` = {most})"));
    }
    let basis = observation
        .basis
        .iter()
        .flat_map(|(thing, facts)| std::iter::once(thing).chain(facts.iter().flat_map(|(name, value)| [name, value])));
    let texts = observation.parts.iter().flat_map(|part| {
        let words = [&part.service, &part.instance, &part.state];
        let more = [&part.release, &part.version, &part.reference, &part.health, &part.since];
        words.into_iter().chain(more.into_iter().flatten())
    });
    match texts.chain(basis).chain([&observation.fingerprint]).find(|text| text.len() > size(limits.text)) {
        Some(text) => {
            let most = bytes(limits.text);
            Err(format!("its observation has a text of {} bytes (limit `text` = {most})", text.len()))
        }
        None => Ok(()),
    }
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
                Some(other) if !step.may_need(other) => {
                    return Err(format!("its plan's step `{}` needs `{need}`, which is begun later", step.id));
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

/// The ids around a cycle, the first repeated at the end; none when there is no cycle.
fn cycle(plan: &Plan) -> Option<Vec<&str>> {
    let endless = plan.endless();
    // Every step that is left needs another one that is left: following needs must come back.
    let needs: HashMap<&str, BTreeSet<&str>> = plan
        .steps
        .iter()
        .filter(|step| endless.contains(step.id.as_str()))
        .map(|step| {
            let left = step.needs.iter().map(String::as_str).filter(|need| endless.contains(need));
            (step.id.as_str(), left.collect())
        })
        .collect();
    let mut path = vec![*endless.first()?];
    let mut places = HashMap::from([(path[0], 0)]);
    loop {
        let next = *needs.get(path.last()?)?.first()?;
        if let Some(start) = places.insert(next, path.len()) {
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
        let mut later = step("b", &[]);
        later["during-verify"] = json!(true);
        for (steps, text) in [
            (json!([]), "its plan is empty: it names nothing that changes and nothing that stays"),
            (json!([step("a", &[]), step("a", &[])]), "its plan has two steps with the id `a`"),
            (json!([step("a", &["b"])]), "its plan's step `a` needs `b`, which is not there"),
            (json!([step("a", &["b"]), later]), "its plan's step `a` needs `b`, which is begun later"),
            (json!([step("", &[])]), "its plan has a step whose id is not a word of at most 128 bytes"),
        ] {
            assert_eq!(checked(&steps), Err(text.to_owned()));
        }
    }

    #[test]
    fn counts_before_it_looks() {
        let many: Vec<_> = (0..500).map(|number| number.to_string()).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        let heavy: Vec<_> = (0..2_000).map(|number| step(&number.to_string(), &many)).collect();
        let long = "x".repeat(20 << 10);
        let mut titled = step("a", &[]);
        titled["title"] = json!(long);
        for (plan, text) in [
            (json!({"steps": heavy, "changes": []}), "its plan has 1000000 needs (limit `plan-needs` = 100000)"),
            (json!({"steps": [titled], "changes": []}), "its plan has a text of 20480 bytes (limit `text` = 16 KiB)"),
            (
                json!({"steps": [step("a", &[])], "changes": [], "warnings": vec!["w"; 9_000]}),
                "its plan has 9000 warnings (limit `plan-steps` = 8000)",
            ),
            (
                json!({"steps": [step("a", &[])], "changes": [{"subject": "s", "action": "keep", "cause": long}]}),
                "its plan has a text of 20480 bytes (limit `text` = 16 KiB)",
            ),
        ] {
            let mut plan = plan;
            (plan["format"], plan["fingerprint"]) = (json!(1), json!("f"));
            let plan = serde_json::from_value(plan).map_err(|error| error.to_string());
            assert_eq!(plan.and_then(|plan| check(&plan, &defaults())), Err(text.to_owned()));
        }
    }

    #[test]
    fn counts_what_is_observed() {
        let part = |state: &str| json!({"service": "web", "instance": "web-1", "state": state});
        for (parts, text) in [
            (vec![part("up"); 8_001], "its observation has 8001 parts (limit `plan-steps` = 8000)"),
            (vec![part(&"x".repeat(17 << 10))], "its observation has a text of 17408 bytes (limit `text` = 16 KiB)"),
        ] {
            let observation = json!({"format": 1, "fingerprint": "f", "parts": parts});
            let observation = serde_json::from_value(observation).map_err(|error| error.to_string());
            let checked = observation.and_then(|observation| observed(&observation, &defaults()));
            assert_eq!(checked, Err(text.to_owned()));
        }
    }

    #[test]
    fn a_long_cycle_is_named_by_its_ends() {
        let steps: Vec<_> = (0..2_000)
            .map(|number| step(&number.to_string(), &[((number + 1) % 2_000).to_string().as_str()]))
            .collect();
        let text = checked(&json!(steps)).err().unwrap_or_default();
        assert_eq!(
            text,
            "its plan has a cycle: 0 needs 1 needs 2 needs 3 needs 4 needs … needs 1996 needs 1997 needs 1998 needs \
             1999 needs 0 (2000 steps)"
        );
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
