//! What the host is asked about before a plan is shown: everything that the plan would make, and every network that its
//! containers join.
//!
//! Pure. What the host's policy refuses is known at the plan, and not when half of it is done.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use windlass_domain::Plan;
use windlass_sdk::Result;

use crate::apply;
use crate::desired::{self, Desired};
use crate::operation::{Operation, Shared};

/// How many containers are asked about at once: what crosses the sandbox's wall in one call is limited.
const AT_ONCE: usize = 100;

/// The objects, as the host takes them: in parts that can each be judged by itself.
pub(crate) fn parts(desired: &Desired, plan: &Plan) -> Result<Vec<Vec<Value>>> {
    // Also those that are there already: a container that joins one is where its addresses are.
    let networks: Vec<Value> = desired.networks.values().map(|network| json!({ "network": network.body })).collect();
    let mut made = Vec::new();
    for step in &plan.steps {
        match apply::read(step)?.0 {
            Operation::CreateVolume { body, .. } => made.push(json!({ "volume": body })),
            Operation::Create { container, mut body, endpoints, shares, carried, .. } => {
                let host = |shared: &Shared| match shared {
                    Shared::New(new) => new.name.clone(),
                    Shared::Kept(id) => id.clone(),
                };
                let hosts: BTreeMap<String, String> =
                    shares.iter().map(|(service, shared)| (service.clone(), host(shared))).collect();
                desired::fill(&mut body, &hosts);
                desired::carry(&mut body, &carried, None);
                if !endpoints.is_empty() {
                    let all = endpoints.iter().map(|endpoint| (endpoint.network.clone(), endpoint.config()));
                    body["NetworkingConfig"] = json!({ "EndpointsConfig": all.collect::<BTreeMap<_, _>>() });
                }
                made.push(json!({ "container": body, "name": container.name }));
            }
            _ => {}
        }
    }
    if made.is_empty() {
        return Ok(vec![networks]);
    }
    Ok(made.chunks(AT_ONCE).map(|part| [networks.as_slice(), part].concat()).collect())
}
