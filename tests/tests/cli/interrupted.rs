//! What is told of a deployment that did not end: one whose agent was killed, and one that could not be undone.

use std::fs;

use super::shop::running;
use super::support::Stage;

/// The agent was killed while the second commit was started.
fn interrupted() -> Stage {
    let stage = running("", "");
    let killed = stage.tell("deploy shop --commit dead000");
    assert!(killed.starts_with("exit -1\n"), "{killed}");
    stage
}

/// The second commit does not start, and the first one not again.
fn stuck() -> Stage {
    let stage = running("", "");
    fs::write(stage.host.root().join("full"), "").unwrap();
    let stuck = stage.tell("deploy shop --commit bad0000");
    assert!(stuck.starts_with("exit 12\n"), "{stuck}");
    stage
}

#[test]
fn what_was_interrupted_is_shown_as_open_and_finished() {
    let stage = interrupted();
    // The process that the journal names is gone.
    insta::assert_snapshot!(stage.tell("status shop"), @"
    exit 0
    --- stdout
    shop 1111111 in uat: a deployment is open
      open: deployment [ID] of dead000 since [TIME]; it was interrupted: `windlass
            resume shop` finishes or unwinds it
      drift: step start is not as deployed: what is there is dead000, not 1111111

      service  instance  version  state    health   image
      shop     shop      1111111  running  healthy  1111111
      start    running   dead000  running
    ");
    insta::assert_snapshot!(stage.tell("show shop"), @"
    exit 0
    --- stdout
    open: shop dead000 in uat has not ended

      deployment  [ID] (number 2 on this host)
      release     dead000 (sha256:[DIGEST], commit dead000)
      before      1111111 (sha256:[DIGEST], commit 1111111)
      by          ada (local user [UID])
      started     [TIME]

    checks
      windlass  pass  all built-in checks passed

    steps
      start: start dead000  running

      resolve [TOOK], plan [TOOK], check [TOOK]
      next: `windlass resume shop` finishes it, or puts the old version back
    ");
    insta::assert_snapshot!(stage.tell("history"), @"
    exit 0
    --- stdout
    #  deployment    started               version  outcome  took  by
    2  [ID]  [TIME]  dead000  open             ada
    1  [ID]  [TIME]  1111111  succeeded  [TOOK]  ada
    ");
    insta::assert_snapshot!(stage.tell("plan shop --commit 2222222"), @"
    exit 0
    --- stdout
    shop in uat: 1111111 -> 2222222  (release [DIGEST])

      ~ step start: what is there is dead000, not 2222222
          current  dead000 -> 2222222

      steps
        1  start: start 2222222

    1 to change; 1 step
    nothing was changed; `windlass plan shop --out FILE` keeps a plan for `windlass deploy shop --plan FILE`
    --- stderr
    warning: deployment [ID] of `shop` was interrupted: `windlass resume shop` finishes it or
             puts back what it changed, and so does the next deployment before it begins
    ");
    insta::assert_snapshot!(stage.tell("resume"), @"
    exit 0
    --- stdout
    succeeded: shop dead000 runs in uat

      apply [TOOK], verify [TOOK], sweep [TOOK]; [TOOK] in all
      next: `windlass rollback shop` goes back to 1111111
    --- stderr
       Resuming shop in uat (deployment [ID])
       Applying start: start dead000
       Applying start: start dead000: start dead000
        Applied start: start dead000 ([TOOK])
      Verifying health
      Verifying health: waiting for `answers`
       Verified health: pass, dead000 is there and well ([TOOK])
      Succeeded the release runs and is proved ([TOOK])
    ");
    insta::assert_snapshot!(stage.tell("resume"), @r"
    exit 0
    --- stdout
    no deployment on this host is open; there is nothing to resume
    ");
    insta::assert_snapshot!(stage.tell("resume shop"), @r"
    exit 0
    --- stdout
    no deployment of `shop` is open; there is nothing to resume
    ");
    insta::assert_snapshot!(stage.tell("history"), @r"
    exit 0
    --- stdout
    #  deployment    started               version  outcome  took  by
    2  [ID]  [TIME]  dead000  succeeded  [TOOK]  ada
    1  [ID]  [TIME]  1111111  succeeded  [TOOK]  ada
    ");
}

#[test]
fn what_was_interrupted_is_put_back() {
    let stage = interrupted();
    insta::assert_snapshot!(stage.tell("resume shop --unwind"), @"
    exit 11
    --- stdout
    cancelled: shop dead000 was stopped by ada in uat; 1111111 runs as before

      apply [TOOK], undo [TOOK]; [TOOK] in all
      next: `windlass show [ID]` has the evidence, `windlass logs [ID]` the log
            dead000 is not set aside, because the fault was not its own: it may be deployed again as it is
    --- stderr
       Resuming shop in uat (deployment [ID])
      Unwinding stopped by ada
       Applying start: start dead000: start 1111111
         Undone start: start dead000
      Verifying health
      Verifying health: waiting for `answers`
       Verified health: pass, 1111111 is there and well ([TOOK])
    ");
}

#[test]
fn the_next_deployment_finishes_what_was_interrupted() {
    let stage = interrupted();
    insta::assert_snapshot!(stage.tell("deploy shop --commit 2222222"), @"
    exit 0
    --- stdout
    succeeded: shop 2222222 runs in uat

      apply [TOOK], verify [TOOK], sweep [TOOK], resolve [TOOK], plan [TOOK], check [TOOK], apply [TOOK], verify [TOOK], sweep [TOOK]; [TOOK] in all
      next: `windlass rollback shop` goes back to dead000
    --- stderr
       Resuming shop in uat (deployment [ID])
       Applying start: start dead000
       Applying start: start dead000: start dead000
        Applied start: start dead000 ([TOOK])
      Verifying health
      Verifying health: waiting for `answers`
       Verified health: pass, dead000 is there and well ([TOOK])
      Succeeded the release runs and is proved ([TOOK])
      Deploying shop to uat (deployment [ID])
       Resolved shop 2222222 (release [DIGEST])
        Planned 1 to change; 1 step
                ~ step start: what is there is dead000, not 2222222
       Applying start: start 2222222
       Applying start: start 2222222: start 2222222
        Applied start: start 2222222 ([TOOK])
      Verifying health
       Verified health: pass, 2222222 is there and well ([TOOK])
      Succeeded 2222222 runs and is proved ([TOOK])
    ");
}

#[test]
fn what_could_not_be_undone_waits_for_a_person() {
    let stage = running("", "");
    fs::write(stage.host.root().join("full"), "").unwrap();
    insta::assert_snapshot!(stage.tell("deploy shop --commit bad0000"), @r#"
    exit 12
    --- stdout
    stuck: shop bad0000 failed in uat, and putting the old version back failed too; it needs a person


      left behind:
        start: start bad0000
      on the engine now: not known, cannot list containers: the Docker Engine does not answer at `unix:///nowhere/docker.sock`: no such socket

      resolve [TOOK], plan [TOOK], check [TOOK], apply [TOOK], undo [TOOK]; [TOOK] in all
      next: `windlass show [ID]` has both errors and what is left behind
            correct what is wrong by hand, then run `windlass resolve shop --reason …`
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
         Failed undo of start: start bad0000: the command `start` ended with exit code 4: the disk is full
                hint: `[commands.start]` in `agent.toml` says what it runs, where, and as whom
    error: start: start bad0000: the command `start` ended with exit code 3: port 8080 is in use; and
           undoing "start: start bad0000" failed: the command `start` ended with exit code 4: the disk
           is full
    "#);
    insta::assert_snapshot!(stage.tell("deploy shop --commit 2222222"), @r#"
    exit 12
    --- stderr
    error: deployment [ID] of `shop` is stuck: start: start bad0000: the command `start` ended
           with exit code 3: port 8080 is in use; and undoing "start: start bad0000" failed: the command
           `start` ended with exit code 4: the disk is full
    hint: see `windlass show [ID]`, correct what is wrong by hand, then run `windlass resolve
          shop --reason …`
    "#);
    insta::assert_snapshot!(stage.tell("status shop"), @r#"
    exit 0
    --- stdout
    shop 1111111 in uat: stuck
      stuck: deployment [ID]: start: start bad0000: the command `start` ended with exit code 3:
             port 8080 is in use; and undoing "start: start bad0000" failed: the command `start` ended
             with exit code 4: the disk is full; put it right by hand, then `windlass resolve shop
             --reason …`
      quarantined: bad0000 failed here on [TIME]: start: start bad0000: the command
                   `start` ended with exit code 3: port 8080 is in use; and undoing "start: start
                   bad0000" failed: the command `start` ended with exit code 4: the disk is full;
                   `--retry` deploys it all the same

      service  instance  version  state    health   image
      shop     shop      1111111  running  healthy  1111111
      start    running   1111111  running
    "#);
    insta::assert_snapshot!(stage.tell("show shop"), @r#"
    exit 0
    --- stdout
    stuck: shop bad0000 failed in uat, and putting the old version back failed too; it needs a person

      deployment  [ID] (number 2 on this host)
      release     bad0000 (sha256:[DIGEST], commit bad0000)
      before      1111111 (sha256:[DIGEST], commit 1111111)
      by          ada (local user [UID])
      started     [TIME]
      ended       [TIME]

    checks
      windlass  pass  all built-in checks passed

    steps
      start: start bad0000  failed  [TOOK]  not undone

    error: start: start bad0000: the command `start` ended with exit code 3: port 8080 is in use; and
           undoing "start: start bad0000" failed: the command `start` ended with exit code 4: the disk
           is full

      left behind:
        start: start bad0000
      on the engine now: not known, cannot list containers: the Docker Engine does not answer at `unix:///nowhere/docker.sock`: no such socket

      resolve [TOOK], plan [TOOK], check [TOOK], apply [TOOK], undo [TOOK], record [TOOK]; [TOOK] in all
      next: `windlass show [ID]` has both errors and what is left behind
            correct what is wrong by hand, then run `windlass resolve shop --reason …`
    "#);
}

#[test]
fn what_could_not_be_undone_is_undone_once_more() {
    let stage = stuck();
    insta::assert_snapshot!(stage.tell("resolve shop"), @r"
    exit 2
    --- stderr
    error: the following required arguments were not provided:
      --reason <TEXT>

    Usage: windlass resolve --reason <TEXT> <APP>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(stage.tell("resolve shop --retry"), @r#"
    exit 12
    --- stdout
    stuck: shop bad0000 failed in uat, and putting the old version back failed too; it needs a person


      left behind:
        start: start bad0000
      on the engine now: not known, cannot list containers: the Docker Engine does not answer at `unix:///nowhere/docker.sock`: no such socket

      undo [TOOK]; [TOOK] in all
      next: `windlass show [ID]` has both errors and what is left behind
            correct what is wrong by hand, then run `windlass resolve shop --reason …`
    --- stderr
      Deploying shop to uat (deployment [ID])
      Unwinding start: start bad0000: the command `start` ended with exit code 3: port 8080 is in use
       Applying start: start bad0000: start 1111111
         Failed undo of start: start bad0000: the command `start` ended with exit code 4: the disk is full
                hint: `[commands.start]` in `agent.toml` says what it runs, where, and as whom
    error: start: start bad0000: the command `start` ended with exit code 3: port 8080 is in use; and
           undoing "start: start bad0000" failed: the command `start` ended with exit code 4: the disk
           is full
    "#);
    fs::remove_file(stage.host.root().join("full")).unwrap();
    insta::assert_snapshot!(stage.tell("resolve shop --retry"), @r"
    exit 11
    --- stdout
    rolled back: shop bad0000 failed in uat; 1111111 runs as before

      undo [TOOK]; [TOOK] in all
      next: `windlass show [ID]` has the evidence, `windlass logs [ID]` the log
            bad0000 is set aside because it failed here: `--retry` deploys it again
    --- stderr
      Deploying shop to uat (deployment [ID])
      Unwinding start: start bad0000: the command `start` ended with exit code 3: port 8080 is in use
       Applying start: start bad0000: start 1111111
         Undone start: start bad0000
      Verifying health
      Verifying health: waiting for `answers`
       Verified health: pass, 1111111 is there and well ([TOOK])
    error: start: start bad0000: the command `start` ended with exit code 3: port 8080 is in use
    hint: `[commands.start]` in `agent.toml` says what it runs, where, and as whom
    ");
    insta::assert_snapshot!(stage.tell("resolve shop --retry"), @r"
    exit 17
    --- stderr
    error: no deployment of `shop` is stuck
    ");
}

#[test]
fn a_person_says_that_it_is_put_right() {
    let stage = stuck();
    insta::assert_snapshot!(stage.tell("resolve shop --reason 'started 1111111 by hand'"), @"
    exit 0
    --- stdout
    resolved: shop in uat can be deployed again


      left behind:
        start: start bad0000

      resolve [TOOK], plan [TOOK], check [TOOK], apply [TOOK], undo [TOOK], record [TOOK]; [TOOK] in all
      next: `windlass status shop` shows what runs, which was not verified
            `windlass rollback shop --to [ID]` makes 1111111 run again, as before
            `windlass deploy shop --retry` tries bad0000 once more
    --- stderr
      Deploying shop to uat (deployment [ID])
    ");
    insta::assert_snapshot!(stage.tell("show shop"), @r#"
    exit 0
    --- stdout
    resolved: shop in uat can be deployed again

      deployment  [ID] (number 2 on this host)
      release     bad0000 (sha256:[DIGEST], commit bad0000)
      before      1111111 (sha256:[DIGEST], commit 1111111)
      by          ada (local user [UID])
      started     [TIME]
      ended       [TIME]
      resolved    by ada (local user [UID]), [TIME]: started 1111111 by hand

    checks
      windlass  pass  all built-in checks passed

    steps
      start: start bad0000  failed  [TOOK]  not undone

    error: start: start bad0000: the command `start` ended with exit code 3: port 8080 is in use; and
           undoing "start: start bad0000" failed: the command `start` ended with exit code 4: the disk
           is full

      left behind:
        start: start bad0000

      resolve [TOOK], plan [TOOK], check [TOOK], apply [TOOK], undo [TOOK], record [TOOK]; [TOOK] in all
    "#);
    insta::assert_snapshot!(stage.tell("status shop"), @r#"
    exit 0
    --- stdout
    shop 1111111 in uat: runs as deployed, since [TIME] by deployment [ID]
      quarantined: bad0000 failed here on [TIME]: start: start bad0000: the command
                   `start` ended with exit code 3: port 8080 is in use; and undoing "start: start
                   bad0000" failed: the command `start` ended with exit code 4: the disk is full;
                   `--retry` deploys it all the same

      service  instance  version  state    health   image
      shop     shop      1111111  running  healthy  1111111
      start    running   1111111  running
    "#);
}
