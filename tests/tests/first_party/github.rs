//! The plugins that ask GitHub, against a stand-in that speaks its documented protocol, and a real clone.

mod ci;
mod clone;
mod recorder;
mod versions;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use serde_json::{Value, json};
use windlass_domain::{Failure, Release, Report};
use windlass_github_stand_in::GitHub;

use crate::first_party::support::Sandbox;

/// The token that the stand-in accepts. No text may hold it.
const TOKEN: &str = "ghp_0123456789abcdefTHETOKEN";

/// The name of a commit.
fn sha(number: u32) -> String {
    format!("{number:040x}")
}

/// A stand-in, and a sandbox whose operator lets one plugin ask it with a token.
struct Hub {
    github: GitHub,
    sandbox: Sandbox,
    plugin: &'static str,
}

impl Hub {
    fn new(plugin: &'static str) -> Self {
        let github = GitHub::start().unwrap();
        github.state().tokens.insert(TOKEN.to_owned());
        let sandbox = Sandbox::new(&format!(
            "[secrets.github]\nfile = \"DIRECTORY/records/token\"\n\
             [[grants]]\nplugin = \"{plugin}\"\nsecrets = [\"github\"]\n\
             http = [{{ to = \"{}\", addresses = [\"127.0.0.0/8\"], secrets = [\"github\"] }}]\n",
            github.api()
        ));
        let hub = Self { github, sandbox, plugin };
        hub.token(TOKEN);
        hub
    }

    /// What is in the file of the secret.
    fn token(&self, token: &str) {
        let path = self.sandbox.records().join("token");
        fs::write(&path, token).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Four commits on `main`, of which the stand-in's repository `kudos/stack` has three on `production`.
    fn history(&self) {
        let mut state = self.github.state();
        let names: Vec<String> = (1..=4).map(sha).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let stack = state.repository("kudos/stack");
        stack.line("main", &names);
        stack.line("production", &names[..3]);
    }

    /// A `with` table for the stand-in.
    fn with(&self, with: Value) -> Value {
        let mut with = with;
        with["api"] = json!(self.github.api());
        with["token"] = json!("github");
        with
    }

    /// What a check answers. Neither an answer nor a failure may hold the token.
    async fn check(&self, with: Value, new: Release, running: Option<Release>) -> Result<Report, Failure> {
        let with = self.with(with);
        let plugin = self.sandbox.plugin(self.plugin).await;
        plugin.validate_config(&with).await?;
        let mut call = self.sandbox.call(&plugin, with, &json!({}));
        let about = Arc::make_mut(&mut call.about);
        (about.release, about.running) = (Arc::new(new), running.map(Arc::new));
        let answer = plugin.check(call).await;
        assert!(!format!("{answer:?}").contains("THETOKEN"), "{answer:?}");
        answer
    }
}

/// A release of a version, made from a commit, with an image whose digest is the commit's.
fn release(version: &str, commit: u32) -> Release {
    serde_json::from_value(json!({
        "format": 1, "id": format!("sha256:{version}-{commit}"), "application": "kudos", "version": version,
        "commit": sha(commit), "bundle": { "digest": "sha256:b", "files": {} },
        "artifacts": { "web": { "repository": "r/web", "tag": version, "digest": format!("sha256:{}", sha(commit)) } },
    }))
    .unwrap()
}

/// The hint of a failure.
fn hint(failure: &Failure) -> String {
    failure.details.as_ref().and_then(|details| details["hint"].as_str()).unwrap_or_default().to_owned()
}
