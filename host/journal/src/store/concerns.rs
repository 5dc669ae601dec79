//! What the agent found about what runs after its deployment had ended: what is so now, and what was said about a deployment.

use rusqlite::{Connection, params};

use super::Store;
use super::queries::time;
use crate::error::Error;
use crate::format::{Concern, Notice};
use crate::views::Found;

impl Store {
    /// What is not as it was deployed now.
    pub(crate) fn concerns(&self, application: &str) -> Result<Vec<Found>, Error> {
        let explain = |error| self.explain(error);
        let sql = "SELECT about, deployment, what, since FROM concerns WHERE application = ?1 ORDER BY about DESC";
        let mut statement = self.connection.prepare_cached(sql).map_err(explain)?;
        let found = statement.query_map([application], |row| {
            Ok(Found {
                about: Concern::of(&row.get::<_, String>(0)?),
                deployment: row.get(1)?,
                what: Some(row.get(2)?),
                since: time(&row.get::<_, String>(3)?),
            })
        });
        found.map_err(explain)?.collect::<Result<_, _>>().map_err(explain)
    }

    /// Everything that was found about what a deployment made, the oldest first.
    pub(crate) fn found(&self, application: &str, deployment: &str) -> Result<Vec<Found>, Error> {
        let explain = |error| self.explain(error);
        let sql = "SELECT payload ->> '$.about', payload ->> '$.what', time FROM events
                   WHERE deployment = 'application:' || ?1 AND kind IN ('ailing', 'recovered')
                     AND payload ->> '$.deployment' = ?2 ORDER BY sequence";
        let mut statement = self.connection.prepare_cached(sql).map_err(explain)?;
        let found = statement.query_map([application, deployment], |row| {
            Ok(Found {
                about: Concern::of(&row.get::<_, String>(0)?),
                deployment: deployment.to_owned(),
                what: row.get(1)?,
                since: time(&row.get::<_, String>(2)?),
            })
        });
        found.map_err(explain)?.collect::<Result<_, _>>().map_err(explain)
    }
}

/// Changes what a notice says; how many rows that are. What is known already changes nothing, so it is said once.
pub(super) fn change(
    connection: &Connection,
    application: &str,
    notice: &Notice,
    since: &str,
) -> rusqlite::Result<usize> {
    match notice {
        Notice::Ailing { about, deployment, what } => connection.execute(
            "INSERT INTO concerns (application, about, deployment, what, since) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (application, about) DO NOTHING",
            params![application, about.word(), deployment, what, since],
        ),
        Notice::Recovered { about, .. } => connection
            .execute("DELETE FROM concerns WHERE application = ?1 AND about = ?2", params![application, about.word()]),
        _ => Ok(0),
    }
}
