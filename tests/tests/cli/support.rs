//! What the tests of the command line share: the binary, a host's directories, and output as text. What is deployed on
//! such a host is in [`super::shop`].

use std::cell::Cell;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use regex::Regex;
use windlass_stage::{Host, Run};

/// What is another one in each run or on each machine, and the word that stands for it. The agent has wrapped its lines and
/// aligned its tables before that.
const CHANGING: &[(&str, &str)] = &[
    (r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
    (r" on \S+ at \[TIME\]", " on [MACHINE] at [TIME]"),
    (r#""host":( ?)"[^"]*""#, r#""host":$1"[MACHINE]""#),
    (r"\b\d+(\.\d)? [KMGT]iB free\b", "[SIZE] free"),
    (r"\b\d+\.\ds\b", "[TOOK]"),
    (r"\b\d+m \d\ds\b", "[TOOK]"),
    // How wide a column of them is depends on the slowest.
    (r" {2,}(took  |\[TOOK\])", "  $1"),
    (r#""((?:undo-)?took)":\d+"#, r#""$1":[TOOK]"#),
    (r"\brun\d\d-\d{6}\b", "[ID]"),
    (r"\b[0-9a-f]{64}\b", "[DIGEST]"),
    (r"\b[0-9a-f]{12}\b", "[DIGEST]"),
    (r"\bsigned by RW\S{54}", "signed by [KEY]"),
    (r"\blocal user \d+\b", "local user [UID]"),
    (r#""uid":\d+"#, r#""uid":[UID]"#),
    (r"\b127\.0\.0\.1:\d{4,5}\b", "127.0.0.1:[PORT]"),
];

/// A host without an engine.
pub(crate) struct Stage {
    /// Its directories and the binary.
    pub host: Host,
    /// How many commands were run, so that each gives its deployments other ids.
    runs: Cell<u32>,
    /// Removed at the end.
    root: tempfile::TempDir,
}

/// The `windlass` binary: what `cargo xtask test` built, or the one beside the test's own executable.
pub(crate) fn binary() -> PathBuf {
    if let Some(binary) = std::env::var_os("WINDLASS_BINARY") {
        return PathBuf::from(binary);
    }
    let test = std::env::current_exe().unwrap();
    let binary = test.parent().and_then(std::path::Path::parent).unwrap().join("windlass");
    assert!(binary.is_file(), "run `cargo build -p windlass` first: there is no {}", binary.display());
    binary
}

impl Stage {
    /// A host with empty directories and no `agent.toml`.
    pub(crate) fn new() -> Self {
        // Paths of one length everywhere, because the agent wraps its lines.
        let root = tempfile::Builder::new().tempdir_in("/tmp").unwrap();
        let host = Host::new(&binary(), root.path()).unwrap();
        Self { host, runs: Cell::new(0), root }
    }

    /// A host on which a program is installed that may be exchanged.
    pub(crate) fn installed(installed: &std::path::Path) -> Self {
        let root = tempfile::Builder::new().tempdir_in("/tmp").unwrap();
        let program = root.path().join("usr/bin/windlass");
        std::fs::create_dir_all(program.parent().unwrap()).unwrap();
        std::fs::hard_link(installed, &program).unwrap();
        let host = Host::new(&program, root.path()).unwrap();
        Self { host, runs: Cell::new(0), root }
    }

    /// Writes `agent.toml`.
    pub(crate) fn agent(&self, text: &str) {
        std::fs::write(self.host.root().join("agent.toml"), text).unwrap();
    }

    /// Writes an application's `release.toml`.
    pub(crate) fn release(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.host.application(name)).unwrap();
        std::fs::write(self.host.application(name).join("release.toml"), text).unwrap();
    }

    /// Writes an `agent.toml` that is right, for an engine that is not running.
    pub(crate) fn configured(&self) {
        self.host
            .configure(
                "environment = \"uat\"\nstate-directory = \"/var/lib/windlass\"\n\n\
                 [docker]\nendpoint = \"unix:///nowhere/docker.sock\"\n",
            )
            .unwrap();
    }

    /// Runs a command line as ada types it, and gives all that she sees. Blanks part its words, except between single
    /// quotes.
    pub(crate) fn tell(&self, line: &str) -> String {
        self.tell_with(line, "")
    }

    /// The same with a text on standard input.
    pub(crate) fn tell_with(&self, line: &str, input: &str) -> String {
        self.runs.set(self.runs.get() + 1);
        let mut command = self.host.command(words(line));
        command.env("USER", "ada").env_remove("SUDO_USER");
        command.env("WINDLASS_TEST_UPDATE_USER", "any");
        command.env("WINDLASS_TEST_IDS", format!("run{:02}-", self.runs.get()));
        let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = streams.spawn().unwrap();
        // It may end without reading.
        child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
        self.shown(&Run::from(child.wait_with_output().unwrap()))
    }

    /// All that a person sees of a run, with the host's directory as `[HOST]` and a word for what always changes.
    fn shown(&self, run: &Run) -> String {
        let text = |heading: &str, text: &str| match text {
            "" => String::new(),
            text => format!("--- {heading}\n{text}"),
        };
        let all = format!("exit {}\n{}{}", run.code, text("stdout", &run.stdout), text("stderr", &run.stderr));
        let all = all.replace(&self.root.path().display().to_string(), "[HOST]");
        let all = all.replace(&binary().display().to_string(), "/usr/bin/windlass");
        CHANGING.iter().fold(all, |all, (changing, word)| Regex::new(changing).unwrap().replace_all(&all, *word).into())
    }

    /// Every command of the binary, itself first and without a name, as the help of each names those below it.
    pub(crate) fn commands(&self) -> Vec<Command> {
        let (mut found, mut left) = (Vec::new(), vec![String::new()]);
        while let Some(name) = left.pop() {
            let run = self.host.run(name.split_whitespace().chain(["--help"])).unwrap();
            assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{name}");
            let below = below(&run.stdout);
            left.extend(below.iter().map(|below| format!("{name} {below}").trim().to_owned()));
            let is_group = !below.is_empty();
            found.push(Command { name, help: run.stdout, is_group });
        }
        found
    }
}

/// A command of the binary.
pub(crate) struct Command {
    /// Its words, without `windlass`.
    pub name: String,
    /// What `--help` prints.
    pub help: String,
    /// Whether it only has commands below it.
    pub is_group: bool,
}

/// The commands that a help lists: each begins a line of the section, and its description goes on further in.
fn below(help: &str) -> Vec<&str> {
    let section = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let named = section.filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')));
    named.filter_map(|rest| rest.split(' ').next()).filter(|name| *name != "help").collect()
}

/// The words of a command line.
fn words(line: &str) -> Vec<&str> {
    let parts = line.split('\'').enumerate();
    parts.flat_map(|(at, part)| if at % 2 == 0 { part.split_whitespace().collect() } else { vec![part] }).collect()
}
