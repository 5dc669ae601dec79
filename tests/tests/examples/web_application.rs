//! A web application released to UAT: contracts, a database, health, records in the broker and in git, over ssh.

use std::os::unix::fs::symlink;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use windlass_pact_stand_in::Broker;
use windlass_stage::Sshd;
use windlass_tests::agent;

use crate::ground::{Ground, git, page, registry};

const SECRETS: [(&str, &str); 3] =
    [("shop-token", "token-of-the-shop"), ("pact-user", "ci-user"), ("pact-password", "password-of-the-broker")];

/// The host, over ssh.
struct Remote {
    sshd: Sshd,
    _bin: tempfile::TempDir,
}

impl Remote {
    fn start(ground: &Ground) -> Self {
        let bin = tempfile::tempdir().unwrap();
        symlink(agent().unwrap(), bin.path().join("windlass")).unwrap();
        let path = format!("{}:/usr/bin:/bin", bin.path().display());
        let config = ground.host.root().join("agent.toml").display().to_string();
        Self { sshd: Sshd::start("uat1", &[("PATH", &path), ("WINDLASS_CONFIG", &config)]).unwrap(), _bin: bin }
    }

    /// What CI types.
    fn ssh(&self, command: &str) -> Output {
        Command::new("ssh").arg("-F").arg(self.sshd.client_config()).args(["uat1", command]).output().unwrap()
    }

    #[track_caller]
    fn deploy(&self, ground: &Ground, frontend: &str, backend: &str, code: i32) -> String {
        let command = format!("windlass deploy {} --set frontend={frontend} --set backend={backend}", ground.name);
        let output = self.ssh(&command);
        let told = format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{told}");
        for (_, secret) in SECRETS {
            assert!(!told.contains(secret), "a secret is told: {told}");
        }
        told
    }
}

#[test]
fn from_a_contract_to_the_record_over_ssh_and_back_when_it_fails() {
    let versions = [
        ("frontend", "f1", ""),
        ("frontend", "f2", ""),
        ("frontend", "f3", ""),
        ("backend", "b1", ""),
        ("backend", "b2", ""),
        ("backend", "b3", "unhealthy"),
        ("backend", "b4", "migration"),
    ];
    let (registry, _images) = registry("shop", &versions);
    let broker = Broker::start().unwrap();
    let mut ground = Ground::new("web-application", "shop");
    for (name, value) in SECRETS {
        ground.host.secret(name, value).unwrap();
    }
    {
        let mut state = broker.state();
        state.writer = Some(("ci-user".to_owned(), "password-of-the-broker".to_owned()));
        state.environment("uat");
        state.publish(("Shop Web", "f1"), "Shop API", "first");
        state.verify(("Shop Web", "f1"), ("Shop API", "b1"), true);
    }

    // The state repository, at the end of another ssh server, and the clone on the host.
    let repositories = tempfile::tempdir().unwrap();
    git(repositories.path(), &["init", "-q", "--bare", "state.git"]);
    let work = repositories.path().join("work");
    git(repositories.path(), &["clone", "-q", "state.git", "work"]);
    git(&work, &["commit", "-q", "--allow-empty", "-m", "begin"]);
    git(&work, &["push", "-q", "origin", "HEAD:main"]);
    let forge = Sshd::start("forge", &[]).unwrap();
    let config = forge.client_config().display().to_string();
    let state = ground.host.root().join("state");
    std::fs::create_dir_all(&state).unwrap();
    let remote = format!("forge:{}/state.git", repositories.path().display());
    let ssh = format!("core.sshCommand=ssh -F {config}");
    git(&state, &["-c", &ssh, "clone", "-q", "--bare", &remote, "git-state.git"]);

    ground.server("https://broker.example.org", broker.url());
    ground.replace("registry.example.org", registry.address());
    ground.replace("SHOP_PORT = \"8080\"", format!("SHOP_PORT = \"{}\"", ground.port));
    ground.replace("http://127.0.0.1:8080", format!("http://127.0.0.1:{}", ground.port));
    ground.replace("interval = \"10s\"", "interval = \"200ms\"");
    ground.replace("ssh -o BatchMode=yes", format!("ssh -F {config} -o BatchMode=yes"));
    ground.replace(
        "[secrets.shop-token]",
        format!("[registries.\"{}\"]\nplain-http = true\n[secrets.shop-token]", registry.address()),
    );
    ground.lay_out();
    let uat = Remote::start(&ground);
    let live = |pacticipant: &str| -> Vec<String> {
        let state = broker.state();
        let of = state.deployed.iter().filter(|one| one.live && one.pacticipant == pacticipant);
        of.map(|one| one.version.clone()).collect()
    };
    let recorded = || -> Value {
        git(&work, &["fetch", "-q", "origin"]);
        serde_json::from_str(&git(&work, &["show", "origin/main:uat.json"])).unwrap()
    };
    let uri = |name: &str, tag: &str| format!("{}/shop/{name}:{tag}", registry.address());

    // The first release.
    uat.deploy(&ground, "f1", "b1", 0);
    assert!(page(ground.port, "/").contains("API version b1"));
    assert_eq!((live("Shop Web"), live("Shop API")), (vec!["f1".to_owned()], vec!["b1".to_owned()]));
    assert_eq!(recorded()["frontend_image_uri_with_tag"], uri("frontend", "f1"));
    assert_eq!(recorded()["backend_image_uri_with_tag"], uri("backend", "b1"));

    // The same again changes nothing, and nothing is committed.
    let (before, head) = (ground.containers(), git(&work, &["rev-parse", "origin/main"]));
    let again = uat.deploy(&ground, "f1", "b1", 0);
    assert!(again.contains("unchanged"), "{again}");
    recorded();
    assert_eq!((ground.containers(), git(&work, &["rev-parse", "origin/main"])), (before, head));

    // A changed contract: the release waits for the provider's verification, which ends while it waits.
    broker.state().publish(("Shop Web", "f2"), "Shop API", "second");
    broker.state().version("Shop API", "b2");
    broker.state().verify(("Shop Web", "f1"), ("Shop API", "b2"), true);
    let asked = broker.state().asked.len();
    thread::scope(|scope| {
        scope.spawn(|| {
            let began = Instant::now();
            // The broker is asked twice before its provider answers.
            while broker.state().asked.iter().skip(asked).filter(|asked| asked.contains("/matrix")).count() < 2 {
                assert!(began.elapsed() < Duration::from_secs(120), "nobody asks the broker");
                thread::sleep(Duration::from_millis(20));
            }
            broker.state().verify(("Shop Web", "f2"), ("Shop API", "b2"), true);
        });
        let told = uat.deploy(&ground, "f2", "b2", 0);
        assert!(told.contains("contracts"), "{told}");
    });
    assert!(page(ground.port, "/").contains("API version b2"));
    assert_eq!((live("Shop Web"), live("Shop API")), (vec!["f2".to_owned()], vec!["b2".to_owned()]));

    // A contract that the provider breaks: nothing is touched, nothing is recorded.
    broker.state().publish(("Shop Web", "f3"), "Shop API", "third");
    broker.state().verify(("Shop Web", "f3"), ("Shop API", "b2"), false);
    let before = ground.containers();
    let refused = uat.deploy(&ground, "f3", "b2", 10);
    assert!(refused.contains("Shop API") && refused.contains("nothing was touched"), "{refused}");
    assert_eq!(ground.containers(), before);
    assert_eq!(live("Shop Web"), ["f2"]);

    // A back end that turns unhealthy, and one whose migration fails: everything is as before, and the records say so.
    for (backend, version) in [("b3", "b3"), ("b4", "b4")] {
        broker.state().version("Shop API", version);
        broker.state().verify(("Shop Web", "f2"), ("Shop API", version), true);
        uat.deploy(&ground, "f2", backend, 11);
        assert!(page(ground.port, "/").contains("API version b2"), "the old version serves");
        assert_eq!((live("Shop Web"), live("Shop API")), (vec!["f2".to_owned()], vec!["b2".to_owned()]));
        assert_eq!(recorded()["backend_image_uri_with_tag"], uri("backend", "b2"));
    }

    // Going back is an ordinary deployment, which is recorded like any other.
    let back = uat.ssh(&format!("windlass rollback {} --to f1", ground.name));
    let back = if back.status.code() == Some(0) {
        back
    } else {
        uat.ssh(&format!("windlass rollback {} --to '#1'", ground.name))
    };
    assert_eq!(back.status.code(), Some(0), "{}", String::from_utf8_lossy(&back.stderr));
    assert_eq!(live("Shop API"), ["b1"]);
    assert_eq!(recorded()["backend_image_uri_with_tag"], uri("backend", "b1"));
    let messages = git(&work, &["log", "--format=%s", "origin/main"]);
    assert!(messages.lines().count() >= 4, "{messages}");
}
