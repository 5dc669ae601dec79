//! The extended headers of a tar archive (POSIX pax): records `LENGTH KEY=VALUE`, each as long as it says.
//!
//! Of what they can say only the name of an entry counts. What would change what the entry is, such as another size or a sparse
//! file, is refused; times, owners and attributes are passed over.

/// What a key does to the entry that follows, besides its name.
const REFUSED: [(&str, &str); 3] = [
    ("size", "its extended header says another size"),
    ("linkpath", "its extended header makes a link of it"),
    ("GNU.sparse.", "it is a sparse file; make the archive without `--sparse`"),
];

/// The name that an extended header says of the entry that follows; none where it says none.
///
/// # Errors
/// What it says besides that is not taken.
pub(super) fn of_entry(content: &[u8]) -> Result<Option<&[u8]>, &'static str> {
    let mut name = None;
    for record in records(content) {
        let (key, value) = record?;
        if let Some((_, reason)) = REFUSED.iter().find(|(begin, _)| key.starts_with(begin.as_bytes())) {
            return Err(reason);
        }
        if key == b"path" && name.replace(value).is_some() {
            return Err("its extended header says two names");
        }
    }
    Ok(name)
}

/// Whether a header about all entries says nothing that matters: `git archive` writes its commit there.
///
/// # Errors
/// When it does.
pub(super) fn of_all(content: &[u8]) -> Result<(), &'static str> {
    records(content).try_for_each(|record| match record? {
        (b"comment", _) => Ok(()),
        _ => Err("a header about all entries says more than a comment"),
    })
}

/// A key with its value.
type Record<'a> = (&'a [u8], &'a [u8]);

/// The records. After the first broken one there are no more.
fn records(mut content: &[u8]) -> impl Iterator<Item = Result<Record<'_>, &'static str>> {
    std::iter::from_fn(move || {
        if content.is_empty() {
            return None;
        }
        let Some((record, rest)) = record(content) else {
            content = &[];
            return Some(Err("its extended header is broken"));
        };
        content = rest;
        Some(Ok(record))
    })
}

/// The first record, and what follows.
fn record(content: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let digits = content.iter().position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(content.get(..digits)?).ok()?.parse().ok()?;
    let whole = content.get(..length)?;
    let text = whole.get(digits + 1..)?.strip_suffix(b"\n")?;
    let equals = text.iter().position(|byte| *byte == b'=')?;
    Some(((&text[..equals], &text[equals + 1..]), &content[length..]))
}
