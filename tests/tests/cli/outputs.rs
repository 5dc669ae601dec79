//! What the commands that deploy, and those that only look, answer when all is well, and when the release is what fails. How
//! it comes that way is tested elsewhere.

use super::shop::{running, shop};

#[test]
fn a_plan_a_check_and_a_deployment_say_what_they_found_and_did() {
    let stage = shop("", "");
    insta::assert_snapshot!(stage.tell("plan shop --commit 1111111"), @"
    exit 0
    --- stdout
    shop in uat: 1111111, the first here  (release [DIGEST])

      + step start: what is there is nothing (exit code 1), not 1111111
          current  nothing (exit code 1) -> 1111111

      steps
        1  start: start 1111111

    1 to make; 1 step
    nothing was changed; `windlass plan shop --out FILE` keeps a plan for `windlass deploy shop --plan FILE`
    ");
    insta::assert_snapshot!(stage.tell("plan shop --commit 1111111 --json"), @r#"
    exit 0
    --- stdout
    {"type":"plan","application":"shop","environment":"uat","release":{"format":1,"id":"sha256:[DIGEST]","application":"shop","version":"1111111","commit":"1111111","artifacts":{},"bundle":{"digest":"sha256:[DIGEST]","files":{".windlassignore":"sha256:[DIGEST]","release.toml":"sha256:[DIGEST]"},"programs":[]}},"plan":{"format":1,"fingerprint":"sha256:[DIGEST]","changes":[{"subject":"step start","action":"create","cause":"what is there is nothing (exit code 1), not 1111111","differences":[{"field":"current","from":"nothing (exit code 1)","to":"1111111"}]}],"steps":[{"id":"start","title":"start: start 1111111","phase":"apply","needs":[],"changes":true,"runs-release":true,"subject":"step start","before":{"commands":[{"command":"stop","arguments":[]}]},"details":{"commands":[{"command":"start","arguments":["1111111"]}]}}]}}
    "#);
    insta::assert_snapshot!(stage.tell("check shop --commit 1111111"), @"
    exit 0
    --- stdout
    windlass  pass  all built-in checks passed

    clear: shop 1111111 can be deployed to uat
    ");
    insta::assert_snapshot!(stage.tell("deploy shop --commit 1111111"), @r"
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
    insta::assert_snapshot!(stage.tell("deploy shop --commit 1111111"), @r"
    exit 0
    --- stdout
    unchanged: shop 1111111 already runs in uat; nothing was touched

      resolve [TOOK], plan [TOOK]; [TOOK] in all
    --- stderr
      Deploying shop to uat (deployment [ID])
       Resolved shop 1111111 (release [DIGEST])
        Planned nothing: the release already runs
    ");
    insta::assert_snapshot!(stage.tell("deploy shop --commit 2222222 --reason 'the new basket'"), @r"
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
    insta::assert_snapshot!(stage.tell("plan shop --rollback"), @"
    exit 0
    --- stdout
    shop in uat: 2222222 -> 1111111  (release [DIGEST])

      ~ step start: what is there is 2222222, not 1111111
          current  2222222 -> 1111111

      steps
        1  start: start 1111111

    1 to change; 1 step
    nothing was changed; `windlass plan shop --out FILE` keeps a plan for `windlass deploy shop --plan FILE`
    ");
    insta::assert_snapshot!(stage.tell("rollback shop --reason 'the basket loses orders'"), @r"
    exit 0
    --- stdout
    succeeded: shop 1111111 runs in uat again

      resolve [TOOK], plan [TOOK], check [TOOK], apply [TOOK], verify [TOOK], sweep [TOOK]; [TOOK] in all
    --- stderr
      Deploying shop to uat (deployment [ID])
       Resolved shop 1111111 (release [DIGEST])
        Planned 1 to change; 1 step
                ~ step start: what is there is 2222222, not 1111111
       Applying start: start 1111111
       Applying start: start 1111111: start 1111111
        Applied start: start 1111111 ([TOOK])
      Verifying health
      Verifying health: waiting for `answers`
       Verified health: pass, 1111111 is there and well ([TOOK])
      Succeeded 1111111 runs and is proved ([TOOK])
    ");
}

#[test]
fn a_plan_in_a_file_is_carried_out_as_it_is() {
    let stage = running("", "");
    let file = stage.host.root().join("shop.plan").display().to_string();
    insta::assert_snapshot!(stage.tell(&format!("plan shop --commit 2222222 --out {file}")), @r"
    exit 0
    --- stdout
    shop in uat: 1111111 -> 2222222  (release [DIGEST])

      ~ step start: what is there is 1111111, not 2222222
          current  1111111 -> 2222222

      steps
        1  start: start 2222222

    1 to change; 1 step
    written to [HOST]/shop.plan; deploy exactly this: `windlass deploy shop --plan [HOST]/shop.plan`
    ");
    insta::assert_snapshot!(stage.tell(&format!("deploy shop --plan {file}")), @r"
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
    insta::assert_snapshot!(stage.tell(&format!("deploy shop --plan {file}")), @"
    exit 16
    --- stdout
    refused: shop 2222222 was not deployed to uat; nothing was touched

      resolve [TOOK], plan [TOOK], check [TOOK]; [TOOK] in all
    --- stderr
      Deploying shop to uat (deployment [ID])
       Resolved shop 2222222 (release [DIGEST])
        Planned 1 to change; 1 step
                ~ step start: what is there is 1111111, not 2222222
    error: the plan is out of date, because what runs has changed: step start: current was `1111111`, is
           `2222222`; the release that runs: id was
           `sha256:[DIGEST]`, is
           `sha256:[DIGEST]`
    hint: plan again; `windlass plan` shows what is to be done now
    ");
}

#[test]
fn a_release_that_fails_is_undone_and_not_deployed_again() {
    let stage = running("", "");
    insta::assert_snapshot!(stage.tell("deploy shop --commit bad0000"), @r"
    exit 11
    --- stdout
    rolled back: shop bad0000 failed in uat; 1111111 runs as before

      resolve [TOOK], plan [TOOK], check [TOOK], apply [TOOK], undo [TOOK]; [TOOK] in all
      next: `windlass show [ID]` has the evidence, `windlass logs [ID]` the log
            bad0000 is set aside because it failed here: `--retry` deploys it again
    --- stderr
      Deploying shop to uat (deployment [ID])
       Resolved shop bad0000 (release [DIGEST])
        Planned 1 to change; 1 step
                ~ step start: what is there is 1111111, not bad0000
       Applying start: start bad0000
       Applying start: start bad0000: start bad0000
         Failed start: start bad0000: the command `start` ended with exit code 3: port 8080 is in use
                hint: `[commands.start]` in `agent.toml` says what it runs, where, and as whom
      Unwinding start: start bad0000: the command `start` ended with exit code 3: port 8080 is in use
       Applying start: start bad0000: start 1111111
         Undone start: start bad0000
      Verifying health
      Verifying health: waiting for `answers`
       Verified health: pass, 1111111 is there and well ([TOOK])
    error: start: start bad0000: the command `start` ended with exit code 3: port 8080 is in use
    hint: `[commands.start]` in `agent.toml` says what it runs, where, and as whom
    ");
    insta::assert_snapshot!(stage.tell("deploy shop --commit bad0000"), @"
    exit 10
    --- stdout
    refused: shop bad0000 was not deployed to uat; nothing was touched

      resolve [TOOK], plan [TOOK], check [TOOK]; [TOOK] in all
    --- stderr
      Deploying shop to uat (deployment [ID])
       Resolved shop bad0000 (release [DIGEST])
        Planned 1 to change; 1 step
                ~ step start: what is there is 1111111, not bad0000
    error: `windlass`: version bad0000 failed here in deployment [ID]: start: start bad0000: the
           command `start` ended with exit code 3: port 8080 is in use
    hint: `--retry` deploys it all the same, `windlass unquarantine shop bad0000` ends the quarantine
    ");
    insta::assert_snapshot!(stage.tell("show shop"), @"
    exit 0
    --- stdout
    refused: shop bad0000 was not deployed to uat; nothing was touched

      deployment  [ID] (number 3 on this host)
      release     bad0000 (sha256:[DIGEST], commit bad0000)
      before      1111111 (sha256:[DIGEST], commit 1111111)
      by          ada (local user [UID])
      started     [TIME]
      ended       [TIME]

    checks
      windlass  fail  version bad0000 failed here in deployment [ID]: start: start bad0000: the command `start` ended with exit code 3: port 8080 is in use
          fail  version bad0000 failed here in deployment [ID]: start: start bad0000: the
                command `start` ended with exit code 3: port 8080 is in use
                remedy: `--retry` deploys it all the same, `windlass unquarantine shop bad0000` ends the
                        quarantine

    steps
      start: start bad0000  waiting

    error: `windlass`: version bad0000 failed here in deployment [ID]: start: start bad0000: the
           command `start` ended with exit code 3: port 8080 is in use
    hint: `--retry` deploys it all the same, `windlass unquarantine shop bad0000` ends the quarantine

      resolve [TOOK], plan [TOOK], check [TOOK], record [TOOK]; [TOOK] in all
    ");
    insta::assert_snapshot!(stage.tell("deploy shop --commit bad0000 --json"), @r#"
    exit 10
    --- stdout
    {"type":"progress","of":{"application":"shop","deployment":"[ID]"},"event":"opened","deployment":"[ID]","application":"shop","environment":"uat","resumed":false}
    {"type":"progress","of":{"application":"shop","deployment":"[ID]"},"event":"phase-started","phase":"resolve"}
    {"type":"progress","of":{"application":"shop","deployment":"[ID]"},"event":"resolved","release":{"format":1,"id":"sha256:[DIGEST]","application":"shop","version":"bad0000","commit":"bad0000","artifacts":{},"bundle":{"digest":"sha256:[DIGEST]","files":{".windlassignore":"sha256:[DIGEST]","release.toml":"sha256:[DIGEST]"},"programs":[]}}}
    {"type":"progress","of":{"application":"shop","deployment":"[ID]"},"event":"phase-finished","phase":"resolve","took":[TOOK]}
    {"type":"progress","of":{"application":"shop","deployment":"[ID]"},"event":"phase-started","phase":"plan"}
    {"type":"progress","of":{"application":"shop","deployment":"[ID]"},"event":"planned","plan":{"format":1,"fingerprint":"sha256:[DIGEST]","changes":[{"subject":"step start","action":"update","cause":"what is there is 1111111, not bad0000","differences":[{"field":"current","from":"1111111","to":"bad0000"}]}],"steps":[{"id":"start","title":"start: start bad0000","phase":"apply","needs":[],"changes":true,"runs-release":true,"subject":"step start","before":{"commands":[{"command":"start","arguments":["1111111"]}]},"details":{"commands":[{"command":"start","arguments":["bad0000"]}]}}]}}
    {"type":"progress","of":{"application":"shop","deployment":"[ID]"},"event":"phase-finished","phase":"plan","took":[TOOK]}
    {"type":"progress","of":{"application":"shop","deployment":"[ID]"},"event":"phase-started","phase":"check"}
    {"type":"progress","of":{"application":"shop","deployment":"[ID]"},"event":"phase-finished","phase":"check","took":[TOOK]}
    {"type":"progress","of":{"application":"shop","deployment":"[ID]"},"event":"settled","outcome":"refused","took":[TOOK]}
    {"type":"progress","of":{"application":"shop","deployment":"[ID]"},"event":"finished","outcome":"refused","took":[TOOK]}
    {"type":"deployment","deployment":"[ID]","sequence":4,"application":"shop","environment":"uat","outcome":"refused","cancelled":false,"rollback":false,"actor":"ada","principal":{"name":"ada","proof":"local-user","uid":[UID],"sentence":"ada (local user [UID])"},"release":{"id":"sha256:[DIGEST]","version":"bad0000","commit":"bad0000","artifacts":{}},"previous":{"id":"sha256:[DIGEST]","version":"1111111","commit":"1111111","artifacts":{}},"started":"[TIME]","finished":"[TIME]","took":[TOOK],"phases":[{"phase":"resolve","took":[TOOK]},{"phase":"plan","took":[TOOK]},{"phase":"check","took":[TOOK]}],"checks":[{"name":"windlass","report":{"verdict":"fail","summary":"version bad0000 failed here in deployment [ID]: start: start bad0000: the command `start` ended with exit code 3: port 8080 is in use","findings":[{"id":"quarantine","verdict":"fail","title":"version bad0000 failed here in deployment [ID]: start: start bad0000: the command `start` ended with exit code 3: port 8080 is in use","remedy":"`--retry` deploys it all the same, `windlass unquarantine shop bad0000` ends the quarantine"}]}}],"smoke":[],"steps":[{"step":"start","title":"start: start bad0000","state":"waiting"}],"failure":{"code":"refused","message":"`windlass`: version bad0000 failed here in deployment [ID]: start: start bad0000: the command `start` ended with exit code 3: port 8080 is in use","retryable":false,"details":{"hint":"`--retry` deploys it all the same, `windlass unquarantine shop bad0000` ends the quarantine"}},"left-behind":[],"records":[],"outbox":[],"next":[]}
    --- stderr
    error: `windlass`: version bad0000 failed here in deployment [ID]: start: start bad0000: the
           command `start` ended with exit code 3: port 8080 is in use
    hint: `--retry` deploys it all the same, `windlass unquarantine shop bad0000` ends the quarantine
    "#);
}

#[test]
fn a_first_release_that_fails_leaves_nothing() {
    let stage = shop("", "");
    insta::assert_snapshot!(stage.tell("deploy shop --commit bad0000"), @r"
    exit 11
    --- stdout
    rolled back: shop bad0000 failed in uat; nothing of it runs, as before

      resolve [TOOK], plan [TOOK], check [TOOK], apply [TOOK], undo [TOOK]; [TOOK] in all
      next: `windlass show [ID]` has the evidence, `windlass logs [ID]` the log
            bad0000 is set aside because it failed here: `--retry` deploys it again
    --- stderr
      Deploying shop to uat (deployment [ID])
       Resolved shop bad0000 (release [DIGEST])
        Planned 1 to make; 1 step
                + step start: what is there is nothing (exit code 1), not bad0000
       Applying start: start bad0000
       Applying start: start bad0000: start bad0000
         Failed start: start bad0000: the command `start` ended with exit code 3: port 8080 is in use
                hint: `[commands.start]` in `agent.toml` says what it runs, where, and as whom
      Unwinding start: start bad0000: the command `start` ended with exit code 3: port 8080 is in use
       Applying start: start bad0000: stop
         Undone start: start bad0000
    error: start: start bad0000: the command `start` ended with exit code 3: port 8080 is in use
    hint: `[commands.start]` in `agent.toml` says what it runs, where, and as whom
    ");
    insta::assert_snapshot!(stage.tell("status shop"), @r"
    exit 0
    --- stdout
    shop in uat: nothing of it was deployed with success yet
      quarantined: bad0000 failed here on [TIME]: start: start bad0000: the command
                   `start` ended with exit code 3: port 8080 is in use; `--retry` deploys it all the
                   same
    ");
    insta::assert_snapshot!(stage.tell("rollback shop"), @"
    exit 17
    --- stderr
    error: there is no such release of `shop`: no release succeeded here yet
    hint: see `windlass history shop`
    ");
}

#[test]
fn a_check_that_says_no_refuses() {
    let closed = "[checks.hours]\nplugin = \"check-window\"\n[[checks.hours.with.freezes]]\nname = \"the sale\"\n\
                  from = \"2020-01-01\"\nto = \"2999-12-31\"\nreason = \"ask ada\"\n";
    let stage = shop("", closed);
    insta::assert_snapshot!(stage.tell("check shop --commit 1111111"), @"
    exit 10
    --- stdout
    windlass  pass  all built-in checks passed
    hours     fail  closed until wed 3000-01-01 00:00 UTC: freeze `the sale` since wed 2020-01-01 00:00 UTC
        fail  closed until wed 3000-01-01 00:00 UTC by freeze `the sale` since wed 2020-01-01 00:00 UTC
              (ask ada)
              remedy: deploy after wed 3000-01-01 00:00 UTC, or use `--break-glass` with a reason if it
                      cannot wait

    refused: shop 1111111 would not be deployed to uat
    --- stderr
        Checked hours: fail, closed until wed 3000-01-01 00:00 UTC: freeze `the sale` since wed 2020-01-01 00:00 UTC ([TOOK])
                fail  closed until wed 3000-01-01 00:00 UTC by freeze `the sale` since wed 2020-01-01
                      00:00 UTC (ask ada)
                      remedy: deploy after wed 3000-01-01 00:00 UTC, or use `--break-glass` with a
                              reason if it cannot wait
    ");
    insta::assert_snapshot!(stage.tell("check shop --commit 1111111 --json"), @r#"
    exit 10
    --- stdout
    {"type":"progress","of":{"application":"shop"},"event":"probe-started","name":"hours"}
    {"type":"progress","of":{"application":"shop"},"event":"probe-finished","name":"hours","report":{"verdict":"fail","summary":"closed until wed 3000-01-01 00:00 UTC: freeze `the sale` since wed 2020-01-01 00:00 UTC","findings":[{"id":"freeze:the sale","verdict":"fail","title":"closed until wed 3000-01-01 00:00 UTC by freeze `the sale` since wed 2020-01-01 00:00 UTC (ask ada)","remedy":"deploy after wed 3000-01-01 00:00 UTC, or use `--break-glass` with a reason if it cannot wait"}],"data":{"open":false,"time":"[TIME]","opens":"[TIME]","rules":["freeze:the sale"]}},"took":[TOOK]}
    {"type":"check","application":"shop","environment":"uat","version":"1111111","refused":true,"verdict":"fail","checks":[{"name":"windlass","report":{"verdict":"pass","summary":"all built-in checks passed","findings":[]}},{"name":"hours","report":{"verdict":"fail","summary":"closed until wed 3000-01-01 00:00 UTC: freeze `the sale` since wed 2020-01-01 00:00 UTC","findings":[{"id":"freeze:the sale","verdict":"fail","title":"closed until wed 3000-01-01 00:00 UTC by freeze `the sale` since wed 2020-01-01 00:00 UTC (ask ada)","remedy":"deploy after wed 3000-01-01 00:00 UTC, or use `--break-glass` with a reason if it cannot wait"}],"data":{"open":false,"time":"[TIME]","opens":"[TIME]","rules":["freeze:the sale"]}}}]}
    "#);
    insta::assert_snapshot!(stage.tell("deploy shop --commit 1111111"), @r"
    exit 10
    --- stdout
    refused: shop 1111111 was not deployed to uat; nothing was touched

      resolve [TOOK], plan [TOOK], check [TOOK]; [TOOK] in all
    --- stderr
      Deploying shop to uat (deployment [ID])
       Resolved shop 1111111 (release [DIGEST])
        Planned 1 to make; 1 step
                + step start: what is there is nothing (exit code 1), not 1111111
        Checked hours: fail, closed until wed 3000-01-01 00:00 UTC: freeze `the sale` since wed 2020-01-01 00:00 UTC ([TOOK])
                fail  closed until wed 3000-01-01 00:00 UTC by freeze `the sale` since wed 2020-01-01
                      00:00 UTC (ask ada)
                      remedy: deploy after wed 3000-01-01 00:00 UTC, or use `--break-glass` with a
                              reason if it cannot wait
    error: `hours`: closed until wed 3000-01-01 00:00 UTC: freeze `the sale` since wed 2020-01-01 00:00
           UTC
    hint: deploy after wed 3000-01-01 00:00 UTC, or use `--break-glass` with a reason if it cannot wait
    ");
    insta::assert_snapshot!(stage.tell("deploy shop --commit 1111111 --break-glass 'the shop is down'"), @"
    exit 0
    --- stdout
    succeeded: shop 1111111 runs in uat

      resolve [TOOK], plan [TOOK], check [TOOK], apply [TOOK], verify [TOOK], sweep [TOOK]; [TOOK] in all
    --- stderr
      Deploying shop to uat (deployment [ID])
       Resolved shop 1111111 (release [DIGEST])
        Planned 1 to make; 1 step
                + step start: what is there is nothing (exit code 1), not 1111111
        Checked hours: fail, closed until wed 3000-01-01 00:00 UTC: freeze `the sale` since wed 2020-01-01 00:00 UTC ([TOOK])
                fail  closed until wed 3000-01-01 00:00 UTC by freeze `the sale` since wed 2020-01-01
                      00:00 UTC (ask ada)
                      remedy: deploy after wed 3000-01-01 00:00 UTC, or use `--break-glass` with a
                              reason if it cannot wait
           warn windlass: `--break-glass` overrides a refusal: `hours`: closed until wed 3000-01-01 00:00 UTC: freeze `the sale` since wed 2020-01-01 00:00 UTC
       Applying start: start 1111111
       Applying start: start 1111111: start 1111111
        Applied start: start 1111111 ([TOOK])
      Verifying health
      Verifying health: waiting for `answers`
       Verified health: pass, 1111111 is there and well ([TOOK])
      Succeeded 1111111 runs and is proved ([TOOK])
    warning: `--break-glass` overrides a refusal: `hours`: closed until wed 3000-01-01 00:00 UTC: freeze
             `the sale` since wed 2020-01-01 00:00 UTC
    ");
    insta::assert_snapshot!(stage.tell("show shop"), @"
    exit 0
    --- stdout
    succeeded: shop 1111111 runs in uat

      deployment   [ID] (number 2 on this host)
      release      1111111 (sha256:[DIGEST], commit 1111111)
      by           ada (local user [UID])
      break-glass  the shop is down
      started      [TIME]
      ended        [TIME]

    checks
      windlass  pass  all built-in checks passed
      hours     fail  closed until wed 3000-01-01 00:00 UTC: freeze `the sale` since wed 2020-01-01 00:00 UTC
          fail  closed until wed 3000-01-01 00:00 UTC by freeze `the sale` since wed 2020-01-01 00:00
                UTC (ask ada)
                remedy: deploy after wed 3000-01-01 00:00 UTC, or use `--break-glass` with a reason if
                        it cannot wait

    verification
      health  pass  1111111 is there and well
          pass  start: 1111111 is there
          pass  `answers` says that it is well

    steps
      start: start 1111111  done  [TOOK]

      resolve [TOOK], plan [TOOK], check [TOOK], apply [TOOK], verify [TOOK], record [TOOK]; [TOOK] in all
    ");
}

#[test]
fn an_event_starts_what_the_operator_wrote() {
    let trigger = "[secrets.webhook]\nfile = \"/etc/windlass/secrets/webhook\"\n[triggers.contracts]\nfrom = \"pact-broker\"\n\
                   secret = \"webhook\"\nrun = [\"check\", \"shop\", \"--commit=2222222\"]\n";
    let stage = running(trigger, "");
    stage.host.secret("webhook", "a-secret-of-the-webhook").unwrap();
    let event = |token: &str| format!("X-Windlass-Token: {token}\n\n{{\"consumer\":\"web\",\"provider\":\"shop\"}}");
    insta::assert_snapshot!(stage.tell_with("trigger contracts", &event("a-secret-of-the-webhook")), @"
    exit 0
    --- stdout
    windlass  pass  all built-in checks passed

    clear: shop 2222222 can be deployed to uat
    --- stderr
    trigger contracts: windlass check shop --commit=2222222
    ");
    insta::assert_snapshot!(stage.tell_with("trigger contracts", &event("a-secret-of-the-webhook")), @r"
    exit 0
    --- stdout
    trigger contracts: the event is ignored: it was acted on at [TIME], and is remembered for 1 h; `--again` does it once more
    ");
    insta::assert_snapshot!(stage.tell_with("trigger contracts --again --json", &event("a-secret-of-the-webhook")), @r#"
    exit 0
    --- stdout
    {"type":"trigger","trigger":"contracts","fields":{"consumer":"web","provider":"shop"},"command":["check","shop","--commit=2222222"]}
    {"type":"check","application":"shop","environment":"uat","version":"2222222","refused":false,"verdict":"pass","checks":[{"name":"windlass","report":{"verdict":"pass","summary":"all built-in checks passed","findings":[]}}]}
    "#);
    insta::assert_snapshot!(stage.tell_with("trigger contracts", &event("guessed")), @r"
    exit 10
    --- stderr
    error: the event is not from the Pact Broker: its `x-windlass-token` is wrong
    hint: the webhook and the agent have different secrets, or the body was changed on the way
    ");
    insta::assert_snapshot!(stage.tell_with("trigger contract", &event("guessed")), @r"
    exit 17
    --- stderr
    error: there is no trigger `contract`
    hint: there are `contracts`
    ");
    insta::assert_snapshot!(stage.tell("trigger contracts"), @r"
    exit 2
    --- stderr
    error: the event is not what an HTTP request has: there is no empty line after the headers
    hint: give the header lines, an empty line and the body on standard input
    ");
}
