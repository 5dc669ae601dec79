//! A check that misbehaves as its configuration says, for the tests of the sandbox.

use std::hint::black_box;
use std::io::Write as _;
use std::time::Duration;

use windlass_sdk::prelude::*;

/// The check.
pub struct Hostile;

/// What it does.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "do", deny_unknown_fields)]
pub enum Config {
    /// Answers, as a well-behaved check does.
    Pass,
    /// Computes for ever.
    Loop,
    /// Computes for ever when asked whether its configuration makes sense.
    LoopInValidation,
    /// Sleeps for ever.
    Sleep,
    /// Sleeps for a while many times, and answers.
    Doze {
        /// How often.
        times: u32,
        /// How long each time.
        milliseconds: u64,
    },
    /// Sleeps until it is cancelled, and answers.
    WaitForCancellation,
    /// Takes memory until there is none.
    Memory,
    /// Takes handles of the host until there are none.
    Handles,
    /// Calls itself for ever.
    Recurse,
    /// Calls itself for ever with much on the stack that the plugin keeps in its own memory.
    RecurseWide,
    /// Traps.
    Trap,
    /// Panics.
    Panic {
        /// With this text.
        text: String,
    },
    /// Ends its process.
    Exit,
    /// Writes to the log.
    LogFlood {
        /// How many lines.
        lines: u32,
    },
    /// Writes to standard output and standard error.
    OutputFlood {
        /// How many MiB.
        mebibytes: u32,
    },
    /// Answers with so much.
    Answer {
        /// How many MiB.
        mebibytes: usize,
    },
    /// Answers with what is not UTF-8.
    InvalidText,
    /// Reads files through the host.
    ReadFiles {
        /// Below which root.
        root: String,
        /// Which.
        paths: Vec<String>,
    },
    /// Writes files through the host.
    WriteFiles {
        /// Below which root.
        root: String,
        /// Which.
        paths: Vec<String>,
    },
    /// Looks for what WASI might give away: files, variables, arguments, sockets.
    LookAround,
    /// Asks HTTP servers.
    Http {
        /// Which.
        urls: Vec<String>,
        /// A header of each request.
        #[serde(default)]
        header: Option<(String, String)>,
        /// A secret that each request authorises itself with; `{secret}` in an address is its placeholder.
        #[serde(default)]
        secret: Option<String>,
        /// Whether the answers are told backwards, so that nobody behind the plugin recognises what it saw.
        #[serde(default)]
        backwards: bool,
    },
    /// Keeps values under new keys until it is refused, and says how far it came.
    Fill {
        /// Bytes of each value.
        bytes: usize,
    },
    /// Reports so much.
    Report {
        /// Findings.
        findings: usize,
        /// Bytes of each one's evidence.
        evidence: usize,
    },
    /// Fails with so many bytes of message and details.
    FailLong {
        /// How many.
        bytes: usize,
    },
    /// Counts its calls in its store, and tries to change what somebody else changed.
    Count,
    /// Asks for a secret's placeholder and for its value, and tells everybody.
    Secret {
        /// Which.
        name: String,
    },
    /// Runs a command.
    Exec {
        /// Which.
        command: String,
        /// With these arguments.
        arguments: Vec<String>,
    },
    /// Looks at a container.
    Container {
        /// Which.
        name: String,
    },
    /// Writes what would rewrite a terminal.
    ControlCharacters,
    /// Asks for what it may not have and answers as if nothing were.
    HideDenial,
}

impl Check for Hostile {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        if matches!(config, Config::LoopInValidation) {
            compute_for_ever();
        }
        Ok(())
    }

    fn run(context: &Context<'_>, config: &Config) -> Result<Report> {
        match config {
            Config::Pass | Config::LoopInValidation => {}
            Config::Loop => compute_for_ever(),
            Config::Sleep => std::thread::sleep(Duration::from_secs(1 << 20)),
            Config::Doze { times, milliseconds } => {
                (0..*times).for_each(|_| std::thread::sleep(Duration::from_millis(*milliseconds)));
            }
            Config::WaitForCancellation => {
                while !context.is_cancelled() {
                    std::thread::sleep(Duration::from_millis(5));
                }
                return Err(Error::new("cancelled", "stopped as asked"));
            }
            Config::Memory => take_memory(),
            Config::Handles => take_handles(),
            Config::Recurse => {
                black_box(recurse(1));
            }
            Config::RecurseWide => {
                black_box(recurse_wide(1));
            }
            Config::Trap => trap(),
            Config::Panic { text } => fail(text),
            Config::Exit => std::process::exit(3),
            Config::LogFlood { lines } => (0..*lines).for_each(|line| log::info(format!("{line} {}", "x".repeat(200)))),
            Config::OutputFlood { mebibytes } => flood(*mebibytes)?,
            Config::Answer { mebibytes } => return Ok(Report::pass("x".repeat(mebibytes << 20))),
            Config::InvalidText => return Ok(Report::pass(invalid())),
            Config::ReadFiles { root, paths } => {
                let read =
                    |path: &String| files::read(root, path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                return Ok(answers(paths, read));
            }
            Config::WriteFiles { root, paths } => {
                return Ok(answers(paths, |path| files::write_atomic(root, path, b"x").map(|()| String::new())));
            }
            Config::LookAround => return Ok(look_around()),
            Config::Count => return count(),
            Config::Http { urls, header, secret, backwards } => {
                return Ok(answers(urls, |url| {
                    let placeholder = secret.as_deref().map(secrets::placeholder).transpose()?;
                    let url = url.replace("{secret}", placeholder.as_deref().unwrap_or_default());
                    let mut request = http::Request::get(url).timeout(Duration::from_secs(5));
                    if let Some((name, value)) = header {
                        request = request.header(name.clone(), value.clone());
                    }
                    if let Some(placeholder) = placeholder {
                        request = request.header("authorization", format!("Bearer {placeholder}"));
                    }
                    let response = request.send()?;
                    let told = format!("{} {}", response.status, response.text());
                    Ok(if *backwards { told.chars().rev().collect() } else { told })
                }));
            }
            Config::Fill { bytes } => return Ok(fill(*bytes)),
            Config::Report { findings, evidence } => {
                let finding = |number: usize| Finding {
                    id: number.to_string(),
                    verdict: Verdict::Pass,
                    title: "one of many".to_owned(),
                    remedy: None,
                    evidence: (*evidence > 0).then(|| Value::String("x".repeat(*evidence))),
                };
                return Ok(Report { findings: (0..*findings).map(finding).collect(), ..Report::pass("much") });
            }
            Config::FailLong { bytes } => {
                return Err(Error::new("plugin:long", "x".repeat(*bytes)).detail("x", json!("y".repeat(*bytes))));
            }
            Config::Secret { name } => return tell_secret(name),
            Config::Exec { command, arguments } => {
                let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
                let output = exec::run(command, &arguments, b"what it reads")?;
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
                let told = format!("{} [{}] [{}]", output.exit_code, text(&output.stdout), text(&output.stderr));
                return Ok(Report::pass(told));
            }
            Config::Container { name } => return Ok(Report::pass(docker::inspect_container(name)?.to_string())),
            Config::ControlCharacters => {
                return Ok(Report::pass("\u{1b}[2J\u{1b}]0;owned\u{7}all\u{202e} is well"));
            }
            Config::HideDenial => {
                let _ = secrets::placeholder("not-granted");
                return Err(Error::new("plugin:sad", "something is wrong"));
            }
        }
        Ok(Report::pass("all is well"))
    }
}

fn count() -> Result<Report> {
    let code = |answer: Result<()>| answer.map_or_else(|error| error.code().to_owned(), |()| "done".to_owned());
    let before = state::get("calls")?;
    let calls = before.as_ref().map_or(0, |entry| entry.value.len()) + 1;
    let seen = before.map(|entry| entry.revision);
    let revision = state::put("calls", &vec![b'|'; calls], seen)?;
    let stale = code(state::put("calls", b"lost", seen).map(drop));
    let blind = code(state::put("calls", b"lost", None).map(drop));
    let deleted = code(state::delete("calls", Some(revision + 1)));
    let scratch = state::put("scratch/a", b"", None)?;
    let keys = state::keys("")?.join(" ");
    state::delete("scratch/a", Some(scratch))?;
    let gone = state::get("scratch/a")?.is_none();
    let large = code(state::put("large", &vec![0; 65 << 10], None).map(drop));
    let summary = format!(
        "call {calls} at revision {revision}; {stale}, {blind}, {deleted}; keys {keys}; gone {gone}; large {large}"
    );
    Ok(Report::pass(summary))
}

fn fill(bytes: usize) -> Report {
    let value = vec![b'x'; bytes];
    for number in 0..100_000 {
        if let Err(error) = state::put(&format!("fill/{number}"), &value, None) {
            return Report::pass(format!("{number} kept, then {}: {}", error.code(), error.message()));
        }
    }
    Report::pass("all kept")
}

fn compute_for_ever() {
    let mut number = 0_u64;
    loop {
        number = black_box(number.wrapping_add(1));
        if number == u64::MAX {
            return;
        }
    }
}

fn take_memory() {
    let mut taken = Vec::new();
    loop {
        taken.push(black_box(vec![1_u8; 1 << 20]));
    }
}

fn take_handles() {
    let mut taken = Vec::new();
    loop {
        taken.push(timer());
    }
}

/// A timer is a resource that the host keeps; it needs no grant.
fn timer() -> wasip2::io::poll::Pollable {
    wasip2::clocks::monotonic_clock::subscribe_duration(u64::MAX)
}

#[expect(unconditional_recursion, reason = "the point")]
fn recurse(depth: u64) -> u64 {
    recurse(black_box(depth + 1)) + 1
}

#[expect(unconditional_recursion, reason = "the point")]
fn recurse_wide(depth: u64) -> u64 {
    let frame = black_box([depth; 32]);
    recurse_wide(depth + 1) + frame[usize::try_from(depth % 32).unwrap_or(0)]
}

#[cfg(target_family = "wasm")]
fn trap() {
    core::arch::wasm32::unreachable();
}

#[cfg(not(target_family = "wasm"))]
fn trap() {}

#[expect(clippy::panic, reason = "the point")]
fn fail(text: &str) {
    panic!("{text}");
}

fn flood(mebibytes: u32) -> Result<()> {
    let chunk = vec![b'x'; 1 << 20];
    let failed = |error: std::io::Error| Error::internal(error.to_string());
    for _ in 0..mebibytes {
        std::io::stdout().write_all(&chunk).map_err(failed)?;
        std::io::stderr().write_all(&chunk).map_err(failed)?;
    }
    Ok(())
}

#[expect(unsafe_code, reason = "what is not UTF-8 cannot be made otherwise")]
fn invalid() -> String {
    // SAFETY: not sound in general; the bytes are only handed to the host, whose refusal is what the test is about.
    unsafe { String::from_utf8_unchecked(vec![0xff, 0xfe]) }
}

/// One finding per attempt: what came back, or the failure's code and message.
fn answers(attempts: &[String], attempt: impl Fn(&String) -> Result<String>) -> Report {
    let findings = attempts.iter().map(|name| {
        let (verdict, title) = match attempt(name) {
            Ok(text) => (Verdict::Pass, text),
            Err(error) => (Verdict::Fail, format!("{}: {}", error.code(), error.message())),
        };
        Finding { id: name.clone(), verdict, title, remedy: None, evidence: None }
    });
    Report { findings: findings.collect(), ..Report::pass("tried") }
}

fn look_around() -> Report {
    let paths = ["/", ".", "/proc/self/environ", "/etc/passwd", "/var/run/docker.sock"];
    let mut seen: Vec<_> =
        paths.iter().filter(|path| std::fs::metadata(path).is_ok()).map(|path| (*path).to_owned()).collect();
    seen.extend(std::env::vars().map(|(name, value)| format!("{name}={value}")));
    seen.extend(std::env::args());
    seen.extend(tcp_socket().then(|| "a socket".to_owned()));
    seen.extend(name_lookup().then(|| "an address".to_owned()));
    Report::pass(format!("saw {seen:?}"))
}

fn tcp_socket() -> bool {
    use wasip2::sockets::network::IpAddressFamily;
    wasip2::sockets::tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4).is_ok()
}

fn name_lookup() -> bool {
    let network = wasip2::sockets::instance_network::instance_network();
    wasip2::sockets::ip_name_lookup::resolve_addresses(&network, "localhost").is_ok()
}

fn tell_secret(name: &str) -> Result<Report> {
    let placeholder = secrets::placeholder(name)?;
    let value = String::from_utf8_lossy(&secrets::reveal(name)?).into_owned();
    log::info(format!("log: {value}"));
    log::progress(format!("progress: {value}"), None);
    let _ = writeln!(std::io::stdout(), "stdout: {value}");
    let _ = writeln!(std::io::stderr(), "stderr: {value}");
    let evidence = Some(json!({ "value": value }));
    let finding = Finding {
        id: value.clone(),
        verdict: Verdict::Pass,
        title: value.clone(),
        remedy: Some(value.clone()),
        evidence,
    };
    Ok(Report { findings: vec![finding], data: Some(json!([value])), ..Report::pass(format!("{placeholder} {value}")) })
}

windlass_sdk::export!(check Hostile {
    name: "hostile-check",
    summary: "misbehaves as its configuration says",
    capabilities: [
        "files" root "records" write true => "to leave it",
        "http" => "to reach what it should not",
        "secrets" => "to tell them",
        "reveal" => "to tell them",
        "exec" => "to run what it should not",
        "docker-read" => "to look at others",
        "state" => "to fill it",
    ],
});
