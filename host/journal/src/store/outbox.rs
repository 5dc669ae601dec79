//! The outbox: events that recorders receive, at least once and in order for each recorder, and those of them that were
//! set aside because a recorder will never take them.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde_json::Value;
use windlass_foundation::names::Instance;

use super::queries::{instance, time as parsed};
use super::{Store, TransactionError, chain, holds};
use crate::WithLine;
use crate::error::Error;
use crate::format::{Actor, Notice};
use crate::views::{Aside, Delivery, Refusal, Requeued};

/// Adds the events of a deployment: of one that was just settled, and so `finished`, or of one about which the agent found
/// something later. One that is settled a second time, because a person repeated an undo, gets a second event with another
/// key.
pub(super) fn put(
    transaction: &Transaction<'_>,
    (application, deployment): (&str, &str),
    finished: Option<Timestamp>,
    time: Timestamp,
    also: &WithLine,
) -> Result<(), TransactionError> {
    for (recorder, event) in &also.deliveries {
        let mut event = event.clone();
        if let Some(finished) = finished {
            event.finished = finished.to_string();
        }
        let document = serde_json::to_string(&event).map_err(Error::Encoding)?;
        transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO outbox (application, recorder, deployment, key, event, due)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                application,
                recorder,
                deployment,
                event.idempotency_key,
                document,
                time.as_millisecond()
            ])?;
    }
    Ok(())
}

const FIELDS: &str = "outbox.id, outbox.recorder, outbox.deployment, outbox.event, outbox.attempts, outbox.due, \
     outbox.delivered, outbox.facts, outbox.failure, \
     set_aside.since, set_aside.code, set_aside.reason, set_aside.hint";

fn read(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    let due: i64 = row.get(5)?;
    let aside = match row.get::<_, Option<String>>(9)? {
        Some(since) => {
            let refusal = Refusal { code: row.get(10)?, reason: row.get(11)?, hint: row.get(12)? };
            Some(Aside { since: parsed(&since), refusal })
        }
        None => None,
    };
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
        aside,
    })
}

/// What a change to one row needs to know of it.
struct Subject {
    instance: Instance,
    recorder: String,
    deployment: String,
    key: String,
}

fn subject(connection: &Connection, condition: &str, id: i64) -> rusqlite::Result<Option<Subject>> {
    let sql = format!("SELECT application, recorder, deployment, key FROM outbox WHERE id = ?1 AND {condition}");
    let read = |row: &Row<'_>| {
        Ok(Subject {
            instance: instance(row.get(0)?)?,
            recorder: row.get(1)?,
            deployment: row.get(2)?,
            key: row.get(3)?,
        })
    };
    connection.query_row(&sql, [id], read).optional()
}

/// Writes what a notice says into the tables and into the chain.
fn write(
    connection: &Transaction<'_>,
    application: &str,
    time: Timestamp,
    notice: &Notice,
) -> Result<(), TransactionError> {
    holds::change(connection, application, notice, time)?;
    chain::add_notice(connection, application, time, notice)
}

fn put_aside(
    transaction: &Transaction<'_>,
    id: i64,
    time: Timestamp,
    refusal: &Refusal,
) -> Result<(), TransactionError> {
    let Some(subject) = subject(transaction, "delivered IS NULL", id)? else { return Ok(()) };
    let Subject { instance, recorder, deployment, key } = subject;
    transaction.execute("UPDATE outbox SET failure = ?2 WHERE id = ?1", params![id, refusal.reason])?;
    let Refusal { code, reason, hint } = refusal.clone();
    let notice = Notice::SetAside { recorder, deployment, key, code, reason, hint };
    write(transaction, instance.as_str(), time, &notice)
}

impl Store {
    fn deliveries(&self, condition: &str, value: &str) -> Result<Vec<Delivery>, Error> {
        let explain = |error| self.explain(error);
        let sql = format!(
            "SELECT {FIELDS} FROM outbox LEFT JOIN set_aside ON set_aside.key = outbox.key
             WHERE outbox.{condition} ORDER BY outbox.id"
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(explain)?;
        statement.query_map([value], read).map_err(explain)?.collect::<Result<_, _>>().map_err(explain)
    }

    pub(crate) fn deliveries_of(&self, deployment: &str) -> Result<Vec<Delivery>, Error> {
        self.deliveries("deployment = ?1", deployment)
    }

    pub(crate) fn undelivered(&self, application: &str) -> Result<Vec<Delivery>, Error> {
        self.deliveries("application = ?1 AND outbox.delivered IS NULL", application)
    }

    pub(crate) fn instance_of(&self, id: i64) -> Result<Option<Instance>, Error> {
        let found = subject(&self.connection, "true", id).map_err(|error| self.explain(error))?;
        Ok(found.map(|subject| subject.instance))
    }

    /// What a recorder answered to the last events that it answered with facts, the newest first.
    pub(crate) fn answers(&self, application: &str, recorder: &str, most: u32) -> Result<Vec<Value>, Error> {
        let explain = |error| self.explain(error);
        let sql = "SELECT facts FROM outbox WHERE application = ?1 AND recorder = ?2 AND facts IS NOT NULL
                   ORDER BY id DESC LIMIT ?3";
        let mut statement = self.connection.prepare_cached(sql).map_err(explain)?;
        let rows = statement.query_map(params![application, recorder, most], |row| row.get::<_, String>(0));
        let texts: Vec<String> = rows.map_err(explain)?.collect::<Result<_, _>>().map_err(explain)?;
        Ok(texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
    }

    /// Marks an event as delivered and removes its content: the deployment's lines have it all. Events before it that
    /// it passed over are set aside with it, so that none is delivered after a later one.
    pub(crate) fn delivered(
        &mut self,
        id: i64,
        time: Timestamp,
        facts: Option<&Value>,
        passed: &[(i64, Refusal)],
    ) -> Result<(), Error> {
        self.write(false, |transaction| {
            transaction.execute(
                "UPDATE outbox SET delivered = ?2, facts = ?3, event = '', failure = NULL, attempts = attempts + 1
                 WHERE id = ?1",
                params![id, time.to_string(), facts.map(Value::to_string)],
            )?;
            passed.iter().try_for_each(|(id, refusal)| put_aside(transaction, *id, time, refusal))
        })
    }

    /// Sets aside one that its recorder will never take.
    pub(crate) fn set_aside(&mut self, id: i64, time: Timestamp, refusal: &Refusal) -> Result<(), Error> {
        self.write(false, |transaction| {
            transaction.execute("UPDATE outbox SET attempts = attempts + 1 WHERE id = ?1", [id])?;
            put_aside(transaction, id, time, refusal)
        })
    }

    /// Gives one up. Its application, none when it does not wait.
    pub(crate) fn drop_delivery(
        &mut self,
        id: i64,
        time: Timestamp,
        actor: &Actor,
        reason: &str,
    ) -> Result<Option<Instance>, Error> {
        let mut dropped = None;
        self.write(true, |transaction| {
            let Some(subject) = subject(transaction, "delivered IS NULL", id)? else { return Ok(()) };
            transaction.execute(
                "UPDATE outbox SET delivered = ?2, event = '', failure = ?3 WHERE id = ?1",
                params![id, time.to_string(), format!("given up by {actor}: {reason}")],
            )?;
            let Subject { instance, recorder, deployment, key } = subject;
            let (actor, reason, key) = (actor.clone(), reason.to_owned(), Some(key));
            let notice = Notice::Untold { actor, reason, recorder, deployment, key };
            write(transaction, instance.as_str(), time, &notice)?;
            dropped = Some(instance);
            Ok(())
        })?;
        Ok(dropped)
    }

    /// Puts an event back that was set aside, unless a later event was delivered in the meantime: the older event would
    /// replace the newer one at the recorder.
    pub(crate) fn requeue(&mut self, id: i64, time: Timestamp, actor: &Actor) -> Result<Requeued, Error> {
        let mut done = Requeued::NotSetAside;
        self.write(true, |transaction| {
            let condition = "delivered IS NULL AND key IN (SELECT key FROM set_aside)";
            let Some(subject) = subject(transaction, condition, id)? else { return Ok(()) };
            let Subject { instance, recorder, deployment, key } = subject;
            // An event that was given up was not delivered.
            let later = transaction
                .query_row(
                    "SELECT deployment FROM outbox WHERE application = ?1 AND recorder = ?2 AND id > ?3
                     AND delivered IS NOT NULL AND failure IS NULL ORDER BY id DESC LIMIT 1",
                    params![instance.as_str(), recorder, id],
                    |row| row.get(0),
                )
                .optional()?;
            if let Some(later) = later {
                done = Requeued::Overtaken { instance, recorder, later };
                return Ok(());
            }
            transaction.execute(
                "UPDATE outbox SET attempts = 0, due = ?2, failure = NULL WHERE id = ?1",
                params![id, time.as_millisecond()],
            )?;
            let notice = Notice::Requeued { actor: actor.clone(), recorder, deployment, key };
            write(transaction, instance.as_str(), time, &notice)?;
            done = Requeued::Waits { instance };
            Ok(())
        })?;
        Ok(done)
    }

    pub(crate) fn delivery_failed(&mut self, id: i64, due: Timestamp, failure: &str) -> Result<(), Error> {
        self.write(false, |transaction| {
            transaction.execute(
                "UPDATE outbox SET attempts = attempts + 1, due = ?2, failure = ?3 WHERE id = ?1",
                params![id, due.as_millisecond(), failure],
            )?;
            Ok(())
        })
    }
}
