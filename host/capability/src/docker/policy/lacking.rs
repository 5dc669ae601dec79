//! The grants that an operator would have to add for a whole plan. They are collected while the plan is judged as if
//! they were granted, so that everything missing is reported at once, with the lines for all of it.
//!
//! What no grant allows is not here: it stays a failure where it is found.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;
use serde_json::json;
use windlass_domain::Failure;
use windlass_foundation::explain::shorten;

use super::super::failure::failure;
use super::{ContainerGrant, DockerScope, grant_lines, may_not};

/// One thing that the operator could grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lack {
    /// A danger, by its name.
    Danger(String),
    /// A directory of the host.
    Root(PathBuf),
    /// A range of addresses.
    Subnet(IpNet),
}

impl Lack {
    /// Adds it to what is granted.
    pub(super) fn add_to(&self, grant: &mut ContainerGrant) {
        match self {
            Self::Danger(danger) => {
                grant.allow.insert(danger.clone());
            }
            Self::Root(root) if !grant.bind_roots.contains(root) => grant.bind_roots.push(root.clone()),
            Self::Subnet(range) if !grant.subnets.contains(range) => grant.subnets.push(*range),
            Self::Root(_) | Self::Subnet(_) => {}
        }
    }
}

/// A denial that a grant would lift.
#[derive(Debug, Clone)]
pub(crate) struct Denial {
    /// The field that asks for it.
    pub(super) field: String,
    /// What it asks for.
    pub(super) value: String,
    /// More than that it is not granted, where there is more to say.
    pub(super) why: Option<String>,
    /// What to grant.
    pub(super) lack: Lack,
}

/// All that is lacking so far.
#[derive(Debug, Default)]
pub(crate) struct Lacking(Mutex<Collected>);

#[derive(Debug, Default)]
struct Collected {
    /// What is judged now: `container kudos-web-1`.
    about: String,
    /// Each once, with what it is about.
    denials: Vec<(String, Denial)>,
    /// The sentences that were reported already.
    told: BTreeSet<String>,
}

impl Lacking {
    fn lock(&self) -> MutexGuard<'_, Collected> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What comes next is about this object.
    pub(crate) fn about(&self, object: String) {
        self.lock().about = object;
    }

    pub(super) fn add(&self, denial: Denial) {
        let mut all = self.lock();
        let about = all.about.clone();
        let sentence = sentence(&about, &denial);
        if all.told.insert(sentence) {
            all.denials.push((about, denial));
        }
    }

    /// Everything, with what it is about.
    pub(crate) fn found(&self) -> Vec<(String, Lack)> {
        self.lock().denials.iter().map(|(about, denial)| (about.clone(), denial.lack.clone())).collect()
    }

    /// One failure for everything, with the lines that allow all of it; none where nothing is lacking.
    pub(crate) fn failure(&self, scope: &DockerScope, granted: &ContainerGrant) -> Option<Failure> {
        let all = self.lock();
        let mut wanted = granted.clone();
        for (_, denial) in &all.denials {
            denial.lack.add_to(&mut wanted);
        }
        match all.denials.as_slice() {
            [] => None,
            [(about, denial)] => {
                let message = may_not(scope, &denial.field, &denial.value, denial.why.as_deref());
                Some(denied(scope, format!("{}{message}", prefix(about)), &wanted))
            }
            several => {
                let each: Vec<String> = several.iter().map(|(about, denial)| sentence(about, denial)).collect();
                let message = format!(
                    "plugin `{}` may not create {} things of this plan for application `{}`, because the operator has not \
                     granted them:\n{}",
                    scope.plugin,
                    several.len(),
                    scope.about.application,
                    each.join("\n")
                );
                Some(denied(scope, message, &wanted))
            }
        }
    }
}

/// What a sentence is about, where that is said.
fn prefix(about: &str) -> String {
    if about.is_empty() { String::new() } else { format!("{about}: ") }
}

fn sentence(about: &str, denial: &Denial) -> String {
    let about = prefix(about);
    let why = denial.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    format!("{about}`{}` = `{}`{why}", denial.field, shorten(&denial.value))
}

/// A failure with the lines that lift it.
pub(super) fn denied(scope: &DockerScope, message: String, wanted: &ContainerGrant) -> Failure {
    Failure {
        details: Some(json!({
            "grant": grant_lines(scope, wanted),
            "hint": "an operator who trusts the plugin with this can add the lines to `agent.toml`",
        })),
        ..failure("capability-denied", message)
    }
}
