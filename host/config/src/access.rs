//! Who may do what on this host: the operator's rules, `[[access]]`. Whether one of them fits a request is decided where
//! the request is, in `windlass_service`.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use windlass_foundation::principal::is_fingerprint;

use super::document::{Read, Spot, all, nearest};
use super::file;
use super::resolve::Reader;

/// What a rule can allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// Look at what runs, what ran, why, and what is in a release.
    Read,
    /// Plan and run checks, which ask servers and change nothing.
    Check,
    /// Make releases, deploy them, go back, promote, and finish what was interrupted.
    Deploy,
    /// Bring an application's files with a command, in place of those on the host: what is in them is theirs to say.
    BringFiles,
    /// Go over refusals in a deployment, with `--break-glass`.
    BreakGlass,
    /// Freeze, pin, put into quarantine, and lift these.
    Hold,
    /// Answer for a stuck deployment.
    Resolve,
    /// Look after the host: plugins, the outbox, the journal, the doctor, events that are acted on again.
    Operate,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::Check,
        Self::Deploy,
        Self::BringFiles,
        Self::BreakGlass,
        Self::Hold,
        Self::Resolve,
        Self::Operate,
    ];

    /// The word in agent.toml.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Check => "check",
            Self::Deploy => "deploy",
            Self::BringFiles => "bring-files",
            Self::BreakGlass => "break-glass",
            Self::Hold => "hold",
            Self::Resolve => "resolve",
            Self::Operate => "operate",
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// A rule: each of these may do each of that.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessRule {
    /// Users of this host, by name or number.
    pub users: Vec<String>,
    /// Groups of this host, by name or number.
    pub groups: Vec<String>,
    /// Fingerprints of SSH keys, `SHA256:…`.
    pub keys: Vec<String>,
    /// Certificates of SSH keys.
    pub certificates: Vec<CertificateRule>,
    /// Triggers, by name.
    pub triggers: Vec<String>,
    /// What they may do.
    pub may: Vec<Right>,
    /// The applications that it is about; empty means all.
    pub applications: Vec<String>,
}

/// Certificates that a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRule {
    /// The fingerprint of the authority that signs them.
    pub authority: String,
    /// What the authority calls them; none means all of its certificates.
    pub id: Option<String>,
}

impl Reader<'_> {
    pub(super) fn access(&self, given: Vec<Spot<file::Access>>, triggers: &[String]) -> Read<Vec<AccessRule>> {
        all(given.into_iter().map(|written| self.access_rule(&written, triggers)))
    }

    fn access_rule(&self, written: &Spot<file::Access>, triggers: &[String]) -> Read<AccessRule> {
        let whom = [&written.users, &written.groups, &written.keys, &written.certificates, &written.triggers];
        if whom.iter().all(|names| names.is_empty()) {
            return Err(self.wrong(
                written,
                "a rule is for one or more of `users`, `groups`, `keys`, `certificates` and `triggers`",
            ));
        }
        if written.may.is_empty() {
            return Err(self.wrong(&written.may, "an empty list allows nothing; leave the rule out"));
        }
        let users = all(written.users.iter().map(|name| self.account(name)));
        let groups = all(written.groups.iter().map(|name| self.account(name)));
        let keys = all(written.keys.iter().map(|key| self.fingerprint(key)));
        let certificates = all(written.certificates.iter().map(|of| self.certificate(of)));
        let known = all(written.triggers.iter().map(|name| self.known(name, "triggers", triggers.iter())));
        let may = all(written.may.value.iter().map(|word| self.right(word)));
        let applications = written.applications.as_ref().map_or(Ok(()), |names| self.applications(names));
        applications?;
        Ok(AccessRule {
            users: users?,
            groups: groups?,
            keys: keys?,
            certificates: certificates?,
            triggers: known?,
            may: may?,
            applications: written.applications.as_ref().map(|names| names.value.clone()).unwrap_or_default(),
        })
    }

    /// A user or a group. Which names there are is the host's business, and may be a directory service's.
    pub(super) fn account(&self, written: &Spot<String>) -> Read<String> {
        let good = |c: char| !c.is_control() && !matches!(c, ':' | ',' | '/');
        if written.is_empty() || written.len() > 256 || written.trim() != written.value || !written.chars().all(good) {
            return Err(self.wrong(written, "it is no name or number of a user or a group"));
        }
        Ok(written.value.clone())
    }

    fn fingerprint(&self, written: &Spot<String>) -> Read<String> {
        if is_fingerprint(written) {
            return Ok(written.value.clone());
        }
        Err(self.wrong(written, "a key is named by its fingerprint, `SHA256:…`, as `ssh-keygen -l` prints it"))
    }

    fn certificate(&self, written: &Spot<String>) -> Read<CertificateRule> {
        let (authority, id) = match written.split_once(' ') {
            Some((authority, id)) => (authority, Some(id)),
            None => (written.as_str(), None),
        };
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+@".contains(&byte);
        let is_id = |id: &str| id.starts_with(|c: char| c.is_ascii_alphanumeric()) && id.bytes().all(good);
        if is_fingerprint(authority) && id.is_none_or(is_id) {
            return Ok(CertificateRule { authority: authority.to_owned(), id: id.map(str::to_owned) });
        }
        Err(self.wrong(
            written,
            "certificates are named by the fingerprint of their authority, `SHA256:…`, or by it and an id, `SHA256:… alice@ci`",
        ))
    }

    fn right(&self, written: &Spot<String>) -> Read<Right> {
        if let Some(right) = Right::ALL.into_iter().find(|right| right.word() == written.value) {
            return Ok(right);
        }
        let words = Right::ALL.map(Right::word);
        let short: String = written.chars().take(100).collect();
        let message = format!("`{}` is not a right; the rights are {}", short.escape_debug(), words.join(", "));
        let hint = nearest(written, words.to_vec()).map(|word| format!("did you mean `{word}`?"));
        Err(self.wrong_with(written, message, hint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use crate::document::Document;

    fn read(text: &str) -> Result<Vec<AccessRule>, String> {
        let text = format!(
            "[secrets.hook]\nenvironment = \"HOOK\"\n[triggers.ci]\nfrom = \"github\"\nsecret = \"hook\"\nrun = [\"check\", \"kudos\"]\n{text}"
        );
        let document = Document::from_text("/etc/windlass/agent.toml", &text).unwrap();
        Config::resolve(&document).map(|config| config.access).map_err(|error| error.to_string())
    }

    #[test]
    fn a_rule_says_who_may_do_what_on_which_applications() {
        assert_eq!(read("").unwrap(), []);
        let key = format!("SHA256:{}", "a".repeat(43));
        let rules = read(&format!(
            "[[access]]\nusers = [\"deploy\", \"1001\"]\ngroups = [\"domain users\"]\nkeys = [\"{key}\"]\n\
             triggers = [\"ci\"]\nmay = [\"read\", \"break-glass\"]\napplications = [\"kudos\"]\n\
             [[access]]\nusers = [\"ada\"]\nmay = [\"operate\"]\n\
             [[access]]\ncertificates = [\"{key}\", \"{key} alice@ci\"]\nmay = [\"bring-files\"]\n"
        ));
        let rules = rules.unwrap();
        assert_eq!(rules[0].users, ["deploy", "1001"]);
        assert_eq!(
            (rules[0].groups.as_slice(), rules[0].keys.as_slice()),
            (&["domain users".to_owned()][..], &[key.clone()][..])
        );
        assert_eq!(
            (rules[0].may.as_slice(), rules[0].applications.as_slice()),
            (&[Right::Read, Right::BreakGlass][..], &["kudos".to_owned()][..])
        );
        assert!(rules[1].applications.is_empty());
        let of = |id: Option<&str>| CertificateRule { authority: key.clone(), id: id.map(str::to_owned) };
        assert_eq!(rules[2].certificates, [of(None), of(Some("alice@ci"))]);
    }

    #[test]
    fn what_would_allow_nothing_or_something_else_is_refused_where_it_stands() {
        for (lines, words) in [
            ("may = [\"read\"]", "one or more of `users`"),
            ("users = [\"ada\"]\nmay = []", "allows nothing"),
            ("users = [\"ada\"]", "missing"),
            ("users = [\"ada\"]\nmay = [\"reed\"]", "`reed` is not a right; the rights are read, check"),
            ("users = [\"\"]\nmay = [\"read\"]", "no name or number"),
            ("users = [\"a:b\"]\nmay = [\"read\"]", "no name or number"),
            ("groups = [\"a\\nb\"]\nmay = [\"read\"]", "no name or number"),
            ("keys = [\"ssh-ed25519 AAAA\"]\nmay = [\"read\"]", "by its fingerprint"),
            ("certificates = [\"alice@ci\"]\nmay = [\"read\"]", "by the fingerprint of their authority"),
            ("certificates = [\"SHA256:a alice@ci\"]\nmay = [\"read\"]", "by the fingerprint of their authority"),
            ("certificates = []\nmay = [\"read\"]", "one or more of `users`"),
            ("triggers = [\"cd\"]\nmay = [\"read\"]", "cd"),
            ("users = [\"ada\"]\nmay = [\"read\"]\napplications = []", "an empty list"),
            ("users = [\"ada\"]\nmay = [\"read\"]\napplications = [\"Kudos\"]", "is not an application's name"),
            ("users = [\"ada\"]\nmay = [\"read\"]\nhosts = [\"a\"]", "unknown key `hosts`"),
        ] {
            let said = read(&format!("[[access]]\n{lines}\n")).unwrap_err();
            assert!(said.contains(words) && said.contains("agent.toml:"), "{lines}: {said}");
        }
    }
}
