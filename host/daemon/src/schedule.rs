//! What is due next, and when: the one place that knows it.
//!
//! Time is passed in and nothing here waits, so that a test needs none. What is begun is not due again before it has ended,
//! and whoever asks for it meanwhile gets it once more afterwards.

use std::collections::BTreeMap;

use tokio::time::Instant;

/// Chores by when each is due.
#[derive(Debug)]
pub(super) struct Schedule<Chore> {
    chores: BTreeMap<Chore, When>,
}

#[derive(Debug, Clone, Copy)]
enum When {
    /// It waits for its time.
    Due(Instant),
    /// It was begun, and is due again then.
    Begun(Option<Instant>),
}

impl<Chore: Ord + Clone> Schedule<Chore> {
    pub(super) fn new() -> Self {
        Self { chores: BTreeMap::new() }
    }

    /// It is due then at the latest.
    pub(super) fn by(&mut self, chore: Chore, time: Instant) {
        let when = match self.chores.get(&chore) {
            None => When::Due(time),
            Some(When::Due(due)) => When::Due(time.min(*due)),
            Some(When::Begun(again)) => When::Begun(Some(again.map_or(time, |again| again.min(time)))),
        };
        self.chores.insert(chore, when);
    }

    /// What is due now, and so is begun.
    pub(super) fn begin(&mut self, now: Instant) -> Vec<Chore> {
        let due = |when: &When| matches!(when, When::Due(due) if *due <= now);
        let begun: Vec<Chore> =
            self.chores.iter().filter(|(_, when)| due(when)).map(|(chore, _)| chore.clone()).collect();
        for chore in &begun {
            self.chores.insert(chore.clone(), When::Begun(None));
        }
        begun
    }

    /// One that was begun has ended, and is due again then; none means never, unless it is asked for.
    pub(super) fn end(&mut self, chore: &Chore, next: Option<Instant>) {
        if let Some(When::Begun(again)) = self.chores.remove(chore)
            && let Some(next) = [again, next].into_iter().flatten().min()
        {
            self.chores.insert(chore.clone(), When::Due(next));
        }
    }

    /// When something is due next; none where nothing is.
    pub(super) fn next(&self) -> Option<Instant> {
        let due = |when: &When| match when {
            When::Due(due) => Some(*due),
            When::Begun(_) => None,
        };
        self.chores.values().filter_map(due).min()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn nothing_is_due_before_its_time_and_everything_at_it() {
        let start = Instant::now();
        let mut schedule = Schedule::new();
        assert_eq!(schedule.next(), None, "who has nothing to do sleeps");
        schedule.by("drift", at(start, 300));
        schedule.by("watch", at(start, 30));
        assert_eq!(schedule.next(), Some(at(start, 30)));
        assert!(schedule.begin(at(start, 29)).is_empty());
        assert_eq!(schedule.begin(at(start, 30)), ["watch"]);
        // What goes on is not due, however long it takes.
        assert_eq!(schedule.next(), Some(at(start, 300)));
        assert!(schedule.begin(at(start, 299)).is_empty());
        schedule.end(&"watch", Some(at(start, 330)));
        assert_eq!(schedule.begin(at(start, 300)), ["drift"]);
        schedule.end(&"drift", None);
        assert_eq!(schedule.begin(at(start, 330)), ["watch"]);
        schedule.end(&"watch", None);
        assert_eq!(schedule.next(), None);
    }

    #[test]
    fn the_earliest_time_counts_and_what_is_asked_for_meanwhile_is_not_lost() {
        let start = Instant::now();
        let mut schedule = Schedule::new();
        schedule.by("deliver", at(start, 60));
        schedule.by("deliver", at(start, 10));
        schedule.by("deliver", at(start, 90));
        assert_eq!(schedule.begin(at(start, 10)), ["deliver"]);
        schedule.by("deliver", at(start, 11));
        assert!(schedule.begin(at(start, 12)).is_empty(), "it goes on");
        schedule.end(&"deliver", Some(at(start, 500)));
        assert_eq!(schedule.begin(at(start, 12)), ["deliver"], "it was asked for after it had begun");
        schedule.end(&"deliver", Some(at(start, 500)));
        assert_eq!(schedule.next(), Some(at(start, 500)));
        // What was never begun does not end.
        schedule.end(&"watch", Some(at(start, 1)));
        assert_eq!(schedule.next(), Some(at(start, 500)));
    }
}
