//! A monorepo released by commit: linear history, staging by push, production by promotion.

use std::fs;
use std::path::Path;

use windlass_stage::{Image, docker};

use crate::examples::ground::{Ground, git, page, registry, signed};

const SECRET: &str = "the-secret-of-the-webhook";

/// Commits to a branch and pushes it.
fn commit(work: &Path, text: &str) -> String {
    fs::write(work.join("notes.txt"), text).unwrap();
    git(work, &["add", "notes.txt"]);
    git(work, &["commit", "-qm", text]);
    git(work, &["push", "-q", "origin", "HEAD"]);
    git(work, &["rev-parse", "HEAD"])
}

/// The images of a project's containers.
fn images(project: &str) -> Vec<String> {
    let label = format!("label=com.docker.compose.project={project}");
    let mut images: Vec<String> = docker(["ps", "-q", "--filter", &label])
        .unwrap()
        .lines()
        .map(|id| docker(["inspect", "-f", "{{.Image}}", id]).unwrap())
        .collect();
    images.sort();
    images
}

#[test]
fn staging_follows_main_and_production_is_the_same_commit() {
    let repositories = tempfile::tempdir().unwrap();
    git(repositories.path(), &["init", "-q", "--bare", "-b", "main", "notes.git"]);
    let work = repositories.path().join("work");
    git(repositories.path(), &["clone", "-q", "notes.git", "work"]);
    git(&work, &["checkout", "-q", "-b", "main"]);
    let one = commit(&work, "one");
    let two = commit(&work, "two");
    let three = commit(&work, "three");
    git(&work, &["checkout", "-q", "-b", "feature", &one]);
    let side = commit(&work, "side");

    let (registry, mut made) = registry("notes", &[]);
    for tag in [&one, &two, &three, &side] {
        for service in ["api", "web"] {
            made.push(Image { service, version: tag, fault: if *tag == three { "crash" } else { "" } }).unwrap();
        }
    }
    made.forget().unwrap();

    let mut ground = Ground::new("monorepo", "notes");
    let (staging, name) = (format!("{}-staging", ground.name), ground.name.clone());
    ground.host.secret("github-webhook", SECRET).unwrap();
    let clone = ground.host.root().join("notes");
    git(ground.host.root(), &["clone", "-q", &repositories.path().join("notes.git").display().to_string(), "notes"]);
    let ports = (windlass_stage::free_port().unwrap(), ground.port);
    ground.replace("/srv/notes", clone.display().to_string());
    ground.replace("notes-staging", staging.clone());
    ground.replace("\"deploy\", \"notes\"", format!("\"deploy\", \"{name}\""));
    ground.replace("8081", ports.0.to_string());
    ground.replace("127.0.0.1:8080\"", format!("127.0.0.1:{}\"", ports.1));
    ground.replace("NOTES_PORT = \"8080\"", format!("NOTES_PORT = \"{}\"", ports.1));
    ground.replace("registry.example.org", registry.address());
    ground.replace("state-directory", format!("REGISTRY{}\nstate-directory", registry.address()));
    ground.lay_out();
    for file in ["agent.toml", "production.toml"] {
        let path = ground.host.root().join(file);
        let text = fs::read_to_string(&path).unwrap().replace(&format!("REGISTRY{}\n", registry.address()), "");
        fs::write(&path, format!("{text}\n[registries.\"{}\"]\nplain-http = true\n", registry.address())).unwrap();
    }

    // A push to main deploys its commit to staging; the same push again, or the same commit, changes nothing.
    let push = |commit: &str| {
        let body = format!(r#"{{"ref":"refs/heads/main","after":"{commit}","sender":{{"login":"ada"}}}}"#);
        signed("push", &body, SECRET)
    };
    ground.event(0, "main", &push(&one));
    assert!(page(ports.0, "/").contains(&format!("API version {one}")));
    let before = images(&staging);
    assert!(ground.event(0, "main", &push(&one)).stdout.contains("it was acted on"));
    assert!(ground.run(0, &["deploy", &name, "--commit", &one]).stdout.contains("unchanged"));
    assert_eq!(images(&staging), before);

    // Production takes what was proved in staging: the same digests.
    ground.run_as("production.toml", 0, &["promote", &name, "--from", "staging"]);
    assert_eq!(images(&name), images(&staging));
    let again = ground.run_as("production.toml", 0, &["promote", &name, "--from", "staging"]).stdout;
    assert!(again.contains("unchanged"), "{again}");

    // History is linear: neither a commit beside main nor one behind what runs.
    let aside = ground.run(10, &["deploy", &name, "--commit", &side]).stderr;
    assert!(aside.contains("main"), "{aside}");
    ground.event(0, "main", &push(&two));
    let behind = ground.run(10, &["deploy", &name, "--commit", &one]).stderr;
    assert!(behind.contains("descend") || behind.contains("behind") || behind.contains("comes"), "{behind}");
    let unknown = ground.run(17, &["deploy", &name, "--commit", &"0123456789".repeat(4)]).stderr;
    assert!(unknown.contains("has no tag"), "{unknown}");

    // A commit that crashes is put back, and production never sees it: what runs in staging is `two`.
    ground.event(11, "main", &push(&three));
    assert!(page(ports.0, "/").contains(&format!("API version {two}")));
    ground.run_as("production.toml", 0, &["promote", &name, "--from", "staging"]);
    assert!(page(ports.1, "/").contains(&format!("API version {two}")));
    assert_eq!(images(&name), images(&staging));

    // Going back is deploying an earlier commit.
    ground.run_as("production.toml", 0, &["rollback", &name, "--to", &one[..12]]);
    assert!(page(ports.1, "/").contains(&format!("API version {one}")));
    assert!(page(ports.0, "/").contains(&format!("API version {two}")), "staging is another project");
    let history = ground.run_as("production.toml", 0, &["history", &name]).stdout;
    assert!(history.contains("rollback") && history.contains("promoted from staging"), "{history}");
}
