//! `cargo xtask demo`: a real application is released, updated, refused, broken and put back.
//!
//! Everything is real: the engine, the registry, the images, the requests. Every command that is shown is the one
//! that ran, and a scene that does not end as the story says ends the demonstration with an error.

mod elsewhere;
mod scene;
mod stage;

use std::time::Duration;

use anyhow::Result;

use crate::setup::{self, Need};
use scene::{say, scene};
use stage::Stage;

/// How many answers are waited for before the update begins, so that the load is really there.
const WARM_UP: u64 = 40;

/// Tells the story.
pub(crate) fn run() -> Result<()> {
    setup::ensure(&[Need::Wasm, Need::Engine, Need::Registry, Need::Ssh])?;
    let stage = Stage::set()?;

    scene("The first release", "Version 1 of a page, an API with a database, and an edge in front. Nothing runs yet.");
    stage.windlass(&["plan", "kudos"], 0)?;
    stage.windlass(&["deploy", "kudos"], 0)?;
    stage.thank("Ada", "for the first release")?;
    stage.show_page("1")?;

    scene("The same release again", "Nothing differs, so nothing is touched.");
    stage.windlass(&["deploy", "kudos"], 0)?;

    scene("An update under load", "Version 2, while clients ask for the page all the time.");
    let load = stage.load(WARM_UP)?;
    stage.windlass(&["deploy", "kudos", "--set", "web=2", "--set", "backend=2"], 0)?;
    let served = load.stop();
    say(&format!(
        "{} requests were answered during the update, {} failed; the slowest took {} ms",
        served.good,
        served.failed,
        served.slowest.as_millis()
    ));
    if let Some(failure) = &served.first_failure {
        say(&format!("the first failure: {failure}"));
    }
    stage.show_page("2")?;

    scene("A version that does not exist", "Someone mistypes a tag. Nothing is touched.");
    stage.windlass(&["deploy", "kudos", "--set", "web=2", "--set", "backend=22"], 17)?;
    stage.show_page("2")?;

    scene("A broken version", "Version 3's API starts well and then turns unhealthy. Version 2 is put back by itself.");
    stage.windlass(&["deploy", "kudos", "--set", "web=3", "--set", "backend=3"], 11)?;
    stage.show_page("2")?;

    scene("Back to version 1, on request", "A rollback is an ordinary deployment of an earlier release.");
    stage.windlass(&["rollback", "kudos", "--to", "1"], 0)?;
    stage.show_page("1")?;
    stage.expect_on_page("for the first release")?;
    say("Ada's thank-you is still there: the data outlived every version");

    scene(
        "From another machine",
        "A machine with a network of its own, and a key that can do nothing but deploy. The cable is pulled in the middle.",
    );
    stage.meet_another_machine()?;
    stage.show_page("2")?;

    scene("What happened", "");
    stage.windlass(&["history", "kudos"], 0)?;
    stage.windlass(&["show", "kudos"], 0)?;
    stage.windlass(&["audit", "verify"], 0)?;

    scene("The end", "Everything that this demonstration made is removed.");
    let took = stage.strike()?;
    say(&format!("the story took {} s", took.max(Duration::from_secs(1)).as_secs()));
    Ok(())
}
