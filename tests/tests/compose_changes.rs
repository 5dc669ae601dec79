//! What Compose files that change mean for what is there: volumes, networks, names, numbers, services that are gone.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use windlass_stage::{BUSYBOX, docker};
use windlass_tests::{Small, compose, expect, tells};

/// Another service of the same application.
fn service(name: &str, application: &str, more: &str) -> String {
    format!(
        "  {name}:\n    image: windlass-test/{application}:1\n    command: [\"sleep\", \"600\"]\n    \
         stop_signal: SIGKILL\n{more}"
    )
}

fn names(small: &Small) -> Result<Vec<String>> {
    let prefix = format!("container {}-", small.name);
    Ok(small.world()?.into_keys().filter_map(|name| name.strip_prefix(&prefix).map(str::to_owned)).collect())
}

fn run_compose(small: &Small, arguments: &[&str]) -> Result<String> {
    let output = Command::new(compose()?)
        .args(["-p", &small.name, "-f"])
        .arg(small.directory().join("compose.yaml"))
        .args(arguments)
        .output()
        .context("cannot start Docker Compose")?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "docker compose {arguments:?}: {text}");
    Ok(text)
}

#[test]
fn a_volume_or_network_whose_definition_changed_is_refused_with_the_ways_out() -> Result<()> {
    let small = Small::set("defined")?;
    let more = service("store", &small.name, "    volumes: [\"data:/data\"]\n    networks: [inner]\n");
    let text = |volume: &str, network: &str| {
        format!("{}{more}volumes: {{ data: {volume} }}\nnetworks: {{ inner: {network} }}\n", small.compose())
    };
    small.write("compose.yaml", text("{}", "{}"))?;
    expect(small.deploy(&[])?, 0)?;
    let store = format!("{}-store-1", small.name);
    docker(["exec", &store, "sh", "-c", "echo kept > /data/file"])?;
    let before = small.world()?;

    small.write("compose.yaml", text("{ driver_opts: { type: tmpfs, device: tmpfs } }", "{}"))?;
    let run = expect(small.deploy(&[])?, 3)?;
    let expected = format!("the volume `{}_data` is there with another driver_opts", small.name);
    assert!(run.stderr.contains(&expected), "{}", run.stderr);
    assert!(run.stderr.contains("another name"), "{}", run.stderr);

    small.write("compose.yaml", text("{}", "{ internal: true }"))?;
    let run = expect(small.deploy(&[])?, 3)?;
    let expected = format!("the network `{}_inner` is there with another internal", small.name);
    assert!(run.stderr.contains(&expected), "{}", run.stderr);

    assert_eq!(small.world()?, before, "nothing was touched");
    assert_eq!(docker(["exec", &store, "cat", "/data/file"])?, "kept");
    Ok(())
}

#[test]
fn what_an_application_writes_into_its_volume_makes_no_plan_stale() -> Result<()> {
    let small = Small::set("busy")?;
    let writes = "sh, -c, \"while :; do echo > /data/journal; rm /data/journal; usleep 20000; done\"";
    let more = service("store", &small.name, "    volumes: [\"data:/data\"]\n").replace("\"sleep\", \"600\"", writes);
    let text = |version: &str| {
        let web = small.compose().replace("VERSION: \"1\"", &format!("VERSION: \"{version}\""));
        format!("{web}{more}volumes: {{ data: {{}} }}\n")
    };
    small.write("compose.yaml", text("1"))?;
    expect(small.deploy(&[])?, 0)?;
    small.write("compose.yaml", text("2"))?;
    let plan = small.host.root().join("plan.json");
    let out = plan.to_str().context("the path is not text")?;
    expect(small.host.run(["plan", &small.name, "--out", out])?, 0)?;
    // The time of the volume's directory is told in whole seconds.
    docker(["exec", &format!("{}-store-1", small.name), "sh", "-c", "sleep 1; echo > /data/upload"])?;
    expect(small.host.run(["deploy", &small.name, "--plan", out])?, 0)?;
    assert_eq!(small.read()?, "2");
    small.write("compose.yaml", text("3"))?;
    expect(small.deploy(&[])?, 0)?;
    assert_eq!(small.read()?, "3");
    Ok(())
}

/// The release that mends a version that crashes again and again is planned while its container ends and is restarted.
#[test]
fn a_container_that_is_restarted_again_and_again_makes_no_plan_stale() -> Result<()> {
    let small = Small::set("crashing")?;
    let worker = |ends: &str| {
        let command = format!("sh, -c, \"while [ ! -e /crash ]; do usleep 20000; done; {ends}\"");
        service("worker", &small.name, "    restart: always\n").replace("\"sleep\", \"600\"", &command)
    };
    let text = |version: &str, ends: &str| {
        let web = small.compose().replace("VERSION: \"1\"", &format!("VERSION: \"{version}\""));
        format!("{web}{}", worker(ends))
    };
    small.write("compose.yaml", text("1", "usleep 50000; exit 1"))?;
    expect(small.deploy(&[])?, 0)?;
    let container = format!("{}-worker-1", small.name);
    // The engine lets more time pass before each restart, and begins anew for a container that ran for ten seconds.
    let restarts =
        || -> Result<u32> { Ok(docker(["inspect", "--format", "{{.RestartCount}}", &container])?.trim().parse()?) };
    let is_restarted = |before: u32| -> Result<()> {
        let deadline = Instant::now() + Duration::from_mins(1);
        while restarts()? <= before {
            ensure!(Instant::now() < deadline, "the container is not restarted");
        }
        Ok(())
    };
    // What is run in the container ends with it, and may not say that it did what it should.
    let crash = || docker(["exec", &container, "busybox", "touch", "/crash"]).ok();
    crash();
    is_restarted(1)?;
    small.write("compose.yaml", text("2", "usleep 50000; exit 2"))?;
    let plan = small.host.root().join("plan.json");
    let out = plan.to_str().context("the path is not text")?;
    expect(small.host.run(["plan", &small.name, "--out", out])?, 0)?;
    is_restarted(restarts()?)?;
    expect(small.host.run(["deploy", &small.name, "--plan", out])?, 0)?;
    assert_eq!(small.read()?, "2");
    assert_eq!(restarts()?, 0, "a new container runs");

    // And where it is planned and deployed at once.
    crash();
    is_restarted(1)?;
    small.write("compose.yaml", text("3", "exec sleep 600"))?;
    expect(small.deploy(&[])?, 0)?;
    assert_eq!(small.read()?, "3");
    Ok(())
}

#[test]
fn a_stale_plan_says_what_changed() -> Result<()> {
    let small = Small::running("stale")?;
    small.version("2")?;
    let plan = small.host.root().join("plan.json");
    let out = plan.to_str().context("the path is not text")?;
    expect(small.host.run(["plan", &small.name, "--out", out])?, 0)?;
    docker(["stop", &format!("{}-web-1", small.name)])?;
    let stale = expect(small.host.run(["deploy", &small.name, "--plan", out])?, 16)?;
    tells(&stale, &[&format!("container {}-web-1: state was `running`, is `not running`", small.name)])?;
    // One that is made now is of what is there now.
    expect(small.deploy(&[])?, 0)?;
    small.serves("2")
}

#[test]
fn an_external_network_that_is_not_granted_is_not_taken_for_a_change() -> Result<()> {
    let small = Small::running("ungranted")?;
    let network = format!("{}-proxy", small.name);
    docker(["network", "create", &network])?;
    let more = small.compose().replace("    ports:", "    networks: [proxy]\n    ports:");
    small.write("compose.yaml", format!("{more}networks: {{ proxy: {{ external: true, name: {network} }} }}\n"))?;
    let refused = small.deploy(&[]);
    docker(["network", "rm", &network])?;
    let refused = refused?;
    assert!(refused.stderr.contains(&format!("network:{network}")), "{}", refused.stderr);
    assert!(!refused.stderr.contains("while it is being planned"), "{}", refused.stderr);
    expect(refused, 3)?;
    small.serves("1")
}

#[test]
fn each_of_several_containers_of_a_service_is_waited_for_and_proved() -> Result<()> {
    let small = Small::set("replicas")?;
    small.operator("[[grants]]\nplugin = \"smoke-containers\"\ndocker-read = true\n")?;
    let smoke = "[smoke.containers]\nplugin = \"smoke-containers\"\nwith = { settle = \"200ms\" }\n\n";
    small
        .write("release.toml", small.release().replace("[environments.uat]", &format!("{smoke}[environments.uat]")))?;
    for (replicas, containers) in [
        (1, vec!["web-1", "worker-1"]),
        (3, vec!["web-1", "worker-1", "worker-2", "worker-3"]),
        (2, vec!["web-1", "worker-1", "worker-2"]),
        (0, vec!["web-1"]),
        (2, vec!["web-1", "worker-1", "worker-2"]),
    ] {
        let more = service("worker", &small.name, &format!("    deploy: {{ replicas: {replicas} }}\n"));
        small.write("compose.yaml", format!("{}{more}", small.compose()))?;
        let run = expect(small.deploy(&[])?, 0)?;
        let told = match containers.len() {
            1 => "1 container runs and is healthy".to_owned(),
            count => format!("{count} containers run and are healthy"),
        };
        assert!(run.stderr.contains(&told), "{}", run.stderr);
        assert_eq!(names(&small)?, containers);
    }
    Ok(())
}

#[test]
fn paths_below_a_directory_that_ends_in_a_slash_have_one_slash() -> Result<()> {
    let small = Small::set("slash")?;
    small.write("greeting", "hello")?;
    let more = service("store", &small.name, "    volumes: [\"./greeting:/greeting:ro\"]\n");
    small.write("compose.yaml", format!("{}{more}", small.compose()))?;
    let directory = small.directory().display().to_string();
    let run = expect(small.host.run(["config", &format!("{directory}/")])?, 0)?;
    assert!(run.stdout.contains(&format!("source: {directory}/greeting\n")), "{}", run.stdout);
    Ok(())
}

#[test]
fn what_others_should_keep_and_what_others_have_already_is_said_before_anything_is_touched() -> Result<()> {
    let small = Small::running("others")?;
    let before = small.world()?;
    let missing = small.compose().replace("    ports:", "    networks: [proxy]\n    ports:");
    small.write(
        "compose.yaml",
        format!("{missing}networks: {{ proxy: {{ external: true, name: wlsmall-nobody }} }}\n"),
    )?;
    let run = expect(small.deploy(&[])?, 3)?;
    assert!(run.stderr.contains("the external network `wlsmall-nobody` is not there"), "{}", run.stderr);
    assert!(run.stderr.contains("docker network create wlsmall-nobody"), "{}", run.stderr);

    // A network of the same name that was made outside of the application.
    let name = format!("{}_mine", small.name);
    docker(["network", "create", &name])?;
    small.write("compose.yaml", format!("{}networks: {{ default: {{ name: {name} }} }}\n", small.compose()))?;
    let refused = small.deploy(&[]);
    docker(["network", "rm", &name])?;
    let run = expect(refused?, 3)?;
    assert!(run.stderr.contains("exists already and belongs to another owner"), "{}", run.stderr);
    assert_eq!(small.world()?, before);
    small.serves("1")
}

#[test]
fn a_name_that_another_container_has_is_told_and_the_old_version_stays() -> Result<()> {
    let small = Small::running("named")?;
    let before = small.world()?;
    let taken = format!("{}-taken", small.name);
    docker(["create", "--name", &taken, BUSYBOX])?;
    let more = service("helper", &small.name, &format!("    container_name: {taken}\n"));
    small.write("compose.yaml", format!("{}{more}", small.compose()))?;
    let ended = small.deploy(&[]);
    docker(["rm", &taken])?;
    let run = expect(ended?, 10)?;
    assert!(run.stderr.contains(&taken) && run.stdout.contains("nothing was touched"), "{}{}", run.stdout, run.stderr);
    assert_eq!(small.world()?, before);
    small.serves("1")
}

#[test]
fn services_that_are_gone_are_shown_and_removed_and_those_of_compose_when_told_so() -> Result<()> {
    let small = Small::set("gone")?;
    small.write("compose.yaml", format!("{}{}", small.compose(), service("extra", &small.name, "")))?;
    expect(small.deploy(&[])?, 0)?;
    // A person starts another service with Docker Compose.
    small.write("compose.yaml", format!("{}{}", small.compose(), service("theirs", &small.name, "")))?;
    run_compose(&small, &["up", "-d", "--no-deps", "theirs"])?;
    assert_eq!(names(&small)?, ["extra-1", "theirs-1", "web-1"]);

    small.write("compose.yaml", small.compose())?;
    let plan = expect(small.host.run(["plan", &small.name])?, 0)?;
    assert!(plan.stdout.contains("- service extra: no longer in the Compose files"), "{}", plan.stdout);
    let run = expect(small.deploy(&[])?, 0)?;
    assert!(run.stderr.contains("theirs-1 of service theirs is in no Compose file"), "{}", run.stderr);
    assert_eq!(names(&small)?, ["theirs-1", "web-1"]);

    small.write("release.toml", small.release().replace("settle", "remove-orphans = true, settle"))?;
    let plan = expect(small.host.run(["plan", &small.name])?, 0)?;
    assert!(plan.stdout.contains("- service theirs: no longer in the Compose files"), "{}", plan.stdout);
    expect(small.deploy(&[])?, 0)?;
    small.serves("1")
}

#[test]
fn docker_compose_manages_several_containers_and_the_agent_mends_what_it_left() -> Result<()> {
    let small = Small::set("several")?;
    let text = format!("{}{}", small.compose(), service("worker", &small.name, "    scale: 3\n"));
    small.write("compose.yaml", &text)?;
    expect(small.deploy(&[])?, 0)?;
    assert_eq!(names(&small)?, ["web-1", "worker-1", "worker-2", "worker-3"]);
    assert_eq!(run_compose(&small, &["ps", "-q", "worker"])?.lines().count(), 3);
    assert_eq!(run_compose(&small, &["exec", "-T", "--index", "2", "worker", "echo", "here"])?.trim(), "here");

    run_compose(&small, &["stop", "worker"])?;
    let status = expect(small.host.run(["status", &small.name])?, 0)?;
    assert!(status.stdout.contains("drifted"), "{}", status.stdout);
    expect(small.deploy(&[])?, 0)?;
    assert_eq!(run_compose(&small, &["ps", "-q", "--status", "running", "worker"])?.lines().count(), 3);

    small.write("compose.yaml", text.replace("scale: 3", "scale: 1"))?;
    expect(small.deploy(&[])?, 0)?;
    assert_eq!(names(&small)?, ["web-1", "worker-1"]);
    run_compose(&small, &["down"])?;
    assert_eq!(small.world()?.len(), 0, "down removes everything");
    Ok(())
}

#[test]
fn what_lives_on_another_container_or_restarts_with_it_goes_and_comes_back_with_it() -> Result<()> {
    let small = Small::set("together")?;
    // It reaches the page where only what shares the network of `web` does.
    let side = service("side", &small.name, "    network_mode: \"service:web\"\n");
    let told = service(
        "told",
        &small.name,
        "    platform: linux/amd64\n    depends_on: { web: { condition: service_healthy, restart: true } }\n    \
         configs: [{ source: text, target: /text, uid: \"1000\", gid: \"2000\", mode: 0440 }]\n",
    );
    let compose = format!("{}{side}{told}configs: {{ text: {{ content: \"for few\" }} }}\n", small.compose());
    let with = |from: &str, to: &str| small.write("compose.yaml", compose.replace(from, to));
    let inside =
        |service: &str, command: &str| docker(["exec", &format!("{}-{service}-1", small.name), "sh", "-c", command]);
    let page = || inside("side", "wget -q -O - http://127.0.0.1:80/");
    with("", "")?;
    expect(small.deploy(&[])?, 0)?;
    assert_eq!(page()?, "1");
    assert_eq!(inside("told", "stat -c '%u %g %a' /text")?, "1000 2000 440");
    assert_eq!(inside("told", "cat /text")?, "for few");
    let first = small.world()?;
    expect(small.deploy(&[])?, 0)?;
    assert_eq!(small.world()?, first, "nothing is touched");

    // Only `web` changes; the plan says who goes with it.
    with("VERSION: \"1\"", "VERSION: \"2\"")?;
    let plan = expect(small.host.run(["plan", &small.name])?, 0)?;
    for line in ["service side: restarts with web", "service told: restarts with web"] {
        assert!(plan.stdout.contains(line), "{}", plan.stdout);
    }
    expect(small.deploy(&[])?, 0)?;
    assert_eq!((page()?.as_str(), small.read()?.as_str()), ("2", "2"));
    assert_eq!(names(&small)?, ["side-1", "told-1", "web-1"]);

    // A version that cannot start: everything comes back, and lives together as before.
    let before: Vec<String> = small.world()?.into_values().map(|facts| facts[..64].to_owned()).collect();
    with("exec httpd", "exec nothing")?;
    expect(small.deploy(&[])?, 11)?;
    let after: Vec<String> = small.world()?.into_values().map(|facts| facts[..64].to_owned()).collect();
    assert_eq!(after, before, "the very same containers");
    assert_eq!((page()?.as_str(), small.read()?.as_str()), ("2", "2"));

    // One that is for another platform is refused before anything is touched.
    with("platform: linux/amd64", "platform: linux/s390x")?;
    let run = expect(small.deploy(&[])?, 3)?;
    assert!(run.stderr.contains("service told asks for linux/s390x"), "{}", run.stderr);
    Ok(())
}

#[test]
fn a_mounted_file_that_becomes_executable_makes_the_container_anew() -> Result<()> {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    let small = Small::set("becomes-program")?;
    let text =
        small.compose().replace("    stop_signal", "    volumes: [\"./start.sh:/start.sh:ro\"]\n    stop_signal");
    small.write("compose.yaml", text)?;
    small.write("start.sh", "#!/bin/sh\necho started\n")?;
    let path = small.directory().join("start.sh");
    set_permissions(&path, Permissions::from_mode(0o644))?;
    expect(small.deploy(&[])?, 0)?;
    let web = format!("{}-web-1", small.name);
    ensure!(docker(["exec", &web, "/start.sh"]).is_err(), "it was executable");

    set_permissions(&path, Permissions::from_mode(0o755))?;
    let plan = expect(small.host.run(["plan", &small.name])?, 0)?;
    tells(&plan, &["mode of mounted file start.sh changed", "not executable"])?;
    expect(small.deploy(&[])?, 0)?;
    assert_eq!(docker(["exec", &web, "/start.sh"])?, "started");
    tells(&expect(small.deploy(&[])?, 0)?, &["unchanged"])?;
    expect(small.host.run(["rollback", &small.name])?, 0)?;
    ensure!(docker(["exec", &web, "/start.sh"]).is_err(), "it stayed executable");
    Ok(())
}
