//! An HTTP request without its connection: header lines, an empty line, and the body.

use std::io::Read;

use super::TriggerError;

/// The most bytes of a message: GitHub's own limit for an event is 25 MB.
pub const LIMIT: u64 = 26 << 20;

/// The most header lines.
const HEADERS: usize = 100;

/// The bytes of one, to their end, or to where they are too many.
///
/// # Errors
/// When the stream cannot be read.
pub(crate) fn read(from: impl Read) -> Result<Vec<u8>, TriggerError> {
    let mut bytes = Vec::new();
    from.take(LIMIT + 1).read_to_end(&mut bytes).map_err(TriggerError::Unreadable)?;
    Ok(bytes)
}

/// An HTTP message that a trigger received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Names in lower case, with their values.
    headers: Vec<(String, String)>,
    /// The body, byte for byte as it was sent.
    pub body: Vec<u8>,
}

impl Message {
    /// Parses a message. A request line before the headers is taken for one and not looked at.
    ///
    /// # Errors
    /// When it is no HTTP message, or larger than a trigger takes.
    pub fn parse(bytes: &[u8]) -> Result<Self, TriggerError> {
        if bytes.len() as u64 > LIMIT {
            return Err(malformed(format!("it is larger than {} MiB", LIMIT >> 20)));
        }
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let end = if is_request(bytes) {
            let mut request = httparse::Request::new(&mut headers);
            match request.parse(bytes).map_err(|error| malformed(error.to_string()))? {
                httparse::Status::Complete(end) => end,
                httparse::Status::Partial => return Err(cut()),
            }
        } else {
            match httparse::parse_headers(bytes, &mut headers).map_err(|error| malformed(error.to_string()))? {
                httparse::Status::Complete((end, _)) => end,
                httparse::Status::Partial => return Err(cut()),
            }
        };
        let headers = headers.iter().take_while(|header| !header.name.is_empty()).map(|header| {
            let value = std::str::from_utf8(header.value)
                .map_err(|_| malformed(format!("the value of `{}` is no text", header.name)))?;
            Ok((header.name.to_ascii_lowercase(), value.trim().to_owned()))
        });
        let headers = headers.collect::<Result<Vec<_>, TriggerError>>()?;
        Ok(Self { headers, body: bytes[end..].to_vec() })
    }

    /// A message that an HTTP server took apart. A value that is no text proves nothing, and is kept so that it counts as there.
    #[must_use]
    pub fn of<'a>(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>, body: Vec<u8>) -> Self {
        let header = |(name, value): (&str, &[u8])| {
            (name.to_ascii_lowercase(), String::from_utf8_lossy(value).trim().to_owned())
        };
        Self { headers: headers.into_iter().map(header).collect(), body }
    }

    /// The value of a header. One that is there twice could mean one thing here and another where it was checked.
    pub fn header(&self, name: &str) -> Result<Option<&str>, TriggerError> {
        let mut values = self.headers.iter().filter(|(header, _)| header == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(malformed(format!("`{name}` is there twice"))),
            (value, None) => Ok(value),
        }
    }
}

/// Whether the first line is `METHOD TARGET HTTP/1.x`.
fn is_request(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.trim_ascii_end().windows(9).any(|part| part.starts_with(b" HTTP/1."))
}

fn cut() -> TriggerError {
    malformed("there is no empty line after the headers".to_owned())
}

fn malformed(reason: String) -> TriggerError {
    TriggerError::Malformed { reason }
}
