//! A stack of three repositories: calendar versions, CI of each, production branches, and those who are told.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use windlass_github_stand_in::GitHub;
use windlass_stage::{Images, Registry};

use crate::examples::ground::{Ground, page, registry};

const TOKEN: &str = "ghp_0123456789abcdefTHETOKEN";
const HOOK: &str = "T0/B0/the-address-that-nobody-may-see";

/// Where the chat's messages go: a server that remembers what it was sent, and ends with the process.
struct Chat {
    address: String,
    messages: Arc<Mutex<Vec<String>>>,
}

impl Chat {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let messages = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&messages);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                take(&stream, &all);
            }
        });
        Self { address, messages }
    }

    fn last(&self) -> String {
        self.messages.lock().unwrap().last().cloned().unwrap_or_default()
    }
}

fn take(stream: &TcpStream, messages: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line).ok()?;
    let known = line.contains(&format!("/services/{HOOK} "));
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? <= 2 {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    messages.lock().unwrap().push(String::from_utf8(body).ok()?);
    let status = if known { "200 OK" } else { "404 Not Found" };
    let mut stream = stream;
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").ok()
}

fn sha(repository: char, number: u32) -> String {
    format!("{repository}{number:039x}")
}

/// Everything that the release needs around it.
struct Stack {
    ground: Ground,
    github: GitHub,
    chat: Chat,
    /// Commits of the stack's own repository, the oldest first.
    commits: Vec<String>,
    _registry: Registry,
    _images: Images,
}

impl Stack {
    fn set() -> Self {
        let images = [
            ("backend", "latest", ""),
            ("frontend", "latest", ""),
            ("backend", "2026.02.3", ""),
            ("backend", "2026.02.4", "crash"),
            ("backend", "2026.02.5", ""),
            ("backend", "hotfix", ""),
            ("frontend", "2026.01.7", ""),
        ];
        let (registry, images) = registry("stack", &images);
        let (github, chat) = (GitHub::start().unwrap(), Chat::start());
        let mut ground = Ground::new("stack", "stack");
        ground.host.secret("github", TOKEN).unwrap();
        ground.host.secret("slack", HOOK).unwrap();
        ground.server("https://api.github.com", github.api());
        ground.server("https://hooks.slack.com", &chat.address);
        ground.replace("token = \"github\"", format!("token = \"github\"\napi = \"{}\"", github.api()));
        ground.replace("interval = \"15s\"", "interval = \"200ms\"");
        ground.replace("STACK_PORT = \"8080\"", format!("STACK_PORT = \"{}\"", ground.port));
        ground.replace("http://127.0.0.1:8080", format!("http://127.0.0.1:{}", ground.port));
        ground.replace("registry.example.org", registry.address());
        ground.lay_out();
        let production = ground.host.root().join("agent.toml");
        let text = fs::read_to_string(&production).unwrap();
        let text = format!("{text}\n[registries.\"{}\"]\nplain-http = true\n", registry.address());
        fs::write(&production, &text).unwrap();
        let staging = text.replace("\"production\"", "\"staging\"").replace("/state\"", "/state-staging\"");
        fs::write(ground.host.root().join("staging.toml"), staging).unwrap();
        let commits: Vec<String> = (1..=3).map(|number| sha('a', number)).collect();
        history(&github, &commits);
        Self { ground, github, chat, commits, _registry: registry, _images: images }
    }

    /// Deploys to production.
    #[track_caller]
    fn deploy(&self, code: i32, commit: &str, more: &[&str]) -> String {
        let arguments = ["deploy", self.ground.name.as_str(), "--commit", commit];
        let arguments: Vec<&str> = arguments.iter().chain(more).copied().collect();
        let run = self.ground.run(code, &arguments);
        let told = format!("{}\n{}", run.stdout, run.stderr);
        assert!(!told.contains(TOKEN) && !told.contains(HOOK), "a secret is told: {told}");
        told
    }

    /// The issues that announce releases.
    fn announced(&self) -> Vec<Value> {
        let issues = self.github.state().repositories["acme/stack"].issues.clone();
        issues.into_iter().filter(|issue| issue["title"].as_str().unwrap_or_default().starts_with("Release")).collect()
    }
}

/// What GitHub knows of the three repositories. The front end's CI has not ended yet.
fn history(github: &GitHub, commits: &[String]) {
    let mut state = github.state();
    state.tokens.insert(TOKEN.to_owned());
    let repository = state.repository("acme/stack");
    repository.line("main", &[&commits[0], &commits[1], &commits[2]]);
    repository.line("production", &[&commits[0], &commits[1]]);
    repository.message(&commits[0], "begin");
    repository.message(&commits[1], "orders are kept, see #1");
    repository.issue("orders are lost", "");
    repository.people.insert("ada".to_owned());
    for (tag, commit) in ["2026.02.1", "2026.02.2", "2026.02.3"].iter().zip(commits) {
        repository.tag(tag, commit);
        repository.status(commit, "end-to-end", "success");
    }
    for (name, tags) in [("backend", &["2026.02.3", "2026.02.4", "2026.02.5"][..]), ("frontend", &["2026.01.7"])] {
        let letter = if name == "backend" { 'b' } else { 'f' };
        let commits: Vec<String> = (1..).map(|number| sha(letter, number)).take(tags.len()).collect();
        let repository = state.repository(&format!("acme/{name}"));
        let line: Vec<&str> = commits.iter().map(String::as_str).collect();
        repository.line("production", &line);
        for (tag, commit) in tags.iter().zip(&commits) {
            repository.tag(tag, commit);
            repository.status(commit, "test", "success");
        }
    }
    state.repository("acme/frontend").status(&sha('f', 1), "test", "pending");
    let backend = state.repository("acme/backend");
    backend.message(&sha('b', 3), "Keep orders that arrive on Sundays @everyone <b>now</b>");
}

#[test]
fn versions_go_to_production_from_their_branches_when_ci_has_said_yes() {
    let set = Stack::set();
    let (ground, github, chat, stack) = (&set.ground, &set.github, &set.chat, &set.commits);
    let name = ground.name.as_str();
    let deploy = |code: i32, commit: &str, more: &[&str]| set.deploy(code, commit, more);

    // Staging takes what is newest.
    let latest = ["deploy", name, "--set", "backend=latest", "--set", "frontend=latest"];
    ground.run_as("staging.toml", 0, &latest);
    assert!(page(ground.port, "/").contains("API version latest"));
    assert!(chat.last().contains("staging"), "{}", chat.last());

    // What is no version is built, and not deployed to production.
    let before = ground.containers();
    assert!(deploy(10, &stack[0], &["--set", "backend=hotfix"]).contains("hotfix"));
    assert!(deploy(10, &stack[0], &["--set", "backend=latest"]).contains("latest"));
    assert_eq!(ground.containers(), before, "nothing was touched");

    // The release waits for the front end's CI.
    let asked = github.state().asked.len();
    thread::scope(|scope| {
        scope.spawn(|| {
            let began = Instant::now();
            let polls = || {
                let state = github.state();
                let status = state.asked.iter().skip(asked).filter(|asked| asked.contains("acme/frontend"));
                status.filter(|asked| asked.contains("/status")).count()
            };
            while polls() < 2 {
                assert!(began.elapsed() < Duration::from_mins(2), "nobody asks GitHub");
                thread::sleep(Duration::from_millis(20));
            }
            github.state().repository("acme/frontend").status(&sha('f', 1), "test", "success");
        });
        deploy(0, &stack[0], &[]);
    });
    assert!(page(ground.port, "/").contains("API version 2026.02.3"));
    assert!(ground.run(0, &["status", name]).stdout.contains("2026.02.1"));
    assert!(chat.last().contains("2026.02.1") && chat.last().contains("production"), "{}", chat.last());

    // A stack whose commit is not on the production branch, and a back end whose CI failed.
    let place = ground.host.application(name);
    fs::write(place.join("VERSION"), "2026.02.3\n").unwrap();
    assert!(deploy(10, &stack[2], &["--set", "backend=2026.02.5"]).contains("does not contain"));
    // Also where not one container would change.
    assert!(deploy(10, &stack[2], &[]).contains("does not contain"));
    fs::write(place.join("VERSION"), "2026.02.2\n").unwrap();
    github.state().repository("acme/backend").status(&sha('b', 3), "test", "failure");
    assert!(deploy(10, &stack[1], &["--set", "backend=2026.02.5"]).contains("test"));

    // A version that crashes is put back, and the chat is told that.
    deploy(11, &stack[1], &["--set", "backend=2026.02.4"]);
    assert!(page(ground.port, "/").contains("API version 2026.02.3"));
    assert!(chat.last().contains("rolled back") || chat.last().contains("rolled-back"), "{}", chat.last());

    // The next good one.
    github.state().repository("acme/backend").status(&sha('b', 3), "test", "success");
    deploy(0, &stack[1], &["--set", "backend=2026.02.5"]);
    assert!(page(ground.port, "/").contains("API version 2026.02.5"));
    assert!(ground.run(0, &["status", name]).stdout.contains("2026.02.2"));

    // Each release that succeeded is an issue with what changed; nothing else is.
    let issues = set.announced();
    let titles: Vec<&str> = issues.iter().map(|issue| issue["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Release 2026.02.1", "Release 2026.02.2"]);
    assert_eq!(issues[1]["assignees"][0]["login"], "ada", "{}", issues[1]);
    let notes = issues[1]["body"].as_str().unwrap();
    assert!(
        notes.contains("orders are kept, see #1") && notes.contains("Keep orders that arrive on Sundays"),
        "{notes}"
    );
    assert!(!notes.contains(" @everyone") && !notes.contains("<b>"), "{notes}");
    let state = github.state();
    let statuses: Vec<&Value> = state.repositories["acme/stack"].deployment_statuses.values().flatten().collect();
    assert!(statuses.iter().any(|status| status["state"] == "failure"), "the crash is told: {statuses:?}");
}
