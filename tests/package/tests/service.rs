//! The package where systemd is at work. The service is started by the installation, restarted by an upgrade, and stopped when the
//! package is removed.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use windlass_package_tests::{Booted, System};

/// Tells systemd that it is ready and then waits, in the place of an agent that is not in the package.
const STAND_IN: &str =
    "[Service]\nNotifyAccess=all\nExecStart=\nExecStart=sh -c 'systemd-notify --ready; exec sleep infinity'\n";

/// Tells the process of the service.
const PROCESS: &str = "systemctl show --property=MainPID --value windlass.service";

/// Whether the agent in the package is one that serves.
fn serves(system: &Booted) -> Result<bool> {
    system.run("dpkg-deb --fsys-tarfile /packages/this.deb | tar -C /tmp -x ./usr/bin/windlass")?;
    Ok(system.run("/tmp/usr/bin/windlass agent --help").is_ok())
}

#[test]
fn the_service_follows_the_package() -> Result<()> {
    let system = Booted::boot(System::new()?.with_newer()?)?;
    if !serves(&system)? {
        system.run(&format!(
            "mkdir -p /etc/systemd/system/windlass.service.d; printf '%s' {} > /etc/systemd/system/windlass.service.d/stand-in.conf",
            shell_word(STAND_IN)
        ))?;
    }
    let process = || system.run(PROCESS);

    system.run("dpkg -i /packages/this.deb")?;
    system.run(
        "for unit in windlass.service windlass.socket; do systemctl is-active $unit; systemctl is-enabled $unit; done",
    )?;
    assert_eq!(system.run("stat -c '%a %U %G' /run/windlass/agent.sock")?, "660 root windlass\n");
    assert_eq!(system.run("stat -c '%a %U' /var/lib/windlass")?, "700 root\n");
    let first = process()?;

    system.run("dpkg -i /packages/newer.deb")?;
    system.run("for unit in windlass.service windlass.socket; do systemctl is-active $unit; done; test -S /run/windlass/agent.sock")?;
    let second = process()?;
    ensure!(first != second, "the upgrade left the old agent at work, as process {first}");

    // One that falls is started again.
    system.run("systemctl kill --kill-whom=main --signal=KILL windlass.service")?;
    let another = format!("systemctl is-active windlass.service; test \"$({PROCESS})\" != {}", second.trim());
    system.wait("the service to be started again", &another)?;

    system.run("dpkg -r windlass")?;
    system.run("test ! -e /run/windlass/agent.sock; ! systemctl is-active windlass.service windlass.socket")?;
    system.run("dpkg -P windlass; systemctl daemon-reload; ! systemctl cat windlass.service 2>/dev/null")?;
    Ok(())
}

#[test]
fn as_a_user_it_owns_its_state() -> Result<()> {
    let system = Booted::boot(System::new()?)?;
    system
        .run("groupadd docker; dpkg -i /packages/this.deb || true; systemctl stop windlass.service windlass.socket")?;
    system.run(&format!(
        "cd /etc/systemd/system; mkdir -p windlass.service.d; printf '%s' {} > windlass.service.d/stand-in.conf; \
         cp /usr/share/doc/windlass/examples/windlass-user.conf windlass.service.d; systemctl daemon-reload; \
         systemctl start windlass.service",
        shell_word(STAND_IN)
    ))?;
    assert_eq!(system.run("stat -c '%a %U' /var/lib/windlass")?, "700 windlass\n");
    assert_eq!(system.run("stat -c '%a %U %G' /run/windlass/agent.sock")?, "660 root windlass\n");
    system.run(&format!("grep '^Groups:' /proc/$({PROCESS})/status | grep -w $(getent group docker | cut -d: -f3)"))?;
    Ok(())
}

#[test]
fn the_journal_of_the_host_says_what_a_line_is_about() -> Result<()> {
    let system = Booted::boot(System::new()?)?;
    system.run("dpkg -i /packages/this.deb")?;
    ensure!(system.run("windlass deploy nothing || test $? = 17").is_ok(), "the agent takes no command");
    // What was written is read only once journald took it.
    let lines = system.run("journalctl --sync; journalctl --unit=windlass.service --output=json --grep='`deploy`'")?;
    let lines: Vec<Value> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let [began, ended] = lines.as_slice() else { bail!("{lines:?}") };
    let operation = began["WINDLASS_OPERATION"].as_str().context("no operation")?;
    ensure!(operation.len() == 12 && began["WINDLASS_DEPLOYMENT"] == operation, "{began}");
    ensure!(began["WINDLASS_BY"] == "root (local user 0)" && began["SYSLOG_IDENTIFIER"] == "windlass", "{began}");
    ensure!(ended["WINDLASS_OPERATION"] == operation, "{ended}");
    // A person should look at the end, and need not at the beginning.
    ensure!(began["PRIORITY"] == "5" && ended["PRIORITY"] == "4", "{began} {ended}");
    ensure!(ended["MESSAGE"].as_str().is_some_and(|text| text.contains("ended, not found")), "{ended}");
    Ok(())
}

/// A text as one word of the shell.
fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
