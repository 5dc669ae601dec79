//! The units as the systemd of that Debian judges them. They are not started.

use anyhow::{Result, ensure};
use windlass_package_tests::System;

/// The highest exposure that `systemd-analyze security` may tell, in tenths: what is above it fails this test, and CI.
const AS_ROOT: u32 = 30;
const AS_USER: u32 = 16;

const DROP_INS: &str = "/etc/systemd/system/windlass.service.d";
const EXAMPLES: &str = "/usr/share/doc/windlass/examples";

fn system() -> Result<System> {
    let system = System::new()?;
    // Units that ours are ordered after, as packages of engines bring them, are not needed to judge ours.
    system.run("dpkg -i /packages/this.deb; groupadd docker")?;
    Ok(system)
}

fn exposure(system: &System, most: u32) -> Result<()> {
    system.run(&format!(
        "systemd-analyze security --offline=true --no-pager --threshold={most} windlass.service >/tmp/judged || \
         {{ cat /tmp/judged; exit 1; }}"
    ))?;
    Ok(())
}

/// Fails when systemd warns about the units.
fn verify(system: &System) -> Result<()> {
    let judged = system.attempt("systemd-analyze verify --man=no windlass.service windlass.socket")?;
    let said = String::from_utf8_lossy(&judged.stderr);
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("windlass")).collect();
    ensure!(judged.status.success() && ours.is_empty(), "{said}");
    Ok(())
}

#[test]
fn the_service_is_valid_and_as_closed_as_it_was() -> Result<()> {
    let system = system()?;
    verify(&system)?;
    exposure(&system, AS_ROOT)
}

#[test]
fn as_a_user_it_is_more_closed() -> Result<()> {
    let system = system()?;
    system.run(&format!("install -D -m 0644 -t {DROP_INS} {EXAMPLES}/windlass-user.conf"))?;
    verify(&system)?;
    exposure(&system, AS_USER)
}

#[test]
fn what_commands_need_is_valid() -> Result<()> {
    let system = system()?;
    system.run(&format!("install -D -m 0644 -t {DROP_INS} {EXAMPLES}/commands.conf"))?;
    verify(&system)
}
