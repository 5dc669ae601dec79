//! The domain's model, as the agent and its plugins share it: releases, plans, steps, outcomes, events.
//!
//! All of it crosses the plugin contract as JSON documents.
//!
//! Where `wit/` says `json` with a schema, the schema is that of a type here, and `windlass schema NAME` prints it.
//! The host and the guest SDK share these types; authors in other languages use the schemas.
//!
//! Growth: fields may be added, with a default. A field is never removed, renamed or given another meaning within
//! a format number. Readers ignore what they do not know, so an older plugin reads a newer document.
//!
//! There is no behaviour here beyond what follows from the data alone.

mod document;
mod event;
mod observation;
mod plan;
pub mod reference;
mod release;
mod report;

pub use document::{Built, BundledFile, Proof, RELEASE_DOCUMENT_FORMAT, ReleaseDocument, VERIFICATION};
pub use event::{EVENT_FORMAT, Event, Found, NamedReport, Outcome};
pub use observation::{OBSERVATION_FORMAT, Observation, Part};
pub use plan::{Action, Change, Difference, PLAN_FORMAT, Phase, Plan, Step, When};
pub use release::{Artifact, Bundle, Migration, RELEASE_FORMAT, Release};
pub use report::{Failure, Finding, Report, Verdict};
