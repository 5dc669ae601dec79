//! The journal in `SQLite`: opening it, writing a line, reading lines. The only SQL of the agent is here and below.
//!
//! WAL with `synchronous = FULL`: a line that was written survives a power cut. All that follows from a line changes
//! in its transaction. Nothing here decides what may be written; that is the transition tables.

mod chain;
mod outbox;
mod queries;
mod reserve;
mod rows;
mod state;
#[cfg(test)]
mod testing;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use self::reserve::Reserve;
use super::account::Account;
use super::error::Error;
use super::format::{Event, JOURNAL_FORMAT};
use super::transition::Status;
use super::views::{Entry, Line};
use super::{Also, Mode};

/// What `SQLite` says, as the source of an error. Its type goes no further than this module.
pub(crate) type SqliteError = rusqlite::Error;

/// The file below the state directory.
const FILE: &str = "journal.sqlite3";
/// Marks the file as a journal: `WLAS` in ASCII.
const APPLICATION_ID: i32 = 0x574c_4153;
/// How long a writer waits for another process that writes at the same moment.
const PATIENCE: Duration = Duration::from_secs(10);

/// An open journal.
pub(super) struct Store {
    connection: Connection,
    path: PathBuf,
    reserve: Reserve,
    /// A test keeps the file from growing.
    #[cfg(test)]
    full: bool,
}

impl Store {
    /// Opens the file, or makes it.
    pub(super) fn open(state: &Path, mode: Mode) -> Result<Self, Error> {
        let path = state.join(FILE);
        if mode == Mode::Write {
            std::fs::create_dir_all(state).map_err(|source| Error::Directory { path: state.to_owned(), source })?;
        }
        let connection = match mode {
            Mode::Read if !path.exists() => Connection::open_in_memory(),
            Mode::Read => open_to_read(&path),
            Mode::Write => Connection::open(&path),
        };
        let connection = connection.map_err(|error| explain(&path, error))?;
        let reserve = Reserve::new(state);
        let mut store = Self {
            connection,
            path,
            reserve,
            #[cfg(test)]
            full: false,
        };
        store.prepare()?;
        if mode == Mode::Write {
            store.reserve.keep();
        }
        Ok(store)
    }

    /// Checks the format and makes the tables where there are none.
    fn prepare(&mut self) -> Result<(), Error> {
        let path = self.path.clone();
        let explain = |error| explain(&path, error);
        self.connection.busy_timeout(PATIENCE).map_err(explain)?;
        // Read before anything is set, so that a journal of a newer agent stays as it is.
        let found: u32 = self.connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(explain)?;
        if found > JOURNAL_FORMAT {
            return Err(Error::Newer { path: path.clone(), found, agent: env!("CARGO_PKG_VERSION") });
        }
        if found == JOURNAL_FORMAT {
            return self.settings();
        }
        self.settings()?;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explain)?;
        // Another process may have been faster.
        let found: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(explain)?;
        if found == 0 {
            transaction.execute_batch(include_str!("store/schema.sql")).map_err(explain)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(explain)?;
            transaction.pragma_update(None, "user_version", JOURNAL_FORMAT).map_err(explain)?;
        }
        transaction.commit().map_err(explain)
    }

    fn settings(&self) -> Result<(), Error> {
        let set = |name: &str, value: &str| self.connection.pragma_update(None, name, value);
        if !self.connection.is_readonly(rusqlite::MAIN_DB).unwrap_or(false) {
            set("journal_mode", "wal").map_err(|error| explain(&self.path, error))?;
        }
        set("synchronous", "full").map_err(|error| explain(&self.path, error))?;
        set("foreign_keys", "on").map_err(|error| explain(&self.path, error))
    }

    /// Writes the first line of a deployment.
    pub(super) fn begin(
        &mut self,
        id: &str,
        time: Timestamp,
        event: impl FnOnce(u64) -> Result<Event, Error>,
    ) -> Result<Account, Error> {
        let mut opened = None;
        let mut event = Some(event);
        self.write(true, |transaction| {
            let Some(event) = event.take() else { return Ok(()) };
            let number: u64 =
                transaction.query_row("SELECT coalesce(max(number), 0) + 1 FROM deployments", [], |row| row.get(0))?;
            let event = event(number)?;
            let account = Account::open(id, time, &event)?;
            chain::add(transaction, &account.id, time, &event)?;
            rows::put(transaction, &account)?;
            opened = Some(account);
            Ok(())
        })?;
        opened.ok_or_else(|| Error::NoDeployment(id.to_owned()))
    }

    /// Writes one line, and what follows from it.
    pub(super) fn append(
        &mut self,
        account: &Account,
        time: Timestamp,
        event: &Event,
        also: &Also,
        lines: &[Line],
    ) -> Result<(), Error> {
        self.write(event.announces(), |transaction| {
            chain::add(transaction, &account.id, time, event)?;
            rows::put(transaction, account)?;
            rows::put_lines(transaction, lines)?;
            if matches!(event, Event::Settled { .. }) {
                rows::settle(transaction, account, time, also)?;
                outbox::put(transaction, account, time, also)?;
            }
            Ok(())
        })
    }

    /// Writes log lines alone.
    pub(super) fn write_lines(&mut self, lines: &[Line]) -> Result<(), Error> {
        self.write(true, |transaction| rows::put_lines(transaction, lines))
    }

    /// One transaction. When the disk is full the reserve is let go, and what doesn't announce anything new is
    /// written with the room that it leaves.
    fn write(
        &mut self,
        announces: bool,
        mut change: impl FnMut(&Transaction<'_>) -> Result<(), Fault>,
    ) -> Result<(), Error> {
        let first = self.transact(&mut change);
        if !matches!(first, Err(Error::DiskFull { .. })) {
            return first;
        }
        let freed = self.reserve.let_go();
        #[cfg(test)]
        if freed && self.full {
            self.room();
        }
        if !freed || announces {
            return first;
        }
        self.transact(&mut change)
    }

    fn transact(&mut self, change: &mut impl FnMut(&Transaction<'_>) -> Result<(), Fault>) -> Result<(), Error> {
        let explain = |error| explain(&self.path, error);
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explain)?;
        match change(&transaction) {
            Ok(()) => transaction.commit().map_err(explain),
            Err(Fault::Sqlite(error)) => Err(explain(error)),
            Err(Fault::Journal(error)) => Err(*error),
        }
    }

    fn explain(&self, error: rusqlite::Error) -> Error {
        explain(&self.path, error)
    }
}

/// What a change to the tables fails with.
enum Fault {
    Sqlite(rusqlite::Error),
    Journal(Box<Error>),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Journal(Box::new(error))
    }
}

impl From<super::transition::Illegal> for Fault {
    fn from(error: super::transition::Illegal) -> Self {
        Self::Journal(Box::new(error.into()))
    }
}

/// A reader that may not write: the ordinary way first, because it sees what another process writes right now, and a
/// file that nobody can write as it is on the disk.
fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0)).is_ok() {
        return Ok(connection);
    }
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// Adds up the lines of one deployment.
pub(super) fn replay(id: &str, entries: &[Entry]) -> Result<Account, Error> {
    let Some((first, rest)) = entries.split_first() else { return Err(Error::NoDeployment(id.to_owned())) };
    let mut account = Account::open(id, first.time, &first.event)?;
    for entry in rest {
        account.add(entry.time, &entry.event)?;
    }
    Ok(account)
}

/// What `SQLite`'s answer means for the operator.
fn explain(path: &Path, error: rusqlite::Error) -> Error {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Error::DiskFull { path },
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Error::ReadOnly { path },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy { path },
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Error::Damaged { path, source: error },
        _ => Error::Sqlite { path, source: error },
    }
}
