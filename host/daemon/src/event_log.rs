//! What a deployment told while it ran, in a file: a caller can read it again from any line, also after a restart of the
//! agent. It is no record, which is the journal: it is not synced, and old ones are removed.
//!
//! The first line is what the operation is; each line after it is one object of the stream.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use windlass_api::Command;
use windlass_foundation::principal::Principal;
use windlass_foundation::private;
use windlass_service::trigger::Event;

/// The most bytes of what one operation tells that are kept.
pub(super) const LARGEST_LOG: u64 = 16 << 20;

/// How many files are kept.
const KEPT: usize = 200;

/// The longest first line.
const LONGEST_HEADING: u64 = 64 << 10;

/// The largest file that is read: the last two lines may be as large as a release document is.
const LARGEST_FILE: u64 = LARGEST_LOG + (128 << 20);

/// What an operation is: the first line of its file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Heading {
    /// Its id.
    pub(super) operation: String,
    /// The command's word.
    pub(super) command: String,
    /// Whether it makes or ends a deployment.
    pub(super) deploys: bool,
    /// Who asked for it.
    pub(super) by: Principal,
    /// When.
    pub(super) since: Timestamp,
    /// A hash of the command: the same request has the same.
    pub(super) digest: String,
    /// What the caller calls the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    /// Whether it is a look, which the log of the host does not have. Not kept: what is kept is more.
    #[serde(skip)]
    pub(super) only_looks: bool,
}

impl Heading {
    /// That of an operation that begins now.
    pub(super) fn new(operation: String, by: Principal, command: &Command, key: Option<String>) -> Self {
        let value = serde_json::to_value(command).unwrap_or_default();
        let word = value.get("command").and_then(Value::as_str).unwrap_or("command");
        Self {
            operation,
            command: word.to_owned(),
            deploys: command.deploys(),
            by,
            since: Timestamp::now(),
            digest: hex::encode(Sha256::digest(value.to_string())),
            key,
            only_looks: windlass_service::only_looks(command),
        }
    }

    /// Whether the log of the host says that it begins and ends.
    pub(super) fn is_told(&self) -> bool {
        !self.only_looks
    }
}

impl Heading {
    /// That of an operation that an event begins now.
    pub(super) fn of_event(operation: String, event: &Event) -> Self {
        Self {
            operation,
            command: "trigger".to_owned(),
            deploys: true,
            by: event.principal.clone(),
            since: Timestamp::now(),
            digest: Self::digest_of_event(event),
            key: None,
            only_looks: false,
        }
    }

    /// What the same event of the same trigger has.
    pub(super) fn digest_of_event(event: &Event) -> String {
        hex::encode(Sha256::digest(format!("{} {}", event.trigger, event.key)))
    }
}

/// What a file says.
pub(super) struct Kept {
    pub(super) heading: Heading,
    pub(super) lines: Vec<Arc<str>>,
}

/// The directory of all files.
#[derive(Debug, Clone)]
pub(super) struct EventLogs {
    directory: PathBuf,
}

impl EventLogs {
    /// Those below a state directory.
    pub(super) fn open(state: &Path) -> io::Result<Self> {
        let directory = state.join("operations");
        private::directory(&directory)?;
        Ok(Self { directory })
    }

    fn path(&self, operation: &str) -> PathBuf {
        self.directory.join(format!("{operation}.ndjson"))
    }

    /// Begins a file, and removes the oldest ones.
    pub(super) fn begin(&self, heading: &Heading) -> io::Result<File> {
        self.trim(KEPT - 1)?;
        let mut file = private::open(&self.path(&heading.operation))?;
        file.set_len(0)?;
        let line = serde_json::to_string(heading)?;
        writeln!(file, "{line}")?;
        Ok(file)
    }

    /// Opens a file to go on at its end.
    pub(super) fn go_on(&self, operation: &str) -> io::Result<File> {
        File::options().append(true).open(self.path(operation))
    }

    /// What a file says. A last line that was cut by a crash is left out, and taken off the file.
    pub(super) fn read(&self, operation: &str) -> io::Result<Kept> {
        if !is_id(operation) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let path = self.path(operation);
        let mut text = String::new();
        File::open(&path)?.take(LARGEST_FILE).read_to_string(&mut text)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        if whole < text.len() {
            File::options().write(true).open(&path)?.set_len(u64::try_from(whole).unwrap_or(u64::MAX))?;
        }
        let (first, rest) = text[..whole].split_once('\n').unwrap_or_default();
        Ok(Kept { heading: serde_json::from_str(first)?, lines: rest.split_inclusive('\n').map(Arc::from).collect() })
    }

    /// The first lines of all files, the oldest operation first. A file that cannot be read is left out.
    pub(super) fn headings(&self) -> io::Result<Vec<Heading>> {
        let mut headings = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let mut first = String::new();
            let file = BufReader::new(File::open(entry?.path())?);
            if file.take(LONGEST_HEADING).read_line(&mut first).is_ok()
                && let Ok(heading) = serde_json::from_str::<Heading>(&first)
            {
                headings.push(heading);
            }
        }
        headings.sort_by_key(|heading| heading.since);
        Ok(headings)
    }

    /// Removes the oldest files but so many.
    fn trim(&self, keep: usize) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            files.push((entry.metadata()?.modified()?, entry.path()));
        }
        files.sort();
        let old = files.len().saturating_sub(keep);
        files.into_iter().take(old).try_for_each(|(_, path)| fs::remove_file(path))
    }
}

/// Whether a text can be an operation's id: it becomes the name of a file.
pub(super) fn is_id(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= 32 && text.bytes().all(good)
}
