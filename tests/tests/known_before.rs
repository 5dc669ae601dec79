//! What stands in a deployment's way on this host is known when it is planned: what the operator has not granted, all of
//! it at once, and names and ports that containers of others have. Nothing is touched.

use anyhow::{Result, bail, ensure};
use windlass_stage::{docker, free_port};
use windlass_tests::{Small, expect, tells};

/// A container that is not the application's, removed at the end.
struct Other(String);

impl Other {
    fn run(name: &str, more: &[&str]) -> Result<Self> {
        docker(["rm", "-f", name]).ok();
        let image = [windlass_stage::BUSYBOX, "sleep", "600"];
        docker([&["run", "-d", "--name", name, "--stop-signal", "SIGKILL"], more, &image].concat())?;
        Ok(Self(name.to_owned()))
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        docker(["rm", "-f", &self.0]).ok();
    }
}

/// A network that is not the application's, removed at the end.
struct Foreign(String);

impl Foreign {
    fn make(name: &str) -> Result<Self> {
        docker(["network", "rm", name]).ok();
        docker(["network", "create", name])?;
        Ok(Self(name.to_owned()))
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        docker(["network", "rm", &self.0]).ok();
    }
}

#[test]
fn everything_that_is_not_granted_is_told_at_once_with_lines_that_allow_it() -> Result<()> {
    let small = Small::set("lacking")?;
    let network = Foreign::make(&format!("{}-edge", small.name))?;
    let (proxy, edge) = (&network.0, "proxy");
    let more = format!(
        "    cap_add: [NET_ADMIN]\n    volumes: [\"/etc/localtime:/etc/localtime:ro\"]\n    networks: [default, {edge}]\n  \
         probe:\n    image: windlass-test/{}:1\n    command: [\"sleep\", \"600\"]\n    stop_signal: SIGKILL\n    pid: host\n    \
         network_mode: host\nnetworks:\n  {edge}: {{ name: {proxy}, external: true }}\n",
        small.name
    );
    small.write("compose.yaml", format!("{}{more}", small.compose()))?;
    let allowed = format!(
        "docker-write = {{ bind-roots = [\"/etc/localtime\"], allow = [\"cap-add:NET_ADMIN\", \"host-network\", \"host-pid\", \
         \"network:{proxy}\"] }}"
    );
    for command in [["plan", &small.name], ["check", &small.name], ["deploy", &small.name]] {
        let run = expect(small.host.run(command)?, 3)?;
        tells(
            &run,
            &[&allowed, "-web-1`: `HostConfig.CapAdd` = `NET_ADMIN`", "-probe-1`: `HostConfig.PidMode` = `host`"],
        )?;
        let world = small.world()?;
        ensure!(world.is_empty(), "{command:?}: {world:?} is there");
    }
    // The lines are enough, as they were told.
    small.operator(&format!(
        "\n[[grants]]\nplugin = \"strategy-compose\"\napplications = [\"{}\"]\n{allowed}\n",
        small.name
    ))?;
    expect(small.deploy(&[])?, 0)?;
    ensure!(small.read()? == "1", "it does not serve");
    // What is granted by name is the same for every later look.
    expect(small.deploy(&[])?, 0)?;
    Ok(())
}

#[test]
fn names_and_ports_of_others_are_found_by_the_plan() -> Result<()> {
    let small = Small::set("names-of-others")?;
    let named = format!("{}-theirs", small.name);
    let port = free_port()?;
    let other = Other::run(&named, &["-p", &format!("127.0.0.1:{port}:80")])?;
    let with_name =
        small.compose().replace("    stop_signal:", &format!("    container_name: {named}\n    stop_signal:"));
    let with_port = small.compose().replace(&small.port.to_string(), &port.to_string());
    for (file, words) in [
        (
            with_name,
            [
                format!("a container named `{named}` is there that is not of application"),
                format!("docker inspect {named}"),
            ],
        ),
        (
            with_port,
            [
                format!("port {port}/tcp is published by a container that is not of application"),
                format!("--filter publish={port}"),
            ],
        ),
    ] {
        small.write("compose.yaml", file)?;
        for command in [["plan", &small.name], ["deploy", &small.name]] {
            let run = expect(small.host.run(command)?, 10)?;
            tells(&run, &[&words[0], &words[1]])?;
        }
        let world = small.world()?;
        ensure!(world.is_empty(), "{world:?} is there");
    }
    // When the other one is gone, nothing is remembered against the release.
    drop(other);
    expect(small.deploy(&[])?, 0)?;
    Ok(())
}

/// The first of three ports in a row that are free.
fn three_ports() -> Result<u16> {
    let mut row = vec![free_port()?];
    for _ in 0..500 {
        if let [first, _, _] = row.as_slice() {
            return Ok(*first);
        }
        let next = free_port()?;
        if row.last().is_some_and(|last| last + 1 != next) {
            row.clear();
        }
        row.push(next);
    }
    bail!("no three free ports are in a row")
}

/// Containers of the application and the ports that they have.
fn ports(small: &Small) -> Result<Vec<String>> {
    let project = format!("label=com.docker.compose.project={}", small.name);
    let list = docker(["ps", "--filter", &project, "--format", "{{.Names}} {{.Ports}}"])?;
    let mut ports: Vec<String> =
        list.lines().filter_map(|line| Some(line.split_once(" 127.0.0.1:")?.1.to_owned())).collect();
    ports.sort();
    Ok(ports)
}

#[test]
fn each_replica_has_a_port_of_the_range_and_none_becomes_some() -> Result<()> {
    let small = Small::set("range-of-ports")?;
    let first = three_ports()?;
    let text = |version: &str, replicas: u32| {
        let file = small.compose().replace("VERSION: \"1\"", &format!("VERSION: \"{version}\""));
        let file = file.replace(&format!(":{}:80", small.port), &format!(":{first}-{}:80", first + 2));
        format!("{file}    deploy: {{ replicas: {replicas} }}\n")
    };
    for (version, replicas) in [("1", 0), ("1", 3), ("2", 3), ("2", 0), ("2", 2)] {
        small.write("compose.yaml", text(version, replicas))?;
        expect(small.deploy(&[])?, 0)?;
        let have = ports(&small)?;
        ensure!(have.len() == replicas as usize, "{version} × {replicas}: {have:?}");
        let distinct: std::collections::BTreeSet<&String> = have.iter().collect();
        ensure!(distinct.len() == have.len(), "{have:?}");
    }
    small.write("compose.yaml", text("2", 4))?;
    let run = expect(small.deploy(&[])?, 3)?;
    tells(&run, &["are 3 ports, and each container needs one"])
}
