//! The principal behind this process: a user of this host.
//!
//! The kernel says which user that is. The name is a note for people and proves nothing: it may come from the environment.

use windlass_foundation::account;
use windlass_foundation::principal::{Principal, Proof};

/// The person behind this process. The name is that of the one who used `sudo`, else the user's name, else what the user
/// database calls them, else their number.
pub(super) fn principal() -> Principal {
    let uid = rustix::process::getuid().as_raw();
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let name = variable("SUDO_USER")
        .or_else(|| variable("USER"))
        .or_else(|| variable("LOGNAME"))
        .or_else(|| account::name(uid))
        .unwrap_or_else(|| format!("uid {uid}"));
    Principal::new(&name, Proof::LocalUser { uid })
}
