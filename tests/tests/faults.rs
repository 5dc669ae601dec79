//! Every fault at every step of a real deployment, and the state of the world after each.
//!
//! Loops, not lists: the steps come from the plan, and the lines of the journal are counted by running into the last
//! one. After each fault exactly the old or exactly the new version is there, and nothing else.
//!
//! A round waits most of its time, so each loop is shared out to several tests that run side by side.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use windlass_stage::{Kudos, Run, docker};
use windlass_tests::{exactly, expect, pair, world};

const UPDATE: [&str; 4] = ["--set", "web=2", "--set", "backend=2"];

/// How many tests share a loop.
const PARTS: usize = 4;

/// One loop as [`PARTS`] tests: each has its own application, and every fourth round beginning with its own.
macro_rules! shared_out {
    ($name:ident, $loop:expr) => {
        mod $name {
            use super::*;

            #[test]
            fn part_1() -> Result<()> {
                $loop(0)
            }

            #[test]
            fn part_2() -> Result<()> {
                $loop(1)
            }

            #[test]
            fn part_3() -> Result<()> {
                $loop(2)
            }

            #[test]
            fn part_4() -> Result<()> {
                $loop(3)
            }
        }
    };
}

fn update(kudos: &Kudos, hooks: &[(&str, &str)]) -> Result<Run> {
    let mut command = kudos.host.command(["deploy", &kudos.name, "--retry"].into_iter().chain(UPDATE));
    command.envs(hooks.iter().copied());
    let output = command.output()?;
    Ok(Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Version 1 runs, and nothing else is there.
fn begin(name: &str, part: usize) -> Result<Kudos> {
    let name = format!("{name}-{part}");
    let kudos = pair(&name)?;
    expect(kudos.host.run(["deploy", &name])?, 0)?;
    assert_eq!(world(&kudos)?, exactly(&kudos, "1"));
    Ok(kudos)
}

/// Makes version 1 run again.
fn back(kudos: &Kudos) -> Result<()> {
    expect(kudos.host.run(["deploy", &kudos.name, "--retry", "--defaults"])?, 0)?;
    ensure!(world(kudos)? == exactly(kudos, "1"), "version 1 is not back: {:?}", world(kudos)?);
    Ok(())
}

/// The ids of the steps of the update: of the phase `apply`, `sweep`, or of what is done while the release is verified
/// (`meanwhile`).
fn steps(kudos: &Kudos, part: &str) -> Result<Vec<String>> {
    let file = kudos.host.root().join("plan.json");
    let path = file.display().to_string();
    let arguments = ["plan", &kudos.name, "--out", &path].into_iter().chain(UPDATE);
    expect(kudos.host.run(arguments)?, 0)?;
    let saved: Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    let steps = find_steps(&saved).context("the saved plan has no steps")?;
    let ids: Vec<String> = steps
        .iter()
        .filter(|step| {
            let meanwhile = step["during-verify"] == true;
            if part == "meanwhile" { meanwhile } else { step["phase"] == part && !meanwhile }
        })
        .filter_map(|step| step["id"].as_str().map(str::to_owned))
        .collect();
    ensure!(!ids.is_empty(), "the update has no step in {part}");
    Ok(ids)
}

fn find_steps(value: &Value) -> Option<&Vec<Value>> {
    match value {
        Value::Object(fields) => {
            fields.get("steps").and_then(Value::as_array).or_else(|| fields.values().find_map(find_steps))
        }
        _ => None,
    }
}

/// Removes the images of this application that no container uses. Not by pruning: an engine prunes for one at a time.
fn forget_unused(kudos: &Kudos) -> Result<()> {
    let label = format!("label=windlass.stage={}", kudos.repository());
    for image in docker(["image", "ls", "-q", "--no-trunc", "--filter", &label])?.lines() {
        if docker(["ps", "-aq", "--filter", &format!("ancestor={image}")])?.is_empty() {
            docker(["image", "rm", "-f", image])?;
        }
    }
    Ok(())
}

fn no_secret(kudos: &Kudos) -> Result<()> {
    let found = std::process::Command::new("grep")
        .args(["-rl", "a-token-that-nobody-may-see"])
        .arg(kudos.host.root().join("state"))
        .output()?;
    ensure!(found.stdout.is_empty(), "the secret is in {}", String::from_utf8_lossy(&found.stdout));
    Ok(())
}

shared_out!(a_step_that_fails_leaves_exactly_the_old_version, fail);

fn fail(part: usize) -> Result<()> {
    let kudos = begin("fail", part)?;
    for step in steps(&kudos, "apply")?.into_iter().skip(part).step_by(PARTS) {
        // What an earlier round pulled would leave no pull to fail in.
        forget_unused(&kudos)?;
        let run = update(&kudos, &[("WINDLASS_TEST_FAIL_STEP", &step)])?;
        expect(run, 11).with_context(|| format!("failing at {step}"))?;
        assert_eq!(world(&kudos)?, exactly(&kudos, "1"), "after failing at {step}");
    }
    no_secret(&kudos)
}

#[test]
fn a_failure_while_the_old_version_ends_is_a_warning() -> Result<()> {
    let kudos = begin("meanwhile", 0)?;
    for step in steps(&kudos, "meanwhile")? {
        let run = expect(update(&kudos, &[("WINDLASS_TEST_FAIL_STEP", &step)])?, 0)?;
        ensure!(run.stderr.contains("Succeeded") && run.stderr.contains("warning: "), "{}", run.stderr);
        assert_eq!(world(&kudos)?, exactly(&kudos, "2"), "after failing at {step}");
        back(&kudos)?;
    }
    Ok(())
}

shared_out!(a_step_that_runs_twice_changes_nothing_more, repeat);

fn repeat(part: usize) -> Result<()> {
    let kudos = begin("repeat", part)?;
    let mut all = steps(&kudos, "apply")?;
    all.extend(steps(&kudos, "meanwhile")?);
    all.extend(steps(&kudos, "sweep")?);
    for step in all.into_iter().skip(part).step_by(PARTS) {
        let run = update(&kudos, &[("WINDLASS_TEST_REPEAT_STEP", &step)])?;
        expect(run, 0).with_context(|| format!("repeating {step}"))?;
        assert_eq!(world(&kudos)?, exactly(&kudos, "2"), "after repeating {step}");
        back(&kudos)?;
    }
    Ok(())
}

shared_out!(an_undo_that_runs_twice_changes_nothing_more, undo);

fn undo(part: usize) -> Result<()> {
    let kudos = begin("undo", part)?;
    let steps = steps(&kudos, "apply")?;
    let last = steps.last().context("no steps")?;
    for step in steps.iter().skip(part).step_by(PARTS) {
        let run = update(&kudos, &[("WINDLASS_TEST_FAIL_STEP", last), ("WINDLASS_TEST_REPEAT_UNDO", step)])?;
        expect(run, 11).with_context(|| format!("undoing {step} twice"))?;
        assert_eq!(world(&kudos)?, exactly(&kudos, "1"), "after undoing {step} twice");
    }
    Ok(())
}

/// Kills the agent around each line of the journal of its part, and lets the next command go on.
fn crash(moment: &str, part: usize) -> Result<()> {
    let kudos = begin(&format!("crash-{moment}"), part)?;
    let mut old = 0;
    let mut new = 0;
    for line in (1 + part..).step_by(PARTS) {
        let run = update(&kudos, &[("WINDLASS_TEST_CRASH", &format!("{moment}:{line}"))])?;
        if run.code == 0 {
            ensure!(line > 10, "an update has more than {line} lines");
            break;
        }
        ensure!(run.code == -1, "crash {moment} line {line}: exit code {}\n{}{}", run.code, run.stdout, run.stderr);
        let resumed = kudos.host.run(["resume", &kudos.name])?;
        ensure!(
            [0, 10, 11].contains(&resumed.code),
            "going on after a crash {moment} line {line}: exit code {}\n{}{}",
            resumed.code,
            resumed.stdout,
            resumed.stderr
        );
        let world = world(&kudos)?;
        if world == exactly(&kudos, "1") {
            old += 1;
        } else if world == exactly(&kudos, "2") {
            new += 1;
            back(&kudos)?;
        } else {
            bail!("after a crash {moment} line {line}: {world:#?}\n{}{}", resumed.stdout, resumed.stderr);
        }
        expect(kudos.host.run(["audit", "verify"])?, 0)?;
    }
    ensure!(new > 0, "no crash was followed by the new version: {old} old");
    no_secret(&kudos)
}

shared_out!(a_crash_before_any_line_of_the_journal_is_survived, |part| crash("before", part));
shared_out!(a_crash_after_any_line_of_the_journal_is_survived, |part| crash("after", part));
