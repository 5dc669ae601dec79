//! Events of triggers that were acted on.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::Store;
use super::queries::time as read;
use crate::error::Error;

/// The age at which a trigger with a shorter window forgets an event, when its next event is noted. A trigger with a
/// longer window keeps its events for that window.
const LONGEST: Duration = Duration::from_hours(366 * 24);

impl Store {
    /// When an event was noted, less than `window` ago.
    pub(crate) fn triggered(
        &self,
        trigger: &str,
        key: &str,
        time: Timestamp,
        window: Duration,
    ) -> Result<Option<Timestamp>, Error> {
        noted(&self.connection, trigger, key, time, window).map_err(|error| self.explain(error))
    }

    /// Notes that an event is acted on. When it was noted before, less than `window` ago, the time of that.
    pub(crate) fn trigger(
        &mut self,
        trigger: &str,
        key: &str,
        time: Timestamp,
        window: Duration,
    ) -> Result<Option<Timestamp>, Error> {
        let mut before = None;
        self.write(true, |transaction| {
            before = noted(transaction, trigger, key, time, window)?;
            let oldest = time.checked_sub(SignedDuration::try_from(LONGEST.max(window)).unwrap_or(SignedDuration::MAX));
            if let Ok(oldest) = oldest {
                transaction.execute(
                    "DELETE FROM triggered WHERE trigger = ?1 AND time < ?2",
                    [trigger, &oldest.to_string()],
                )?;
            }
            if before.is_none() {
                transaction.execute(
                    "INSERT OR REPLACE INTO triggered (trigger, key, time) VALUES (?1, ?2, ?3)",
                    params![trigger, key, time.to_string()],
                )?;
            }
            Ok(())
        })?;
        Ok(before)
    }

    /// Forgets an event of a trigger, so that it is acted on when it comes again.
    pub(crate) fn forget_trigger(&mut self, trigger: &str, key: &str) -> Result<(), Error> {
        self.write(true, |transaction| {
            transaction.execute("DELETE FROM triggered WHERE trigger = ?1 AND key = ?2", [trigger, key])?;
            Ok(())
        })
    }
}

fn noted(
    connection: &Connection,
    trigger: &str,
    key: &str,
    time: Timestamp,
    window: Duration,
) -> rusqlite::Result<Option<Timestamp>> {
    let sql = "SELECT time FROM triggered WHERE trigger = ?1 AND key = ?2";
    let before = connection.query_row(sql, [trigger, key], |row| row.get::<_, String>(0)).optional()?;
    // A clock that was set back forgets nothing, and one that was ahead does not remember for ever.
    Ok(before.map(|before| read(&before)).filter(|before| time.duration_since(*before).unsigned_abs() < window))
}
