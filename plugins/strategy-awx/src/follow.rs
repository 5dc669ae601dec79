//! A job to its end: asked again and again, since AWX announces nothing to those who wait.

use std::thread;
use std::time::{Duration, Instant};

use windlass_sdk::prelude::*;

use crate::client::{self, Client};
use crate::config::Config;

/// What is kept of the call's time for cancelling a job and telling about it.
const MARGIN: Duration = Duration::from_secs(20);

/// The host counts a call's requests.
const MOST_QUESTIONS: u32 = 600;

/// How often in a row AWX may fail to answer while a job runs.
const MOST_FAILURES: u32 = 10;

/// How many of a job's last lines are repeated.
const LINES: usize = 10;

/// The longest that a wish to stop goes unnoticed.
const SLICE: Duration = Duration::from_millis(500);

/// Follows a job to its end. Cancels it when it does not end in time, or when the deployment is to be stopped.
pub(crate) fn to_end(context: &Context<'_>, config: &Config, client: &Client<'_>, address: &str) -> Result<Value> {
    let left = context.remaining();
    let margin = MARGIN.min(left / 4);
    let end = Instant::now() + config.deadline.0.min(left.saturating_sub(margin));
    let pause = config.interval.0.max(left / MOST_QUESTIONS);
    match ask(context, client, address, end, pause) {
        Ok(Some(job)) => Ok(job),
        Ok(None) => {
            let seconds = config.deadline.0.as_secs();
            let message = format!("the job at {address} did not end within {seconds} s");
            let end = match cancel(context, config, client, address) {
                Ok(_) => "it was cancelled".to_owned(),
                Err(error) => format!("it could not be cancelled: {}", error.message()),
            };
            Err(Error::new("timeout", format!("{message}; {end}"))
                .hint("raise `deadline`, or look why it takes so long"))
        }
        Err(error) if error.code() == "cancelled" => {
            // There are a few seconds; undoing looks at the job again.
            if let Err(cause) = request_cancel(client, address) {
                log::warn(format!("the job could not be cancelled yet: {cause}"));
            }
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// Cancels a job and waits for its end. One that has ended already is fine.
pub(crate) fn cancel(context: &Context<'_>, config: &Config, client: &Client<'_>, address: &str) -> Result<Value> {
    let job = client.get_at(address)?;
    if has_ended(&job) {
        return Ok(job);
    }
    request_cancel(client, address)?;
    log::info(format!("job {} is cancelled", job["id"]));
    let end = Instant::now() + context.remaining() / 2;
    match ask(context, client, address, end, config.interval.0.min(SLICE * 2))? {
        Some(job) => Ok(job),
        None => Err(Error::new("timeout", format!("the job at {address} does not end although it was cancelled"))),
    }
}

fn request_cancel(client: &Client<'_>, address: &str) -> Result<()> {
    let path = format!("{}/cancel/", address.trim_end_matches('/'));
    let response = client.post_at(&path)?;
    // 405: it is over.
    if matches!(response.status, 200 | 202 | 204 | 405) { Ok(()) } else { Err(client::refused(&response, &path)) }
}

/// The job once it has ended; none when that takes too long.
fn ask(
    context: &Context<'_>,
    client: &Client<'_>,
    address: &str,
    end: Instant,
    pause: Duration,
) -> Result<Option<Value>> {
    let mut failures = 0;
    loop {
        match client.get_at(address) {
            Ok(job) if has_ended(&job) => return Ok(Some(job)),
            Ok(job) => {
                failures = 0;
                log::progress(format!("AWX: job {} is {}", job["id"], job["status"].as_str().unwrap_or("?")), None);
            }
            Err(error) if error.is_retryable() && failures < MOST_FAILURES => {
                failures += 1;
                log::warn(format!("{error}; the job is asked about again"));
            }
            Err(error) => return Err(error),
        }
        let next = Instant::now() + pause;
        loop {
            context.stop_if_cancelled()?;
            let now = Instant::now();
            if now >= end {
                return Ok(None);
            }
            if now >= next {
                break;
            }
            thread::sleep(SLICE.min(next - now).min(end - now));
        }
    }
}

/// AWX's words for the end of a job.
pub(crate) fn has_ended(job: &Value) -> bool {
    matches!(job["status"].as_str(), Some("successful" | "failed" | "error" | "canceled"))
}

/// Facts for the journal, or why the job did not succeed.
pub(crate) fn judge(client: &Client<'_>, job: &Value) -> Result<Value> {
    let facts = json!({
        "job": job["id"], "url": job["url"], "page": client.page(job), "status": job["status"],
        "started": job["started"], "finished": job["finished"], "elapsed": job["elapsed"],
    });
    if job["status"] == "successful" {
        return Ok(facts);
    }
    let status = job["status"].as_str().unwrap_or("?");
    let mut message = format!("AWX's job {} ended as {status}", job["id"]);
    for field in ["job_explanation", "result_traceback"] {
        if let Some(text) = job[field].as_str().filter(|text| !text.is_empty()) {
            message.push_str(": ");
            message.push_str(&last_lines(text, 3));
        }
    }
    let address = job["url"].as_str().unwrap_or_default().trim_end_matches('/');
    match client.text_at(&format!("{address}/stdout/?format=txt")) {
        Ok(text) if !text.trim().is_empty() => {
            message.push('\n');
            message.push_str(&last_lines(&text, LINES));
        }
        Ok(_) => {}
        Err(error) => message = format!("{message} (its output cannot be read: {error})"),
    }
    Err(Error::new("plugin:job-failed", message)
        .detail("job", facts)
        .hint(format!("the whole output is at {}", client.page(job))))
}

/// The last lines without what colours them.
pub(crate) fn last_lines(text: &str, most: usize) -> String {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            letters.by_ref().find(char::is_ascii_alphabetic);
        } else if letter == '\n' || !letter.is_control() {
            plain.push(letter);
        }
    }
    let lines: Vec<&str> = plain.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(most)..).unwrap_or_default();
    last.iter().map(|line| line.chars().take(300).collect::<String>()).collect::<Vec<_>>().join("\n")
}
