//! Pulling from a real registry.

use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use windlass_capability::docker::{RegistryCredentials, RegistryLogin};
use windlass_domain::Failure;
use windlass_foundation::progress::{Progress, Watch};
use windlass_stage::{BUSYBOX, Registry, docker};
use zeroize::Zeroizing;

use crate::docker_capability::support::Application;

/// An image in a registry, and nowhere else.
fn pushed(registry: &Registry, tag: &str) -> String {
    let reference = format!("{}/wlcap/busybox:{tag}", registry.address());
    docker(["tag", BUSYBOX, &reference]).unwrap();
    docker(["push", "-q", &reference]).unwrap();
    docker(["image", "rm", &reference]).unwrap();
    reference
}

#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Watch for Told {
    fn notice(&self, progress: &Progress) {
        if let Progress::Doing { source, message, percent } = progress {
            self.0.lock().unwrap().push(format!("{source}: {message} {percent:?}"));
        }
    }
}

#[tokio::test]
async fn by_tag_by_digest_and_not_again() {
    let application = Application::new("pull");
    let registry = Registry::start().unwrap();
    let reference = pushed(&registry, "v1");
    let told = Arc::new(Told::default());
    let strategy = application.strategy("images").with_watch(told.clone());
    let image = strategy.pull_image(&reference).await.unwrap();
    assert!(told.0.lock().unwrap().last().unwrap().starts_with("images: pulled"), "{:?}", told.0);
    let mut digest = image["RepoDigests"].as_array().unwrap().iter().filter_map(|one| one.as_str());
    let digest = digest.find(|one| one.starts_with(&registry.address())).unwrap().to_owned();
    docker(["image", "rm", &reference]).unwrap();

    let image = strategy.pull_image(&digest).await.unwrap();
    let failure = strategy.pull_image(&format!("{}/wlcap/busybox:v2", registry.address())).await.unwrap_err();
    assert_eq!((failure.code.as_str(), failure.retryable), ("not-found", false), "{failure:?}");
    let id = image["Id"].as_str().unwrap().to_owned();
    drop(registry);
    // What is there by digest needs no registry.
    assert_eq!(strategy.pull_image(&digest).await.unwrap()["Id"], id);
    assert_eq!(strategy.pull_image(&id).await.unwrap()["Id"], id);
    let missing = format!("sha256:{}", "0".repeat(64));
    assert_eq!(strategy.pull_image(&missing).await.unwrap_err().code, "not-found");
    docker(["image", "rm", &digest]).unwrap();
    let failure = strategy.pull_image(&digest).await.unwrap_err();
    assert_eq!((failure.code.as_str(), failure.retryable), ("unavailable", false), "{failure:?}");
    // It was tried more than once.
    assert!(told.0.lock().unwrap().iter().any(|line| line.contains("again")), "{:?}", told.0);
}

struct Operator(&'static str);

impl RegistryCredentials for Operator {
    fn login<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<RegistryLogin>, Failure>> {
        let login =
            RegistryLogin::Password { username: "operator".to_owned(), password: Zeroizing::new(self.0.to_owned()) };
        Box::pin(std::future::ready(Ok(Some(login))))
    }
}

#[tokio::test]
async fn with_the_operators_login() {
    // A password whose login needs the URL-safe alphabet: `~~~~` makes a `+` or `/` wherever it falls.
    const PASSWORD: &str = "pass~~~~???>>>";
    let application = Application::new("login");
    let users = application.state.path().join("users");
    // bcrypt of the password.
    let hash = "$2y$05$abcdefghijklmnopqrstuuemrR/2Y9yifELie9QNpPtoVO1iaTkAa";
    std::fs::write(&users, format!("operator:{hash}\n")).unwrap();
    let more = format!("auth: {{htpasswd: {{realm: test, path: {}}}}}\n", users.display());
    let registry = Registry::start_with(&more).unwrap();
    let reference = format!("{}/wlcap/busybox:v1", registry.address());
    let config = tempfile::tempdir().unwrap();
    let config = config.path().display().to_string();
    docker(["tag", BUSYBOX, &reference]).unwrap();
    docker(["--config", &config, "login", "-u", "operator", "-p", PASSWORD, &registry.address()]).unwrap();
    docker(["--config", &config, "push", "-q", &reference]).unwrap();
    docker(["image", "rm", &reference]).unwrap();

    let failure = application.strategy("s").pull_image(&reference).await.unwrap_err();
    assert!(!failure.retryable && failure.details.unwrap()["hint"].as_str().unwrap().contains("docker login"));
    let wrong = application.strategy("s").with_credentials(Arc::new(Operator("wrong-password")));
    let failure = wrong.pull_image(&reference).await.unwrap_err();
    assert!(!failure.retryable && !failure.message.contains("wrong-password"), "{failure:?}");
    let right = application.strategy("s").with_credentials(Arc::new(Operator(PASSWORD)));
    right.pull_image(&reference).await.unwrap();
    docker(["image", "rm", &reference]).unwrap();
}
