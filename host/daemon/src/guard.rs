//! Who may ask at the ports of this host: no page of another site in a browser, whatever name it gives the port.
//!
//! A browser sends requests for every page that is looked at, also to loopback addresses, and a name of such a page can
//! be made to mean 127.0.0.1 (DNS rebinding). So the page is answered under its own names alone, and the hooks, which a
//! proxy asks and no browser, never to a page.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use http::header::{ALLOW, CACHE_CONTROL, HOST, ORIGIN, REFERER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use windlass_foundation::explain::ExitCode;

use super::routes::Refusal;

/// Where a browser says whose page a request comes from.
const FETCH_SITE: &str = "sec-fetch-site";

/// What every answer says to a browser: it is what it says, it is not kept, and no other site gets it.
const TO_BROWSERS: [(&str, &str); 2] =
    [("x-content-type-options", "nosniff"), ("cross-origin-resource-policy", "same-origin")];

/// Answers only requests to look, under the names that the port has on this host.
pub(super) fn page(router: Router, address: SocketAddr) -> Router {
    let names = names(address);
    let guard = move |request: Request, next: Next| {
        let refused = foreign(&names, &request).or_else(|| changing(request.method()));
        checked(refused, request, next)
    };
    router.layer(middleware::from_fn(guard))
}

/// Answers under any name, which is the proxy's, and no page in a browser.
pub(super) fn hooks(router: Router) -> Router {
    let guard = |request: Request, next: Next| {
        let refused =
            request.headers().contains_key(ORIGIN).then(|| refusal("a request of a web page is not answered here"));
        checked(refused, request, next)
    };
    router.layer(middleware::from_fn(guard))
}

async fn checked(refused: Option<Refusal>, request: Request, next: Next) -> Response {
    let mut response = match refused {
        Some(refused) => refused.into_response(),
        None => next.run(request).await,
    };
    let is_change = response.status() == StatusCode::METHOD_NOT_ALLOWED;
    let headers = response.headers_mut();
    if is_change {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    for (name, value) in TO_BROWSERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn refusal(text: &str) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, ExitCode::Refused, text)
}

/// The names under which a port of this host is asked, as `Host` says them.
fn names(address: SocketAddr) -> Vec<String> {
    let port = address.port();
    let own = address.to_string();
    let usual = ["127.0.0.1", "[::1]", "localhost"];
    let mut names: Vec<String> = usual.iter().map(|host| format!("{host}:{port}")).collect();
    if port == 80 {
        // The port of the scheme is left out.
        names.extend(usual.map(str::to_owned));
        names.push(own.trim_end_matches(":80").to_owned());
    }
    names.push(own);
    names
}

/// Why a request is not for this port, or comes from another site's page.
fn foreign(names: &[String], request: &Request) -> Option<Refusal> {
    let is_own = |host: &str| names.iter().any(|name| name.eq_ignore_ascii_case(host));
    let headers = request.headers();
    if !single(headers, &HOST).is_some_and(is_own) || !authority(request.uri()).is_none_or(is_own) {
        return Some(refusal("this port is asked as `localhost` or by its address, and by no other name"));
    }
    let from_here = |name: &HeaderName| match single(headers, name) {
        Some(address) => {
            let site = address.strip_prefix("http://").unwrap_or_default();
            is_own(site.split(['/', '?', '#']).next().unwrap_or_default())
        }
        None => !headers.contains_key(name),
    };
    let site = HeaderName::from_static(FETCH_SITE);
    let of_this_site = match single(headers, &site) {
        Some(said) => matches!(said, "same-origin" | "none"),
        None => !headers.contains_key(&site),
    };
    let own_page = from_here(&ORIGIN) && from_here(&REFERER) && of_this_site;
    (!own_page).then(|| refusal("a request of another site's page is not answered here"))
}

/// The value of a header that is there once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.to_str().ok()).flatten()
}

fn authority(uri: &Uri) -> Option<&str> {
    uri.authority().map(http::uri::Authority::as_str)
}

fn changing(method: &Method) -> Option<Refusal> {
    let text = "nothing is changed at this port: it takes GET and HEAD";
    let looks = [Method::GET, Method::HEAD].contains(method);
    (!looks).then(|| Refusal::new(StatusCode::METHOD_NOT_ALLOWED, ExitCode::Usage, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_answered(address: &str, target: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(axum::body::Body::empty()).unwrap();
        foreign(&names(address.parse().unwrap()), &request).is_none()
    }

    #[test]
    fn a_port_is_asked_by_its_own_names_alone() {
        let port = "127.0.0.1:9470";
        for host in ["127.0.0.1:9470", "[::1]:9470", "localhost:9470", "LOCALHOST:9470"] {
            assert!(is_answered(port, "/", &[("host", host)]), "{host}");
        }
        let wrong = [
            "evil.example",
            "evil.example:9470",
            "127.0.0.1",
            "127.0.0.1:80",
            "localhost",
            "",
            "localhost.:9470",
            "127.0.0.2:9470",
        ];
        for host in wrong {
            assert!(!is_answered(port, "/", &[("host", host)]), "{host}");
        }
        assert!(!is_answered(port, "/", &[]));
        assert!(!is_answered(port, "/", &[("host", "localhost:9470"), ("host", "localhost:9470")]));
        assert!(is_answered(port, "http://localhost:9470/", &[("host", "localhost:9470")]));
        assert!(!is_answered(port, "http://evil.example/", &[("host", "localhost:9470")]));
        assert!(is_answered("127.0.0.9:80", "/", &[("host", "127.0.0.9")]));
        assert!(is_answered("[::1]:80", "/", &[("host", "[::1]")]));
    }

    #[test]
    fn no_page_of_another_site_is_answered() {
        let own = "http://localhost:9470";
        for (name, value, answered) in [
            ("origin", own, true),
            ("origin", "http://[::1]:9470", true),
            ("origin", "null", false),
            ("origin", "https://localhost:9470", false),
            ("origin", "http://localhost:3000", false),
            ("origin", "http://evil.example", false),
            ("origin", "http://localhost:9470.evil.example", false),
            ("origin", "http://localhost:9470@evil.example", false),
            ("referer", "http://localhost:9470/kudos?x=1", true),
            ("referer", "http://localhost:9470", true),
            ("referer", "http://evil.example/http://localhost:9470/", false),
            ("referer", "", false),
            ("sec-fetch-site", "none", true),
            ("sec-fetch-site", "same-origin", true),
            ("sec-fetch-site", "same-site", false),
            ("sec-fetch-site", "cross-site", false),
        ] {
            let headers = [("host", "localhost:9470"), (name, value)];
            assert_eq!(is_answered("127.0.0.1:9470", "/", &headers), answered, "{name}: {value}");
        }
    }
}
