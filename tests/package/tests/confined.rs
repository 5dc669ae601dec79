//! What the service may do and may not do, as the kernel judges it: a script is started by the unit in the agent's place and tries.

use anyhow::{Result, ensure};
use windlass_package_tests::{Booted, System};

const DROP_IN: &str = "/etc/systemd/system/windlass.service.d/tries.conf";
const TRIES: &str = "/usr/local/bin/tries";
/// What the script found out, in the state directory.
const FOUND: &str = "/var/lib/windlass/found";

/// What is tried, and whether the agent needs it.
const EACH: &[(&str, bool, &str)] = &[
    ("it writes its state", true, "touch /var/lib/windlass/x"),
    ("it writes temporary files", true, "touch /tmp/from-the-service"),
    ("it sees the host's temporary files", true, "test -e /tmp/from-the-host"),
    ("it reads a file that only its team reads", true, "cat /srv/team/release.toml"),
    ("it reads below /home", true, "cat /home/deploy/release.toml"),
    (
        "it gives a file an owner and a mode",
        true,
        "touch /var/lib/windlass/y && chown 1000 /var/lib/windlass/y && chmod 440 /var/lib/windlass/y",
    ),
    ("it reads the kernel's locks", true, "cat /proc/locks"),
    ("it reads the memory of the host", true, "grep MemAvailable /proc/meminfo"),
    ("it reads the id of the boot", true, "cat /proc/sys/kernel/random/boot_id"),
    ("it enters the network of another process", true, "nsenter --net=/proc/$(cat /run/other)/ns/net true"),
    (
        "it compiles a plugin in a child process",
        true,
        // With an operator's file at another place it does not ask the agent, which is this script.
        "cp /etc/windlass/agent.toml /tmp/other.toml && windlass --config /tmp/other.toml plugin inspect recorder-state-file && \
         ls /var/lib/windlass/cache/aot/*.cwasm",
    ),
    ("it has a home", true, "test \"$HOME\" = /root"),
    ("it writes its own configuration", false, "touch /etc/windlass/agent.toml"),
    ("it writes programs", false, "touch /usr/bin/x"),
    ("it writes below /home", false, "touch /home/deploy/x"),
    ("it writes what a team has", false, "touch /srv/team/x"),
    ("it enters the mounts of another process", false, "nsenter --mount=/proc/$(cat /run/other)/ns/mnt true"),
    ("it makes mounts", false, "mount -t tmpfs none /mnt"),
    ("it becomes another user", false, BECOME),
    ("it makes devices", false, "mknod /tmp/device b 7 0"),
    ("it changes the kernel", false, "echo 1 > /proc/sys/kernel/printk"),
    ("it makes programs that become root", false, "touch /tmp/z && chmod u+s /tmp/z"),
];

/// As the standard library of Rust does it for a command with `user`.
const BECOME: &str = r#"perl -e '$) = "1000 1000"; $( = 1000; ($<, $>) = (1000, 1000); exit($> == 1000 ? 0 : 1)'"#;

/// What the drop-in for commands opens, and what it leaves closed.
const WITH_COMMANDS: &[(&str, bool, &str)] = &[
    ("it becomes another user", true, BECOME),
    ("it writes what the drop-in names", true, "touch /srv/records/x"),
    ("it writes what a team has", false, "touch /srv/team/x"),
    ("it writes programs", false, "touch /usr/bin/x"),
    ("it makes mounts", false, "mount -t tmpfs none /mnt"),
];

#[test]
fn the_service_may_do_what_the_agent_does_and_no_more() -> Result<()> {
    tried(EACH, "true")
}

#[test]
fn commands_may_do_what_the_drop_in_says() -> Result<()> {
    tried(
        WITH_COMMANDS,
        "cp /usr/share/doc/windlass/examples/commands.conf /etc/systemd/system/windlass.service.d; systemctl daemon-reload; \
         systemctl restart windlass.service",
    )
}

/// Has each of these tried by the service, once the script has changed the unit, and fails when one is not as it should be.
fn tried(each: &[(&str, bool, &str)], change: &str) -> Result<()> {
    let system = System::new()?;
    let attempts: Vec<String> = (0..)
        .zip(each)
        .map(|(number, (_, _, attempt))| {
            format!("( {attempt} ) >/tmp/said-{number} && echo {number} yes || echo {number} no")
        })
        .collect();
    let script = format!(
        "#!/bin/sh\nexec 2>&1\n{{\n{}\n}} >{FOUND}\nsystemd-notify --ready\nexec sleep infinity\n",
        attempts.join("\n")
    );
    system.write(TRIES, &script)?;
    system.write(
        DROP_IN,
        &format!("[Service]\nNotifyAccess=all\nTimeoutStartSec=300\nExecStart=\nExecStart={TRIES}\n"),
    )?;
    system.run(&format!(
        "chmod +x {TRIES}; mkdir -p /srv/team /srv/records /home/deploy; echo x > /srv/team/release.toml; \
         echo x > /home/deploy/release.toml; chown -R 1000 /srv/team /home/deploy; chmod 700 /srv/team /home/deploy; \
         chmod 600 /srv/team/release.toml"
    ))?;
    let system = Booted::boot(system)?;
    system.run(
        "touch /tmp/from-the-host; unshare --net sleep infinity </dev/null >/dev/null 2>&1 & echo $! > /run/other",
    )?;
    system.run("dpkg -i /packages/this.deb")?;
    system.run(change)?;
    system.wait("the script to have tried", "systemctl is-active windlass.service")?;

    let found = system.run(&format!("cat {FOUND}"))?;
    let mut wrong = Vec::new();
    for (number, (what, wanted, attempt)) in each.iter().enumerate() {
        let may = found.lines().any(|line| line == format!("{number} yes"));
        if may != *wanted {
            let said = system.run(&format!("cat /tmp/said-{number}"))?;
            wrong.push(format!("{what} ({attempt}): {}: {said}", if may { "it can" } else { "it cannot" }));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
