//! The plugins that ask a Pact Broker, against a stand-in that answers as a real one was seen to.

mod asked;
mod beside;
mod ended;
mod told;
mod troubled;
mod webhooks;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use windlass_domain::{Event, Failure, Release, Report};
use windlass_pact_stand_in::Broker;

use crate::first_party::support::Sandbox;

/// Values of secrets. No text may hold one of them.
const SECRETS: [(&str, &str); 3] =
    [("pact-user", "THEUSER-c2Vj"), ("pact-password", "THEPASSWORD-bm9u"), ("pact-token", "THETOKEN-eHl6")];

/// A broker, and a sandbox whose operator lets one plugin ask it, with secrets.
struct Desk {
    broker: Broker,
    sandbox: Sandbox,
    plugin: &'static str,
    /// What every answer must not hold.
    settings: Value,
    /// How long one attempt of the check may take: so long that only a defect reaches it, unless a test wants it to end.
    patience: Duration,
}

impl Desk {
    /// Web 2 has a contract with API, of which version 1 is live in `test`, the environment of the sandbox.
    fn new(plugin: &'static str) -> Self {
        let broker = Broker::start().unwrap();
        {
            let mut state = broker.state();
            state.environment("test");
            state.environment("production");
            state.deploy("Shop API", "1", "test", None);
            state.publish(("Shop Web", "2"), "Shop API", "one");
        }
        let sandbox = Self::sandbox(plugin, broker.url());
        let settings = json!({ "url": broker.url() });
        Self { broker, sandbox, plugin, settings, patience: Duration::from_mins(2) }
    }

    /// A sandbox whose operator lets a plugin ask one server, with secrets.
    fn sandbox(plugin: &str, url: &str) -> Sandbox {
        let names: Vec<String> = SECRETS.iter().map(|(name, _)| format!("{name:?}")).collect();
        let names = names.join(", ");
        let mut agent = format!(
            "[[grants]]\nplugin = \"{plugin}\"\nsecrets = [{names}]\n\
             http = [{{ to = \"{url}\", addresses = [\"127.0.0.0/8\"], secrets = [{names}] }}]\n"
        );
        for (name, _) in SECRETS {
            agent.extend([format!("[secrets.{name}]\nfile = \"DIRECTORY/records/{name}\"\n")]);
        }
        let sandbox = Sandbox::new(&agent);
        for (name, value) in SECRETS {
            let path = sandbox.records().join(name);
            fs::write(&path, value).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        sandbox
    }

    /// From now on the broker asks for a user, and the plugin says who it is.
    fn with_users(mut self) -> Self {
        let [(username, user), (password, value), _] = SECRETS;
        self.broker.state().writer = Some((user.to_owned(), value.to_owned()));
        self.settings["username"] = json!(username);
        self.settings["password"] = json!(password);
        self
    }

    /// From now on the plugin says who it is with a token.
    fn with_token(mut self) -> Self {
        self.settings["token"] = json!(SECRETS[2].0);
        self
    }

    /// The `with` table.
    fn with(&self, more: &Value) -> Value {
        let mut with = json!({ "broker": self.settings, "pacticipants": { "web": "Shop Web" } });
        for (key, value) in more.as_object().unwrap() {
            with[key] = value.clone();
        }
        with
    }

    async fn check(&self, more: Value) -> Result<Report, Failure> {
        self.check_again(more, 1).await
    }

    async fn check_again(&self, more: Value, attempt: u32) -> Result<Report, Failure> {
        let with = self.with(&more);
        let plugin = self.sandbox.plugin(self.plugin).await;
        plugin.validate_config(&with).await?;
        let mut call = self.sandbox.call(&plugin, with, &json!({}));
        Arc::make_mut(&mut call.about).release = Arc::new(release("2"));
        call.attempt = attempt;
        call.deadline = Some(Instant::now() + self.patience);
        let answer = plugin.check(call).await;
        secretless(&format!("{answer:?}"));
        answer
    }

    async fn deliver(&self, more: Value, event: &Event) -> Result<Value, Failure> {
        self.deliver_after(&[], more, event).await
    }

    /// Tells a recorder that answered this before, the newest first.
    async fn deliver_after(&self, before: &[&Value], more: Value, event: &Event) -> Result<Value, Failure> {
        let with = self.with(&more);
        let plugin = self.sandbox.plugin(self.plugin).await;
        plugin.validate_config(&with).await?;
        let mut call = self.sandbox.call(&plugin, with, &json!({}));
        call.last_facts = Arc::new(before.iter().map(|facts| (*facts).clone()).collect());
        let answer = plugin.deliver(call, event).await;
        secretless(&format!("{answer:?}"));
        answer.map(Option::unwrap_or_default)
    }
}

fn secretless(text: &str) {
    for (_, value) in SECRETS {
        assert!(!text.contains(value), "{text}");
    }
}

/// A release whose `web` and `api` have a version.
fn release(version: &str) -> Release {
    let image = |name: &str| json!({ "repository": format!("r/{name}"), "tag": version, "digest": "sha256:1" });
    serde_json::from_value(json!({
        "format": 1, "id": format!("sha256:{version}"), "application": "shop", "version": version, "commit": "c0ffee",
        "bundle": { "digest": "sha256:b", "files": {} },
        "artifacts": { "web": image("web"), "api": image("api") },
    }))
    .unwrap()
}

/// The hint of a failure.
fn hint(failure: &Failure) -> String {
    failure.details.as_ref().and_then(|details| details["hint"].as_str()).unwrap_or_default().to_owned()
}
