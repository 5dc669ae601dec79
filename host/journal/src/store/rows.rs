//! The tables that follow from the lines, written in the same transaction.

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, params};
use windlass_domain::Outcome;
use windlass_foundation::progress::Level;

use super::{Status, TransactionError};
use crate::deployment_state::DeploymentState;
use crate::error::Error;
use crate::outcome_word;
use crate::views::Line;

/// The row of a deployment in the history, and its application's.
pub(super) fn put(connection: &Connection, state: &DeploymentState) -> Result<(), TransactionError> {
    let release = state.release.as_deref();
    // A deployment that is settled as stuck stays open until the record phase is over.
    let open = state.status.is_open();
    connection
        .prepare_cached(
            "INSERT INTO deployments (id, number, application, environment, purpose, actor, reason, break_glass, status,
                 open, outcome, release, version, commit_id, failure, previous, started, finished)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
             ON CONFLICT (id) DO UPDATE SET actor = excluded.actor, status = excluded.status, open = excluded.open,
                 outcome = excluded.outcome, release = excluded.release, version = excluded.version,
                 commit_id = excluded.commit_id, failure = excluded.failure, finished = excluded.finished",
        )?
        .execute(params![
            state.id,
            state.number,
            state.instance.as_str(),
            state.environment,
            state.asked.purpose.word(),
            state.owner.actor.name,
            state.asked.reason,
            state.asked.break_glass,
            state.status.word(),
            open,
            state.outcome().map(outcome_word),
            release.map(|release| release.id.as_str()),
            release.map(|release| release.version.as_str()),
            release.and_then(|release| release.commit.as_deref()),
            state.failure.as_ref().or(state.cause.as_ref()).map(|failure| failure.message.as_str()),
            state.previous,
            state.started.to_string(),
            state.finished.map(|finished| finished.to_string()),
        ])?;
    if state.status == Status::Resolving {
        connection
            .prepare_cached(
                "INSERT INTO applications (name, latest) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET latest = excluded.latest",
            )?
            .execute(params![state.instance.as_str(), state.id])?;
    }
    Ok(())
}

/// What runs from now on, and what is refused from now on.
pub(super) fn settle(
    connection: &Connection,
    state: &DeploymentState,
    time: Timestamp,
) -> Result<(), TransactionError> {
    let Some(release) = state.release.as_deref() else { return Ok(()) };
    if matches!(state.outcome(), Some(Outcome::Succeeded | Outcome::Unchanged)) && !state.kept {
        let document = serde_json::to_string(release).map_err(Error::Encoding)?;
        connection.execute(
            "UPDATE applications SET running = ?2, release = ?3, since = ?4 WHERE name = ?1",
            params![state.instance.as_str(), state.id, document, time.to_string()],
        )?;
        // What was found was about what ran before.
        connection.execute("DELETE FROM concerns WHERE application = ?1", [state.instance.as_str()])?;
    }
    if state.outcome() == Some(Outcome::Succeeded) {
        connection.execute(
            "DELETE FROM quarantine WHERE application = ?1 AND release = ?2",
            params![state.instance.as_str(), release.id],
        )?;
    }
    if let Some(failure) = state.quarantines() {
        connection.execute(
            "INSERT OR REPLACE INTO quarantine (application, release, version, deployment, reason, since)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![state.instance.as_str(), release.id, release.version, state.id, failure.message, time.to_string()],
        )?;
    }
    Ok(())
}

/// Log lines.
pub(super) fn put_lines(transaction: &Transaction<'_>, lines: &[Line]) -> Result<(), TransactionError> {
    let mut statement = transaction
        .prepare_cached("INSERT INTO logs (deployment, time, source, level, message) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for line in lines {
        statement.execute(params![
            line.deployment,
            line.time.to_string(),
            line.source,
            level_word(line.level),
            line.message
        ])?;
    }
    Ok(())
}

/// The word of a level in the table.
pub(super) fn level_word(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

/// The level of a word in the table.
pub(super) fn level_of(word: &str) -> Level {
    match word {
        "debug" => Level::Debug,
        "warn" => Level::Warn,
        "error" => Level::Error,
        _ => Level::Info,
    }
}
