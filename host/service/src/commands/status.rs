//! `status`: what the journal says runs, what is observed, and the difference.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use tokio_util::sync::CancellationToken;
use windlass_api::command::ApplicationRef;
use windlass_api::facts::{OpenFact, PartFact, ReleaseFact, StatusFact};
use windlass_api::{Answer, Reply};
use windlass_deployment::Context;
use windlass_domain::{Action, Change, Observation};
use windlass_foundation::explain::ExplainedError;
use windlass_foundation::names::Instance;
use windlass_journal::{Application, Mode, Running};

use super::{holds, lost};
use crate::agent::Agent;
use crate::by_itself::watch;
use crate::facts;
use crate::run::Run;

/// How long the strategy may take to look.
const PATIENCE: Duration = Duration::from_secs(30);

/// At how many applications it looks at once.
const AT_ONCE: usize = 8;

/// Shows one application or all.
pub(super) async fn run(run: &Run, application: Option<&ApplicationRef>) -> Result<Reply, ExplainedError> {
    let name = run.name_or_all(application)?;
    let agent = run.open(Mode::Read).await?;
    let applications = agent.journal.status(name.as_ref())?;
    if let (Some(wanted), true) = (name, applications.is_empty()) {
        return Err(lost::unknown(&agent, wanted.to_string()).await.into());
    }
    // A list, and no iterator: who carries this out in another thread has to know what it holds.
    let looks: Vec<_> = applications.iter().map(|application| self::fact(&agent, application)).collect();
    let applications: Vec<StatusFact> = futures::stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
    if applications.is_empty()
        && let Some(warning) = lost::warning(&agent).await
    {
        run.warn(warning);
    }
    Ok(Reply::succeeded(Answer::Status { applications }))
}

/// Everything about one application.
async fn fact(agent: &Agent, application: &Application) -> Result<StatusFact, ExplainedError> {
    let name = &application.instance;
    let open = agent.journal.open_deployments(Some(name))?.into_iter().next();
    let stuck = agent.journal.stuck(Some(name))?.into_iter().next();
    let running = application.running.as_ref();
    let seen = match running {
        Some(running) => Some(look(agent, name, running).await),
        None => None,
    };
    let (parts, drift, unobserved) = match seen {
        Some(Ok((observation, drift))) => (Some(observation.parts.iter().map(PartFact::from).collect()), drift, None),
        Some(Err(reason)) => (None, Vec::new(), Some(reason)),
        None => (None, Vec::new(), None),
    };
    let holds = holds::fact(agent, name)?;
    let watched = running.and_then(|running| watch::of(agent, running));
    Ok(StatusFact {
        application: name.to_string(),
        environment: application.latest.environment.clone(),
        release: running.map(|running| {
            let shared = agent.journal.shares_label(name, &running.release.version).unwrap_or(false);
            ReleaseFact::of(&running.release, shared)
        }),
        deployment: running.map(|running| running.deployment.clone()),
        by: running.and_then(|running| {
            let by = agent.journal.asked_by(&running.deployment).unwrap_or_default();
            by.map(|by| by.sentence())
        }),
        since: running.map(|running| running.since.to_string()),
        parts,
        unobserved,
        drift,
        found: agent.journal.concerns(name)?.iter().map(facts::found).collect(),
        watched_until: watched.map(|watched| watched.until.to_string()),
        open: open.map(|open| OpenFact {
            deployment: open.id,
            version: open.version,
            started: open.started.to_string(),
            // One that was killed is still in the journal.
            holder: application
                .holder
                .as_ref()
                .filter(|_| windlass_deployment::is_held(&agent.engine, name))
                .map(ToString::to_string),
        }),
        stuck: stuck.map(|stuck| {
            let failure = stuck.failure.map(|failure| format!(": {failure}")).unwrap_or_default();
            format!("deployment {}{failure}", stuck.id)
        }),
        frozen: holds.frozen,
        pinned: holds.pinned,
        quarantined: holds.quarantined,
        outbox: agent
            .journal
            .undelivered(name)?
            .into_iter()
            .map(|delivery| facts::delivery(name.as_str(), &delivery))
            .collect(),
    })
}

/// What is observed, and where it is not what was deployed: what deploying the running release again would change.
pub(crate) async fn look(
    agent: &Agent,
    name: &Instance,
    running: &Running,
) -> Result<(Observation, Vec<String>), String> {
    let about = windlass_deployment::about_running(&agent.engine, name, running).map_err(|error| error.to_string())?;
    let context = Context {
        instance: name.clone(),
        about: Arc::new(about),
        source: "status".to_owned(),
        attempt: 1,
        deadline: PATIENCE,
        cancelled: CancellationToken::new(),
        last_facts: Arc::default(),
    };
    let outside = &agent.engine.backend;
    let looks = tokio::try_join!(outside.observe(&context), outside.plan(&context));
    let (observation, plan) = looks.map_err(|error| error.message())?;
    Ok((observation, plan.changes.iter().filter_map(drift).collect()))
}

/// A difference between what runs and the release, in words; none where there is no difference.
fn drift(change: &Change) -> Option<String> {
    let (subject, cause) = (&change.subject, &change.cause);
    match change.action {
        Action::Keep => None,
        Action::Create => Some(format!("{subject} is missing")),
        Action::Remove => Some(format!("{subject} is there, but not in the release")),
        Action::Replace | Action::Update => Some(format!("{subject} is not as deployed: {cause}")),
    }
}
