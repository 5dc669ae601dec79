//! Headers on their way out and in: placeholders replaced, the connection's own left out, sizes bounded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use windlass_documents::Failure;
use zeroize::Zeroizing;

use crate::capability::failure::failure;
use crate::capability::secrets::{PluginSecrets, mentions_secret};
use crate::config::Origin;
use crate::redact::Redactor;

/// Headers that belong to a connection (RFC 9110 section 7.6.1) or are made from the address.
const OURS: [HeaderName; 9] = [
    header::HOST,
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::PROXY_AUTHORIZATION,
    header::PROXY_AUTHENTICATE,
    HeaderName::from_static("keep-alive"),
];

/// A plugin's headers, ready to be sent to a server.
pub(super) fn outgoing(
    given: &HeaderMap,
    secrets: &PluginSecrets,
    origin: &Origin,
    limit: u64,
) -> Result<HeaderMap, Failure> {
    check_size(given, limit)?;
    let mut headers = HeaderMap::with_capacity(given.len());
    for (name, value) in given {
        if OURS.contains(name) {
            continue;
        }
        headers.append(name.clone(), fill(name, value, secrets, origin)?);
    }
    Ok(headers)
}

/// A server's headers, as a plugin may read them.
pub(super) fn incoming(mut headers: HeaderMap, redactor: &Redactor) -> HeaderMap {
    for value in headers.values_mut() {
        let Ok(text) = value.to_str() else { continue };
        let clean = redactor.text(text);
        if clean != text
            && let Ok(clean) = HeaderValue::from_str(&clean)
        {
            *value = clean;
        }
    }
    headers
}

/// Whether names and values together are within the limit.
pub(super) fn check_size(headers: &HeaderMap, limit: u64) -> Result<(), Failure> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes as u64 > limit {
        let message = format!("the headers have {bytes} bytes; the most are {limit} (`http-headers` in `[limits]`)");
        return Err(failure("limit-exceeded", message));
    }
    Ok(())
}

fn fill(
    name: &HeaderName,
    value: &HeaderValue,
    secrets: &PluginSecrets,
    origin: &Origin,
) -> Result<HeaderValue, Failure> {
    let Ok(text) = value.to_str() else { return Ok(value.clone()) };
    if mentions_secret(text) {
        return secret_value(name, &secrets.fill_for(text, origin)?);
    }
    // Libraries encode user and password (RFC 7617); a placeholder is inside.
    let encoded = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    if *name == header::AUTHORIZATION
        && let Some((_, encoded)) = encoded
        && let Ok(decoded) = STANDARD.decode(encoded.trim())
        && let Ok(decoded) = String::from_utf8(decoded)
        && mentions_secret(&decoded)
    {
        let filled = secrets.fill_for(&decoded, origin)?;
        let encoded = Zeroizing::new(STANDARD.encode(filled.as_bytes()));
        secrets.redactor().learn(&encoded, "[redacted:basic-authorization]");
        return secret_value(name, &Zeroizing::new(format!("Basic {}", encoded.as_str())));
    }
    Ok(value.clone())
}

fn secret_value(name: &HeaderName, text: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        failure("invalid-argument", format!("the secret in the header `{name}` holds characters that a header cannot"))
    })?;
    // Keeps it out of the debug output of every library on the way.
    value.set_sensitive(true);
    Ok(value)
}
