//! What holds deployments back: freezes, pins and quarantine, set and lifted by people with a line of the chain, or by a
//! deployment that failed. Every table that a notice changes is changed here.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::queries::time;
use super::{Store, chain, concerns, outbox};
use crate::WithLine;
use crate::error::Error;
use crate::format::{Actor, Notice};
use crate::views::{Freeze, Pin, Quarantine};

/// The columns of a quarantine, and what proves who said so: that is in the line alone.
const QUARANTINE: &str = "release, version, deployment, actor, reason, since, \
     (SELECT payload -> '$.proof' FROM events WHERE events.deployment = 'application:' || quarantine.application \
       AND kind = 'quarantined' AND payload ->> '$.release' = quarantine.release ORDER BY sequence DESC LIMIT 1)";

fn quarantine(row: &Row<'_>) -> rusqlite::Result<Quarantine> {
    Ok(Quarantine {
        release: row.get(0)?,
        version: row.get(1)?,
        deployment: row.get(2)?,
        actor: row.get::<_, Option<String>>(3)?.map(|name| actor(name, row.get(6))).transpose()?,
        reason: row.get(4)?,
        since: time(&row.get::<_, String>(5)?),
    })
}

/// A person of a table, with what the line says proves it. A proof of a kind that this agent does not know is none.
fn actor(name: String, proof: rusqlite::Result<Option<String>>) -> rusqlite::Result<Actor> {
    Ok(Actor { name, proof: proof?.and_then(|proof| serde_json::from_str(&proof).ok()) })
}

impl Store {
    /// Applies a person's decision about an application, and adds its line. A decision that changes nothing adds no
    /// line. Returns whether anything changed.
    /// The events for recorders are those of the deployment that is named with them.
    pub(crate) fn note(
        &mut self,
        application: &str,
        notice: &Notice,
        time: Timestamp,
        also: Option<(&str, &WithLine)>,
    ) -> Result<bool, Error> {
        let mut changed = false;
        self.write(true, |transaction| {
            changed = change(transaction, application, notice, time)? > 0;
            if !changed {
                return Ok(());
            }
            if let Some((deployment, also)) = also {
                outbox::put(transaction, (application, deployment), None, time, also)?;
            }
            chain::add_notice(transaction, application, time, notice)
        })?;
        Ok(changed)
    }

    pub(crate) fn quarantined(&self, application: &str, release: &str) -> Result<Option<Quarantine>, Error> {
        let sql = format!("SELECT {QUARANTINE} FROM quarantine WHERE application = ?1 AND release = ?2");
        let found = self.connection.query_row(&sql, [application, release], quarantine);
        found.optional().map_err(|error| self.explain(error))
    }

    /// All of an application, the newest first.
    pub(crate) fn quarantine(&self, application: &str) -> Result<Vec<Quarantine>, Error> {
        let explain = |error| self.explain(error);
        let sql = format!("SELECT {QUARANTINE} FROM quarantine WHERE application = ?1 ORDER BY since DESC, release");
        let mut statement = self.connection.prepare_cached(&sql).map_err(explain)?;
        statement.query_map([application], quarantine).map_err(explain)?.collect::<Result<_, _>>().map_err(explain)
    }

    pub(crate) fn pin(&self, application: &str) -> Result<Option<Pin>, Error> {
        let sql = "SELECT release, version, actor, reason, since,
                     (SELECT payload -> '$.proof' FROM events WHERE events.deployment = 'application:' || ?1
                       AND kind = 'pinned' ORDER BY sequence DESC LIMIT 1)
                   FROM pins WHERE application = ?1";
        let found = self.connection.query_row(sql, [application], |row| {
            Ok(Pin {
                release: row.get(0)?,
                version: row.get(1)?,
                actor: actor(row.get(2)?, row.get(5))?,
                reason: row.get(3)?,
                since: time(&row.get::<_, String>(4)?),
            })
        });
        found.optional().map_err(|error| self.explain(error))
    }

    pub(crate) fn freeze(&self, application: &str, now: Timestamp) -> Result<Option<Freeze>, Error> {
        let sql = "SELECT actor, reason, since, until,
                     (SELECT payload -> '$.proof' FROM events WHERE events.deployment = 'application:' || ?1
                       AND kind = 'frozen' ORDER BY sequence DESC LIMIT 1)
                   FROM freezes WHERE application IN (?1, '*') LIMIT 1";
        let freeze = self.connection.query_row(sql, [application], |row| {
            Ok(Freeze {
                actor: actor(row.get(0)?, row.get(4))?,
                reason: row.get(1)?,
                since: time(&row.get::<_, String>(2)?),
                until: row.get::<_, Option<String>>(3)?.as_deref().map(time),
            })
        });
        let freeze = freeze.optional().map_err(|error| self.explain(error))?;
        Ok(freeze.filter(|freeze| freeze.until.is_none_or(|until| until > now)))
    }
}

/// Changes what a notice says; how many rows that are.
pub(super) fn change(
    connection: &Connection,
    application: &str,
    notice: &Notice,
    time: Timestamp,
) -> rusqlite::Result<usize> {
    let since = time.to_string();
    match notice {
        Notice::Frozen { actor, reason } => connection.execute(
            "INSERT OR REPLACE INTO freezes (application, actor, reason, since) VALUES (?1, ?2, ?3, ?4)",
            params![application, actor.name, reason, since],
        ),
        Notice::Unfrozen { .. } => connection.execute("DELETE FROM freezes WHERE application = ?1", [application]),
        Notice::Pinned { actor, reason, release, version } => connection.execute(
            "INSERT OR REPLACE INTO pins (application, release, version, actor, reason, since)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![application, release, version, actor.name, reason, since],
        ),
        Notice::Unpinned { .. } => connection.execute("DELETE FROM pins WHERE application = ?1", [application]),
        Notice::Quarantined { actor, reason, release, version } => connection.execute(
            "INSERT OR REPLACE INTO quarantine (application, release, version, actor, reason, since)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![application, release, version, actor.name, reason, since],
        ),
        Notice::SetAside { recorder, deployment, key, code, reason, hint } => connection.execute(
            "INSERT OR REPLACE INTO set_aside (key, application, recorder, deployment, code, reason, hint, since)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![key, application, recorder, deployment, code, reason, hint, since],
        ),
        Notice::Ailing { .. } | Notice::Recovered { .. } => concerns::change(connection, application, notice, &since),
        // The event itself is a row of the outbox and changed there.
        Notice::Untold { key, .. } => connection.execute("DELETE FROM set_aside WHERE key = ?1", [key]),
        Notice::Requeued { key, .. } => connection.execute("DELETE FROM set_aside WHERE key = ?1", [key]),
        Notice::Unquarantined { release, .. } => connection
            .execute("DELETE FROM quarantine WHERE application = ?1 AND release = ?2", params![application, release]),
    }
}
