//! Addresses of networks and containers: what a plugin may choose, against a real engine and real routes.

use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};
use windlass_capability::docker::{ContainerGrant, Docker, Engine};
use windlass_stage::{docker, in_own_network};

use crate::docker_capability::support::{Application, grant_of, sleeper};

/// A range that no other test has.
fn free(third: u8) -> (String, impl Fn(u8) -> String) {
    let process = std::process::id();
    let [.., high, low] = process.to_be_bytes();
    // Sixteen ranges for each process.
    let start = format!("10.{}.{low}", 128 + high % 64);
    let fourth = third * 16;
    (format!("{start}.{fourth}/28"), move |host| format!("{start}.{}", fourth + host))
}

fn pool(name: &str, pool: &Value) -> Value {
    json!({ "Name": name, "IPAM": { "Config": [pool] } })
}

fn at(network: &str, address: &str) -> Value {
    let mut body = sleeper();
    body["HostConfig"]["NetworkMode"] = json!(network);
    body["NetworkingConfig"] = json!({ "EndpointsConfig": { network: { "IPAMConfig": { "IPv4Address": address } } } });
    body
}

#[tokio::test]
async fn a_private_range_that_is_free_needs_no_word() {
    let application = Application::new("range");
    let strategy = application.strategy("s");
    let (range, address) = free(0);
    let network = application.named("net");
    let body = pool(&network, &json!({ "Subnet": range, "Gateway": address(1), "IPRange": range }));
    for _ in 0..2 {
        strategy.permits(&json!([{ "network": body }, { "container": at(&network, &address(7)) }])).await.unwrap();
        strategy.create_network(&body).await.unwrap();
    }
    let id = strategy.create_container(&application.named("web"), &at(&network, &address(7))).await.unwrap();
    strategy.start_container(&id).await.unwrap();
    let found = strategy.inspect_container(&id).await.unwrap();
    assert_eq!(found["NetworkSettings"]["Networks"][&network]["IPAddress"], address(7));
    // Another deployment finds it there, and it is not in its own way.
    let scope = application.later("s");
    let later = application.with(scope, &[]);
    later.create_network(&body).await.unwrap();
    later.create_container(&application.named("web2"), &at(&network, &address(8))).await.unwrap();
    // What lies outside is refused, also of a network that is there.
    for address in ["203.0.113.34", "172.17.0.5"] {
        let failure = later.create_container("wlcap-never", &at(&network, address)).await.unwrap_err();
        assert!(failure.message.contains("is not in the network"), "{failure:?}");
        let endpoint = json!({ "IPAMConfig": { "IPv4Address": address } });
        let failure = later.connect_network(&network, &id, &endpoint).await.unwrap_err();
        assert!(failure.message.contains("is not in the network"), "{failure:?}");
    }
}

#[tokio::test]
async fn ranges_of_others_are_refused_before_the_engine_hears_of_them() {
    let application = Application::new("taken");
    let strategy = application.strategy("s");
    let network = application.named("net");
    let (range, _) = free(1);
    strategy.create_network(&pool(&application.named("first"), &json!({ "Subnet": range }))).await.unwrap();
    for subnet in [
        "203.0.113.0/24",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "8.8.8.0/24",
        "100.64.0.0/24",
        "fe80::/64",
        "172.17.0.0/24",
        &range,
    ] {
        let body = pool(&network, &json!({ "Subnet": subnet }));
        for failure in [
            strategy.permits(&json!([{ "network": body }])).await.unwrap_err(),
            strategy.create_network(&body).await.unwrap_err(),
        ] {
            assert_eq!(failure.code, "capability-denied", "{subnet}: {failure:?}");
            assert!(grant_of(&failure).contains(&format!("subnets = [\"{subnet}\"]")), "{failure:?}");
        }
    }
    assert!(docker(["network", "inspect", &network]).is_err());
    let both = json!([
        { "network": pool(&application.named("a"), &json!({ "Subnet": free(2).0 })) },
        { "network": pool(&application.named("b"), &json!({ "Subnet": free(2).0 })) },
    ]);
    assert!(strategy.permits(&both).await.unwrap_err().message.contains("both have"), "{both}");
}

#[tokio::test]
async fn a_network_that_is_there_already_is_held_to_the_rule() {
    let application = Application::new("adopt");
    let strategy = application.strategy("s");
    let network = application.named("net");
    let label = format!("com.docker.compose.project={}", application.name);
    docker(["network", "create", "--label", &label, "--subnet", "198.51.100.64/28", &network]).unwrap();
    let body = json!({ "Name": network });
    let mut joined = sleeper();
    joined["HostConfig"]["NetworkMode"] = json!(network);
    let container = strategy.create_container(&application.named("web"), &sleeper()).await.unwrap();
    for failure in [
        strategy.permits(&json!([{ "network": body }])).await.unwrap_err(),
        strategy.permits(&json!([{ "container": joined }])).await.unwrap_err(),
        strategy.create_network(&body).await.unwrap_err(),
        strategy.create_container("wlcap-never", &joined).await.unwrap_err(),
        strategy.connect_network(&network, &container, &json!(null)).await.unwrap_err(),
    ] {
        assert_eq!(failure.code, "capability-denied", "{failure:?}");
        assert!(grant_of(&failure).contains("subnets = [\"198.51.100.64/28\"]"), "{failure:?}");
    }
    let subnets = vec!["198.51.100.0/24".parse().unwrap()];
    let granted = application.granting(application.scope("s"), ContainerGrant { subnets, ..ContainerGrant::default() });
    granted.create_network(&body).await.unwrap();
    granted.create_container(&application.named("joined"), &joined).await.unwrap();
}

#[test]
fn what_the_host_reaches_is_not_a_networks() {
    in_own_network(|| {
        for arguments in [
            ["addr", "add", "10.77.1.2/24", "dev", "lo"].as_slice(),
            &["addr", "add", "fd77::2/64", "dev", "lo"],
            &["route", "add", "10.88.0.0/16", "dev", "lo"],
            // Only some packets are routed by this table, and so not seen in the main one.
            &["route", "add", "10.99.0.0/16", "dev", "lo", "table", "77"],
        ] {
            assert!(Command::new("ip").args(arguments).status()?.success(), "{arguments:?}");
        }
        let engine = windlass_stage::Engine::start()?;
        let mut application = Application::new("routes");
        application.engine = Arc::new(Engine::new(&format!("unix://{}", engine.socket().display())));
        tokio::runtime::Runtime::new()?.block_on(routes(&application));
        Ok(())
    })
    .unwrap();
}

async fn routes(application: &Application) {
    let strategy = application.strategy("s");
    let resolver = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let resolver = resolver.lines().find_map(|line| line.strip_prefix("nameserver 10."));
    let resolver = resolver.map(|rest| format!("10.{}/32", rest.trim()));
    for (subnet, what) in [
        ("10.77.1.0/24", "the host's"),
        ("10.77.0.0/16", "the host's"),
        ("10.77.1.2/32", "the host's"),
        ("fd77::/64", "the host's"),
        ("10.88.7.0/24", "the host's route 10.88.0.0/16 on lo"),
        ("10.99.7.0/24", "the host's route 10.99.0.0/16 on lo"),
    ]
    .into_iter()
    .chain(resolver.as_deref().map(|resolver| (resolver, "the host's resolver")))
    {
        let body = pool(&application.named("net"), &json!({ "Subnet": subnet }));
        let failure = strategy.create_network(&body).await.unwrap_err();
        assert!(failure.message.contains(what), "{subnet}: {failure:?}");
        assert!(grant_of(&failure).contains(subnet), "{failure:?}");
    }
    strategy.create_network(&pool(&application.named("free"), &json!({ "Subnet": "10.66.0.0/16" }))).await.unwrap();
    strategy.create_network(&json!({ "Name": application.named("engines") })).await.unwrap();
    // A network of the engine's own choice is there again at the next deployment.
    let scope = application.later("s");
    let later: Docker = application.with(scope, &[]);
    for name in ["free", "engines"] {
        later.create_network(&json!({ "Name": application.named(name) })).await.unwrap();
    }
    let subnets = vec!["203.0.113.0/24".parse().unwrap()];
    let granted = application.granting(application.scope("s"), ContainerGrant { subnets, ..ContainerGrant::default() });
    granted.create_network(&pool(&application.named("granted"), &json!({ "Subnet": "203.0.113.0/24" }))).await.unwrap();
}
