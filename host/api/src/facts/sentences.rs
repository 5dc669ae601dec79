//! What facts come to in a sentence, so that the terminal and a page say the same. How it looks is not known here.

use windlass_foundation::explain::NOT_WELL;
use windlass_foundation::words;

use super::{DeliveryFact, DeploymentFact, Health, HistoryFact, ReleaseFact, StatusFact};

/// What a person should know about an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// How bad it is.
    pub health: Health,
    /// The word in front, with its colon.
    pub heading: &'static str,
    /// What, and what can be done about it.
    pub text: String,
}

impl DeploymentFact {
    /// How it ended: `succeeded`, and `kudos v2 runs in uat`.
    #[must_use]
    pub fn sentence(&self) -> (&str, String) {
        let version = self.release.as_ref().map_or("", ReleaseFact::name);
        let what =
            if version.is_empty() { self.application.clone() } else { format!("{} {version}", self.application) };
        let previous = self.afterwards();
        let place = &self.environment;
        let stopped = self.failure.as_ref().map_or("stopped", |failure| failure.message.as_str());
        match self.outcome.as_str() {
            "refused" if self.cancelled => {
                ("cancelled", format!("{what} was {stopped} in {place}; nothing was touched"))
            }
            "rolled-back" if self.cancelled => ("cancelled", format!("{what} was {stopped} in {place}; {previous}")),
            "succeeded" if self.rollback => ("succeeded", format!("{what} runs in {place} again")),
            "succeeded" => ("succeeded", format!("{what} runs in {place}")),
            "unchanged" => ("unchanged", format!("{what} already runs in {place}; nothing was touched")),
            "refused" if self.failure.as_ref().is_some_and(|failure| failure.code == NOT_WELL) => {
                ("refused", format!("{what} is what runs in {place}, and it is not well; nothing was touched"))
            }
            "refused" => ("refused", format!("{what} was not deployed to {place}; nothing was touched")),
            "rolled-back" => ("rolled back", format!("{what} failed in {place}; {previous}")),
            "stuck" => (
                "stuck",
                format!("{what} failed in {place}, and putting the old version back failed too; it needs a person"),
            ),
            "resolved" => ("resolved", format!("{} in {place} can be deployed again", self.application)),
            "open" => ("open", format!("{what} in {place} has not ended")),
            other => (other, what),
        }
    }

    /// What runs after it was rolled back: what was seen, where it was looked at.
    fn afterwards(&self) -> String {
        match (&self.previous, self.runs, &self.trouble) {
            (None, Some(true), _) => "what ran before, which windlass did not deploy, runs as before".to_owned(),
            (None, ..) => "nothing of it runs, as before".to_owned(),
            (Some(previous), Some(false), _) => {
                format!("nothing of it runs, as before: {} did not run when the deployment began", previous.name())
            }
            (Some(previous), _, Some(trouble)) => {
                format!("{} is back as it was before, which is not well: {trouble}", previous.name())
            }
            (Some(previous), _, None) => format!("{} runs as before", previous.name()),
        }
    }
}

impl HistoryFact {
    /// The word for how it ended. One that a user stopped did not fail, so it is `cancelled`.
    #[must_use]
    pub fn word(&self) -> String {
        if self.cancelled { "cancelled".to_owned() } else { self.outcome.replace('-', " ") }
    }
}

impl StatusFact {
    /// What is the matter with it in a few words, and how bad that is.
    #[must_use]
    pub fn state(&self) -> (Health, &'static str) {
        if self.stuck.is_some() {
            (Health::Bad, "stuck")
        } else if self.open.is_some() {
            (Health::Warn, "a deployment is open")
        } else if self.release.is_none() && self.parts.as_ref().is_none_or(Vec::is_empty) {
            (Health::Note, "nothing of it was deployed with success yet")
        } else if self.release.is_none() {
            (Health::Warn, "runs, but was not deployed by windlass")
        } else if self.unobserved.is_some() {
            (Health::Warn, "not observed")
        } else if !self.drift.is_empty() {
            (Health::Warn, "drifted")
        } else if self.ill().next().is_some() {
            (Health::Bad, "runs, and is not well")
        } else {
            (Health::Well, "runs as deployed")
        }
    }

    /// What is not well of what is observed, one sentence each.
    pub fn ill(&self) -> impl Iterator<Item = String> {
        // A part that has no version and does not run was left in the project by another party. It does not belong to the
        // application.
        let parts = self.parts.iter().flatten().filter(|part| part.version.is_some() || part.state == "running");
        parts.filter_map(|part| part.trouble.as_ref().map(|trouble| format!("{} {trouble}", part.instance)))
    }

    /// What a person should know.
    #[must_use]
    pub fn remarks(&self) -> Vec<Remark> {
        let mut remarks = Vec::new();
        let mut remark = |health, heading, text| remarks.push(Remark { health, heading, text });
        let application = &self.application;
        if let Some(stuck) = &self.stuck {
            let text = format!("{stuck}; put it right by hand, then `windlass resolve {application} --reason …`");
            remark(Health::Bad, "stuck:", text);
        }
        if let Some(open) = &self.open {
            let version = open.version.as_ref().map_or_else(String::new, |version| format!(" of {version}"));
            let started = words::time(&open.started);
            let rest = match &open.holder {
                Some(holder) => format!("; {holder} works on it"),
                None => format!("; it was interrupted: `windlass resume {application}` finishes or unwinds it"),
            };
            remark(Health::Warn, "open:", format!("deployment {}{version} since {started}{rest}", open.deployment));
        }
        if let Some(unobserved) = &self.unobserved {
            remark(Health::Warn, "not observed:", unobserved.clone());
        }
        for drift in &self.drift {
            remark(Health::Warn, "drift:", drift.clone());
        }
        for found in &self.found {
            // Drift that is seen now is said already.
            if found.by == "drift" && !self.drift.is_empty() {
                continue;
            }
            let what = found.what.as_deref().unwrap_or("as it was deployed");
            let heading = if found.by == "drift" { "drift:" } else { "watch:" };
            remark(Health::Bad, heading, format!("{what}, since {}", words::time(&found.since)));
        }
        if let Some(until) = &self.watched_until {
            remark(Health::Note, "watched", format!("until {}", words::time(until)));
        }
        // What is said as drift is said once: both end with what was seen.
        let said = |trouble: &str| {
            let causes = self.drift.iter().filter_map(|drift| drift.rsplit(": ").next());
            causes.into_iter().any(|cause| trouble.ends_with(cause))
        };
        for trouble in self.ill().filter(|trouble| !said(trouble)) {
            remark(Health::Bad, "not well:", trouble);
        }
        if let Some(frozen) = &self.frozen {
            remark(Health::Warn, "frozen:", frozen.clone());
        }
        if let Some(pinned) = &self.pinned {
            remark(Health::Warn, "pinned:", pinned.clone());
        }
        for version in &self.quarantined {
            remark(Health::Warn, "quarantined:", version.clone());
        }
        for delivery in &self.outbox {
            let (health, heading) = delivery.heading();
            remark(health, heading, delivery.sentence());
        }
        remarks
    }
}

impl DeliveryFact {
    /// The word in front of its sentence, and how bad it is.
    #[must_use]
    pub fn heading(&self) -> (Health, &'static str) {
        if self.is_set_aside() { (Health::Bad, "not recorded:") } else { (Health::Warn, "outbox:") }
    }

    /// The recorder, the reason, and what a person can do.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { recorder, deployment, number, .. } = self;
        let failure = self.failure.as_ref().map(|failure| format!(": {failure}")).unwrap_or_default();
        let version = self.version.as_ref().map(|version| format!(" ({version})")).unwrap_or_default();
        if self.is_set_aside() {
            let hint = self.advice().map(|advice| format!("; {advice}")).unwrap_or_default();
            return format!(
                "recorder {recorder} rejected deployment {deployment}{version} for good{failure}{hint}; `windlass outbox \
                 drop {number} --reason …` removes it, `windlass outbox retry {number}` puts it back into the queue"
            );
        }
        let due = self.due.as_deref().map(words::time).unwrap_or_default();
        let tried = match usize::try_from(self.attempts).unwrap_or(usize::MAX) {
            0 => "has not been tried yet".to_owned(),
            attempts => format!("failed, tried {}", words::count(attempts, "time")),
        };
        format!(
            "recorder {recorder}: delivery of deployment {deployment}{version} {tried}{failure}; the next deployment after \
             {due} tries again, or `windlass outbox flush` now"
        )
    }
}
