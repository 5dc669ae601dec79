//! What holds deployments back, and what waits: pins, quarantine and the outbox, as an operator types them.

use std::fs;

use anyhow::Result;
use windlass_tests::{Small, expect};

#[test]
fn going_back_with_a_pin_stays_there_until_somebody_lifts_it() -> Result<()> {
    let small = Small::running("pin")?;
    let name = small.name.as_str();
    small.version("2")?;
    expect(small.deploy(&[])?, 0)?;
    small.serves("2")?;

    let run = expect(small.host.run(["rollback", name, "--pin"])?, 2)?;
    assert!(run.stderr.contains("--reason"), "a pin without a reason: {}", run.stderr);
    expect(small.host.run(["rollback", name, "--to", "#1", "--pin", "--reason", "2 loses orders"])?, 0)?;
    small.serves("1")?;
    let status = expect(small.host.run(["status", name])?, 0)?.stdout;
    assert!(status.contains("pinned: to 1 by") && status.contains("2 loses orders"), "{status}");

    let before = small.world()?;
    let refused = expect(small.deploy(&[])?, 10)?.stderr;
    assert!(refused.contains("pinned version 1: 2 loses orders"), "{refused}");
    assert!(refused.contains(&format!("hint: `windlass unpin {name}` ends that")), "{refused}");
    assert_eq!(small.world()?, before, "nothing was touched");

    let lifted = expect(small.host.run(["unpin", name, "--reason", "it keeps them now"])?, 0)?.stdout;
    assert_eq!(lifted, format!("{name}: deployments are allowed\n"));
    expect(small.deploy(&[])?, 0)?;
    small.serves("2")?;
    expect(small.host.run(["audit", "verify"])?, 0).map(drop)
}

#[test]
fn a_release_in_quarantine_is_refused_until_it_is_taken_out() -> Result<()> {
    let small = Small::running("quarantine")?;
    let name = small.name.as_str();
    small.version("2")?;
    expect(small.deploy(&[])?, 0)?;
    expect(small.host.run(["rollback", name])?, 0)?;
    let unknown = expect(small.host.run(["quarantine", name, "9.9", "--reason", "x"])?, 17)?.stderr;
    assert!(unknown.contains("`9.9` is not the id, commit or version of a"), "{unknown}");
    let said = expect(small.host.run(["quarantine", name, "#2", "--reason", "it loses orders"])?, 0)?.stdout;
    assert!(said.contains("it loses orders; `--retry` deploys it all the same"), "{said}");
    let refused = expect(small.deploy(&[])?, 10)?.stderr;
    assert!(refused.contains("put version 1 into quarantine: it loses orders"), "{refused}");
    expect(small.host.run(["unquarantine", name, "1"])?, 0)?;
    let none = expect(small.host.run(["unquarantine", name, "1"])?, 17)?.stderr;
    assert!(none.contains("no release `1`"), "{none}");
    expect(small.deploy(&[])?, 0)?;
    small.serves("2")
}

#[test]
fn what_a_recorder_could_not_be_told_waits_and_is_told_or_given_up() -> Result<()> {
    let small = Small::set("outbox")?;
    let name = small.name.as_str();
    let records = small.host.root().join("told");
    small.operator(&format!(
        "[[grants]]\nplugin = \"recorder-state-file\"\nfiles = [{{ root = \"records\", path = \"{}\", write = true }}]\n",
        records.display()
    ))?;
    small
        .write("release.toml", format!("{}\n[recorders.state]\nplugin = \"recorder-state-file\"\n", small.release()))?;
    fs::write(&records, "in the way")?;
    let told = expect(small.deploy(&[])?, 0)?.stderr;
    assert!(told.contains("delivery to the recorder `state` failed"), "{told}");
    small.version("2")?;
    expect(small.deploy(&[])?, 0)?;

    let list = expect(small.host.run(["outbox", "list"])?, 0)?.stdout;
    assert_eq!(list.matches("recorder state: delivery").count(), 2, "{list}");
    let flushed = expect(small.host.run(["outbox", "flush", name])?, 15)?.stdout;
    assert!(flushed.contains("tried"), "{flushed}");
    let dropped = expect(small.host.run(["outbox", "drop", "1", "--reason", "nobody asks for it"])?, 0)?.stdout;
    assert_eq!(dropped.matches("recorder state: delivery").count(), 1, "{dropped}");
    expect(small.host.run(["outbox", "drop", "1", "--reason", "again"])?, 17)?;

    fs::remove_file(&records)?;
    fs::create_dir(&records)?;
    let flushed = expect(small.host.run(["outbox", "flush"])?, 0)?.stdout;
    assert_eq!(flushed, "every recorder has received every event\n");
    let record = fs::read_to_string(records.join("uat.json"))?;
    assert!(record.contains(name), "{record}");
    expect(small.host.run(["audit", "verify"])?, 0).map(drop)
}
