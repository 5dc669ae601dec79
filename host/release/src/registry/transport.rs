//! One HTTP request to a registry: bounded answers, and what went wrong in words of ours.

use std::error::Error;
use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, RequestBuilder, StatusCode};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use url::{Host, Url};
use windlass_foundation::addresses::{is_for_servers, meant};

use super::Access;
use super::error::RegistryError;

const CONNECT: Duration = Duration::from_secs(10);
/// How long a connection may stand still.
const STALL: Duration = Duration::from_secs(20);
/// How many redirects are followed: large registries send blobs from elsewhere.
const REDIRECTS: usize = 5;

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct HttpAnswer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// A client for one registry.
pub(super) fn client(registry: &str, access: &Access) -> Result<Client, RegistryError> {
    // Another module may have been first; it is the same provider.
    drop(rustls::crypto::ring::default_provider().install_default());
    let authorities = access.ca.as_deref().map(authorities).transpose()?.unwrap_or_default();
    let builder = || {
        Client::builder()
            .user_agent(concat!("windlass/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(STALL)
            .redirect(redirects(access.addresses.clone()))
            .dns_resolver(Filter { granted: access.addresses.clone().into() })
            // Neither a redirect nor the address of a token server may leave TLS.
            .https_only(!access.plain_http)
    };
    let client = builder().tls_certs_merge(authorities.clone()).build();
    // A host without any authority can still ask a registry that needs none.
    let client =
        if access.plain_http { client.or_else(|_| builder().tls_certs_only(authorities).build()) } else { client };
    client.map_err(|error| RegistryError::Tls {
        registry: registry.to_owned(),
        reason: innermost(&error),
        plain: false,
    })
}

/// Follows some redirects, and none to an address where no server is expected.
fn redirects(granted: Vec<IpNet>) -> Policy {
    Policy::custom(move |attempt| {
        if attempt.previous().len() > REDIRECTS {
            return attempt.error(TooMany);
        }
        match written(attempt.url()) {
            Some(address) if !is_for_servers(address, &granted) => attempt.error(Closed(meant(address))),
            _ => attempt.follow(),
        }
    })
}

/// The address that a URL has in the place of a name; the resolver is not asked about it.
fn written(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
    }
}

/// Resolves names, and lets through only addresses where a server may be. What it returns is what is dialled.
struct Filter {
    granted: Arc<[IpNet]>,
}

impl Resolve for Filter {
    fn resolve(&self, name: Name) -> Resolving {
        let granted = Arc::clone(&self.granted);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let open: Vec<_> = found.iter().copied().filter(|found| is_for_servers(found.ip(), &granted)).collect();
            match (open.is_empty(), found.first()) {
                (false, _) => Ok(Box::new(open.into_iter()) as Addrs),
                (true, Some(closed)) => Err(Closed(meant(closed.ip())).into()),
                (true, None) => Err(io::Error::from(io::ErrorKind::NotFound).into()),
            }
        })
    }
}

/// Refuses a registry at an address where no registry is expected, for callers that connect to it without this client,
/// such as the container engine. A name that cannot be resolved here passes: it may have an address there.
pub(super) async fn admit(registry: &str, access: &Access) -> Result<(), RegistryError> {
    let Ok(url) = Url::parse(&format!("https://{registry}/")) else { return Ok(()) };
    let found: Vec<IpAddr> = match (written(&url), url.host_str()) {
        (Some(address), _) => vec![address],
        (None, Some(name)) => {
            let found = tokio::time::timeout(CONNECT, tokio::net::lookup_host((name, 0))).await;
            found.ok().and_then(Result::ok).into_iter().flatten().map(|found| found.ip()).collect()
        }
        (None, None) => return Ok(()),
    };
    match found.into_iter().find(|address| !is_for_servers(*address, &access.addresses)) {
        Some(address) => Err(RegistryError::Closed { registry: registry.to_owned(), address: meant(address) }),
        None => Ok(()),
    }
}

/// A name means only addresses where no server is expected, or is such an address.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not an address where a registry is expected")]
struct Closed(IpAddr);

#[derive(Debug, thiserror::Error)]
#[error("it redirects too often")]
struct TooMany;

fn authorities(path: &Path) -> Result<Vec<Certificate>, RegistryError> {
    let failed = |source| RegistryError::Authorities { path: path.to_owned(), source };
    let pem = fs::read(path).map_err(failed)?;
    let invalid = |reason: String| failed(io::Error::new(io::ErrorKind::InvalidData, reason));
    // The store is only asked whether it would take them: what is malformed would otherwise be found at the first
    // connection, as an error of the server's certificate.
    let mut store = rustls::RootCertStore::empty();
    let mut certificates = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| invalid(error.to_string()))?;
        certificates.push(Certificate::from_der(&certificate).map_err(|error| invalid(innermost(&error)))?);
        store.add(certificate).map_err(|error| invalid(error.to_string()))?;
    }
    if certificates.is_empty() {
        return Err(invalid("it has no certificate in PEM form".into()));
    }
    Ok(certificates)
}

/// Sends a request and reads at most `limit` bytes.
pub(super) async fn send(
    registry: &str,
    access: &Access,
    request: RequestBuilder,
    limit: usize,
) -> Result<HttpAnswer, RegistryError> {
    let (client, request) = request.build_split();
    let request = request.map_err(|error| explain(registry, &error))?;
    if let Some(address) = written(request.url()).filter(|address| !is_for_servers(*address, &access.addresses)) {
        return Err(RegistryError::Closed { registry: registry.to_owned(), address: meant(address) });
    }
    let mut response = client.execute(request).await.map_err(|error| explain(registry, &error))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| explain(registry, &error))? {
        if body.len() + chunk.len() > limit {
            let reason = format!("it is larger than {limit} bytes");
            return Err(RegistryError::Answer { registry: registry.to_owned(), reason });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(HttpAnswer { status, headers, body })
}

impl HttpAnswer {
    /// How long the server wants to be left alone: seconds, or a date, which is compared with the server's own clock
    /// (RFC 9110, section 10.2.3).
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let text = |name| self.headers.get(name)?.to_str().ok();
        let wait = text(RETRY_AFTER)?;
        if let Ok(seconds) = wait.trim().parse() {
            return Some(Duration::from_secs(seconds));
        }
        let moment = |text| jiff::fmt::rfc2822::parse(text).ok().map(|moment| moment.timestamp());
        let wait = moment(wait)?.duration_since(moment(text(DATE)?)?);
        Some(Duration::try_from(wait).unwrap_or_default())
    }

    /// What the server says about an error: the messages of the specification's error document, or the beginning of the
    /// text. Without control characters.
    pub(super) fn said(&self) -> String {
        #[derive(serde::Deserialize)]
        struct Envelope {
            errors: Vec<Said>,
        }
        #[derive(serde::Deserialize)]
        struct Said {
            #[serde(default)]
            message: String,
        }
        let said = match serde_json::from_slice::<Envelope>(&self.body) {
            Ok(envelope) => envelope.errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join("; "),
            Err(_) => String::from_utf8_lossy(&self.body).trim().to_owned(),
        };
        let short: String = said.chars().take(200).collect();
        short.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'")
    }

    /// Whether the specification's error document has this code.
    pub(super) fn has_code(&self, code: &str) -> bool {
        serde_json::from_slice::<serde_json::Value>(&self.body).is_ok_and(|body| {
            body["errors"].as_array().is_some_and(|errors| errors.iter().any(|error| error["code"] == code))
        })
    }
}

fn explain(registry: &str, error: &reqwest::Error) -> RegistryError {
    let registry = registry.to_owned();
    if let Some(Closed(address)) = cause(error) {
        return RegistryError::Closed { registry, address: *address };
    }
    if let Some(tls) = tls_cause(error) {
        let plain = matches!(tls, rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType));
        return RegistryError::Tls { registry, reason: tls.to_string(), plain };
    }
    let reason = match error {
        error if error.is_timeout() && error.is_connect() => format!("no connection within {} s", CONNECT.as_secs()),
        error if error.is_timeout() => format!("nothing came for {} s", STALL.as_secs()),
        error => innermost(error),
    };
    RegistryError::Unavailable { registry, reason }
}

/// The first cause of a kind.
fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(here) = next {
        if let Some(found) = here.downcast_ref() {
            return Some(found);
        }
        next = here.source();
    }
    None
}

/// The TLS library's error wraps itself in input/output errors on the way up.
fn tls_cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(here) = next {
        if let Some(tls) = here.downcast_ref() {
            return Some(tls);
        }
        let inner = here.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => here.source(),
        };
    }
    None
}

fn innermost(error: &dyn Error) -> String {
    let mut here = error;
    while let Some(source) = here.source() {
        here = source;
    }
    here.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_dialled_was_looked_at() {
        let resolved = async |name: &str, granted: &[IpNet]| {
            let found = Filter { granted: granted.into() }.resolve(name.parse().unwrap()).await;
            found.map(|found| found.map(|found| found.ip()).collect::<Vec<_>>())
        };
        assert!(resolved("localhost", &[]).await.unwrap().iter().all(IpAddr::is_loopback));
        let error = resolved("169.254.169.254", &[]).await.unwrap_err();
        assert!(error.downcast_ref::<Closed>().is_some(), "{error}");
        assert_eq!(resolved("169.254.9.9", &["169.254.9.0/24".parse().unwrap()]).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn an_engine_is_sent_to_no_metadata_service() {
        for registry in ["169.254.169.254", "169.254.169.254:5000", "[fe80::1]:5000", "0.0.0.0:5000", "0xa9fea9fe"] {
            let refused = admit(registry, &Access::default()).await;
            assert!(matches!(refused, Err(RegistryError::Closed { .. })), "{registry}: {refused:?}");
        }
        for registry in ["127.0.0.1:5000", "localhost:5000", "10.1.2.3", "[::1]:5000"] {
            admit(registry, &Access::default()).await.unwrap();
        }
        let granted = Access { addresses: vec!["169.254.0.0/16".parse().unwrap()], ..Access::default() };
        admit("169.254.1.1:5000", &granted).await.unwrap();
    }
}
