//! What a principal may do: the operator's rules, `[[access]]` in agent.toml, and one decision.
//!
//! The decision is about proofs, never about names, which can come from the environment. It looks nothing up: which
//! groups a user is in is asked of the host at each request and given to it. What a command needs is not known here.

use windlass_config::{AccessRule, Config, Right};
use windlass_foundation::account::{self, Membership};
use windlass_foundation::explain::{ExitCode, Explain};
use windlass_foundation::principal::{Principal, Proof};
use windlass_release::binding::text;

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On<'a> {
    /// One application.
    Application(&'a str),
    /// All applications of the host, or the host itself.
    All,
    /// Some application, which is found only by looking: whoever may do it on none may not look either.
    Any,
}

/// How a command came here, which decides what counts where no rule allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Of a process that does it with its own rights: without any rule, it may do what these let it do.
    Directly,
    /// Of the agent that stays, which has more rights than who asks: users of the host who may open its socket may look,
    /// and everything else needs a rule.
    Agent,
}

/// A principal may not do something.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{who} may not `{right}` on {what}")]
pub struct Denied {
    /// Who, with what proves it.
    who: String,
    /// What they may not do.
    right: Right,
    /// The application, or in words.
    what: String,
    /// The lines of agent.toml that would allow it.
    lines: String,
}

impl Explain for Denied {
    fn exit(&self) -> ExitCode {
        ExitCode::Refused
    }

    fn hint(&self) -> Option<String> {
        Some(format!("where that is meant, the operator adds to agent.toml:\n\n{}\n", self.lines))
    }
}

/// Whether the rules do not count for a principal: root may everything, and so may the agent by itself, which does what
/// the operator's file says. A key is judged by what is said of keys, also where it opens a session of root.
#[must_use]
pub fn is_unrestricted(principal: &Principal) -> bool {
    match principal.proof() {
        Proof::LocalUser { uid } => *uid == 0,
        Proof::Agent => true,
        Proof::SshKey { .. } | Proof::Trigger { .. } => false,
    }
}

/// Decides with the rules of this host whether a principal has each of these rights. Asks the host for the user's groups
/// where there are rules.
///
/// # Errors
/// When they lack one.
pub fn check(config: &Config, principal: &Principal, rights: &[Right], on: On<'_>, asked: Asked) -> Result<(), Denied> {
    if is_unrestricted(principal) || (config.access.is_empty() && needs_no_rule(principal, asked)) {
        return Ok(());
    }
    let looks = asked == Asked::Agent && matches!(principal.proof(), Proof::LocalUser { .. });
    if looks && rights.iter().all(|right| *right == Right::Read) {
        return Ok(());
    }
    let membership = match principal.proof() {
        Proof::LocalUser { uid } => account::membership(*uid),
        Proof::SshKey { .. } | Proof::Trigger { .. } | Proof::Agent => Membership::default(),
    };
    rights.iter().try_for_each(|right| decide(&config.access, principal, &membership, *right, on))
}

/// Whether a principal may do everything on a host without rules. A trigger does what the operator's file says of it.
fn needs_no_rule(principal: &Principal, asked: Asked) -> bool {
    asked == Asked::Directly || matches!(principal.proof(), Proof::Trigger { .. })
}

/// Decides whether a rule gives a principal a right; what no rule allows is denied. `membership` is what the host says of a local user, and empty for every other principal.
///
/// # Errors
/// When no rule allows it.
pub fn decide(
    rules: &[AccessRule],
    principal: &Principal,
    membership: &Membership,
    right: Right,
    on: On<'_>,
) -> Result<(), Denied> {
    let allows = |rule: &AccessRule| {
        rule.may.contains(&right) && is_about(rule, on) && is_for(rule, principal.proof(), membership)
    };
    if is_unrestricted(principal) || rules.iter().any(allows) {
        return Ok(());
    }
    let what = match on {
        On::Application(name) => format!("`{name}`"),
        On::All => "all applications of this host".to_owned(),
        On::Any => "any application".to_owned(),
    };
    Err(Denied { who: principal.sentence(), right, what, lines: lines(principal.proof(), membership, right, on) })
}

/// Whether a rule is about all that a request is about.
fn is_about(rule: &AccessRule, on: On<'_>) -> bool {
    match on {
        _ if rule.applications.is_empty() => true,
        On::Application(name) => rule.applications.iter().any(|application| application == name),
        On::All => false,
        On::Any => true,
    }
}

/// Whether a rule is for a principal with this proof.
fn is_for(rule: &AccessRule, proof: &Proof, membership: &Membership) -> bool {
    match proof {
        Proof::LocalUser { uid } => {
            rule.users.iter().any(|user| membership.is_user(*uid, user))
                || rule.groups.iter().any(|group| membership.is_in(group))
        }
        Proof::SshKey { fingerprint, .. } => rule.keys.contains(fingerprint),
        Proof::Trigger { trigger, .. } => rule.triggers.contains(trigger),
        Proof::Agent => false,
    }
}

/// The rule that would allow exactly this.
fn lines(proof: &Proof, membership: &Membership, right: Right, on: On<'_>) -> String {
    let (key, name) = match proof {
        Proof::LocalUser { uid } => ("users", membership.name.clone().unwrap_or_else(|| uid.to_string())),
        Proof::SshKey { fingerprint, .. } => ("keys", fingerprint.clone()),
        Proof::Trigger { trigger, .. } => ("triggers", trigger.clone()),
        Proof::Agent => ("users", "0".to_owned()),
    };
    let applications = match on {
        On::Application(application) => format!("applications = [{}]\n", text(application)),
        On::All | On::Any => String::new(),
    };
    format!("[[access]]\n{key} = [{}]\nmay = [{}]\n{applications}", text(&name), text(right.word()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(uid: u32) -> Principal {
        Principal::new("root", Proof::LocalUser { uid })
    }

    fn member(name: &str, groups: &[(u32, &str)]) -> Membership {
        let groups = groups.iter().map(|(number, name)| (*number, Some((*name).to_owned()))).collect();
        Membership { name: Some(name.to_owned()), groups }
    }

    fn rule(may: &[Right], applications: &[&str]) -> AccessRule {
        let applications = applications.iter().map(|name| (*name).to_owned()).collect();
        AccessRule { may: may.to_vec(), applications, ..AccessRule::default() }
    }

    fn texts(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_no_rule_allows_is_denied() {
        let nobody = Membership::default();
        let rules = [AccessRule { users: texts(&["ada"]), ..rule(&[Right::Read], &[]) }];
        for right in Right::ALL {
            for principal in [user(1000), Principal::of_trigger("ci", "github", None)] {
                assert!(decide(&rules, &principal, &nobody, right, On::Application("kudos")).is_err());
            }
            for principal in [user(0), Principal::new("windlass", Proof::Agent)] {
                assert!(decide(&rules, &principal, &nobody, right, On::All).is_ok());
            }
        }
    }

    #[test]
    fn a_rule_is_for_what_is_proved_and_never_for_a_name() {
        let ada = member("ada", &[(1000, "ada"), (2000, "release")]);
        let key =
            |fingerprint: &str, uid| Principal::new("ada", Proof::SshKey { fingerprint: fingerprint.to_owned(), uid });
        let trigger = |name: &str| Principal::of_trigger(name, "github", Some("ada"));
        let nobody = Membership::default();
        let only = |users: &[&str], groups: &[&str], keys: &[&str], triggers: &[&str]| AccessRule {
            users: texts(users),
            groups: texts(groups),
            keys: texts(keys),
            triggers: texts(triggers),
            ..rule(&[Right::Deploy], &[])
        };
        for (rule, principal, membership, allowed) in [
            (only(&["ada"], &[], &[], &[]), user(1000), &ada, true),
            (only(&["1000"], &[], &[], &[]), user(1000), &ada, true),
            (only(&["1001"], &[], &[], &[]), user(1000), &ada, false),
            // The name of the record is `root` here.
            (only(&["root"], &[], &[], &[]), user(1000), &ada, false),
            // A number that the host knows no user for is that number and nobody's name.
            (only(&["1000"], &[], &[], &[]), user(1000), &nobody, true),
            (only(&["ada"], &[], &[], &[]), user(1000), &nobody, false),
            (only(&[], &["release"], &[], &[]), user(1000), &ada, true),
            (only(&[], &["2000"], &[], &[]), user(1000), &ada, true),
            (only(&[], &["admin"], &[], &[]), user(1000), &ada, false),
            (only(&[], &[], &["SHA256:a"], &[]), key("SHA256:a", 0), &nobody, true),
            (only(&["ada", "0"], &[], &["SHA256:b"], &[]), key("SHA256:a", 0), &nobody, false),
            (only(&[], &[], &[], &["ci"]), trigger("ci"), &nobody, true),
            (only(&["ada", "ci"], &["ci"], &["ci"], &["cd"]), trigger("ci"), &nobody, false),
            (only(&[], &[], &["ada"], &["ada"]), user(1000), &ada, false),
        ] {
            let decided = decide(std::slice::from_ref(&rule), &principal, membership, Right::Deploy, On::All);
            assert_eq!(decided.is_ok(), allowed, "{rule:?} {principal:?}");
        }
    }

    #[test]
    fn a_rule_for_applications_is_for_no_other_and_not_for_the_host() {
        let ada = member("ada", &[]);
        let rules = [
            AccessRule { users: texts(&["ada"]), ..rule(&[Right::Read, Right::Deploy], &["kudos"]) },
            AccessRule { users: texts(&["ada"]), ..rule(&[Right::Hold], &[]) },
        ];
        for (right, on, allowed) in [
            (Right::Read, On::Application("kudos"), true),
            (Right::Deploy, On::Application("kudos"), true),
            (Right::Read, On::Application("shop"), false),
            (Right::Read, On::All, false),
            (Right::Read, On::Any, true),
            (Right::Resolve, On::Application("kudos"), false),
            (Right::Resolve, On::Any, false),
            (Right::Hold, On::Application("shop"), true),
            (Right::Hold, On::All, true),
        ] {
            assert_eq!(decide(&rules, &user(1000), &ada, right, on).is_ok(), allowed, "{right} {on:?}");
        }
    }

    #[test]
    fn a_denial_says_who_and_what_and_its_lines_allow_exactly_that() {
        let rules = [AccessRule { users: texts(&["bob"]), ..rule(&[Right::Read], &[]) }];
        let denied = decide(&rules, &user(1000), &member("ada", &[]), Right::Deploy, On::Application("kudos"));
        let denied = denied.unwrap_err();
        assert_eq!(denied.to_string(), "root (local user 1000) may not `deploy` on `kudos`");
        assert_eq!(denied.exit(), ExitCode::Refused);
        assert!(denied.hint().unwrap().ends_with(
            "agent.toml:\n\n[[access]]\nusers = [\"ada\"]\nmay = [\"deploy\"]\napplications = [\"kudos\"]\n\n"
        ));
        for (principal, membership, on) in [
            (user(1000), member("ada", &[]), On::Application("kudos")),
            (user(1000), Membership::default(), On::All),
            (Principal::of_trigger("ci", "github", None), Membership::default(), On::Application("kudos")),
        ] {
            let denied = decide(&rules, &principal, &membership, Right::Check, on).unwrap_err();
            let trigger = "[secrets.hook]\nenvironment = \"H\"\n[triggers.ci]\nfrom = \"github\"\nsecret = \"hook\"\nrun = [\"check\", \"kudos\"]\n";
            let text = format!("{trigger}{}", denied.lines);
            let document = windlass_config::document::Document::from_text("agent.toml", &text).unwrap();
            let config = Config::resolve(&document).unwrap();
            assert!(decide(&config.access, &principal, &membership, Right::Check, on).is_ok(), "{}", denied.lines);
            assert!(decide(&config.access, &principal, &membership, Right::Deploy, on).is_err());
        }
    }

    /// The answer of a host with these rules, where it needs no user database.
    fn check_with(rules: Vec<AccessRule>, principal: &Principal, rights: &[Right], asked: Asked) -> bool {
        let config = Config { access: rules, ..Config::defaults().unwrap() };
        check(&config, principal, rights, On::All, asked).is_ok()
    }

    #[test]
    fn without_a_rule_a_process_may_do_what_it_can_and_the_agent_lets_users_look() {
        let trigger = Principal::of_trigger("ci", "github", None);
        for right in Right::ALL {
            for principal in [&user(4_000_000_001), &trigger] {
                assert!(check_with(Vec::new(), principal, &[right], Asked::Directly), "{right}");
            }
            let may = check_with(Vec::new(), &user(4_000_000_001), &[right], Asked::Agent);
            assert_eq!(may, right == Right::Read, "{right}");
            assert!(check_with(Vec::new(), &trigger, &[right], Asked::Agent), "{right}");
            assert!(check_with(Vec::new(), &user(0), &[right], Asked::Agent), "{right}");
        }
        let rules = || vec![rule(&[Right::Deploy], &[])];
        assert!(
            check_with(rules(), &user(4_000_000_001), &[Right::Read], Asked::Agent),
            "a rule for others takes nothing away"
        );
        assert!(!check_with(rules(), &user(4_000_000_001), &[Right::Read], Asked::Directly));
        let key = Principal::new("ci", Proof::SshKey { fingerprint: "SHA256:ab".to_owned(), uid: 0 });
        assert!(!check_with(Vec::new(), &key, &[Right::Read], Asked::Agent), "a key is judged by what is said of keys");
    }
}
