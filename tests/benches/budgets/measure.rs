//! Time and memory of whole processes.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use windlass_stage::Live;

/// How long a command takes that must succeed.
pub(crate) fn time(command: &mut Command) -> Result<Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = Instant::now();
    let output = command.output().with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let took = started.elapsed();
    ensure!(
        output.status.success(),
        "{command:?} failed: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(took)
}

/// How long it takes until a command that must succeed says a word, and until it ends.
pub(crate) fn until(command: &mut Command, word: &str) -> Result<(Duration, Duration)> {
    let started = Instant::now();
    let mut live = Live::start(command)?;
    live.wait_for(&[word])?;
    let told = started.elapsed();
    let run = live.end()?;
    ensure!(run.code == 0, "{command:?} failed: {run:?}");
    Ok((told, started.elapsed()))
}

/// The middle of some measurements.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The median of running a command some times, after one run that does not count.
pub(crate) fn median_of(runs: usize, mut command: impl FnMut() -> Command) -> Result<Duration> {
    time(&mut command())?;
    Ok(median((0..runs).map(|_| time(&mut command())).collect::<Result<_>>()?))
}

/// The peak resident memory of a command and its children, in KiB, as GNU time reports it.
pub(crate) fn peak_memory(command: &Command) -> Result<u64> {
    let report = tempfile::NamedTempFile::new()?;
    let mut timed = Command::new("/usr/bin/time");
    timed.args(["-f", "%M", "-o"]).arg(report.path()).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            timed.env(name, value);
        }
    }
    time(&mut timed)?;
    let text = std::fs::read_to_string(report.path())?;
    text.lines().last().unwrap_or_default().trim().parse().context("GNU time reports no number")
}

/// A duration for people.
pub(crate) fn shown(duration: Duration) -> String {
    if duration < Duration::from_millis(1) {
        format!("{} µs", duration.as_micros())
    } else if duration < Duration::from_millis(10) {
        format!("{:.2} ms", duration.as_secs_f64() * 1e3)
    } else if duration < Duration::from_secs(2) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}
