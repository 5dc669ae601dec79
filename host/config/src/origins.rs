//! What the operator says about what comes from elsewhere: releases as files, promotions and triggers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use windlass_foundation::names::Kind;
use windlass_foundation::signature;

use super::document::{Read, Spot, all, nearest};
use super::file;
use super::resolve::Reader;
use super::sources::{Pattern, Proof, Source};
use super::units::Span;

/// How long fetching a release from another environment may take, where nothing else is said.
const FETCH: Duration = Duration::from_mins(1);

/// How long an operator may let events be remembered.
const REMEMBER: std::ops::RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(366 * 24);

/// Commands that an event may start: none changes what the operator decided.
const COMMANDS: [&str; 4] = ["check", "plan", "deploy", "promote"];

/// Releases that come as files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Releases {
    /// Public keys of minisign that are trusted, in Base64.
    pub keys: Vec<String>,
    /// Whether a release from a file needs a signature by one of them.
    pub require_signature: bool,
    /// Whether an unsigned document's statement about where it succeeded is accepted.
    pub accept_unsigned_proofs: bool,
}

/// Where the release that runs in another environment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotion {
    /// Where.
    pub from: PromotionSource,
    /// The configuration of the ssh client, where it is not the user's own.
    pub ssh_config: Option<PathBuf>,
    /// How long fetching it may take.
    pub timeout: Duration,
}

/// The kinds of places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromotionSource {
    /// A file of this host, `{application}` in its path.
    File(PathBuf),
    /// The agent of another host, as `ssh` names it.
    Ssh(String),
    /// A file of a git repository.
    Git {
        /// As `git clone` takes it.
        repository: String,
        /// The repository's default branch when none.
        branch: Option<String>,
        /// The file, `{application}` in its path.
        path: String,
    },
}

/// What an event from outside starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    /// Who sends it.
    pub from: Source,
    /// The name of the secret that proves the sender.
    pub secret: String,
    /// What fields of the event must match as a whole.
    pub when: BTreeMap<String, Pattern>,
    /// How long an event is remembered, where the operator says so.
    pub remember: Option<Duration>,
    /// The arguments of the command, with `{field}` in them.
    pub run: Vec<String>,
}

impl Reader<'_> {
    pub(super) fn releases(&self, given: file::Releases) -> Read<Releases> {
        if let Some(required) = given.require_signature.as_ref().filter(|required| ***required)
            && given.keys.is_empty()
        {
            return Err(self.wrong(
                required,
                "`require-signature` needs `keys`: without a trusted key, every release would be refused",
            ));
        }
        Ok(Releases {
            keys: self.keys(given.keys)?,
            require_signature: given.require_signature.is_some_and(|required| *required),
            accept_unsigned_proofs: given.accept_unsigned_proofs.is_some_and(|accepted| *accepted),
        })
    }

    /// Public keys of minisign.
    pub(super) fn keys(&self, given: Vec<Spot<String>>) -> Read<Vec<String>> {
        all(given.into_iter().map(|key| match signature::is_key(&key) {
            Ok(()) => Ok(key.value),
            Err(error) => Err(self.wrong(&key, error.to_string())),
        }))
    }

    pub(super) fn promotions(
        &self,
        given: BTreeMap<String, Spot<file::Promotion>>,
    ) -> Read<BTreeMap<String, Promotion>> {
        all(given.into_iter().map(|(name, written)| {
            let named = self.name(&Spot { value: name.clone(), span: written.span.clone() }, "an environment");
            let promotion = self.promotion(&written)?;
            named.map(|()| (name, promotion))
        }))
    }

    fn promotion(&self, written: &Spot<file::Promotion>) -> Read<Promotion> {
        let from = match (&written.file, &written.ssh, &written.git) {
            (Some(file), None, None) => Ok(PromotionSource::File(self.path(file))),
            (None, Some(ssh), None) => self.host(ssh).map(PromotionSource::Ssh),
            (None, None, Some(git)) => self.repository(git, written),
            _ => return Err(self.wrong(written, "a promotion needs one of `file`, `ssh` and `git`")),
        };
        let strays = [&written.branch, &written.path].into_iter().flatten();
        let strays: Read<()> = all(strays.filter(|_| written.git.is_none()).take(1).map(|stray| {
            let noted = self.wrong(stray, "only `git` has a `branch` and a `path`");
            Err(noted)
        }));
        let ssh_config = match &written.ssh_config {
            Some(stray) if written.file.is_some() => return Err(self.wrong(stray, "`file` needs no ssh")),
            given => given.as_ref().map(|path| self.path(path)),
        };
        strays?;
        Ok(Promotion { from: from?, ssh_config, timeout: written.timeout.map_or(FETCH, |timeout| timeout.0) })
    }

    fn repository(&self, git: &Spot<String>, written: &file::Promotion) -> Read<PromotionSource> {
        let path = match &written.path {
            None => Err(self.wrong(git, "`git` needs `path`")),
            Some(path) if path.starts_with('/') || path.split('/').any(|part| part == ".." || part.is_empty()) => {
                Err(self.wrong(path, "a path in the repository is relative and has no `..`"))
            }
            Some(path) => Ok(path.value.clone()),
        };
        let repository = self.outside(git);
        let branch = written.branch.as_ref().map(|branch| self.outside(branch)).transpose();
        Ok(PromotionSource::Git { repository: repository?, branch: branch?, path: path? })
    }

    /// Another host. The grammar has no room for an option of `ssh`, or for a command.
    fn host(&self, written: &Spot<String>) -> Read<String> {
        Kind::Host.parse(written).map_err(|why| self.wrong(written, why))
    }

    /// A text that is given to another program as an argument: never one of its options.
    fn outside(&self, written: &Spot<String>) -> Read<String> {
        if written.is_empty() || written.starts_with('-') || written.chars().any(char::is_control) {
            return Err(self.wrong(written, "it is empty, begins with `-`, or has control characters"));
        }
        Ok(written.value.clone())
    }

    pub(super) fn triggers(
        &self,
        given: BTreeMap<String, Spot<file::Trigger>>,
        secrets: &BTreeMap<String, Spot<file::Secret>>,
        sources: &BTreeMap<String, Read<Source>>,
    ) -> Read<BTreeMap<String, Trigger>> {
        all(given.into_iter().map(|(name, written)| {
            let named = self.name(&Spot { value: name.clone(), span: written.span.clone() }, "a trigger");
            let trigger = self.trigger(&written, secrets, sources)?;
            named.map(|()| (name, trigger))
        }))
    }

    fn trigger(
        &self,
        written: &Spot<file::Trigger>,
        secrets: &BTreeMap<String, Spot<file::Secret>>,
        sources: &BTreeMap<String, Read<Source>>,
    ) -> Read<Trigger> {
        let from = self.sender(written, sources);
        let command = written.run.first().map(String::as_str).unwrap_or_default();
        let run = if COMMANDS.contains(&command) {
            Ok(written.run.value.clone())
        } else {
            let message = format!("an event may start `{}`, not `{command}`", COMMANDS.join("`, `"));
            Err(self.wrong(&written.run, message))
        };
        let when = all(written.when.iter().map(|(field, pattern)| Ok((field.clone(), self.pattern(pattern)?))));
        let secret = self.known(&written.secret, "secrets", secrets.keys());
        let remember = written.remember.as_ref().map(|span| self.remembered(span)).transpose();
        Ok(Trigger { from: from?, secret: secret?, when: when?, remember: remember?, run: run? })
    }

    /// How long an event is remembered.
    pub(super) fn remembered(&self, written: &Spot<Span>) -> Read<Duration> {
        if REMEMBER.contains(&written.value.0) {
            return Ok(written.value.0);
        }
        Err(self.wrong(written, "an event is remembered for `1m` to `8784h`"))
    }

    fn sender(&self, written: &file::Trigger, sources: &BTreeMap<String, Read<Source>>) -> Read<Source> {
        let from = &written.from;
        let Some(source) = sources.get(from.as_str()) else {
            let known: Vec<&str> = sources.keys().map(String::as_str).collect();
            let message = format!("`{}` sends no events: write one of `{}`", from.value, known.join("`, `"));
            let hint = nearest(from, known).map_or_else(
                || format!("add a section `[trigger-sources.{}]` that describes it", from.value),
                |name| format!("did you mean `{name}`?"),
            );
            return Err(self.wrong_with(from, message, Some(hint)));
        };
        let mut source = source.clone()?;
        match (&mut source.proof, &written.header) {
            (_, None) => {}
            (Proof::Secret { header }, Some(other)) => *header = other.to_ascii_lowercase(),
            (Proof::Signature { .. }, Some(stray)) => {
                let message =
                    format!("{} signs its events; `header` is for a source that sends the secret itself", source.title);
                return Err(self.wrong(stray, message));
            }
        }
        Ok(source)
    }
}

#[cfg(test)]
#[path = "origins_tests.rs"]
mod tests;
