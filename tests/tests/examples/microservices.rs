//! Microservices with versions of their own: commands instead of containers, versions in files, pins.

use std::fs;
use std::path::{Path, PathBuf};

use windlass_stage::Image;

use crate::examples::ground::{Ground, git, registry};

/// The team's repository, as CI has it checked out.
struct Repository {
    work: PathBuf,
}

impl Repository {
    /// Commits versions of both services, and how `make start` behaves.
    fn commit(&self, users: &str, orders: &str, start: &str) -> String {
        for (service, version) in [("users", users), ("orders", orders)] {
            let directory = self.work.join("services").join(service);
            fs::create_dir_all(&directory).unwrap();
            let package = format!("{{\"name\": \"{service}\", \"version\": \"{version}\"}}\n");
            fs::write(directory.join("package.json"), package).unwrap();
        }
        // What serves is a file beside the checkout, which a server would read.
        let makefile = format!(
            "start:\n\t{start}cat services/*/package.json > ../serving\n\nstop:\n\trm -f ../serving\n\nhealth:\n\ttest -s ../serving\n"
        );
        fs::write(self.work.join("Makefile"), makefile).unwrap();
        git(&self.work, &["add", "."]);
        git(&self.work, &["commit", "-q", "--allow-empty", "-m", &format!("users {users}, orders {orders}")]);
        git(&self.work, &["push", "-q", "origin", "HEAD:main"]);
        git(&self.work, &["rev-parse", "HEAD"])
    }
}

fn serving(root: &Path) -> String {
    fs::read_to_string(root.join("serving")).unwrap_or_default()
}

#[test]
fn versions_are_bumped_a_broken_one_is_pinned_away_and_a_hotfix_goes_the_same_way() {
    let (registry, mut images) = registry("shop", &[]);
    let mut push = |service: &str, version: &str, fault: &str| {
        images.push(Image { service, version, fault }).unwrap();
    };
    for version in ["1.0.0", "1.1.0", "1.1.1"] {
        push("users", version, "");
    }
    push("orders", "1.0.0", "");

    let mut ground = Ground::new("microservices", "shop");
    let name = ground.name.clone();
    let root = ground.host.root().to_owned();
    git(&root, &["init", "-q", "--bare", "-b", "main", "origin.git"]);
    git(&root, &["clone", "-q", "origin.git", "work"]);
    let repository = Repository { work: root.join("work") };
    ground.replace("/srv/shop", root.join("shop").display().to_string());
    ground.replace("registry.example.org", registry.address());
    ground.lay_out();
    let agent = root.join("agent.toml");
    let text = fs::read_to_string(&agent).unwrap();
    fs::write(&agent, format!("{text}\n[registries.\"{}\"]\nplain-http = true\n", registry.address())).unwrap();
    fs::copy(ground.host.application(&name).join("release.toml"), repository.work.join("release.toml")).unwrap();
    // The application is the checkout, and nothing in the operator's own directory.
    fs::remove_dir_all(ground.host.application(&name)).unwrap();
    let work = repository.work.display().to_string();
    let deploy = |code: i32, commit: &str| ground.run(code, &["deploy", &work, "--commit", commit]);

    let one = repository.commit("1.0.0", "1.0.0", "");
    git(&root, &["clone", "-q", "origin.git", "shop"]);
    let first = deploy(0, &one).stdout;
    assert!(first.contains("1.0.0"), "{first}");
    assert!(serving(&root).contains("\"users\", \"version\": \"1.0.0\""));
    let again = deploy(0, &one).stdout;
    assert!(again.contains("unchanged"), "{again}");

    // The image of the same version is another one now: the developer forgot to bump it.
    push("users", "1.0.0", "unhealthy");
    let forgotten = repository.commit("1.0.0", "1.0.0", "");
    let refused = deploy(10, &forgotten).stderr;
    assert!(refused.contains("1.0.0") && refused.contains("bump"), "{refused}");

    // A bumped one goes on, and one that goes back does not.
    let two = repository.commit("1.1.0", "1.0.0", "");
    deploy(0, &two);
    assert!(serving(&root).contains("\"users\", \"version\": \"1.1.0\""));
    let behind = repository.commit("1.0.9", "1.0.0", "");
    push("users", "1.0.9", "");
    assert!(deploy(10, &behind).stderr.contains("1.0.9"));

    // A start that fails checks out and starts what ran before.
    push("users", "1.2.0", "");
    let failing = repository.commit("1.2.0", "1.0.0", "rm -f ../serving; echo out of memory >&2; exit 1; ");
    let put_back = deploy(11, &failing);
    assert!(format!("{}{}", put_back.stdout, put_back.stderr).contains("out of memory"), "{}", put_back.stderr);
    assert!(serving(&root).contains("\"users\", \"version\": \"1.1.0\""));
    assert_eq!(git(&root.join("shop"), &["rev-parse", "HEAD"]), two);

    // 1.1.0 loses orders: back, and stay there.
    ground.run(0, &["rollback", &name, "--to", &one, "--pin", "--reason", "orders are lost"]);
    assert!(serving(&root).contains("\"users\", \"version\": \"1.0.0\""));
    let status = ground.run(0, &["status", &name]).stdout;
    assert!(status.contains("pinned: to") && status.contains("orders are lost"), "{status}");
    let hotfix = repository.commit("1.1.1", "1.0.0", "");
    assert!(deploy(10, &hotfix).stderr.contains("orders are lost"));
    ground.run(0, &["unpin", &name, "--reason", "1.1.1 keeps them"]);
    deploy(0, &hotfix);
    assert!(serving(&root).contains("\"users\", \"version\": \"1.1.1\""));
    ground.run(0, &["audit", "verify"]);
}
