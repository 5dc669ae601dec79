//! Host ports: free, or this application's own.

use std::net::IpAddr;

use windlass_sdk::docker::HostPort;
use windlass_sdk::prelude::*;

/// A host port that the release will publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The first and the last of the ports of which one is taken.
    pub(crate) range: (u16, u16),
    pub(crate) protocol: String,
    /// The address; none for all.
    pub(crate) address: Option<IpAddr>,
    /// Who wants it: `service web`, or `with.ports`.
    pub(crate) by: String,
}

/// One finding for each port.
pub(crate) fn check(wanted: &[Wanted], used: &[HostPort], application: &str) -> Vec<Finding> {
    wanted.iter().map(|port| judge(port, used, application)).collect()
}

fn judge(wanted: &Wanted, used: &[HostPort], application: &str) -> Finding {
    let (first, last) = wanted.range;
    let protocol = &wanted.protocol;
    let name = if first == last { format!("{first}/{protocol}") } else { format!("{first}-{last}/{protocol}") };
    let id = format!("port:{name}");
    let mut holders = Vec::new();
    for port in first..=last {
        match used.iter().find(|used| collides(wanted, port, used) && !is_own(used, application)) {
            Some(holder) => holders.push(holder),
            None => return Finding::new(id, Verdict::Pass, format!("port {name} is free or held by {application}")),
        }
    }
    let who = match holders.first().and_then(|holder| holder.application.as_deref()) {
        Some(application) => format!("the application {application}"),
        None => "something that is not this application".to_owned(),
    };
    Finding::new(id, Verdict::Fail, format!("port {name}, which {} publishes, is held by {who}", wanted.by))
        .remedy(format!("free it, or publish another: `ss -lnp 'sport = :{first}'` names the process"))
        .evidence(json!({ "port": name, "held-at": holders.iter().map(|used| &used.address).collect::<Vec<_>>() }))
}

fn collides(wanted: &Wanted, port: u16, used: &HostPort) -> bool {
    if used.port != port || !used.protocol.trim_end_matches('6').eq_ignore_ascii_case(&wanted.protocol) {
        return false;
    }
    let address: Option<IpAddr> = used.address.parse().ok();
    match (wanted.address.filter(|address| !address.is_unspecified()), address.filter(|it| !it.is_unspecified())) {
        (Some(wanted), Some(used)) => wanted == used,
        _ => true,
    }
}

fn is_own(used: &HostPort, application: &str) -> bool {
    // The host names the container only when it is this application's.
    used.container.is_some() || used.application.as_deref() == Some(application)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(port: u16, address: &str, container: Option<&str>) -> HostPort {
        HostPort {
            port,
            protocol: "tcp".to_owned(),
            address: address.to_owned(),
            container: container.map(str::to_owned),
            application: container.map(|_| "kudos".to_owned()),
        }
    }

    fn wanted(range: (u16, u16), address: Option<&str>) -> Wanted {
        let address = address.map(|address| address.parse().unwrap());
        Wanted { range, protocol: "tcp".to_owned(), address, by: "service web".to_owned() }
    }

    fn verdict(wanted: &Wanted, used: &[HostPort]) -> Verdict {
        judge(wanted, used, "kudos").verdict
    }

    #[test]
    fn a_port_is_free_or_ones_own() {
        let port = wanted((8080, 8080), None);
        assert_eq!(verdict(&port, &[used(9090, "0.0.0.0", None)]), Verdict::Pass);
        assert_eq!(verdict(&port, &[used(8080, "0.0.0.0", Some("kudos-web-1"))]), Verdict::Pass);
        assert_eq!(verdict(&port, &[used(8080, "127.0.0.1", None)]), Verdict::Fail);
        let finding = judge(&port, &[used(8080, "::", None)], "kudos");
        assert_eq!(
            finding.title,
            "port 8080/tcp, which service web publishes, is held by something that is not this application"
        );
    }

    #[test]
    fn one_address_does_not_collide_with_another() {
        let port = wanted((8080, 8080), Some("127.0.0.1"));
        assert_eq!(verdict(&port, &[used(8080, "127.0.0.2", None)]), Verdict::Pass);
        assert_eq!(verdict(&port, &[used(8080, "0.0.0.0", None)]), Verdict::Fail);
        assert_eq!(verdict(&wanted((8080, 8080), Some("0.0.0.0")), &[used(8080, "127.0.0.2", None)]), Verdict::Fail);
    }

    #[test]
    fn of_a_range_one_must_be_free() {
        let range = wanted((8080, 8081), None);
        assert_eq!(verdict(&range, &[used(8080, "", None)]), Verdict::Pass);
        assert_eq!(verdict(&range, &[used(8080, "", None), used(8081, "", None)]), Verdict::Fail);
    }
}
