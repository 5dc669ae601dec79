//! The agent under systemd's watchdog.

use anyhow::{Result, ensure};
use windlass_package_tests::{Booted, System};

/// Less patience than the unit's.
const DROP_IN: &str = "/etc/systemd/system/windlass.service.d/impatient.conf";

#[test]
fn an_agent_that_hangs_is_started_again_and_goes_on_with_what_it_did() -> Result<()> {
    let system = System::new()?;
    system.write(DROP_IN, "[Service]\nWatchdogSec=3s\nTimeoutAbortSec=2s\n")?;
    let system = Booted::boot(system)?;
    system.run("dpkg -i /packages/this.deb")?;
    system.has_slow_application()?;
    let process = || system.run("systemctl show --property=MainPID --value windlass.service");
    let first = process()?;

    // It is well, also while a step goes on for longer than the time in which it has to say so.
    let deploying = system.begin("windlass deploy slow")?;
    system.wait("the step to begin", "test -e /tmp/started")?;
    std::thread::sleep(std::time::Duration::from_secs(8));
    ensure!(process()? == first, "an agent that works was taken for one that hangs");

    system.run(&format!("kill -STOP {first}"))?;
    let another = format!(
        "systemctl is-active windlass.service; test $(systemctl show -P MainPID windlass.service) != {}",
        first.trim()
    );
    system.wait("another agent", &another)?;
    system.run("journalctl --sync; journalctl -u windlass.service | grep -i watchdog; touch /tmp/told")?;
    // Who waits for the deployment hears its end from the other one.
    let heard = deploying.wait_with_output()?;
    ensure!(heard.status.success(), "{heard:?}");
    system.run("windlass history slow | grep succeeded")?;
    Ok(())
}
