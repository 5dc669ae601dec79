//! `check-version-policy` and a clone on the host, with the commands that its documentation shows.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};
use windlass_domain::{Failure, Release, Report, Verdict};

use super::{hint, release};
use crate::first_party::support::Sandbox;

const NAME: &str = "check-version-policy";

/// A remote and a clone of it on the host.
struct Cloned {
    sandbox: Sandbox,
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always"])
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Cloned {
    /// The operator's lines are those of the documentation, with the test's own directory.
    fn new() -> Self {
        let page = include_str!("../../../../docs/plugins.md");
        let begin = page.find("[[grants]]\nplugin = \"check-version-policy\"\nexec").unwrap();
        let lines = page[begin..].split("```").next().unwrap();
        let sandbox = Sandbox::new(&lines.replace("/srv/stack", "DIRECTORY/records/clone"));
        let cloned = Self { sandbox };
        let remote = cloned.directory("remote");
        std::fs::create_dir(&remote).unwrap();
        git(&remote, &["init", "-q", "-b", "main"]);
        cloned
    }

    fn directory(&self, name: &str) -> std::path::PathBuf {
        self.sandbox.records().join(name)
    }

    /// A commit at the remote. Commits of the same second differ by what is said of them.
    fn commit(&self, message: &str) -> String {
        git(&self.directory("remote"), &["commit", "-q", "--allow-empty", "-m", message]);
        git(&self.directory("remote"), &["rev-parse", "HEAD"])
    }

    fn clone(&self, options: &[&str]) {
        let url = format!("file://{}", self.directory("remote").display());
        let arguments = [&["clone", "-q"], options, &[&url, "clone"]].concat();
        git(&self.sandbox.records(), &arguments);
    }

    async fn check(&self, with: Value, new: Release, running: Option<Release>) -> Result<Report, Failure> {
        let plugin = self.sandbox.plugin(NAME).await;
        plugin.validate_config(&with).await?;
        let mut call = self.sandbox.call(&plugin, with, &json!({}));
        let about = Arc::make_mut(&mut call.about);
        (about.release, about.running) = (Arc::new(new), running.map(Arc::new));
        plugin.check(call).await
    }
}

fn of(version: &str, commit: &str) -> Release {
    Release { commit: Some(commit.to_owned()), ..release(version, 1) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_is_whole_knows_branches_tags_and_what_follows_what() {
    let cloned = Cloned::new();
    let remote = cloned.directory("remote");
    let (first, second) = (cloned.commit("first"), cloned.commit("second"));
    git(&remote, &["tag", "v1", &first]);
    git(&remote, &["tag", "-a", "-m", "two", "v2", &second]);
    git(&remote, &["checkout", "-q", "-b", "work", &first]);
    let aside = cloned.commit("aside");
    git(&remote, &["checkout", "-q", "main"]);
    cloned.clone(&[]);
    let with = json!({ "clone": "stack", "contained-in": "main", "linear": true, "tag": "v{version}" });
    let signed = json!({ "clone": "stack", "tag-signed": true, "tag": "v{version}" });
    let unknown = "0123456789012345678901234567890123456789";
    for (with, new, running, verdict, words) in [
        (&with, of("2", &second), Some(of("1", &first)), Verdict::Pass, "as they must be"),
        (&with, of("1", &first), Some(of("2", &second)), Verdict::Fail, "is no descendant of"),
        (&with, of("3", &aside), None, Verdict::Fail, "the branch `main` of the clone `stack` does not contain"),
        (&with, of("3", unknown), None, Verdict::Fail, "is not known to the clone `stack`"),
        (&with, of("2", &first), None, Verdict::Fail, "the tag was moved, or the release is of another commit"),
        (&signed, of("2", &second), None, Verdict::Fail, "is not verified: error: no signature found"),
        (&signed, of("1", &first), None, Verdict::Fail, "is not verified: error: v1: cannot verify a non-tag object"),
        (&signed, of("9", &first), None, Verdict::Fail, "the clone `stack` has no tag `v9`"),
    ] {
        let report = cloned.check(with.clone(), new, running).await.unwrap();
        assert_eq!(report.verdict, verdict, "{words}: {report:#?}");
        assert!(report.summary.contains(words), "{words}: {}", report.summary);
    }

    // What came after the clone was made is known once it is brought up to date.
    let third = cloned.commit("third");
    let mut fresh = with.clone();
    fresh["fetch"] = json!(true);
    let report = cloned.check(with, of("3", &third), None).await.unwrap();
    assert_eq!(report.verdict, Verdict::Fail);
    let report = cloned.check(fresh.clone(), of("3", &third), None).await.unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "{report:#?}");

    std::fs::rename(&remote, cloned.directory("away")).unwrap();
    let failure = cloned.check(fresh, of("3", &third), None).await.unwrap_err();
    assert!(failure.message.starts_with("the clone `stack` cannot be brought up to date"), "{failure:?}");
    assert!(hint(&failure).contains("reachable from this host"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_concluded_from_a_shallow_clone() {
    let cloned = Cloned::new();
    cloned.commit("first");
    let head = cloned.commit("second");
    cloned.clone(&["--depth", "1"]);
    let with = json!({ "clone": "stack", "contained-in": "main" });
    let failure = cloned.check(with.clone(), of("1", &head), None).await.unwrap_err();
    assert_eq!(failure.code, "plugin:shallow", "{failure:?}");
    assert_eq!(hint(&failure), "run `git fetch --unshallow` in it");
    git(&cloned.directory("clone"), &["fetch", "-q", "--unshallow"]);
    assert_eq!(cloned.check(with, of("1", &head), None).await.unwrap().verdict, Verdict::Pass);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_cannot_be_an_option_of_git() {
    let cloned = Cloned::new();
    let head = cloned.commit("first");
    cloned.clone(&[]);
    let with = json!({ "clone": "stack", "tag-must-exist": true });
    let failure = cloned.check(with, of("v1 --exec=x", &head), None).await.unwrap_err();
    assert_eq!(failure.code, "capability-denied", "{failure:?}");
}
