//! Bytes, durations and numbers with units.

use std::time::Duration;

/// Bytes as Docker writes them: `512`, `64m`, `1.5gb`, `1GiB`; powers of 1024 whatever the spelling.
/// See `RAMInBytes` of github.com/docker/go-units.
pub(crate) fn bytes(text: &str) -> Result<i64, String> {
    let expected = || format!("`{text}` is not a size such as `512m` or `1.5gb`");
    let lower = text.trim_end().to_ascii_lowercase();
    let split = lower.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(lower.len());
    let (number, unit) = lower.split_at(split);
    let shift = match unit {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        "p" | "pb" | "pib" => 50,
        _ => return Err(expected()),
    };
    let number = number.trim_end_matches(' ');
    if let Ok(whole) = number.parse::<i64>() {
        return whole.checked_mul(1_i64 << shift).filter(|value| *value >= 0).ok_or_else(expected);
    }
    let digits = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value: f64 = if digits { number.parse().map_err(|_| expected())? } else { return Err(expected()) };
    // Decimal arithmetic would need more than 53 bits only beyond 8 PiB.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "checked to be far below 2^53")]
    let scaled = if value * ((1_i64 << shift) as f64) < 9e15 { (value * ((1_i64 << shift) as f64)) as i64 } else { -1 };
    if scaled < 0 { Err(expected()) } else { Ok(scaled) }
}

/// A duration as Go's `time.ParseDuration` reads it: `1m30s`, `1.5h`, `300ms`, `0`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let expected = || format!("`{text}` is not a duration such as `10s` or `1m30s`");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return Err(expected());
    }
    let mut nanoseconds: u128 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').ok_or_else(expected)?;
        let (number, after) = rest.split_at(digits);
        let end = after.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let scale: u64 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return Err(expected()),
        };
        let scaled = scaled(number, scale).ok_or_else(expected)?;
        nanoseconds = nanoseconds.saturating_add(scaled);
        rest = next;
    }
    // Go's durations end at 2^63 nanoseconds, 292 years.
    let whole = i64::try_from(nanoseconds).map_err(|_| expected())?;
    Ok(Duration::from_nanos(whole.unsigned_abs()))
}

/// A duration as Go prints it: `1m30s`, `500ms`, `2m0s`.
pub(crate) fn go_duration(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let fraction = |value: u128, unit: u128, name: &str| {
        let digits = unit.to_string().len() - 1;
        let (whole, rest) = (value / unit, value % unit);
        let rest = format!("{rest:0digits$}");
        let rest = rest.trim_end_matches('0');
        if rest.is_empty() || digits == 0 { format!("{whole}{name}") } else { format!("{whole}.{rest}{name}") }
    };
    match nanoseconds {
        0 => return "0s".to_owned(),
        1..1_000 => return format!("{nanoseconds}ns"),
        1_000..1_000_000 => return fraction(nanoseconds, 1_000, "µs"),
        1_000_000..1_000_000_000 => return fraction(nanoseconds, 1_000_000, "ms"),
        _ => {}
    }
    let minutes = duration.as_secs() / 60;
    let seconds = fraction(nanoseconds - u128::from(minutes) * 60_000_000_000, 1_000_000_000, "s");
    match (minutes / 60, minutes % 60) {
        (0, 0) => seconds,
        (0, minutes) => format!("{minutes}m{seconds}"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
    }
}

/// A decimal number in billionths: `0.5` is 500,000,000.
pub(crate) fn decimal(text: &str) -> Result<i64, String> {
    scaled(text, 1_000_000_000)
        .and_then(|value| i64::try_from(value).ok())
        .ok_or_else(|| format!("`{text}` is not a number such as `0.5`"))
}

/// `number` times `scale`, without the rounding of floating point.
fn scaled(number: &str, scale: u64) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let numeric = |text: &str| text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !numeric(whole) {
        return None;
    }
    let mut value = if whole.is_empty() { 0 } else { whole.parse::<u128>().ok()?.checked_mul(u128::from(scale))? };
    let mut place = u128::from(scale);
    for digit in fraction.bytes() {
        place /= 10;
        value += place * u128::from(char::from(digit).to_digit(10)?);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let table = [
            ("0", Some(0)),
            ("512", Some(512)),
            ("512b", Some(512)),
            ("1k", Some(1024)),
            ("64M", Some(64 << 20)),
            ("1.5g", Some(3 << 29)),
            ("1 GiB", Some(1 << 30)),
            ("1x", None),
            ("-1", None),
            ("", None),
            ("m", None),
            ("9999999999g", None),
        ];
        for (text, expected) in table {
            assert_eq!(bytes(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn durations() {
        let table = [
            ("0", Some(0)),
            ("10s", Some(10_000)),
            ("1m30s", Some(90_000)),
            ("1.5h", Some(5_400_000)),
            ("300ms", Some(300)),
            ("90", None),
            ("1d", None),
            ("", None),
            ("-5s", None),
            ("s", None),
            ("99999999999h", None),
        ];
        for (text, expected) in table {
            assert_eq!(duration(text).ok().map(|value| value.as_millis()), expected, "{text}");
        }
    }

    #[test]
    fn durations_are_printed_as_go_does() {
        let table = [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5µs"),
            (500_000_000, "500ms"),
            (1_050_000_000, "1.05s"),
            (90_000_000_000, "1m30s"),
            (120_000_000_000, "2m0s"),
            (5_400_000_000_000, "1h30m0s"),
        ];
        for (nanoseconds, expected) in table {
            assert_eq!(go_duration(Duration::from_nanos(nanoseconds)), expected);
        }
    }

    #[test]
    fn decimals() {
        for (text, expected) in
            [("0.5", Some(500_000_000)), ("2", Some(2_000_000_000)), ("x", None), (".", None), ("0.000000001", Some(1))]
        {
            assert_eq!(decimal(text).ok(), expected, "{text}");
        }
    }
}
