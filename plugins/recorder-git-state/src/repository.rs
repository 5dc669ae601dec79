//! The operator's commands, one function each. Branch, remote and clone are in their definitions.

use windlass_sdk::exec::Output;
use windlass_sdk::prelude::*;

use crate::batch::{self, Answer};
use crate::failures::{failed, words};
use crate::push::{self, Pushed};

/// How many commits are looked at for one that is of this deployment.
const LOOKED_AT: usize = 100;

/// The clone, through commands whose names begin alike.
pub(crate) struct Repository<'a> {
    pub(crate) commands: &'a str,
}

/// The branch at the remote, newest first.
pub(crate) struct Branch {
    /// The newest commit's name.
    pub(crate) head: String,
    /// The newest commits as git stores them.
    pub(crate) commits: Vec<Vec<u8>>,
}

impl Repository<'_> {
    /// Where a fetch puts the remote's branch.
    fn remote(&self) -> String {
        format!("refs/windlass/{}/remote", self.commands)
    }

    /// What holds a commit until it is pushed.
    pub(crate) fn next(&self) -> String {
        format!("refs/windlass/{}/next", self.commands)
    }

    /// Brings the remote's branch, and only it, into a reference of ours.
    pub(crate) fn fetch(&self) -> Result<()> {
        self.run("fetch", &[], &[]).map(drop)
    }

    /// The branch as it was fetched.
    pub(crate) fn branch(&self) -> Result<Branch> {
        let reference = self.remote();
        let asked: Vec<String> = (0..LOOKED_AT).map(|generation| format!("{reference}~{generation}\n")).collect();
        let output = self.run("read", &[], asked.concat().as_bytes())?;
        let answers = batch::parse(&output.stdout);
        let head = match answers.first() {
            Some(Answer::Object(object)) if object.kind == "commit" => object.id.clone(),
            Some(Answer::Cut(id)) => id.clone(),
            _ => {
                let name = self.name("fetch");
                // The command is the operator's, who can change it without another release.
                return Err(Error::config(format!("`{name}` did not bring the branch to `{reference}`"))
                    .retryable()
                    .hint(format!("its last argument must be `+refs/heads/BRANCH:{reference}`")));
            }
        };
        let commits = answers.into_iter().filter_map(|answer| match answer {
            Answer::Object(object) => Some(object.content),
            Answer::Missing | Answer::Cut(_) => None,
        });
        Ok(Branch { head, commits: commits.collect() })
    }

    /// A file of a commit, or none.
    pub(crate) fn file(&self, commit: &str, path: &str) -> Result<Option<Vec<u8>>> {
        // A directory on the way that is a file would be replaced in silence.
        let directories = path.match_indices('/').map(|(end, _)| &path[..end]);
        let asked: Vec<String> = directories.chain([path]).map(|path| format!("{commit}:{path}\n")).collect();
        let output = self.run("read", &[], asked.concat().as_bytes())?;
        let mut answers = batch::parse(&output.stdout);
        let file = (answers.len() == asked.len()).then(|| answers.pop()).flatten();
        let is_file = |answer: &Answer| matches!(answer, Answer::Object(object) if object.kind != "tree");
        if answers.iter().any(is_file) {
            let message = format!("a directory on the way to `{path}` is a file in the repository");
            return Err(Error::new("conflict", message).hint("name another `path`"));
        }
        match file {
            Some(Answer::Object(object)) if object.kind == "blob" => Ok(Some(object.content)),
            Some(Answer::Missing) => Ok(None),
            Some(Answer::Object(object)) => {
                let message = format!("`{path}` is a {} in the repository and not a file", object.kind);
                Err(Error::new("conflict", message).hint("name another `path`"))
            }
            Some(Answer::Cut(_)) | None if output.truncated => {
                let name = self.name("read");
                let message = format!("`{path}` is larger than the output that `{name}` may have");
                Err(Error::new("limit-exceeded", message)
                    .retryable()
                    .hint(format!("raise `max-output` in `[commands.{name}]`")))
            }
            Some(Answer::Cut(_)) | None => {
                Err(Error::new("conflict", format!("`{path}` cannot be read as it is: does it hold a secret's value?")))
            }
        }
    }

    /// Makes a commit from a stream and returns its name.
    pub(crate) fn import(&self, stream: &[u8]) -> Result<String> {
        let output = self.run("write", &[], stream)?;
        self.made("write", &output)
    }

    /// Makes the same commit again, signed by the operator's git.
    pub(crate) fn sign(&self, commit: &str, parent: &str, message: &str) -> Result<String> {
        let output = self.run("sign", &[commit, parent], message.as_bytes())?;
        self.made("sign", &output)
    }

    /// Pushes a commit, which never replaces a commit that another user or program pushed.
    pub(crate) fn push(&self, commit: &str) -> Result<Pushed> {
        let name = self.name("push");
        let output = exec::run(&name, &[commit], &[])?;
        match push::judge(output.exit_code, &String::from_utf8_lossy(&output.stdout)) {
            Pushed::Failed => Err(failed(&name, &output)),
            Pushed::Refused(reason) => {
                let message = format!("the remote refused the push: {reason}: {}", words(&output.stderr));
                Err(Error::new("unavailable", message)
                    .retryable()
                    .hint("allow the key's owner to push to the branch, or name another branch in the commands"))
            }
            other => Ok(other),
        }
    }

    fn made(&self, what: &str, output: &Output) -> Result<String> {
        let text = String::from_utf8_lossy(&output.stdout);
        let id = text.trim();
        if batch::is_id(id) {
            return Ok(id.to_owned());
        }
        Err(Error::internal(format!("`{}` did not say which commit it made, but {id:?}", self.name(what))))
    }

    fn run(&self, what: &str, arguments: &[&str], input: &[u8]) -> Result<Output> {
        let name = self.name(what);
        let output = exec::run(&name, arguments, input)?;
        if output.exit_code == 0 { Ok(output) } else { Err(failed(&name, &output)) }
    }

    fn name(&self, what: &str) -> String {
        format!("{}-{what}", self.commands)
    }
}
