//! `networks.*.ipam.config` of two files, merged as Docker Compose merges it.
//!
//! Ranges of the same subnet are merged, and where the later file names another subnet, the earlier one is dropped.
//! Compose compares each range with each, and so does this; lists that would make that long are refused.

use super::{Mode, merge};
use crate::Problem;
use crate::yaml::Node;

/// The most pairs of ranges that are compared; no real network has so many ranges.
const MOST_PAIRS: usize = 10_000;

/// A range of the result: one of the earlier file, perhaps changed, or one of the later.
#[derive(Clone, Copy)]
enum Kept {
    Earlier(usize),
    Later(usize),
}

pub(super) fn merged(mut earlier: Vec<Node>, later: &[Node]) -> Result<Vec<Node>, Problem> {
    if let Some(last) = later.last().filter(|_| earlier.len().saturating_mul(later.len()) > MOST_PAIRS) {
        return Err(Problem::at(&last.position, "more address ranges than can be merged"));
    }
    let mut kept: Vec<Kept> = Vec::new();
    for ours in 0..earlier.len() {
        for (theirs, range) in later.iter().enumerate() {
            let of = |kept: &Kept, earlier: &[Node]| match kept {
                Kept::Earlier(place) => earlier.get(*place).and_then(subnet),
                Kept::Later(place) => later.get(*place).and_then(subnet),
            };
            let wanted = subnet(range);
            let differs = earlier.get(ours).and_then(subnet) != wanted;
            if differs && !kept.iter().any(|kept| of(kept, &earlier) == wanted) {
                kept.push(Kept::Later(theirs));
                continue;
            }
            if let Some(existing) = earlier.get_mut(ours) {
                merge(existing, range.clone(), Mode::Files, &mut Vec::new())?;
            }
            let now = earlier.get(ours).and_then(subnet);
            match kept.iter().position(|kept| of(kept, &earlier) == now).and_then(|place| kept.get_mut(place)) {
                Some(existing) => *existing = Kept::Earlier(ours),
                None => kept.push(Kept::Earlier(ours)),
            }
        }
    }
    let node = |kept: Kept| match kept {
        Kept::Earlier(place) => earlier.get(place).cloned(),
        Kept::Later(place) => later.get(place).cloned(),
    };
    Ok(kept.into_iter().filter_map(node).collect())
}

fn subnet(range: &Node) -> Option<String> {
    range.as_mapping()?.get("subnet")?.as_text()
}
