//! Numbers, times and names as people read them.

use std::time::Duration;

/// `0.4s`, `12.3s`, `4m 05s`, `2h 10m`, `3d 4h`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => {
            let tenths = duration.as_millis().div_ceil(50) / 2;
            format!("{}.{}s", tenths / 10, tenths % 10)
        }
        60..3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {:02}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// `512 B`, `1.5 KiB`, `20 MiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    let mut unit = 1_u64;
    let mut name = "B";
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if bytes / unit < 1024 {
            break;
        }
        unit *= 1024;
        name = next;
    }
    let (whole, tenths) = (bytes / unit, bytes % unit * 10 / unit);
    if whole < 10 && unit > 1 { format!("{whole}.{tenths} {name}") } else { format!("{whole} {name}") }
}

/// `1 step`, `3 steps`, `2 entries`.
#[must_use]
pub fn count(number: usize, singular: &str) -> String {
    if number == 1 {
        return format!("1 {singular}");
    }
    match singular.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{number} {stem}ies"),
        _ => format!("{number} {singular}s"),
    }
}

/// The first twelve digits of a digest, with its algorithm: `sha256:1ef921a3c0de`. Anything else is as it is.
#[must_use]
pub fn digest(digest: &str) -> String {
    match digest.split_once(':') {
        Some((algorithm, digits)) if digits.len() > 12 && digits.chars().all(|digit| digit.is_ascii_hexdigit()) => {
            format!("{algorithm}:{}", &digits[..12])
        }
        _ => digest.to_owned(),
    }
}

/// A release whose label is not its own alone: `v1 (8a1b2c3d8a1b)`.
#[must_use]
pub fn label(version: &str, release: &str) -> String {
    let digits = release.trim_start_matches("sha256:");
    format!("{version} ({})", digits.get(..12).unwrap_or(digits))
}

/// An image reference with its digest shortened: `registry/repo@sha256:1ef921a3c0de`.
#[must_use]
pub fn reference(reference: &str) -> String {
    match reference.rsplit_once('@') {
        Some((repository, pinned)) => format!("{repository}@{}", digest(pinned)),
        None => digest(reference),
    }
}

/// `2026-08-21 14:03:11Z` from RFC 3339; anything else is as it is.
#[must_use]
pub fn time(rfc3339: &str) -> String {
    rfc3339.parse::<jiff::Timestamp>().map_or_else(|_| rfc3339.to_owned(), timestamp)
}

/// A time in UTC, such as `2026-08-21 14:03:11Z`.
#[must_use]
pub fn timestamp(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let milliseconds = [0, 49, 50, 440, 12_345, 59_900, 65_000, 7_800_000, 273_600_000];
        let read: Vec<String> = milliseconds.map(Duration::from_millis).map(duration).into();
        assert_eq!(read, ["0.0s", "0.0s", "0.0s", "0.4s", "12.3s", "59.9s", "1m 05s", "2h 10m", "3d 4h"]);
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!([0, 1023, 1536, 20 << 20, 3 << 40].map(size), ["0 B", "1023 B", "1.5 KiB", "20 MiB", "3.0 TiB"]);
    }

    #[test]
    fn counts_read_well() {
        assert_eq!(
            [count(1, "step"), count(0, "step"), count(2, "entry"), count(2, "key")],
            ["1 step", "0 steps", "2 entries", "2 keys"]
        );
    }

    #[test]
    fn digests_are_shortened_and_other_words_are_not() {
        let long = format!("repo@sha256:{}", "ab".repeat(32));
        assert_eq!(reference(&long), "repo@sha256:abababababab");
        assert_eq!(digest("latest"), "latest");
        assert_eq!(digest("https://a.very.long.name"), "https://a.very.long.name");
    }
}
