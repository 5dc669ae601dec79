//! Times on both sides of every boundary.

use super::*;
use crate::config::Config;

fn rules(value: Value) -> Rules {
    Rules::of(&Config::deserialize(value).unwrap()).unwrap()
}

fn at(rules: &Rules, time: &str) -> Report {
    let time = time.parse().unwrap();
    report(rules, time, &judge(rules, time).unwrap(), false)
}

fn office() -> Rules {
    rules(json!({
        "zone": "Europe/Berlin",
        "allow": [
            { "days": ["mon-thu"], "from": "08:00", "to": "17:00" },
            { "days": ["fri"], "from": "08:00", "to": "12:00" },
        ],
        "holidays": [{ "on": "12-25", "name": "Christmas Day" }],
        "freezes": [{
            "name": "year-end close", "from": "2026-12-18T18:00", "to": "2027-01-04T08:00", "reason": "ask finance",
        }],
    }))
}

#[test]
fn hours_are_those_of_the_zone_in_summer_and_in_winter() {
    let rules = office();
    // 08:00 in Berlin is 06:00 UTC in summer and 07:00 UTC in winter.
    for (time, verdict) in [
        ("2026-07-01T05:59:59Z", Verdict::Fail),
        ("2026-07-01T06:00:00Z", Verdict::Pass),
        ("2026-11-18T06:59:59Z", Verdict::Fail),
        ("2026-11-18T07:00:00Z", Verdict::Pass),
        ("2026-11-18T15:59:59Z", Verdict::Pass),
        ("2026-11-18T16:00:00Z", Verdict::Fail),
    ] {
        assert_eq!(at(&rules, time).verdict, verdict, "{time}");
    }
}

#[test]
fn closed_says_until_when_and_by_which_rule() {
    let friday = at(&office(), "2026-11-20T12:00:00Z");
    assert_eq!(
        friday.summary,
        "closed until mon 2026-11-23 08:00 Europe/Berlin: \
         allowed hours: mon-thu 08:00 to 17:00 Europe/Berlin; fri 08:00 to 12:00 Europe/Berlin"
    );
    assert_eq!(friday.data.unwrap()["opens"], "2026-11-23T07:00:00Z");
    assert!(friday.findings[0].remedy.as_ref().unwrap().contains("--break-glass"));
}

#[test]
fn rules_that_follow_each_other_are_one_closure() {
    let frozen = at(&office(), "2026-12-25T10:00:00Z");
    assert!(
        frozen.summary.starts_with(
            "closed until mon 2027-01-04 08:00 Europe/Berlin: freeze `year-end close` since fri 2026-12-18 18:00"
        ),
        "{}",
        frozen.summary
    );
    let ids: Vec<&str> = frozen.findings.iter().map(|finding| finding.id.as_str()).collect();
    assert_eq!(ids, ["freeze:year-end close", "holiday:Christmas Day"]);
    assert!(frozen.findings[0].title.ends_with("(ask finance)"));
    // The afternoon before a freeze is closed by the hours, and what comes then is said.
    let before = at(&office(), "2026-12-18T13:00:00Z");
    assert!(before.summary.starts_with("closed until mon 2027-01-04 08:00"), "{}", before.summary);
}

#[test]
fn hours_may_last_until_the_next_day() {
    let rules = rules(json!({ "allow": [{ "days": ["sat"], "from": "22:00", "to": "02:00" }] }));
    for (time, verdict) in [
        ("2026-11-21T21:59:00Z", Verdict::Fail),
        ("2026-11-21T22:00:00Z", Verdict::Pass),
        ("2026-11-22T01:59:59Z", Verdict::Pass),
        ("2026-11-22T02:00:00Z", Verdict::Fail),
    ] {
        assert_eq!(at(&rules, time).verdict, verdict, "{time}");
    }
}

#[test]
fn a_holiday_is_a_day_of_the_zone() {
    let rules = rules(json!({ "zone": "Pacific/Auckland", "holidays": [{ "on": "2027-02-06" }] }));
    // The sixth begins in Auckland while it is the fifth in Greenwich.
    for (time, verdict) in [
        ("2027-02-05T10:59:59Z", Verdict::Pass),
        ("2027-02-05T11:00:00Z", Verdict::Fail),
        ("2027-02-06T10:59:59Z", Verdict::Fail),
        ("2027-02-06T11:00:00Z", Verdict::Pass),
        ("2028-02-06T00:00:00Z", Verdict::Pass),
    ] {
        assert_eq!(at(&rules, time).verdict, verdict, "{time}");
    }
}

#[test]
fn a_freeze_of_dates_includes_its_last_day() {
    let rules = rules(json!({ "freezes": [{ "name": "audit", "from": "2026-03-01", "to": "2026-03-02" }] }));
    assert_eq!(at(&rules, "2026-03-02T23:59:59Z").verdict, Verdict::Fail);
    assert_eq!(at(&rules, "2026-03-03T00:00:00Z").verdict, Verdict::Pass);
}

#[test]
fn hours_that_spring_leaves_out_are_moved_and_not_lost() {
    // On 29 March 2026 clocks in Berlin go from 02:00 to 03:00.
    let rules = rules(json!({ "zone": "Europe/Berlin", "allow": [{ "from": "02:30", "to": "04:00" }] }));
    assert_eq!(at(&rules, "2026-03-29T01:29:00Z").verdict, Verdict::Fail);
    assert_eq!(at(&rules, "2026-03-29T01:30:00Z").verdict, Verdict::Pass);
}

#[test]
fn waiting_is_pending_while_an_opening_is_in_sight() {
    let rules = office();
    let time = "2026-11-20T12:00:00Z".parse().unwrap();
    assert_eq!(report(&rules, time, &judge(&rules, time).unwrap(), true).verdict, Verdict::Pending);
    let never = self::rules(json!({ "holidays": (1..=12).flat_map(|month| (1..=31).map(move |day| (month, day)))
        .filter(|(month, day)| format!("2000-{month:02}-{day:02}").parse::<jiff::civil::Date>().is_ok())
        .map(|(month, day)| json!({ "on": format!("{month:02}-{day:02}") })).collect::<Vec<_>>() }));
    let report = report(&never, time, &judge(&never, time).unwrap(), true);
    assert_eq!(report.verdict, Verdict::Fail);
    assert!(report.summary.starts_with("closed, and no opening is in sight"));
}

#[test]
fn what_makes_no_sense_is_named() {
    for (value, words) in [
        (json!({ "zone": "Europe/Berlyn" }), "no time zone `Europe/Berlyn`"),
        (json!({ "allow": [{ "days": ["mo"] }] }), "\"mo\" in `days`"),
        (json!({ "allow": [{ "from": "8:00" }] }), "\"8:00\" in `allow`"),
        (json!({ "allow": [{ "to": "25:00" }] }), "\"25:00\" in `allow`"),
        (json!({ "holidays": [{ "on": "02-30" }] }), "\"02-30\" in `holidays`"),
        (json!({ "freezes": [{ "name": "x", "from": "2026-01-02", "to": "2026-01-01" }] }), "ends before it begins"),
        (json!({ "freezes": [{ "name": "x", "from": "2026-01-02T10:00Z", "to": "2026-01-03" }] }), "freeze `x`"),
        (json!({ "freezes": [{ "name": "x", "from": "soon", "to": "2026-01-03" }] }), "freeze `x`"),
    ] {
        let error = Rules::of(&Config::deserialize(value).unwrap()).unwrap_err();
        assert_eq!(error.code(), "invalid-config");
        assert!(error.message().contains(words), "{error}");
    }
}
