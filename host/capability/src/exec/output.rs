//! What a command writes: read to the end, so that it never waits for us, and kept within a limit.

use tokio::io::{AsyncRead, AsyncReadExt as _};
use windlass_foundation::redact::Redactor;

/// What is kept beyond the limit until it is redacted, so that no value is cut in half before it is found.
const MARGIN: usize = 4 << 10;

/// A stream, and what is kept of it.
pub(super) struct Stream<R> {
    source: Option<R>,
    bytes: Vec<u8>,
    limit: usize,
    beginning: bool,
    cut: bool,
    /// Whether anything of it is not even in `bytes`.
    lost: bool,
}

/// Creates a reader that keeps the first `limit` bytes of a stream.
pub(super) fn begin<R: AsyncRead + Unpin>(source: Option<R>, limit: u64) -> Stream<R> {
    stream(source, limit, true)
}

/// Creates a reader that keeps the last `limit` bytes of a stream.
pub(super) fn end<R: AsyncRead + Unpin>(source: Option<R>, limit: u64) -> Stream<R> {
    stream(source, limit, false)
}

fn stream<R>(source: Option<R>, limit: u64, beginning: bool) -> Stream<R> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX - MARGIN);
    Stream { source, bytes: Vec::new(), limit, beginning, cut: false, lost: false }
}

impl<R: AsyncRead + Unpin> Stream<R> {
    /// Reads until every process that can write has closed its end. What was read is kept when the future is dropped.
    pub(super) async fn read(&mut self) {
        let Some(mut source) = self.source.take() else { return };
        let mut buffer = vec![0_u8; 16 << 10];
        while let Ok(count) = source.read(&mut buffer).await {
            if count == 0 {
                break;
            }
            self.take(&buffer[..count]);
        }
    }
}

impl<R> Stream<R> {
    fn take(&mut self, bytes: &[u8]) {
        let room = self.limit.saturating_add(MARGIN);
        if self.beginning {
            let free = room.saturating_sub(self.bytes.len());
            self.lost |= bytes.len() > free;
            self.bytes.extend_from_slice(&bytes[..bytes.len().min(free)]);
        } else {
            self.bytes.extend_from_slice(bytes);
            // Moved in large pieces, not for every read.
            if self.bytes.len() > room.saturating_mul(2) {
                self.lost = true;
                self.bytes.drain(..self.bytes.len() - room);
            }
        }
        self.cut |= self.bytes.len() > self.limit;
    }

    /// Whether anything is cut.
    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }

    /// What a plugin may read: without secret values, within the limit.
    pub(super) fn redacted(self, redactor: &Redactor) -> Vec<u8> {
        let mut bytes = self.bytes;
        let text = String::from_utf8_lossy(&bytes);
        // Where a value was cut in half, its half is a secret as well.
        let clean = match (self.lost, self.beginning) {
            (false, _) => redactor.text(&text),
            (true, true) => redactor.beginning(&text),
            (true, false) => redactor.end(&text),
        };
        // Bytes that are not text stay as they are unless there is something to hide.
        if clean != text {
            bytes = clean.into_bytes();
        }
        if bytes.len() > self.limit {
            if self.beginning {
                bytes.truncate(self.limit);
            } else {
                bytes.drain(..bytes.len() - self.limit);
            }
        }
        bytes
    }
}
