//! Gates that say no for a reason that a person decided: the time.

use anyhow::Result;
use windlass_tests::{Small, expect};

const FREEZE: &str = r#"
[checks.window]
plugin = "check-window"

[checks.window.with]
zone = "Europe/Berlin"

[[checks.window.with.freezes]]
name = "for ever"
from = "2000-01-01"
to = "2999-12-31"
reason = "ask nobody"
"#;

#[test]
fn a_freeze_refuses_and_is_gone_over_with_a_reason_that_stays_in_the_history() -> Result<()> {
    let small = Small::running("window")?;
    let before = small.world()?;
    small.write("release.toml", format!("{}{FREEZE}", small.release()))?;
    small.version("2")?;
    let run = expect(small.deploy(&[])?, 10)?;
    assert!(run.stderr.contains("freeze `for ever`"), "{}", run.stderr);
    assert!(run.stderr.contains("ask nobody"), "{}", run.stderr);
    assert_eq!(small.world()?, before, "nothing was touched");

    expect(small.deploy(&["--break-glass", "the shop is down"])?, 0)?;
    small.serves("2")?;
    let history = expect(small.host.run(["history", &small.name])?, 0)?;
    assert!(history.stdout.contains("break-glass: the shop is down"), "{}", history.stdout);

    // A rollback must not have to wait until the freeze ends.
    expect(small.host.run(["rollback", &small.name])?, 0)?;
    small.serves("1")
}
