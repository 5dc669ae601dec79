//! From an event to the request that tells it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use windlass_records::{Facts, fill_json, fill_with};
use windlass_sdk::prelude::*;

use crate::chat;
use crate::config::{Config, Encoding, Sign};

/// The request; secrets in it are placeholders still.
pub(crate) fn request(config: &Config, event: &Event) -> Result<http::Request> {
    let facts = Facts::of(event);
    let url = template(&config.url, &facts, &http::encode)?;
    let body = match (&config.template, &config.body) {
        (Some(kind), _) => chat::message(*kind, event, &facts)?,
        (None, Some(body)) => fill_json(body, &facts, &str::to_owned)?,
        (None, None) => json!(event),
    };
    let body = serde_json::to_vec(&body)?;
    let mut request = http::Request::new(&config.method, url).timeout(config.timeout.0).most(64 << 10);
    if !config.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
        request = request.header("content-type", "application/json");
    }
    for (name, value) in &config.headers {
        request = request.header(name.clone(), template(value, &facts, &visible)?);
    }
    if !config.idempotency_header.is_empty() {
        request = request.header(config.idempotency_header.clone(), visible(&event.idempotency_key));
    }
    if let Some(sign) = &config.sign {
        let key = secrets::reveal(&sign.secret)?;
        request = request.header(sign.header.clone(), signature(&key, &body, sign)?);
    }
    Ok(request.body(body))
}

/// An error without the address that was sent to: the operator's template says which one it was.
pub(crate) fn without_address(error: Error, sent: &str, template: &str) -> Error {
    let mut failure = error.into_failure();
    failure.message = failure.message.replace(sent, template);
    Error::from_failure(failure)
}

fn template(text: &str, facts: &Facts, escape: &dyn Fn(&str) -> String) -> Result<String> {
    fill_with(text, &mut |name, secret| {
        if secret {
            return secrets::placeholder(name);
        }
        Ok(match facts.get(name)? {
            Value::Null => String::new(),
            Value::String(text) => escape(text),
            other => escape(&other.to_string()),
        })
    })
}

fn signature(key: &[u8], body: &[u8], sign: &Sign) -> Result<String> {
    let mut code = Hmac::<Sha256>::new_from_slice(key)
        .map_err(|_| Error::config(format!("the secret `{}` cannot be a key", sign.secret)))?;
    code.update(body);
    let bytes = code.finalize().into_bytes();
    let text = match sign.encoding {
        Encoding::Hex => hex::encode(bytes),
        Encoding::Base64 => STANDARD.encode(bytes),
    };
    Ok(format!("{}{text}", sign.prefix))
}

/// A fact in a header: on one line, in visible characters.
fn visible(text: &str) -> String {
    let letter = |letter: char| if letter == ' ' || letter.is_ascii_graphic() { letter } else { '?' };
    text.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::tests::event;

    #[test]
    fn a_signature_is_that_of_rfc_4231() {
        let sign = Sign::deserialize(json!({ "secret": "key" })).unwrap();
        let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature(b"Jefe", b"what do ya want for nothing?", &sign).unwrap(), expected);
    }

    #[test]
    fn facts_cannot_change_the_structure_around_them() {
        let mut event = event("succeeded");
        event.actor = "a/../b?c\r\nx: y\"".to_owned();
        let config = Config::deserialize(json!({
            "url": "https://a.example/by/{actor}?v={version}", "headers": { "x-by": "{actor}" },
            "body": { "by": "{actor}", "n": "{sequence}" },
        }))
        .unwrap();
        let request = request(&config, &event).unwrap();
        assert_eq!(request.url(), "https://a.example/by/a%2F..%2Fb%3Fc%0D%0Ax%3A%20y%22?v=2");
        let shown = format!("{request:?}");
        assert!(shown.contains("a/../b?c??x: y"), "{shown}");
        assert!(shown.contains("\"Idempotency-Key\", \"k1\""), "{shown}");
    }
}
