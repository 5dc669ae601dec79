//! Programs of the host, and the new version itself, run with an environment of their own and a deadline. What they print is read up
//! to a limit.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use windlass_foundation::private::with_users_mask;

use crate::UpdateError;

/// The most bytes that are read of each stream.
const LIMIT: u64 = 64 << 10;

/// How long a question to a program of the host may take.
pub(crate) const QUESTION: Duration = Duration::from_secs(30);

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Whether with 0.
    pub(crate) well: bool,
    /// Its standard output.
    pub(crate) out: String,
    /// Its standard error.
    pub(crate) err: String,
}

impl Ended {
    /// The last lines that it said, on one line, without what a terminal would act on.
    pub(crate) fn said(&self) -> String {
        let said = if self.err.trim().is_empty() { &self.out } else { &self.err };
        let lines: Vec<String> = lines(said);
        let last = lines.len().saturating_sub(4);
        if lines.is_empty() { "it said nothing".to_owned() } else { lines[last..].join("; ") }
    }
}

/// The lines of what a program said that are not empty, without what a terminal would act on.
pub(crate) fn lines(text: &str) -> Vec<String> {
    let plain = |line: &str| line.chars().filter(|letter| !letter.is_control()).collect::<String>();
    text.lines().map(plain).map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// Runs a program to its end. It is in a process group of its own: what a terminal sends to this one does not end it.
pub(crate) async fn run<A: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    arguments: &[A],
    within: Duration,
) -> io::Result<Ended> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs([
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            ("HOME", "/root"),
            ("LC_ALL", "C.UTF-8"),
            ("DEBIAN_FRONTEND", "noninteractive"),
        ])
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    // Scripts of a package make directories with the mask of who installs it.
    let mut child = with_users_mask(|| command.spawn())?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let ended = async { tokio::join!(read(out), read(err), child.wait()) };
    let late =
        |_| io::Error::new(io::ErrorKind::TimedOut, format!("it did not end within {} seconds", within.as_secs()));
    let (out, err, status) = tokio::time::timeout(within, ended).await.map_err(late)?;
    Ok(Ended { well: status?.success(), out, err })
}

/// What a program of the host answers; an error where it fails.
pub(crate) async fn answer<A: AsRef<OsStr>>(program: &str, arguments: &[A]) -> Result<String, UpdateError> {
    let failed = |why: String| UpdateError::host(format!("`{program}` cannot be asked"), why);
    let ended = run(program, arguments, QUESTION).await.map_err(|error| failed(error.to_string()))?;
    if ended.well { Ok(ended.out.trim().to_owned()) } else { Err(failed(ended.said())) }
}

/// A path as an argument beside others.
pub(crate) fn path(path: &Path) -> &OsStr {
    path.as_os_str()
}

async fn read(stream: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // What cannot be read was not said. The rest of who says too much is dropped with the stream.
        stream.take(LIMIT).read_to_end(&mut bytes).await.ok();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
