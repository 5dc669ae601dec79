//! A deployment: resolve, plan, check, apply, verify, record, sweep; and back again when anything fails.
//!
//! This file is the flow. Recovery has no code of its own: each function looks at the journal's account of the
//! deployment and skips what is done, so an interrupted one goes through the same lines again.

mod engine;
mod error;
mod outside;
mod request;
mod stop;

pub use self::engine::{Engine, Pace};
pub use self::error::Error;
pub use self::outside::{Answering, Context, OnDoubt, Orders, Outside, Probe};
pub use self::request::{Ending, Gated, PLAN_FILE_FORMAT, PlanFile, Planned, Request, Source, Target, hint_of};
pub use self::stop::Stop;

use windlass_documents::Failure;

/// What becomes of a deployment that was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onward {
    /// It is finished.
    Forward,
    /// What it touched is put back.
    Back,
}

/// Deploys, from the wish to the end. A deployment of the application that was interrupted is finished first.
pub async fn run(engine: &Engine, request: Request, stop: &Stop) -> Result<Ending, Error> {
    let _ = (engine, request, stop);
    Err(not_yet())
}

/// Continues the open deployment of an application.
pub async fn resume(
    engine: &Engine,
    application: &str,
    actor: &str,
    onward: Onward,
    stop: &Stop,
) -> Result<Ending, Error> {
    let _ = (engine, application, actor, onward, stop);
    Err(not_yet())
}

/// A person answers for a stuck deployment. With `Resolution::RetryUndo` it is unwound once more, and ends again.
pub async fn resolve(
    engine: &Engine,
    application: &str,
    actor: &str,
    reason: &str,
    resolution: crate::journal::Resolution,
    stop: &Stop,
) -> Result<Option<Ending>, Error> {
    let _ = (engine, application, actor, reason, resolution, stop);
    Err(not_yet())
}

/// What a deployment would do. Changes nothing and needs no lock.
pub async fn plan_only(engine: &Engine, application: &str, target: &Target, stop: &Stop) -> Result<Planned, Error> {
    let _ = (engine, application, target, stop);
    Err(not_yet())
}

/// What a deployment would do and what the gates say about it now. Changes nothing and needs no lock.
pub async fn check_only(engine: &Engine, request: &Request, stop: &Stop) -> Result<Gated, Error> {
    let _ = (engine, request, stop);
    Err(not_yet())
}

fn not_yet() -> Error {
    Error::Failed(Failure {
        code: "unsupported".to_owned(),
        message: "the engine is not built yet".to_owned(),
        retryable: false,
        details: None,
    })
}
