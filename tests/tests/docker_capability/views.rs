//! Looking: what is shown, and that only one's own is.

use serde_json::{Value, json};
use windlass_stage::{BUSYBOX, docker};

use crate::docker_capability::support::{Application, grant_of, sleeper, with_host};

#[tokio::test]
async fn version_and_info_say_what_checks_need() {
    let check = Application::new("info").check();
    let version = check.version().await.unwrap();
    assert!(version["ApiVersion"].is_string() && version["SystemTime"].is_string(), "{version}");
    let info = check.info().await.unwrap();
    for field in ["NCPU", "MemTotal", "OSType", "Architecture", "Driver", "Name", "SystemTime", "ServerVersion"] {
        assert!(!info[field].is_null(), "{field}: {info}");
    }
    for pointer in ["/Disk/total", "/Disk/available", "/Disk/inodes-available", "/Memory/total", "/Memory/available"] {
        assert!(info.pointer(pointer).and_then(Value::as_u64).is_some_and(|number| number > 0), "{pointer}: {info}");
    }
    assert!(info["Disk"]["path"].is_string());
}

#[tokio::test]
async fn only_the_applications_own_is_shown() {
    let (application, other) = (Application::new("own"), Application::new("other"));
    let foreign = other.strategy("s").create_container(&other.named("web"), &sleeper()).await.unwrap();
    other.strategy("s").create_network(&json!({ "Name": other.named("net") })).await.unwrap();
    other.strategy("s").create_volume(&json!({ "Name": other.named("vol") })).await.unwrap();
    let mine = application.named("web");
    application.strategy("s").create_container(&mine, &sleeper()).await.unwrap();
    // Started by Compose before there was an agent.
    let project = format!("com.docker.compose.project={}", application.name);
    docker(["create", "--name", &application.named("old"), "--label", &project, "--network=none", BUSYBOX]).unwrap();

    let check = application.check();
    let listed = check.list_containers().await.unwrap();
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["Names"][0].as_str().unwrap()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(check.inspect_container(&mine).await.unwrap()["Name"], format!("/{mine}"));
    for name in [&foreign, &other.named("web")] {
        assert_eq!(check.inspect_container(name).await.unwrap_err().code, "not-found");
        assert_eq!(check.logs(name, 10).await.unwrap_err().code, "not-found");
        assert_eq!(check.probe_tcp(Some(name), "127.0.0.1", 1, 100).await.unwrap_err().code, "not-found");
    }
    assert_eq!(check.list_resources().await.unwrap(), json!({ "networks": [], "volumes": [] }));
    let network = check.inspect_network(&other.named("net")).await.unwrap();
    assert_eq!(network.as_object().unwrap().len(), 4, "{network}");
    assert_eq!(network["Driver"], "bridge");
    let volume = check.inspect_volume(&other.named("vol")).await.unwrap();
    assert_eq!(volume, json!({ "Name": other.named("vol"), "Driver": "local" }));
    assert_eq!(check.inspect_volume("wlcap-nothing").await.unwrap_err().code, "not-found");

    let mut scope = application.scope("check");
    scope.externals = [other.named("net"), other.named("vol")].into();
    let resources = application.with(scope, &[]).list_resources().await.unwrap();
    assert_eq!(resources["networks"][0].as_object().unwrap().len(), 4, "{resources}");
    assert_eq!(resources["volumes"], json!([{ "Name": other.named("vol"), "Driver": "local" }]));
}

#[tokio::test]
async fn names_that_are_paths_reach_nothing() {
    let check = Application::new("paths").check();
    for name in ["../info", "x/../../info", "x?y", "%2e%2e/info", ""] {
        assert_eq!(check.inspect_container(name).await.unwrap_err().code, "invalid-argument", "{name}");
        assert_eq!(check.inspect_network(name).await.unwrap_err().code, "invalid-argument", "{name}");
        assert_eq!(check.inspect_volume(name).await.unwrap_err().code, "invalid-argument", "{name}");
        assert_eq!(check.inspect_image(name).await.unwrap_err().code, "invalid-argument", "{name}");
    }
}

#[tokio::test]
async fn ports_and_who_holds_them() {
    let (application, other) = (Application::new("ports"), Application::new("ports2"));
    let mut published = Vec::new();
    for one in [&application, &other] {
        let body = json!({
            "Image": BUSYBOX, "Cmd": ["sleep", "600"], "ExposedPorts": { "80/tcp": {} },
            "HostConfig": { "PortBindings": { "80/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "" }] } },
        });
        let strategy = one.strategy("s");
        let id = strategy.create_container(&one.named("web"), &body).await.unwrap();
        strategy.start_container(&id).await.unwrap();
        let found = strategy.inspect_container(&id).await.unwrap();
        let port = found["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"].as_str().unwrap();
        published.push(port.parse::<u64>().unwrap());
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let ports = application.check().host_ports().await.unwrap();
    let holders = |port: u64| -> Vec<Value> {
        ports.as_array().unwrap().iter().filter(|one| one["port"] == port).cloned().collect()
    };
    let line = |port: u64, protocol: &str, container: Value, application: Value| {
        vec![json!({
            "port": port, "protocol": protocol, "address": "127.0.0.1",
            "container": container, "application": application,
        })]
    };
    let mine = line(published[0], "tcp", json!(application.named("web")), json!(application.name));
    assert_eq!(holders(published[0]), mine);
    assert_eq!(holders(published[1]), line(published[1], "tcp", json!(null), json!(null)));
    let port = u64::from(listener.local_addr().unwrap().port());
    assert_eq!(holders(port), line(port, "tcp", json!(null), json!(null)));
    let port = u64::from(datagrams.local_addr().unwrap().port());
    assert_eq!(holders(port), line(port, "udp", json!(null), json!(null)));
}

#[tokio::test]
async fn the_last_lines_of_a_log() {
    let application = Application::new("logs");
    let strategy = application.strategy("s");
    let mut body = sleeper();
    body["Cmd"] = json!(["sh", "-c", "echo one; echo two >&2; echo three; echo four"]);
    let id = strategy.create_container(&application.named("web"), &body).await.unwrap();
    let mut events = strategy.subscribe().await.unwrap();
    strategy.start_container(&id).await.unwrap();
    loop {
        let event = events.next(60_000).await.unwrap().expect("the container ends");
        if event["Action"] == "die" {
            break;
        }
    }
    assert_eq!(application.check().logs(&id, 2).await.unwrap().len(), 2);
    let mut all = application.check().logs(&id, u32::MAX).await.unwrap();
    all.sort();
    assert_eq!(all, ["four", "one", "three", "two"]);
    assert_eq!(application.check().logs(&id, 0).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn connections_from_inside_a_container() {
    let application = Application::new("probe");
    let strategy = application.strategy("s");
    let network = application.named("net");
    strategy.create_network(&json!({ "Name": network })).await.unwrap();
    let mut ids = Vec::new();
    for (name, command) in [("web", json!(["httpd", "-f", "-p", "80"])), ("client", json!(["sleep", "600"]))] {
        let mut body = with_host(&json!({ "NetworkMode": network }));
        body["Cmd"] = command;
        body["NetworkingConfig"] = json!({ "EndpointsConfig": { &network: { "Aliases": [name] } } });
        let id = strategy.create_container(&application.named(name), &body).await.unwrap();
        strategy.start_container(&id).await.unwrap();
        ids.push(id);
    }
    let (web, client) = (&ids[0], &ids[1]);
    let check = application.check();
    // The server may need a moment to listen.
    let mut answer = check.probe_tcp(Some(client), "web", 80, 5_000).await;
    while answer.as_ref().is_err_and(|failure| failure.retryable) {
        answer = check.probe_tcp(Some(client), "web", 80, 5_000).await;
    }
    answer.unwrap();
    check.probe_tcp(Some(client), &application.named("web"), 80, 5_000).await.unwrap();
    check.probe_tcp(Some(web), "127.0.0.1", 80, 5_000).await.unwrap();
    // Nothing listens on the client's own loopback: it is not the host's, nor the server's.
    let failure = check.probe_tcp(Some(client), "127.0.0.1", 80, 5_000).await.unwrap_err();
    assert_eq!(failure.code, "unavailable", "{failure:?}");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // The host's loopback is not the application's.
    for target in ["127.0.0.1", "localhost", "127.1.2.3", "::1", "::ffff:127.0.0.1"] {
        let failure = check.probe_tcp(None, target, port, 5_000).await.unwrap_err();
        assert_eq!(failure.code, "capability-denied", "{target}: {failure:?}");
        assert!(grant_of(&failure).contains(&format!(":{port}\"]")), "{failure:?}");
    }
    let granted = application.check_probing(&[format!("127.0.0.1:{port}")]);
    granted.probe_tcp(None, "127.0.0.1", port, 5_000).await.unwrap();
    granted.probe_tcp(None, "localhost", port, 5_000).await.unwrap();
    assert_eq!(granted.probe_tcp(None, "127.0.0.1", port - 1, 5_000).await.unwrap_err().code, "capability-denied");
    assert!(check.probe_tcp(Some(client), "127.0.0.1", port, 5_000).await.is_err());
    // Nor is anything else that a container or the host could reach, whatever it is called.
    for (from, target) in [
        (None, "169.254.169.254"),
        (None, "0.0.0.0"),
        (None, "192.0.2.1"),
        (None, "metadata.google.internal"),
        (Some(client.as_str()), "169.254.169.254"),
        (Some(client.as_str()), "172.17.0.1"),
        (Some(client.as_str()), "example.org"),
    ] {
        let failure = check.probe_tcp(from, target, 80, 5_000).await.unwrap_err();
        assert_eq!(failure.code, "capability-denied", "{target}: {failure:?}");
        assert!(grant_of(&failure).contains(&format!("probe-tcp = [\"{target}:80\"]")), "{failure:?}");
    }
    // A name that is granted leads to servers, and not to the host itself.
    let named = application.check_probing(&[format!("localhost:{port}")]);
    assert_eq!(named.probe_tcp(None, "localhost", port, 5_000).await.unwrap_err().code, "capability-denied");
    strategy.stop_container(client, 0).await.unwrap();
    assert_eq!(check.probe_tcp(Some(client), "web", 80, 5_000).await.unwrap_err().code, "conflict");
}

#[tokio::test]
async fn a_port_that_the_application_publishes_is_the_application() {
    let application = Application::new("published");
    let strategy = application.strategy("s");
    let port = windlass_stage::free_port().unwrap();
    let mut body =
        with_host(&json!({ "PortBindings": { "80/tcp": [{ "HostIp": "127.0.0.1", "HostPort": port.to_string() }] } }));
    body["Cmd"] = json!(["httpd", "-f", "-p", "80"]);
    body["ExposedPorts"] = json!({ "80/tcp": {} });
    let id = strategy.create_container(&application.named("web"), &body).await.unwrap();
    strategy.start_container(&id).await.unwrap();
    let check = application.check();
    check.probe_tcp(None, "127.0.0.1", port, 5_000).await.unwrap();
    check.probe_tcp(None, "localhost", port, 5_000).await.unwrap();
    // At another address of the host, another program may listen on that port.
    assert_eq!(check.probe_tcp(None, "127.0.0.2", port, 5_000).await.unwrap_err().code, "capability-denied");
    let other = Application::new("published2");
    assert_eq!(other.check().probe_tcp(None, "127.0.0.1", port, 5_000).await.unwrap_err().code, "capability-denied");
}

#[tokio::test]
async fn events_of_the_application_and_no_others() {
    let (application, other) = (Application::new("events"), Application::new("events2"));
    let (strategy, foreign) = (application.strategy("s"), other.strategy("s"));
    let id = strategy.create_container(&application.named("web"), &sleeper()).await.unwrap();
    let mut events = strategy.subscribe().await.unwrap();
    let theirs = foreign.create_container(&other.named("web"), &sleeper()).await.unwrap();
    foreign.start_container(&theirs).await.unwrap();
    strategy.start_container(&id).await.unwrap();
    strategy.stop_container(&id, 0).await.unwrap();
    let mut actions = Vec::new();
    // Newer engines tell the two in either order.
    while !["die", "stop"].iter().all(|action| actions.contains(&(*action).to_owned())) {
        let event = events.next(60_000).await.unwrap().unwrap_or_else(|| panic!("events come: {actions:?}"));
        assert_eq!(event["Actor"]["ID"], id);
        actions.push(event["Action"].as_str().unwrap().to_owned());
    }
    assert_eq!(actions.first().map(String::as_str), Some("start"), "nothing from before: {actions:?}");
    assert_eq!(events.next(1).await.unwrap(), None);
}
