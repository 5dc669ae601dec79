//! `check-readiness` and `check-image` on this very host.

use std::net::TcpListener;

use serde_json::json;
use windlass_domain::Verdict;
use windlass_stage::{BUSYBOX, docker, import_busybox};

use crate::first_party::support::{Sandbox, titles};

const GRANTS: &str = "[[grants]]\nplugin = \"check-readiness\"\ndocker-read = true\n[[grants]]\nplugin = \"check-image\"\ndocker-read = true\n";

#[tokio::test(flavor = "multi_thread")]
async fn this_host_is_ready_for_something_small() {
    let sandbox = Sandbox::new(GRANTS);
    sandbox.bundle("compose.yaml", "services:\n  web:\n    image: busybox\n");
    let with = json!({ "disk": "1MiB", "memory": "1MiB", "inodes": 1 });
    let report = sandbox.ask("check-readiness", with, json!({})).await.unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "{report:#?}");
    assert_eq!(report.summary, "the host is ready");
    let ids: Vec<&str> = report.findings.iter().map(|finding| finding.id.as_str()).collect();
    assert!(["engine", "clock", "disk", "memory", "files"].iter().all(|id| ids.contains(id)), "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named_with_what_to_do() {
    let sandbox = Sandbox::new(GRANTS);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    sandbox.bundle(
        "compose.yaml",
        &format!(
            "services:\n  web:\n    image: busybox\n    ports: ['127.0.0.1:{port}:80']\n    networks: [outside]\n\
             networks:\n  outside:\n    external: true\n    name: wlfp-nobody-made-this\n"
        ),
    );
    let with = json!({ "disk": "900TiB", "memory": "1MiB", "inodes": 1, "engine-api": "9.99" });
    let report = sandbox.ask("check-readiness", with, json!({})).await.unwrap();
    let titles = titles(&report, Verdict::Fail);
    let told = |word: &str| assert!(titles.iter().any(|title| title.contains(word)), "{word}: {titles:#?}");
    told("but 9.99 is needed");
    told("but 900TiB are needed");
    told(&format!("port {port}/tcp, which service web publishes, is held by something"));
    told("the external network wlfp-nobody-made-this does not exist (compose.yaml:7:3)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_compose_file_is_refused_with_its_place() {
    let sandbox = Sandbox::new(GRANTS);
    sandbox.bundle("compose.yaml", "services:\n  web:\n    imgae: busybox\n");
    let report = sandbox.ask("check-readiness", json!({ "disk": "1MiB" }), json!({})).await.unwrap();
    assert!(report.summary.starts_with("compose.yaml:"), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_image_must_be_here() {
    import_busybox(|arguments| docker(arguments)).unwrap();
    let id = docker(["image", "inspect", "--format", "{{.Id}}", BUSYBOX]).unwrap();
    let sandbox = Sandbox::new(GRANTS);
    let artifact =
        |digest: &str| json!({ "web": { "repository": "docker.io/library/x", "digest": digest, "local": true } });
    let report = sandbox.ask("check-image", json!({}), artifact(id.trim())).await.unwrap();
    assert_eq!((report.verdict, report.summary.as_str()), (Verdict::Pass, "1 image is there and fit the host"));
    let missing = format!("sha256:{}", "0".repeat(64));
    let report = sandbox.ask("check-image", json!({}), artifact(&missing)).await.unwrap();
    assert_eq!(report.verdict, Verdict::Fail);
    let with = json!({ "registries": ["registry.example.org"] });
    let report = sandbox.ask("check-image", with, artifact(id.trim())).await.unwrap();
    assert!(report.summary.contains("images must come from registry.example.org"), "{}", report.summary);
}
