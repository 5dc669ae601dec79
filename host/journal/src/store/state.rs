//! Small stores beside the lines: who holds an application, and what plugins keep for themselves.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, params};

use super::{Store, TransactionError};
use crate::error::Error;
use crate::format::Owner;
use crate::views::{Put, Room, Stored};

/// How many keys are answered at once.
const KEYS: i64 = 1_000;

impl Store {
    pub(crate) fn hold(&mut self, application: &str, owner: &Owner, time: Timestamp) -> Result<(), Error> {
        // It announces nothing by itself: what is open may be going on, on a disk that is full.
        self.write(false, |transaction| {
            transaction.execute(
                "INSERT OR REPLACE INTO holders (application, actor, pid, boot, since) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![application, owner.actor.name, owner.pid, owner.boot, time.to_string()],
            )?;
            Ok(())
        })
    }

    pub(crate) fn release(&mut self, application: &str) -> Result<(), Error> {
        self.write(false, |transaction| {
            transaction.execute("DELETE FROM holders WHERE application = ?1", [application])?;
            Ok(())
        })
    }

    pub(crate) fn state_get(&self, plugin: &str, application: &str, key: &str) -> Result<Option<Stored>, Error> {
        self.connection
            .query_row(
                "SELECT value, revision FROM state WHERE plugin = ?1 AND application = ?2 AND key = ?3",
                [plugin, application, key],
                |row| Ok(Stored { value: row.get(0)?, revision: row.get(1)? }),
            )
            .optional()
            .map_err(|error| self.explain(error))
    }

    pub(crate) fn state_put(
        &mut self,
        plugin: &str,
        application: &str,
        key: &str,
        value: &[u8],
        expected: Option<u64>,
        most: Room,
    ) -> Result<Put, Error> {
        let mut put = Put::Conflict;
        self.write(true, |transaction| {
            put = Put::Conflict;
            if revision(transaction, plugin, application, key)? != expected {
                return Ok(());
            }
            let others = room_of_others(transaction, plugin, application, key)?;
            let would = Room { keys: others.keys + 1, bytes: others.bytes + (key.len() + value.len()) as u64 };
            if would.keys > most.keys || would.bytes > most.bytes {
                put = Put::Full(would);
                return Ok(());
            }
            forget_revisions(transaction, plugin, application, most.keys)?;
            let revision = next_revision(transaction, plugin, application, key)?;
            transaction.execute(
                "INSERT OR REPLACE INTO state (plugin, application, key, value, revision) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![plugin, application, key, value, revision],
            )?;
            put = Put::Stored(revision);
            Ok(())
        })?;
        Ok(put)
    }

    pub(crate) fn state_delete(
        &mut self,
        plugin: &str,
        application: &str,
        key: &str,
        expected: Option<u64>,
    ) -> Result<bool, Error> {
        let mut held = false;
        self.write(true, |transaction| {
            held = revision(transaction, plugin, application, key)? == expected;
            if held && expected.is_some() {
                next_revision(transaction, plugin, application, key)?;
                transaction.execute(
                    "DELETE FROM state WHERE plugin = ?1 AND application = ?2 AND key = ?3",
                    [plugin, application, key],
                )?;
            }
            Ok(())
        })?;
        Ok(held)
    }

    pub(crate) fn state_keys(&self, plugin: &str, application: &str, prefix: &str) -> Result<Vec<String>, Error> {
        let explain = |error| self.explain(error);
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT key FROM state WHERE plugin = ?1 AND application = ?2 AND key >= ?3
                   AND substr(key, 1, length(?3)) = ?3 ORDER BY key LIMIT ?4",
            )
            .map_err(explain)?;
        let rows = statement.query_map(params![plugin, application, prefix, KEYS], |row| row.get(0));
        rows.map_err(explain)?.collect::<Result<_, _>>().map_err(explain)
    }
}

fn revision(
    transaction: &Transaction<'_>,
    plugin: &str,
    application: &str,
    key: &str,
) -> Result<Option<u64>, rusqlite::Error> {
    transaction
        .query_row(
            "SELECT revision FROM state WHERE plugin = ?1 AND application = ?2 AND key = ?3",
            [plugin, application, key],
            |row| row.get(0),
        )
        .optional()
}

/// What the other keys take.
fn room_of_others(
    transaction: &Transaction<'_>,
    plugin: &str,
    application: &str,
    key: &str,
) -> Result<Room, rusqlite::Error> {
    transaction.query_row(
        "SELECT count(*), coalesce(sum(length(CAST(key AS BLOB)) + length(value)), 0) FROM state
         WHERE plugin = ?1 AND application = ?2 AND key <> ?3",
        [plugin, application, key],
        |row| Ok(Room { keys: row.get(0)?, bytes: row.get(1)? }),
    )
}

/// How many revisions of keys that are gone are remembered, for each key that may be there.
const REMEMBERED: u64 = 10;

/// Limits how many revisions of removed keys are remembered. They are remembered so that a key that is created again
/// goes on counting. When there are too many, one number replaces all of them, under the empty key, which no plugin can
/// have: every new key counts from there.
fn forget_revisions(
    transaction: &Transaction<'_>,
    plugin: &str,
    application: &str,
    keys: u64,
) -> Result<(), TransactionError> {
    let (count, highest): (u64, u64) = transaction.query_row(
        "SELECT count(*), coalesce(max(revision), 0) FROM state_revisions WHERE plugin = ?1 AND application = ?2",
        [plugin, application],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if count <= keys.saturating_mul(REMEMBERED) {
        return Ok(());
    }
    transaction.execute(
        "DELETE FROM state_revisions WHERE plugin = ?1 AND application = ?2
           AND key NOT IN (SELECT key FROM state WHERE plugin = ?1 AND application = ?2)",
        [plugin, application],
    )?;
    transaction.execute(
        "INSERT INTO state_revisions (plugin, application, key, revision) VALUES (?1, ?2, '', ?3)",
        params![plugin, application, highest],
    )?;
    Ok(())
}

fn next_revision(
    transaction: &Transaction<'_>,
    plugin: &str,
    application: &str,
    key: &str,
) -> Result<u64, TransactionError> {
    Ok(transaction.query_row(
        "INSERT INTO state_revisions (plugin, application, key, revision) VALUES (?1, ?2, ?3, 1 + coalesce(
           (SELECT revision FROM state_revisions WHERE plugin = ?1 AND application = ?2 AND key = ''), 0))
         ON CONFLICT (plugin, application, key) DO UPDATE SET revision = revision + 1 RETURNING revision",
        [plugin, application, key],
        |row| row.get(0),
    )?)
}
