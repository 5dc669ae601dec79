//! The sweep on schedule: what a deployment removes when it succeeded, removed without one.

use windlass_deployment::Stop;
use windlass_foundation::explain::ExplainedError;
use windlass_journal::Mode;

use super::Findings;
use crate::Service;

impl Service {
    /// Removes what earlier releases left behind and no kept release needs, for each application without a deployment that
    /// goes on. Says what went.
    ///
    /// # Errors
    /// When the operator's file, the journal or a lock cannot be used.
    pub(crate) async fn sweep(&self, stop: &Stop) -> Result<Findings, ExplainedError> {
        let run = self.by_itself();
        let agent = run.open(Mode::Write).await?;
        let mut findings = Findings::default();
        for known in agent.journal.status(None)? {
            if stop.asked() {
                break;
            }
            let instance = &known.instance;
            match Box::pin(windlass_deployment::sweep_only(&agent.engine, instance, &run.principal, stop)).await {
                Ok(went) => findings.told.extend(
                    went.into_iter()
                        .map(|thing| format!("{instance}: sweep: removed the {thing}, which no kept release needs")),
                ),
                // The deployment sweeps by itself.
                Err(windlass_deployment::Error::Busy { .. }) => {}
                // One application that cannot be swept does not keep the others from it.
                Err(windlass_deployment::Error::Failed(failure)) => {
                    findings.told.push(format!("{instance}: sweep: not all was removed: {}", failure.message()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(findings)
    }
}
