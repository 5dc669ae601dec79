//! The demonstration's stage: the kudos application and the agent, with commands run in sight of everyone.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use windlass_stage::{Kudos, Load};

use super::elsewhere::Elsewhere;
use super::scene::{command, say, scene};
use crate::agent::{self, Build};
use crate::paths;

/// How long a load may take to get going.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everything that the story needs. Dropping it removes what the story made.
pub(crate) struct Stage {
    kudos: Kudos,
    begun: Instant,
}

impl Stage {
    /// Builds the agent and the application, and sets the stage.
    pub(crate) fn set() -> Result<Self> {
        scene("Setting the stage", "The agent with its plugins, the kudos application, images made from scratch.");
        let binary = agent::build(Build::Tried)?;
        let application = agent::kudos()?;
        let begun = Instant::now();
        let kudos = Kudos::set("kudos", &binary, &application, &paths::root().join("docs/examples/kudos"))?;
        say(&format!(
            "a registry at {} with 7 images, and a host's directories below {}",
            kudos.registry(),
            kudos.host.root().display()
        ));
        Ok(Self { kudos, begun })
    }

    /// Runs a command; another exit code than the story's is an error.
    pub(crate) fn windlass(&self, arguments: &[&str], expected: i32) -> Result<()> {
        let line = format!("windlass {}", arguments.join(" "));
        command(&line);
        let status = self.kudos.host.command(arguments).status().context("cannot start the agent")?;
        let code = status.code().unwrap_or(-1);
        ensure!(code == expected, "`{line}` ended with {code}, and the story says {expected}");
        if code != 0 {
            say(&format!("exit code {code}"));
        }
        Ok(())
    }

    /// Deploys version 2 over SSH from a machine whose connection is cut meanwhile.
    pub(crate) fn meet_another_machine(&self) -> Result<()> {
        let mut elsewhere = Elsewhere::set(&self.kudos.host)?;
        elsewhere.ssh("", 0)?;
        elsewhere.cut(&["deploy", "kudos", "--set", "web=2", "--set", "backend=2"], "Applying")?;
        elsewhere.ssh("attach kudos", 0)?;
        elsewhere.ssh("freeze kudos --reason mine", 10)?;
        elsewhere.strike()
    }

    /// Leaves a thank-you.
    pub(crate) fn thank(&self, name: &str, message: &str) -> Result<()> {
        self.kudos.thank(name, message)
    }

    /// Shows the versions that the page tells, which must be the expected one.
    pub(crate) fn show_page(&self, version: &str) -> Result<()> {
        let versions = self.kudos.versions()?;
        say(&format!("{} says: {versions}", self.kudos.page()));
        ensure!(
            versions.contains(&format!("page version {version}, API version {version}")),
            "the story says that version {version} serves"
        );
        Ok(())
    }

    /// Makes sure that the page still shows a text.
    pub(crate) fn expect_on_page(&self, text: &str) -> Result<()> {
        ensure!(self.kudos.read()?.contains(text), "`{text}` is gone from the page");
        Ok(())
    }

    /// Starts clients that ask for the page all the time, and waits until they get answers.
    pub(crate) fn load(&self, answers: u64) -> Result<Load> {
        let load = Load::start(&self.kudos.page());
        ensure!(load.wait_for(answers, PATIENCE), "the page does not answer under load");
        Ok(load)
    }

    /// Removes everything, and says how long the story took.
    pub(crate) fn strike(self) -> Result<Duration> {
        self.kudos.remove()?;
        ensure!(self.kudos.objects()?.is_empty(), "something of the application is left in the engine");
        say("containers, networks, the volume, images and the registry are gone");
        Ok(self.begun.elapsed())
    }
}
