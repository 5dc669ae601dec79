//! Compose files alone that reach for addresses of others, with the whole agent and a real engine: each is refused when
//! it is planned, and nothing of it is there afterwards.

use anyhow::{Result, ensure};
use windlass_stage::docker;
use windlass_tests::{Small, expect, tells};

/// The Compose file, with the page in a network of its own.
fn compose(small: &Small, attachment: &str, network: &str) -> String {
    let services = small
        .compose()
        .replace("    stop_signal:", &format!("    networks: {{ own: {attachment} }}\n    stop_signal:"));
    format!("{services}\nnetworks:\n  own: {network}\n")
}

/// A range that only this process has.
fn range() -> String {
    let [.., high, low] = std::process::id().to_be_bytes();
    format!("10.{}.{low}", 192 + high % 32)
}

#[test]
fn addresses_of_others_are_refused_before_anything_is_touched() -> Result<()> {
    let small = Small::set("addresses")?;
    for (attachment, network, words) in [
        (
            "{ ipv4_address: 203.0.113.34 }",
            "{ ipam: { config: [ { subnet: 203.0.113.0/24, gateway: 203.0.113.1 } ] } }",
            "subnets = [\"203.0.113.0/24\"]",
        ),
        ("{}", "{ ipam: { config: [ { subnet: 169.254.169.0/24 } ] } }", "subnets = [\"169.254.169.0/24\"]"),
        ("{}", "{ ipam: { config: [ { subnet: 127.0.0.0/8 } ] } }", "subnets = [\"127.0.0.0/8\"]"),
        ("{}", "{ ipam: { config: [ { subnet: 100.64.0.0/16 } ] } }", "subnets = [\"100.64.0.0/16\"]"),
        ("{}", "{ ipam: { config: [ { subnet: 172.17.0.0/24 } ] } }", "another network of the engine"),
        (
            "{}",
            "{ enable_ipv6: true, ipam: { config: [ { subnet: '2001:db8:1::/64' } ] } }",
            "subnets = [\"2001:db8:1::/64\"]",
        ),
        ("{}", "{ ipam: { config: [ { subnet: 10.201.0.0/16, gateway: 8.8.8.8 } ] } }", "IPAM.Config.Gateway"),
        ("{}", "{ ipam: { config: [ { subnet: 10.201.0.0/16, ip_range: 8.8.8.0/24 } ] } }", "IPAM.Config.IPRange"),
        (
            "{}",
            "{ ipam: { config: [ { subnet: 10.201.0.0/16, aux_addresses: { dns: 8.8.8.8 } } ] } }",
            "IPAM.Config.AuxiliaryAddresses.dns",
        ),
        ("{ ipv4_address: 8.8.8.8 }", "{ ipam: { config: [ { subnet: 10.201.0.0/16 } ] } }", "8.8.8.8"),
        ("{ link_local_ips: [169.254.169.254] }", "{}", "169.254.169.254"),
        ("{}", "{ driver: macvlan, driver_opts: { parent: eth0 } }", "network-driver:macvlan"),
        ("{}", "{ driver_opts: { com.docker.network.bridge.host_binding_ipv4: 203.0.113.34 } }", "host_binding_ipv4"),
        ("{}", "{ driver_opts: { com.docker.network.host_ipv4: 203.0.113.34 } }", "com.docker.network.host_ipv4"),
    ] {
        small.write("compose.yaml", compose(&small, attachment, network))?;
        for run in [small.deploy(&[])?, small.host.run(["plan", &small.name])?] {
            ensure!(run.code != 0 && run.code != 11 && run.code != 12, "{network}: {run:?}");
            tells(&run, &[words])?;
        }
        let world = small.world()?;
        ensure!(world.is_empty(), "{network}: {world:?} is there");
    }
    Ok(())
}

#[test]
fn private_addresses_that_are_free_are_the_applications_from_then_on() -> Result<()> {
    let small = Small::set("private")?;
    let range = range();
    let file = compose(
        &small,
        &format!("{{ ipv4_address: {range}.20 }}"),
        &format!(
            "{{ ipam: {{ config: [ {{ subnet: {range}.0/24, gateway: {range}.1, ip_range: {range}.128/25 }} ] }} }}"
        ),
    );
    for version in ["1", "2"] {
        small.write("compose.yaml", file.replace("VERSION: \"1\"", &format!("VERSION: \"{version}\"")))?;
        expect(small.deploy(&[])?, 0)?;
        ensure!(small.read()? == version, "version {version} does not serve");
    }
    // Nothing to do, and nothing in the way.
    expect(small.deploy(&[])?, 0)?;
    Ok(())
}

#[test]
fn a_network_of_others_addresses_is_not_taken_over() -> Result<()> {
    let small = Small::set("adopted")?;
    let network = format!("{}_default", small.name);
    let label = |name: &str, value: &str| format!("com.docker.compose.{name}={value}");
    docker([
        "network",
        "create",
        "--subnet",
        "198.51.100.0/28",
        "--label",
        &label("project", &small.name),
        "--label",
        &label("network", "default"),
        &network,
    ])?;
    let before = small.world()?;
    let run = small.deploy(&[])?;
    ensure!(run.code != 0 && run.code != 11 && run.code != 12, "{run:?}");
    tells(&run, &[&network, "198.51.100.0/28", "subnets = [\"198.51.100.0/28\"]"])?;
    ensure!(small.world()? == before, "something was touched");
    // With the operator's word it is the application's.
    small.operator(
        "\n[[grants]]\nplugin = \"strategy-compose\"\ndocker-write = { subnets = [\"198.51.100.0/28\"] }\n",
    )?;
    expect(small.deploy(&[])?, 0)?;
    small.serves("1")
}
