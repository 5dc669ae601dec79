//! Users of this host.
//!
//! The account that a command runs as comes from `/etc/passwd` (passwd(5)), where users of a directory service are not: they
//! are named by number. What a user is called is asked of the host's user database, which knows those too
//! (nsswitch.conf(5)).

use std::fs;

use nix::unistd::{Uid, User};

/// What the host calls a user; none where it knows no such user, or cannot be asked.
#[must_use]
pub fn name(user: u32) -> Option<String> {
    User::from_uid(Uid::from_raw(user)).ok().flatten().map(|user| user.name)
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
