//! Connections between the application's containers.

use std::thread;
use std::time::{Duration, Instant};

use windlass_sdk::prelude::*;

use crate::config::{Connection, Target};
use crate::member::Member;

/// How long to wait before an attempt is repeated.
const PAUSE: Duration = Duration::from_secs(1);

/// One attempt: from a container, or from the host, to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Attempt {
    origin: Option<(String, String)>,
    address: String,
}

/// Tries until each container of `from` can connect to each address of `to`, or time is over.
pub(crate) fn prove(
    context: &Context<'_>,
    connection: &Connection,
    members: &[Member],
    end: Instant,
) -> Result<Finding> {
    let id = format!("connect:{connection}");
    let target: Target = connection.to.parse()?;
    let attempts = match attempts(connection, &target, members) {
        Ok(attempts) => attempts,
        Err(why) => return Ok(Finding::new(id, Verdict::Fail, format!("{connection}: {why}"))),
    };
    for attempt in &attempts {
        let origin = attempt.origin.as_ref().map(|(id, _)| id.as_str());
        loop {
            context.stop_if_cancelled()?;
            let error = match docker::probe_tcp(origin, &attempt.address, target.port, connection.timeout.0) {
                Ok(()) => break,
                Err(error) if error.code() == "capability-denied" => return Err(error),
                Err(error) => error,
            };
            if Instant::now() + PAUSE >= end {
                let from = attempt.origin.as_ref().map_or("the host", |(_, name)| name);
                let place = format!("{}:{}", attempt.address, target.port);
                let title = format!("{connection}: {from} cannot connect to {place}: {error}");
                return Ok(Finding::new(id, Verdict::Fail, title)
                    .remedy("look whether the service listens on all addresses (0.0.0.0) and on this port"));
            }
            thread::sleep(PAUSE);
        }
    }
    Ok(Finding::new(id, Verdict::Pass, format!("{connection} works")))
}

/// Every container of `from` to every address of `to` that it can see.
fn attempts(connection: &Connection, target: &Target, members: &[Member]) -> Result<Vec<Attempt>, String> {
    let running = || members.iter().filter(|member| member.state == "running");
    let Some(from) = &connection.from else {
        let addresses = addresses(target, None, members);
        return Ok(addresses.into_iter().map(|address| Attempt { origin: None, address }).collect());
    };
    let mut attempts = Vec::new();
    for member in running().filter(|member| member.service == *from) {
        let addresses = addresses(target, Some(member), members);
        if addresses.is_empty() {
            return Err(format!("{} and {} have no network in common", member.name, target.host));
        }
        let origin = Some((member.id.clone(), member.name.clone()));
        attempts.extend(addresses.into_iter().map(|address| Attempt { origin: origin.clone(), address }));
    }
    if attempts.is_empty() {
        let mut known: Vec<&str> = running().map(|member| member.service.as_str()).collect();
        known.dedup();
        return Err(format!("no container of `{from}` runs; there are {}", known.join(", ")));
    }
    Ok(attempts)
}

/// The addresses behind a service or an alias, as far as `origin` shares a network with them; anything else is taken
/// as it is.
fn addresses(target: &Target, origin: Option<&Member>, members: &[Member]) -> Vec<String> {
    let is_ours = |member: &&Member| {
        member.service == target.host
            || member.networks.iter().any(|attachment| attachment.aliases.contains(&target.host))
    };
    let behind: Vec<&Member> = members.iter().filter(|member| member.state == "running").filter(is_ours).collect();
    if behind.is_empty() {
        return vec![target.host.clone()];
    }
    let mut addresses: Vec<String> = Vec::new();
    for member in behind {
        let seen = member.networks.iter().find(|attachment| {
            !attachment.address.is_empty()
                && origin.is_none_or(|origin| origin.networks.iter().any(|own| own.network == attachment.network))
        });
        addresses.extend(seen.map(|attachment| attachment.address.clone()));
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::member::tests::member;

    fn connection(from: Option<&str>, to: &str) -> (Connection, Target) {
        let connection = Connection { from: from.map(str::to_owned), to: to.to_owned(), timeout: Period::seconds(1) };
        let target = connection.to.parse().unwrap();
        (connection, target)
    }

    #[test]
    fn services_are_found_in_a_common_network() {
        let members = [member("web", "r1"), member("backend", "r1")];
        let (connection, target) = connection(Some("web"), "backend:8080");
        let attempts = attempts(&connection, &target, &members).unwrap();
        assert_eq!(attempts.len(), 1);
        assert_eq!(attempts[0].address, "172.18.0.2");
        assert_eq!(attempts[0].origin.as_ref().unwrap().1, "app-web-1");
    }

    #[test]
    fn what_cannot_be_reached_is_said() {
        let mut apart = member("backend", "r1");
        apart.networks[0].network = "other".to_owned();
        let members = [member("web", "r1"), apart];
        let (from_web, target) = connection(Some("web"), "backend:8080");
        assert!(attempts(&from_web, &target, &members).unwrap_err().contains("no network in common"));
        let (from_nobody, target) = connection(Some("wep"), "backend:8080");
        assert!(attempts(&from_nobody, &target, &members).unwrap_err().contains("there are web, backend"));
    }

    #[test]
    fn addresses_outside_the_application_are_taken_as_they_are() {
        let (from_host, target) = connection(None, "127.0.0.1:8080");
        let attempts = attempts(&from_host, &target, &[member("web", "r1")]).unwrap();
        assert_eq!(attempts, [Attempt { origin: None, address: "127.0.0.1".to_owned() }]);
    }
}
