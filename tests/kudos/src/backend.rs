//! The API: keeps thanks in SQLite.
//!
//! Schema 1 has a name and a message; schema 2, from version 2 on, adds how often a thank-you was liked.
//! Version 1 still works on schema 2, so that going back is possible.

use std::env;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rusqlite::Connection;
use serde_json::{Value, json};
use tiny_http::Method;

use crate::server::{self, Answer};

/// How long the faulty version looks well before its health check fails.
const LOOKS_WELL_FOR: Duration = Duration::from_millis(1_500);

/// Opens the database on the volume.
fn open() -> Result<Connection> {
    let path = env::var("KUDOS_DATABASE").unwrap_or_else(|_| "/data/kudos.sqlite3".to_owned());
    if let Some(directory) = Path::new(&path).parent() {
        std::fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
    }
    let connection = Connection::open(&path).with_context(|| format!("cannot open {path}"))?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

/// Brings the schema to what this version needs. Running it again changes nothing.
pub(crate) fn migrate() -> Result<()> {
    let mut connection = open()?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mut schema: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let before = schema;
    if schema < 1 {
        transaction.execute_batch(
            "CREATE TABLE kudos (id INTEGER PRIMARY KEY, name TEXT NOT NULL, message TEXT NOT NULL);
             PRAGMA user_version = 1;",
        )?;
        schema = 1;
    }
    if crate::fault() == "migration" {
        bail!("the migration to schema {} fails: this version carries the fault on purpose", schema + 1);
    }
    if schema < 2 && crate::version() != "1" {
        transaction
            .execute_batch("ALTER TABLE kudos ADD COLUMN likes INTEGER NOT NULL DEFAULT 0; PRAGMA user_version = 2;")?;
        schema = 2;
    }
    transaction.commit()?;
    println!("schema {before} -> {schema}");
    Ok(())
}

/// Migrates, then answers.
pub(crate) fn serve() -> Result<()> {
    migrate()?;
    if crate::fault() == "crash" {
        bail!("this version crashes on purpose");
    }
    let connection = Mutex::new(open()?);
    let started = Instant::now();
    server::serve("backend", move |method, url, body| {
        answer(&connection, started, method, url, body).unwrap_or_else(|error| {
            println!("{method} {url}: {error:#}");
            Answer::json(500, &json!({ "error": format!("{error:#}") }))
        })
    })
}

fn answer(connection: &Mutex<Connection>, started: Instant, method: &Method, url: &str, body: &[u8]) -> Result<Answer> {
    let connection = connection.lock().map_err(|_| anyhow::anyhow!("another request broke the connection"))?;
    let schema: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match (method, url) {
        (Method::Get, "/health") => {
            if crate::fault() == "unhealthy" && started.elapsed() > LOOKS_WELL_FOR {
                println!("health: the connection pool is exhausted");
                return Ok(Answer::json(503, &json!({ "status": "failing", "version": crate::version() })));
            }
            Ok(Answer::json(200, &json!({ "status": "ok", "version": crate::version(), "schema": schema })))
        }
        (Method::Get, "/kudos") => {
            let mut statement = connection.prepare("SELECT name, message FROM kudos ORDER BY id DESC LIMIT 20")?;
            let kudos = statement
                .query_map([], |row| {
                    Ok(json!({ "name": row.get::<_, String>(0)?, "message": row.get::<_, String>(1)? }))
                })?
                .collect::<Result<Vec<Value>, _>>()?;
            Ok(Answer::json(200, &json!({ "version": crate::version(), "schema": schema, "kudos": kudos })))
        }
        (Method::Post, "/kudos") => {
            let given: Value = serde_json::from_slice(body).context("the body is not JSON")?;
            connection.execute(
                "INSERT INTO kudos (name, message) VALUES (?1, ?2)",
                [given["name"].as_str().unwrap_or("someone"), given["message"].as_str().unwrap_or("thank you")],
            )?;
            Ok(Answer::json(201, &json!({ "version": crate::version() })))
        }
        _ => Ok(Answer::json(404, &json!({ "error": format!("nothing at {url}") }))),
    }
}
