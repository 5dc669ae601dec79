//! Whether a time is open, and when the next opening is. Makes no requests.

use jiff::civil::Time;
use jiff::{Timestamp, ToSpan as _};
use windlass_sdk::prelude::*;

use crate::rules::Rules;

/// How many rules in a row are looked through for the next opening: years of freezes, weekends and holidays.
const MOST: usize = 2_000;

/// What keeps a time closed, until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Closed {
    /// Stable: `freeze:year-end close`, `holiday:Christmas Day`, `hours`.
    pub(crate) id: String,
    /// The rule, as a fragment.
    pub(crate) rule: String,
    /// When this rule alone ends.
    pub(crate) until: Timestamp,
    /// What the rule's author wants people to know.
    pub(crate) reason: Option<String>,
}

/// What a time is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Allowed, by this rule.
    Open { rule: String },
    /// Not allowed: by these rules now, and until then in all, where an opening is in sight.
    Closed { now: Vec<Closed>, later: Vec<Closed>, opens: Option<Timestamp> },
}

/// Looks at a time.
pub(crate) fn judge(rules: &Rules, time: Timestamp) -> Result<Answer> {
    let now = closed(rules, time)?;
    if now.is_empty() {
        return Ok(Answer::Open { rule: open(rules, time)? });
    }
    let mut later: Vec<Closed> = Vec::new();
    let mut at = end(&now, time);
    for _ in 0..MOST {
        let Some(moment) = at else { break };
        let next = closed(rules, moment)?;
        if next.is_empty() {
            return Ok(Answer::Closed { now, later, opens: Some(moment) });
        }
        at = end(&next, moment);
        later.extend(next.into_iter().filter(|rule| !now.iter().any(|known| known.id == rule.id)));
        later.dedup_by(|one, other| one.id == other.id);
    }
    Ok(Answer::Closed { now, later, opens: None })
}

/// The end of the rule that ends last; none when it is not after the time.
fn end(rules: &[Closed], time: Timestamp) -> Option<Timestamp> {
    rules.iter().map(|rule| rule.until).max().filter(|end| *end > time)
}

/// Every rule that closes a time.
fn closed(rules: &Rules, time: Timestamp) -> Result<Vec<Closed>> {
    let mut closed = Vec::new();
    for freeze in rules.freezes.iter().filter(|freeze| freeze.from <= time && time < freeze.to) {
        closed.push(Closed {
            id: format!("freeze:{}", freeze.name),
            rule: format!("freeze `{}` since {}", freeze.name, freeze.zone.words(freeze.from)),
            until: freeze.to,
            reason: freeze.reason.clone(),
        });
    }
    let date = rules.zone.wall(time).date();
    for holiday in rules.holidays.iter().filter(|holiday| holiday.is(date)) {
        closed.push(Closed {
            id: format!("holiday:{}", holiday.name),
            rule: format!("holiday `{}` on {date}", holiday.name),
            until: rules.zone.when(date.checked_add(1.days())?.to_datetime(Time::midnight()))?,
            reason: None,
        });
    }
    if let Some(until) = outside(rules, time)? {
        let listed: Vec<String> = rules.allow.iter().map(ToString::to_string).collect();
        let rule = format!("allowed hours: {}", listed.join("; "));
        closed.push(Closed { id: "hours".to_owned(), rule, until, reason: None });
    }
    Ok(closed)
}

/// When the next allowed hours begin, when the time is in none.
fn outside(rules: &Rules, time: Timestamp) -> Result<Option<Timestamp>> {
    if rules.allow.is_empty() {
        return Ok(None);
    }
    let mut next: Option<Timestamp> = None;
    for hours in &rules.allow {
        if hours.holds(time)?.is_some() {
            return Ok(None);
        }
        next = next.into_iter().chain(hours.next(time)?).min();
    }
    // Hours that a change of clocks swallows every time do not exist; the time itself then means "never".
    Ok(Some(next.unwrap_or(time)))
}

/// The rule that opens a time.
fn open(rules: &Rules, time: Timestamp) -> Result<String> {
    for hours in &rules.allow {
        if let Some(end) = hours.holds(time)? {
            return Ok(format!("allowed hours: {hours}, until {}", rules.zone.words(end)));
        }
    }
    Ok("no freeze and no holiday".to_owned())
}

/// The report for the operator.
pub(crate) fn report(rules: &Rules, time: Timestamp, answer: &Answer, wait: bool) -> Report {
    let zone = &rules.zone;
    match answer {
        Answer::Open { rule } => {
            let title = format!("open at {}: {rule}", zone.words(time));
            let finding = Finding::new("window", Verdict::Pass, title.clone());
            Report::of(vec![finding], title).data(json!({ "open": true, "time": time.to_string() }))
        }
        Answer::Closed { now, later, opens } => {
            let verdict = if wait && opens.is_some() { Verdict::Pending } else { Verdict::Fail };
            let until = match opens {
                Some(opens) => format!("closed until {}", zone.words(*opens)),
                None => "closed, and no opening is in sight".to_owned(),
            };
            let rules: Vec<&str> = now.iter().map(|rule| rule.rule.as_str()).collect();
            let summary = format!("{until}: {}", rules.join("; "));
            let remedy = match opens {
                Some(opens) => {
                    format!(
                        "deploy after {}, or use `--break-glass` with a reason if it cannot wait",
                        zone.words(*opens)
                    )
                }
                None => "correct the rules in release.toml, or use `--break-glass` with a reason".to_owned(),
            };
            let finding = |rule: &Closed, verdict| {
                let title = format!("closed until {} by {}", zone.words(rule.until), rule.rule);
                let title = match &rule.reason {
                    Some(reason) => format!("{title} ({reason})"),
                    None => title,
                };
                Finding::new(rule.id.clone(), verdict, title)
            };
            let mut findings: Vec<Finding> =
                now.iter().map(|rule| finding(rule, verdict).remedy(remedy.clone())).collect();
            // What closes later does not refuse now, but says why the opening is as late as it is.
            findings.extend(later.iter().take(10).map(|rule| {
                let mut finding = finding(rule, Verdict::Warn);
                finding.title = format!("then {}", finding.title);
                finding
            }));
            Report::of(findings, summary).data(json!({
                "open": false,
                "time": time.to_string(),
                "opens": opens.map(|opens| opens.to_string()),
                "rules": now.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>(),
            }))
        }
    }
}

#[cfg(test)]
mod tests;
