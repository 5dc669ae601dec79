//! Rounds of requests until all are answered as expected or time is over.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use windlass_sdk::http::{Request, Response};
use windlass_sdk::prelude::*;

use crate::config::{Config, Each};
use crate::expect::Expect;
use crate::fill::{fill, fill_json};
use crate::judge;

/// What is kept of the host's own deadline for the report.
const MARGIN: Duration = Duration::from_secs(1);

/// How much of a body is read.
const MOST: usize = 1 << 20;

/// A request and how it fared last.
struct Probe {
    title: String,
    request: Request,
    expect: Expect,
    attempts: u32,
    last: Last,
}

/// How a request fared.
enum Last {
    Unsent,
    Fine { took: Duration, status: u16 },
    Wrong { differences: Vec<String>, response: Box<Response> },
    Unanswered(Error),
}

/// Sends and judges.
pub(crate) fn run(context: &Context<'_>, config: &Config) -> Result<Report> {
    let variables = variables(context)?;
    let mut probes =
        config.requests.iter().map(|each| Probe::new(each, config, &variables)).collect::<Result<Vec<_>>>()?;
    let end = Instant::now() + config.deadline.0.min(context.remaining().saturating_sub(MARGIN));
    loop {
        context.stop_if_cancelled()?;
        let may_go_on = send(&mut probes, end)?;
        let open: Vec<&Probe> = probes.iter().filter(|probe| !probe.is_fine()).collect();
        let Some(first) = open.first() else { break };
        if !may_go_on || Instant::now() + config.interval.0 >= end {
            break;
        }
        let fine = probes.len() - open.len();
        log::progress(format!("{fine} of {} as expected; {}: {}", probes.len(), first.title, first.words()), None);
        thread::sleep(config.interval.0);
    }
    Ok(report(&probes))
}

/// The release's variables, and a few that every release has.
fn variables(context: &Context<'_>) -> Result<BTreeMap<String, String>> {
    let mut variables = context.variables()?;
    let release = context.release()?;
    for (name, value) in [
        ("WINDLASS_APPLICATION", release.application),
        ("WINDLASS_ENVIRONMENT", context.environment()),
        ("WINDLASS_VERSION", release.version),
        ("WINDLASS_COMMIT", release.commit.unwrap_or_default()),
    ] {
        variables.entry(name.to_owned()).or_insert(value);
    }
    Ok(variables)
}

/// One round: everything that is still open, at once. Returns whether the host lets it send any more.
fn send(probes: &mut [Probe], end: Instant) -> Result<bool> {
    let mut open: Vec<&mut Probe> = probes.iter_mut().filter(|probe| !probe.is_fine()).collect();
    let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(100));
    let requests: Vec<Request> =
        open.iter().map(|probe| probe.request.clone().timeout(probe.expect.within().0.min(left))).collect();
    let mut may_go_on = true;
    for (probe, answer) in open.iter_mut().zip(http::send_all(&requests)) {
        probe.attempts += 1;
        probe.last = match answer {
            // The host counts requests; what was answered before the last one tells more than that they are used up.
            Err(error) if error.code() == "limit-exceeded" && probe.attempts > 1 => {
                may_go_on = false;
                continue;
            }
            // The operator or the release's author must act: trying again changes nothing.
            Err(error) if !error.is_retryable() && error.code() != "unavailable" => return Err(error),
            Err(error) => Last::Unanswered(error),
            Ok(response) => {
                let differences = judge::differences(&response, &probe.expect);
                if differences.is_empty() {
                    Last::Fine { took: response.took, status: response.status }
                } else {
                    Last::Wrong { differences, response: Box::new(response) }
                }
            }
        };
    }
    Ok(may_go_on)
}

fn report(probes: &[Probe]) -> Report {
    let wrong = probes.iter().filter(|probe| !probe.is_fine()).count();
    let summary = match (wrong, probes.len()) {
        (0, 1) => "the request is answered as expected".to_owned(),
        (0, all) => format!("all {all} requests are answered as expected"),
        (wrong, all) => {
            let first = probes.iter().find(|probe| !probe.is_fine());
            let first = first.map(|probe| format!("{} {}", probe.title, probe.words())).unwrap_or_default();
            format!("{wrong} of {all} requests not as expected: {first}")
        }
    };
    Report::of(probes.iter().map(Probe::finding).collect(), summary)
}

impl Probe {
    fn new(each: &Each, config: &Config, variables: &BTreeMap<String, String>) -> Result<Self> {
        let title = each.title();
        let place = |error: Error| error.context(format!("request `{title}`"));
        let mut expect = each.expect.clone();
        let address = fill(&each.address(config.base.as_deref())?, variables).map_err(place)?;
        let mut request = Request::new(&each.method, address).most(MOST);
        request.check().map_err(place)?;
        let names = || each.headers.keys().map(|name| name.to_ascii_lowercase());
        if !names().any(|name| name == "user-agent") {
            request = request.header("user-agent", concat!("windlass-smoke-http/", env!("CARGO_PKG_VERSION")));
        }
        for (name, value) in &each.headers {
            request = request.header(name, fill(value, variables).map_err(place)?);
        }
        if let Some(body) = &each.body {
            request = request.body(fill(body, variables).map_err(place)?);
        }
        if let Some(body) = &each.json {
            request = request.body(fill_json(body, variables).map_err(place)?.to_string());
            if !names().any(|name| name == "content-type") {
                request = request.header("content-type", "application/json");
            }
        }
        for value in expect.json.values_mut() {
            *value = fill_json(value, variables).map_err(place)?;
        }
        Ok(Self { title, request, expect, attempts: 0, last: Last::Unsent })
    }

    fn is_fine(&self) -> bool {
        matches!(self.last, Last::Fine { .. })
    }

    /// How it fared, as a fragment behind the title.
    fn words(&self) -> String {
        match &self.last {
            Last::Unsent => "was not sent".to_owned(),
            Last::Fine { took, status } => format!("answered {status} in {} ms", took.as_millis()),
            Last::Wrong { differences, .. } => differences.join("; "),
            Last::Unanswered(error) => format!("was not answered: {error}"),
        }
    }

    fn finding(&self) -> Finding {
        let verdict = if self.is_fine() { Verdict::Pass } else { Verdict::Fail };
        let finding =
            Finding::new(format!("request:{}", self.title), verdict, format!("{} {}", self.title, self.words()));
        match &self.last {
            Last::Fine { .. } => finding,
            Last::Wrong { differences, response } => finding.evidence(json!({
                "request": { "method": self.request.method(), "url": self.request.url() },
                "differences": differences,
                "response": {
                    "status": response.status,
                    "headers": response.headers.iter().take(20).collect::<Vec<_>>(),
                    "body": judge::shorten(&response.text()),
                    "milliseconds": u64::try_from(response.took.as_millis()).unwrap_or(u64::MAX),
                },
                "attempts": self.attempts,
            })),
            Last::Unsent | Last::Unanswered(_) => finding.evidence(json!({
                "request": { "method": self.request.method(), "url": self.request.url() },
                "attempts": self.attempts,
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(last: Last) -> Probe {
        let each = Each::deserialize(json!({ "path": "/health" })).unwrap();
        let config = Config::deserialize(json!({ "base": "http://a", "requests": [] })).unwrap();
        Probe { last, attempts: 3, ..Probe::new(&each, &config, &BTreeMap::new()).unwrap() }
    }

    #[test]
    fn a_failure_shows_request_response_and_what_was_expected() {
        let response = Response {
            status: 503,
            headers: Vec::new(),
            body: b"try later\n".to_vec(),
            truncated: false,
            took: Duration::from_millis(7),
        };
        let differences = vec!["answered 503, expected 200 to 299".to_owned()];
        let fine = probe(Last::Fine { took: Duration::from_millis(3), status: 200 });
        let report = report(&[fine, probe(Last::Wrong { differences, response: Box::new(response) })]);
        assert_eq!(report.verdict, Verdict::Fail);
        assert_eq!(report.summary, "1 of 2 requests not as expected: GET /health answered 503, expected 200 to 299");
        let evidence = report.findings[1].evidence.as_ref().unwrap();
        assert_eq!(evidence["request"]["url"], "http://a/health");
        assert_eq!(evidence["response"]["body"], "try later ");
        assert_eq!(evidence["attempts"], 3);
    }

    #[test]
    fn bodies_and_headers_are_filled_in() {
        let each = Each::deserialize(json!({
            "path": "/x", "method": "post", "json": { "who": "${NAME}" }, "headers": { "authorization": "Bearer ${T}" },
        }))
        .unwrap();
        let config = Config::deserialize(json!({ "base": "http://a", "requests": [] })).unwrap();
        let variables = BTreeMap::from([("NAME".to_owned(), "n".to_owned()), ("T".to_owned(), "t".to_owned())]);
        assert_eq!(Probe::new(&each, &config, &variables).unwrap().request.method(), "POST");
        assert!(Probe::new(&each, &config, &BTreeMap::new()).is_err());
    }
}
