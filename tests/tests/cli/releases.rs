//! What is told of releases as files, and of one that comes from another environment.

use std::fs;

use super::shop::{deploy, running, shop};
use super::support::Stage;

/// The path of a document where it may act for the application.
fn document(stage: &Stage, name: &str) -> String {
    stage.host.application("shop").join(name).with_extension("json").display().to_string()
}

#[test]
fn a_release_is_made_and_deployed_from_its_document() {
    let stage = shop("", "");
    let file = document(&stage, "made");
    insta::assert_snapshot!(stage.tell(&format!("release create shop --commit 1111111 --out {file}")), @r"
    exit 0
    --- stdout
    shop 1111111 (release [DIGEST])
      commit     1111111
      files      2 files, sha256:[DIGEST]
      succeeded  nowhere yet
      document   [HOST]/applications/shop/made.json
    ");
    insta::assert_snapshot!(stage.tell(&format!("release show {file}")), @r"
    exit 0
    --- stdout
    shop 1111111 (release [DIGEST])
      commit     1111111
      files      2 files, sha256:[DIGEST]
      succeeded  nowhere yet
      document   [HOST]/applications/shop/made.json
    ");
    insta::assert_snapshot!(stage.tell(&format!("release verify {file}")), @r"
    exit 0
    --- stdout
    shop 1111111 (release [DIGEST])
      commit     1111111
      files      2 files, sha256:[DIGEST]
      succeeded  nowhere yet
      document   [HOST]/applications/shop/made.json
    ");
    let key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    insta::assert_snapshot!(stage.tell(&format!("release verify {file} --key {key}")), @r"
    exit 10
    --- stderr
    error: `[HOST]/applications/shop/made.json` is not signed
    hint: sign it with `minisign -S -m FILE`, and put the signature at
          `[HOST]/applications/shop/made.json.minisig`
    ");
    insta::assert_snapshot!(stage.tell(&format!("deploy shop --release {file}")), @r"
    exit 0
    --- stdout
    succeeded: shop 1111111 runs in uat

      resolve [TOOK], plan [TOOK], check [TOOK], apply [TOOK], verify [TOOK], sweep [TOOK]; [TOOK] in all
    --- stderr
      Deploying shop to uat (deployment [ID])
       Resolved shop 1111111 (release [DIGEST])
        Planned 1 to make; 1 step
                + step start: what is there is nothing (exit code 1), not 1111111
       Applying start: start 1111111
       Applying start: start 1111111: start 1111111
        Applied start: start 1111111 ([TOOK])
      Verifying health
      Verifying health: waiting for `answers`
       Verified health: pass, 1111111 is there and well ([TOOK])
      Succeeded 1111111 runs and is proved ([TOOK])
    ");
    let made = fs::read_to_string(&file).unwrap();
    fs::write(&file, made.replace("1111111", "2222222")).unwrap();
    insta::assert_snapshot!(stage.tell(&format!("release verify {file}")), @r"
    exit 3
    --- stderr
    error: `[HOST]/applications/shop/made.json` was changed after it was made: the release says
           that its id is sha256:[DIGEST], and
           it is sha256:[DIGEST]
    hint: get it again from where it was made; nothing of it was used
    ");
    insta::assert_snapshot!(stage.tell(&format!("deploy shop --release {file}")), @r"
    exit 3
    --- stderr
    error: `[HOST]/applications/shop/made.json` was changed after it was made: the release says
           that its id is sha256:[DIGEST], and
           it is sha256:[DIGEST]
    hint: get it again from where it was made; nothing of it was used
    ");
}

#[test]
fn a_release_that_succeeded_is_listed_and_shown() {
    let stage = running("", "");
    deploy(&stage, "2222222");
    insta::assert_snapshot!(stage.tell("release list shop"), @r"
    exit 0
    --- stdout
    release       version  commit   succeeded             deployment
    [DIGEST]  2222222  2222222  [TIME]  [ID]  runs
    [DIGEST]  1111111  1111111  [TIME]  [ID]
    ");
    insta::assert_snapshot!(stage.tell("release list shop --json"), @r#"
    exit 0
    --- stdout
    {"type":"release-line","application":"shop","id":"sha256:[DIGEST]","version":"2222222","commit":"2222222","deployment":"[ID]","succeeded":"[TIME]","running":true,"pinned":false,"quarantined":false}
    {"type":"release-line","application":"shop","id":"sha256:[DIGEST]","version":"1111111","commit":"1111111","deployment":"[ID]","succeeded":"[TIME]","running":false,"pinned":false,"quarantined":false}
    "#);
    insta::assert_snapshot!(stage.tell("release show shop"), @r"
    exit 0
    --- stdout
    shop 2222222 (release [DIGEST])
      commit       2222222
      files        2 files, sha256:[DIGEST]
      succeeded    in uat on [MACHINE] at [TIME], deployment [ID]
      smoke tests  none
    ");
    insta::assert_snapshot!(stage.tell("release show shop 1111111"), @r"
    exit 0
    --- stdout
    shop 1111111 (release [DIGEST])
      commit       1111111
      files        2 files, sha256:[DIGEST]
      succeeded    in uat on [MACHINE] at [TIME], deployment [ID]
      smoke tests  none
    ");
    insta::assert_snapshot!(stage.tell("release show shop --json"), @r#"
    exit 0
    --- stdout
    {"type":"release-document","application":"shop","release":{"id":"sha256:[DIGEST]","version":"2222222","commit":"2222222","artifacts":{}},"bundle":"sha256:[DIGEST]","files":{".windlassignore":"sha256:[DIGEST]","release.toml":"sha256:[DIGEST]"},"complete":false,"proof":{"environment":"uat","host":"[MACHINE]","deployment":"[ID]","actor":"ada","finished":"[TIME]","checks":{"windlass":"pass"},"smoke":{}}}
    "#);
    insta::assert_snapshot!(stage.tell("release show shop 3333333"), @"
    exit 17
    --- stderr
    error: there is no such release of `shop`: `3333333` is not the id, commit or version of a release
    hint: see `windlass history shop`
    ");
}

#[test]
fn a_release_that_succeeded_is_written_with_its_proof() {
    let stage = running("", "");
    let file = document(&stage, "exported");
    insta::assert_snapshot!(stage.tell(&format!("release export shop 1111111 --out {file}")), @r"
    exit 0
    --- stdout
    shop 1111111 (release [DIGEST])
      commit       1111111
      files        2 files, sha256:[DIGEST]
      succeeded    in uat on [MACHINE] at [TIME], deployment [ID]
      smoke tests  none
      document     [HOST]/applications/shop/exported.json
    ");
    insta::assert_snapshot!(stage.tell("release export shop"), @r#"
    exit 0
    --- stdout
    {
      "format": 1,
      "release": {
        "format": 1,
        "id": "sha256:[DIGEST]",
        "application": "shop",
        "version": "1111111",
        "commit": "1111111",
        "artifacts": {},
        "bundle": {
          "digest": "sha256:[DIGEST]",
          "files": {
            ".windlassignore": "sha256:[DIGEST]",
            "release.toml": "sha256:[DIGEST]"
          },
          "programs": []
        }
      },
      "proof": {
        "environment": "uat",
        "host": "[MACHINE]",
        "deployment": "[ID]",
        "actor": "ada",
        "finished": "[TIME]",
        "checks": {
          "windlass": "pass"
        },
        "smoke": {}
      },
      "files": {
        ".windlassignore": {
          "text": "*.json\n"
        },
        "release.toml": {
          "text": "application = \"shop\"\n\n[strategy]\nplugin = \"strategy-command\"\n\n[strategy.with]\nhealth = { command = \"answers\" }\n\n[[strategy.with.steps]]\nname = \"start\"\nrun = { command = \"start\", arguments = [\"{commit}\"] }\nundo = { command = \"start\", arguments = [\"{running.commit}\"] }\nundo-first = { command = \"stop\" }\ncurrent = { command = \"running\" }\nexpect = \"{commit}\"\n\n[environments.uat]\n"
        }
      }
    }
    "#);
    insta::assert_snapshot!(stage.tell("release export shpo"), @r"
    exit 17
    --- stderr
    error: no deployment of `shpo` is known here
    hint: `windlass history` lists all deployments
    ");
    insta::assert_snapshot!(stage.tell("release list shpo"), @r"
    exit 0
    --- stdout
    no release of `shpo` succeeded on this host yet
    ");
}

#[test]
fn a_release_of_another_environment_is_promoted() {
    let stage = running("[releases]\naccept-unsigned-proofs = true\n", "");
    let file = document(&stage, "uat");
    insta::assert_snapshot!(stage.tell(&format!("release create shop --commit 2222222 --out {file}")), @r"
    exit 0
    --- stdout
    shop 2222222 (release [DIGEST])
      commit     2222222
      files      2 files, sha256:[DIGEST]
      succeeded  nowhere yet
      document   [HOST]/applications/shop/uat.json
    ");
    insta::assert_snapshot!(stage.tell(&format!("promote shop --from {file}")), @r"
    exit 10
    --- stderr
    error: release 2222222 may not be promoted from elsewhere: it did not succeed there
    hint: deploy and test it there first; `--break-glass REASON` promotes it all the same, and says so
    ");
    // What an agent in another environment would have written, where a smoke test was run.
    let mut document: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    document["proof"] = serde_json::json!({
        "environment": "test", "host": "test1", "deployment": "4f0c9t2m1k8z", "actor": "ada",
        "finished": "2026-01-01T00:00:00Z", "smoke": { "page": "pass" },
    });
    fs::write(&file, document.to_string()).unwrap();
    insta::assert_snapshot!(stage.tell(&format!("promote shop --from {file}")), @r"
    exit 0
    --- stdout
    succeeded: shop 2222222 runs in uat

      resolve [TOOK], plan [TOOK], check [TOOK], apply [TOOK], verify [TOOK], sweep [TOOK]; [TOOK] in all
      next: `windlass rollback shop` goes back to 1111111
    --- stderr
      Deploying shop to uat (deployment [ID])
       Resolved shop 2222222 (release [DIGEST])
        Planned 1 to change; 1 step
                ~ step start: what is there is 1111111, not 2222222
       Applying start: start 2222222
       Applying start: start 2222222: start 2222222
        Applied start: start 2222222 ([TOOK])
      Verifying health
      Verifying health: waiting for `answers`
       Verified health: pass, 2222222 is there and well ([TOOK])
      Succeeded 2222222 runs and is proved ([TOOK])
    ");
    insta::assert_snapshot!(stage.tell("history shop"), @r"
    exit 0
    --- stdout
    #  deployment    started               version  outcome  took  by
    2  [ID]  [TIME]  2222222  succeeded  [TOOK]  ada: promoted from test, deployment 4f0c9t2m1k8z on test1
    1  [ID]  [TIME]  1111111  succeeded  [TOOK]  ada
    ");
    insta::assert_snapshot!(stage.tell("promote shop --from test"), @r"
    exit 17
    --- stderr
    error: `agent.toml` does not say where releases of `test` are
    hint: add a section `[promote.test]` with `file`, `ssh` or `git`, or name a file with `--from
          ./FILE`
    ");
}
