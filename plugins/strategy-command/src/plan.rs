//! Which steps there are to do, each with all that it and its undoing need.

use std::collections::BTreeMap;

use serde::Serialize;
use windlass_commands::{Command, Runner};
use windlass_sdk::documents::PLAN_FORMAT;
use windlass_sdk::prelude::*;
use windlass_strategies::{Words, is_about_running};

use crate::config::{Commands, Config, Entry};
use crate::observe::{self, Seen};
use crate::runner;

/// Commands with facts put in, as they stand in a step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct Todo {
    /// In this order.
    pub(crate) commands: Vec<Command>,
}

/// The plan.
pub(crate) fn plan(runner: &dyn Runner, config: &Config, words: &Words) -> Result<Plan> {
    runner::may_run(runner, config.names())?;
    let seen = observe::all(runner, config, words)?;
    let is_new = words.running().is_none_or(|running| running.id != words.release().id);
    let mut changing: BTreeMap<&str, bool> = BTreeMap::new();
    let (mut changes, mut steps, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    let mut before: Option<&Entry> = None;
    for (entry, seen) in &seen {
        let place = |error: Error| error.context(format!("the step `{}`", entry.name));
        let needs: Vec<&str> = match (&entry.needs, before) {
            (Some(needs), _) => needs.iter().map(String::as_str).collect(),
            (None, Some(before)) => vec![&before.name],
            (None, None) => Vec::new(),
        };
        let after = needs.iter().find(|need| changing.get(**need) == Some(&true));
        let (cause, difference) = why(entry, seen.as_ref(), is_new, after.copied(), words).map_err(place)?;
        let changes_it = cause.is_some();
        changing.insert(&entry.name, changes_it);
        before = Some(entry);
        let action = match (changes_it, words.running()) {
            (false, _) => Action::Keep,
            (true, None) => Action::Create,
            (true, Some(_)) => Action::Update,
        };
        changes.push(Change {
            subject: subject(entry),
            action,
            cause: cause.unwrap_or_else(|| "done already".to_owned()),
            manner: None,
            differences: difference.into_iter().collect(),
        });
        if !changes_it {
            continue;
        }
        let (undo, warning) = undoing(entry, words).map_err(place)?;
        warnings.extend(warning);
        let mut step = step(entry, words, &undo).map_err(place)?;
        step.needs =
            needs.iter().filter(|need| changing.get(**need) == Some(&true)).map(|need| (*need).to_owned()).collect();
        steps.push(step);
    }
    Ok(Plan {
        format: PLAN_FORMAT,
        fingerprint: observe::fingerprint(words, &seen),
        changes,
        steps,
        warnings,
        way_back: Vec::new(),
    })
}

fn subject(entry: &Entry) -> String {
    format!("step {}", entry.name)
}

/// Why a step must be done, or none; and how what is there differs.
fn why(
    entry: &Entry,
    seen: Option<&Seen>,
    is_new: bool,
    after: Option<&str>,
    words: &Words,
) -> Result<(Option<String>, Option<Difference>)> {
    let release_changed = || match words.running() {
        Some(running) => format!("the release changed: {} runs", running.version),
        None => "nothing runs yet".to_owned(),
    };
    if let (Some(seen), Some(expect)) = (seen, &entry.expect) {
        let expected = words.fill(expect)?;
        if *seen != Seen::Text(expected.trim().to_owned()) {
            let difference =
                Difference { field: "current".to_owned(), from: Some(seen.words()), to: Some(expected.clone()) };
            return Ok((Some(format!("what is there is {}, not {expected}", seen.words())), Some(difference)));
        }
    } else if is_new {
        return Ok((Some(release_changed()), None));
    }
    Ok((after.map(|after| format!("comes after `{after}`")), None))
}

fn step(entry: &Entry, words: &Words, undo: &Todo) -> Result<Step> {
    let run = Todo { commands: runner::fill_all(&entry.run, words)? };
    let title = if let Some(title) = &entry.title {
        words.fill(title)?
    } else {
        let all: Vec<String> = run.commands.iter().map(Command::words).collect();
        format!("{}: {}", entry.name, all.join(", then "))
    };
    Ok(Step {
        id: entry.name.clone(),
        title,
        phase: Phase::Apply,
        needs: Vec::new(),
        changes: true,
        runs_release: Some(entry.runs_release),
        during_verify: false,
        owner: None,
        subject: Some(subject(entry)),
        timeout_seconds: entry.deadline.map(|deadline| deadline.0.as_secs()),
        before: json!(undo),
        details: json!(run),
    })
}

/// How a step is undone, and a warning where that is less than a person would think.
fn undoing(entry: &Entry, words: &Words) -> Result<(Todo, Option<String>)> {
    let filled = |commands: &Commands| Ok::<_, Error>(Todo { commands: runner::fill_all(commands, words)? });
    if words.running().is_some() {
        return Ok((filled(&entry.undo)?, None));
    }
    if let Some(first) = &entry.undo_first {
        return Ok((filled(first)?, None));
    }
    let about_running = |command: &Command| command.arguments.iter().any(|argument| is_about_running(argument));
    if entry.undo.0.iter().any(about_running) {
        let warning = format!(
            "nothing ran before: undoing the step `{}` does nothing, because its `undo` is about what ran; \
             `undo-first` says what else to do",
            entry.name
        );
        return Ok((Todo::default(), Some(warning)));
    }
    Ok((filled(&entry.undo)?, None))
}
