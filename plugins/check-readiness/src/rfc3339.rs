//! Points in time as Docker writes them: RFC 3339, in UTC or with an offset, with a fraction of any length.
//!
//! Only what a difference of clocks needs: whole seconds since 1970. A date library would be most of the plugin.

use std::time::Duration;

/// The time since the beginning of 1970, without the fraction; none for a text that is no time, or one before 1970.
pub(crate) fn since_epoch(text: &str) -> Option<Duration> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let zone = time.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = time.split_at(zone);
    let time = time.split('.').next()?;
    let mut time = time.splitn(3, ':').map(str::parse::<i64>);
    let (hour, minute, second) = (time.next()?.ok()?, time.next()?.ok()?, time.next()?.ok()?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset(zone)?;
    u64::try_from(seconds).ok().map(Duration::from_secs)
}

/// Seconds east of UTC.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let seconds = hours.parse::<i64>().ok()? * 3_600 + minutes.parse::<i64>().ok()? * 60;
    Some(if zone.starts_with('-') { -seconds } else { seconds })
}

/// Days from the beginning of 1970 in the Gregorian calendar. The year is taken to begin in March, so that the leap
/// day is its last; then months before a given one have `(153 * month + 2) / 5` days.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day
        - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_docker_writes_them() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2026-11-21T01:30:37.123456789Z", 1_795_224_637),
            ("2026-11-21T02:30:37.1+01:00", 1_795_224_637),
            ("2026-11-20T20:30:37-05:00", 1_795_224_637),
        ] {
            assert_eq!(since_epoch(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in
            ["", "yesterday", "2026-11-21", "2026-13-01T00:00:00Z", "2026-11-21T01:30:37", "1960-01-01T00:00:00Z"]
        {
            assert_eq!(since_epoch(text), None, "{text}");
        }
    }
}
