//! Dates without quotes, which are a type of their own in YAML: Compose takes them nowhere but in extensions.
//!
//! Calendars are not checked beyond the number of days of a month.

/// A date or time of YAML as Docker Compose prints it, `2024-01-02T00:00:00Z`; none for anything else.
pub(super) fn read(text: &str) -> Option<String> {
    // Cheap first: no other text begins with four digits and a dash.
    let bytes = text.as_bytes();
    if bytes.len() < 8 || bytes.len() > 40 || bytes.get(4) != Some(&b'-') {
        return None;
    }
    let year = number(text.get(..4)?, 4, 4)?;
    let (month, rest) = text.get(5..)?.split_once('-')?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    let (day, rest) = rest.split_at(end);
    let (month, day) = (number(month, 1, 2)?, number(day, 1, 2)?);
    if !(1..=12).contains(&month) || day < 1 || day > days(year, month) {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if rest.is_empty() {
        return Some(format!("{date}T00:00:00Z"));
    }
    let zoned = rest.starts_with(['T', 't']);
    let (clock, zone) = if zoned {
        let rest = rest.get(1..)?;
        let zone = rest.find(['Z', '+', '-'])?;
        rest.split_at(zone)
    } else {
        (rest.strip_prefix(' ')?, "")
    };
    Some(format!("{date}T{}{}", time(clock)?, offset(zone)?))
}

/// `15:4:5.25`, with two digits each and no zeros at the end of the fraction.
fn time(clock: &str) -> Option<String> {
    let mut parts = clock.splitn(3, ':');
    let (hour, minute) = (number(parts.next()?, 1, 2)?, number(parts.next()?, 1, 2)?);
    let (second, fraction) = parts.next().map(|last| last.split_once('.').unwrap_or((last, "")))?;
    let second = number(second, 1, 2)?;
    if hour > 23 || minute > 59 || second > 59 || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    Some(format!("{hour:02}:{minute:02}:{second:02}{dot}{fraction}"))
}

/// `Z` for what is no offset at all.
fn offset(zone: &str) -> Option<String> {
    if matches!(zone, "" | "Z") {
        return Some("Z".to_owned());
    }
    let (sign, rest) = zone.split_at(1);
    let (hours, minutes) = rest.split_once(':')?;
    let zone = format!("{sign}{:02}:{:02}", number(hours, 2, 2)?, number(minutes, 2, 2)?);
    Some(if zone.ends_with("00:00") { "Z".to_owned() } else { zone })
}

fn number(text: &str, least: usize, most: usize) -> Option<u32> {
    let fits = (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn dates_are_told_from_texts() {
        let table = [
            ("2024-01-02", Some("2024-01-02T00:00:00Z")),
            ("2024-1-2", Some("2024-01-02T00:00:00Z")),
            ("2024-01-02T03:04:05Z", Some("2024-01-02T03:04:05Z")),
            ("2024-01-02T03:04:05.250+02:00", Some("2024-01-02T03:04:05.25+02:00")),
            ("2024-01-02 3:4:5", Some("2024-01-02T03:04:05Z")),
            ("2024-13-02", None),
            ("2023-02-29", None),
            ("2024-01-02x", None),
            ("1.2.3-4-5", None),
            ("2024-01", None),
            ("20240-01-02", None),
        ];
        for (text, expected) in table {
            assert_eq!(read(text).as_deref(), expected, "{text}");
        }
    }
}
