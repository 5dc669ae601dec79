//! How containers are connected, and what an engine makes of what it is asked for. The engine is real, with its own
//! version of the API.

use anyhow::{Result, ensure};
use windlass_stage::docker;
use windlass_tests::{Small, api_minor, expect, tells};

/// The Compose file with more lines in the service, and after all.
fn with(small: &Small, version: &str, lines: &str, after: &str) -> Result<()> {
    let text = small.compose().replace("VERSION: \"1\"", &format!("VERSION: \"{version}\""));
    small.write("compose.yaml", text.replace("    stop_signal", &format!("{lines}    stop_signal")) + after)
}

fn address(small: &Small) -> Result<String> {
    let format = "{{range .NetworkSettings.Networks}}{{.MacAddress}}{{end}}";
    docker(["inspect", "--format", format, &format!("{}-web-1", small.name)])
}

#[test]
fn a_container_has_the_hardware_address_that_the_file_gives() -> Result<()> {
    let small = Small::set("hardware")?;
    let (one, two) = ("02:42:ac:11:65:43", "02:42:ac:11:65:44");
    with(&small, "1", &format!("    mac_address: \"{one}\"\n"), "")?;
    expect(small.deploy(&[])?, 0)?;
    ensure!(address(&small)? == one, "{}", address(&small)?);
    tells(&expect(small.deploy(&[])?, 0)?, &["unchanged"])?;

    with(&small, "1", &format!("    networks: {{ default: {{ mac_address: \"{two}\" }} }}\n"), "")?;
    let plan = expect(small.host.run(["plan", &small.name])?, 0)?;
    tells(&plan, &["mac_address changed", one, two])?;
    expect(small.deploy(&[])?, 0)?;
    ensure!(address(&small)? == two, "{}", address(&small)?);
    expect(small.host.run(["rollback", &small.name])?, 0)?;
    ensure!(address(&small)? == one, "{}", address(&small)?);

    with(&small, "1", &format!("    mac_address: \"{one}\"\n    network_mode: host\n"), "")?;
    let text = std::fs::read_to_string(small.directory().join("compose.yaml"))?;
    small.write("compose.yaml", text.replace("    ports:", "    x-ports:"))?;
    let refused = expect(small.host.run(["plan", &small.name])?, 3)?;
    tells(&refused, &["`services.web.mac_address` needs a network of its own, and `network_mode` is `host`"])
}

#[test]
fn a_further_connection_has_a_hardware_address_where_the_engine_can_give_it_one() -> Result<()> {
    let small = Small::set("hardware-further")?;
    let (one, two) = ("02:42:ac:11:66:01", "02:42:ac:11:66:02");
    let lines = |address: &str| {
        format!("    networks: {{ default: {{ priority: 1 }}, back: {{ mac_address: \"{address}\" }} }}\n")
    };
    with(&small, "1", &lines(one), "networks: { back: { } }\n")?;
    if api_minor()? < 44 {
        let refused = expect(small.host.run(["plan", &small.name])?, 3)?;
        return tells(&refused, &["`services.web.networks.back.mac_address` needs Docker's API 1.44 (Docker 25.0)"]);
    }
    let further = || {
        let back = format!("{}_back", small.name);
        let format = format!("{{{{(index .NetworkSettings.Networks \"{back}\").MacAddress}}}}");
        docker(["inspect", "--format", &format, &format!("{}-web-1", small.name)])
    };
    expect(small.deploy(&[])?, 0)?;
    ensure!(further()? == one, "{}", further()?);
    tells(&expect(small.deploy(&[])?, 0)?, &["unchanged"])?;
    with(&small, "1", &lines(two), "networks: { back: { } }\n")?;
    tells(&expect(small.host.run(["plan", &small.name])?, 0)?, &["back.mac_address", one, two])?;
    expect(small.deploy(&[])?, 0)?;
    ensure!(further()? == two, "{}", further()?);
    expect(small.host.run(["rollback", &small.name])?, 0)?;
    ensure!(further()? == one, "{}", further()?);
    // A connection that was lost comes back with its address.
    docker(["network", "disconnect", &format!("{}_back", small.name), &format!("{}-web-1", small.name)])?;
    with(&small, "1", &lines(one), "networks: { back: { } }\n")?;
    // A connection that was lost would come back with an address of the engine's choice.
    tells(&expect(small.host.run(["plan", &small.name])?, 0)?, &["1 to replace", "is not connected to the network"])?;
    expect(small.deploy(&[])?, 0)?;
    ensure!(further()? == one, "{}", further()?);
    Ok(())
}

#[test]
fn links_work_from_the_first_deployment_on() -> Result<()> {
    let small = Small::set("links")?;
    let other = format!(
        "  zoo:\n    image: windlass-test/{}:1\n    command: [\"sh\", \"-c\", \"echo -n zoo > /tmp/index.html; exec httpd \
         -f -p 80 -h /tmp\"]\n    stop_signal: SIGKILL\n    healthcheck: {{ test: [\"CMD-SHELL\", \"echo | nc 127.0.0.1 \
         80\"], interval: 1s, timeout: 3s, retries: 5 }}\n",
        small.name
    );
    let lines = format!("    links: [\"zoo:animals\"]\n    external_links: [\"{}-later-1:later\"]\n", small.name);
    for version in ["1", "2"] {
        with(&small, version, &lines, &other)?;
        expect(small.deploy(&[])?, 0)?;
        let web = format!("{}-web-1", small.name);
        let read = docker(["exec", &web, "busybox", "wget", "-q", "-O", "-", "http://animals"])?;
        ensure!(read == "zoo", "`{read}` is behind the link");
    }
    tells(&expect(small.deploy(&[])?, 0)?, &["unchanged"])
}

#[test]
fn a_link_to_another_application_is_granted_by_name_and_works() -> Result<()> {
    let (theirs, small) = (Small::running("links-theirs")?, Small::set("links-across")?);
    let (container, network) = (format!("{}-web-1", theirs.name), format!("{}_default", theirs.name));
    let lines = format!("    networks: [default, shared]\n    external_links: [\"{container}:elsewhere\"]\n");
    with(&small, "1", &lines, &format!("networks: {{ shared: {{ name: {network}, external: true }} }}\n"))?;
    let allowed = format!("docker-write = {{ allow = [\"link:{container}\", \"network:{network}\"] }}");
    for command in ["plan", "check", "deploy"] {
        tells(&expect(small.host.run([command, &small.name])?, 3)?, &[&allowed])?;
        ensure!(small.world()?.is_empty(), "{command}: something was touched");
    }
    small.operator(&format!(
        "\n[[grants]]\nplugin = \"strategy-compose\"\napplications = [\"{}\"]\n{allowed}\n",
        small.name
    ))?;
    expect(small.deploy(&[])?, 0)?;
    let web = format!("{}-web-1", small.name);
    let read = docker(["exec", &web, "busybox", "wget", "-q", "-O", "-", "http://elsewhere"])?;
    ensure!(read == "1", "`{read}` is behind the link");
    tells(&expect(small.deploy(&[])?, 0)?, &["unchanged"])
}

#[test]
fn a_sysctl_of_the_interface_is_set() -> Result<()> {
    let small = Small::set("interface")?;
    for (version, value) in [("1", "1"), ("1", "0")] {
        with(&small, version, &format!("    sysctls: {{ net.ipv4.conf.eth0.log_martians: {value} }}\n"), "")?;
        expect(small.deploy(&[])?, 0)?;
        tells(&expect(small.deploy(&[])?, 0)?, &["unchanged"])?;
        let path = "/proc/sys/net/ipv4/conf/eth0/log_martians";
        let found = docker(["exec", &format!("{}-web-1", small.name), "cat", path])?;
        ensure!(found == value, "it is {found}, not {value}");
    }
    Ok(())
}

#[test]
fn what_the_engine_discards_is_no_change_of_every_later_release() -> Result<()> {
    let small = Small::set("discarded")?;
    // Of these, engines and kernels discard some.
    let lines = "    mem_limit: 64m\n    mem_swappiness: 10\n    blkio_config: { weight: 300 }\n";
    with(&small, "1", lines, "")?;
    expect(small.deploy(&[])?, 0)?;
    tells(&expect(small.deploy(&[])?, 0)?, &["unchanged"])?;
    with(&small, "2", lines, "")?;
    let plan = expect(small.host.run(["plan", &small.name])?, 0)?;
    tells(&plan, &["environment changed"])?;
    for field in ["blkio_config", "mem_swappiness", "memswap_limit"] {
        ensure!(!plan.stdout.contains(field), "{field} is told as a change:\n{}", plan.stdout);
    }
    expect(small.deploy(&[])?, 0)?;
    small.serves("2")
}
