//! What a stuck deployment left on the engine, as it is now, with the commands that a person needs.
//!
//! The engine may be the very thing that is broken: then that is said, and the rest of the answer stands.

use std::time::Duration;

use windlass_api::facts::{DeploymentFact, LeftFact};
use windlass_capability::docker::{Kind, Object};

use crate::agent::Agent;

/// How long the engine is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Adds the objects to the facts about a stuck deployment.
pub(crate) async fn look(agent: &Agent, fact: &mut DeploymentFact) {
    if fact.outcome != "stuck" {
        return;
    }
    let listed = tokio::time::timeout(PATIENCE, agent.docker.objects_of(&fact.application)).await;
    match listed {
        Ok(Ok(objects)) => {
            fact.left_objects = objects.iter().filter_map(|object| left(object, &fact.deployment)).collect();
        }
        Ok(Err(failure)) => fact.left_unknown = Some(failure.message),
        Err(_) => fact.left_unknown = Some(format!("the engine did not answer within {} s", PATIENCE.as_secs())),
    }
}

/// What this deployment made, and a container of an earlier one that does not run.
fn left(object: &Object, deployment: &str) -> Option<LeftFact> {
    let Object { name, state, .. } = object;
    let own = object.deployment == deployment;
    let runs = state.as_deref() == Some("running");
    let (kind, look, act) = match object.kind {
        Kind::Container if own => ("container", format!("docker logs {name}"), format!("docker rm --force {name}")),
        Kind::Container if runs => return None,
        Kind::Container => ("container", format!("docker logs {name}"), format!("docker start {name}")),
        _ if !own => return None,
        Kind::Network => ("network", format!("docker network inspect {name}"), format!("docker network rm {name}")),
        Kind::Volume => ("volume", format!("docker volume inspect {name}"), format!("docker volume rm {name}")),
    };
    Some(LeftFact {
        kind: kind.to_owned(),
        name: name.clone(),
        state: state.clone(),
        of_this_deployment: own,
        look,
        act,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_made_is_named_and_what_it_stopped_but_not_what_runs_as_before() {
        let object = |kind, name: &str, deployment: &str, state: Option<&str>| Object {
            kind,
            name: name.to_owned(),
            application: "kudos".to_owned(),
            deployment: deployment.to_owned(),
            state: state.map(str::to_owned),
        };
        let objects = [
            object(Kind::Container, "kudos-web-2", "new", Some("running")),
            object(Kind::Container, "kudos-web-1", "old", Some("exited")),
            object(Kind::Container, "kudos-db-1", "old", Some("running")),
            object(Kind::Network, "kudos_back", "new", None),
            object(Kind::Network, "kudos_front", "old", None),
            object(Kind::Volume, "kudos_data", "old", None),
            object(Kind::Volume, "kudos_cache", "new", None),
        ];
        let commands: Vec<String> =
            objects.iter().filter_map(|object| left(object, "new")).map(|left| left.act).collect();
        assert_eq!(
            commands,
            [
                "docker rm --force kudos-web-2",
                "docker start kudos-web-1",
                "docker network rm kudos_back",
                "docker volume rm kudos_cache"
            ]
        );
    }
}
