//! Questions about the history. Each is answered from an index, however long the history is.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, params};
use windlass_domain::{Outcome, Release};
use windlass_foundation::names::Instance;

use super::Store;
use super::rows::level_of;
use crate::error::Error;
use crate::format::{Actor, Purpose};
use crate::views::{Application, Ended, Holder, Line, Running, Summary};

const FIELDS: &str = "id, number, application, environment, purpose, actor, reason, break_glass, status, open, outcome, \
     release, version, commit_id, failure, previous, started, finished, \
     outcome IN ('refused', 'rolled-back') AND (SELECT max(kind = 'cancelled') AND \
     max(kind = 'settled' AND payload ->> '$.failure.code' = 'cancelled') FROM events WHERE deployment = deployments.id \
     AND kind IN ('cancelled', 'settled'))";

fn read(row: &Row<'_>) -> rusqlite::Result<Summary> {
    let purpose: String = row.get(4)?;
    let outcome: Option<String> = row.get(10)?;
    Ok(Summary {
        id: row.get(0)?,
        number: row.get(1)?,
        instance: instance(row.get(2)?)?,
        environment: row.get(3)?,
        purpose: if purpose == Purpose::Rollback.word() { Purpose::Rollback } else { Purpose::Deploy },
        actor: row.get(5)?,
        reason: row.get(6)?,
        break_glass: row.get(7)?,
        status: row.get(8)?,
        open: row.get(9)?,
        outcome: outcome.as_deref().and_then(outcome_of),
        cancelled: row.get::<_, Option<bool>>(18)?.unwrap_or(false),
        release: row.get(11)?,
        version: row.get(12)?,
        commit: row.get(13)?,
        failure: row.get(14)?,
        previous: row.get(15)?,
        started: time(&row.get::<_, String>(16)?),
        finished: row.get::<_, Option<String>>(17)?.as_deref().map(time),
    })
}

fn outcome_of(word: &str) -> Option<Outcome> {
    use Outcome::{Refused, RolledBack, Stuck, Succeeded, Unchanged};
    [Succeeded, Unchanged, Refused, RolledBack, Stuck].into_iter().find(|outcome| crate::outcome_word(*outcome) == word)
}

/// Times are written by this crate; one that isn't a time any more is shown as the epoch, and `audit verify` finds it.
pub(super) fn time(text: &str) -> Timestamp {
    text.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// What a row is about. Names are parsed before they are written: one that is none was written by another program.
pub(super) fn instance(text: String) -> rusqlite::Result<Instance> {
    let wrong = |why: String| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, why.into());
    Instance::try_from(text).map_err(wrong)
}

impl Store {
    fn summaries(&self, rest: &str, values: impl rusqlite::Params) -> Result<Vec<Summary>, Error> {
        let explain = |error| self.explain(error);
        let sql = format!("SELECT {FIELDS} FROM deployments {rest}");
        let mut statement = self.connection.prepare_cached(&sql).map_err(explain)?;
        statement.query_map(values, read).map_err(explain)?.collect::<Result<_, _>>().map_err(explain)
    }

    pub(crate) fn history(
        &self,
        application: Option<&str>,
        limit: usize,
        before: Option<u64>,
    ) -> Result<Vec<Summary>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let before = before.and_then(|number| i64::try_from(number).ok()).unwrap_or(i64::MAX);
        match application {
            Some(name) => self.summaries(
                "WHERE application = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3",
                params![name, before, limit],
            ),
            None => self.summaries("WHERE number < ?1 ORDER BY number DESC LIMIT ?2", params![before, limit]),
        }
    }

    /// The newest deployment of an application that succeeded, of those before a number.
    pub(crate) fn success_before(&self, application: &str, number: u64) -> Result<Option<Summary>, Error> {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let found = self.summaries(
            "WHERE application = ?1 AND outcome = 'succeeded' AND number < ?2 ORDER BY number DESC LIMIT 1",
            params![application, number],
        )?;
        Ok(found.into_iter().next())
    }

    pub(crate) fn shares_label(&self, application: &str, version: &str) -> Result<bool, Error> {
        // Each of the two is the end of an index.
        let sql = "SELECT (SELECT min(release) FROM deployments WHERE application = ?1 AND version = ?2)
                       <> (SELECT max(release) FROM deployments WHERE application = ?1 AND version = ?2)";
        let differ: Option<bool> = self
            .connection
            .query_row(sql, [application, version], |row| row.get(0))
            .map_err(|error| self.explain(error))?;
        Ok(differ.unwrap_or(false))
    }

    /// `condition` is text of this module's callers, never input from outside.
    pub(crate) fn with_status(
        &self,
        application: Option<&str>,
        condition: &'static str,
    ) -> Result<Vec<Summary>, Error> {
        match application {
            Some(name) => self.summaries(&format!("WHERE application = ?1 AND {condition}"), [name]),
            None => self.summaries(&format!("WHERE {condition}"), []),
        }
    }

    pub(crate) fn find(&self, wished: &str) -> Result<Option<Summary>, Error> {
        let exact = self.summaries("WHERE id = ?1", [wished])?;
        if let Some(summary) = exact.into_iter().next() {
            return Ok(Some(summary));
        }
        if let Ok(number) = wished.trim_start_matches('#').parse::<i64>() {
            let numbered = self.summaries("WHERE number = ?1", [number])?;
            if let Some(summary) = numbered.into_iter().next() {
                return Ok(Some(summary));
            }
        }
        // A range and not LIKE: it uses the key, and nothing in the text has a meaning.
        let beginning = self.summaries("WHERE id >= ?1 AND id < ?1 || char(1114111) LIMIT 6", [wished])?;
        match beginning.len() {
            0 => Ok(None),
            1 => Ok(beginning.into_iter().next()),
            _ => Err(Error::Ambiguous {
                wished: wished.to_owned(),
                found: beginning.into_iter().map(|summary| summary.id).collect(),
            }),
        }
    }

    pub(crate) fn running(&self, application: &str) -> Result<Option<Running>, Error> {
        let row = self
            .connection
            .query_row(
                "SELECT running, release, since FROM applications WHERE name = ?1 AND running IS NOT NULL",
                [application],
                |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)),
            )
            .optional()
            .map_err(|error| self.explain(error))?;
        let Some((deployment, release, since)) = row else { return Ok(None) };
        let release = serde_json::from_str(&release).map_err(Error::Encoding)?;
        Ok(Some(Running { deployment, release: Arc::new(release), since: time(&since) }))
    }

    pub(crate) fn kept_releases(&self, application: &str, most: usize) -> Result<Vec<Release>, Error> {
        self.releases(
            "SELECT (SELECT json_extract(payload, '$.release') FROM events
                      WHERE deployment = newest.id AND kind = 'resolved' LIMIT 1)
             FROM (SELECT id, max(number) AS number FROM deployments
                    WHERE application = ?1 AND outcome = 'succeeded'
                    GROUP BY release ORDER BY number DESC LIMIT ?2) AS newest
             ORDER BY newest.number DESC",
            application,
            most,
        )
    }

    pub(crate) fn resolved_releases(&self, application: &str, most: usize) -> Result<Vec<Release>, Error> {
        self.releases(
            "SELECT (SELECT json_extract(payload, '$.release') FROM events
                      WHERE deployment = newest.id AND kind = 'resolved' LIMIT 1)
             FROM (SELECT id, number FROM deployments
                    WHERE application = ?1 ORDER BY number DESC LIMIT ?2) AS newest
             ORDER BY newest.number DESC",
            application,
            most,
        )
    }

    fn releases(&self, sql: &str, application: &str, most: usize) -> Result<Vec<Release>, Error> {
        let explain = |error| self.explain(error);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(sql).map_err(explain)?;
        let rows =
            statement.query_map(params![application, most], |row| row.get::<_, Option<String>>(0)).map_err(explain)?;
        let mut found = Vec::new();
        for row in rows {
            if let Some(document) = row.map_err(explain)? {
                found.push(serde_json::from_str(&document).map_err(Error::Encoding)?);
            }
        }
        Ok(found)
    }

    pub(crate) fn status(&self, application: Option<&str>) -> Result<Vec<Application>, Error> {
        let explain = |error| self.explain(error);
        let mut statement = self
            .connection
            .prepare_cached("SELECT name, latest FROM applications WHERE ?1 IS NULL OR name = ?1 ORDER BY name")
            .map_err(explain)?;
        let names: Vec<(Instance, String)> = statement
            .query_map([application], |row| Ok((instance(row.get(0)?)?, row.get(1)?)))
            .map_err(explain)?
            .collect::<Result<_, _>>()
            .map_err(explain)?;
        let mut found = Vec::with_capacity(names.len());
        for (instance, latest) in names {
            let name = instance.as_str();
            let Some(latest) = self.summaries("WHERE id = ?1", [&latest])?.into_iter().next() else { continue };
            let undelivered: u64 = self
                .connection
                .query_row("SELECT count(*) FROM outbox WHERE application = ?1 AND delivered IS NULL", [name], |row| {
                    row.get(0)
                })
                .map_err(explain)?;
            let running = self.running(name)?;
            let holder = self.holder(name)?;
            found.push(Application { instance, running, latest, holder, undelivered });
        }
        Ok(found)
    }

    /// Of deployments that can end in no other way any more, so that no number goes down: one that is stuck waits for a person.
    pub(crate) fn ended(&self, most: u32) -> Result<Vec<Ended>, Error> {
        let explain = |error| self.explain(error);
        let sql = "SELECT application, environment, outcome, count(*) FROM deployments
                   WHERE open = 0 AND status <> 'stuck' AND outcome IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT ?1";
        let mut statement = self.connection.prepare_cached(sql).map_err(explain)?;
        let row = |row: &Row<'_>| {
            let outcome: String = row.get(2)?;
            let (instance, environment) = (instance(row.get(0)?)?, row.get(1)?);
            let count = row.get(3)?;
            Ok(outcome_of(&outcome).map(|outcome| Ended { instance, environment, outcome, count }))
        };
        let found = statement.query_map([most], row).map_err(explain)?.collect::<Result<Vec<_>, _>>();
        Ok(found.map_err(explain)?.into_iter().flatten().collect())
    }

    pub(crate) fn logs(&self, deployment: &str) -> Result<Vec<Line>, Error> {
        let explain = |error| self.explain(error);
        let mut statement = self
            .connection
            .prepare_cached("SELECT time, source, level, message FROM logs WHERE deployment = ?1 ORDER BY id")
            .map_err(explain)?;
        let rows = statement.query_map([deployment], |row| {
            Ok(Line {
                deployment: deployment.to_owned(),
                time: time(&row.get::<_, String>(0)?),
                source: row.get(1)?,
                level: level_of(&row.get::<_, String>(2)?),
                message: row.get(3)?,
            })
        });
        rows.map_err(explain)?.collect::<Result<_, _>>().map_err(explain)
    }

    pub(crate) fn asked_by(&self, deployment: &str) -> Result<Option<Actor>, Error> {
        // The fields of a process stand in `owner` of the lines that say which one works on it.
        let owner = self.connection.query_row(
            "SELECT payload -> '$.owner' FROM events WHERE deployment = ?1 AND kind IN ('opened', 'resumed')
             ORDER BY sequence DESC LIMIT 1",
            [deployment],
            |row| row.get::<_, String>(0),
        );
        let owner = owner.optional().map_err(|error| self.explain(error))?;
        owner.map(|owner| serde_json::from_str(&owner).map_err(Error::Encoding)).transpose()
    }

    pub(crate) fn holder(&self, application: &str) -> Result<Option<Holder>, Error> {
        self.connection
            .query_row("SELECT actor, pid, boot, since FROM holders WHERE application = ?1", [application], |row| {
                Ok(Holder {
                    actor: row.get(0)?,
                    pid: row.get(1)?,
                    boot: row.get(2)?,
                    since: time(&row.get::<_, String>(3)?),
                })
            })
            .optional()
            .map_err(|error| self.explain(error))
    }
}
