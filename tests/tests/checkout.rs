//! A team's checkout as it is: directories beside the Compose file that containers write.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use windlass_tests::{Small, expect, tells};

/// Each start of a container adds its version to a file of the data, and serves all of it.
const REMEMBERS: &str = "echo -n $$VERSION >> /data/log; cp /data/log /tmp/index.html; exec httpd -f -p 80 -h /tmp";

/// The small application with a directory for data, `MOUNT` beside its Compose file.
fn remembering(small: &Small, version: &str, mount: &str) -> Result<()> {
    let command = "echo -n $$VERSION > /tmp/index.html; exec httpd -f -p 80 -h /tmp";
    let text =
        small.compose().replace(command, REMEMBERS).replace("VERSION: \"1\"", &format!("VERSION: \"{version}\""));
    small.write(
        "compose.yaml",
        text.replace("    stop_signal", &format!("    volumes: [\"{mount}:/data\"]\n    stop_signal")),
    )
}

/// Where the operator lets its data be.
fn root(small: &Small) -> PathBuf {
    small.host.root().join("data").join(&small.name)
}

fn grant(small: &Small, application: &str, root: &str) -> String {
    format!(
        "[[grants]]\nplugin = \"strategy-compose\"\napplications = [\"{application}\"]\n\
         docker-write = {{ data-root = \"{}\" }}\n",
        small.host.root().join(root).display()
    )
}

fn granted(name: &str) -> Result<Small> {
    let small = Small::set(name)?;
    small.operator(&grant(&small, &small.name, &format!("data/{}", small.name)))?;
    remembering(&small, "1", "./data")?;
    Ok(small)
}

#[test]
fn data_beside_the_compose_file_survive_whatever_is_deployed() -> Result<()> {
    let small = granted("keeps-data")?;
    let place = root(&small).join("data");
    let plan = expect(small.host.run(["plan", &small.name, "--json"])?, 0)?;
    ensure!(!place.exists(), "planning made {}", place.display());
    ensure!(plan.stdout.contains(&format!("{}:/data:rw", place.display())), "{}", plan.stdout);
    let config = expect(small.host.run(["config", &small.name])?, 0)?;
    tells(&config, &[&format!("source: {}", place.display())])?;
    expect(small.deploy(&[])?, 0)?;
    small.serves("1")?;
    let before = small.world()?;
    tells(&expect(small.deploy(&[])?, 0)?, &["unchanged"])?;
    ensure!(small.world()? == before, "an unchanged release changed something");
    remembering(&small, "2", "./data")?;
    expect(small.deploy(&[])?, 0)?;
    small.serves("12")?;
    expect(small.host.run(["rollback", &small.name])?, 0)?;
    small.serves("121")?;
    ensure!(fs::read_to_string(place.join("log"))? == "121", "the data are elsewhere");
    ensure!(!small.directory().join("data").exists(), "something was made in the checkout");
    Ok(())
}

#[test]
fn data_without_a_directory_are_refused_with_the_lines_that_grant_one() -> Result<()> {
    let small = Small::set("no-data")?;
    remembering(&small, "1", "./data")?;
    let refused = expect(small.host.run(["plan", &small.name])?, 3)?;
    let lines = format!("docker-write = {{ data-root = \"/srv/data/{}\" }}", small.name);
    tells(&refused, &["compose.yaml:", "may write to `data`", "[[grants]]", &lines])?;
    expect(small.deploy(&[])?, 3)?;
    ensure!(small.world()?.is_empty(), "something was made");
    // `config` shows what it would be, and says so.
    tells(&expect(small.host.run(["config", &small.name])?, 0)?, &["no directory for its data"])?;
    // The lines are the ones that help.
    let at = refused.stderr.find("[[grants]]").unwrap_or_default();
    let told: Vec<&str> =
        refused.stderr[at..].lines().map(str::trim).take_while(|line| line.contains(['[', '='])).collect();
    small.operator(&told.join("\n").replace("/srv/data", &small.host.root().join("data").display().to_string()))?;
    expect(small.deploy(&[])?, 0)?;
    small.serves("1")
}

#[test]
fn what_comes_with_the_release_is_not_written_until_it_is_left_out() -> Result<()> {
    let small = granted("released-data")?;
    fs::create_dir_all(small.directory().join("data"))?;
    small.write("data/log", "0")?;
    let refused = expect(small.deploy(&[])?, 3)?;
    let there = root(&small).join("data").display().to_string();
    tells(&refused, &["`data` comes with the release, which no container may change", ".windlassignore", &there])?;
    ensure!(small.world()?.is_empty(), "something was made");
    small.write(".windlassignore", "data\n")?;
    expect(small.deploy(&[])?, 0)?;
    small.serves("1")?;
    ensure!(fs::read_to_string(small.directory().join("data/log"))? == "0", "the checkout was written");
    Ok(())
}

#[test]
fn a_directory_for_data_is_of_one_application_and_leads_nowhere_else() -> Result<()> {
    let small = granted("own-data")?;
    let own = grant(&small, &small.name, "data/own");
    for (other, root) in [("other", "data/own"), ("other", "data"), ("other", "data/own/inside")] {
        small.operator(&format!("{own}{}", grant(&small, other, root)))?;
        let refused = expect(small.host.run(["plan", &small.name])?, 3)?;
        tells(&refused, &["is, contains or is inside", "agent.toml:"])?;
    }
    // A link in it to elsewhere, and one to another application's data.
    small.operator(&format!("{own}{}", grant(&small, "other", "data/other")))?;
    let data = small.host.root().join("data/own");
    fs::create_dir_all(&data)?;
    for place in ["data/other", "elsewhere"] {
        fs::create_dir_all(small.host.root().join(place))?;
    }
    for (target, words) in [("../../elsewhere", "leads out of"), ("../other", "the data of another application")] {
        let _ = fs::remove_file(data.join("data"));
        std::os::unix::fs::symlink(target, data.join("data"))?;
        for command in ["plan", "deploy"] {
            tells(&expect(small.host.run([command, &small.name])?, 3)?, &[words])?;
        }
        ensure!(small.world()?.is_empty(), "something was made");
    }
    // Of the same application, a link is only another name.
    fs::remove_file(data.join("data"))?;
    fs::create_dir_all(data.join("real"))?;
    std::os::unix::fs::symlink("real", data.join("data"))?;
    expect(small.deploy(&[])?, 0)?;
    small.serves("1")?;
    ensure!(data.join("real/log").exists(), "the data are elsewhere");
    Ok(())
}
