//! Variables of Compose files that hold secrets by their names, and what becomes of them: variables of the release whose
//! value is a secret of the operator. No value is read, kept or shown here.

use std::collections::{BTreeMap, BTreeSet};

use windlass_compose::{Loaded, Source, VariableUse};

use super::artifacts::plain_name;

/// What is proposed about variables.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Variables {
    /// The secrets of the operator by variable: `DB_PASSWORD` is `db-password`.
    pub(super) secrets: BTreeMap<String, String>,
    /// Variables that must be given.
    pub(super) required: BTreeSet<String>,
    /// Variables that are not set, and taken as empty.
    pub(super) unset: BTreeSet<String>,
    /// What a person should look at.
    pub(super) remarks: Vec<String>,
}

/// Words of a variable's name that stand for a secret.
const WORDS: &[&str] = &[
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "PASS",
    "PWD",
    "SECRET",
    "SECRETS",
    "TOKEN",
    "APIKEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "KEY",
];
/// Last words of what only says where one is, or is no secret at all.
const HARMLESS: &[&str] = &["FILE", "PATH", "DIR", "URL", "NAME", "ID", "USER", "LENGTH", "TTL", "EXPIRY", "TIMEOUT"];

/// Decides from the variables that the files use.
pub(super) fn variables(loaded: &Loaded, application: &str) -> Variables {
    let mut all = Variables::default();
    for (name, VariableUse { source, required }) in &loaded.variables {
        let secret = secret_of(application, name);
        match (source, secret) {
            (Source::Unset, Some(secret)) => {
                all.remarks.push(format!(
                    "the variable `{name}` is a secret by its name and is not set: write its value into \
                     /etc/windlass/secrets/{secret}, which agent.toml names"
                ));
                all.secrets.insert(name.clone(), secret);
            }
            (Source::File(position), Some(secret)) => {
                all.remarks.push(format!(
                    "the variable `{name}` is a secret by its name, and every release would carry its value in `{0}`: move the \
                     value from `{0}` into /etc/windlass/secrets/{secret}, which agent.toml names",
                    position.file
                ));
                all.secrets.insert(name.clone(), secret);
            }
            (Source::Unset, None) if *required => {
                all.remarks.push(format!(
                    "the variable `{name}` is required and is not set: give it in `[variables]` of release.toml"
                ));
                all.required.insert(name.clone());
            }
            (Source::Unset, None) => {
                all.unset.insert(name.clone());
            }
            _ => {}
        }
    }
    all
}

/// What containers get from env files of the release as plain values.
pub(super) fn in_env_files(loaded: &Loaded, application: &str) -> Vec<String> {
    let mut remarks = Vec::new();
    for (service, name, file) in loaded.from_env_files() {
        if let Some(secret) = secret_of(application, name) {
            remarks.push(format!(
                "the service `{service}` gets `{name}`, a secret by its name, from `{file}`, and every release would carry its \
                 value: take it out there, write `{name}` below `environment` of the service, `{name} = \"{secret}\"` below \
                 `[secrets]` in release.toml, and the value into a file that `[secrets.{secret}]` in agent.toml names"
            ));
        }
    }
    remarks
}

/// The name of the operator's secret for a variable that is one by its name. All applications of a host have theirs in
/// one file.
fn secret_of(application: &str, variable: &str) -> Option<String> {
    let upper = variable.to_ascii_uppercase();
    let words: Vec<&str> = upper.split(['_', '-', '.']).filter(|word| !word.is_empty()).collect();
    let last = words.last()?;
    // Excluded are the working directory and keys that may be public.
    let public = upper == "PWD" || words.contains(&"PUBLIC") || HARMLESS.contains(last);
    let key_inside = words.iter().any(|word| WORDS.contains(word) && (*word != "KEY" || word == last));
    let glued = ["PASSWORD", "PASSWD", "SECRET", "TOKEN"].iter().any(|word| last.ends_with(word));
    (!public && (key_inside || glued)).then(|| plain_name(&format!("{application}-{variable}").replace('_', "-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_is_a_secret() {
        for name in [
            "DB_PASSWORD",
            "POSTGRES_PASSWORD",
            "MYSQL_PWD",
            "GITHUB_TOKEN",
            "SECRET_KEY",
            "SECRET_KEY_BASE",
            "API_KEY",
            "dbpassword",
            "smtp-pass",
        ] {
            assert!(secret_of("kudos", name).is_some(), "{name}");
        }
        for name in
            ["PWD", "LOG_LEVEL", "KEY_FILE", "DB_PASSWORD_FILE", "PUBLIC_KEY", "KEYBOARD", "TOKEN_TTL", "COMPASS", ""]
        {
            assert_eq!(secret_of("kudos", name), None, "{name}");
        }
        assert_eq!(secret_of("kudos", "DB_PASSWORD").as_deref(), Some("kudos-db-password"));
    }
}
