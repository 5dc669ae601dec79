//! A web application released to UAT: contracts, a database, health, records in the broker and in git, over ssh.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use windlass_pact_stand_in::Broker;
use windlass_stage::{Images, Registry, Sshd};
use windlass_tests::agent;

use crate::examples::ground::{Ground, git, page, registry};

const SECRETS: [(&str, &str); 3] =
    [("shop-token", "token-of-the-shop"), ("pact-user", "ci-user"), ("pact-password", "password-of-the-broker")];

/// The host, over ssh.
struct Remote {
    sshd: Sshd,
    _bin: TempDir,
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

/// Everything that the release needs around it.
struct Shop {
    uat: Remote,
    ground: Ground,
    broker: Broker,
    /// A clone of the state repository.
    work: PathBuf,
    registry: Registry,
    _images: Images,
    _repositories: TempDir,
    _forge: Sshd,
}

impl Shop {
    fn set() -> Self {
        let versions = [
            ("frontend", "f1", ""),
            ("frontend", "f2", ""),
            ("frontend", "f3", ""),
            ("backend", "b1", ""),
            ("backend", "b2", ""),
            ("backend", "b3", "unhealthy"),
            ("backend", "b4", "migration"),
        ];
        let (registry, images) = registry("shop", &versions);
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
        // What turns unhealthy does so well within the settling window, also on a machine that is busy.
        ground.replace("retries: 3", "retries: 1");
        ground.replace("ssh -o BatchMode=yes", format!("ssh -F {config} -o BatchMode=yes"));
        ground.replace(
            "[secrets.shop-token]",
            format!("[registries.\"{}\"]\nplain-http = true\n[secrets.shop-token]", registry.address()),
        );
        ground.lay_out();
        let uat = Remote::start(&ground);
        Self { uat, ground, broker, work, registry, _images: images, _repositories: repositories, _forge: forge }
    }

    #[track_caller]
    fn deploy(&self, frontend: &str, backend: &str, code: i32) -> String {
        self.uat.deploy(&self.ground, frontend, backend, code)
    }

    /// Which versions the broker takes for live: front end, back end.
    fn live(&self) -> [Vec<String>; 2] {
        let state = self.broker.state();
        ["Shop Web", "Shop API"].map(|pacticipant| {
            let of = state.deployed.iter().filter(|one| one.live && one.pacticipant == pacticipant);
            of.map(|one| one.version.clone()).collect()
        })
    }

    /// Fails unless these versions serve, are live at the broker, and stand in the state repository.
    #[track_caller]
    fn runs(&self, frontend: &str, backend: &str) {
        assert!(page(self.ground.port, "/").contains(&format!("API version {backend}")));
        assert_eq!(self.live(), [vec![frontend.to_owned()], vec![backend.to_owned()]]);
        git(&self.work, &["fetch", "-q", "origin"]);
        let recorded: Value = serde_json::from_str(&git(&self.work, &["show", "origin/main:uat.json"])).unwrap();
        let uri = |name: &str, tag: &str| format!("{}/shop/{name}:{tag}", self.registry.address());
        assert_eq!(recorded["frontend_image_uri_with_tag"], uri("frontend", frontend));
        assert_eq!(recorded["backend_image_uri_with_tag"], uri("backend", backend));
    }

    fn head(&self) -> String {
        git(&self.work, &["fetch", "-q", "origin"]);
        git(&self.work, &["rev-parse", "origin/main"])
    }
}

#[test]
fn from_a_contract_to_the_record_over_ssh_and_back_when_it_fails() {
    let shop = Shop::set();
    let broker = &shop.broker;
    shop.deploy("f1", "b1", 0);
    shop.runs("f1", "b1");

    // The same again changes nothing, and nothing is committed.
    let (before, head) = (shop.ground.containers(), shop.head());
    let again = shop.deploy("f1", "b1", 0);
    assert!(again.contains("unchanged"), "{again}");
    assert_eq!((shop.ground.containers(), shop.head()), (before, head));

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
                assert!(began.elapsed() < Duration::from_mins(2), "nobody asks the broker");
                thread::sleep(Duration::from_millis(20));
            }
            broker.state().verify(("Shop Web", "f2"), ("Shop API", "b2"), true);
        });
        shop.deploy("f2", "b2", 0);
    });
    shop.runs("f2", "b2");

    // A contract that the provider breaks: nothing is touched, nothing is recorded.
    broker.state().publish(("Shop Web", "f3"), "Shop API", "third");
    broker.state().verify(("Shop Web", "f3"), ("Shop API", "b2"), false);
    let before = shop.ground.containers();
    let refused = shop.deploy("f3", "b2", 10);
    assert!(refused.contains("Shop API") && refused.contains("nothing was touched"), "{refused}");
    assert_eq!(shop.ground.containers(), before);
    shop.runs("f2", "b2");

    // A pair that fits, beside a front end of another host that goes on running and that this back end breaks.
    {
        let mut state = broker.state();
        state.publish(("Shop Web", "f0"), "Shop API", "zeroth");
        state.verify(("Shop Web", "f0"), ("Shop API", "b1"), false);
        state.deploy("Shop Web", "f0", "uat", Some("uat2"));
    }
    let refused = shop.deploy("f1", "b1", 10);
    assert!(refused.contains("Shop Web f0 stays live in uat as instance `uat2`"), "{refused}");
    assert!(refused.contains("nothing was touched"), "{refused}");
    assert_eq!(shop.ground.containers(), before);
    broker.state().deployed.retain(|record| record.version != "f0");
    shop.runs("f2", "b2");

    // A back end that turns unhealthy, and one whose migration fails: everything is as before, and the records say so.
    for backend in ["b3", "b4"] {
        broker.state().version("Shop API", backend);
        broker.state().verify(("Shop Web", "f2"), ("Shop API", backend), true);
        shop.deploy("f2", backend, 11);
        shop.runs("f2", "b2");
    }

    // Going back is an ordinary deployment, which is recorded like any other.
    let back = shop.uat.ssh(&format!("windlass rollback {} --to '#1'", shop.ground.name));
    assert_eq!(back.status.code(), Some(0), "{}", String::from_utf8_lossy(&back.stderr));
    shop.runs("f1", "b1");
}
