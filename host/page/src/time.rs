//! Times as people read them: in UTC, with how long ago that was when the page was made.

use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, html};
use windlass_foundation::words;

use super::text;

/// A time from RFC 3339 with the relative one beside it. What is no time is shown as it is.
pub(crate) fn time(rfc3339: &str, now: Timestamp) -> Markup {
    let Ok(time) = rfc3339.parse::<Timestamp>() else { return html! { (text::line(rfc3339)) } };
    html! {
        time datetime=(time.strftime("%Y-%m-%dT%H:%M:%SZ")) { (words::timestamp(time)) }
        " " span.ago { (relative(time, now)) }
    }
}

/// A number of milliseconds, if it is known.
pub(crate) fn took(milliseconds: Option<u64>) -> String {
    milliseconds.map(|took| words::duration(Duration::from_millis(took))).unwrap_or_default()
}

/// `3 min ago`, `in 5 min`, `now`.
fn relative(time: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(time).as_secs();
    let count = match seconds.unsigned_abs() {
        0 => return "now".to_owned(),
        seconds @ 1..60 => format!("{seconds} s"),
        seconds @ 60..3_600 => format!("{} min", seconds / 60),
        seconds @ 3_600..86_400 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    };
    if seconds > 0 { format!("{count} ago") } else { format!("in {count}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_the_relative_one_beside_it() {
        let now: Timestamp = "2026-08-21T14:10:00Z".parse().unwrap();
        for (given, expected) in [
            ("2026-08-21T14:09:59.4Z", "now"),
            ("2026-08-21T14:09:18Z", "42 s ago"),
            ("2026-08-21T13:10:00Z", "1 h ago"),
            ("2026-08-01T13:10:00Z", "20 d ago"),
            ("2026-08-21T14:15:00Z", "in 5 min"),
        ] {
            assert_eq!(relative(given.parse().unwrap(), now), expected, "{given}");
        }
        assert_eq!(time("<yesterday>", now).into_string(), "&lt;yesterday&gt;");
        assert_eq!(
            time("2026-08-21T14:03:11.5Z", now).into_string(),
            "<time datetime=\"2026-08-21T14:03:11Z\">2026-08-21 14:03:11Z</time> <span class=\"ago\">6 min ago</span>"
        );
    }
}
