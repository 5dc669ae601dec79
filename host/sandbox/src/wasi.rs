//! WASI with nothing granted, and what a plugin writes to its standard streams.
//!
//! Toolchains import much of WASI without using it, so all of 0.2 is there: no argument, no variable, no directory,
//! no socket, no name lookup. Standard output and standard error become lines of the log.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder};
use wasmtime_wasi_io::bytes::Bytes;
use wasmtime_wasi_io::poll::Pollable;
use wasmtime_wasi_io::streams::{OutputStream, StreamResult};
use windlass_foundation::redact::Redactor;

use super::text::{beginning, plain};

/// Lines of standard error that a failure shows.
const LAST_LINES: usize = 20;

/// The most that a plugin may hand over in one write.
const WRITE: usize = 64 << 10;

/// Where finished lines go.
pub(super) type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// One standard stream of a plugin. Clones write to the same.
#[derive(Clone)]
pub(super) struct Captured(Arc<Mutex<Lines>>);

struct Lines {
    sink: Sink,
    /// Bytes that may still come.
    left: usize,
    /// The longest line; the rest of a longer one is dropped.
    longest: usize,
    line: Vec<u8>,
    /// Whether the line goes on behind what is kept of it.
    cut: bool,
    last: VecDeque<String>,
    dropped: usize,
    redactor: Redactor,
}

impl Captured {
    /// A stream that takes `most` bytes, hands whole lines of at most `longest` bytes to `sink`, and then drops.
    pub(super) fn new(most: usize, longest: usize, redactor: Redactor, sink: Sink) -> Self {
        let (line, last) = (Vec::new(), VecDeque::new());
        let lines = Lines { sink, left: most, longest, line, cut: false, last, dropped: 0, redactor };
        Self(Arc::new(Mutex::new(lines)))
    }

    /// Ends the line that is not finished yet, says how much was dropped, and returns the last lines.
    pub(super) fn finish(&self, name: &str) -> Vec<String> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.end_line();
        if lines.dropped > 0 {
            let text = format!("{} more bytes of {name} were dropped (limit `stdio`)", lines.dropped);
            lines.dropped = 0;
            (lines.sink)(&text);
        }
        lines.last.iter().cloned().collect()
    }

    fn take(&self, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take(bytes);
    }
}

impl Lines {
    fn take(&mut self, bytes: &[u8]) {
        let (kept, dropped) = bytes.split_at(bytes.len().min(self.left));
        self.left -= kept.len();
        self.dropped += dropped.len();
        for part in kept.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = part.strip_suffix(b"\n").map_or((part, false), |text| (text, true));
            let room = self.longest.saturating_sub(self.line.len()).min(text.len());
            self.line.extend_from_slice(&text[..room]);
            self.dropped += text.len() - room;
            self.cut |= room < text.len();
            if ends {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        if self.line.is_empty() {
            return;
        }
        let text = String::from_utf8_lossy(&self.line);
        // What is cut off here is never seen, so half a secret must not be either. The rest is cut after this.
        let cut = std::mem::take(&mut self.cut) || self.left == 0;
        let text = plain(&if cut { self.redactor.beginning(&text) } else { self.redactor.text(&text) });
        self.line.clear();
        (self.sink)(&text);
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        self.last.push_back(beginning(&text, 1_000));
    }
}

impl IsTerminal for Captured {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Captured {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for it.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Captured {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Captured {
    async fn ready(&mut self) {}
}

/// WASI with nothing granted.
pub(super) fn nothing(stdout: &Captured, stderr: &Captured) -> WasiCtx {
    WasiCtxBuilder::new()
        .stdout(stdout.clone())
        .stderr(stderr.clone())
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .max_random_size(WRITE as u64)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        let redactor = Redactor::new();
        redactor.learn("hunter22-hunter22", "[redacted:db]");
        redactor
    }

    #[test]
    fn no_part_of_a_secret_is_left_where_a_line_is_cut() {
        let (stream, seen) = captured(300, 40);
        stream.take(b"a line with hunter22-hunter22 in it\n");
        stream.take(format!("{}hunter22-hunter22\n", "x".repeat(30)).as_bytes());
        stream.take(format!("{}\n", "y".repeat(199)).as_bytes());
        let last = stream.finish("stderr");
        assert_eq!(last[..2], ["a line with [redacted:db] in it", &"x".repeat(30)]);
        assert!(!seen.lock().unwrap().concat().contains("hunter"));
    }

    fn captured(most: usize, longest: usize) -> (Captured, Arc<Mutex<Vec<String>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let sink: Sink =
            Arc::new(move |line| sink.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned()));
        (Captured::new(most, longest, redactor(), sink), seen)
    }

    #[test]
    fn splits_lines_and_ends_the_last() {
        let (stream, seen) = captured(100, 100);
        stream.take(b"one\ntw");
        stream.take(b"o\n\x1b[31mthree");
        assert_eq!(stream.finish("stderr"), ["one", "two", "[31mthree"]);
        assert_eq!(seen.lock().map(|seen| seen.len()).ok(), Some(3));
    }

    #[test]
    fn drops_what_is_too_much_and_says_so_once() {
        let (stream, seen) = captured(10, 4);
        stream.take(b"123456\n789012345");
        stream.finish("stdout");
        stream.finish("stdout");
        let seen = seen.lock().map(|seen| seen.clone()).unwrap_or_default();
        assert_eq!(seen, ["1234", "789", "8 more bytes of stdout were dropped (limit `stdio`)"]);
    }
}
