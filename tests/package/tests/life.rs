//! The package is installed, upgraded, removed and purged by Debian's own dpkg, in a system in which no service runs: systemd is
//! there and is not the first process. That services are not started there is said by `policy-rc.d`, as in images of containers.

use anyhow::{Result, ensure};
use windlass_package_tests::System;

fn system() -> Result<System> {
    forbidding_services(System::new()?)
}

fn forbidding_services(system: System) -> Result<System> {
    system.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n")?;
    system.run("chmod +x /usr/sbin/policy-rc.d")?;
    Ok(system)
}

const ENABLED: &str = "ls /etc/systemd/system/multi-user.target.wants/windlass.service \
                       /etc/systemd/system/sockets.target.wants/windlass.socket";

#[test]
fn what_is_installed_is_enabled_and_runs() -> Result<()> {
    let system = system()?;
    system.run("dpkg -i /packages/this.deb")?;
    system.run(ENABLED)?;
    system.run("getent group windlass && getent passwd windlass | grep ':/var/lib/windlass:/usr/sbin/nologin$'")?;
    assert_eq!(system.run("stat -c '%a %U' /etc/windlass/secrets /etc/windlass/applications")?, "700 root\n755 root\n");
    // The operator's file is one that the agent reads, and the agent finds the libraries that it needs.
    assert_eq!(system.run("windlass status")?, "nothing was deployed on this host yet\n");
    assert_eq!(system.run("dpkg --verify windlass; dpkg --audit; windlass man | head -c 3")?, ".ie");
    let mistaken = system.attempt("echo nonsense = >> /etc/windlass/agent.toml; windlass status")?;
    assert_eq!(mistaken.status.code(), Some(3));
    Ok(())
}

#[test]
fn an_upgrade_keeps_what_the_operator_wrote() -> Result<()> {
    let system = forbidding_services(System::new()?.with_newer()?)?;
    system.run("dpkg -i /packages/this.deb")?;
    system.run("sed -i s/unnamed/uat/ /etc/windlass/agent.toml; echo secret > /etc/windlass/secrets/kudos; systemctl disable windlass.service")?;
    system.run("dpkg --force-confold -i /packages/newer.deb")?;
    system.run("dpkg -s windlass | grep '^Version: .*+next$'; grep '\"uat\"' /etc/windlass/agent.toml; cat /etc/windlass/secrets/kudos")?;
    system.run("test ! -e /etc/systemd/system/multi-user.target.wants/windlass.service")?;
    system.run("ls /etc/windlass/agent.toml.dpkg-dist")?;
    Ok(())
}

#[test]
fn what_is_removed_can_be_installed_again_as_it_was() -> Result<()> {
    let system = system()?;
    system.run("dpkg -i /packages/this.deb")?;
    system.run("sed -i s/unnamed/uat/ /etc/windlass/agent.toml; mkdir -m 700 /var/lib/windlass; touch /var/lib/windlass/journal.sqlite3")?;
    system.run("dpkg -r windlass")?;
    system
        .run("test ! -e /usr/bin/windlass; grep uat /etc/windlass/agent.toml; ls /var/lib/windlass/journal.sqlite3")?;
    system.run("dpkg -i /packages/this.deb")?;
    system.run(&format!("grep uat /etc/windlass/agent.toml; {ENABLED}"))?;
    Ok(())
}

#[test]
fn a_purge_removes_what_is_the_operators_and_keeps_the_record() -> Result<()> {
    let system = system()?;
    system.run("dpkg -i /packages/this.deb")?;
    system.run(
        "echo secret > /etc/windlass/secrets/kudos; mkdir /etc/windlass/applications/kudos; \
         mkdir -m 700 /var/lib/windlass; touch /var/lib/windlass/journal.sqlite3",
    )?;
    let purged = system.attempt("dpkg -P windlass")?;
    let told = format!("{}{}", String::from_utf8_lossy(&purged.stdout), String::from_utf8_lossy(&purged.stderr));
    ensure!(purged.status.success(), "{told}");
    for kept in ["/var/lib/windlass", "/etc/windlass/applications"] {
        ensure!(told.contains(&format!("windlass: {kept} is kept")), "{told}");
    }
    system.run("ls /var/lib/windlass/journal.sqlite3 /etc/windlass/applications/kudos")?;
    system.run("test ! -e /etc/windlass/agent.toml; test ! -e /etc/windlass/secrets")?;
    system.run("! find /etc/systemd /lib/systemd /usr/lib /usr/share /var/lib/dpkg -name '*windlass*' | grep .")?;
    Ok(())
}

#[test]
fn a_purge_of_what_was_never_used_leaves_nothing() -> Result<()> {
    let system = system()?;
    system.run("dpkg -i /packages/this.deb && dpkg -P windlass")?;
    system.run("! ls -d /etc/windlass /var/lib/windlass 2>/dev/null | grep .")?;
    // The user stays: what it owned would be the next user's.
    system.run("getent passwd windlass")?;
    Ok(())
}
