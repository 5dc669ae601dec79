//! What git's complaints mean for the operator. Its own last words are always in the message.

use windlass_sdk::exec::Output;
use windlass_sdk::prelude::*;

/// How much of git's own words is repeated.
const MOST: usize = 600;

/// A part of git's words, what it means, and what to do. All are put right on this host or at the server, and never by
/// another release: what was to be told waits for that.
const KNOWN: [(&str, &str, &str); 12] = [
    (
        "dubious ownership",
        "unavailable",
        "give the command `user` the owner of the clone, or give the clone to the agent's user",
    ),
    ("not a git repository", "unavailable", "make the clone that the command names: `git clone --bare URL DIRECTORY`"),
    ("cannot change to", "unavailable", "make the clone that the command names: `git clone --bare URL DIRECTORY`"),
    (
        "couldn't find remote ref",
        "conflict",
        "push a first commit to the branch, or name another branch in the commands",
    ),
    (
        "Permission denied (publickey",
        "unavailable",
        "check the key that the commands give to ssh, and that the server knows it",
    ),
    (
        "Host key verification failed",
        "unavailable",
        "add the server's host key to the known hosts that the commands give to ssh",
    ),
    ("Authentication failed", "unavailable", "check the credential helper that the operator's git uses"),
    ("could not read Username", "unavailable", "configure a credential helper for the operator's git"),
    (
        "Please tell me who you are",
        "unavailable",
        "set `user.name` and `user.email` in the clone, or in the command's environment",
    ),
    (
        "empty ident name",
        "unavailable",
        "set `user.name` and `user.email` in the clone, or in the command's environment",
    ),
    (
        "failed to sign",
        "unavailable",
        "check `user.signingkey` and `gpg.format` of the operator's git: `git commit-tree -S` must work without a question",
    ),
    ("read-only", "unavailable", "make the clone's file system writable for the command's user"),
];

/// The error of a command that failed.
pub(crate) fn failed(command: &str, output: &Output) -> Error {
    let words = words(&output.stderr);
    let message = format!("the command `{command}` ended with {}: {words}", output.exit_code);
    match KNOWN.iter().find(|(part, ..)| words.contains(part)) {
        Some((_, code, hint)) => Error::new(*code, message).hint(*hint).retryable(),
        None => Error::new("unavailable", message).retryable(),
    }
}

/// The last of what git said, on one line and without user and password of an address.
pub(crate) fn words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let text = clean(&lines.join("; "));
    if text.is_empty() {
        return "it said nothing".to_owned();
    }
    let skip = text.chars().count().saturating_sub(MOST);
    let kept: String = text.chars().skip(skip).collect();
    if skip > 0 { format!("…{kept}") } else { kept }
}

fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        cleaned.push_str(before);
        cleaned.push_str("://");
        let end =
            after.find(|letter: char| letter == '/' || letter == '\'' || letter.is_whitespace()).unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(at) => &after[at + 1..],
            None => after,
        };
    }
    cleaned.push_str(rest);
    cleaned.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(stderr: &str) -> Output {
        Output { exit_code: 128, stdout: Vec::new(), stderr: stderr.as_bytes().to_vec(), truncated: false }
    }

    #[test]
    fn known_complaints_have_advice() {
        let error = failed("git-state-fetch", &output("fatal: couldn't find remote ref refs/heads/main\n"));
        assert_eq!((error.code(), error.is_retryable()), ("conflict", true));
        let error = failed("git-state-fetch", &output("ssh: connect to host x port 22: Connection refused\n"));
        assert!(error.is_retryable() && error.message().contains("Connection refused"), "{error}");
    }

    #[test]
    fn no_password_of_an_address_is_repeated() {
        let words = words(b"fatal: unable to access 'https://me:hunter22@git.example/x/': no\nhttps://a/b@c");
        assert_eq!(words, "fatal: unable to access 'https://git.example/x/': no; https://a/b@c");
    }
}
