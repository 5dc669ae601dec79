//! What the journal tells: deployments, their logs, what recorders were not told, and whether it is whole.

use std::fs;

use windlass_stand_in::{Response, StandIn};

use super::shop::{deploy, running, shop};
use super::support::Stage;

/// Its recorder writes a file where another one is in the way.
fn untold() -> Stage {
    let grant = "[[grants]]\nplugin = \"recorder-state-file\"\n\
                 files = [{ root = \"records\", path = \"/var/lib/windlass/records/told\", write = true }]\n";
    let stage = shop(grant, "[recorders.state]\nplugin = \"recorder-state-file\"\n");
    fs::write(stage.host.root().join("records/told"), "in the way").unwrap();
    stage
}

#[test]
fn deployments_are_listed_and_shown_with_their_logs() {
    let stage = running("", "");
    insta::assert_snapshot!(stage.tell("history"), @r"
    exit 0
    --- stdout
    #  deployment    started               version  outcome  took  by
    1  [ID]  [TIME]  1111111  succeeded  [TOOK]  ada
    ");
    insta::assert_snapshot!(stage.tell("history shop --json"), @r#"
    exit 0
    --- stdout
    {"type":"history","sequence":1,"deployment":"[ID]","application":"shop","environment":"uat","outcome":"succeeded","cancelled":false,"rollback":false,"version":"1111111","actor":"ada","principal":{"name":"ada","proof":"local-user","uid":[UID],"sentence":"ada (local user [UID])"},"started":"[TIME]","took":[TOOK]}
    "#);
    insta::assert_snapshot!(stage.tell("show shop"), @"
    exit 0
    --- stdout
    succeeded: shop 1111111 runs in uat

      deployment  [ID] (number 1 on this host)
      release     1111111 (sha256:[DIGEST], commit 1111111)
      by          ada (local user [UID])
      started     [TIME]
      ended       [TIME]

    checks
      windlass  pass  all built-in checks passed

    verification
      health  pass  1111111 is there and well
          pass  start: 1111111 is there
          pass  `answers` says that it is well

    steps
      start: start 1111111  done  [TOOK]

      resolve [TOOK], plan [TOOK], check [TOOK], apply [TOOK], verify [TOOK], record [TOOK]; [TOOK] in all
    ");
    insta::assert_snapshot!(stage.tell("show shop --json"), @r#"
    exit 0
    --- stdout
    {"type":"deployment","deployment":"[ID]","sequence":1,"application":"shop","environment":"uat","outcome":"succeeded","cancelled":false,"rollback":false,"actor":"ada","principal":{"name":"ada","proof":"local-user","uid":[UID],"sentence":"ada (local user [UID])"},"release":{"id":"sha256:[DIGEST]","version":"1111111","commit":"1111111","artifacts":{}},"started":"[TIME]","finished":"[TIME]","took":[TOOK],"phases":[{"phase":"resolve","took":[TOOK]},{"phase":"plan","took":[TOOK]},{"phase":"check","took":[TOOK]},{"phase":"apply","took":[TOOK]},{"phase":"verify","took":[TOOK]},{"phase":"record","took":[TOOK]}],"checks":[{"name":"windlass","report":{"verdict":"pass","summary":"all built-in checks passed","findings":[]}}],"smoke":[{"name":"health","report":{"verdict":"pass","summary":"1111111 is there and well","findings":[{"id":"current:start","verdict":"pass","title":"start: 1111111 is there"},{"id":"health:answers","verdict":"pass","title":"`answers` says that it is well"}]}}],"steps":[{"step":"start","title":"start: start 1111111","state":"done","applied":"done","took":[TOOK]}],"left-behind":[],"records":[],"outbox":[],"next":[]}
    "#);
    let out = stage.host.root().join("report.html");
    insta::assert_snapshot!(stage.tell(&format!("report shop --out {}", out.display())), @"
    exit 0
    --- stdout
    the page about deployment [ID] is in [HOST]/report.html
    ");
    assert!(fs::read_to_string(out).unwrap().contains("1111111 runs in uat"));
    insta::assert_snapshot!(stage.tell("logs shop"), @r"
    exit 0
    --- stdout
    [TIME] info  start: start: starting 1111111
    ");
    insta::assert_snapshot!(stage.tell("logs shop --json"), @r#"
    exit 0
    --- stdout
    {"type":"log","deployment":"[ID]","time":"[TIME]","source":"start","level":"info","message":"start: starting 1111111"}
    "#);
    insta::assert_snapshot!(stage.tell("status"), @r"
    exit 0
    --- stdout
    shop 1111111 in uat: runs as deployed, since [TIME] by deployment [ID]

      service  instance  version  state    health   image
      shop     shop      1111111  running  healthy  1111111
      start    running   1111111  running
    ");
    insta::assert_snapshot!(stage.tell("status shop --json"), @r#"
    exit 0
    --- stdout
    {"type":"status","application":"shop","environment":"uat","release":{"id":"sha256:[DIGEST]","version":"1111111","commit":"1111111","artifacts":{}},"deployment":"[ID]","by":"ada (local user [UID])","since":"[TIME]","parts":[{"service":"shop","instance":"shop","version":"1111111","reference":"1111111","state":"running","health":"healthy","restarts":0},{"service":"start","instance":"running","version":"1111111","state":"running","restarts":0}],"drift":[],"quarantined":[],"outbox":[]}
    "#);
    insta::assert_snapshot!(stage.tell("history --limit 0"), @"
    exit 2
    --- stderr
    error: invalid value '0' for '--limit <NUMBER>': 0 is not in 1..=4294967295

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(stage.tell("history shpo"), @"
    exit 17
    --- stderr
    error: there is no application `shpo` in `[HOST]/applications`
    hint: did you mean `shop`? known: shop
    ");
    insta::assert_snapshot!(stage.tell("show shpo"), @r"
    exit 17
    --- stderr
    error: no deployment of `shpo` is known here
    hint: `windlass history` lists all deployments
    ");
    insta::assert_snapshot!(stage.tell("logs shpo"), @r"
    exit 17
    --- stderr
    error: no deployment of `shpo` is known here
    hint: `windlass history` lists all deployments
    ");
    insta::assert_snapshot!(stage.tell("status shpo"), @r"
    exit 17
    --- stderr
    error: no deployment of `shpo` is known here
    hint: `windlass history` lists all deployments
    ");
}

#[test]
fn the_journal_is_verified() {
    let stage = running("", "");
    insta::assert_snapshot!(stage.tell("audit verify"), @r"
    exit 0
    --- stdout
    intact: 11 lines, each chained to the one before
      head: [DIGEST]
    ");
    insta::assert_snapshot!(stage.tell("audit verify --json"), @r#"
    exit 0
    --- stdout
    {"type":"audit","intact":true,"lines":11,"head":"[DIGEST]","problems":[]}
    "#);
}

#[test]
fn what_a_recorder_was_not_told_waits_and_is_told() {
    let stage = untold();
    deploy(&stage, "1111111");
    insta::assert_snapshot!(stage.tell("deploy shop --commit 2222222"), @"
    exit 0
    --- stdout
    succeeded: shop 2222222 runs in uat

      resolve [TOOK], plan [TOOK], check [TOOK], apply [TOOK], verify [TOOK], sweep [TOOK], record [TOOK]; [TOOK] in all
      outbox: delivery to the recorder `state` failed and will be retried: the directory of `uat.json`
              of the root `records` cannot be opened: Not a directory (os error 20); 2 events wait since
              [TIME]; the next deployment after [TIME] tries again, or
              `windlass outbox flush` now
      next: `windlass rollback shop` goes back to 1111111
    --- stderr
          Waits delivery to the recorder `state` failed and will be retried: the directory of `uat.json`
                of the root `records` cannot be opened: Not a directory (os error 20); 1 event waits
                since [TIME]; the next deployment after [TIME] tries again,
                or `windlass outbox flush` now
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
          Waits delivery to the recorder `state` failed and will be retried: the directory of `uat.json`
                of the root `records` cannot be opened: Not a directory (os error 20); 2 events wait
                since [TIME]; the next deployment after [TIME] tries again,
                or `windlass outbox flush` now
    ");
    insta::assert_snapshot!(stage.tell("outbox list"), @"
    exit 0
    --- stdout
    waiting, and told in this order
      #1 shop: recorder state: delivery of deployment [ID] (1111111) failed, tried 1 time: the
               directory of `uat.json` of the root `records` cannot be opened: Not a directory (os error
               20); the next deployment after [TIME] tries again, or `windlass outbox
               flush` now
      #2 shop: recorder state: delivery of deployment [ID] (2222222) has not been tried yet; the
               next deployment after [TIME] tries again, or `windlass outbox flush` now
    ");
    insta::assert_snapshot!(stage.tell("outbox list shop --json"), @r#"
    exit 0
    --- stdout
    {"type":"delivery","number":1,"state":"waiting","application":"shop","recorder":"state","deployment":"[ID]","version":"1111111","since":"[TIME]","attempts":1,"due":"[TIME]","failure":"the directory of `uat.json` of the root `records` cannot be opened: Not a directory (os error 20)"}
    {"type":"delivery","number":2,"state":"waiting","application":"shop","recorder":"state","deployment":"[ID]","version":"2222222","since":"[TIME]","attempts":0,"due":"[TIME]"}
    "#);
    insta::assert_snapshot!(stage.tell("outbox flush"), @"
    exit 15
    --- stdout
    waiting, and told in this order
      #1 shop: recorder state: delivery of deployment [ID] (1111111) failed, tried 2 times: the
               directory of `uat.json` of the root `records` cannot be opened: Not a directory (os error
               20); the next deployment after [TIME] tries again, or `windlass outbox
               flush` now
      #2 shop: recorder state: delivery of deployment [ID] (2222222) has not been tried yet; the
               next deployment after [TIME] tries again, or `windlass outbox flush` now
    --- stderr
          Waits delivery to the recorder `state` failed and will be retried: the directory of `uat.json`
                of the root `records` cannot be opened: Not a directory (os error 20); 2 events wait
                since [TIME]; the next deployment after [TIME] tries again,
                or `windlass outbox flush` now
    ");
    fs::remove_file(stage.host.root().join("records/told")).unwrap();
    fs::create_dir(stage.host.root().join("records/told")).unwrap();
    insta::assert_snapshot!(stage.tell("outbox flush shop"), @"
    exit 0
    --- stdout
    every recorder has received every event
    --- stderr
       Recorder state: wrote uat.json ([TOOK])
       Recorder state: wrote uat.json ([TOOK])
    ");
    insta::assert_snapshot!(stage.tell("show shop"), @"
    exit 0
    --- stdout
    succeeded: shop 2222222 runs in uat

      deployment  [ID] (number 2 on this host)
      release     2222222 (sha256:[DIGEST], commit 2222222)
      before      1111111 (sha256:[DIGEST], commit 1111111)
      by          ada (local user [UID])
      started     [TIME]
      ended       [TIME]

    checks
      windlass  pass  all built-in checks passed

    verification
      health  pass  2222222 is there and well
          pass  start: 2222222 is there
          pass  `answers` says that it is well

    steps
      start: start 2222222  done  [TOOK]

    records
      state  told  wrote uat.json

      resolve [TOOK], plan [TOOK], check [TOOK], apply [TOOK], verify [TOOK], record [TOOK]; [TOOK] in all
    ");
}

#[test]
fn what_a_recorder_was_not_told_is_given_up() {
    let stage = untold();
    deploy(&stage, "1111111");
    deploy(&stage, "2222222");
    insta::assert_snapshot!(stage.tell("outbox drop 1 --reason 'nobody asks for it'"), @"
    exit 0
    --- stdout
    waiting, and told in this order
      #2 shop: recorder state: delivery of deployment [ID] (2222222) has not been tried yet; the
               next deployment after [TIME] tries again, or `windlass outbox flush` now
    --- stderr
    event 1 of shop was removed: its recorder will not be told
    ");
    insta::assert_snapshot!(stage.tell("outbox drop 1 --reason 'nobody asks for it'"), @r"
    exit 17
    --- stderr
    error: nothing with the number 1 waits in the outbox
    hint: `windlass outbox list` lists what waits
    ");
    insta::assert_snapshot!(stage.tell("outbox retry 2"), @r"
    exit 17
    --- stderr
    error: nothing with the number 2 is set aside in the outbox
    hint: `windlass outbox list` shows what is set aside
    ");
    insta::assert_snapshot!(stage.tell("status shop"), @"
    exit 0
    --- stdout
    shop 2222222 in uat: runs as deployed, since [TIME] by deployment [ID]
      outbox: recorder state: delivery of deployment [ID] (2222222) has not been tried yet; the
              next deployment after [TIME] tries again, or `windlass outbox flush` now

      service  instance  version  state    health   image
      shop     shop      2222222  running  healthy  2222222
      start    running   2222222  running
    ");
}

#[test]
fn what_a_recorder_will_never_take_is_set_aside_and_may_wait_again() {
    let refusing = StandIn::start(|_| (), |request, _| drop(request.respond(Response::empty(422)))).unwrap();
    let grant = format!(
        "[[grants]]\nplugin = \"recorder-webhook\"\nhttp = [{{ to = \"{}\", addresses = [\"127.0.0.1/32\"] }}]\n",
        refusing.url()
    );
    let recorder =
        format!("[recorders.ledger]\nplugin = \"recorder-webhook\"\nwith = {{ url = \"{}/\" }}\n", refusing.url());
    let stage = shop(&grant, &recorder);
    insta::assert_snapshot!(stage.tell("deploy shop --commit 1111111"), @"
    exit 0
    --- stdout
    succeeded: shop 1111111 runs in uat

      resolve [TOOK], plan [TOOK], check [TOOK], apply [TOOK], verify [TOOK], sweep [TOOK], record [TOOK]; [TOOK] in all
      not recorded: recorder ledger rejected deployment [ID] (1111111) for good:
                    `http://127.0.0.1:[PORT]` refuses the event with 422; it will refuse it again; change
                    `url`, `method` or `body` in the release file; `windlass outbox drop 1 --reason …`
                    removes it, `windlass outbox retry 1` puts it back into the queue
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
       NOT TOLD the recorder `ledger` rejected deployment [ID] (1111111) for good:
                `http://127.0.0.1:[PORT]` refuses the event with 422; it will refuse it again; it is set
                aside until `windlass outbox drop 1 --reason …` removes it
                hint: change `url`, `method` or `body` in the release file
    ");
    insta::assert_snapshot!(stage.tell("outbox list"), @"
    exit 0
    --- stdout
    set aside: each needs a decision
      #1 shop: recorder ledger rejected deployment [ID] (1111111) for good:
               `http://127.0.0.1:[PORT]` refuses the event with 422; it will refuse it again; change
               `url`, `method` or `body` in the release file; `windlass outbox drop 1 --reason …`
               removes it, `windlass outbox retry 1` puts it back into the queue
    ");
    insta::assert_snapshot!(stage.tell("outbox retry 1"), @"
    exit 0
    --- stdout
    waiting, and told in this order
      #1 shop: recorder ledger: delivery of deployment [ID] (1111111) has not been tried yet;
               the next deployment after [TIME] tries again, or `windlass outbox flush`
               now
    --- stderr
    event 1 of shop waits again
    ");
    insta::assert_snapshot!(stage.tell("outbox retry 1"), @r"
    exit 17
    --- stderr
    error: nothing with the number 1 is set aside in the outbox
    hint: `windlass outbox list` shows what is set aside
    ");
    insta::assert_snapshot!(stage.tell("outbox flush"), @"
    exit 15
    --- stdout
    set aside: each needs a decision
      #1 shop: recorder ledger rejected deployment [ID] (1111111) for good:
               `http://127.0.0.1:[PORT]` refuses the event with 422; it will refuse it again; change
               `url`, `method` or `body` in the release file; `windlass outbox drop 1 --reason …`
               removes it, `windlass outbox retry 1` puts it back into the queue
    --- stderr
       NOT TOLD the recorder `ledger` rejected deployment [ID] (1111111) for good:
                `http://127.0.0.1:[PORT]` refuses the event with 422; it will refuse it again; it is set
                aside until `windlass outbox drop 1 --reason …` removes it
                hint: change `url`, `method` or `body` in the release file
    ");
    insta::assert_snapshot!(stage.tell("outbox drop 1 --reason 'the ledger needs no first entry'"), @"
    exit 0
    --- stdout
    every recorder has received every event
    --- stderr
    event 1 of shop was removed: its recorder will not be told
    ");
}
