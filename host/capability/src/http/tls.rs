//! Why there is no TLS with a server, in words that say what to do: each cause has a remedy of its own.

use std::error::Error;

use rustls::{CertificateError, InvalidMessage};
use windlass_domain::Failure;

use crate::failure::failure;

/// The largest number of names of a certificate that is reported.
const NAMES: usize = 10;

/// The failure, when an exchange failed because of TLS. `reason` is the library's own text.
///
/// What to do stands in the message itself, because plugins pass only that on. Asking again mends none of it.
pub(super) fn failed(error: &(dyn Error + 'static), server: &str, reason: &str) -> Option<Failure> {
    let told = |text: String| Some(failure("untrusted", text));
    match cause(error)? {
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => told(format!(
            "`{server}` speaks no TLS: what answers at that port is no HTTPS server; where it is one for plain HTTP, write \
             `http://` in the place of `https://`, here and in the grant in agent.toml"
        )),
        rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) => told(format!(
            "`{server}` shows a certificate for another name: it is for {}; ask the server by a name that its \
                 certificate has, or give it a certificate for this one",
            names(presented)
        )),
        rustls::Error::InvalidCertificate(CertificateError::NotValidForName) => told(format!(
            "`{server}` shows a certificate for another name; ask the server by a name that its certificate has, or give \
             it a certificate for this one"
        )),
        rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => told(format!(
            "`{server}` cannot be asked: {reason}; renew its certificate, or set the clock of this host right"
        )),
        rustls::Error::InvalidCertificate(_) => told(format!(
            "`{server}` cannot be asked: {reason}; where its authority is your own, name its PEM file with `ca = \"FILE\"` \
             in the grant for `{server}` in agent.toml"
        )),
        _ => None,
    }
}

/// The error of the TLS library inside others. An I/O error names as its source what is below the error that it holds.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let held = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(found) = held.and_then(|held| held.downcast_ref()) {
            return Some(found);
        }
        next = match held {
            Some(held) => Some(held as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}

/// The names without their kinds: the library writes the kind with each, such as `DnsName("a.example")`.
fn names(presented: &[String]) -> String {
    if presented.is_empty() {
        return "no name at all".to_owned();
    }
    let plain = |name: &String| {
        let inside = name.split_once('(').map_or(name.as_str(), |(_, rest)| rest.trim_end_matches(')'));
        let name: String = inside.trim_matches('"').chars().filter(|c| !c.is_control()).take(255).collect();
        format!("`{name}`")
    };
    let mut told: Vec<String> = presented.iter().take(NAMES).map(plain).collect();
    if presented.len() > NAMES {
        told.push(format!("{} more", presented.len() - NAMES));
    }
    told.join(", ")
}
