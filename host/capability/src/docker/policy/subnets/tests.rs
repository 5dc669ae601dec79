//! Which addresses networks may have: tables of what is asked for, without an engine.

use std::collections::BTreeSet;

use serde_json::json;
use windlass_foundation::call::CallContext;

use super::super::{DockerScope, References};
use super::*;
use crate::docker::ContainerGrant;

struct Pretended(DockerScope, ContainerGrant);

impl Pretended {
    fn granting(subnets: &[&str]) -> Self {
        let scope = DockerScope {
            plugin: "strategy-compose".to_owned(),
            about: CallContext { application: "kudos".to_owned(), ..CallContext::default() }.into(),
            projects: BTreeSet::from(["kudos".to_owned()]),
            ..DockerScope::default()
        };
        let subnets = subnets.iter().map(|range| range.parse().unwrap()).collect();
        Self(scope, ContainerGrant { subnets, ..ContainerGrant::default() })
    }

    fn policy(&self) -> Policy<'_> {
        Policy {
            scope: &self.0,
            grant: &self.1,
            protected: &[],
            resolve: &|path| Ok(path.to_owned()),
            beneath: &|_, _| Ok(()),
            lacking: None,
        }
    }

    fn pool(&self, pool: &Value) -> Result<Wanted, Failure> {
        self.policy().network(&json!({ "Name": "n", "IPAM": { "Config": [pool] } }))
    }

    fn free(&self, range: &str, occupied: &[(&str, &str)]) -> Result<(), Failure> {
        let occupied: Vec<Occupied> = occupied
            .iter()
            .map(|(range, what)| Occupied { range: range.parse().unwrap(), what: (*what).to_owned() })
            .collect();
        self.policy().is_free("IPAM.Config.Subnet", range.parse().unwrap(), occupied.iter())
    }
}

fn lines(failure: &Failure) -> &str {
    failure.details.as_ref().and_then(|details| details["grant"].as_str()).unwrap_or_default()
}

#[test]
fn a_network_has_private_addresses_unless_others_are_granted() {
    let nothing = Pretended::granting(&[]);
    for subnet in [
        "10.0.0.0/8",
        "10.5.0.0/16",
        "172.16.0.0/12",
        "172.28.0.0/16",
        "192.168.240.0/20",
        "192.168.1.0/30",
        "fd00:1:2:3::/64",
        "fc00::/7",
    ] {
        let wanted = nothing.pool(&json!({ "Subnet": subnet })).unwrap();
        assert_eq!(wanted.subnets, [subnet.parse::<IpNet>().unwrap()]);
    }
    for (subnet, kind) in [
        ("203.0.113.0/24", "for documentation"),
        ("8.8.8.0/24", "public"),
        ("1.0.0.0/8", "public"),
        ("127.0.0.0/8", "loopback"),
        ("127.0.5.0/24", "loopback"),
        ("169.254.169.0/24", "link-local"),
        ("100.64.0.0/10", "shared by providers"),
        ("0.0.0.0/8", "no host"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("198.18.0.0/15", "for benchmarks"),
        // Wider than what is private.
        ("172.0.0.0/8", "public"),
        ("192.168.0.0/15", "public"),
        ("10.0.0.0/7", "public"),
        ("128.0.0.0/1", "public"),
        ("2606:4700::/32", "public"),
        ("2001:db8::/64", "for documentation"),
        ("fe80::/64", "link-local"),
        ("ff02::/64", "multicast"),
        ("64:ff9b::/96", "NAT64"),
        ("2002:cb00:7122::/48", "public"),
        ("::/96", "reserved"),
        ("fec0::/10", "public"),
        ("8000::/1", "public"),
    ] {
        let failure = nothing.pool(&json!({ "Subnet": subnet })).unwrap_err();
        assert_eq!(failure.code, "capability-denied", "{subnet}: {failure:?}");
        for part in ["`IPAM.Config.Subnet`", subnet, kind] {
            assert!(failure.message.contains(part), "{part}: {failure:?}");
        }
        // What the lines say, the operator's file takes, and that opens it.
        assert!(lines(&failure).contains(&format!("docker-write = {{ subnets = [\"{subnet}\"] }}")), "{failure:?}");
        assert!(range(subnet).is_ok(), "{subnet}");
        Pretended::granting(&[subnet]).pool(&json!({ "Subnet": subnet })).unwrap();
    }
    let wider = Pretended::granting(&["203.0.112.0/22"]);
    wider.pool(&json!({ "Subnet": "203.0.113.0/24" })).unwrap();
    assert!(wider.pool(&json!({ "Subnet": "203.0.0.0/16" })).is_err());
}

#[test]
fn odd_spellings_are_no_ranges() {
    for written in [
        "",
        "10.0.0.0",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/08",
        "10.0.0.0/8 ",
        " 10.0.0.0/8",
        "10.0.0.0/8/8",
        "10.0.0.0/255.0.0.0",
        "010.0.0.0/8",
        "10.0.0/8",
        "10/8",
        "0x0a.0.0.0/8",
        "167772160/8",
        "10.0.0.1/8",
        "172.28.5.0/16",
        "0.0.0.0/0",
        "::/0",
        "fd00::/129",
        "fd00::1/64",
        "fd00::%eth0/64",
        "[fd00::]/64",
        "::ffff:10.0.0.0/104",
        "::ffff:203.0.113.0/120",
        "10.0.0.0\u{200b}/8",
        "１０.0.0.0/8",
    ] {
        assert!(range(written).is_err(), "{written:?}");
        if !written.is_empty() {
            let failure = Pretended::granting(&["0.0.0.0/1"]).pool(&json!({ "Subnet": written })).unwrap_err();
            assert_eq!(failure.code, "invalid-argument", "{written:?}: {failure:?}");
        }
    }
    let why = range("172.28.5.0/16").unwrap_err();
    assert!(why.contains("is `172.28.0.0/16` meant?"), "{why}");
    for pool in [json!({ "Subnet": 10 }), json!({ "Subnet": ["10.0.0.0/8"] }), json!({ "subnet": "8.8.8.0/24" })] {
        assert!(Pretended::granting(&[]).pool(&pool).is_err(), "{pool}");
    }
}

#[test]
fn every_address_of_a_network_lies_in_its_range() {
    let policy = Pretended::granting(&[]);
    let pool = |name: &str, value: Value| policy.pool(&json!({ "Subnet": "10.5.0.0/16", name: value }));
    for (name, value) in [
        ("IPRange", json!("10.5.8.0/24")),
        ("Gateway", json!("10.5.0.1")),
        ("AuxiliaryAddresses", json!({ "router": "10.5.0.2" })),
        ("Gateway", json!("")),
    ] {
        pool(name, value).unwrap();
    }
    for (name, value) in [
        ("IPRange", json!("10.6.0.0/24")),
        ("IPRange", json!("10.0.0.0/8")),
        ("IPRange", json!("fd00::/64")),
        ("IPRange", json!("10.5.0.7/24")),
        ("Gateway", json!("203.0.113.1")),
        ("Gateway", json!("10.6.0.1")),
        ("Gateway", json!("10.5.0.01")),
        ("Gateway", json!("10.5.0.1/16")),
        ("Gateway", json!("fd00::1")),
        ("Gateway", json!("::ffff:10.5.0.1")),
        ("AuxiliaryAddresses", json!({ "a": "10.5.0.2", "dns": "8.8.8.8" })),
        ("AuxiliaryAddresses", json!({ "a": 7 })),
        ("AuxiliaryAddresses", json!(["10.5.0.2"])),
    ] {
        let failure = pool(name, value.clone()).unwrap_err();
        assert!(failure.message.contains(&format!("IPAM.Config.{name}")), "{name} {value}: {failure:?}");
    }
    // Without a range there is nothing that they could lie in.
    for pool in [
        json!({ "Gateway": "10.5.0.1" }),
        json!({ "IPRange": "10.5.0.0/24" }),
        json!({ "Subnet": "", "Gateway": "10.5.0.1" }),
    ] {
        assert!(policy.pool(&pool).is_err(), "{pool}");
    }
    assert_eq!(policy.pool(&json!({})).unwrap(), Wanted::default());
}

#[test]
fn what_something_else_has_is_named_and_needs_a_grant() {
    let nothing = Pretended::granting(&[]);
    let around = [("10.1.0.0/16", "the host's route 10.1.0.0/16 on eth0"), ("10.255.255.53/32", "the host's resolver")];
    nothing.free("10.2.0.0/16", &around).unwrap();
    for (range, what) in [
        ("10.1.0.0/16", "eth0"),
        ("10.1.7.0/24", "eth0"),
        ("10.0.0.0/8", "eth0"),
        ("10.255.255.0/24", "resolver"),
        ("fd00:ec2::/32", "clouds hand out credentials"),
    ] {
        let failure = nothing.free(range, &around).unwrap_err();
        assert!(failure.code == "capability-denied" && failure.message.contains(what), "{range}: {failure:?}");
        assert!(lines(&failure).contains(range), "{failure:?}");
        Pretended::granting(&[range]).free(range, &around).unwrap();
    }
}

#[test]
fn a_fixed_address_lies_in_its_network() {
    let endpoint = |grant: &[&str], config: Value| {
        let mut references = References::default();
        let body = json!({ "IPAMConfig": config });
        Pretended::granting(grant).policy().endpoint("E", "n", &body, &mut references).map(|()| references.addresses)
    };
    let found = endpoint(&[], json!({ "IPv4Address": "10.5.0.7", "IPv6Address": "fd00::7" })).unwrap();
    let expected =
        |field: &str, address: &str| ("n".to_owned(), format!("E.IPAMConfig.{field}"), address.parse().unwrap());
    assert_eq!(found, [expected("IPv4Address", "10.5.0.7"), expected("IPv6Address", "fd00::7")]);
    for config in [
        json!({ "IPv4Address": "10.5.0.07" }),
        json!({ "IPv4Address": "fd00::7" }),
        json!({ "IPv6Address": "10.5.0.7" }),
        json!({ "IPv6Address": "::ffff:10.5.0.7" }),
        json!({ "IPv6Address": "fe80::1%eth0" }),
        json!({ "IPv4Address": 7 }),
        json!({ "LinkLocalIPs": ["169.254.169.254"] }),
        json!({ "LinkLocalIPs": ["fe80::1"] }),
        json!({ "LinkLocalIPs": "169.254.1.1" }),
        json!({ "Other": "10.5.0.7" }),
    ] {
        assert!(endpoint(&[], config.clone()).is_err(), "{config}");
    }
    endpoint(&["169.254.1.0/24"], json!({ "LinkLocalIPs": ["169.254.1.1"] })).unwrap();
    let within = |address: &str| {
        let subnets = ["10.5.0.0/16".parse().unwrap()];
        is_in("E", address.parse().unwrap(), "n", &subnets)
    };
    within("10.5.9.9").unwrap();
    let failure = within("203.0.113.34").unwrap_err();
    assert!(failure.message.contains("not in the network `n`, which has 10.5.0.0/16"), "{failure:?}");
}

#[test]
fn ports_are_published_at_addresses_of_the_host() {
    let nothing = Pretended::granting(&[]);
    let binding = |value: &str| {
        let options = json!({ "com.docker.network.bridge.host_binding_ipv4": value });
        nothing.policy().network(&json!({ "Name": "n", "Options": options })).map(|wanted| wanted.binding)
    };
    assert_eq!((binding("0.0.0.0").unwrap(), binding("127.0.0.1").unwrap()), (None, None));
    let own: IpAddr = "192.168.1.2".parse().unwrap();
    assert_eq!(binding("192.168.1.2").unwrap(), Some(own));
    assert!(binding("192.168.1.2/24").is_err() && binding("eth0").is_err());
    nothing.policy().is_of_the_host(own, &[own]).unwrap();
    let failure = nothing.policy().is_of_the_host("203.0.113.34".parse().unwrap(), &[own]).unwrap_err();
    assert!(failure.message.contains("host_binding_ipv4"), "{failure:?}");
    for option in [
        "com.docker.network.host_ipv4",
        "com.docker.network.bridge.inhibit_ipv4",
        "com.docker.network.bridge.gateway_mode_ipv4",
    ] {
        let body = json!({ "Name": "n", "Options": { option: "203.0.113.34" } });
        assert!(nothing.policy().network(&body).is_err(), "{option}");
    }
}
