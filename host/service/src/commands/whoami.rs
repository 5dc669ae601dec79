//! `whoami`: who asks, and what they may do here.

use windlass_api::facts::{AccessFact, PrincipalFact, RightsFact};
use windlass_api::{Answer, Reply};
use windlass_config::Right;
use windlass_foundation::explain::ExplainedError;

use crate::access;
use crate::run::Run;

/// Looks at the operator's rules, and at nothing else.
pub(super) fn run(run: &Run) -> Result<Reply, ExplainedError> {
    let allowed = access::allowed(&*run.config()?, &run.principal, run.asked);
    let words = |rights: Vec<Right>| rights.into_iter().map(|right| right.word().to_owned()).collect();
    let access = AccessFact {
        principal: PrincipalFact::from(&run.principal),
        everywhere: words(allowed.everywhere),
        applications: allowed
            .applications
            .into_iter()
            .map(|(application, rights)| RightsFact { application, may: words(rights) })
            .collect(),
    };
    Ok(Reply::succeeded(Answer::Whoami { access }))
}
