//! How much a plugin may use: the operator's `[limits]`. Every failure because of one names it.

/// A number of bytes for people: `256 MiB`.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    UNITS
        .iter()
        .find(|(size, _)| count >= *size && count.is_multiple_of(*size))
        .map_or_else(|| format!("{count} bytes"), |(size, unit)| format!("{} {unit}", count / size))
}

/// A limit as what this machine counts in.
pub(super) fn size(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// The defaults, for tests.
#[cfg(test)]
pub(super) fn defaults() -> windlass_config::Limits {
    windlass_config::Config::defaults().map_or_else(|error| panic!("{error}"), |config| config.limits)
}
