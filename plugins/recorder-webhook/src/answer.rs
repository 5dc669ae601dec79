//! What a server's answer means: done, later, or never like this.

use std::time::SystemTime;

use jiff::Timestamp;
use windlass_sdk::http::Response;
use windlass_sdk::prelude::*;

use crate::config::server;

/// How much of an answer is repeated.
const MOST: usize = 200;

/// Statuses besides 5xx that say that it may work later: request timeout, too early, too many requests.
const PASSING: [u16; 3] = [408, 425, 429];

/// Facts for the record, or why the event was not taken. `time` is the agent's.
pub(crate) fn judge(response: &Response, url: &str, time: &str) -> Result<Value> {
    let (status, server, words) = (response.status, server(url), words(response));
    match status {
        // Connectors of Teams answer 200 when the message did not arrive.
        200..=299 if words.contains("Webhook message delivery failed") => {
            Err(Error::new("unavailable", format!("`{server}` took the event and did not deliver it: {words}"))
                .retryable())
        }
        200..=299 => {
            let summary = format!("sent to {server}, which answered {status}");
            Ok(json!({ "server": server, "status": status, "summary": summary }))
        }
        300..=399 => {
            let message =
                format!("`{server}` answered {status}: the address has moved, and redirects are not followed");
            Err(Error::new("plugin:refused", message).hint("write the new address in `url`, and grant it"))
        }
        _ if status >= 500 || PASSING.contains(&status) => {
            let error = Error::new("unavailable", format!("`{server}` answered {status}{}", said(&words))).retryable();
            let now = time.parse::<Timestamp>().map_or_else(|_| SystemTime::now(), SystemTime::from);
            Err(error.after(response.retry_after(now)))
        }
        _ => {
            let again = if matches!(status, 401 | 403) { "" } else { "; it will refuse it again" };
            let message = format!("`{server}` refuses the event with {status}{}{again}", said(&words));
            // A secret is put right on this host, and what waits is told then.
            let code = match status {
                401 => "unauthorized",
                403 => "forbidden",
                _ => "plugin:refused",
            };
            Err(Error::new(code, message).hint(match status {
                401 | 403 => {
                    "check the secret in `url`, `headers` or `sign`; `windlass outbox flush` tells the event then"
                }
                404 | 410 => "the webhook is gone: make a new one and change the secret or `url`",
                _ => "change `url`, `method` or `body` in the release file",
            }))
        }
    }
}

fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

fn words(response: &Response) -> String {
    let text = response.text();
    let line: String =
        text.trim().chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(MOST).collect();
    if text.trim().chars().nth(MOST).is_some() { format!("{line}…") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Value> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let response =
            Response { status, headers, body: body.as_bytes().to_vec(), truncated: false, took: Duration::ZERO };
        judge(&response, "https://a.example/{secret:x}", "2015-10-21T07:27:00Z")
    }

    #[test]
    fn what_may_work_later_says_when() {
        assert!(answer(202, &[], "").is_ok());
        let later = "Wed, 21 Oct 2015 07:28:00 GMT";
        for (status, headers, expected) in [
            (429, vec![("retry-after", "120")], Some(120)),
            (503, vec![("retry-after", later)], Some(60)),
            (503, vec![("retry-after", later), ("date", "Wed, 21 Oct 2015 07:27:30 GMT")], Some(30)),
            (503, vec![("retry-after", later), ("date", "Wed, 21 Oct 2015 07:29:30 GMT")], Some(0)),
            (500, vec![("retry-after", "soon")], None),
            (502, vec![], None),
            (408, vec![], None),
        ] {
            let error = answer(status, &headers, "").unwrap_err();
            let wish = error.details().and_then(|details| details["retry-after"].as_u64());
            assert_eq!((error.is_retryable(), wish), (true, expected), "{status} {headers:?}");
        }
        let error = answer(200, &[], "Webhook message delivery failed with error: 429").unwrap_err();
        assert!(error.is_retryable());
    }

    #[test]
    fn a_no_is_said_plainly() {
        for status in [301, 400, 401, 403, 404, 410, 422] {
            let error = answer(status, &[], "no_service\n").unwrap_err();
            assert!(!error.is_retryable() && error.message().contains(&status.to_string()), "{error}");
            let waits = matches!(error.code(), "unauthorized" | "forbidden");
            assert_eq!(waits, matches!(status, 401 | 403), "a secret is put right on this host: {error}");
        }
        let error = answer(404, &[], "no_service\n").unwrap_err();
        assert!(error.message().contains("refuses the event with 404: no_service; it will refuse it again"), "{error}");
    }
}
