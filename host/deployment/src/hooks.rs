//! Hooks for tests: a step that fails after it did its work, steps and undos that run twice.
//!
//! `WINDLASS_TEST_FAIL_STEP`, `WINDLASS_TEST_REPEAT_STEP` and `WINDLASS_TEST_REPEAT_UNDO` hold a step's id, or `*` for
//! all. `before:ID` fails the step before it does anything. Without the variables everything is passed on.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use windlass_domain::{Event, Observation, Plan, Release, Report, Step};
use windlass_foundation::explain::FailureKind;
use windlass_foundation::hooks::variable;
use windlass_foundation::names::Instance;

use super::backend::{BackendError, BackendFuture, Context, DeploymentBackend, DeploymentSettings, Resolved};
use super::request::{PlanFile, Source};

/// An outside where some things go wrong on purpose.
pub struct Hooked {
    /// What it passes everything on to.
    pub inside: Arc<dyn DeploymentBackend>,
    /// The step that fails after its work, or with `before:` in front of it instead.
    pub fail_step: Option<String>,
    /// The step that is applied twice.
    pub repeat_step: Option<String>,
    /// The step that is undone twice.
    pub repeat_undo: Option<String>,
}

impl Hooked {
    /// The outside as it is, or with the hooks that the environment names.
    #[must_use]
    pub fn from_environment(inside: Arc<dyn DeploymentBackend>) -> Arc<dyn DeploymentBackend> {
        let fail_step = variable("WINDLASS_TEST_FAIL_STEP");
        let repeat_step = variable("WINDLASS_TEST_REPEAT_STEP");
        let repeat_undo = variable("WINDLASS_TEST_REPEAT_UNDO");
        if fail_step.is_none() && repeat_step.is_none() && repeat_undo.is_none() {
            return inside;
        }
        Arc::new(Self { inside, fail_step, repeat_step, repeat_undo })
    }
}

fn names(hook: Option<&String>, step: &Step) -> bool {
    hook.is_some_and(|hook| hook == "*" || *hook == step.id)
}

impl DeploymentBackend for Hooked {
    fn resolve<'a>(&'a self, instance: &'a Instance, source: &'a Source) -> BackendFuture<'a, Resolved> {
        self.inside.resolve(instance, source)
    }

    fn seal(&self, file: PlanFile) -> BackendFuture<'_, PlanFile> {
        self.inside.seal(file)
    }

    fn vouch<'a>(&'a self, file: &'a PlanFile) -> BackendFuture<'a, ()> {
        self.inside.vouch(file)
    }

    fn settings<'a>(&'a self, release: &'a Release) -> BackendFuture<'a, DeploymentSettings> {
        self.inside.settings(release)
    }

    fn missing<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Vec<String>> {
        self.inside.missing(context)
    }

    fn prune<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Vec<String>> {
        self.inside.prune(context)
    }

    fn observe<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Observation> {
        self.inside.observe(context)
    }

    fn plan<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Plan> {
        self.inside.plan(context)
    }

    fn apply<'a>(&'a self, context: &'a Context, step: &'a Step) -> BackendFuture<'a, Value> {
        async move {
            let failed = || BackendError::new(FailureKind::read("test"), "failed on purpose");
            if self.fail_step.as_deref().and_then(|hook| hook.strip_prefix("before:")) == Some(step.id.as_str()) {
                return Err(failed());
            }
            if names(self.repeat_step.as_ref(), step) {
                self.inside.apply(context, step).await?;
            }
            let output = self.inside.apply(context, step).await?;
            if names(self.fail_step.as_ref(), step) { Err(failed()) } else { Ok(output) }
        }
        .boxed()
    }

    fn undo<'a>(&'a self, context: &'a Context, step: &'a Step, output: Option<&'a Value>) -> BackendFuture<'a, ()> {
        async move {
            if names(self.repeat_undo.as_ref(), step) {
                self.inside.undo(context, step, output).await?;
            }
            self.inside.undo(context, step, output).await
        }
        .boxed()
    }

    fn verify<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Report> {
        self.inside.verify(context)
    }

    fn check<'a>(&'a self, context: &'a Context, name: &'a str) -> BackendFuture<'a, Report> {
        self.inside.check(context, name)
    }

    fn smoke<'a>(&'a self, context: &'a Context, name: &'a str) -> BackendFuture<'a, Report> {
        self.inside.smoke(context, name)
    }

    fn absences(&self) -> usize {
        self.inside.absences()
    }

    fn was_away(&self) -> BoxFuture<'_, bool> {
        self.inside.was_away()
    }

    fn deliver<'a>(
        &'a self,
        context: &'a Context,
        recorder: &'a str,
        event: &'a Event,
    ) -> BackendFuture<'a, Option<Value>> {
        self.inside.deliver(context, recorder, event)
    }
}
