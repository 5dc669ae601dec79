//! `smoke-containers` with real containers.

use serde_json::{Value, json};
use windlass_domain::{Report, Verdict};
use windlass_stage::{BUSYBOX, docker, import_busybox};

use crate::first_party::support::{Sandbox, titles};

const GRANT: &str = "[[grants]]\nplugin = \"smoke-containers\"\ndocker-read = true\n";

/// Containers as Docker Compose would make them; they go when the test ends.
struct Containers {
    sandbox: Sandbox,
}

impl Containers {
    fn new() -> Self {
        import_busybox(|arguments| docker(arguments)).unwrap();
        let sandbox = Sandbox::new(GRANT);
        let project = label(&sandbox.application);
        docker(["network", "create", "--label", &project, &sandbox.application]).unwrap();
        Self { sandbox }
    }

    fn run(&self, service: &str, options: &[&str], command: &[&str]) {
        let application = &self.sandbox.application;
        let (name, project) = (format!("{application}-{service}-1"), label(application));
        let service_label = format!("com.docker.compose.service={service}");
        let base = [
            "run",
            "-d",
            "--name",
            &name,
            "--network",
            application,
            "--network-alias",
            service,
            "--label",
            &project,
            "--label",
            &service_label,
            "--label",
            "windlass.release=sha256:r1",
            "--label",
            "windlass.deployment=d1",
        ];
        docker([&base[..], options, &[BUSYBOX], command].concat()).unwrap();
    }

    async fn ask(&self, with: Value) -> Report {
        self.sandbox.ask("smoke-containers", with, json!({})).await.unwrap()
    }
}

fn label(project: &str) -> String {
    format!("com.docker.compose.project={project}")
}

impl Drop for Containers {
    fn drop(&mut self) {
        let filter = format!("label={}", label(&self.sandbox.application));
        let found = docker(["ps", "-aq", "--filter", &filter]).unwrap_or_default();
        for container in found.lines() {
            docker(["rm", "-f", container]).ok();
        }
        docker(["network", "rm", &self.sandbox.application]).ok();
    }
}

const HEALTHY: [&str; 4] = ["--health-cmd", "true", "--health-interval", "500ms"];

#[tokio::test(flavor = "multi_thread")]
async fn healthy_containers_that_reach_each_other_are_proof() {
    let containers = Containers::new();
    containers.run("backend", &HEALTHY, &["nc", "-ll", "-p", "8080", "-e", "true"]);
    containers.run("web", &[], &["sleep", "600"]);
    containers.run("migrate", &[], &["true"]);
    let report = containers
        .ask(json!({ "settle": "1s", "deadline": "60s", "connect": [{ "from": "web", "to": "backend:8080" }] }))
        .await;
    assert_eq!(report.verdict, Verdict::Pass, "{report:#?}");
    let titles = titles(&report, Verdict::Pass).join("\n");
    for words in ["backend-1 runs and is healthy", "migrate-1 did its work and ended", "web → backend:8080 works"] {
        assert!(titles.contains(words), "{words}: {titles}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_ends_fails_at_once_with_its_last_words() {
    let containers = Containers::new();
    containers.run("web", &["--restart", "on-failure"], &["sh", "-c", "echo the last words; sleep 1; exit 3"]);
    let report = containers.ask(json!({ "settle": "30s", "deadline": "60s" })).await;
    assert_eq!(report.verdict, Verdict::Fail, "{report:#?}");
    let evidence = report.findings[0].evidence.as_ref().unwrap().to_string();
    assert!(evidence.contains("the last words"), "{evidence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unhealthy_container_fails_with_what_its_check_printed() {
    let containers = Containers::new();
    let check = ["--health-cmd", "echo no database; exit 1", "--health-interval", "200ms", "--health-retries", "1"];
    containers.run("web", &check, &["sleep", "600"]);
    let report = containers.ask(json!({ "settle": "30s", "deadline": "60s" })).await;
    assert!(report.summary.contains("is unhealthy: no database"), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_nothing_listens_for_cannot_be_reached() {
    let containers = Containers::new();
    containers.run("backend", &[], &["sleep", "600"]);
    containers.run("web", &[], &["sleep", "600"]);
    let report = containers
        .ask(json!({ "settle": "500ms", "deadline": "3s", "connect": [{ "from": "web", "to": "backend:8080", "timeout": "1s" }] }))
        .await;
    assert_eq!(report.verdict, Verdict::Fail, "{report:#?}");
    assert!(report.summary.contains("web-1 cannot connect to"), "{}", report.summary);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_a_container_is_missed() {
    let containers = Containers::new();
    containers.run("web", &[], &["sleep", "600"]);
    let report = containers.ask(json!({ "settle": "200ms", "deadline": "1s", "services": ["web", "backend"] })).await;
    assert!(report.summary.starts_with("backend has no container"), "{report:#?}");
}
