//! What the agent that stays prints, and those who ask it.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use windlass_stage::Live;

use super::shop;

/// Where the agent is asked.
const SOCKET: &str = "\n[agent]\nsocket = \"ROOT/agent.sock\"\n";

#[test]
fn an_agent_says_when_it_takes_commands_and_when_it_ends() {
    let stage = shop::shop(SOCKET, "");
    let (socket, config) = (stage.host.root().join("agent.sock"), stage.host.root().join("agent.toml"));
    let named = config.display().to_string();
    // It prints nothing that this process hears before its end, so the socket says that it is there.
    let ending = thread::spawn(move || {
        let since = Instant::now();
        while !socket.exists() && since.elapsed() < Duration::from_mins(1) {
            thread::sleep(Duration::from_millis(20));
        }
        let line = format!("agent --config {}", config.display());
        Command::new("pkill").args(["-TERM", "-f", &line]).status().unwrap()
    });
    insta::assert_snapshot!(stage.tell(&format!("agent --config {named}")), @"
    exit 0
    --- stderr
    the agent takes commands at [HOST]/agent.sock
    the agent ends
    the agent has ended
    ");
    assert!(ending.join().unwrap().success());
}

#[test]
fn what_goes_on_is_shown_and_stopped() {
    let stage = shop::running(SOCKET, "");
    let mut command = stage.host.command(["agent"]);
    let mut agent = Live::start(command.env("WINDLASS_TEST_IDS", "run99-").env("USER", "ada")).unwrap();
    agent.wait_for(&["takes commands"]).unwrap();
    let deployed = stage.tell("deploy shop --commit 2222222");
    assert_eq!(stage.tell("attach"), deployed, "who comes later reads the same");
    insta::assert_snapshot!(stage.tell("attach"), @"
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
    insta::assert_snapshot!(stage.tell("attach nothing"), @"
    exit 17
    --- stderr
    error: the agent knows no operation `nothing`
    hint: `windlass show nothing` shows it where it is a deployment of an earlier time
    ");
    insta::assert_snapshot!(stage.tell("stop"), @"
    exit 17
    --- stderr
    error: the agent carries nothing out now
    hint: `windlass history` lists all deployments
    ");
    let mut caller = Live::start(&mut stage.host.command(["deploy", "shop", "--commit", "ab1de00"])).unwrap();
    caller.wait_for(&["Applying", "start"]).unwrap();
    insta::assert_snapshot!(stage.tell("stop shop"), @"
    exit 0
    --- stderr
       Stopping as asked: what `[ID]` changed is put back; `windlass attach [ID]` shows it
    ");
    assert_eq!(caller.end().unwrap().code, 11);
    agent.signal("TERM").unwrap();
    assert_eq!(agent.end().unwrap().code, 0);
    insta::assert_snapshot!(stage.tell("attach"), @"
    exit 15
    --- stderr
    error: no agent stays on this host: there is no socket `[HOST]/agent.sock`
    hint: without an agent, a deployment lives in the process that was typed; `windlass show` shows
          finished ones
    ");
}
