//! Pulling an image: with a login, a deadline for silence and one for the whole, retries, and progress.
//!
//! The engine answers 200 before it knows whether the pull succeeds: errors come in the stream, and the image is
//! looked at afterwards.

use std::collections::HashMap;
use std::time::Duration;

use bollard::auth::DockerCredentials;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptions;
use futures::StreamExt as _;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};
use windlass_domain::Failure;
use windlass_domain::reference::Reference;
use windlass_foundation::progress::Progress;

use super::Docker;
use super::failure::{RequestError, failure, hinted};
use super::names;
use super::scope::RegistryLogin;

/// How often it is tried.
const TRIES: u32 = 3;
/// The shortest time between two progress reports.
const PACE: Duration = Duration::from_millis(250);

/// Pulls, and returns the image's inspection.
pub(super) async fn pull(docker: &Docker, reference: &str) -> Result<Value, Failure> {
    let by_id = reference.starts_with("sha256:");
    let parts = names::reference(reference)?;
    if by_id || parts.digest().is_some() {
        if let Some(image) = docker.image(reference).await? {
            return Ok(image);
        }
        if by_id {
            return Err(hinted(
                "not-found",
                format!("image `{reference}` is not on this host, and an image id cannot be pulled"),
                "build or load it again",
            ));
        }
    }
    let allowed = docker.engine.patience.pull;
    let deadline = Instant::now() + allowed;
    let mut attempt = 1;
    loop {
        let error = match timeout_at(deadline, attempt_once(docker, reference, &parts)).await {
            Ok(Ok(())) => break,
            Ok(Err(failure)) => failure,
            Err(_) => return Err(stalled(reference, "did not finish", allowed, "pull-timeout")),
        };
        let pause = pause_after(attempt, &error.message);
        if !error.retryable || attempt == TRIES || Instant::now() + pause >= deadline {
            // Not retryable: a caller that tries again would start from the beginning, with as many attempts.
            return Err(Failure { retryable: false, ..error });
        }
        tracing::info!(reference, attempt, error = %docker.redactor.text(&error.message), "pulling again");
        tell(docker, &format!("pulling {reference} again in {} s: {}", pause.as_secs(), error.message), None);
        sleep(pause).await;
        // An engine that restarts is waited for, whatever the pause was.
        if let Ok(client) = docker.engine.client().await {
            docker.engine.came_back(&client, Instant::now()).await;
        }
        attempt += 1;
    }
    let image = docker.image(reference).await?;
    image.ok_or_else(|| failure("internal", format!("the engine pulled image `{reference}` but does not have it")))
}

/// How long to wait before the next attempt: longer when the registry asks for fewer requests. The engine does not
/// pass the registry's `Retry-After` on.
fn pause_after(attempt: u32, message: &str) -> Duration {
    let unit = if is_too_many(message) { 15 } else { 2 };
    Duration::from_secs(unit << (attempt - 1))
}

fn is_too_many(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("toomanyrequests") || message.contains("too many requests") || message.contains("429")
}

async fn attempt_once(docker: &Docker, reference: &str, parts: &Reference) -> Result<(), Failure> {
    let options = CreateImageOptions {
        from_image: Some(parts.repository()),
        tag: Some(parts.digest().or(parts.tag()).unwrap_or(names::LATEST).to_owned()),
        ..Default::default()
    };
    let login = docker.credentials.login(parts.registry()).await?.map(credentials);
    let explain = |error: RequestError| classify(reference, parts.registry(), error);
    let client = docker.engine.client().await.map_err(explain)?;
    let mut stream = Box::pin(client.create_image(Some(options), None, login));
    let mut layers = Layers::default();
    let mut told = None::<Instant>;
    let silence = docker.engine.patience.pull_stall;
    let stood_still = |_| stalled(reference, "made no progress", silence, "pull-stall");
    let mut moved = Instant::now();
    while let Some(item) = timeout_at(moved + silence, stream.next()).await.map_err(stood_still)? {
        let item = item.map_err(|error| explain(RequestError::new(docker.engine.endpoint(), silence, &error)))?;
        if layers.notice(item) {
            moved = Instant::now();
        }
        if told.is_none_or(|told| told.elapsed() >= PACE) {
            told = Some(Instant::now());
            tell(docker, &format!("pulling {reference}"), layers.percent());
        }
    }
    tell(docker, &format!("pulled {reference}"), Some(100));
    Ok(())
}

fn credentials(login: RegistryLogin) -> DockerCredentials {
    match login {
        RegistryLogin::Password { username, password } => {
            DockerCredentials { username: Some(username), password: Some(password.to_string()), ..Default::default() }
        }
        RegistryLogin::Token(token) => {
            DockerCredentials { identitytoken: Some(token.to_string()), ..Default::default() }
        }
    }
}

fn tell(docker: &Docker, message: &str, percent: Option<u8>) {
    let source = docker.scope.step.clone().unwrap_or_else(|| docker.scope.plugin.clone());
    docker.watch.notice(&Progress::Doing { source, message: docker.redactor.text(message), percent });
}

fn stalled(reference: &str, what: &str, limit: Duration, key: &str) -> Failure {
    let message = format!("pulling image `{reference}` {what} within {} s", limit.as_secs());
    let hint =
        format!("look at the registry and the way to it, or give it more time: `{key}` under `[docker]` in agent.toml");
    Failure { retryable: true, ..hinted("timeout", message, &hint) }
}

/// The registry's answers reach us only as the engine's words.
fn classify(reference: &str, registry: &str, error: RequestError) -> Failure {
    let status = error.status();
    let failed = error.into_failure(&format!("pull image `{reference}`"));
    if status.is_none() {
        return failed;
    }
    let words = failed.message.to_ascii_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    if is_too_many(&words) {
        let hint = format!("the registry `{registry}` limits requests; log in to it, or try later");
        return Failure { retryable: true, ..hinted("unavailable", failed.message, &hint) };
    }
    if says(&["no space left on device"]) {
        return failed;
    }
    if says(&[
        "unauthorized",
        "denied",
        "authentication required",
        "no basic auth credentials",
        "status: 401",
        "status: 403",
    ]) {
        let hint =
            format!("give `[registries.\"{registry}\"]` a user in `agent.toml`, or run `docker login {registry}`");
        return hinted("unavailable", failed.message, &hint);
    }
    // A layer that the image names is not in the repository: asked again, it still is not.
    if says(&["unknown blob", "blob unknown"]) {
        let message = format!(
            "image `{reference}` is not whole at the registry `{registry}`: it names a layer that the registry does not have: {}",
            failed.message
        );
        return hinted("not-found", message, "push the image once more, from where it was built, then deploy again");
    }
    if says(&["manifest unknown", "not found", "no matching manifest", "does not exist"]) {
        return hinted("not-found", failed.message, "look at the tags of the repository, and at the host's platform");
    }
    if says(&["invalid reference"]) {
        return Failure { code: "invalid-argument".to_owned(), ..failed };
    }
    Failure { code: "unavailable".to_owned(), retryable: true, ..failed }
}

/// How far each layer is.
#[derive(Debug, Default)]
struct Layers {
    /// Bytes present and bytes in all, for each layer that is downloaded.
    sizes: HashMap<String, (i64, i64)>,
    /// What was said last of each layer, or of the whole under no id: the words and the bytes.
    said: HashMap<String, (String, i64)>,
}

impl Layers {
    /// Whether the pull made progress. An engine with the image store of containerd repeats the same state again and
    /// again.
    fn notice(&mut self, item: CreateImageInfo) -> bool {
        let (id, status) = (item.id.unwrap_or_default(), item.status.unwrap_or_default());
        let bytes = item.progress_detail.as_ref().and_then(|detail| detail.current).unwrap_or_default();
        let said = (status.clone(), bytes);
        let moved = self.said.insert(id.clone(), said.clone()).as_ref() != Some(&said);
        match (status.as_str(), item.progress_detail) {
            ("Downloading", Some(detail)) => {
                if let (Some(current), Some(total @ 1..)) = (detail.current, detail.total) {
                    self.sizes.insert(id, (current, total));
                }
            }
            ("Download complete" | "Pull complete" | "Extracting", _) => {
                if let Some((current, total)) = self.sizes.get_mut(&id) {
                    *current = *total;
                }
            }
            _ => {}
        }
        moved
    }

    /// None as long as no size is known. Stays below 100 until the end.
    fn percent(&self) -> Option<u8> {
        let (current, total) = self.sizes.values().fold((0_i128, 0_i128), |(current, total), layer| {
            (current + i128::from(layer.0), total + i128::from(layer.1))
        });
        if total == 0 {
            return None;
        }
        u8::try_from(current * 100 / total).ok().map(|percent| percent.min(99))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(message: &str) -> Failure {
        classify("r/a:v1", "r", RequestError::Refused { status: 500, message: message.to_owned() })
    }

    #[test]
    fn the_engines_words_tell_what_is_worth_trying_again() {
        for (words, code, retryable) in [
            ("manifest for r/a:v1 not found: manifest unknown", "not-found", false),
            ("unknown blob", "not-found", false),
            ("Head \"http://r/v2/\": unauthorized: authentication required", "unavailable", false),
            ("toomanyrequests: You have reached your pull rate limit", "unavailable", true),
            ("Get \"http://r/v2/\": dial tcp 127.0.0.1:5000: connect: connection refused", "unavailable", true),
            ("received unexpected HTTP status: 503 Service Unavailable", "unavailable", true),
        ] {
            let failure = refused(words);
            assert_eq!((failure.code.as_str(), failure.retryable), (code, retryable), "{words}");
            assert!(failure.message.contains("r/a:v1"), "{failure:?}");
        }
    }

    #[test]
    fn a_registry_that_asks_for_fewer_requests_gets_fewer() {
        assert!(pause_after(1, "toomanyrequests: slow down") > pause_after(2, "connection refused"));
    }

    #[test]
    fn progress_is_that_of_all_layers() {
        let item = |id: &str, status: &str, detail: Option<(i64, i64)>| CreateImageInfo {
            id: Some(id.to_owned()),
            status: Some(status.to_owned()),
            progress_detail: detail
                .map(|(current, total)| bollard::models::ProgressDetail { current: Some(current), total: Some(total) }),
            ..Default::default()
        };
        let mut layers = Layers::default();
        assert_eq!(layers.percent(), None);
        layers.notice(item("a", "Downloading", Some((50, 100))));
        layers.notice(item("b", "Downloading", Some((0, 100))));
        assert_eq!(layers.percent(), Some(25));
        layers.notice(item("b", "Download complete", None));
        assert_eq!(layers.percent(), Some(75));
        assert!(layers.notice(item("a", "Downloading", Some((60, 100)))));
        assert!(!layers.notice(item("a", "Downloading", Some((60, 100)))), "the same again is no progress");
    }
}
