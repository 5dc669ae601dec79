//! Whether a subject's commit may be deployed: its tag, its branch, and what runs.

use windlass_github::{Signature, Tag, is_hexadecimal};
use windlass_sdk::prelude::*;

use crate::history::History;
use crate::subject::{State, Subject};

/// What there is to say about a subject's commit. Errors are what could not be asked.
pub(crate) fn judge(subject: &Subject, history: &dyn History) -> Result<Vec<Finding>> {
    let Some(version) = &subject.new.version else { return Ok(Vec::new()) };
    let (policy, place) = (&subject.policy, history.place());
    let name = policy.tag_of(version);
    let tag = history.tag(&name, policy.tag_signed)?;
    let mut findings = about_tag(subject, &name, tag.as_ref(), &place);
    let commit = match own_commit(subject, &subject.new) {
        Some(written) => {
            let Some(commit) = history.commit(written)? else {
                let message = format!("the commit {} of {} is not known to {place}", short(written), subject.title());
                let remedy = "push it, or make the release from a commit of that repository";
                findings.push(subject.finding("commit", Verdict::Fail, message).remedy(remedy));
                return Ok(findings);
            };
            Some(commit)
        }
        None => of_version(version, tag.as_ref(), history)?,
    };
    let Some(commit) = commit else {
        let message = format!("{} names no commit, and {place} knows no tag `{name}` that would", subject.title());
        findings.push(
            subject
                .finding("commit", Verdict::Fail, message)
                .remedy("push the tag, correct `tag`, or make the release with its commit"),
        );
        return Ok(findings);
    };
    if let Some(tag) = tag.as_ref().filter(|tag| tag.commit != commit) {
        let message = format!(
            "the tag `{name}` means {} in {place}, but the release was made from {}: the tag was moved, or the release is \
             of another commit",
            short(&tag.commit),
            short(&commit)
        );
        findings.push(subject.finding("tag", Verdict::Fail, message).remedy("release it with a version of its own"));
    }
    findings.extend(about_branch(subject, &commit, history)?);
    findings.extend(about_what_runs(subject, &commit, history)?);
    Ok(findings)
}

/// The release's own commit, where the version is one of the same repository.
fn own_commit<'a>(subject: &Subject, state: &'a State) -> Option<&'a str> {
    state.commit.as_deref().filter(|_| subject.policy.shared)
}

fn of_version(version: &str, tag: Option<&Tag>, history: &dyn History) -> Result<Option<String>> {
    match tag {
        Some(tag) => Ok(Some(tag.commit.clone())),
        None if is_hexadecimal(version) => history.commit(version),
        None => Ok(None),
    }
}

fn about_tag(subject: &Subject, name: &str, tag: Option<&Tag>, place: &str) -> Vec<Finding> {
    let policy = &subject.policy;
    if !policy.tag_must_exist && !policy.tag_signed {
        return Vec::new();
    }
    let (verdict, title, remedy) = match tag {
        None => (Verdict::Fail, format!("{place} has no tag `{name}`"), "push the tag, or correct `tag`"),
        Some(_) if !policy.tag_signed => (Verdict::Pass, format!("the tag `{name}` is there"), ""),
        Some(tag) => match &tag.signature {
            Signature::Verified => (Verdict::Pass, format!("the signature of the tag `{name}` is verified"), ""),
            Signature::Lightweight => (
                Verdict::Fail,
                format!("the tag `{name}` has no signature: it is a lightweight tag"),
                "make the tag with `git tag --sign`",
            ),
            Signature::Unverified(reason) => (
                Verdict::Fail,
                format!("the signature of the tag `{name}` is not verified: {reason}"),
                "sign the tag with a key that is known there",
            ),
        },
    };
    let finding = subject.finding("tag", verdict, title);
    vec![if remedy.is_empty() { finding } else { finding.remedy(remedy) }]
}

fn about_branch(subject: &Subject, commit: &str, history: &dyn History) -> Result<Option<Finding>> {
    let Some(branch) = &subject.policy.contained_in else { return Ok(None) };
    let Some(head) = history.branch(branch)? else {
        let message = format!("{} has no branch `{branch}`", history.place());
        return Ok(Some(subject.finding("branch", Verdict::Fail, message).remedy("correct `contained-in`")));
    };
    Ok(Some(if history.descends(commit, &head)? {
        subject.finding("branch", Verdict::Pass, format!("the branch `{branch}` contains {}", short(commit)))
    } else {
        let message = format!("the branch `{branch}` of {} does not contain {}", history.place(), short(commit));
        subject.finding("branch", Verdict::Fail, message).remedy(format!("merge it into `{branch}` first"))
    }))
}

fn about_what_runs(subject: &Subject, commit: &str, history: &dyn History) -> Result<Option<Finding>> {
    if !subject.policy.linear {
        return Ok(None);
    }
    let finding = |verdict, title: String| subject.finding("linear", verdict, title);
    let Some(former) = &subject.former else {
        return Ok(Some(finding(Verdict::Pass, "nothing runs that it must be a descendant of".to_owned())));
    };
    let written = own_commit(subject, former).map(str::to_owned);
    let known = match (&written, &former.version) {
        (Some(commit), _) => history.commit(commit)?,
        (None, Some(version)) => {
            let tag = history.tag(&subject.policy.tag_of(version), false)?;
            of_version(version, tag.as_ref(), history)?
        }
        (None, None) => None,
    };
    let glass = "if it is right, deploy this once with `--break-glass` and the reason";
    let Some(old) = known else {
        return Ok(Some(match written.or_else(|| former.version.clone()) {
            Some(name) => {
                let place = history.place();
                let message = format!(
                    "what runs is {}, which {place} does not know: its history was rewritten, or it is another repository",
                    short(&name)
                );
                finding(Verdict::Fail, message).remedy(glass)
            }
            None => finding(Verdict::Inconclusive, "of what runs no commit is known".to_owned()).remedy(glass),
        }));
    };
    if history.descends(&old, commit)? {
        let (new, old) = (short(commit), short(&old));
        return Ok(Some(finding(Verdict::Pass, format!("{new} is a descendant of {old}, which runs"))));
    }
    let message =
        format!("{} is no descendant of {}, which runs: what that brought would be lost", short(commit), short(&old));
    Ok(Some(finding(Verdict::Fail, message).remedy("go back with `windlass rollback`, or merge what runs first")))
}

/// The beginning of a commit's name, for people.
fn short(commit: &str) -> &str {
    match commit.get(..12) {
        Some(digits) if is_hexadecimal(commit) => digits,
        _ => commit,
    }
}
