//! What tests do to the file.

use rusqlite::params;

use super::Store;

impl Store {
    /// The file may not grow by more than a little until the reserve is let go.
    pub(crate) fn fill_disk(&mut self) {
        let pages: u32 = self.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        self.connection.pragma_update(None, "max_page_count", pages + 8).unwrap();
        self.full = true;
    }

    /// Changes the journal to what an agent left whose newest format was 1.
    pub(crate) fn as_format_1(&mut self) {
        self.run("DROP TABLE concerns; DROP TABLE set_aside; DROP INDEX outbox_answers; DROP INDEX deployments_by_label; PRAGMA user_version = 1;");
    }

    /// The format of the file.
    pub(crate) fn format(&self) -> u32 {
        self.connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    /// Changes the file behind the agent's back.
    pub(crate) fn run(&mut self, sql: &str) {
        self.connection.execute_batch(sql).unwrap();
    }

    /// Room again, as on a disk that the reserve was taken from.
    pub(super) fn room(&mut self) {
        self.connection.pragma_update(None, "max_page_count", u32::MAX - 1).unwrap();
    }

    /// Rows of a long history, ten applications.
    pub(crate) fn invent_history(&mut self, count: u32) {
        let transaction = self.connection.transaction().unwrap();
        for number in 1..=count {
            let (id, application) = (format!("d{number:08}"), format!("app-{}", number % 10));
            transaction
                .prepare_cached(
                    "INSERT INTO deployments (id, number, application, environment, purpose, actor, status, open,
                         outcome, release, version, started)
                     VALUES (?1, ?2, ?3, 'uat', 'deploy', 'tester', 'closed', 0, 'succeeded', ?1, 'v1',
                         '2026-01-01T00:00:00Z')",
                )
                .unwrap()
                .execute(params![id, number, application])
                .unwrap();
            transaction
                .prepare_cached(
                    "INSERT INTO applications (name, latest) VALUES (?1, ?2)
                     ON CONFLICT (name) DO UPDATE SET latest = excluded.latest",
                )
                .unwrap()
                .execute(params![application, id])
                .unwrap();
        }
        transaction.commit().unwrap();
    }

    /// How `SQLite` answers the questions of `status` and `history`.
    pub(crate) fn query_plans(&self) -> Vec<String> {
        [
            "SELECT id FROM deployments WHERE application = 'x' AND number < 9 ORDER BY number DESC LIMIT 20",
            "SELECT id FROM deployments WHERE number < 9 ORDER BY number DESC LIMIT 20",
            "SELECT id FROM deployments WHERE open = 1",
            "SELECT id FROM deployments WHERE status = 'stuck'",
            "SELECT id FROM deployments WHERE application = 'x' AND open = 1",
            "SELECT count(*) FROM outbox WHERE application = 'x' AND delivered IS NULL",
            "SELECT outbox.id, set_aside.since FROM outbox LEFT JOIN set_aside ON set_aside.key = outbox.key
             WHERE outbox.application = 'x' AND outbox.delivered IS NULL ORDER BY outbox.id",
            "SELECT facts FROM outbox WHERE application = 'x' AND recorder = 'y' AND facts IS NOT NULL
             ORDER BY id DESC LIMIT 20",
        ]
        .iter()
        .flat_map(|sql| {
            let mut statement = self.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let rows = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
            rows.map(|row| row.unwrap()).collect::<Vec<_>>()
        })
        .collect()
    }
}
