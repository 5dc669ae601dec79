//! Users of this host.
//!
//! The account that a command runs as comes from `/etc/passwd` (passwd(5)), where users of a directory service are not: they
//! are named by number. What a user is called is asked of the host's user database, which knows those too
//! (nsswitch.conf(5)).

use std::ffi::CString;
use std::fs;
use std::path::PathBuf;

use nix::unistd::{Group, Uid, User, getgrouplist};

/// What the host calls a user; none where it knows no such user, or cannot be asked.
#[must_use]
pub fn name(user: u32) -> Option<String> {
    known(user).map(|user| user.name)
}

/// What the host's user database has of a user.
fn known(user: u32) -> Option<User> {
    User::from_uid(Uid::from_raw(user)).ok().flatten()
}

/// A user who can log in, as the host's user database knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub name: String,
    /// The numbers.
    pub account: Account,
    /// The home.
    pub home: PathBuf,
}

impl From<User> for Login {
    fn from(user: User) -> Self {
        let account = Account { user: user.uid.as_raw(), group: user.gid.as_raw() };
        Self { name: user.name, account, home: user.dir }
    }
}

/// A user by number; none where the host knows no such user, or cannot be asked.
#[must_use]
pub fn login(user: u32) -> Option<Login> {
    known(user).map(Login::from)
}

/// A user by name; none where the host knows no such user, or cannot be asked.
#[must_use]
pub fn login_of(name: &str) -> Option<Login> {
    User::from_name(name).ok().flatten().map(Login::from)
}

/// What the host's user database says of a user at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Membership {
    /// The user's name; none where the host knows no such user.
    pub name: Option<String>,
    /// The groups, primary and supplementary, each with its name where it has one.
    pub groups: Vec<(u32, Option<String>)>,
}

impl Membership {
    /// Whether a user with this number is meant by a name or a number that the operator wrote. Digits are a number and no
    /// name.
    #[must_use]
    pub fn is_user(&self, number: u32, written: &str) -> bool {
        is_meant(number, self.name.as_deref(), written)
    }

    /// The same for one of the groups.
    #[must_use]
    pub fn is_in(&self, written: &str) -> bool {
        self.groups.iter().any(|(number, name)| is_meant(*number, name.as_deref(), written))
    }
}

fn is_meant(number: u32, name: Option<&str>, written: &str) -> bool {
    if written.bytes().all(|byte| byte.is_ascii_digit()) {
        return written.parse() == Ok(number);
    }
    name == Some(written)
}

/// What the host says of a user now. Where it cannot be asked, the user has no name and no group.
#[must_use]
pub fn membership(user: u32) -> Membership {
    let Some(user) = known(user) else { return Membership::default() };
    let name = CString::new(user.name.as_str());
    let groups = name.ok().and_then(|name| getgrouplist(&name, user.gid).ok()).unwrap_or_default();
    let named = |group| Group::from_gid(group).ok().flatten().map(|group| group.name);
    Membership {
        groups: groups.into_iter().map(|group| (group.as_raw(), named(group))).collect(),
        name: Some(user.name),
    }
}

/// The number of a group by its name or number; none where the host knows no such group.
#[must_use]
pub fn group(written: &str) -> Option<u32> {
    if written.bytes().all(|byte| byte.is_ascii_digit()) {
        return written.parse().ok();
    }
    Group::from_name(written).ok().flatten().map(|group| group.gid.as_raw())
}

/// The number of a user by name.
///
/// # Errors
/// Why there is no such user, as the end of a sentence that begins with the name.
pub fn user(name: &str) -> Result<u32, String> {
    find(name).map(|account| account.user)
}

/// Numbers of a user and its own group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// Of the user.
    pub user: u32,
    /// Of the group that the user's files get.
    pub group: u32,
}

/// An account by name, or by number as `1000:1000`.
///
/// # Errors
/// Why it cannot be found, as the end of a sentence that begins with the name.
pub fn find(name: &str) -> Result<Account, String> {
    if let Some((user, group)) = name.split_once(':') {
        let number = |text: &str| text.parse().map_err(|_| "is not `UID:GID`".to_owned());
        return Ok(Account { user: number(user)?, group: number(group)? });
    }
    let passwd = fs::read_to_string("/etc/passwd").map_err(|error| format!("cannot be looked up: {error}"))?;
    for line in passwd.lines() {
        let mut fields = line.split(':');
        if fields.next() == Some(name) {
            let (user, group) = (fields.nth(1), fields.next());
            if let (Some(Ok(user)), Some(Ok(group))) = (user.map(str::parse), group.map(str::parse)) {
                return Ok(Account { user, group });
            }
        }
    }
    Err("does not exist on this host; users of a directory service are written as `UID:GID`".to_owned())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn id(arguments: &[&str]) -> String {
        String::from_utf8(Command::new("id").args(arguments).output().unwrap().stdout).unwrap().trim().to_owned()
    }

    #[test]
    fn a_user_has_the_name_and_the_groups_that_the_host_gives() {
        let users = fs::read_to_string("/etc/passwd").unwrap();
        for line in users.lines().take(30) {
            let number: u32 = line.split(':').nth(2).unwrap().parse().unwrap();
            let found = membership(number);
            let name = found.name.clone().unwrap();
            assert_eq!(account_name(number), Some(name.clone()));
            assert_eq!(login_of(&name).unwrap().home, PathBuf::from(line.split(':').nth(5).unwrap()));
            let mut groups: Vec<String> = found.groups.iter().map(|(number, _)| number.to_string()).collect();
            groups.sort();
            let mut expected: Vec<String> = id(&["-G", &name]).split(' ').map(str::to_owned).collect();
            expected.sort();
            assert_eq!(groups, expected, "{name}");
            assert!(found.is_user(number, &name) && found.is_user(number, &number.to_string()), "{found:?}");
            assert!(groups.iter().all(|group| found.is_in(group)) && !found.is_in("no-group-of-that-name"));
        }
        assert_eq!(membership(4_000_000_001), Membership::default());
    }

    #[test]
    fn digits_are_a_number_whatever_a_user_is_called() {
        let user = Membership { name: Some("1000".to_owned()), groups: vec![(7, Some("8".to_owned()))] };
        assert!(user.is_user(1001, "1001") && !user.is_user(1001, "1000"));
        assert!(user.is_in("7") && !user.is_in("8") && !user.is_in(""));
        assert!(!Membership::default().is_user(0, ""));
    }

    fn account_name(number: u32) -> Option<String> {
        super::name(number)
    }
}
