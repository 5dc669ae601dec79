//! Who asks, for the record. This is a note for people, never a proof: whoever may run the agent may deploy.

/// The name of the person behind this process: the one who used `sudo`, else the user's name, else their number.
pub(super) fn name() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    variable("SUDO_USER")
        .or_else(|| variable("USER"))
        .or_else(|| variable("LOGNAME"))
        .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}
