//! The outbox: events that recorders are told, at least once and in order for each recorder.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::Value;

use super::{Fault, Store, chain};
use crate::journal::Also;
use crate::journal::account::Account;
use crate::journal::error::Error;
use crate::journal::format::Notice;
use crate::journal::views::Delivery;

/// Puts the events of a deployment that was just settled. One that is settled a second time, because a person had an
/// undo tried again, is told a second time: with another key.
pub(super) fn put(transaction: &Transaction<'_>, account: &Account, time: Timestamp, also: &Also) -> Result<(), Fault> {
    for (recorder, event) in &also.deliveries {
        let mut event = event.clone();
        event.finished = account.finished.unwrap_or(time).to_string();
        let document = serde_json::to_string(&event).map_err(Error::Encoding)?;
        transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO outbox (application, recorder, deployment, key, event, due)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                account.application,
                recorder,
                account.id,
                event.idempotency_key,
                document,
                time.as_millisecond()
            ])?;
    }
    Ok(())
}

const FIELDS: &str = "id, recorder, deployment, event, attempts, due, delivered, facts, failure";

fn read(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    let due: i64 = row.get(5)?;
    Ok(Delivery {
        id: row.get(0)?,
        recorder: row.get(1)?,
        deployment: row.get(2)?,
        event: serde_json::from_str(&row.get::<_, String>(3)?).ok(),
        attempts: row.get(4)?,
        due: Timestamp::from_millisecond(due).unwrap_or(Timestamp::UNIX_EPOCH),
        delivered: row.get::<_, Option<String>>(6)?.and_then(|time| time.parse().ok()),
        facts: json(row.get(7)?),
        failure: row.get(8)?,
    })
}

impl Store {
    fn deliveries(&self, condition: &str, value: &str) -> Result<Vec<Delivery>, Error> {
        let explain = |error| self.explain(error);
        let sql = format!("SELECT {FIELDS} FROM outbox WHERE {condition} ORDER BY id");
        let mut statement = self.connection.prepare_cached(&sql).map_err(explain)?;
        statement.query_map([value], read).map_err(explain)?.collect::<Result<_, _>>().map_err(explain)
    }

    pub(in crate::journal) fn deliveries_of(&self, deployment: &str) -> Result<Vec<Delivery>, Error> {
        self.deliveries("deployment = ?1", deployment)
    }

    pub(in crate::journal) fn undelivered(&self, application: &str) -> Result<Vec<Delivery>, Error> {
        self.deliveries("application = ?1 AND delivered IS NULL", application)
    }

    /// What was told needs no keeping: the deployment's lines have it all.
    pub(in crate::journal) fn delivered(
        &mut self,
        id: i64,
        time: Timestamp,
        facts: Option<&Value>,
    ) -> Result<(), Error> {
        self.write(false, |transaction| {
            transaction.execute(
                "UPDATE outbox SET delivered = ?2, facts = ?3, event = '', failure = NULL, attempts = attempts + 1
                 WHERE id = ?1",
                params![id, time.to_string(), facts.map(Value::to_string)],
            )?;
            Ok(())
        })
    }

    /// Gives one up. Its application, none when it does not wait.
    pub(in crate::journal) fn drop_delivery(
        &mut self,
        id: i64,
        time: Timestamp,
        actor: &str,
        reason: &str,
    ) -> Result<Option<String>, Error> {
        let mut dropped = None;
        self.write(true, |transaction| {
            let found = transaction
                .query_row(
                    "SELECT application, recorder, deployment FROM outbox WHERE id = ?1 AND delivered IS NULL",
                    [id],
                    |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)),
                )
                .optional()?;
            let Some((application, recorder, deployment)) = found else { return Ok(()) };
            transaction.execute(
                "UPDATE outbox SET delivered = ?2, event = '', failure = ?3 WHERE id = ?1",
                params![id, time.to_string(), format!("given up by {actor}: {reason}")],
            )?;
            let notice = Notice::Untold { actor: actor.to_owned(), reason: reason.to_owned(), recorder, deployment };
            chain::add_notice(transaction, &application, time, &notice)?;
            dropped = Some(application);
            Ok(())
        })?;
        Ok(dropped)
    }

    pub(in crate::journal) fn delivery_failed(&mut self, id: i64, due: Timestamp, failure: &str) -> Result<(), Error> {
        self.write(false, |transaction| {
            transaction.execute(
                "UPDATE outbox SET attempts = attempts + 1, due = ?2, failure = ?3 WHERE id = ?1",
                params![id, due.as_millisecond(), failure],
            )?;
            Ok(())
        })
    }
}
