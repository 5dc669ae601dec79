//! Recorders whose server is away, slow, overrun, or never answers: a deployment is good all the same, and every event is
//! told at least once, in order, with its key.

#![expect(clippy::unwrap_used, reason = "a lock that a panic broke is a failed test")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use windlass_stage::Live;
use windlass_tests::{Resident, Small, expect};

/// What the server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// 200.
    Well,
    /// 500.
    Broken,
    /// 429 with an hour to wait.
    Overrun,
    /// 422: it will never take this.
    Refusing,
    /// Nothing, until it is well again.
    Silent,
}

#[derive(Debug)]
struct Shared {
    mood: Mutex<Mood>,
    changed: Condvar,
    /// The idempotency key and the sequence number of each event that arrived whole.
    arrived: Mutex<Vec<(String, String)>>,
    arrival: Condvar,
}

/// A server on loopback that ends with the process.
struct Ledger {
    address: String,
    shared: Arc<Shared>,
}

impl Ledger {
    fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared {
            mood: Mutex::new(Mood::Well),
            changed: Condvar::new(),
            arrived: Mutex::default(),
            arrival: Condvar::new(),
        });
        let all = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let all = Arc::clone(&all);
                thread::spawn(move || answer(&stream, &all));
            }
        });
        Ok(Self { address, shared })
    }

    fn mood(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
        self.shared.changed.notify_all();
    }

    fn arrived(&self) -> Vec<(String, String)> {
        self.shared.arrived.lock().unwrap().clone()
    }

    /// Waits until so many events arrived.
    fn wait_for(&self, count: usize) -> Result<()> {
        let arrived = self.shared.arrived.lock().unwrap();
        let patience = Duration::from_mins(1);
        let (arrived, _) = self.shared.arrival.wait_timeout_while(arrived, patience, |all| all.len() < count).unwrap();
        ensure!(arrived.len() >= count, "only {} events arrived", arrived.len());
        Ok(())
    }
}

fn answer(stream: &TcpStream, shared: &Shared) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut line, mut length, mut key) = (String::new(), 0, String::new());
    reader.read_line(&mut line).ok()?;
    let sequence = line.split(['/', ' ']).nth(3)?.to_owned();
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? <= 2 {
            break;
        }
        let (name, value) = line.trim().split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "idempotency-key" => value.trim().clone_into(&mut key),
            _ => {}
        }
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    shared.arrived.lock().unwrap().push((key, sequence));
    shared.arrival.notify_all();
    let mood = *shared.mood.lock().unwrap();
    let (status, extra) = match mood {
        Mood::Well => ("200 OK", ""),
        Mood::Broken => ("500 Internal Server Error", ""),
        Mood::Refusing => ("422 Unprocessable Content", ""),
        Mood::Overrun => ("429 Too Many Requests", "retry-after: 3600\r\n"),
        Mood::Silent => {
            let mood = shared.mood.lock().unwrap();
            drop(shared.changed.wait_while(mood, |mood| *mood == Mood::Silent).unwrap());
            return None;
        }
    };
    let mut stream = stream;
    write!(stream, "HTTP/1.1 {status}\r\n{extra}content-length: 0\r\nconnection: close\r\n\r\n").ok()
}

fn ledger(name: &str, timeout: &str) -> Result<(Small, Ledger)> {
    let (small, ledger) = (Small::set(name)?, Ledger::start()?);
    small.operator(&format!(
        "[[grants]]\nplugin = \"recorder-webhook\"\nhttp = [{{ to = \"{}\", addresses = [\"127.0.0.1/32\"] }}]\n",
        ledger.address
    ))?;
    let recorder = format!(
        "\n[recorders.ledger]\nplugin = \"recorder-webhook\"\nwith = {{ url = \"{}/deployments/{{sequence}}\", timeout = \"{timeout}\" }}\n",
        ledger.address
    );
    small.write("release.toml", format!("{}{recorder}", small.release()))?;
    Ok((small, ledger))
}

fn sequences(arrived: &[(String, String)]) -> Vec<&str> {
    arrived.iter().map(|(_, sequence)| sequence.as_str()).collect()
}

#[test]
fn what_a_broken_or_overrun_server_was_not_told_is_told_in_order() -> Result<()> {
    let (small, ledger) = ledger("ledger", "10s")?;
    let name = small.name.as_str();
    ledger.mood(Mood::Broken);
    let broken = expect(small.deploy(&[])?, 0)?.stderr;
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = words(&broken);
    assert!(
        said.contains("delivery to the recorder `ledger` failed and will be retried") && said.contains("500"),
        "{broken}"
    );
    small.serves("1")?;
    small.version("2")?;
    // That nothing is told because it is not time yet is said, too: how many wait, since when, why, until when.
    let waiting = expect(small.deploy(&[])?, 0)?;
    for text in [words(&waiting.stderr), words(&waiting.stdout)] {
        for part in
            ["answered 500", "2 events wait since 20", "the next deployment after 20", "`windlass outbox flush`"]
        {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
    }
    assert_eq!(
        sequences(&ledger.arrived()),
        ["1"],
        "what comes later waits for what comes first, and that for its time"
    );

    ledger.mood(Mood::Overrun);
    let flushed = expect(small.host.run(["outbox", "flush", name])?, 15)?.stdout;
    assert!(flushed.contains("429"), "{flushed}");
    ledger.mood(Mood::Well);
    small.version("3")?;
    expect(small.deploy(&[])?, 0)?;
    assert_eq!(sequences(&ledger.arrived()), ["1", "1"], "an hour is not over");
    let status = expect(small.host.run(["status", name])?, 0)?.stdout;
    assert_eq!(status.matches("recorder ledger: delivery").count(), 3, "{status}");

    expect(small.host.run(["outbox", "flush"])?, 0)?;
    let arrived = ledger.arrived();
    assert_eq!(sequences(&arrived), ["1", "1", "1", "2", "3"]);
    assert_eq!(arrived[0].0, arrived[2].0, "the same event has the same key each time");
    assert_ne!(arrived[2].0, arrived[3].0);
    assert!(arrived.iter().all(|(key, _)| !key.is_empty()));
    small.serves("3")
}

#[test]
fn an_agent_that_stays_tells_what_is_due_without_a_command() -> Result<()> {
    let (small, ledger) = ledger("on-time", "10s")?;
    let operator = small.host.root().join("agent.toml");
    let text = std::fs::read_to_string(&operator)?;
    let socket = windlass_tests::socket(&small);
    std::fs::write(&operator, format!("{text}\n[agent]\nsocket = \"{}\"\n", socket.display()))?;
    let soon = [("WINDLASS_TEST_DELIVERY_DELAY", "1s")];
    let agent = Resident::start(&small, &soon)?;
    ledger.mood(Mood::Broken);
    expect(small.deploy(&[])?, 0)?;
    ledger.wait_for(2)?;
    ledger.mood(Mood::Well);
    until_told(&small)?;
    agent.end()?;
    let arrived = ledger.arrived();
    ensure!(arrived.iter().all(|(key, sequence)| key == &arrived[0].0 && sequence == "1"), "{arrived:?}");

    // What was left when the agent ended is told by the next one.
    ledger.mood(Mood::Broken);
    small.version("2")?;
    let alone = small.host.command(["deploy", &small.name]).env(soon[0].0, soon[0].1).output()?;
    ensure!(alone.status.success(), "{alone:?}");
    ledger.mood(Mood::Well);
    let agent = Resident::start(&small, &soon)?;
    until_told(&small)?;
    agent.end().map(drop)
}

/// Waits until no event waits.
fn until_told(small: &Small) -> Result<()> {
    let since = Instant::now();
    loop {
        let left = expect(small.host.run(["outbox", "list", "--json"])?, 0)?.stdout;
        if left.trim().is_empty() {
            return Ok(());
        }
        ensure!(since.elapsed() < Duration::from_mins(1), "{left}");
        thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_server_that_does_not_answer_holds_nothing_up_for_long() -> Result<()> {
    let (small, ledger) = ledger("silent", "500ms")?;
    ledger.mood(Mood::Silent);
    let told = expect(small.deploy(&[])?, 0)?.stderr;
    assert!(told.contains("delivery to the recorder `ledger` failed"), "{told}");
    small.serves("1")?;
    ledger.mood(Mood::Well);
    expect(small.host.run(["outbox", "flush"])?, 0)?;
    assert_eq!(sequences(&ledger.arrived()), ["1", "1"]);
    Ok(())
}

#[test]
fn an_agent_that_is_killed_in_the_middle_of_telling_tells_again() -> Result<()> {
    let (small, ledger) = ledger("unheard", "60s")?;
    let name = small.name.as_str();
    ledger.mood(Mood::Silent);
    let live = Live::start(&mut small.host.command(["deploy", name]))?;
    ledger.wait_for(1)?;
    live.signal("KILL")?;
    let run = live.end().context("it ends")?;
    ensure!(run.code != 0, "it was killed");
    ledger.mood(Mood::Well);

    // The deployment is decided; what is left of it is to tell, which the next command does.
    let resumed = expect(small.host.run(["resume", name])?, 0)?;
    assert!(resumed.stdout.contains("succeeded"), "{}", resumed.stdout);
    let arrived = ledger.arrived();
    assert_eq!(sequences(&arrived), ["1", "1"]);
    assert_eq!(arrived[0].0, arrived[1].0, "whoever is told twice can tell");
    assert_eq!(expect(small.host.run(["outbox", "list"])?, 0)?.stdout, "every recorder has received every event\n");
    small.serves("1")?;
    Ok(())
}

#[test]
fn what_a_server_refuses_for_good_is_set_aside_loudly_and_later_deployments_are_told() -> Result<()> {
    let (small, ledger) = ledger("refused", "10s")?;
    let name = small.name.as_str();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    ledger.mood(Mood::Refusing);
    let run = expect(small.deploy(&[])?, 0)?;
    small.serves("1")?;
    assert!(words(&run.stderr).contains("NOT TOLD the recorder `ledger` rejected deployment"), "{}", run.stderr);
    assert!(words(&run.stdout).contains("not recorded: recorder ledger rejected deployment"), "{}", run.stdout);

    ledger.mood(Mood::Well);
    small.version("2")?;
    let run = expect(small.deploy(&["--json"])?, 0)?;
    assert_eq!(sequences(&ledger.arrived()), ["1", "2"], "it is told once, and what comes later is told as well");
    let last: serde_json::Value = serde_json::from_str(run.stdout.lines().last().context("no answer")?)?;
    assert_eq!(last["outbox"][0]["state"], "set-aside", "{last}");
    assert_eq!((&last["records"][0]["state"], last["outbox"].as_array().map(Vec::len)), (&"told".into(), Some(1)));
    let summary = last["records"][0]["summary"].as_str().context("no summary")?;
    assert!(summary.contains("which answered 200"), "{summary}");

    // Until a person says something about it.
    let number = last["outbox"][0]["number"].to_string();
    for arguments in [&["status", name][..], &["outbox", "list"], &["doctor"]] {
        let run = small.host.run(arguments)?;
        assert!(words(&run.stdout).contains("422"), "{arguments:?}: {}", run.stdout);
    }
    let listed = expect(small.host.run(["outbox", "list", name])?, 0)?.stdout;
    assert!(listed.starts_with("set aside: each needs a decision\n"), "{listed}");
    expect(small.host.run(["outbox", "flush"])?, 15)?;
    let retried = expect(small.host.run(["outbox", "retry", &number])?, 10)?.stderr;
    let said = words(&retried);
    assert!(said.contains("the older record would take the place of the newer one"), "{retried}");
    assert!(said.contains("(it is `unchanged`): the recorder looks, and repairs its record"), "{retried}");

    expect(small.host.run(["outbox", "drop", &number, "--reason", "the ledger needs no first entry"])?, 0)?;
    assert!(!expect(small.host.run(["status", name])?, 0)?.stdout.contains("not recorded"));
    expect(small.host.run(["audit", "verify"])?, 0)?;
    assert_eq!(sequences(&ledger.arrived()), ["1", "2"]);
    Ok(())
}

#[test]
fn what_was_set_aside_is_told_again_while_nothing_later_was() -> Result<()> {
    let (small, ledger) = ledger("requeued", "10s")?;
    ledger.mood(Mood::Refusing);
    expect(small.deploy(&[])?, 0)?;
    ledger.mood(Mood::Well);
    expect(small.host.run(["outbox", "retry", "7"])?, 17)?;
    let waits = expect(small.host.run(["outbox", "retry", "1"])?, 0)?.stdout;
    assert!(waits.starts_with("waiting, and told in this order\n"), "{waits}");
    expect(small.host.run(["outbox", "flush"])?, 0)?;
    assert_eq!(sequences(&ledger.arrived()), ["1", "1"]);
    expect(small.host.run(["audit", "verify"])?, 0)?;
    Ok(())
}
