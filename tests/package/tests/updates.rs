//! `windlass self-update` where systemd is at work and dpkg owns the program.

use std::process::Output;

use anyhow::{Result, ensure};
use windlass_package_tests::{Booted, System};

/// Tells the package's version.
const VERSION: &str = "dpkg-query --show --showformat='${Version}' windlass";

/// A system with the package, whose operator trusts who signed what lies in `/packages`.
fn system(system: System) -> Result<Booted> {
    // By its first bytes a program; what is behind them is not looked at where a package is wanted.
    system.write("/packages/program", "\u{7f}ELF")?;
    let key = system.signed()?;
    let system = Booted::boot(system)?;
    system.run("dpkg -i /packages/this.deb")?;
    system.run(&format!("printf '[update]\\nkeys = [\"{key}\"]\\n' >> /etc/windlass/agent.toml"))?;
    serves(&system)?;
    Ok(system)
}

/// Fails unless the agent answers, and nothing of an update keeps it from being started.
fn serves(system: &Booted) -> Result<()> {
    system.wait("the agent to answer", "windlass stop 2>&1 | grep 'carries nothing out'")?;
    system.run("systemctl is-active windlass.service windlass.socket")?;
    system.run(
        "! ls /run/systemd/system/windlass.service.d /run/systemd/system/windlass.socket.d 2>/dev/null | grep .",
    )?;
    Ok(())
}

/// Fails unless a command ended so and said these words.
fn ended(output: &Output, code: i32, words: &[&str]) -> Result<()> {
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(output.status.code() == Some(code), "{:?} in the place of {code}: {said}", output.status);
    for word in words {
        ensure!(flat.contains(word), "`{word}` is not in {said}");
    }
    Ok(())
}

#[test]
fn a_package_is_replaced_by_a_package_and_gone_back_from() -> Result<()> {
    let system = system(System::new()?.with_newer()?.with_silent()?)?;
    let version = system.run(VERSION)?;
    let update = |arguments: &str| system.attempt(&format!("windlass self-update {arguments}"));

    ended(&update("/packages/program")?, 10, &["belongs to the package `windlass`", "name the `.deb`"])?;
    ended(&update("/packages/newer.deb")?, 10, &["is not kept here", "`--without-way-back`"])?;
    ended(&update("/packages/this.deb")?, 0, &["its package is kept"])?;
    serves(&system)?;
    let process = "systemctl show --property=MainPID --value windlass.service";
    let before = system.run(process)?;
    ended(&update("/packages/newer.deb")?, 0, &[&format!("is {version}+next now"), "`windlass self-update --back`"])?;
    assert_eq!(system.run(VERSION)?, format!("{version}+next"));
    ensure!(system.run(process)? != before, "the old agent goes on");
    serves(&system)?;
    // What the operator wrote stays.
    system.run("grep '^keys' /etc/windlass/agent.toml")?;
    ended(&update("/packages/this.deb")?, 10, &["is older than", "`--downgrade`"])?;

    // One that does not answer is taken back by itself.
    ended(&update("/packages/silent.deb")?, 11, &["was taken back", "did not answer within 30 seconds"])?;
    assert_eq!(system.run(VERSION)?, format!("{version}+next"));
    serves(&system)?;
    system.run("! systemctl cat windlass.service | grep sleep; dpkg --audit; dpkg --verify windlass || true")?;

    ended(&update("/packages/this.deb --downgrade")?, 0, &[])?;
    ended(&update("--back")?, 0, &["again"])?;
    assert_eq!(system.run(VERSION)?, format!("{version}+next"));
    serves(&system)?;
    ended(&update("--back")?, 17, &["no earlier version is kept here"])?;

    system.run("dpkg -P windlass; ! ls /usr/lib/windlass 2>/dev/null | grep .")?;
    Ok(())
}

#[test]
fn without_the_package_from_before_its_program_is_put_back_and_that_is_said() -> Result<()> {
    let system = system(System::new()?.with_silent()?)?;
    let taken_back = system.attempt("windlass self-update /packages/silent.deb --without-way-back")?;
    // The unit of the silent package stays with the program from before, so nothing answers; that is said, with what lies where.
    ended(&taken_back, 12, &["going back to", "/usr/lib/windlass/previous/windlass"])?;
    system.run("windlass --version; dpkg -i /packages/this.deb")?;
    serves(&system)
}

#[test]
fn what_is_deployed_is_waited_for() -> Result<()> {
    let system = system(System::new()?.with_newer()?)?;
    system.has_slow_application()?;
    system.run("windlass self-update /packages/this.deb")?;
    let deploying = system.begin("windlass deploy slow")?;
    system.wait("the step to begin", "test -e /tmp/started")?;
    let update = |arguments: &str| system.attempt(&format!("windlass self-update /packages/newer.deb {arguments}"));
    ended(&update("")?, 13, &["carries out 1 operation(s)", "`--wait 10m`"])?;
    ended(&update("--wait 1s")?, 13, &[])?;
    let waiting = system.begin("windlass self-update /packages/newer.deb --wait 15m 2>/tmp/waiting")?;
    system.wait("the update to wait", "grep 'waiting for 1 operation(s)' /tmp/waiting")?;
    system.run("touch /tmp/told")?;
    ended(&waiting.wait_with_output()?, 0, &["+next now"])?;
    ended(&deploying.wait_with_output()?, 0, &[])?;
    serves(&system)
}

#[test]
fn killed_with_its_agent_stopped_it_is_run_again_or_gone_back_from() -> Result<()> {
    let system = system(System::new()?.with_newer()?)?;
    system.run("windlass self-update /packages/this.deb")?;
    let version = system.run(VERSION)?;
    for (point, next, then) in [
        ("kept", "/packages/newer.deb", "+next"),
        ("exchanged", "--back", ""),
        ("exchanged", "/packages/newer.deb", "+next"),
    ] {
        system.run("windlass self-update /packages/this.deb --downgrade")?;
        let killed =
            system.attempt(&format!("WINDLASS_TEST_UPDATE_CRASH={point} windlass self-update /packages/newer.deb"))?;
        ensure!(!killed.status.success(), "{killed:?}");
        system.run("windlass --version")?;
        ended(&system.attempt(&format!("windlass self-update {next}"))?, 0, &[])?;
        assert_eq!(system.run(VERSION)?, format!("{version}{then}"), "{point}, {next}");
        serves(&system)?;
    }
    Ok(())
}
