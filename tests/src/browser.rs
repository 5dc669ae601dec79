//! A real browser without a window: Chromium, asked over the protocol of its own tools. It says what a page looks like,
//! what it asks for and what it complains about.
//!
//! It has a network of its own, from which one port of this machine can be reached. On the machine's own, the networks of
//! other tests come and go, and at each change Chromium cuts its connections off.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long something of the browser is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// The browser speaks at the descriptors 3 and 4; what it writes elsewhere is not looked at.
const START: &str =
    "ip link set lo up && exec chromium --remote-debugging-pipe \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";

/// A browser with one page. Dropping it ends it.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<Value>,
    /// The page that is asked.
    session: Option<String>,
    number: u64,
    /// What it told without being asked.
    told: Vec<Value>,
    _profile: TempDir,
}

impl Browser {
    /// Starts it with an empty page. It reaches one port of this machine's loopback, and nothing else.
    ///
    /// # Errors
    /// When there is none, or it does not answer.
    pub fn open(port: u16) -> Result<Self> {
        let profile = TempDir::new()?;
        let mut child = Command::new("unshare")
            .args([
                "--net",
                "sh",
                "-c",
                START,
                "sh",
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let requests = child.stdin.take().context("no pipe for requests")?;
        let told = BufReader::new(child.stdout.take().context("no pipe for answers")?);
        let (sender, answers) = mpsc::channel();
        // Each message ends with a zero.
        thread::spawn(move || {
            let messages = told.split(0).map_while(Result::ok);
            messages
                .filter_map(|message| serde_json::from_slice(&message).ok())
                .try_for_each(|it| sender.send(it))
                .ok();
        });
        let mut browser =
            Self { child, requests, answers, session: None, number: 0, told: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let target = target.context("chromium does not answer: `cargo xtask setup` installs it")?;
        let attached = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", &attached)?;
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), &json!({}))?;
        }
        // It answered, so that it is in its network by now.
        pass_on(&File::open(format!("/proc/{}/ns/net", browser.child.id()))?, port)?;
        Ok(browser)
    }

    /// Asks it something and gives its answer; what it tells meanwhile is kept.
    fn call(&mut self, method: &str, parameters: &Value) -> Result<Value> {
        self.number += 1;
        let mut request = json!({ "id": self.number, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            request["sessionId"] = json!(session);
        }
        write!(self.requests, "{request}\0")?;
        self.requests.flush()?;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let message = self.read()?;
            if message["id"] == self.number {
                ensure!(message.get("error").is_none(), "{method}: {message}");
                return Ok(message["result"].clone());
            }
            self.told.push(message);
        }
        bail!("no answer to {method}")
    }

    fn read(&mut self) -> Result<Value> {
        self.answers.recv_timeout(PATIENCE).context("the browser is silent")
    }

    /// Goes to an address and waits until it is loaded. What was told before is forgotten.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub fn visit(&mut self, address: &str) -> Result<()> {
        self.told.clear();
        let gone = self.call("Page.navigate", &json!({ "url": address }))?;
        ensure!(gone.get("errorText").is_none(), "{address}: {gone}");
        let loaded = |told: &Value| told["method"] == "Page.loadEventFired";
        while !self.told.iter().any(loaded) {
            let message = self.read()?;
            self.told.push(message);
        }
        Ok(())
    }

    /// The value of an expression on the page.
    ///
    /// # Errors
    /// When it has none.
    pub fn value(&mut self, expression: &str) -> Result<Value> {
        let answer = json!({ "expression": expression, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", &answer)?;
        ensure!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        Ok(answer["result"]["value"].clone())
    }

    /// Waits until an expression is true on the page.
    ///
    /// # Errors
    /// When it does not become true.
    pub fn until(&mut self, expression: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            // Between two pages there is none.
            if self.value(expression).is_ok_and(|value| value == true) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let text = self.value("document.body.innerText")?;
        bail!("`{expression}` does not become true; the page says:\n{text}")
    }

    /// Looks at pages so wide, in the light or in the dark.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn look(&mut self, width: u32, dark: bool) -> Result<()> {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", &size)?;
        let scheme = if dark { "dark" } else { "light" };
        let scheme = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", &scheme).map(drop)
    }

    /// Runs scripts of pages, or runs none.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn run_scripts(&mut self, yes: bool) -> Result<()> {
        self.call("Emulation.setScriptExecutionDisabled", &json!({ "value": !yes })).map(drop)
    }

    /// By how many points the page is wider than the window.
    ///
    /// # Errors
    /// When there is no page.
    pub fn overflow(&mut self) -> Result<i64> {
        let value = self.value("document.documentElement.scrollWidth - document.documentElement.clientWidth")?;
        value.as_i64().context("a width")
    }

    /// What the page complained about since the last visit: errors and warnings of the console, exceptions of scripts, and
    /// what its policy forbade.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn complaints(&mut self) -> Result<Vec<String>> {
        // What was told before this answer is known with it.
        self.value("1")?;
        let is_complaint = |told: &&Value| match told["method"].as_str().unwrap_or_default() {
            "Runtime.exceptionThrown" => true,
            "Log.entryAdded" => {
                told["params"]["entry"]["level"] != "info" && told["params"]["entry"]["level"] != "verbose"
            }
            "Runtime.consoleAPICalled" => told["params"]["type"] == "error" || told["params"]["type"] == "warning",
            _ => false,
        };
        Ok(self.told.iter().filter(is_complaint).map(|told| told["params"].to_string()).collect())
    }

    /// The addresses that were asked for since the last visit.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn requests(&mut self) -> Result<Vec<String>> {
        self.value("1")?;
        let asked = self.told.iter().filter(|told| told["method"] == "Network.requestWillBeSent");
        Ok(asked.filter_map(|told| told["params"]["request"]["url"].as_str().map(str::to_owned)).collect())
    }

    /// Takes a picture of the whole page.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn picture(&mut self, path: &Path) -> Result<()> {
        let picture = self.call("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }))?;
        let picture = picture["data"].as_str().context("a picture")?;
        Ok(fs::write(path, base64::engine::general_purpose::STANDARD.decode(picture)?)?)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends the processes that it started. Nobody is left to hear what goes wrong.
        self.session = None;
        self.call("Browser.close", &json!({})).ok();
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Passes on what is asked of a port in a network to the same port of this machine, as long as the test runs.
fn pass_on(network: &File, port: u16) -> Result<()> {
    let listen = || -> io::Result<TcpListener> {
        move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))?;
        TcpListener::bind(("127.0.0.1", port))
    };
    // Only the thread that binds is in that network, and it ends.
    let listener = thread::scope(|scope| scope.spawn(listen).join()).ok().context("the thread broke")??;
    thread::spawn(move || {
        for asking in listener.incoming().flatten() {
            if let Ok(asked) = TcpStream::connect(("127.0.0.1", port)) {
                both_ways(&asking, &asked).ok();
            }
        }
    });
    Ok(())
}

/// Copies what each of the two says to the other, until it ends.
fn both_ways(one: &TcpStream, other: &TcpStream) -> io::Result<()> {
    for (from, to) in [(one, other), (other, one)] {
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        thread::spawn(move || {
            io::copy(&mut from, &mut to).ok();
            to.shutdown(Shutdown::Write).ok();
        });
    }
    Ok(())
}
