//! The chain of lines: each carries the hash of the one before it.
//!
//! It makes a change visible, not impossible: who can write the file can make a whole new chain. The hash of the last
//! line, noted elsewhere, closes that gap.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::derived::Derived;
use super::{Store, TransactionError};
use crate::deployment_state::DeploymentState;
use crate::error::Error;
use crate::format::{Event, JOURNAL_FORMAT, Notice};
use crate::views::{self, Entry, Verification};

/// What stands before the first line.
const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// How the subject of a line begins that is about an application. No deployment's id has a colon.
const APPLICATION: &str = "application:";

/// Writes a line at the end of the chain.
pub(super) fn add(
    transaction: &Transaction<'_>,
    deployment: &str,
    time: Timestamp,
    event: &Event,
) -> Result<(), TransactionError> {
    add_line(transaction, deployment, time, event.kind(), &encode(event)?)
}

/// Writes a line about an application at the end of the chain.
pub(super) fn add_notice(
    transaction: &Transaction<'_>,
    application: &str,
    time: Timestamp,
    notice: &Notice,
) -> Result<(), TransactionError> {
    add_line(transaction, &format!("{APPLICATION}{application}"), time, notice.kind(), &encode(notice)?)
}

fn add_line(
    transaction: &Transaction<'_>,
    subject: &str,
    time: Timestamp,
    kind: &str,
    payload: &str,
) -> Result<(), TransactionError> {
    let (last, previous) = transaction
        .query_row("SELECT sequence, hash FROM chain", [], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, String>(1)?)))
        .optional()?
        .unwrap_or_else(|| (0, BEGINNING.to_owned()));
    let sequence = last + 1;
    let time = time.to_string();
    let hash = hash(sequence, subject, &time, kind, payload, &previous);
    transaction
        .prepare_cached(
            "INSERT INTO events (sequence, deployment, time, kind, payload, previous, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![sequence, subject, time, kind, payload, previous, hash])?;
    transaction
        .prepare_cached(
            "INSERT INTO chain (one, sequence, hash) VALUES (1, ?1, ?2)
             ON CONFLICT (one) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash",
        )?
        .execute(params![sequence, hash])?;
    Ok(())
}

/// An event as it is stored: its fields, and the version of the format.
fn encode(event: &impl Serialize) -> Result<String, TransactionError> {
    let mut value = serde_json::to_value(event).map_err(Error::Encoding)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("format".to_owned(), JOURNAL_FORMAT.into());
    }
    Ok(value.to_string())
}

/// Every field with its length before it, so that nothing can move from one field to the next.
fn hash(sequence: u64, deployment: &str, time: &str, kind: &str, payload: &str, previous: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(sequence.to_be_bytes());
    for field in [deployment, time, kind, payload, previous] {
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field.as_bytes());
    }
    hex::encode(hasher.finalize())
}

/// A line as it stands in the table.
struct Raw {
    sequence: u64,
    deployment: String,
    time: String,
    kind: String,
    payload: String,
    previous: String,
    hash: String,
}

impl Raw {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            sequence: row.get(0)?,
            deployment: row.get(1)?,
            time: row.get(2)?,
            kind: row.get(3)?,
            payload: row.get(4)?,
            previous: row.get(5)?,
            hash: row.get(6)?,
        })
    }

    fn entry(self) -> Result<Entry, Error> {
        let event =
            serde_json::from_str(&self.payload).map_err(|source| Error::Line { sequence: self.sequence, source })?;
        let time = self.time.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(Entry { sequence: self.sequence, time, deployment: self.deployment, event, hash: self.hash })
    }
}

const FIELDS: &str = "sequence, deployment, time, kind, payload, previous, hash";

impl Store {
    /// The lines of a deployment, in order.
    pub(crate) fn entries(&self, deployment: &str) -> Result<Vec<Entry>, Error> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT {FIELDS} FROM events WHERE deployment = ?1 ORDER BY sequence"))
            .map_err(|error| self.explain(error))?;
        let rows = statement.query_map([deployment], Raw::read).map_err(|error| self.explain(error))?;
        rows.map(|row| row.map_err(|error| self.explain(error))?.entry()).collect()
    }

    /// Follows the whole chain, in one consistent view of it.
    pub(crate) fn verify(&mut self) -> Result<Verification, Error> {
        let path = self.path.clone();
        walk(&mut self.connection).map_err(|fault| match fault {
            TransactionError::Sqlite(error) => super::explain(&path, error),
            TransactionError::Journal(error) => *error,
        })
    }
}

/// Follows every line, in one consistent view of the file.
fn walk(connection: &mut Connection) -> Result<Verification, TransactionError> {
    let transaction = connection.transaction()?;
    let mut walk = Walk::new()?;
    {
        let mut statement = transaction.prepare(&format!("SELECT {FIELDS} FROM events ORDER BY sequence"))?;
        for row in statement.query_map([], Raw::read)? {
            walk.line(row?)?;
        }
    }
    let end = transaction
        .query_row("SELECT sequence, hash FROM chain", [], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, String>(1)?)))
        .optional()?;
    walk.end(end, &transaction)
}

/// What a line is about, in words.
fn subject(written: &str) -> String {
    match written.strip_prefix(APPLICATION) {
        Some(application) => format!("application {application}"),
        None => format!("deployment {written}"),
    }
}

/// The state of a verification that follows the chain line by line.
struct Walk {
    lines: u64,
    sequence: u64,
    hash: String,
    faults: Vec<views::ChainFault>,
    open: std::collections::HashMap<String, DeploymentState>,
    derived: Derived,
}

impl Walk {
    fn new() -> Result<Self, TransactionError> {
        Ok(Self {
            lines: 0,
            sequence: 0,
            hash: BEGINNING.to_owned(),
            faults: Vec::new(),
            open: std::collections::HashMap::new(),
            derived: Derived::new()?,
        })
    }

    fn line(&mut self, raw: Raw) -> Result<(), TransactionError> {
        self.lines += 1;
        let expected = self.sequence + 1;
        let sequence = raw.sequence;
        if sequence != expected {
            let missing = if sequence == expected + 1 {
                format!("line {expected} before it is missing")
            } else {
                format!("lines {expected} to {} before it are missing", sequence - 1)
            };
            self.fault(sequence, missing);
        } else if raw.previous != self.hash {
            self.fault(
                sequence,
                "it doesn't follow on the line before it: one of them was changed or moved".to_owned(),
            );
        }
        let computed = hash(sequence, &raw.deployment, &raw.time, &raw.kind, &raw.payload, &raw.previous);
        if computed != raw.hash {
            self.fault(sequence, format!("the line `{}` of {} was changed", raw.kind, subject(&raw.deployment)));
        }
        self.sequence = sequence;
        self.hash.clone_from(&raw.hash);
        self.follow(raw)
    }

    /// The line must also be possible: replayed, it fits the transition tables.
    fn follow(&mut self, raw: Raw) -> Result<(), TransactionError> {
        let sequence = raw.sequence;
        if let Some(application) = raw.deployment.strip_prefix(APPLICATION) {
            match serde_json::from_str::<Notice>(&raw.payload) {
                Ok(notice) => self.derived.notice(application, &notice, raw.time.parse().unwrap_or_default())?,
                Err(error) => self.fault(sequence, format!("it cannot be read: {error}")),
            }
            return Ok(());
        }
        let entry = match raw.entry() {
            Ok(entry) => entry,
            Err(error) => {
                self.fault(sequence, format!("it cannot be read: {error}"));
                return Ok(());
            }
        };
        let added = match self.open.get_mut(&entry.deployment) {
            Some(state) => state.add(entry.time, &entry.event),
            None => DeploymentState::open(&entry.deployment, entry.time, &entry.event).map(|state| {
                self.open.insert(entry.deployment.clone(), state);
            }),
        };
        if let Err(illegal) = added {
            self.fault(sequence, illegal.to_string());
        } else if let Some(state) = self.open.get(&entry.deployment) {
            self.derived.line(state, entry.time, &entry.event)?;
        }
        // Nothing can follow on a closed one; a line that does is found because its deployment is not there.
        if matches!(entry.event, Event::Closed)
            && self.open.get(&entry.deployment).is_some_and(|state| !state.status.is_open())
            && self.open.get(&entry.deployment).is_some_and(|state| state.status.word() == "closed")
        {
            self.open.remove(&entry.deployment);
        }
        Ok(())
    }

    fn fault(&mut self, sequence: u64, what: String) {
        self.faults.push(views::ChainFault { sequence: Some(sequence), what });
    }

    fn end(mut self, chain: Option<(u64, String)>, tables: &Connection) -> Result<Verification, TransactionError> {
        match chain {
            None if self.lines == 0 => {}
            Some((sequence, hash)) if sequence == self.sequence && hash == self.hash => {}
            Some((sequence, _)) if sequence > self.sequence => {
                let first = self.sequence + 1;
                let what = if first == sequence {
                    "it is missing at the end".to_owned()
                } else {
                    format!("lines {first} to {sequence} are missing at the end")
                };
                self.fault(first, what);
            }
            _ => self.fault(self.sequence, "it isn't the last line that was written".to_owned()),
        }
        for state in self.open.values() {
            self.derived.state(state)?;
        }
        let tables = self.derived.differences(tables)?;
        self.faults.extend(tables.into_iter().map(|what| views::ChainFault { sequence: None, what }));
        Ok(Verification { lines: self.lines, head: self.hash, faults: self.faults })
    }
}
