//! What a principal may do: the operator's rules, `[[access]]` in agent.toml, and one decision.
//!
//! The decision is about proofs, never about names, which can come from the environment. It looks nothing up: which
//! groups a user is in is asked of the host at each request and given to it. What a command needs is not known here.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use windlass_config::{AccessRule, CertificateRule, Config, Right};
use windlass_foundation::account::{self, Membership};
use windlass_foundation::explain::{ExitCode, Explain};
use windlass_foundation::names::Kind;
use windlass_foundation::principal::{Certificate, Principal, Proof};
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
        Proof::SshKey { .. } | Proof::Trigger { .. } | Proof::Page => false,
    }
}

/// Whether a principal has a right without a rule that gives it. Where the operator wrote no rule at all, a trigger does what the
/// operator's file says of it, and a user of this host what their own rights let them do. Of the agent, which has more rights than
/// they have, users may ask to look, and so may the page that the operator opened. A key was let in to do what a rule says.
fn needs_no_rule(config: &Config, principal: &Principal, right: Right, asked: Asked) -> bool {
    let no_rules = config.access.is_empty();
    match (principal.proof(), asked) {
        (Proof::LocalUser { .. }, Asked::Directly) | (Proof::Trigger { .. }, _) => no_rules,
        (Proof::LocalUser { .. }, Asked::Agent) | (Proof::Page, _) => right == Right::Read,
        (Proof::SshKey { .. }, _) => false,
        (Proof::Agent, _) => true,
    }
}

/// Decides with the rules of this host whether a principal has each of these rights. Asks the host for the user's groups
/// where a rule is needed.
///
/// # Errors
/// When they lack one.
pub fn check(config: &Config, principal: &Principal, rights: &[Right], on: On<'_>, asked: Asked) -> Result<(), Denied> {
    let needed: Vec<Right> =
        rights.iter().copied().filter(|right| !needs_no_rule(config, principal, *right, asked)).collect();
    if needed.is_empty() || is_unrestricted(principal) {
        return Ok(());
    }
    let membership = membership(principal);
    needed.into_iter().try_for_each(|right| decide(&config.access, principal, &membership, right, on))
}

/// Refuses a key that no rule names. For what needs no right of anybody: that is for those who were let in to do something.
///
/// # Errors
/// When it is one.
pub fn check_known(config: &Config, principal: &Principal) -> Result<(), Denied> {
    let nobody = Membership::default();
    let is_named = || config.access.iter().any(|rule| is_for(rule, principal.proof(), &nobody));
    if !matches!(principal.proof(), Proof::SshKey { .. }) || is_named() {
        return Ok(());
    }
    decide(&config.access, principal, &nobody, Right::Read, On::Any)
}

fn membership(principal: &Principal) -> Membership {
    match principal.proof() {
        Proof::LocalUser { uid } => account::membership(*uid),
        Proof::SshKey { .. } | Proof::Trigger { .. } | Proof::Agent | Proof::Page => Membership::default(),
    }
}

/// What a principal may do.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// On every application and on the host itself.
    pub everywhere: Vec<Right>,
    /// Besides on these applications.
    pub applications: BTreeMap<String, Vec<Right>>,
}

/// All that a principal may do by the rules of this host.
#[must_use]
pub fn allowed(config: &Config, principal: &Principal, asked: Asked) -> Allowed {
    let membership = membership(principal);
    let rights = |on: On<'_>| -> Vec<Right> {
        let has = |right: &Right| {
            needs_no_rule(config, principal, *right, asked)
                || decide(&config.access, principal, &membership, *right, on).is_ok()
        };
        Right::ALL.into_iter().filter(has).collect()
    };
    let everywhere = rights(On::All);
    let named: BTreeSet<&String> = config.access.iter().flat_map(|rule| &rule.applications).collect();
    let besides = |application: &String| -> Vec<Right> {
        rights(On::Application(application)).into_iter().filter(|right| !everywhere.contains(right)).collect()
    };
    let applications = named.into_iter().map(|application| (application.clone(), besides(application)));
    Allowed { applications: applications.filter(|(_, rights)| !rights.is_empty()).collect(), everywhere }
}

/// A right that a principal is to have, and on which application; none means everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    right: Right,
    application: Option<String>,
}

impl FromStr for Wish {
    type Err = String;

    /// Reads `deploy kudos`, or `deploy`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (right, application) = text.split_once(' ').map_or((text, None), |(right, name)| (right, Some(name)));
        let Some(right) = Right::ALL.into_iter().find(|known| known.word() == right) else {
            let words = Right::ALL.map(Right::word).join(", ");
            return Err(format!("write it as `deploy kudos`: a right and an application; the rights are {words}"));
        };
        let application = application.map(|name| Kind::Application.parse(name.trim())).transpose()?;
        Ok(Self { right, application })
    }
}

/// The rules of agent.toml that give a key these rights and no others.
#[must_use]
pub fn rules(fingerprint: &str, wishes: &[Wish]) -> String {
    let mut by_application: BTreeMap<Option<&String>, Vec<&str>> = BTreeMap::new();
    for right in Right::ALL {
        for wish in wishes.iter().filter(|wish| wish.right == right) {
            let rights = by_application.entry(wish.application.as_ref()).or_default();
            if rights.last() != Some(&right.word()) {
                rights.push(right.word());
            }
        }
    }
    let list = |words: &[&str]| words.iter().map(|word| text(word)).collect::<Vec<_>>().join(", ");
    let rule = |(application, rights): (Option<&String>, Vec<&str>)| {
        let application = application.map_or(String::new(), |name| format!("applications = [{}]\n", list(&[name])));
        format!("[[access]]\nkeys = [{}]\nmay = [{}]\n{application}", list(&[fingerprint]), list(&rights))
    };
    by_application.into_iter().map(rule).collect::<Vec<_>>().join("\n")
}

/// Decides whether a rule gives a principal a right; what no rule allows is denied. `membership` is what the host says of a local
/// user, and empty for every other principal.
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
        Proof::SshKey { fingerprint, certificate, uid: _ } => {
            let is_certified = |certificate: &Certificate| {
                let fits = |of: &CertificateRule| {
                    of.authority == certificate.authority && (of.id.is_none() || of.id == certificate.id)
                };
                rule.certificates.iter().any(fits)
            };
            rule.keys.contains(fingerprint) || certificate.as_ref().is_some_and(is_certified)
        }
        Proof::Trigger { trigger, .. } => rule.triggers.contains(trigger),
        Proof::Agent | Proof::Page => false,
    }
}

/// The rule that would allow exactly this.
fn lines(proof: &Proof, membership: &Membership, right: Right, on: On<'_>) -> String {
    let (key, name) = match proof {
        Proof::LocalUser { uid } => ("users", membership.name.clone().unwrap_or_else(|| uid.to_string())),
        // Who is certified has another key tomorrow.
        Proof::SshKey { certificate: Some(Certificate { authority, id: Some(id) }), .. } => {
            ("certificates", format!("{authority} {id}"))
        }
        Proof::SshKey { fingerprint, .. } => ("keys", fingerprint.clone()),
        Proof::Trigger { trigger, .. } => ("triggers", trigger.clone()),
        // No rule is about these: the one always may, the other may only look.
        Proof::Agent | Proof::Page => ("users", "0".to_owned()),
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

    fn key(fingerprint: &str) -> Principal {
        Principal::new("ci", Proof::SshKey { fingerprint: fingerprint.to_owned(), uid: 0, certificate: None })
    }

    #[test]
    fn a_certificate_counts_by_its_authority_and_its_id_and_by_its_key() {
        let nobody = Membership::default();
        let certified = |authority: &str, id: Option<&str>| {
            let (authority, id) = (authority.to_owned(), id.map(str::to_owned));
            let certificate = Some(Certificate { authority, id });
            Principal::new("ci", Proof::SshKey { fingerprint: "SHA256:a".to_owned(), uid: 0, certificate })
        };
        let of = |authority: &str, id: Option<&str>| CertificateRule {
            authority: authority.to_owned(),
            id: id.map(str::to_owned),
        };
        for (rule_of, principal, may) in [
            (of("SHA256:ca", None), certified("SHA256:ca", Some("alice@ci")), true),
            (of("SHA256:ca", None), certified("SHA256:ca", None), true),
            (of("SHA256:ca", Some("alice@ci")), certified("SHA256:ca", Some("alice@ci")), true),
            (of("SHA256:ca", Some("alice@ci")), certified("SHA256:ca", Some("bob@ci")), false),
            (of("SHA256:ca", Some("alice@ci")), certified("SHA256:ca", None), false),
            (of("SHA256:ca", Some("alice@ci")), certified("SHA256:cb", Some("alice@ci")), false),
            (of("SHA256:ca", None), key("SHA256:a"), false),
            (of("SHA256:a", None), key("SHA256:a"), false),
        ] {
            let rules = [AccessRule { certificates: vec![rule_of], ..rule(&[Right::Read], &[]) }];
            assert_eq!(decide(&rules, &principal, &nobody, Right::Read, On::All).is_ok(), may, "{principal:?}");
        }
        let rules = [AccessRule { keys: texts(&["SHA256:a"]), ..rule(&[Right::Read], &[]) }];
        let alice = certified("SHA256:ca", Some("alice@ci"));
        assert!(decide(&rules, &alice, &nobody, Right::Read, On::All).is_ok());
        let denied = decide(&rules, &alice, &nobody, Right::Deploy, On::All).unwrap_err();
        assert!(denied.hint().unwrap().contains("certificates = [\"SHA256:ca alice@ci\"]"), "{denied:?}");
    }

    #[test]
    fn a_key_may_nothing_without_a_rule_also_where_there_is_none_and_where_it_opens_a_session_of_root() {
        let nobody = Membership::default();
        let rules = [AccessRule { users: texts(&["root", "0"]), ..rule(&Right::ALL, &[]) }];
        for rules in [&[][..], &rules] {
            for right in Right::ALL {
                for on in [On::All, On::Any, On::Application("kudos")] {
                    assert!(decide(rules, &key("SHA256:a"), &nobody, right, on).is_err(), "{right} {on:?}");
                }
            }
        }
        let mut config = Config::defaults().unwrap();
        assert!(check(&config, &key("SHA256:a"), &[Right::Read], On::Any, Asked::Directly).is_err());
        assert!(check_known(&config, &key("SHA256:a")).is_err());
        assert!(check_known(&config, &user(1000)).is_ok());
        config.access = vec![AccessRule { keys: texts(&["SHA256:a"]), ..rule(&[Right::Hold], &["kudos"]) }];
        assert!(check_known(&config, &key("SHA256:a")).is_ok() && check_known(&config, &key("SHA256:b")).is_err());
        assert!(check_known(&config, &user(1000)).is_ok());
    }

    #[test]
    fn what_is_wished_for_becomes_rules_that_allow_it_and_nothing_else() {
        let fingerprint = format!("SHA256:{}", "a".repeat(43));
        let wishes = ["deploy kudos", "read kudos", "deploy kudos", "read shop", "check"];
        let wishes: Vec<Wish> = wishes.iter().map(|wish| wish.parse().unwrap()).collect();
        let document = windlass_config::document::Document::from_text("agent.toml", rules(&fingerprint, &wishes));
        let config = Config::resolve(&document.unwrap()).unwrap();
        let expected = Allowed {
            everywhere: vec![Right::Check],
            applications: BTreeMap::from([
                ("kudos".to_owned(), vec![Right::Read, Right::Deploy]),
                ("shop".to_owned(), vec![Right::Read]),
            ]),
        };
        assert_eq!(allowed(&config, &key(&fingerprint), Asked::Directly), expected);
        assert_eq!(allowed(&config, &key("SHA256:b"), Asked::Directly), Allowed::default());
        assert_eq!(allowed(&config, &user(0), Asked::Directly).everywhere, Right::ALL);
        assert_eq!(rules(&fingerprint, &[]), "");
        for wrong in ["", "deploy", "deploy kudos shop", "deploy ../kudos", "deploy Kudos", "all kudos", "Deploy kudos"]
        {
            assert_eq!(wrong.parse::<Wish>().is_ok(), wrong == "deploy", "{wrong}");
        }
    }

    #[test]
    fn a_rule_is_for_what_is_proved_and_never_for_a_name() {
        let ada = member("ada", &[(1000, "ada"), (2000, "release")]);
        let key = |fingerprint: &str, uid| {
            Principal::new("ada", Proof::SshKey { fingerprint: fingerprint.to_owned(), uid, certificate: None })
        };
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
        let all = AccessRule { users: texts(&["0", "page"]), ..rule(&Right::ALL, &[]) };
        for right in Right::ALL {
            let may = check_with(vec![all.clone()], &Principal::page(), &[right], Asked::Agent);
            assert_eq!(may, right == Right::Read, "whatever a rule says, a page may {right}");
        }
        let key =
            Principal::new("ci", Proof::SshKey { fingerprint: "SHA256:ab".to_owned(), uid: 0, certificate: None });
        assert!(!check_with(Vec::new(), &key, &[Right::Read], Asked::Agent), "a key is judged by what is said of keys");
    }
}
