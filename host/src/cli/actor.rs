//! The actor's name, for the record. This is a note for people, never a proof: a user who may run the agent may deploy.

use windlass_foundation::names;

/// The name of the person behind this process: the one who used `sudo`, else the user's name, else what
/// `/etc/passwd` calls them, else their number.
pub(super) fn name() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    variable("SUDO_USER")
        .or_else(|| variable("USER"))
        .or_else(|| variable("LOGNAME"))
        .or_else(|| user(rustix::process::getuid().as_raw()))
        .map_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()), |name| names::actor(&name))
}

/// The name of a user in `/etc/passwd`; see passwd(5).
fn user(number: u32) -> Option<String> {
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let number = number.to_string();
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    })
}
