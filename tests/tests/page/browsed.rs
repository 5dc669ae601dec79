//! The page in Chromium: it is shown without a complaint, asks for nothing elsewhere, fits a telephone, follows a deployment
//! without being loaded again, and does all that it must without a script.
//!
//! `WINDLASS_TEST_PICTURES` names a directory for pictures of what is seen.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use windlass_tests::{Browser, Resident, expect};

use super::Paged;

/// Looks at a page as a telephone and a screen show it, in the light and in the dark.
fn look(browser: &mut Browser, address: &str, name: &str) -> Result<()> {
    for (width, dark) in [(390, false), (390, true), (1280, false), (1280, true)] {
        browser.look(width, dark)?;
        browser.visit(address)?;
        ensure!(browser.overflow()? <= 0, "{name} is wider than {width} points");
        let complaints = browser.complaints()?;
        ensure!(complaints.is_empty(), "{name}: {complaints:#?}");
        if let Some(pictures) = std::env::var_os("WINDLASS_TEST_PICTURES") {
            let shade = if dark { "dark" } else { "light" };
            browser.picture(&PathBuf::from(pictures).join(format!("{name}-{width}-{shade}.png")))?;
        }
    }
    Ok(())
}

#[test]
fn a_page_follows_a_deployment_without_being_loaded_again() -> Result<()> {
    let paged = Paged::running("browsed", "")?;
    let agent = Resident::start(&paged.small, &[])?;
    let mut browser = Browser::open(paged.port)?;
    browser.look(390, false)?;
    browser.visit(&paged.address("/"))?;
    browser.until("document.getElementById('live').textContent === 'live'")?;
    // What a page that is loaded again loses.
    browser.value("window.same = true")?;

    let caller = paged.begin_waiting()?;
    let id = paged.last()?;
    browser.until("document.querySelector('main').innerText.includes('deploying')")?;
    ensure!(browser.value("window.same")? == true, "it was loaded again");
    look(&mut browser, &paged.address("/"), "overview")?;

    look(&mut browser, &paged.address(&format!("/deployments/{id}")), "running")?;
    browser.until("document.getElementById('live').textContent === 'live'")?;
    browser.until("document.querySelector('main').innerText.includes('running')")?;
    // What a reader opened stays open while the page changes.
    browser.value("window.same = true; document.querySelector('details').open = true; scrollTo(0, 120)")?;
    paged.tell()?;
    expect(caller.end()?, 0)?;
    browser.until("document.querySelector('.outcome').innerText.includes('succeeded')")?;
    ensure!(browser.value("window.same && document.querySelector('details').open")? == true, "it was loaded again");
    ensure!(browser.value("scrollY")? == 120, "it moved under the reader");
    ensure!(browser.value("document.title.includes('succeeded')")? == true, "the title is the old one");
    let asked = browser.requests()?;
    let own = paged.address("/");
    let elsewhere: Vec<_> = asked.iter().filter(|it| !it.starts_with(&own) && !it.starts_with("data:")).collect();
    ensure!(elsewhere.is_empty() && asked.iter().any(|it| it.ends_with("/events")), "{asked:?}");
    let complaints = browser.complaints()?;
    ensure!(complaints.is_empty(), "{complaints:#?}");
    agent.end().map(drop)
}

#[test]
fn a_page_is_whole_without_scripts_and_in_a_file() -> Result<()> {
    let paged = Paged::running("browsed-off", "")?;
    let root = paged.small.host.root().to_owned();
    let operator = std::fs::read_to_string(root.join("agent.toml"))?;
    std::fs::write(root.join("agent.toml"), format!("{operator}{}", Paged::grant(paged.small.port)))?;
    let agent = Resident::start(&paged.small, &[])?;
    paged.demand()?;
    paged.small.version("2")?;
    expect(paged.small.deploy(&["--reason", "<img src=http://192.0.2.1/x> and a word as long as this one: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"])?, 11)?;
    let id = paged.last()?;
    let name = paged.small.name.clone();
    let file = root.join("report.html");
    expect(paged.small.host.run(["report", &name, "--out", &file.display().to_string()])?, 0)?;

    let mut browser = Browser::open(paged.port)?;
    let address = paged.address(&format!("/deployments/{id}"));
    look(&mut browser, &address, "rolled-back")?;
    look(&mut browser, &paged.address(&format!("/applications/{name}")), "application")?;
    look(&mut browser, &format!("file://{}", file.display()), "report")?;
    let asked = browser.requests()?;
    ensure!(asked.iter().all(|it| it.starts_with("file:") || it.starts_with("data:")), "{asked:?}");

    browser.run_scripts(false)?;
    look(&mut browser, &address, "rolled-back-without-scripts")?;
    for word in ["rolled back", "Timeline", "undo", "answered 404"] {
        let has = browser.value(&format!("document.body.innerText.includes({word:?})"))?;
        ensure!(has == true, "`{word}` is not there without scripts");
    }
    // While something runs, the page is loaded again by itself.
    browser.visit(&paged.address("/"))?;
    paged.small.write("release.toml", paged.small.release())?;
    let caller = paged.begin_waiting()?;
    let id = paged.last()?;
    browser.visit(&paged.address(&format!("/deployments/{id}")))?;
    paged.tell()?;
    expect(caller.end()?, 0)?;
    browser.until("document.querySelector('.outcome').innerText.includes('succeeded')")?;
    agent.end().map(drop)
}
