//! Any graph of steps, with any faults. The seed is in every message, and the same seed makes the same graph.

use std::collections::BTreeMap;

use windlass_domain::Outcome;

use super::yard::{Fault, Host, When};

/// A small generator (splitmix64): the same numbers on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((number ^ (number >> 31)) % end.max(1) as u64).unwrap()
    }
}

/// Services, each of which needs some of the earlier ones: so there is no cycle.
fn host(numbers: &mut Numbers) -> Host {
    let mut host = Host::new(&[]);
    for index in 0..=numbers.below(12) {
        let needs = (0..numbers.below(4)).filter(|_| index > 0).map(|_| format!("s{}", numbers.below(index))).collect();
        host.services.push((format!("s{index}"), needs));
    }
    host
}

fn place(calls: &[String], call: &str) -> Option<usize> {
    calls.iter().position(|known| known == call)
}

async fn one(seed: u64) {
    let mut numbers = Numbers(seed);
    let host = host(&mut numbers);
    host.deploy("v1").await;
    host.world().calls.clear();
    let fails = numbers.below(3) > 0;
    if fails {
        let step = format!("s{}", numbers.below(host.services.len()));
        let when = [When::Before, When::Half, When::After][numbers.below(3)];
        host.world().apply_faults.insert(step, Fault::always(when));
    }
    let ending = host.deploy("v2").await;
    let (outcome, version) = if fails { (Outcome::RolledBack, "v1") } else { (Outcome::Succeeded, "v2") };
    assert_eq!((ending.outcome, host.serves().as_deref()), (outcome, Some(version)), "seed {seed}");

    let world = host.world();
    assert!(world.most_running <= 3, "seed {seed}: at most as many at once as ordered");
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for call in &world.calls {
        *counts.entry(call).or_default() += 1;
    }
    assert!(counts.values().all(|count| *count == 1), "seed {seed}: everything once, not {counts:?}");
    for (service, needs) in &host.services {
        for need in needs {
            if let Some(after) = place(&world.calls, &format!("apply {service}")) {
                let before = place(&world.calls, &format!("apply {need}"));
                assert!(before.is_some_and(|before| before < after), "seed {seed}: {service} needs {need}");
            }
            let undone =
                (place(&world.calls, &format!("undo {service}")), place(&world.calls, &format!("undo {need}")));
            if let (Some(first), Some(then)) = undone {
                assert!(first < then, "seed {seed}: {service} is undone before {need}, which it needs");
            }
        }
    }
}

#[tokio::test]
async fn runs_in_order_and_goes_back_in_reverse() {
    for seed in 0..60 {
        one(seed).await;
    }
}
