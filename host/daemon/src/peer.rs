//! Who asks at the socket: the kernel says which user the process has. What a request says of itself counts only where that
//! user may say it.

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use http::HeaderMap;
use tokio::net::UnixListener;
use windlass_config::Config;
use windlass_foundation::account;
use windlass_foundation::explain::ExitCode;
use windlass_foundation::principal::{Certificate, Principal, Proof, is_fingerprint};

use super::protocol::{NAME_HEADER, SSH_CERTIFICATE_HEADER, SSH_KEY_HEADER};
use super::routes::Refusal;

/// The process at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    /// Its user; none where the kernel does not say.
    uid: Option<u32>,
}

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self { uid: stream.io().peer_cred().ok().map(|peer| peer.uid()) }
    }
}

impl Peer {
    /// Who asks, for this request. The operator's file is read only where the request names an SSH key.
    pub(super) fn principal(
        self,
        headers: &HeaderMap,
        config: impl FnOnce() -> Result<Config, Refusal>,
    ) -> Result<Principal, Refusal> {
        let Some(uid) = self.uid else {
            return Err(Refusal::new(
                http::StatusCode::FORBIDDEN,
                ExitCode::Refused,
                "the kernel does not say who you are",
            ));
        };
        if let Some(key) = headers.get(SSH_KEY_HEADER) {
            return with_key(uid, key, headers.get(SSH_CERTIFICATE_HEADER), &config()?);
        }
        let named =
            headers.get(NAME_HEADER).and_then(|name| name.to_str().ok()).filter(|name| uid == 0 && !name.is_empty());
        let name = named.map(str::to_owned).or_else(|| account::name(uid)).unwrap_or_else(|| format!("uid {uid}"));
        Ok(Principal::new(&name, Proof::LocalUser { uid }))
    }
}

/// The principal of an SSH key, said by a user who may say it.
fn with_key(
    uid: u32,
    value: &http::HeaderValue,
    certificate: Option<&http::HeaderValue>,
    config: &Config,
) -> Result<Principal, Refusal> {
    let member = account::membership(uid);
    if uid != 0 && !config.resident.ssh_users.iter().any(|user| member.is_user(uid, user)) {
        let who = member.name.unwrap_or_else(|| uid.to_string());
        let text = format!("user `{who}` may not say which SSH key opened their session");
        let hint = format!("write `ssh-users = [\"{who}\"]` below `[agent]` in agent.toml, where that is meant");
        return Err(Refusal::new(http::StatusCode::FORBIDDEN, ExitCode::Refused, text).with_hint(hint));
    }
    let wrong = || Refusal::bad(format!("`{SSH_KEY_HEADER}` is not `NAME SHA256:…`"));
    let (name, fingerprint) = value.to_str().ok().and_then(|text| text.rsplit_once(' ')).ok_or_else(wrong)?;
    if name.is_empty() || !is_fingerprint(fingerprint) {
        return Err(wrong());
    }
    let certificate = certificate.map(certified).transpose()?;
    Ok(Principal::new(name, Proof::SshKey { fingerprint: fingerprint.to_owned(), uid, certificate }))
}

/// The certificate that a request says.
fn certified(value: &http::HeaderValue) -> Result<Certificate, Refusal> {
    let text = value.to_str().unwrap_or_default();
    let (authority, id) = text.split_once(' ').map_or((text, None), |(authority, id)| (authority, Some(id)));
    if !is_fingerprint(authority) || id.is_some_and(|id| id.is_empty() || id.contains(' ')) {
        return Err(Refusal::bad(format!("`{SSH_CERTIFICATE_HEADER}` is not `SHA256:…` or `SHA256:… ID`")));
    }
    Ok(Certificate { authority: authority.to_owned(), id: id.map(str::to_owned) })
}
