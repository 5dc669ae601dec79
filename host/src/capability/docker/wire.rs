//! What requests of the client library lack before they are sent to the engine.

use bollard::{BollardRequest, ClientVersion};
use http::Uri;
use http::uri::PathAndQuery;

/// Changes a request so that the engine understands it as it is meant, in the given version of its API.
pub(super) fn complete(mut request: BollardRequest, version: &ClientVersion) -> BollardRequest {
    url_safe_login(&mut request);
    if let Some(uri) = versioned(request.uri(), version) {
        *request.uri_mut() = uri;
    }
    request
}

/// The address with the version of the API in front of its path: the library leaves it out, and an engine answers what
/// names no version with the newest that it has.
fn versioned(uri: &Uri, version: &ClientVersion) -> Option<Uri> {
    let path = uri.path_and_query()?.as_str();
    let prefix = format!("/v{}.{}", version.major_version, version.minor_version);
    if path.strip_prefix(&prefix).is_some_and(|rest| rest.starts_with('/')) {
        return None;
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(format!("{prefix}{path}")).ok()?);
    Uri::from_parts(parts).ok()
}

/// The engine reads `X-Registry-Auth` as URL-safe base64 and takes anything else for no login at all; the library writes
/// the standard alphabet.
fn url_safe_login(request: &mut BollardRequest) {
    if let Some(login) = request.headers_mut().get_mut("x-registry-auth")
        && let Ok(text) = login.to_str()
        && let Ok(safe) = http::HeaderValue::from_str(&text.replace('+', "-").replace('/', "_"))
    {
        *login = safe;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_stands_in_front_of_the_path_once() {
        let version = ClientVersion { major_version: 1, minor_version: 41 };
        let sent = |text: &str| versioned(&text.parse().unwrap(), &version).map(|uri| uri.to_string());
        assert_eq!(sent("unix://2f/info").as_deref(), Some("unix://2f/v1.41/info"));
        let query = "unix://2f/containers/json?all=true&filters=%7B%7D";
        assert_eq!(sent(query).unwrap(), query.replace("/containers", "/v1.41/containers"));
        assert_eq!(sent("unix://2f/v1.41/info"), None);
        assert_eq!(sent("unix://2f/v1.41x/info").as_deref(), Some("unix://2f/v1.41/v1.41x/info"));
    }
}
