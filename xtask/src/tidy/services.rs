//! Services of others that the code does not know by name: what is true of one of them is data, or a plugin's business.
//!
//! Comments and unit tests may name them, and so may texts of help, which are not looked at.

/// Their names.
const SERVICES: [&str; 5] = ["github", "gitlab", "gitea", "forgejo", "pact"];

/// Where no code knows them: what an operator decides, and what becomes of an event.
const NEUTRAL: [&str; 4] = [
    "host/config/src/",
    "host/service/src/trigger.rs",
    "host/service/src/trigger/",
    "host/service/src/commands/trigger.rs",
];

/// What is wrong with a file at that path of the repository, whose code has been stripped of comments and tests.
pub(super) fn wrong(path: &str, code: &[&str]) -> Vec<String> {
    if !NEUTRAL.iter().any(|place| path.starts_with(place)) {
        return Vec::new();
    }
    let known = code.iter().filter_map(|line| Some((line, SERVICES.iter().find(|name| names(line, name))?)));
    known.map(|(line, name)| format!("`{}`: {name} — sources of events are data", line.trim())).collect()
}

/// Whether a line has the name, alone or as a part of `XGitHub`, `x_github` and the like: `compact` is no pact.
fn names(line: &str, name: &str) -> bool {
    line.to_ascii_lowercase().match_indices(name).any(|(at, _)| {
        let first = line.as_bytes().get(at).is_some_and(u8::is_ascii_uppercase);
        let before = line.as_bytes()[..at].last().filter(|before| before.is_ascii_alphabetic());
        before.is_none_or(|before| before.is_ascii_uppercase() != first)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_named_where_the_code_must_not_know_it() {
        let lines = ["let x = Sender::GitHub;", "\"x-gitea-event\"", "fn of_pact()", "enum PactBroker {", "GITLAB"];
        for line in lines {
            assert_eq!(wrong("host/service/src/trigger/fields.rs", &[line]).len(), 1, "{line}");
            assert_eq!(wrong("host/service/src/init/secrets.rs", &[line]), [""; 0], "{line}");
        }
        for line in ["compact(impact)", "COMPACT", "Compact", "digit(hub)"] {
            assert_eq!(wrong("host/config/src/origins.rs", &[line]), [""; 0], "{line}");
        }
        assert_eq!(
            wrong("host/service/src/commands/trigger.rs", &["  let from = \"GitHub\";"]),
            ["`let from = \"GitHub\";`: github — sources of events are data"]
        );
    }
}
