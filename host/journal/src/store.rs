//! The journal in `SQLite`: opening it, writing a line, reading lines. The only SQL of the agent is here and below.
//!
//! WAL with `synchronous = FULL`: a line that was written survives a power cut. All that follows from a line changes
//! in its transaction. Nothing here decides what may be written; that is the transition tables.

mod chain;
mod concerns;
mod derived;
mod holds;
pub mod kept;
mod outbox;
mod queries;
mod reserve;
mod rows;
mod state;
#[cfg(test)]
mod testing;
mod triggered;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use self::reserve::Reserve;
use super::deployment_state::DeploymentState;
use super::error::Error;
use super::format::{Event, JOURNAL_FORMAT};
use super::transition::Status;
use super::views::{Entry, Line};
use super::{Mode, WithLine};

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
    /// The disk has no room for the reserve, or it is used: what began may end, and nothing begins.
    spent: bool,
    /// A test keeps the file from growing.
    #[cfg(test)]
    full: bool,
}

impl Store {
    /// Opens the file, or makes it.
    pub(super) fn open(state: &Path, mode: Mode) -> Result<Self, Error> {
        let path = state.join(FILE);
        if mode == Mode::Write {
            windlass_foundation::private::directory(state)
                .map_err(|source| Error::Directory { path: state.to_owned(), source })?;
        }
        let reserve = Reserve::new(state);
        let opened = Self::connect(&path, mode);
        // Opening takes room too. What began must be able to end.
        let spent = mode == Mode::Write && matches!(opened, Err(Error::DiskFull { .. })) && reserve.let_go();
        let connection = if spent { Self::connect(&path, mode) } else { opened }?;
        let spent = spent || mode == Mode::Write && !reserve.keep();
        Ok(Self {
            connection,
            path,
            reserve,
            spent,
            #[cfg(test)]
            full: false,
        })
    }

    /// A connection with its settings, and tables to ask.
    fn connect(path: &Path, mode: Mode) -> Result<Connection, Error> {
        let opened = match mode {
            Mode::Read if !path.exists() => Connection::open_in_memory(),
            Mode::Read => open_to_read(path),
            Mode::Write => {
                // SQLite gives what it keeps beside the file the modes of the file, and says itself what is wrong.
                if !path.exists() {
                    drop(windlass_foundation::private::open(path));
                }
                Connection::open(path)
            }
        };
        let mut connection = opened.map_err(|error| explain(path, error))?;
        prepare(&mut connection, path, mode)?;
        Ok(connection)
    }

    /// Writes the first line of a deployment.
    pub(super) fn begin(
        &mut self,
        id: &str,
        time: Timestamp,
        event: impl FnOnce(u64) -> Result<Event, Error>,
    ) -> Result<DeploymentState, Error> {
        // What fills the last room fails in the middle.
        if !self.reserve.has_room() {
            return Err(Error::DiskFull { path: self.path.clone() });
        }
        let mut opened = None;
        let mut event = Some(event);
        self.write(true, |transaction| {
            let Some(event) = event.take() else { return Ok(()) };
            let number: u64 =
                transaction.query_row("SELECT coalesce(max(number), 0) + 1 FROM deployments", [], |row| row.get(0))?;
            let event = event(number)?;
            let state = DeploymentState::open(id, time, &event)?;
            chain::add(transaction, &state.id, time, &event)?;
            rows::put(transaction, &state)?;
            opened = Some(state);
            Ok(())
        })?;
        opened.ok_or_else(|| Error::NoDeployment(id.to_owned()))
    }

    /// Writes one line, and what follows from it.
    pub(super) fn append(
        &mut self,
        state: &DeploymentState,
        time: Timestamp,
        event: &Event,
        also: &WithLine,
        lines: &[Line],
    ) -> Result<(), Error> {
        self.write(event.announces(), |transaction| {
            chain::add(transaction, &state.id, time, event)?;
            rows::put(transaction, state)?;
            rows::put_lines(transaction, lines)?;
            if matches!(event, Event::Settled { .. }) {
                rows::settle(transaction, state, time)?;
                let finished = Some(state.finished.unwrap_or(time));
                outbox::put(transaction, (state.instance.as_str(), &state.id), finished, time, also)?;
            }
            Ok(())
        })
    }

    /// Writes log lines alone.
    pub(super) fn write_lines(&mut self, lines: &[Line]) -> Result<(), Error> {
        self.write(true, |transaction| rows::put_lines(transaction, lines))
    }

    /// One transaction. When the disk is full the reserve is let go, and what doesn't announce anything new is
    /// written with the room that it leaves; whatever does is refused from then on, so that the room lasts.
    fn write(
        &mut self,
        announces: bool,
        mut change: impl FnMut(&Transaction<'_>) -> Result<(), TransactionError>,
    ) -> Result<(), Error> {
        if announces && self.spent {
            return Err(Error::DiskFull { path: self.path.clone() });
        }
        let first = self.transact(&mut change);
        if !matches!(first, Err(Error::DiskFull { .. })) {
            return first;
        }
        let freed = self.reserve.let_go();
        self.spent = true;
        #[cfg(test)]
        if freed && self.full {
            self.room();
        }
        if !freed || announces {
            return first;
        }
        self.transact(&mut change)
    }

    fn transact(
        &mut self,
        change: &mut impl FnMut(&Transaction<'_>) -> Result<(), TransactionError>,
    ) -> Result<(), Error> {
        let explain = |error| explain(&self.path, error);
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explain)?;
        match change(&transaction) {
            Ok(()) => transaction.commit().map_err(explain),
            Err(TransactionError::Sqlite(error)) => Err(explain(error)),
            Err(TransactionError::Journal(error)) => Err(*error),
        }
    }

    fn explain(&self, error: rusqlite::Error) -> Error {
        explain(&self.path, error)
    }
}

/// What a change to the tables fails with.
enum TransactionError {
    Sqlite(rusqlite::Error),
    Journal(Box<Error>),
}

impl From<rusqlite::Error> for TransactionError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Error> for TransactionError {
    fn from(error: Error) -> Self {
        Self::Journal(Box::new(error))
    }
}

impl From<super::transition::Illegal> for TransactionError {
    fn from(error: super::transition::Illegal) -> Self {
        Self::Journal(Box::new(error.into()))
    }
}

/// What makes a journal of each format one of the next, the first one of nothing: the format that it makes, and its SQL.
const FORMATS: [(u32, &str); 5] = [
    (1, include_str!("store/schema.sql")),
    (2, include_str!("store/upgrades/2.sql")),
    (3, include_str!("store/upgrades/3.sql")),
    (4, include_str!("store/upgrades/4.sql")),
    (5, include_str!("store/upgrades/5.sql")),
];

/// Makes the tables of this format of those of an older one; 0 has none.
fn make_tables(connection: &Connection, found: u32) -> rusqlite::Result<()> {
    let mut missing = FORMATS.iter().filter(|(makes, _)| *makes > found);
    missing.try_for_each(|(_, sql)| connection.execute_batch(sql))
}

/// Checks the format, creates the tables where there are none, and updates an older journal to this format. In read
/// mode nothing is changed, so that an earlier agent can still use the file.
fn prepare(connection: &mut Connection, path: &Path, mode: Mode) -> Result<(), Error> {
    let explain = |error| explain(path, error);
    connection.busy_timeout(PATIENCE).map_err(explain)?;
    // Read before anything is set, so that a journal of a newer agent is not changed.
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(explain)?;
    if found > JOURNAL_FORMAT {
        return Err(Error::Newer { path: path.to_owned(), found, agent: env!("CARGO_PKG_VERSION") });
    }
    settings(connection, path).map_err(explain)?;
    if found == JOURNAL_FORMAT {
        return Ok(());
    }
    if found > 0 && mode == Mode::Read {
        return stand_in(connection, found).map_err(explain);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explain)?;
    // Another process may have been faster.
    let found: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(explain)?;
    if found == 0 {
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(explain)?;
    }
    make_tables(&transaction, found).map_err(explain)?;
    transaction.pragma_update(None, "user_version", JOURNAL_FORMAT).map_err(explain)?;
    transaction.commit().map_err(explain)
}

/// Tables that an older journal lacks, empty and for this reader alone.
fn stand_in(connection: &Connection, found: u32) -> rusqlite::Result<()> {
    connection.pragma_update(None, "temp_store", "memory")?;
    for (_, sql) in FORMATS.iter().filter(|(makes, _)| *makes > found) {
        let tables = sql.lines().filter(|line| !line.starts_with("CREATE INDEX")).collect::<Vec<_>>().join("\n");
        connection.execute_batch(&tables.replace("CREATE TABLE", "CREATE TEMP TABLE"))?;
    }
    Ok(())
}

fn settings(connection: &Connection, path: &Path) -> rusqlite::Result<()> {
    let set = |name: &str, value: &str| connection.pragma_update(None, name, value);
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" && !connection.is_readonly(rusqlite::MAIN_DB).unwrap_or(false) {
        // Two processes that change the mode at once do not wait for each other, whatever their timeout: one of them
        // gets a busy error at once. So this lock lets one change it at a time. Where the directory cannot be locked,
        // that error remains possible.
        let alone = path.parent().map(File::open).and_then(Result::ok).filter(|directory| directory.lock().is_ok());
        set("journal_mode", "wal")?;
        drop(alone);
    }
    set("synchronous", "full")?;
    set("foreign_keys", "on")
}

/// Opens a connection that only reads. The attempts, in order: the ordinary way, because it sees what another process
/// writes right now; read-only, for a file that this user cannot write; and `immutable`, without the shared memory that
/// readers and writers coordinate through, where that memory has no room on the disk and the write-ahead log holds no
/// data.
fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let readable = |connection: &Connection| {
        connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0)).is_ok()
    };
    for flags in [OpenFlags::SQLITE_OPEN_READ_WRITE, OpenFlags::SQLITE_OPEN_READ_ONLY] {
        let connection = Connection::open_with_flags(path, flags);
        if let Ok(connection) = connection
            && readable(&connection)
        {
            return Ok(connection);
        }
    }
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if Path::new(&log).metadata().is_ok_and(|log| log.len() > 0) {
        return Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    }
    let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)
}

/// Adds up the lines of one deployment.
pub(super) fn replay(id: &str, entries: &[Entry]) -> Result<DeploymentState, Error> {
    let Some((first, rest)) = entries.split_first() else { return Err(Error::NoDeployment(id.to_owned())) };
    let mut state = DeploymentState::open(id, first.time, &first.event)?;
    for entry in rest {
        state.add(entry.time, &entry.event)?;
    }
    Ok(state)
}

/// What `SQLite`'s answer means for the operator.
fn explain(path: &Path, error: rusqlite::Error) -> Error {
    let path = path.to_owned();
    // There was no room for the shared memory of readers and writers.
    if error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE) {
        return Error::DiskFull { path };
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Error::DiskFull { path },
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Error::ReadOnly { path },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy { path },
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Error::Damaged { path, source: error },
        _ => Error::Sqlite { path, source: error },
    }
}
