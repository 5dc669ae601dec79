//! Scripts of a team as a check, a smoke test and a recorder, around an application that is deployed by commands: what their exit
//! codes and answers mean for whole deployments.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use windlass_tests::{expect, tells};

use super::{RELEASE, Shop, Starting};

/// What the operator allows in addition.
const COMMANDS: &str = r#"
[[grants]]
plugin = "check-command"
exec = ["preflight"]

[[grants]]
plugin = "smoke-command"
exec = ["suite"]

[[grants]]
plugin = "recorder-command"
exec = ["announce"]

[commands.preflight]
path = "/bin/sh"
arguments = ["ROOT/preflight", "{1}"]
allow-arguments = ["[a-z]+"]
timeout = "10s"

[commands.suite]
path = "/bin/sh"
arguments = ["ROOT/suite"]

[commands.announce]
path = "/bin/sh"
arguments = ["ROOT/announce", "{1}"]
allow-arguments = ["[a-z-]+"]
"#;

/// What the team asks for in addition.
const USED: &str = r#"
[checks.preflight]
plugin = "check-command"
interval = "100ms"

[checks.preflight.with]
run = { command = "preflight", arguments = ["{environment}"] }
warn = [3]

[smoke.suite]
plugin = "smoke-command"

[smoke.suite.with]
run = { command = "suite" }
answer = "json"

[recorders.announce]
plugin = "recorder-command"

[recorders.announce.with]
run = { command = "announce", arguments = ["{outcome}"] }
on = ["succeeded", "rolled-back"]

[environments.uat]
"#;

/// It takes its answer from files that a test makes.
const PREFLIGHT: &str = r#"
cd "$(dirname "$0")"
cat > asked.json
if [ -e not-yet ]; then rm not-yet; echo "the database starts" >&2; exit 75; fi
if [ -e never ]; then exec sleep 600; fi
[ ! -e full ] || { echo "the disk is 99 % full" >&2; exit 1; }
[ ! -e fuller ] || { echo "the disk is 85 % full"; exit 3; }
echo "ready for $1"
"#;

/// A page that is called `four` is a bad one.
const SUITE: &str = r#"
cd "$(dirname "$0")"
echo "2 pages are looked at" >&2
[ "$(cat serving)" != five ] || { echo oops; exit 0; }
bad=pass
[ "$(cat serving)" != four ] || bad=fail
echo '{ "summary": "2 pages", "findings": [ { "id": "page:home", "verdict": "pass", "title": "home is well" },'
echo "{ \"id\": \"page:cart\", \"verdict\": \"$bad\", \"title\": \"the cart is empty\" } ] }"
"#;

const ANNOUNCE: &str = r#"
cd "$(dirname "$0")"
[ ! -e away ] || { echo "the chat is away" >&2; exit 75; }
[ ! -e wrong ] || { echo "who are you?" >&2; exit 1; }
cat >> announced
echo >> announced
echo "told 3 people that it $1"
"#;

impl Shop {
    /// One with scripts.
    fn with_scripts() -> Result<Self> {
        let shop = Self::set()?;
        let root = shop.place.path();
        for (name, script) in [("preflight", PREFLIGHT), ("suite", SUITE), ("announce", ANNOUNCE)] {
            fs::write(root.join(name), script)?;
        }
        let agent = fs::read_to_string(root.join("agent.toml"))?;
        let commands = COMMANDS.replace("ROOT", &root.display().to_string());
        fs::write(root.join("agent.toml"), format!("{agent}{commands}"))?;
        let release = RELEASE.replace("\n[environments.uat]\n", USED);
        fs::write(shop.host.application("shop").join("release.toml"), release)?;
        Ok(shop)
    }

    fn mark(&self, name: &str, is_there: bool) -> Result<()> {
        let path = self.place.path().join(name);
        if is_there { Ok(fs::write(path, "")?) } else { Ok(fs::remove_file(path)?) }
    }
}

#[test]
fn scripts_check_prove_and_record_a_deployment_without_docker() -> Result<()> {
    let shop = Shop::with_scripts()?;
    let grants = expect(shop.host.run(["plugin", "grants", "shop"])?, 0)?;
    ensure!(!grants.stdout.contains("not granted"), "{grants:?}");
    let first = shop.commit(&Starting::Serves("one"))?;
    let run = shop.deploy(&first, 0)?;
    tells(&run, &["ready for uat", "2 pages", "told 3 people that it succeeded"])?;
    let asked: Value = serde_json::from_str(&fs::read_to_string(shop.place.path().join("asked.json"))?)?;
    ensure!(asked["application"] == "shop" && asked["release"]["commit"] == first.as_str(), "{asked}");
    ensure!(asked["running"].is_null() && asked["environment"] == "uat", "{asked}");
    let announced = fs::read_to_string(shop.place.path().join("announced"))?;
    let event: Value = serde_json::from_str(announced.lines().next().context("an event")?)?;
    ensure!(event["outcome"] == "succeeded" && event["idempotency-key"].is_string(), "{event}");
    // What scripts wrote is in the log of the deployment.
    let logs = expect(shop.host.run(["logs", "shop"])?, 0)?;
    tells(&logs, &["preflight: ready for uat", "suite: 2 pages are looked at", "announce: told 3 people"])?;
    let shown = expect(shop.host.run(["show", "shop"])?, 0)?;
    tells(&shown, &["home is well", "told 3 people that it succeeded"])?;

    // One that is not ready is asked again, and one that warns holds nothing up.
    shop.mark("not-yet", true)?;
    shop.mark("fuller", true)?;
    let second = shop.commit(&Starting::Serves("two"))?;
    tells(&shop.deploy(&second, 0)?, &["the disk is 85 % full"])?;
    shop.serves("two", &second)?;
    shop.mark("fuller", false)
}

#[test]
fn a_script_that_says_no_refuses_and_one_after_the_start_puts_the_old_version_back() -> Result<()> {
    let shop = Shop::with_scripts()?;
    let first = shop.commit(&Starting::Serves("one"))?;
    shop.deploy(&first, 0)?;

    shop.mark("full", true)?;
    let second = shop.commit(&Starting::Serves("two"))?;
    let refused = shop.deploy(&second, 10)?;
    tells(&refused, &["the command `preflight` ended with exit code 1: the disk is 99 % full"])?;
    shop.serves("one", &first)?;
    shop.mark("full", false)?;

    // One that does not end is killed with all that it started, and says no.
    let agent = shop.place.path().join("agent.toml");
    let operator = fs::read_to_string(&agent)?;
    fs::write(&agent, operator.replace("timeout = \"10s\"", "timeout = \"300ms\""))?;
    shop.mark("never", true)?;
    tells(&shop.deploy(&second, 10)?, &["`preflight` was killed", "300ms"])?;
    fs::write(&agent, operator)?;
    shop.mark("never", false)?;

    let four = shop.commit(&Starting::Serves("four"))?;
    tells(&shop.deploy(&four, 11)?, &["the cart is empty"])?;
    shop.serves("one", &first)?;
    let five = shop.commit(&Starting::Serves("five"))?;
    let run = shop.deploy(&five, 11)?;
    tells(&run, &["the command `suite` does not answer as `answer = \"json\"` asks"])?;
    shop.serves("one", &first)
}

#[test]
fn a_recorder_that_is_a_script_is_told_again_later_or_its_event_is_set_aside() -> Result<()> {
    let shop = Shop::with_scripts()?;
    shop.mark("away", true)?;
    let first = shop.commit(&Starting::Serves("one"))?;
    tells(&shop.deploy(&first, 0)?, &["the chat is away"])?;
    shop.mark("away", false)?;
    expect(shop.host.run(["outbox", "flush"])?, 0)?;
    let announced = fs::read_to_string(shop.place.path().join("announced"))?;
    ensure!(announced.lines().count() == 1, "{announced}");

    shop.mark("wrong", true)?;
    let second = shop.commit(&Starting::Serves("two"))?;
    shop.deploy(&second, 0)?;
    let listed = expect(shop.host.run(["outbox", "list"])?, 0)?;
    tells(&listed, &["who are you?"])
}
