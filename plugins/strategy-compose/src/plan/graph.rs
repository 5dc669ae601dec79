//! Which step of a service others wait for.

use std::collections::BTreeMap;

use windlass_compose::Condition;

/// The steps of one container that others may need. None for what is true already.
#[derive(Debug, Clone, Default)]
pub(super) struct Milestones {
    /// It was started.
    pub(super) started: Option<String>,
    /// It is healthy, or has ended well.
    pub(super) ready: Option<String>,
}

/// What a service waits for along `depends_on`.
pub(super) fn gates<'a>(
    depends_on: impl Iterator<Item = (&'a String, Condition)>,
    milestones: &BTreeMap<String, Vec<Milestones>>,
) -> Vec<String> {
    depends_on
        .flat_map(|(name, condition)| {
            let reached = milestones.get(name).map(Vec::as_slice).unwrap_or_default();
            reached.iter().filter_map(move |reached| match condition {
                Condition::Started => reached.started.clone(),
                Condition::Healthy | Condition::Completed => reached.ready.clone(),
            })
        })
        .collect()
}
