//! From an event to a commit at the remote: fetch, look, commit, push, and again when another push was faster.

use windlass_sdk::prelude::*;

use crate::config::Config;
use crate::content::content;
use crate::import::{Commit, stream};
use crate::message::{is_of, message};
use crate::push::Pushed;
use crate::repository::Repository;

/// Writes an event and returns facts about the commit.
pub(crate) fn write(context: &Context<'_>, config: &Config, event: &Event) -> Result<Value> {
    let repository = Repository { commands: &config.commands };
    let path = config.path_in(&event.environment);
    let message = message(config, event, &path)?;
    let mut reason = String::new();
    for attempt in 1..=config.attempts.max(1) {
        context.stop_if_cancelled()?;
        log::progress(format!("writes {path} to the git repository"), None);
        repository.fetch()?;
        let branch = repository.branch()?;
        if branch.commits.iter().any(|commit| is_of(commit, event, &path)) {
            let summary = format!("{path} was committed before");
            return Ok(
                json!({ "path": path, "head": branch.head, "unchanged": true, "recorded": "before", "summary": summary }),
            );
        }
        let old = repository.file(&branch.head, &path)?;
        let new = content(old.as_deref(), config, event).map_err(|error| error.context(format!("`{path}`")))?;
        let Some(new) = new else {
            let summary = format!("{path} says so already");
            return Ok(json!({ "path": path, "head": branch.head, "unchanged": true, "summary": summary }));
        };
        let reference = repository.next();
        let commit =
            Commit { reference: &reference, parent: &branch.head, message: &message, path: &path, content: &new };
        let mut made = repository.import(&stream(&commit, config, event)?)?;
        if config.sign {
            made = repository.sign(&made, &branch.head, &message)?;
        }
        if let Pushed::Behind(why) = repository.push(&made)? {
            log::info(format!("another push came first ({why}); attempt {attempt} of {}", config.attempts));
            reason = why;
            continue;
        }
        let short: String = made.chars().take(12).collect();
        let lost = if event.outcome == Outcome::Unchanged { ", which was lost or said something else" } else { "" };
        let summary = format!("committed {path}{lost} ({short})");
        return Ok(json!({ "path": path, "commit": made, "attempt": attempt, "summary": summary }));
    }
    let attempts = config.attempts;
    let message = format!("`{path}` was not pushed: {attempts} times another push came first, the last time {reason}");
    Err(Error::new("conflict", message)
        .retryable()
        .hint("find out what else pushes to this branch, and give the state a branch of its own or raise `attempts`"))
}
