//! An agent that stays, on the host of a small application.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use windlass_stage::{Live, Run};

use super::{Small, expect};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running agent. Dropping it kills it.
#[derive(Debug)]
pub struct Resident {
    /// None once its end is waited for.
    agent: Option<Live>,
    socket: PathBuf,
}

/// What the agent answered to a request.
#[derive(Debug)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The header lines, in lower case.
    pub headers: String,
    /// The body.
    pub body: String,
}

impl Answered {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("{self:?}"))
    }
}

impl Resident {
    /// Writes the operator's file of an agent that stays, with more lines at its end.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn configure(small: &Small, more: &str) -> Result<()> {
        small.operator(&format!("\n[agent]\nsocket = \"{}\"\n{more}", socket(small).display()))
    }

    /// Configures it and starts it.
    ///
    /// # Errors
    /// When it does not take commands.
    pub fn begin(small: &Small) -> Result<Self> {
        Self::configure(small, "")?;
        Self::start(small, &[])
    }

    /// Starts it with more variables.
    ///
    /// # Errors
    /// When it does not take commands.
    pub fn start(small: &Small, variables: &[(&str, &str)]) -> Result<Self> {
        let mut command = small.host.command(["agent"]);
        command.envs(variables.iter().copied()).current_dir("/");
        let mut agent = Live::start(&mut command)?;
        agent.wait_for(&["the agent takes commands at"])?;
        Ok(Self { agent: Some(agent), socket: socket(small) })
    }

    /// Waits until it says all of these words in one line.
    ///
    /// # Errors
    /// When it does not.
    pub fn says(&mut self, words: &[&str]) -> Result<()> {
        self.agent()?.wait_for(words)
    }

    /// Ends it with SIGTERM and waits for its end.
    ///
    /// # Errors
    /// When it ends otherwise than in order.
    pub fn end(mut self) -> Result<Run> {
        self.agent()?.signal("TERM")?;
        expect(self.ended()?, 0)
    }

    /// Asks it to end with SIGTERM.
    ///
    /// # Errors
    /// When `kill` cannot be run.
    pub fn ask_to_end(&mut self) -> Result<()> {
        let agent = self.agent()?;
        agent.signal("TERM")?;
        agent.wait_for(&["the agent ends"])
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it does not end.
    pub fn ended(mut self) -> Result<Run> {
        self.agent.take().context("it has ended")?.end()
    }

    /// Its process.
    ///
    /// # Errors
    /// When it has ended.
    pub fn id(&self) -> Result<u32> {
        Ok(self.agent.as_ref().context("it has ended")?.id())
    }

    /// Kills it.
    ///
    /// # Errors
    /// When it does not end.
    pub fn kill(mut self) -> Result<Run> {
        self.agent()?.signal("KILL")?;
        self.ended()
    }

    fn agent(&mut self) -> Result<&mut Live> {
        self.agent.as_mut().context("it has ended")
    }

    /// Sends an HTTP request to its socket.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn ask(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Result<Answered> {
        let stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        exchange(stream, line, "localhost", headers, body)
    }

    /// Sends a command, and gives the id of its operation.
    ///
    /// # Errors
    /// When it is not taken.
    pub fn send(&self, command: &Value, headers: &[(&str, &str)]) -> Result<String> {
        let answered = self.ask("POST /v1/operations", headers, &command.to_string())?;
        ensure!(answered.status == 202, "{answered:?}");
        Ok(answered.json()?["operation"].as_str().context("an operation")?.to_owned())
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        // A test that fails leaves none behind.
        if let Some(agent) = &self.agent {
            agent.signal("KILL").ok();
        }
    }
}

/// Sends an HTTP request to a port of this host, under the port's own name.
///
/// # Errors
/// When there is no answer.
pub fn ask_port(port: u16, line: &str, headers: &[(&str, &str)], body: &str) -> Result<Answered> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    exchange(stream, line, &format!("127.0.0.1:{port}"), headers, body)
}

/// Sends a request and reads the answer. A header `host` takes the place of the usual one.
fn exchange(
    mut stream: impl Read + Write,
    line: &str,
    host: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Answered> {
    let mut request = format!("{line} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    let usual = [("host", host)];
    let usual = usual.iter().filter(|_| headers.iter().all(|(name, _)| *name != "host"));
    for (name, value) in usual.chain(headers) {
        request.extend([name, ": ", value, "\r\n"]);
    }
    stream.write_all(format!("{request}\r\n{body}").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { bail!("no answer: {answer}") };
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let headers = head.to_lowercase();
    let body = if headers.contains("transfer-encoding: chunked") { unchunked(body)? } else { body.to_owned() };
    Ok(Answered { status: status.with_context(|| head.to_owned())?, headers, body })
}

/// The socket of the agent on a small application's host.
#[must_use]
pub fn socket(small: &Small) -> PathBuf {
    small.host.root().join("agent.sock")
}

/// The content of a body in chunks (RFC 9112, section 7.1).
fn unchunked(mut body: &str) -> Result<String> {
    let mut content = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16)?;
        if size == 0 {
            break;
        }
        content.push_str(rest.get(..size).context("a chunk is cut")?);
        body = rest.get(size + 2..).context("a chunk has no end")?;
    }
    Ok(content)
}
