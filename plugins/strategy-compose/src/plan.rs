//! From what runs to what should run: the plan.
//!
//! Pure: state and desired in, plan out. For each service one of five things is decided (`decide`), and each decision
//! becomes steps (`steps`); networks and volumes come before, removals after (`resources`, `sweep`).
//!
//! The order: images, networks and volumes; then all new containers are created; then, service by service along
//! `depends_on`, they are started and take over; then, when all of that is true, what is no longer wanted is stopped, and
//! old ones that still run end while the release is verified. So nothing that runs is touched before everything that can be
//! prepared is prepared.

mod checked;
mod data;
mod decide;
mod graph;
mod resources;
mod steps;
mod sweep;
mod together;

use std::collections::BTreeSet;

use serde_json::Value;
use windlass_domain::{Action, Change, PLAN_FORMAT, Phase, Plan, Step, When};

use crate::desired::Desired;
use crate::operation::{Before, Operation};
use crate::state::State;

pub(crate) use checked::lacks_health_check;
pub(crate) use decide::{Decision, decide, needs_inspection};
pub(crate) use resources::Obstacles;

/// The plan, or what stands in its way.
pub(crate) fn plan(desired: &Desired, state: &State) -> Result<Plan, Obstacles> {
    let plan = Plan { warnings: desired.warnings.clone(), ..empty(state) };
    let mut draft = Draft { plan, prepared: Vec::new(), ids: BTreeSet::new() };
    if !desired.asleep.is_empty() {
        return asleep(desired, state, draft.plan);
    }
    resources::add(desired, state, &mut draft)?;
    checked::add(desired, state, &mut draft)?;
    let mut decisions = decide::all(desired, state);
    draft.plan.warnings.extend(data::carry(desired, state, &mut decisions));
    for (service, decision) in &decisions {
        draft.plan.changes.push(decide::change(service, decision));
    }
    steps::add(desired, state, &decisions, &mut draft);
    sweep::add(desired, state, &decisions, &mut draft);
    let mut plan = draft.plan;
    plan.way_back.sort();
    plan.way_back.dedup();
    Ok(plan)
}

/// No service is active. That is a plan without steps where nothing runs; what runs is never removed by it.
fn asleep(desired: &Desired, state: &State, mut plan: Plan) -> Result<Plan, Obstacles> {
    let quoted = |profiles: &BTreeSet<&String>| {
        let all: Vec<String> = profiles.iter().map(|profile| format!("`{profile}`")).collect();
        all.join(", ")
    };
    let profiles: BTreeSet<&String> = desired.asleep.values().flatten().collect();
    let first = profiles.first().map_or("", |profile| profile.as_str());
    let message = format!("no service is active: each is behind a profile ({})", quoted(&profiles));
    let hint = format!("name the profiles in the strategy's `with` table, such as `profiles = [\"{first}\"]`");
    if state.containers.is_empty() {
        plan.warnings.push(format!("{message}; {hint}"));
        plan.changes.extend(desired.asleep.iter().map(|(service, profiles)| Change {
            subject: decide::subject(service),
            action: Action::Keep,
            cause: format!("not active; profiles: {}", quoted(&profiles.iter().collect())),
            manner: None,
            differences: Vec::new(),
        }));
        return Ok(plan);
    }
    let count = state.containers.len();
    let runs = format!("{count} container{} of `{}`", if count == 1 { "" } else { "s" }, desired.project);
    Err(Obstacles(vec![(
        format!("{message}, and this would remove {runs}"),
        format!("{hint}; where they are to go, stop and remove them with `docker compose -p {} down`", desired.project),
    )]))
}

fn empty(state: &State) -> Plan {
    Plan {
        format: PLAN_FORMAT,
        fingerprint: state.fingerprint(),
        changes: Vec::new(),
        steps: Vec::new(),
        warnings: Vec::new(),
        way_back: Vec::new(),
    }
}

/// A plan while it is made.
struct Draft {
    plan: Plan,
    /// Steps that every container's creation needs.
    prepared: Vec<String>,
    ids: BTreeSet<String>,
}

/// One step, before its place in the plan is known.
struct NewStep<'a> {
    id: String,
    title: String,
    needs: Vec<String>,
    subject: Option<&'a str>,
    timeout_seconds: Option<u64>,
    operation: Operation,
    before: Before,
}

impl Draft {
    /// Adds a step that is begun as soon as what it needs is done.
    fn apply(&mut self, step: NewStep<'_>) -> String {
        self.add(step, When::Apply)
    }

    fn add(&mut self, step: NewStep<'_>, when: When) -> String {
        let id = self.unique(&step.id);
        let changes = !matches!(step.operation, Operation::Gather | Operation::Await { .. } | Operation::Drain { .. });
        let runs_release =
            matches!(step.operation, Operation::Start { .. } | Operation::StartAgain { .. } | Operation::Run { .. });
        let before = if step.before == Before::default() { Value::Null } else { to_value(&step.before) };
        self.plan.steps.push(Step {
            id: id.clone(),
            title: step.title,
            phase: if when == When::Sweep { Phase::Sweep } else { Phase::Apply },
            needs: step.needs,
            changes,
            runs_release: Some(runs_release),
            during_verify: when == When::DuringVerify,
            owner: None,
            subject: step.subject.map(str::to_owned),
            timeout_seconds: step.timeout_seconds,
            before,
            details: to_value(&step.operation),
        });
        id
    }

    /// Ids are at most 128 characters and unique; only names that people chose very alike are ever changed.
    fn unique(&mut self, wanted: &str) -> String {
        let mut id: String = wanted.chars().take(120).collect();
        let mut count = 1;
        while !self.ids.insert(id.clone()) {
            count += 1;
            id = format!("{}~{count}", wanted.chars().take(120).collect::<String>());
        }
        id
    }
}

/// Our own types always are JSON.
fn to_value(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
