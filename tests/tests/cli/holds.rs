//! What is told when people hold deployments back, and when they let them go on.

use super::shop::{deploy, running};

#[test]
fn an_application_is_frozen_and_opened_again() {
    let stage = running("", "");
    insta::assert_snapshot!(stage.tell("freeze shpo --reason 'the sale runs until Monday'"), @"
    exit 17
    --- stderr
    error: there is no application `shpo` in `[HOST]/applications`
    hint: did you mean `shop`? known: shop
    ");
    insta::assert_snapshot!(stage.tell("freeze shop --reason 'the sale runs until Monday'"), @"
    exit 0
    --- stdout
    shop: frozen by ada (local user [UID]) since [TIME]: the sale runs until Monday
    ");
    insta::assert_snapshot!(stage.tell("freeze shop --reason 'the sale runs until Tuesday' --json"), @r#"
    exit 0
    --- stdout
    {"type":"holds","application":"shop","frozen":"by ada (local user [UID]) since [TIME]: the sale runs until Tuesday","quarantined":[]}
    "#);
    insta::assert_snapshot!(stage.tell("deploy shop --commit 2222222"), @"
    exit 10
    --- stdout
    refused: shop 2222222 was not deployed to uat; nothing was touched

      resolve [TOOK], plan [TOOK], check [TOOK]; [TOOK] in all
    --- stderr
      Deploying shop to uat (deployment [ID])
       Resolved shop 2222222 (release [DIGEST])
        Planned 1 to change; 1 step
                ~ step start: what is there is 1111111, not 2222222
    error: `windlass`: `shop` is frozen by ada: the sale runs until Tuesday
    hint: `windlass unfreeze shop` ends that; `--break-glass REASON` deploys once all the same
    ");
    insta::assert_snapshot!(stage.tell("check shop --commit 2222222"), @"
    exit 10
    --- stdout
    windlass  fail  `shop` is frozen by ada: the sale runs until Tuesday
        fail  `shop` is frozen by ada: the sale runs until Tuesday
              remedy: `windlass unfreeze shop` ends that; `--break-glass REASON` deploys once all the
                      same

    refused: shop 2222222 would not be deployed to uat
    ");
    insta::assert_snapshot!(stage.tell("status shop"), @"
    exit 0
    --- stdout
    shop 1111111 in uat: runs as deployed, since [TIME] by deployment [ID]
      frozen: by ada (local user [UID]) since [TIME]: the sale runs until Tuesday

      service  instance  version  state    health   image
      shop     shop      1111111  running  healthy  1111111
      start    running   1111111  running
    ");
    insta::assert_snapshot!(stage.tell("deploy shop --commit 2222222 --break-glass 'the login is broken'"), @"
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
           warn windlass: `--break-glass` overrides a refusal: `windlass`: `shop` is frozen by ada: the sale runs until Tuesday
       Applying start: start 2222222
       Applying start: start 2222222: start 2222222
        Applied start: start 2222222 ([TOOK])
      Verifying health
      Verifying health: waiting for `answers`
       Verified health: pass, 2222222 is there and well ([TOOK])
      Succeeded 2222222 runs and is proved ([TOOK])
    warning: `--break-glass` overrides a refusal: `windlass`: `shop` is frozen by ada: the sale runs
             until Tuesday
    ");
    insta::assert_snapshot!(stage.tell("unfreeze shop --reason 'the sale is over'"), @r"
    exit 0
    --- stdout
    shop: deployments are allowed
    ");
    insta::assert_snapshot!(stage.tell("unfreeze shop"), @r"
    exit 0
    --- stdout
    shop: deployments are allowed
    ");
}

#[test]
fn an_application_is_pinned_to_what_runs_and_let_go() {
    let stage = running("", "");
    insta::assert_snapshot!(stage.tell("pin shop --reason '2222222 waits for the auditors'"), @"
    exit 0
    --- stdout
    shop: pinned to 1111111 by ada (local user [UID]) since [TIME]: 2222222 waits for the auditors
    ");
    insta::assert_snapshot!(stage.tell("pin shop --reason '2222222 waits for the auditors' --json"), @r#"
    exit 0
    --- stdout
    {"type":"holds","application":"shop","pinned":"to 1111111 by ada (local user [UID]) since [TIME]: 2222222 waits for the auditors","quarantined":[]}
    "#);
    insta::assert_snapshot!(stage.tell("deploy shop --commit 2222222"), @"
    exit 10
    --- stdout
    refused: shop 2222222 was not deployed to uat; nothing was touched

      resolve [TOOK], plan [TOOK], check [TOOK]; [TOOK] in all
    --- stderr
      Deploying shop to uat (deployment [ID])
       Resolved shop 2222222 (release [DIGEST])
        Planned 1 to change; 1 step
                ~ step start: what is there is 1111111, not 2222222
    error: `windlass`: ada pinned version 1111111: 2222222 waits for the auditors
    hint: `windlass unpin shop` ends that; `--break-glass REASON` deploys once all the same
    ");
    insta::assert_snapshot!(stage.tell("release list shop"), @r"
    exit 0
    --- stdout
    release       version  commit   succeeded             deployment
    [DIGEST]  1111111  1111111  [TIME]  [ID]  runs, pinned
    ");
    insta::assert_snapshot!(stage.tell("unpin shop --reason 'they are done'"), @r"
    exit 0
    --- stdout
    shop: deployments are allowed
    ");
    insta::assert_snapshot!(stage.tell("unpin shop"), @r"
    exit 0
    --- stdout
    shop: deployments are allowed
    ");
    insta::assert_snapshot!(stage.tell("pin shop 3333333 --reason 'nobody deployed it'"), @"
    exit 17
    --- stderr
    error: there is no such release of `shop`: `3333333` is not the id, commit or version of a release
    hint: see `windlass history shop`
    ");
}

#[test]
fn a_release_is_put_into_quarantine_and_taken_out() {
    let stage = running("", "");
    deploy(&stage, "2222222");
    insta::assert_snapshot!(stage.tell("quarantine shop 1111111 --reason 'it loses orders'"), @"
    exit 0
    --- stdout
    shop: in quarantine: 1111111 by ada (local user [UID]) since [TIME]: it loses orders; `--retry` deploys it all the same
    shop: other deployments are allowed
    ");
    insta::assert_snapshot!(stage.tell("quarantine shop 1111111 --reason 'it loses orders' --json"), @r#"
    exit 0
    --- stdout
    {"type":"holds","application":"shop","quarantined":["1111111 by ada (local user [UID]) since [TIME]: it loses orders; `--retry` deploys it all the same"]}
    "#);
    insta::assert_snapshot!(stage.tell("deploy shop --commit 1111111"), @"
    exit 10
    --- stdout
    refused: shop 1111111 was not deployed to uat; nothing was touched

      resolve [TOOK], plan [TOOK], check [TOOK]; [TOOK] in all
    --- stderr
      Deploying shop to uat (deployment [ID])
       Resolved shop 1111111 (release [DIGEST])
        Planned 1 to change; 1 step
                ~ step start: what is there is 2222222, not 1111111
    error: `windlass`: ada put version 1111111 into quarantine: it loses orders
    hint: `--retry` deploys it all the same, `windlass unquarantine shop 1111111` ends the quarantine
    ");
    insta::assert_snapshot!(stage.tell("rollback shop"), @"
    exit 10
    --- stdout
    refused: shop 1111111 was not deployed to uat; nothing was touched

      resolve [TOOK], plan [TOOK], check [TOOK]; [TOOK] in all
    --- stderr
      Deploying shop to uat (deployment [ID])
       Resolved shop 1111111 (release [DIGEST])
        Planned 1 to change; 1 step
                ~ step start: what is there is 2222222, not 1111111
    error: `windlass`: ada put version 1111111 into quarantine: it loses orders
    hint: `--retry` deploys it all the same, `windlass unquarantine shop 1111111` ends the quarantine
    ");
    insta::assert_snapshot!(stage.tell("unquarantine shop 1111111"), @r"
    exit 0
    --- stdout
    shop: deployments are allowed
    ");
    insta::assert_snapshot!(stage.tell("unquarantine shop 1111111"), @r"
    exit 17
    --- stderr
    error: no release `1111111` of `shop` is in quarantine
    hint: `windlass status` lists what is
    ");
    insta::assert_snapshot!(stage.tell("quarantine shop 3333333 --reason 'nobody deployed it'"), @"
    exit 17
    --- stderr
    error: there is no such release of `shop`: `3333333` is not the id, commit or version of a release
    hint: see `windlass history shop`
    ");
}
