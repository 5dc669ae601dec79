//! A copy of the whole journal in a file of its own, for going back to an agent that cannot read a newer format: made while no agent
//! writes, compared with the journal later, and put back in its place.
//!
//! Whether to go back is not decided here.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::super::error::Error;
use super::{FILE, PATIENCE, SqliteError, explain};

/// What the journal is to its copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// It has the format of the copy: whoever could read the copy can read it.
    SameFormat,
    /// It has another format, and all that it says is in the copy.
    NothingRecorded,
    /// It has another format, and says something that the copy does not say, or that cannot be compared.
    Recorded,
}

/// Copies the journal of a state directory to a file; what was there is replaced when the copy is whole and on the disk. False
/// where there is no journal: then there is no such file afterwards.
///
/// # Errors
/// When it cannot be read, or the copy cannot be written.
pub fn keep(state: &Path, to: &Path) -> Result<bool, Error> {
    let path = state.join(FILE);
    let unwritten = |source| Error::Directory { path: to.to_owned(), source };
    if fs::symlink_metadata(&path).is_err() {
        return remove(to).map(|()| false).map_err(unwritten);
    }
    let unfinished = beside(to, "unfinished");
    remove(&unfinished).map_err(unwritten)?;
    let connection = open(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|error| explain(&path, error))?;
    let text = unfinished.to_string_lossy();
    connection.execute("VACUUM INTO ?1", [text.as_ref()]).map_err(|error| explain(&path, error))?;
    File::open(&unfinished).and_then(|file| file.sync_all()).map_err(unwritten)?;
    fs::rename(&unfinished, to).and_then(|()| sync_directory(to)).map_err(unwritten)?;
    Ok(true)
}

/// Compares the journal of a state directory with a copy of it.
///
/// # Errors
/// When either cannot be read.
pub fn since(state: &Path, copy: &Path) -> Result<Since, Error> {
    let path = state.join(FILE);
    let failed = |error| explain(&path, error);
    let connection = open(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    let of_copy = open(copy, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|error| explain(copy, error))?;
    let format = |connection: &Connection| -> Result<u32, SqliteError> {
        connection.pragma_query_value(None, "user_version", |row| row.get(0))
    };
    if format(&connection).map_err(failed)? == format(&of_copy).map_err(|error| explain(copy, error))? {
        return Ok(Since::SameFormat);
    }
    let tables = tables(&of_copy).map_err(|error| explain(copy, error))?;
    drop(of_copy);
    connection.execute("ATTACH ?1 AS copy", [copy.to_string_lossy().as_ref()]).map_err(failed)?;
    // A table or a column that the newer format has no more cannot be compared.
    let is_same =
        |(table, columns): &(String, String)| differs(&connection, table, columns).is_ok_and(|differs| !differs);
    Ok(if tables.iter().all(is_same) { Since::NothingRecorded } else { Since::Recorded })
}

/// Puts a copy in the place of the journal. The caller has made sure that no agent works with the state directory. Killed at any
/// point, one of both is there, and whole.
///
/// # Errors
/// When it cannot be written.
pub fn put_back(state: &Path, copy: &Path) -> Result<(), Error> {
    let path = state.join(FILE);
    let unwritten = |source| Error::Directory { path: path.clone(), source };
    // What is in the log beside the journal must not be taken for a part of the copy.
    let connection = open(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|error| explain(&path, error))?;
    let busy: i64 = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(|error| explain(&path, error))?;
    drop(connection);
    let log = beside(&path, "").with_file_name(format!("{FILE}-wal"));
    if busy != 0 || fs::metadata(log).is_ok_and(|log| log.len() > 0) {
        return Err(Error::Busy { path });
    }
    let was = fs::symlink_metadata(&path).map_err(unwritten)?;
    let put = beside(&path, "put-back");
    let copied = || -> io::Result<()> {
        remove(&put)?;
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&put)?;
        io::copy(&mut File::open(copy)?, &mut file)?;
        fchown(&file, Some(was.uid()), Some(was.gid()))?;
        file.set_permissions(Permissions::from_mode(was.mode() & 0o777))?;
        file.sync_all()?;
        fs::rename(&put, &path)?;
        sync_directory(&path)
    };
    copied().map_err(unwritten)
}

/// Opens a file that is there, and nothing that a link leads to.
fn open(path: &Path, access: OpenFlags) -> Result<Connection, SqliteError> {
    let flags = access | OpenFlags::SQLITE_OPEN_NOFOLLOW | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

/// The tables of a file, each with the list of its columns.
fn tables(connection: &Connection) -> Result<Vec<(String, String)>, SqliteError> {
    let quoted = |name: String| format!("\"{}\"", name.replace('"', "\"\""));
    let mut names =
        connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?;
    let names: Vec<String> = names.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut columns = connection.prepare("SELECT name FROM pragma_table_info(?1) ORDER BY cid")?;
    let mut tables = Vec::new();
    for name in names {
        let all = columns.query_map([&name], |row| row.get(0))?.map(|name| name.map(quoted));
        let all: Vec<String> = all.collect::<Result<_, _>>()?;
        tables.push((quoted(name), all.join(", ")));
    }
    Ok(tables)
}

/// Whether a table of the journal says something else than that of the copy.
fn differs(connection: &Connection, table: &str, columns: &str) -> Result<bool, SqliteError> {
    let (ours, copied) = (format!("SELECT {columns} FROM main.{table}"), format!("SELECT {columns} FROM copy.{table}"));
    let question = format!("SELECT EXISTS ({ours} EXCEPT {copied}) OR EXISTS ({copied} EXCEPT {ours})");
    connection.query_row(&question, [], |row| row.get(0))
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What was renamed stays renamed after a power cut.
fn sync_directory(of: &Path) -> io::Result<()> {
    File::open(of.parent().unwrap_or(Path::new("/")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A journal of this format with one line, below a directory.
    fn journal(state: &Path) -> Connection {
        let connection = Connection::open(state.join(FILE)).unwrap();
        connection.pragma_update(None, "journal_mode", "wal").unwrap();
        connection.execute_batch(include_str!("schema.sql")).unwrap();
        connection.pragma_update(None, "user_version", 4).unwrap();
        line(&connection);
        connection
    }

    fn line(connection: &Connection) {
        let line = "INSERT INTO events (deployment, time, kind, payload, previous, hash) VALUES ('d', 't', 'k', 'p', 'a', 'b')";
        connection.execute(line, []).unwrap();
    }

    /// What a newer agent makes of it.
    fn upgrade(connection: &Connection) {
        connection.execute_batch("CREATE TABLE new (x); ALTER TABLE outbox ADD COLUMN more TEXT").unwrap();
        connection.pragma_update(None, "user_version", 5).unwrap();
    }

    fn format(state: &Path) -> (u32, u32) {
        let connection = Connection::open(state.join(FILE)).unwrap();
        let format = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        (format, connection.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).unwrap())
    }

    #[test]
    fn a_journal_that_only_got_another_format_is_put_back_as_it_was() {
        let place = tempfile::tempdir().unwrap();
        let (state, copy) = (place.path().join("state"), place.path().join("copy"));
        fs::create_dir(&state).unwrap();
        assert!(!keep(&state, &copy).unwrap());
        let connection = journal(&state);
        assert!(keep(&state, &copy).unwrap());
        assert_eq!(since(&state, &copy).unwrap(), Since::SameFormat);
        upgrade(&connection);
        assert_eq!(since(&state, &copy).unwrap(), Since::NothingRecorded);
        drop(connection);
        put_back(&state, &copy).unwrap();
        assert_eq!(format(&state), (4, 1));
        assert_eq!(since(&state, &copy).unwrap(), Since::SameFormat);
        // What is written afterwards goes into the one that is there.
        line(&Connection::open(state.join(FILE)).unwrap());
        assert_eq!(format(&state), (4, 2));
    }

    #[test]
    fn what_was_recorded_since_is_seen_and_so_is_what_cannot_be_compared() {
        let place = tempfile::tempdir().unwrap();
        let (state, copy) = (place.path().join("state"), place.path().join("copy"));
        fs::create_dir(&state).unwrap();
        let connection = journal(&state);
        keep(&state, &copy).unwrap();
        line(&connection);
        // An agent that can read the copy can read this.
        assert_eq!(since(&state, &copy).unwrap(), Since::SameFormat);
        upgrade(&connection);
        assert_eq!(since(&state, &copy).unwrap(), Since::Recorded);
        keep(&state, &copy).unwrap();
        connection.execute_batch("DROP TABLE freezes").unwrap();
        connection.pragma_update(None, "user_version", 6).unwrap();
        assert_eq!(since(&state, &copy).unwrap(), Since::Recorded);
    }

    #[test]
    fn a_link_is_not_followed() {
        let place = tempfile::tempdir().unwrap();
        let (state, copy) = (place.path().join("state"), place.path().join("copy"));
        fs::create_dir(&state).unwrap();
        let connection = journal(&state);
        keep(&state, &copy).unwrap();
        drop(connection);
        fs::rename(state.join(FILE), state.join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("elsewhere", state.join(FILE)).unwrap();
        keep(&state, &copy).unwrap_err();
    }
}
