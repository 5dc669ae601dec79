//! What a push came to, from `git push --porcelain` (git-push(1), "OUTPUT").

/// The end of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// The remote has it.
    Done,
    /// Another push was faster; git's reason.
    Behind(String),
    /// The remote says no; its reason.
    Refused(String),
    /// It did not come to an answer about the branch.
    Failed,
}

/// Reasons that mean that the branch moved. The last ones are of two pushes at the same moment.
const MOVED: [&str; 8] = [
    "fetch first",
    "non-fast-forward",
    "needs force",
    "stale info",
    "failed to update ref",
    "cannot lock ref",
    "incorrect old value provided",
    "failed to lock",
];

/// Judges the exit code and what was printed.
pub(crate) fn judge(exit_code: i32, stdout: &str) -> Pushed {
    let Some(line) = stdout.lines().find(|line| line.starts_with('!')) else {
        return if exit_code == 0 { Pushed::Done } else { Pushed::Failed };
    };
    let reason = line.rsplit('\t').next().unwrap_or(line).trim();
    if MOVED.iter().any(|word| reason.contains(word)) {
        Pushed::Behind(reason.to_owned())
    } else {
        Pushed::Refused(reason.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_race_is_told_apart_from_a_no() {
        let lines = |line: &str| format!("To /srv/state.git\n{line}\nDone\n");
        assert_eq!(judge(0, &lines("*\t1ef:refs/heads/main\t1..2")), Pushed::Done);
        for reason in ["[rejected] (fetch first)", "[remote rejected] (cannot lock ref 'refs/heads/main': is at 1)"] {
            assert_eq!(
                judge(1, &lines(&format!("!\t1ef:refs/heads/main\t{reason}"))),
                Pushed::Behind(reason.to_owned())
            );
        }
        let reason = "[remote rejected] (pre-receive hook declined)";
        assert_eq!(judge(1, &lines(&format!("!\t1ef:refs/heads/main\t{reason}"))), Pushed::Refused(reason.to_owned()));
        assert_eq!(judge(128, ""), Pushed::Failed);
    }
}
