//! The lines for sshd that belong to a forced command.

/// Where they belong: sshd of Debian, Ubuntu and Red Hat reads this directory first, and a `Match` ends with its file.
pub const PLACE: &str = "/etc/ssh/sshd_config.d/50-windlass.conf";

/// The lines for a user whose keys run the forced command and nothing else. A client that is gone without a word is noticed
/// after half a minute.
#[must_use]
pub fn lines(user: &str) -> String {
    format!(
        "Match User {user}\n    \
         AuthenticationMethods publickey\n    \
         DisableForwarding yes\n    \
         PermitTTY no\n    \
         PermitUserRC no\n    \
         MaxSessions 4\n    \
         ClientAliveInterval 10\n    \
         ClientAliveCountMax 3\n    \
         ExposeAuthInfo yes\n"
    )
}
