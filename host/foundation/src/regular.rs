//! Files that another party made: opened so that nothing but a plain file can block the agent, and read up to a limit.
//!
//! A pipe is never waited for, a device is never opened, and a directory in place of a file is an error that names it.
//! The module does not know what the files contain. Which directory they must be in is the business of
//! `windlass_release::directory`.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::FileType;

/// What opening must not do: wait for the other end of a pipe, or make a terminal the agent's own.
#[must_use]
pub fn flags() -> i32 {
    use rustix::fs::OFlags;
    i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC).bits()).unwrap_or_default()
}

/// What something of this mode is that is no plain file, in words; none for a plain file.
#[must_use]
pub fn other_kind(mode: u32) -> Option<&'static str> {
    Some(match FileType::from_raw_mode(mode) {
        FileType::RegularFile => return None,
        FileType::Directory => "a directory",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        FileType::Symlink => "a symbolic link",
        _ => "a device",
    })
}

/// The error for what is no plain file.
fn refused(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("it is {what}, not a file"))
}

fn plain(metadata: &Metadata) -> io::Result<()> {
    other_kind(metadata.mode()).map_or(Ok(()), |what| Err(refused(what)))
}

/// Opens a plain file that a person named.
///
/// # Errors
/// What the operating system says; for a pipe, a device, a socket or a directory an error that names it.
pub fn open(path: &Path) -> io::Result<File> {
    // The path is checked before it is opened, because opening a device may have an effect.
    plain(&std::fs::metadata(path)?)?;
    let file = File::options().read(true).custom_flags(flags()).open(path)?;
    // And again, because it may have been exchanged since.
    plain(&file.metadata()?)?;
    Ok(file)
}

/// The content of a plain file that a person named.
///
/// # Errors
/// As for [`open`]; `FileTooLarge` beyond `limit` bytes.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    whole(open(path)?, limit)
}

/// Everything of a stream.
///
/// # Errors
/// `FileTooLarge` beyond `limit` bytes.
pub fn whole(from: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// The text of a JSON library's error without anything that stands in the document. A user who may pass a file's name
/// to the agent may not be allowed to read that file.
#[must_use]
pub fn without_content(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let text = error.to_string();
    if error.classify() != Category::Data {
        // Fixed words and a place.
        return text;
    }
    let place = format!(" at line {} column {}", error.line(), error.column());
    let said = text.strip_suffix(&place).unwrap_or(&text);
    let own = |prefix: &str| said.starts_with(prefix);
    let what = if own("missing field `") || own("duplicate field `") {
        // Names of our own.
        said.to_owned()
    } else {
        // "invalid type: string \"…\", expected u32", "unknown field `…`, expected one of …".
        let kind = ["invalid type", "invalid value", "invalid length", "unknown field", "unknown variant"];
        let kind = kind.into_iter().find(|kind| own(kind)).unwrap_or("something is not as it should be");
        match said.rsplit_once(", expected ") {
            Some((_, expected)) if own(kind) => format!("{kind}, expected {expected}"),
            _ => kind.to_owned(),
        }
    };
    if error.line() == 0 { what } else { format!("{what}{place}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_files_of_a_bounded_size_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("plain"), "four").unwrap();
        assert_eq!(read(&path("plain"), 4).unwrap(), b"four");
        assert_eq!(read(&path("plain"), 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        let mode = rustix::fs::Mode::from_raw_mode(0o644);
        rustix::fs::mknodat(rustix::fs::CWD, path("pipe"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        let said = |path: &Path| read(path, 9).unwrap_err().to_string();
        assert_eq!(said(&path("pipe")), "it is a pipe, not a file");
        assert_eq!(said(&path("socket")), "it is a socket, not a file");
        assert_eq!(said(directory.path()), "it is a directory, not a file");
        assert_eq!(said(Path::new("/dev/zero")), "it is a device, not a file");
        std::os::unix::fs::symlink("pipe", path("link")).unwrap();
        assert_eq!(said(&path("link")), "it is a pipe, not a file");
    }

    #[test]
    fn what_is_said_about_json_repeats_nothing_of_it() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Wanted {
            #[expect(dead_code, reason = "only its type matters")]
            number: u32,
        }
        for document in [
            r#"{"number": "hunter2, expected hunter2"}"#,
            r#"{"hunter2": 1}"#,
            r#"{"number": 1, "number": 2}"#,
            r#"["hunter2"]"#,
            "hunter2",
            r#"{"number": -7722}"#,
            "{}",
        ] {
            let said = without_content(&serde_json::from_str::<Wanted>(document).unwrap_err());
            assert!(!said.contains("hunter2") && !said.contains("7722"), "{document}: {said}");
            assert!(said.contains("line 1 column"), "{document}: {said}");
        }
    }
}
