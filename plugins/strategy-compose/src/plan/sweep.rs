//! What is removed after success: old containers, and networks of definitions that are gone.
//!
//! Images stay: the host removes those that no kept release needs. Volumes stay: they are data.

use std::collections::BTreeMap;

use windlass_domain::{Action, Change, When};

use super::decide::{Decision, subject};
use super::{Draft, NewStep};
use crate::desired::Desired;
use crate::json;
use crate::labels;
use crate::operation::{Before, Operation};
use crate::state::State;

pub(super) fn add(desired: &Desired, state: &State, decisions: &BTreeMap<String, Decision>, draft: &mut Draft) {
    let mut removals = Vec::new();
    for (name, decision) in decisions {
        for container in &decision.leaving {
            let step = NewStep {
                id: format!("{name}:remove"),
                title: format!("remove {} (old)", container.name),
                needs: Vec::new(),
                subject: Some(&subject(name)),
                timeout_seconds: None,
                operation: Operation::RemoveContainer { id: container.id.clone() },
                before: Before::default(),
            };
            removals.push(draft.add(step, When::Sweep));
        }
    }
    for (name, network) in &state.networks {
        let all = json::pairs(network, "/Labels");
        let of_project = all.get(labels::PROJECT) == Some(&desired.project);
        let ours = all.contains_key(labels::APPLICATION);
        let wanted = desired.networks.values().any(|resource| resource.name == *name);
        if !of_project || !ours || wanted {
            continue;
        }
        let subject = format!("network {name}");
        let step = NewStep {
            id: format!("network:{name}:remove"),
            title: format!("remove {subject}"),
            needs: removals.clone(),
            subject: Some(&subject),
            timeout_seconds: None,
            operation: Operation::RemoveNetwork { name: name.clone() },
            before: Before::default(),
        };
        draft.add(step, When::Sweep);
        draft.plan.changes.push(Change {
            subject,
            action: Action::Remove,
            cause: "no longer in the Compose files".to_owned(),
            manner: None,
            differences: Vec::new(),
        });
    }
}
