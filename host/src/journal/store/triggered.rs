//! Events of triggers that were acted on.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::Store;
use super::queries::time as read;
use crate::journal::error::Error;

impl Store {
    /// Notes that an event is acted on. When it was noted before, the time of that.
    pub(in crate::journal) fn trigger(
        &mut self,
        trigger: &str,
        key: &str,
        time: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let mut before = None;
        self.write(true, |transaction| {
            before = transaction
                .query_row("SELECT time FROM triggered WHERE trigger = ?1 AND key = ?2", [trigger, key], |row| {
                    row.get::<_, String>(0)
                })
                .optional()?;
            if before.is_none() {
                transaction.execute(
                    "INSERT INTO triggered (trigger, key, time) VALUES (?1, ?2, ?3)",
                    params![trigger, key, time.to_string()],
                )?;
            }
            Ok(())
        })?;
        Ok(before.as_deref().map(read))
    }

    /// It may come again.
    pub(in crate::journal) fn forget_trigger(&mut self, trigger: &str, key: &str) -> Result<(), Error> {
        self.write(true, |transaction| {
            transaction.execute("DELETE FROM triggered WHERE trigger = ?1 AND key = ?2", [trigger, key])?;
            Ok(())
        })
    }
}
