//! The script of the GitHub action, run as a runner runs it, against a real SSH server whose key may do nothing but deploy.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use windlass_stage::{Run, program};
use windlass_tests::{Resident, expect, socket, tells};

use super::support::{Gate, PATIENCE};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.github/actions/release/release.sh");

/// A runner's place for what a step says to it.
struct Runner<'a> {
    gate: &'a Gate,
    directory: TempDir,
}

impl<'a> Runner<'a> {
    fn new(gate: &'a Gate) -> Result<Self> {
        let runner = Self { gate, directory: TempDir::new()? };
        fs::create_dir(runner.path("temp"))?;
        Ok(runner)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    /// The step, with more variables. It is the leader of a group, as a runner starts it.
    fn command(&self, more: &[(&str, &str)]) -> Result<Command> {
        for file in ["output", "summary"] {
            fs::write(self.path(file), "")?;
        }
        let server = self.gate.sshd.directory();
        let known = fs::read_to_string(server.join("known_hosts"))?;
        let port = known.split(['[', ']', ':', ' ']).nth(3).context("a port")?.to_owned();
        let mut command = Command::new(SCRIPT);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", self.path("output"))
            .env("GITHUB_STEP_SUMMARY", self.path("summary"))
            .env("RUNNER_TEMP", self.path("temp"))
            .env("WINDLASS_HOST", "127.0.0.1")
            .env("WINDLASS_PORT", port)
            .env("WINDLASS_USER", super::support::output(Command::new("id").arg("-un"))?.trim())
            .env("WINDLASS_KEY", fs::read_to_string(server.join("client"))?)
            .env("WINDLASS_KNOWN_HOSTS", known)
            .env("WINDLASS_APPLICATION", &self.gate.small.name)
            .envs(more.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        Ok(command)
    }

    /// Runs the step to its end. What it leaves behind must not be the key.
    fn run(&self, more: &[(&str, &str)]) -> Result<Run> {
        let run = Run::from(self.command(more)?.output()?);
        self.leaves_no_key(&run)?;
        Ok(run)
    }

    fn leaves_no_key(&self, run: &Run) -> Result<()> {
        ensure!(!format!("{run:?}").contains("PRIVATE KEY"), "the key is printed");
        for entry in fs::read_dir(self.path("temp"))? {
            let path = entry?.path();
            ensure!(path.extension().is_some_and(|extension| extension == "html"), "{} is left", path.display());
        }
        Ok(())
    }

    /// What it said in `$GITHUB_OUTPUT`.
    fn output(&self, name: &str) -> Result<String> {
        let text = fs::read_to_string(self.path("output"))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.map(str::to_owned).with_context(|| format!("no {name} in {text:?}"))
    }

    fn summary(&self) -> Result<String> {
        Ok(fs::read_to_string(self.path("summary"))?)
    }
}

/// With an agent that stays, as a host has one.
fn with_agent(name: &str) -> Result<(Gate, Resident)> {
    let gate = Gate::new(name, &["read", "deploy"])?;
    let rules = fs::read_to_string(gate.config())?;
    fs::write(gate.config(), format!("{rules}\n[agent]\nsocket = \"{}\"\n", socket(&gate.small).display()))?;
    let agent = Resident::start(&gate.small, &[])?;
    Ok((gate, agent))
}

#[test]
fn a_release_is_deployed_and_the_job_has_outcome_report_and_summary() -> Result<()> {
    let (gate, agent) = with_agent("gate-action")?;
    let runner = Runner::new(&gate)?;
    gate.small.version("2")?;
    let run = expect(runner.run(&[("WINDLASS_REASON", "it's run 17; touch /tmp/owned")])?, 0)?;
    gate.serves("2")?;
    let name = &gate.small.name;
    tells(
        &run,
        &[&format!("::group::Deploying {name} on 127.0.0.1"), "::endgroup::", &format!("succeeded: {name} 1")],
    )?;
    ensure!(runner.output("outcome")? == "succeeded");
    let shown = expect(gate.ask(format!("show {name}"))?, 0)?;
    tells(&shown, &[&runner.output("deployment")?, "it's run 17; touch /tmp/owned"])?;
    let report = fs::read_to_string(runner.output("report")?)?;
    ensure!(report.to_lowercase().starts_with("<!doctype html") && report.contains(name), "{report}");
    let summary = runner.summary()?;
    ensure!(summary.starts_with(&format!("## succeeded\\: {name} 1")), "{summary}");

    // Once more it is there already, and where the status page is reached the report is an address.
    expect(runner.run(&[("WINDLASS_PAGE", "https://windlass.example/uat/")])?, 0)?;
    ensure!(runner.output("outcome")? == "unchanged");
    ensure!(
        runner.output("report")?
            == format!("https://windlass.example/uat/deployments/{}", runner.output("deployment")?)
    );
    agent.end().map(drop)
}

#[test]
fn a_checkout_goes_with_the_command() -> Result<()> {
    let gate = Gate::new("gate-checkout", &["read", "deploy", "bring-files"])?;
    let runner = Runner::new(&gate)?;
    let checkout = runner.path("checkout");
    fs::create_dir_all(checkout.join(".git"))?;
    fs::write(checkout.join(".git/config"), "not sent")?;
    fs::write(checkout.join("release.toml"), gate.small.release())?;
    let compose = gate.small.compose().replace("VERSION: \"1\"", "VERSION: \"2\"");
    fs::write(checkout.join("compose.yaml"), compose)?;
    let path = checkout.display().to_string();
    expect(runner.run(&[("WINDLASS_BUNDLE", &path)])?, 0)?;
    gate.serves("2")?;
    // What cannot be sent ends the step before anything is asked.
    let gone = runner.run(&[("WINDLASS_BUNDLE", "/nowhere")])?;
    ensure!(gone.code != 0 && !gone.stdout.contains("::group::"), "{gone:?}");
    ensure!(gate.history()?.len() == 2, "{:?}", gate.history()?);
    Ok(())
}

#[test]
fn a_job_is_red_exactly_when_its_deployment_failed_and_says_why() -> Result<()> {
    let (gate, agent) = with_agent("gate-red")?;
    let runner = Runner::new(&gate)?;
    let broken =
        gate.small.compose().replace("exec httpd", "echo ::error::owned; echo '##[error]owned'; exit 3; exec httpd");
    gate.small.write("compose.yaml", broken)?;
    let run = expect(runner.run(&[])?, 11)?;
    ensure!(runner.output("outcome")? == "rolled-back");
    gate.small.serves("1")?;
    let annotation = run.stdout.lines().last().unwrap_or_default();
    ensure!(annotation.starts_with(&format!("::error title={}: rolled-back::", gate.small.name)), "{run:?}");
    ensure!(annotation.contains("exit code 3") && !annotation.contains("##["), "{annotation}");
    ensure!(runner.summary()?.starts_with("## rolled back"), "{}", runner.summary()?);
    // What the application printed is shown where GitHub reads no commands.
    let lines: Vec<&str> = run.stdout.lines().collect();
    let place = |start: &str| lines.iter().position(|line| line.starts_with(start)).context(start.to_owned());
    let word = lines[place("::stop-commands::")?].trim_start_matches("::stop-commands::").to_owned();
    ensure!(word.len() == 32, "{word}");
    let end = place(&format!("::{word}::"))?;
    let shown = lines.iter().enumerate().filter(|(_, line)| line.contains("owned") && **line != annotation);
    for (number, line) in shown {
        ensure!(place("::stop-commands::")? < number && number < end, "{line:?} is a command");
    }

    // A version that may not be tried again, a rule that is missing, and a mistake of the job.
    expect(runner.run(&[])?, 10)?;
    ensure!(runner.output("outcome")? == "refused");
    gate.allow(&["read"])?;
    let rules = fs::read_to_string(gate.config())?;
    fs::write(gate.config(), format!("{rules}\n[agent]\nsocket = \"{}\"\n", socket(&gate.small).display()))?;
    let denied = expect(runner.run(&[])?, 10)?;
    tells(&denied, &["refused::", "may = [\"deploy\"]"])?;
    ensure!(runner.output("deployment")?.is_empty());
    expect(runner.run(&[("WINDLASS_APPLICATION", "no-such\nthing")])?, 2)?;
    ensure!(runner.output("outcome")? == "failed");
    gate.small.serves("1")?;
    agent.end().map(drop)
}

#[test]
fn a_host_that_is_not_the_one_is_not_asked_again_and_again() -> Result<()> {
    let gate = Gate::new("gate-known", &["read", "deploy"])?;
    let runner = Runner::new(&gate)?;
    gate.small.version("2")?;
    let other = gate.public("client")?;
    let known = fs::read_to_string(gate.sshd.directory().join("known_hosts"))?;
    let known = format!("{} {other}", known.split(' ').next().context("a host")?);
    let run = expect(runner.run(&[("WINDLASS_KNOWN_HOSTS", &known)])?, 255)?;
    tells(&run, &["Host key verification failed", "unknown::"])?;
    ensure!(!run.stdout.contains("tried again"), "{run:?}");
    ensure!(runner.output("outcome")? == "unknown");
    gate.small.serves("1")
}

#[test]
fn a_connection_that_is_lost_is_made_again_and_the_job_says_how_it_ended() -> Result<()> {
    let (gate, agent) = with_agent("gate-cut")?;
    let runner = Runner::new(&gate)?;
    gate.slowly("2")?;
    let child = runner.command(&[])?.spawn()?;
    gate.is_open()?;
    gate.cut()?;
    let run = Run::from(child.wait_with_output()?);
    runner.leaves_no_key(&run)?;
    let run = expect(run, 0)?;
    tells(&run, &["The connection failed or was lost; it is tried again in 1 s.", "succeeded"])?;
    ensure!(runner.output("outcome")? == "succeeded");
    ensure!(gate.history()?.len() == 2, "{:?}", gate.history()?);
    gate.serves("2")?;
    agent.end().map(drop)
}

#[test]
fn without_an_agent_that_stays_the_end_of_a_deployment_is_waited_for() -> Result<()> {
    let gate = Gate::new("gate-alone", &["read", "deploy"])?;
    let runner = Runner::new(&gate)?;
    gate.slowly("2")?;
    let child = runner.command(&[])?.spawn()?;
    gate.is_open()?;
    gate.cut()?;
    expect(Run::from(child.wait_with_output()?), 0)?;
    ensure!(runner.output("outcome")? == "succeeded");
    gate.serves("2")
}

#[test]
fn a_job_that_is_cancelled_leaves_the_deployment_alone() -> Result<()> {
    let (gate, agent) = with_agent("gate-cancelled")?;
    let runner = Runner::new(&gate)?;
    gate.slowly("2")?;
    let child = runner.command(&[])?.spawn()?;
    gate.is_open()?;
    signal(&child, "INT")?;
    let run = Run::from(child.wait_with_output()?);
    runner.leaves_no_key(&run)?;
    tells(&expect(run, 130)?, &["The job was cancelled and nothing was stopped"])?;
    ensure!(gate.history()?[0]["outcome"] == "open", "it ended before the job was cancelled: {:?}", gate.history()?);
    ensure!(gate.outcome(2)? == "succeeded");
    gate.serves("2")?;
    agent.end().map(drop)
}

/// As a runner does: to the step, and not to what it started.
fn signal(child: &Child, signal: &str) -> Result<()> {
    let sent = Command::new(program("kill")?).args([format!("-{signal}"), child.id().to_string()]).status()?;
    ensure!(sent.success(), "the step has ended");
    Ok(())
}

impl Gate {
    /// Ends the sessions of the server, as a lost connection does, and waits until they are gone.
    fn cut(&self) -> Result<()> {
        let begin = Instant::now();
        let server = self.sshd.id().to_string();
        let sessions = || Command::new(program("pkill")?).args(["-KILL", "-P", &server]).status().context("pkill");
        while sessions()?.success() {
            ensure!(begin.elapsed() < PATIENCE, "a session goes on");
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}
