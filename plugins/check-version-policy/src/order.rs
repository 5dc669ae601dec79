//! Whether a version is written as it must be and may follow the one that runs. Makes no requests.

use std::cmp::Ordering;

use windlass_sdk::prelude::*;

use crate::subject::{State, Subject};

/// What there is to say about a subject's version.
pub(crate) fn judge(subject: &Subject) -> Vec<Finding> {
    let (title, versions) = (subject.title(), &subject.policy.versions);
    let Some(version) = &subject.new.version else {
        let message = format!("{title} has no version: it is named by its digest alone");
        return vec![subject.finding("version", Verdict::Fail, message).remedy("name the image with its tag")];
    };
    let Some(read) = versions.read(version) else {
        let message = format!("the version of {title} is `{version}`, but must be {}", versions.words());
        let remedy = "only tagged versions are deployed: release it with a version of that form";
        return vec![subject.finding("version", Verdict::Fail, message).remedy(remedy)];
    };
    let Some(former) = &subject.former else {
        let message = format!("{title} is `{version}`, and nothing runs that it could be behind");
        return vec![subject.finding("version", Verdict::Pass, message)];
    };
    let Some(old) = &former.version else {
        let message = format!("{title} is `{version}`; what runs has no version to compare it with");
        return vec![subject.finding("version", Verdict::Warn, message)];
    };
    let order = versions.read(old).map(|old| read.compare(&old));
    vec![match order {
        _ if version == old => same(subject, version, former),
        None => {
            let message = format!(
                "what runs has the version `{old}`, which is not {}: whether `{version}` comes after it is not known",
                versions.words()
            );
            subject
                .finding("version", Verdict::Inconclusive, message)
                .remedy("if it does, deploy this once with `--break-glass` and the reason")
        }
        Some(Some(Ordering::Less)) => {
            let message = format!("{title} would go back from `{old}`, which runs, to `{version}`");
            let remedy = match numbered(old, version) {
                None => "go back with `windlass rollback`, or release it with a greater version".to_owned(),
                Some((before, after, dotted)) => format!(
                    "`{before}` and `{after}` are compared letter by letter, so that `{after}` is the smaller one: deploy \
                     it once with `--break-glass` and the reason, and write `{dotted}` from the next version on"
                ),
            };
            subject.finding("version", Verdict::Fail, message).remedy(remedy)
        }
        Some(Some(Ordering::Equal)) if subject.policy.must_increase => {
            let message = format!("{title} is `{version}`, which comes no later than `{old}`, which runs");
            subject.finding("version", Verdict::Fail, message).remedy("release it with a greater version")
        }
        Some(_) => subject.finding("version", Verdict::Pass, format!("{title} goes from `{old}` to `{version}`")),
    }]
}

/// The parts of two semantic versions that decide, where they are compared as texts and were meant as numbers, and how
/// numbers are written: `rc9`, `rc10` and `rc.1`. An identifier with letters is compared as ASCII text (Semantic
/// Versioning 2.0.0, 11.4).
fn numbered<'a>(old: &'a str, new: &'a str) -> Option<(&'a str, &'a str, String)> {
    let identifiers = |text: &'a str| {
        let core = text.split('+').next().unwrap_or_default();
        core.split_once('-').map(|(_, identifiers)| identifiers.split('.'))
    };
    let (before, after) = identifiers(old)?.zip(identifiers(new)?).find(|(before, after)| before != after)?;
    let (word, one) = before.split_at(before.find(|letter: char| letter.is_ascii_digit())?);
    let (same_word, other) = after.split_at(after.find(|letter: char| letter.is_ascii_digit())?);
    let (one, number) = (one.parse::<u64>().ok()?, other.parse::<u64>().ok()?);
    let is_meant = !word.is_empty() && word == same_word && number > one && after < before;
    is_meant.then(|| (before, after, format!("{}.1", word.trim_end_matches('-'))))
}

/// The same version: is it the same thing?
fn same(subject: &Subject, version: &str, former: &State) -> Finding {
    let title = subject.title();
    let changed: Vec<&str> = subject
        .new
        .digests
        .iter()
        .filter(|(name, digest)| former.digests.get(*name) != Some(*digest))
        .map(|(name, _)| name.as_str())
        .chain(former.digests.keys().filter(|name| !subject.new.digests.contains_key(*name)).map(String::as_str))
        .collect();
    if !changed.is_empty() {
        let message = format!(
            "{title} is `{version}`, which runs already with other images ({}): a release without a bumped version, or \
             a tag that was moved",
            changed.join(", ")
        );
        return subject.finding("version", Verdict::Fail, message).remedy("release it with a greater version");
    }
    if subject.policy.must_increase && subject.new.rest != former.rest {
        let message = format!("{title} is `{version}`, which runs already with other files or settings");
        return subject.finding("version", Verdict::Fail, message).remedy("release it with a greater version");
    }
    subject.finding("version", Verdict::Pass, format!("{title} is `{version}`, which runs already"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_compared_as_texts_are_told() {
        let told = |old, new| numbered(old, new).map(|(before, after, meant)| format!("{before} {after} {meant}"));
        assert_eq!(told("1.0.0-rc9", "1.0.0-rc10").as_deref(), Some("rc9 rc10 rc.1"));
        assert_eq!(told("v2.0.0-a.beta-9+1", "v2.0.0-a.beta-12").as_deref(), Some("beta-9 beta-12 beta.1"));
        for (old, new) in [
            ("1.0.0-rc.9", "1.0.0-rc.10"),
            ("1.0.0-rc2", "1.0.0-rc1"),
            ("1.0.0-rc9", "1.0.0-beta10"),
            ("1.0.0", "0.9.0"),
            ("1.0.0-rc9", "1.0.0-rc"),
        ] {
            assert_eq!(told(old, new), None, "{old} {new}");
        }
    }
}
