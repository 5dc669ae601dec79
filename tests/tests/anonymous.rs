//! Volumes without a name: the data of a container that is replaced. The engine and the images are real.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use windlass_stage::{docker, import_shell};
use windlass_tests::{Small, compose, expect, tells};

/// Each start of a container adds its version to a file of both volumes, and serves the two.
const REMEMBERS: &str = "echo -n $$VERSION >> /data/log; echo -n $$VERSION >> /image/log; cat /data/log > \
                         /tmp/index.html; echo -n - >> /tmp/index.html; cat /image/log >> /tmp/index.html; exec httpd \
                         -f -p 80 -h /tmp";

/// The small application with a volume of its Compose file, and one of its image.
fn remembering(name: &str) -> Result<Small> {
    let small = Small::set(name)?;
    let image = format!("windlass-test/{}:1", small.name);
    import_shell(|arguments| docker(arguments), &image, &["VOLUME /image"])?;
    write(&small, "1", "volumes: [\"/data\"]")?;
    Ok(small)
}

fn write(small: &Small, version: &str, more: &str) -> Result<()> {
    let command = "echo -n $$VERSION > /tmp/index.html; exec httpd -f -p 80 -h /tmp";
    let text = small.compose().replace(command, REMEMBERS);
    small.write(
        "compose.yaml",
        text.replace("VERSION: \"1\"", &format!("VERSION: \"{version}\""))
            .replace("    stop_signal", &format!("    {more}\n    stop_signal")),
    )
}

fn reads(small: &Small, expected: &str) -> Result<()> {
    let read = small.read()?;
    ensure!(read == expected, "`{read}` is served, not `{expected}`");
    Ok(())
}

#[test]
fn their_data_survive_an_update_a_failed_one_and_a_rollback() -> Result<()> {
    let small = remembering("unnamed")?;
    let carried = "carries over the anonymous volumes at /data and /image";
    expect(small.deploy(&[])?, 0)?;
    reads(&small, "1-1")?;
    let volumes = small.unnamed_volumes()?;
    ensure!(volumes.len() == 2, "{volumes:?}");

    write(&small, "2", "volumes: [\"/data\"]")?;
    let plan = expect(small.host.run(["plan", &small.name])?, 0)?;
    tells(&plan, &[carried])?;
    expect(small.deploy(&[])?, 0)?;
    reads(&small, "12-12")?;
    tells(&expect(small.deploy(&[])?, 0)?, &["unchanged"])?;
    reads(&small, "12-12")?;

    // A version that is never healthy: the old container comes back with its volumes.
    write(&small, "3", "volumes: [\"/data\"]")?;
    let text = std::fs::read_to_string(small.directory().join("compose.yaml"))?;
    small.write("compose.yaml", text.replace("echo | nc 127.0.0.1 80", "false"))?;
    expect(small.deploy(&[])?, 11)?;
    reads(&small, "1232-1232")?;

    tells(&expect(small.host.run(["rollback", &small.name])?, 0)?, &[carried])?;
    reads(&small, "12321-12321")?;
    ensure!(small.unnamed_volumes()? == volumes, "other volumes than in the beginning");
    Ok(())
}

#[test]
fn what_docker_compose_started_keeps_its_data() -> Result<()> {
    let small = remembering("unnamed-peer")?;
    let output = Command::new(compose()?)
        .args(["-p", &small.name, "-f"])
        .arg(small.directory().join("compose.yaml"))
        .args(["up", "-d"])
        .output()
        .context("cannot start Docker Compose")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let volumes = small.unnamed_volumes()?;
    write(&small, "2", "volumes: [\"/data\"]")?;
    expect(small.deploy(&[])?, 0)?;
    reads(&small, "12-12")?;
    ensure!(small.unnamed_volumes()? == volumes, "other volumes than in the beginning");
    Ok(())
}

#[test]
fn what_is_not_carried_over_stays_on_the_host_and_is_named() -> Result<()> {
    let small = remembering("unnamed-left")?;
    expect(small.deploy(&[])?, 0)?;
    let mount =
        format!("{{{{range .Mounts}}}}{{{{if eq .Destination \"{}\"}}}}{{{{.Name}}}}{{{{end}}}}{{{{end}}}}", "/data");
    let data = docker(["inspect", "--format", &mount, &format!("{}-web-1", small.name)])?;
    write(&small, "2", "tmpfs: [\"/data\"]")?;
    let said = format!(
        "web: /data was an anonymous volume and is now a file system in memory, which starts empty; the old data stays \
         in the volume `{data}`"
    );
    tells(&expect(small.host.run(["plan", &small.name])?, 0)?, &["anonymous volume at /image", &said])?;
    tells(&expect(small.deploy(&[])?, 0)?, &[&said])?;
    reads(&small, "2-12")?;
    let kept = docker(["volume", "inspect", "--format", "{{.Mountpoint}}", &data]);
    docker(["volume", "rm", &data])?;
    kept.map(drop)
}

#[test]
fn a_volume_with_another_name_starts_empty_and_that_is_said_both_ways() -> Result<()> {
    let small = Small::set("renamed-volume")?;
    let text = |name: &str| {
        let mounted = small.compose().replace("    stop_signal", "    volumes: [\"NAME:/data\"]\n    stop_signal");
        format!("{mounted}volumes: {{ NAME: {{}} }}\n").replace("NAME", name)
    };
    small.write("compose.yaml", text("database"))?;
    expect(small.deploy(&[])?, 0)?;
    small.write("compose.yaml", text("dbdata"))?;
    let name = |volume: &str| format!("{}_{volume}", small.name);
    let (old, new) = (name("database"), name("dbdata"));
    let said = format!(
        "web: /data was the volume `{old}` and is now the volume `{new}`, which is new and starts empty; the old data \
         stays in the volume `{old}`"
    );
    tells(&expect(small.host.run(["plan", &small.name])?, 0)?, &[&said])?;
    tells(&expect(small.deploy(&[])?, 0)?, &[&said])?;
    let said = format!(
        "web: /data was the volume `{new}` and is now the volume `{old}`; the old data stays in the volume `{new}`"
    );
    tells(&expect(small.host.run(["rollback", &small.name])?, 0)?, &[&said])
}
