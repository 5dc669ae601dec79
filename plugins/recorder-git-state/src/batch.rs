//! The answers of `git cat-file --batch` (git-cat-file(1), "BATCH OUTPUT").

/// An object, as git printed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    /// Its name: 40 or 64 hexadecimal digits.
    pub(crate) id: String,
    /// `blob`, `tree`, `commit` or `tag`.
    pub(crate) kind: String,
    /// Its bytes.
    pub(crate) content: Vec<u8>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Object(Object),
    Missing,
    /// The name is there, and what follows is not what git announced: the output was cut, or a secret in it replaced.
    Cut(String),
}

/// The answers in order; after one that is cut there is none.
pub(crate) fn parse(output: &[u8]) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut rest = output;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let head = String::from_utf8_lossy(&rest[..end]).into_owned();
        rest = &rest[end + 1..];
        let words: Vec<&str> = head.rsplitn(3, ' ').collect();
        match words.as_slice() {
            [size, kind, id] if is_id(id) && size.parse::<usize>().is_ok() => {
                let size: usize = size.parse().unwrap_or_default();
                let (Some(content), Some(b'\n')) = (rest.get(..size), rest.get(size)) else {
                    answers.push(Answer::Cut((*id).to_owned()));
                    break;
                };
                let (id, kind) = ((*id).to_owned(), (*kind).to_owned());
                answers.push(Answer::Object(Object { id, kind, content: content.to_vec() }));
                rest = rest.get(size + 1..).unwrap_or_default();
            }
            _ if head.ends_with(" missing") => answers.push(Answer::Missing),
            _ => break,
        }
    }
    answers
}

/// Whether a text is the name of an object (SHA-1 or SHA-256).
pub(crate) fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1ef921a0c5c1b2a8f0e6d6f0b1f3d5f4f1f0a9b8";

    #[test]
    fn answers_come_apart_also_where_contents_look_like_heads() {
        let output = format!("{ID} blob 8\nx\nblob 1\na b/c.json missing\n{ID} commit 0\n\n");
        let object = |kind: &str, content: &[u8]| {
            Answer::Object(Object { id: ID.to_owned(), kind: kind.to_owned(), content: content.to_vec() })
        };
        let expected = [object("blob", b"x\nblob 1"), Answer::Missing, object("commit", b"")];
        assert_eq!(parse(output.as_bytes()), expected);
    }

    #[test]
    fn what_is_cut_is_told_apart_from_what_is_not_there() {
        let output = format!("{ID} blob 80\nonly a part");
        assert_eq!(parse(output.as_bytes()), [Answer::Cut(ID.to_owned())]);
        assert_eq!(parse(b"fatal: no\n"), []);
    }
}
