//! What `git fast-import` is told (git-fast-import(1)): one commit with one changed file, and to say its name.

use jiff::Timestamp;
use windlass_sdk::prelude::*;

use crate::config::Config;

/// What a commit is made of.
pub(crate) struct Commit<'a> {
    /// The reference that holds it in the operator's repository until it is pushed.
    pub(crate) reference: &'a str,
    /// The commit before.
    pub(crate) parent: &'a str,
    /// Its message.
    pub(crate) message: &'a str,
    /// The changed file.
    pub(crate) path: &'a str,
    /// Its content.
    pub(crate) content: &'a [u8],
}

/// The stream. The same event on the same parent makes the same commit.
pub(crate) fn stream(commit: &Commit<'_>, config: &Config, event: &Event) -> Result<Vec<u8>> {
    let time: Timestamp = event
        .finished
        .parse()
        .map_err(|_| Error::internal(format!("the event's time {:?} is no RFC 3339 time", event.finished)))?;
    let author = match &config.author {
        Some(author) => format!("{} <{}>", author.name, author.email),
        None => format!("windlass <windlass@{}>", host(&event.host)),
    };
    let person = format!("{author} {} +0000", time.as_second());
    let mut stream =
        format!("commit {}\nmark :1\nauthor {person}\ncommitter {person}\n", commit.reference).into_bytes();
    data(&mut stream, commit.message.as_bytes());
    stream.extend_from_slice(format!("from {}\nM 100644 inline \"{}\"\n", commit.parent, commit.path).as_bytes());
    data(&mut stream, commit.content);
    stream.extend_from_slice(b"\nget-mark :1\ndone\n");
    Ok(stream)
}

fn data(stream: &mut Vec<u8>, bytes: &[u8]) {
    stream.extend_from_slice(format!("data {}\n", bytes.len()).as_bytes());
    stream.extend_from_slice(bytes);
    stream.push(b'\n');
}

/// A host's name as the part of an address; what has no place there is left out.
fn host(name: &str) -> String {
    let name: String =
        name.chars().filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-')).collect();
    if name.is_empty() { "localhost".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tests::event;

    #[test]
    fn the_stream_is_one_commit() {
        let commit = Commit {
            reference: "refs/windlass/next",
            parent: "1ef9",
            message: "m\n",
            path: "a b.json",
            content: b"{}\n",
        };
        let stream = stream(&commit, &Config::default(), &event("d1", "2", "succeeded")).unwrap();
        let expected = "commit refs/windlass/next\nmark :1\nauthor windlass <windlass@h> 1767225660 +0000\n\
             committer windlass <windlass@h> 1767225660 +0000\ndata 2\nm\n\nfrom 1ef9\nM 100644 inline \"a b.json\"\n\
             data 3\n{}\n\n\nget-mark :1\ndone\n";
        assert_eq!(String::from_utf8(stream).unwrap(), expected);
    }
}
