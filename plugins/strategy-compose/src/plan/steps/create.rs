//! All new containers, made before anything that runs is touched.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Services, is_made, new, order, subject};
use crate::desired::{DesiredService, Endpoint, MAC_ADDRESS, Manner};
use crate::json;
use crate::operation::{Before, Operation, Shared};
use crate::plan::NewStep;

/// Needs that every new container may have before they are gathered into one step.
const FEW: usize = 4;

impl Services<'_> {
    /// Creates all new containers, and gathers that into one step.
    pub(super) fn create(&mut self) {
        let mut needs = self.draft.prepared.clone();
        // Many services that each need many things would make a plan of a million lines.
        if needs.len() > FEW && self.decisions.values().any(is_made) {
            let resources = self.draft.apply(NewStep {
                id: "resources".to_owned(),
                title: "images, networks and volumes are there".to_owned(),
                needs,
                subject: None,
                timeout_seconds: None,
                operation: Operation::Gather,
                before: Before::default(),
            });
            self.draft.prepared = vec![resources.clone()];
            needs = vec![resources];
        }
        // What lives on another container comes after it.
        let (living, others): (Vec<_>, Vec<_>) = order(self.desired)
            .into_iter()
            .partition(|name| self.desired.services.get(name).is_some_and(|service| !service.shares.is_empty()));
        let mut made = BTreeMap::new();
        let others: BTreeSet<String> = others.into_iter().collect();
        for name in others.iter().chain(&living) {
            let made_here = self.decisions.get(name).filter(|decision| is_made(decision));
            let (Some(decision), Some(service)) = (made_here, self.desired.services.get(name)) else { continue };
            let (shares, hosts) = self.shares(service, &made);
            let temporary = decision.leaving.iter().any(|container| container.name == service.container);
            let starts_first = decision.manner == Some(Manner::StartFirst);
            let mut body = service.body.clone();
            let endpoints: Vec<_> = if starts_first {
                service.endpoints.iter().map(Endpoint::unnamed).collect()
            } else {
                service.endpoints.clone()
            };
            if let Some(connected) =
                body.pointer_mut("/NetworkingConfig/EndpointsConfig").and_then(Value::as_object_mut)
            {
                // Engines take a hardware address of a further network with the container, and not when they connect it. That of
                // the first one is said by the container's own field.
                let of_body =
                    |(place, endpoint): &(usize, &Endpoint)| *place == 0 || endpoint.settings.contains_key(MAC_ADDRESS);
                let all = endpoints.iter().enumerate().filter(of_body).map(|(place, endpoint)| {
                    let mut config = endpoint.config();
                    if let Some(config) = config.as_object_mut().filter(|_| place == 0) {
                        config.remove(MAC_ADDRESS);
                    }
                    (endpoint.network.clone(), config)
                });
                connected.extend(all);
            }
            let id = self.draft.apply(NewStep {
                id: format!("{name}:create"),
                title: format!("create {name} from {} {}", service.image.name, service.image.version),
                needs: self.draft.prepared.iter().cloned().chain(hosts).collect(),
                subject: Some(&subject(name)),
                timeout_seconds: None,
                operation: Operation::Create {
                    container: new(service),
                    temporary,
                    body,
                    endpoints,
                    reference: service.image.reference.clone(),
                    shares,
                    carried: decision.carried.volumes.clone(),
                },
                before: Before::default(),
            });
            made.insert(name.clone(), id.clone());
            needs.push(id);
            let leaving = &decision.leaving;
            self.draft.plan.way_back.extend(leaving.iter().map(|container| container.image_id.clone()));
            let inspected = leaving.iter().filter_map(|container| container.inspect.as_ref());
            self.draft.plan.way_back.extend(inspected.flat_map(json::mounted_images));
        }
        if !needs.is_empty() {
            self.prepared = Some(self.draft.apply(NewStep {
                id: "prepared".to_owned(),
                title: "everything is prepared".to_owned(),
                needs,
                subject: None,
                timeout_seconds: None,
                operation: Operation::Gather,
                before: Before::default(),
            }));
        }
    }

    /// The containers that a new one lives on, and the steps that make them.
    fn shares(
        &self,
        service: &DesiredService,
        made: &BTreeMap<String, String>,
    ) -> (BTreeMap<String, Shared>, Vec<String>) {
        let mut hosts = BTreeMap::new();
        for other in service.shares.iter().filter_map(|name| self.desired.services.get(name)) {
            let kept = self.decisions.get(&other.key).and_then(|decision| decision.kept.as_ref());
            let host = kept.map_or_else(|| Shared::New(new(other)), |kept| Shared::Kept(kept.id.clone()));
            hosts.insert(other.service.name.clone(), host);
        }
        let steps = service.shares.iter().filter_map(|name| made.get(name).cloned()).collect();
        (hosts, steps)
    }
}
