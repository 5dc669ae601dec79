//! What follows from the lines: made again from them, in a database of its own, and compared with the tables.
//!
//! `status`, `history`, what runs, what is pinned, frozen, in quarantine and set aside are read from tables, so that an
//! answer takes no longer in a long history. Who changes such a table changes the answers without touching a line; here it is found.
//! Queues and stores that do not follow from the lines (the outbox, logs, values of plugins, events of triggers) are
//! not looked at.

use std::cmp::Ordering;

use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::types::Value;

use super::{TransactionError, holds, rows};
use crate::deployment_state::DeploymentState;
use crate::format::{Event, Notice};

/// The tables that follow from the lines: name, what a row is about, the columns that name it.
const TABLES: [(&str, &str, &[&str]); 7] = [
    ("deployments", "deployment", &["id"]),
    ("applications", "application", &["name"]),
    ("quarantine", "quarantine of", &["application", "release"]),
    ("freezes", "freeze of", &["application"]),
    ("pins", "pin of", &["application"]),
    ("set_aside", "event set aside", &["key"]),
    ("concerns", "concern about", &["application", "about"]),
];

/// The largest number of differences that are reported for one table; there can be as many as there are rows.
const MOST_TOLD: usize = 20;

/// The tables as the lines make them.
pub(super) struct Derived {
    connection: Connection,
}

/// One row: what names it, and all that it says.
struct Row {
    key: Vec<String>,
    values: Vec<Value>,
}

impl Derived {
    pub(super) fn new() -> Result<Self, TransactionError> {
        // Without a name it is a temporary file that SQLite removes, and memory as long as it is small.
        let connection = Connection::open("")?;
        connection.execute_batch("PRAGMA synchronous = off; PRAGMA journal_mode = off;")?;
        super::make_tables(&connection, 0)?;
        connection.execute_batch("BEGIN")?;
        Ok(Self { connection })
    }

    /// What a line of a deployment changes. Rows are the state's at its first and its decisive lines; the others are
    /// made at the end.
    pub(super) fn line(&self, state: &DeploymentState, time: Timestamp, event: &Event) -> Result<(), TransactionError> {
        match event {
            Event::Opened { .. } | Event::Closed => self.state(state),
            Event::Settled { .. } => rows::settle(&self.connection, state, time),
            _ => Ok(()),
        }
    }

    /// The row of a deployment as it is after its last line.
    pub(super) fn state(&self, state: &DeploymentState) -> Result<(), TransactionError> {
        rows::put(&self.connection, state)
    }

    /// What a person said about an application.
    pub(super) fn notice(&self, application: &str, notice: &Notice, time: Timestamp) -> Result<(), TransactionError> {
        holds::change(&self.connection, application, notice, time)?;
        Ok(())
    }

    /// What the tables say otherwise than the lines.
    pub(super) fn differences(&self, tables: &Connection) -> Result<Vec<String>, TransactionError> {
        let mut found = Vec::new();
        if triggers(tables)? != triggers(&self.connection)? {
            found.push("the triggers that keep the journal append-only are not those that this agent makes".to_owned());
        }
        for (table, about, key) in TABLES {
            let before = found.len();
            self.compare(tables, table, about, key, &mut found)?;
            let more = (found.len() - before).saturating_sub(MOST_TOLD);
            if more > 0 {
                found.truncate(before + MOST_TOLD);
                found.push(format!("the table `{table}` has {more} more rows that do not follow from the lines"));
            }
        }
        Ok(found)
    }

    /// Goes through both tables in the order of their keys.
    fn compare(
        &self,
        tables: &Connection,
        table: &str,
        about: &str,
        key: &[&str],
        found: &mut Vec<String>,
    ) -> Result<(), TransactionError> {
        let sql = format!("SELECT * FROM {table} ORDER BY {}", key.join(", "));
        let (mut made, mut there) = (self.connection.prepare(&sql)?, tables.prepare(&sql)?);
        let columns: Vec<String> = made.column_names().map(str::to_owned).collect();
        if !there.column_names().eq(columns.iter()) {
            found.push(format!("the table `{table}` has not the columns that this agent makes"));
            return Ok(());
        }
        let keys: Vec<usize> = key.iter().filter_map(|name| columns.iter().position(|column| column == name)).collect();
        let read = |row: &rusqlite::Row<'_>| -> rusqlite::Result<Row> {
            let values: Vec<Value> = (0..columns.len()).map(|column| row.get(column)).collect::<Result<_, _>>()?;
            let key = keys.iter().filter_map(|column| values.get(*column)).map(shown).collect();
            Ok(Row { key, values })
        };
        let (mut made, mut there) = (made.query_map([], read)?, there.query_map([], read)?);
        let (mut left, mut right) = (made.next().transpose()?, there.next().transpose()?);
        let name = |row: &Row| format!("{about} {}", row.key.join(" "));
        let removed = |row: &Row| format!("{} is missing in the table `{table}`: it was removed", name(row));
        let added = |row: &Row| format!("{} is in the table `{table}`, and no line says so: it was added", name(row));
        while let Some(order) = order(left.as_ref(), right.as_ref()) {
            match (&left, &right) {
                (Some(row), _) if order == Ordering::Less => found.push(removed(row)),
                (_, Some(row)) if order == Ordering::Greater => found.push(added(row)),
                (Some(one), Some(other)) => {
                    let pairs = one.values.iter().zip(&other.values).zip(&columns);
                    found.extend(pairs.filter(|((made, there), _)| made != there).map(|((made, there), column)| {
                        let (made, there) = around(made, there);
                        format!(
                            "{} has `{column}` = {there} in the table `{table}`, and the lines say {made}",
                            name(one)
                        )
                    }));
                }
                _ => {}
            }
            if order != Ordering::Greater {
                left = made.next().transpose()?;
            }
            if order != Ordering::Less {
                right = there.next().transpose()?;
            }
        }
        Ok(())
    }
}

/// Which of two rows comes first; none when both tables are at their end.
fn order(left: Option<&Row>, right: Option<&Row>) -> Option<Ordering> {
    match (left, right) {
        (None, None) => None,
        (Some(_), None) => Some(Ordering::Less),
        (None, Some(_)) => Some(Ordering::Greater),
        (Some(left), Some(right)) => Some(left.key.cmp(&right.key)),
    }
}

/// All triggers, with what they do.
fn triggers(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}

/// Two values, short enough for a message: of long ones, what stands around the first difference.
fn around(made: &Value, there: &Value) -> (String, String) {
    const LONGEST: usize = 60;
    const BEFORE: usize = 20;
    let (made, there) = (shown(made), shown(there));
    let same = made.chars().zip(there.chars()).take_while(|(one, other)| one == other).count();
    let from = if made.chars().count().max(there.chars().count()) > LONGEST { same.saturating_sub(BEFORE) } else { 0 };
    let excerpt = |text: &str| {
        let (begin, end) =
            (if from > 0 { "…" } else { "" }, if text.chars().count() > from + LONGEST { "…" } else { "" });
        format!("`{begin}{}{end}`", text.chars().skip(from).take(LONGEST).collect::<String>())
    };
    (excerpt(&made), excerpt(&there))
}
