//! Networks and volumes that are made outside of the application: they must be there.

use windlass_sdk::prelude::*;

use crate::files::Needs;

/// One finding for each.
pub(crate) fn check(needs: &Needs) -> Result<Vec<Finding>> {
    let networks = needs.networks.iter().map(|(name, place)| ("network", name, place, docker::inspect_network(name)));
    let volumes = needs.volumes.iter().map(|(name, place)| ("volume", name, place, docker::inspect_volume(name)));
    networks.chain(volumes).map(|(kind, name, place, answer)| judge(kind, name, place, answer)).collect()
}

fn judge(kind: &str, name: &str, place: &str, answer: Result<Value>) -> Result<Finding> {
    let id = format!("{kind}:{name}");
    match answer {
        Ok(_) => Ok(Finding::new(id, Verdict::Pass, format!("the {kind} {name} is there"))),
        Err(error) if error.is_not_found() => {
            let title = format!("the external {kind} {name} does not exist ({place})");
            Ok(Finding::new(id, Verdict::Fail, title).remedy(format!("make it: `docker {kind} create {name}`")))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_comes_with_the_command_that_makes_it() {
        let missing = judge("network", "proxy", "compose.yaml:9:3", Err(Error::new("not-found", "no"))).unwrap();
        assert_eq!(missing.title, "the external network proxy does not exist (compose.yaml:9:3)");
        assert_eq!(missing.remedy.as_deref(), Some("make it: `docker network create proxy`"));
        assert!(judge("network", "proxy", "", Err(Error::new("unavailable", "down"))).is_err());
    }
}
