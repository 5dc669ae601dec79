//! A clone on this host, through commands that the operator defined: each does one thing and none changes what is
//! checked out.

use windlass_github::{Signature, Tag};
use windlass_sdk::exec::Output;
use windlass_sdk::prelude::*;

use crate::history::History;

type Run = dyn Fn(&str, &[&str]) -> Result<Output>;

/// A clone that is complete and, where that is wanted, up to date.
pub(crate) struct Clone {
    commands: String,
    run: Box<Run>,
}

impl Clone {
    /// Asks whether the clone is shallow before anything is concluded from it: `merge-base` gives wrong answers there.
    pub(crate) fn open(commands: &str, fetch: bool) -> Result<Self> {
        Self::with(commands, fetch, |command, arguments| exec::run(command, arguments, &[]))
    }

    fn with(commands: &str, fetch: bool, run: impl Fn(&str, &[&str]) -> Result<Output> + 'static) -> Result<Self> {
        let clone = Self { commands: commands.to_owned(), run: Box::new(run) };
        if fetch {
            let output = clone.ask("fetch", &[])?;
            if output.exit_code != 0 {
                let message = format!("the clone `{commands}` cannot be brought up to date: {}", last_line(&output));
                return Err(Error::new("unavailable", message).retryable().hint(
                    "is its remote reachable from this host, and was a tag moved there, which git does not take over \
                     by itself?",
                ));
            }
        }
        match clone.text("shallow", &[])?.as_deref() {
            Some("false") => Ok(clone),
            Some("true") => {
                let message =
                    format!("the clone `{commands}` is shallow: commits that have to be compared may be missing");
                Err(Error::new("plugin:shallow", message).hint("run `git fetch --unshallow` in it"))
            }
            _ => Err(Error::new(
                "unsupported",
                format!("the command `{commands}-shallow` does not say `true` or `false`"),
            )
            .hint("it must run `git rev-parse --is-shallow-repository`, of git 2.15 or newer")),
        }
    }

    fn ask(&self, what: &str, arguments: &[&str]) -> Result<Output> {
        (self.run)(&format!("{}-{what}", self.commands), arguments)
    }

    /// The one line that a command writes; none when it ends with 1, git's way to say no.
    fn text(&self, what: &str, arguments: &[&str]) -> Result<Option<String>> {
        let output = self.ask(what, arguments)?;
        match output.exit_code {
            0 => Ok(Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())),
            1 => Ok(None),
            code => Err(self.broken(what, code, &output)),
        }
    }

    fn broken(&self, what: &str, code: i32, output: &Output) -> Error {
        let message = format!("the command `{}-{what}` ended with {code}: {}", self.commands, last_line(output));
        Error::new("unavailable", message).hint("is its directory a clone that its user may read?")
    }

    fn resolve(&self, name: &str) -> Result<Option<String>> {
        self.text("commit", &[name])
    }
}

impl History for Clone {
    fn place(&self) -> String {
        format!("the clone `{}`", self.commands)
    }

    fn commit(&self, commit: &str) -> Result<Option<String>> {
        Ok(self.resolve(commit)?.filter(|found| found.starts_with(commit)))
    }

    fn branch(&self, name: &str) -> Result<Option<String>> {
        // What the remote has, where the clone has a remote; a mirror has its branches itself.
        match self.resolve(&format!("refs/remotes/origin/{name}"))? {
            Some(commit) => Ok(Some(commit)),
            None => self.resolve(&format!("refs/heads/{name}")),
        }
    }

    fn tag(&self, name: &str, signature: bool) -> Result<Option<Tag>> {
        let Some(commit) = self.resolve(&format!("refs/tags/{name}"))? else { return Ok(None) };
        if !signature {
            return Ok(Some(Tag { commit, signature: Signature::Lightweight }));
        }
        let output = self.ask("verify-tag", &[name])?;
        let signature = match output.exit_code {
            0 => Signature::Verified,
            1 => Signature::Unverified(last_line(&output)),
            code => return Err(self.broken("verify-tag", code, &output)),
        };
        Ok(Some(Tag { commit, signature }))
    }

    fn descends(&self, ancestor: &str, descendant: &str) -> Result<bool> {
        Ok(self.text("ancestor", &[ancestor, descendant])?.is_some())
    }
}

/// What a command said last, for people.
fn last_line(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it does not say why");
    line.chars().filter(|letter| !letter.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(answer: impl Fn(&str) -> (i32, &'static str, &'static str) + 'static) -> Result<Clone> {
        Clone::with("git", true, move |command, _| {
            let (exit_code, stdout, stderr) = answer(command);
            Ok(Output { exit_code, stdout: stdout.into(), stderr: stderr.into(), truncated: false })
        })
    }

    #[test]
    fn nothing_is_concluded_from_a_clone_that_is_not_whole_or_not_current() {
        let fetch =
            |command: &str| (if command == "git-fetch" { 128 } else { 0 }, "false", "fatal: unable to access\n");
        assert!(open(fetch).err().unwrap().message().ends_with("fatal: unable to access"));
        let shallow = open(|_| (0, "true\n", "")).err().unwrap();
        assert!(shallow.details().unwrap()["hint"].as_str().unwrap().contains("--unshallow"));
        assert_eq!(open(|_| (0, "", "")).err().unwrap().code(), "unsupported");
    }

    #[test]
    fn no_is_told_apart_from_a_broken_command() {
        let answers =
            |code: i32| move |command: &str| if command == "git-ancestor" { (code, "", "x") } else { (0, "false", "") };
        assert!(open(answers(0)).unwrap().descends("a", "b").unwrap());
        assert!(!open(answers(1)).unwrap().descends("a", "b").unwrap());
        assert!(open(answers(128)).unwrap().descends("a", "b").is_err());
    }
}
