//! A plan as a diff against what runs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use windlass_domain::{Action, Change, Difference, Plan, Step, When};
use windlass_foundation::explain::list;

use super::page::{Ink, Line, Page};
use super::table::Table;
use windlass_api::facts::PlanFact;
use windlass_foundation::words;

/// In plans of at most so many steps, what a step waits for is said once: not again by those that come after.
const REDUCED: usize = 300;

/// The sign and ink of an action, as in a diff.
#[must_use]
pub fn sign(action: Action) -> (char, Ink) {
    match action {
        Action::Create => ('+', Ink::Good),
        Action::Replace | Action::Update => ('~', Ink::Warn),
        Action::Remove => ('-', Ink::Bad),
        Action::Keep => ('=', Ink::Dim),
    }
}

/// One change in one line: sign, subject, cause, manner.
#[must_use]
pub fn headline(change: &Change) -> Line {
    let (sign, ink) = sign(change.action);
    why(change)
        .into_iter()
        .fold(Line::new().ink(ink, format!("{sign} {}", change.subject)), |line, why| line.text(": ").text(why))
}

/// Why and how, where there is something to say.
fn why(change: &Change) -> Option<String> {
    let manner = change.manner.as_deref().filter(|manner| !manner.is_empty());
    match (change.cause.as_str(), manner) {
        ("", None) => None,
        ("", Some(manner)) => Some(manner.to_owned()),
        (cause, None) => Some(cause.to_owned()),
        (cause, Some(manner)) => Some(format!("{cause}; {manner}")),
    }
}

/// The answer of `plan`.
#[must_use]
pub fn page(fact: &PlanFact, width: usize) -> Page {
    let mut page = Page::new();
    let plan = &fact.plan;
    let heading = Line::new().ink(Ink::Bold, format!("{} in {}", fact.application, fact.environment)).text(": ");
    let heading = match &fact.running {
        Some(running) if *running == fact.release.version => match &fact.running_release {
            Some(id) if *id != fact.release.id => {
                heading.text(format!("{} -> {}", words::label(running, id), words::label(running, &fact.release.id)))
            }
            _ => heading.text(running),
        },
        Some(running) => heading.text(format!("{running} -> {}", fact.release.version)),
        None => heading.text(format!("{}, the first here", fact.release.version)),
    };
    page.push(heading.ink(Ink::Dim, format!("  (release {})", fact.release.short_id())));
    page.gap();
    page.indented("  ", changes(plan));
    for warning in &plan.warnings {
        page.gap();
        page.wrapped(Line::plain("  ").ink(Ink::Warn, "warning:").text(" "), Ink::Plain, warning, width);
    }
    if plan.is_unchanged() {
        page.gap();
        page.push(Line::new().ink(Ink::Good, "unchanged").text(": this release already runs; there is nothing to do"));
        return page;
    }
    page.gap();
    page.append(steps(plan));
    page.gap();
    page.push(Line::plain(totals(plan)));
    let hint = match &fact.written {
        Some(file) => {
            format!("written to {file}; deploy exactly this: `windlass deploy {} --plan {file}`", fact.application)
        }
        None => {
            format!(
                "nothing was changed; `windlass plan {0} --out FILE` keeps a plan for `windlass deploy {0} --plan FILE`",
                fact.application
            )
        }
    };
    page.push(Line::new().ink(Ink::Dim, hint));
    page
}

/// All changes: what changes first, what is kept last and in few lines.
#[must_use]
pub fn changes(plan: &Plan) -> Page {
    let mut page = Page::new();
    let (kept, changed): (Vec<_>, Vec<_>) = plan.changes.iter().partition(|change| change.action == Action::Keep);
    for change in changed {
        page.push(headline(change));
        page.append(differences(&change.differences));
    }
    for change in kept {
        page.push(headline(change));
    }
    page
}

/// Field by field: `image  old -> new`.
fn differences(differences: &[Difference]) -> Page {
    let mut table = Table::new();
    for difference in differences {
        let value = |value: &Option<String>| value.as_deref().map(words::reference);
        let change = match (value(&difference.from), value(&difference.to)) {
            (Some(from), Some(to)) => shorten(&from, &to),
            (None, Some(to)) => Line::new().ink(Ink::Good, "+ ").text(to),
            (Some(from), None) => Line::new().ink(Ink::Bad, "- ").text(from),
            (None, None) => Line::new(),
        };
        table.row(vec![Line::plain(&difference.field), change]);
    }
    table.page("    ")
}

/// `from -> to`; where both are images of one repository, the repository is said once.
fn shorten(from: &str, to: &str) -> Line {
    let arrow = |line: Line, from: &str, to: &str| line.ink(Ink::Bad, from).text(" -> ").ink(Ink::Good, to);
    match (from.split_once('@'), to.split_once('@')) {
        (Some((repository, from)), Some((same, to))) if repository == same => {
            arrow(Line::plain(repository).text(" "), from, to)
        }
        _ => arrow(Line::new(), from, to),
    }
}

/// The steps in an order in which they could be done, each with what it waits for.
fn steps(plan: &Plan) -> Page {
    let mut page = Page::new();
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    // All that a step waits for, its needs' own needs included, by number.
    let mut before: Vec<BTreeSet<usize>> = Vec::new();
    let parts = [
        (When::Apply, "steps"),
        (When::DuringVerify, "while it is verified"),
        (When::Sweep, "then, once it is proved"),
    ];
    for (when, heading) in parts {
        let mut table = Table::new().right(0);
        for step in ordered(plan, when) {
            let needs: BTreeSet<usize> = step.needs.iter().filter_map(|id| numbers.get(id.as_str()).copied()).collect();
            let implied = |need: &usize| {
                plan.steps.len() <= REDUCED && needs.iter().any(|other| before[*other - 1].contains(need))
            };
            let direct: Vec<String> = needs.iter().filter(|need| !implied(need)).map(ToString::to_string).collect();
            let all = match plan.steps.len() {
                0..=REDUCED => {
                    needs.iter().flat_map(|need| before[*need - 1].iter().copied()).chain(needs.clone()).collect()
                }
                _ => BTreeSet::new(),
            };
            before.push(all);
            numbers.insert(step.id.as_str(), before.len());
            let after = if direct.is_empty() { String::new() } else { format!("after {}", list(&direct)) };
            let number = Line::plain(before.len().to_string());
            table.row(vec![number, Line::plain(&step.title), Line::new().ink(Ink::Dim, after)]);
        }
        if !table.is_empty() {
            page.push(Line::plain("  ").ink(Ink::Dim, heading));
            page.append(table.page("    "));
        }
    }
    page
}

/// The steps that are begun then, each behind what it needs among them. Those of a cycle, which the host refuses, come last.
fn ordered(plan: &Plan, when: When) -> Vec<&Step> {
    let steps: Vec<&Step> = plan.steps.iter().filter(|step| step.when() == when).collect();
    let places: HashMap<&str, usize> = steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
    let mut waits = vec![0_usize; steps.len()];
    let mut dependents = vec![Vec::new(); steps.len()];
    for (at, step) in steps.iter().enumerate() {
        for need in step.needs.iter().filter_map(|need| places.get(need.as_str())) {
            waits[at] += 1;
            dependents[*need].push(at);
        }
    }
    // One round after the other: what waits for nothing, then what waits for those only, each in the plan's order.
    let mut rounds = vec![usize::MAX; steps.len()];
    let mut ready: Vec<usize> = (0..steps.len()).filter(|at| waits[*at] == 0).collect();
    let mut round = 0;
    while !ready.is_empty() {
        let mut next = Vec::new();
        for at in ready {
            rounds[at] = round;
            for dependent in &dependents[at] {
                waits[*dependent] -= 1;
                if waits[*dependent] == 0 {
                    next.push(*dependent);
                }
            }
        }
        ready = next;
        round += 1;
    }
    let mut order: Vec<usize> = (0..steps.len()).collect();
    order.sort_by_key(|at| rounds[*at]);
    order.into_iter().map(|at| steps[at]).collect()
}

/// `1 to make, 1 to replace, 2 as they are; 5 steps`.
#[must_use]
pub fn totals(plan: &Plan) -> String {
    let of = |action: Action| plan.changes.iter().filter(|change| change.action == action).count();
    let mut totals = Vec::new();
    for (action, words) in [
        (Action::Create, "to make"),
        (Action::Replace, "to replace"),
        (Action::Update, "to change"),
        (Action::Remove, "to remove"),
        (Action::Keep, "to leave as it is"),
    ] {
        if of(action) > 0 {
            totals.push(format!("{} {words}", of(action)));
        }
    }
    let steps = words::count(plan.steps.len(), "step");
    if totals.is_empty() { steps } else { format!("{}; {steps}", totals.join(", ")) }
}

#[cfg(test)]
pub(super) mod tests {
    use windlass_domain::{Bundle, Phase, Release};

    use super::*;

    pub(crate) fn release(version: &str) -> Release {
        Release {
            format: 1,
            id: format!("sha256:{}", "8a1b2c3d".repeat(8)),
            application: "kudos".to_owned(),
            version: version.to_owned(),
            commit: None,
            artifacts: BTreeMap::from([(
                "backend".to_owned(),
                windlass_domain::Artifact {
                    repository: "127.0.0.1:5000/kudos/backend".to_owned(),
                    tag: Some(version.to_owned()),
                    digest: format!("sha256:{}", "1ef921a3".repeat(8)),
                    local: false,
                },
            )]),
            inputs: BTreeMap::new(),
            bundle: Bundle { digest: "sha256:00".to_owned(), files: BTreeMap::new(), programs: None },
            migration: None,
        }
    }

    fn change(subject: &str, action: Action, cause: &str, manner: Option<&str>) -> Change {
        Change {
            subject: subject.to_owned(),
            action,
            cause: cause.to_owned(),
            manner: manner.map(str::to_owned),
            differences: Vec::new(),
        }
    }

    fn step(id: &str, title: &str, phase: Phase, needs: &[&str]) -> Step {
        Step {
            id: id.to_owned(),
            title: title.to_owned(),
            phase,
            needs: needs.iter().map(|need| (*need).to_owned()).collect(),
            changes: true,
            subject: None,
            timeout_seconds: None,
            runs_release: None,
            during_verify: false,
            owner: None,
            before: serde_json::Value::Null,
            details: serde_json::Value::Null,
        }
    }

    pub(crate) fn plan() -> Plan {
        let image = |digits: &str| Some(format!("127.0.0.1:5000/kudos/backend@sha256:{}", digits.repeat(8)));
        let difference =
            |field: &str, from: Option<String>, to: Option<String>| Difference { field: field.to_owned(), from, to };
        Plan {
            format: 1,
            fingerprint: "f".to_owned(),
            changes: vec![
                change("volume data", Action::Keep, "", None),
                Change {
                    differences: vec![
                        difference("image", image("aaaaaaaa"), image("1ef921a3")),
                        difference("environment.LOG_LEVEL", Some("info".to_owned()), Some("debug".to_owned())),
                        difference("environment.NEW", None, Some("1".to_owned())),
                        difference("environment.OLD", Some("0".to_owned()), None),
                    ],
                    ..change("service backend", Action::Replace, "image changed", Some("start-first"))
                },
                change("network front", Action::Create, "new in this release", None),
                change("service worker", Action::Remove, "no longer in the Compose files", None),
                change("service web", Action::Keep, "as it should be", None),
            ],
            steps: vec![
                step("backend:start", "start backend (new)", Phase::Apply, &["backend:pull", "front:create"]),
                step("backend:pull", "pull backend", Phase::Apply, &[]),
                step("front:create", "create network front", Phase::Apply, &[]),
                Step {
                    during_verify: true,
                    ..step("backend:stop", "stop backend (old)", Phase::Apply, &["backend:start"])
                },
                step("worker:remove", "remove worker", Phase::Sweep, &[]),
            ],
            warnings: vec!["web is away for about 2s, because it publishes port 8080".to_owned()],
            way_back: Vec::new(),
        }
    }

    #[test]
    fn a_plan_reads_as_a_diff_without_colour() {
        let fact = PlanFact {
            application: "kudos".to_owned(),
            environment: "uat".to_owned(),
            release: release("v2"),
            running: Some("v1".to_owned()),
            running_release: None,
            plan: plan(),
            written: None,
        };
        insta::assert_snapshot!(page(&fact, 100).render(false), @r"
        kudos in uat: v1 -> v2  (release 8a1b2c3d8a1b)

          ~ service backend: image changed; start-first
              image                  127.0.0.1:5000/kudos/backend sha256:aaaaaaaaaaaa -> sha256:1ef921a31ef9
              environment.LOG_LEVEL  info -> debug
              environment.NEW        + 1
              environment.OLD        - 0
          + network front: new in this release
          - service worker: no longer in the Compose files
          = volume data
          = service web: as it should be

          warning: web is away for about 2s, because it publishes port 8080

          steps
            1  pull backend
            2  create network front
            3  start backend (new)   after 1 and 2
          while it is verified
            4  stop backend (old)  after 3
          then, once it is proved
            5  remove worker

        1 to make, 1 to replace, 1 to remove, 2 to leave as it is; 5 steps
        nothing was changed; `windlass plan kudos --out FILE` keeps a plan for `windlass deploy kudos --plan FILE`
        ");
    }

    #[test]
    fn a_plan_without_changes_says_so() {
        let mut plan = plan();
        plan.steps.clear();
        plan.changes.retain(|change| change.action == Action::Keep);
        plan.warnings.clear();
        let fact = PlanFact {
            application: "kudos".to_owned(),
            environment: "uat".to_owned(),
            release: release("v2"),
            running: Some("v2".to_owned()),
            running_release: Some(release("v2").id),
            plan,
            written: None,
        };
        let other = PlanFact { running_release: Some("sha256:0123456789abcdef".to_owned()), ..fact.clone() };
        let heading = page(&other, 100).render(false).lines().next().map(str::to_owned);
        assert_eq!(
            heading.as_deref(),
            Some("kudos in uat: v2 (0123456789ab) -> v2 (8a1b2c3d8a1b)  (release 8a1b2c3d8a1b)")
        );
        insta::assert_snapshot!(page(&fact, 100).render(false), @r"
        kudos in uat: v2  (release 8a1b2c3d8a1b)

          = volume data
          = service web: as it should be

        unchanged: this release already runs; there is nothing to do
        ");
    }
}
