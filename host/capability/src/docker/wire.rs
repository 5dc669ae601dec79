//! What requests of the client library lack before they are sent to the engine.

use bollard::{BollardRequest, ClientVersion};
use futures::FutureExt as _;
use http::uri::PathAndQuery;
use http::{Method, Uri};
use http_body_util::{BodyExt as _, Either};
use serde_json::Value;

use super::bodies;

/// Changes a request so that the engine understands it as it is meant, in the given version of its API.
pub(super) fn complete(mut request: BollardRequest, version: &ClientVersion) -> BollardRequest {
    url_safe_login(&mut request);
    if request.method() == Method::POST && request.uri().path().ends_with("/containers/create") {
        let version = (version.major_version, version.minor_version);
        request = changed(request, |body| bodies::for_version(body, version));
    }
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

/// The request with its JSON body changed. One that is not JSON, or not whole, stays as it is.
fn changed(request: BollardRequest, change: impl FnOnce(&mut Value)) -> BollardRequest {
    let (parts, body) = request.into_parts();
    let Either::Left(whole) = body else { return BollardRequest::from_parts(parts, body) };
    // All of it is there, so that nothing is waited for.
    let Some(Ok(collected)) = whole.clone().collect().now_or_never() else {
        return BollardRequest::from_parts(parts, Either::Left(whole));
    };
    let bytes = collected.to_bytes();
    let changed = serde_json::from_slice(&bytes).ok().and_then(|mut body| {
        change(&mut body);
        serde_json::to_vec(&body).ok()
    });
    BollardRequest::from_parts(parts, bollard::body_full(changed.map_or(bytes, Into::into)))
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
    fn a_container_is_sent_in_the_form_of_the_version() {
        let sent = |minor_version, path: &str| {
            let body = r#"{"Image":"web","NetworkingConfig":{"EndpointsConfig":{"default":{"MacAddress":"02:42:00:00:00:01"}}}}"#;
            let request = http::Request::post(path).body(bollard::body_full(body.into())).unwrap();
            let request = complete(request, &ClientVersion { major_version: 1, minor_version });
            let Either::Left(whole) = request.into_body() else { panic!("the body is a stream") };
            let bytes = whole.collect().now_or_never().unwrap().unwrap().to_bytes();
            let body: Value = serde_json::from_slice(&bytes).unwrap();
            (body["MacAddress"].clone(), body.pointer("/NetworkingConfig/EndpointsConfig/default/MacAddress").cloned())
        };
        let address = Value::from("02:42:00:00:00:01");
        assert_eq!(sent(41, "unix://2f/containers/create?name=web"), (address.clone(), None));
        assert_eq!(sent(44, "unix://2f/containers/create?name=web"), (Value::Null, Some(address.clone())));
        assert_eq!(sent(41, "unix://2f/networks/create"), (Value::Null, Some(address)));
    }

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
