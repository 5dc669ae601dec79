//! Goes on with what an earlier agent left: open deployments, events that it took, and operations that were cut off.

use std::sync::Arc;

use windlass_api::ErrorFact;
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_foundation::names::Instance;
use windlass_foundation::principal::Principal;

use super::Operations;
use super::carrying::{resume, resumption};
use crate::announcement::Announcement;
use crate::event_log::Heading;
use crate::inbox::{MOST_TRIES, Taken};
use crate::operation::Operation;

impl Operations {
    /// Goes on with what an earlier agent left: open deployments are resumed, each in its own stream, and what else was cut
    /// off is told its end.
    pub(crate) async fn take_over(self: &Arc<Self>) -> Result<usize, ExplainedError> {
        let open = self.service.open_deployments().await?;
        let is_open = |operation: &str| open.iter().any(|(id, _)| id == operation);
        let mut taken = self.inbox.all().unwrap_or_default();
        taken.retain(|taken| !is_open(&taken.operation));
        let taken = self.unfinished(taken).await;
        for heading in self.logs.headings().unwrap_or_default() {
            if !is_open(&heading.operation) && taken.iter().all(|taken| taken.operation != heading.operation) {
                self.cut_off(&heading.operation).await;
            }
        }
        let mut applications: Vec<Instance> = Vec::new();
        for (id, instance) in open {
            if !applications.contains(&instance) {
                self.resume(&id, &instance);
                applications.push(instance);
            }
        }
        let resumed: Vec<_> = self.known().running.values().cloned().collect();
        for taken in taken {
            self.begin_again(taken, &resumed);
        }
        Ok(applications.len())
    }

    /// Those events that an earlier agent took and did not finish, apart from one that was begun too often. The others are removed.
    async fn unfinished(&self, taken: Vec<Taken>) -> Vec<Taken> {
        let mut unfinished = Vec::new();
        for taken in taken {
            let taken = Taken { tries: taken.tries.saturating_add(1), ..taken };
            let has_ended = self.service.ended(&taken.operation).await.ok().flatten().is_some();
            // An end of one that cannot be noted as begun again would come round for ever.
            if has_ended {
                self.inbox.remove(&taken.operation);
            } else if taken.tries > MOST_TRIES || self.inbox.keep(&taken).is_err() {
                self.inbox.remove(&taken.operation);
                let heading = Heading::of_event(taken.operation, &taken.event);
                (self.announce)(Announcement::Ended {
                    operation: Operation::begin(heading, &self.logs).named(),
                    exit: ExitCode::Interrupted,
                    error: Some("the agent ended each time that it was begun".to_owned()),
                });
            } else {
                unfinished.push(taken);
            }
        }
        unfinished
    }

    /// Begins once more what an event started when an earlier agent ended, in the same stream.
    fn begin_again(self: &Arc<Self>, taken: Taken, after: &[Arc<Operation>]) {
        let heading = Heading { since: taken.since, ..Heading::of_event(taken.operation.clone(), &taken.event) };
        let kept = self.logs.read(&taken.operation).ok().zip(self.logs.go_on(&taken.operation).ok());
        let operation = match kept {
            Some((kept, file)) => Operation::kept(kept, Some(file), &self.logs),
            None => Operation::begin(heading, &self.logs),
        };
        self.carry_out_event(&mut self.known(), &Arc::new(operation), taken, after);
    }

    /// Tells the end of an operation whose agent ended first, and that left no open deployment: the end is in the journal, or
    /// there was no deployment yet.
    async fn cut_off(&self, id: &str) {
        let Ok(kept) = self.logs.read(id) else { return };
        let operation = Operation::kept(kept, self.logs.go_on(id).ok(), &self.logs);
        if operation.told_end().is_some() {
            return;
        }
        let ended = self.service.ended(id).await.ok().flatten();
        operation.end(ended.ok_or_else(|| {
            let text =
                format!("the agent ended while `{}` ran, and no deployment of it is open", operation.heading.command);
            let hint = "`windlass history` lists all deployments; run the command again where it is not among them";
            ErrorFact::new(ExitCode::Interrupted, text).with_hint(hint)
        }));
    }

    /// Resumes the open deployment of an instance. Who listens hears it as one deployment.
    fn resume(self: &Arc<Self>, id: &str, instance: &Instance) {
        let operation = if let Ok(kept) = self.logs.read(id) {
            let Ok(file) = self.logs.go_on(id) else { return };
            let (heading, operation) = (kept.heading.clone(), Operation::kept(kept, Some(file), &self.logs));
            // Who listened was told that it was left open, and that is an end.
            if operation.told_end().is_some() { Operation::begin(heading, &self.logs) } else { operation }
        } else {
            // It was begun by a process that was not the agent.
            Operation::begin(Heading::new(id.to_owned(), Principal::agent(), &resume(instance), None), &self.logs)
        };
        let operation = Arc::new(operation);
        self.changes.follow(&operation);
        let work = Arc::clone(self).done(operation.clone(), resumption(instance));
        self.spawn(&mut self.known(), &operation, work);
    }
}
