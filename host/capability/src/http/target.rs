//! Where a request really goes: the plugin's address with the secrets that it has placeholders of in path and query.
//!
//! Some servers know a caller by the address alone, such as the incoming webhooks of chats. Only path and query are
//! looked at: scheme, host and port are decided before, and no secret can change them. What is logged is the address
//! with its placeholders.

use http::Uri;
use url::{Position, Url};
use windlass_config::Origin;
use windlass_domain::Failure;

use crate::failure::failure;
use crate::secrets::{PluginSecrets, mentions_secret};

/// The address to send to. `url` is the parsed form of `uri`, and `origin` what it was granted as.
pub(super) fn fill(uri: &Uri, url: &Url, secrets: &PluginSecrets, origin: &Origin) -> Result<Url, Failure> {
    let written = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let text = shown(written);
    if !mentions_secret(&text) {
        return Ok(url.clone());
    }
    let filled = secrets.fill_for(&text, origin)?;
    let unfit = || {
        let message =
            format!("the secret in an address of `{origin}` holds characters that an address cannot, or is none");
        failure("invalid-argument", message)
    };
    if filled.contains(|letter: char| !letter.is_ascii_graphic() || matches!(letter, '#' | '\\')) {
        return Err(unfit());
    }
    let target = Url::parse(&format!("{}{}", &url[..Position::BeforePath], filled.as_str())).map_err(|_| unfit())?;
    // Whatever the value is, the server is the one that was granted.
    if target[..Position::BeforePath] == url[..Position::BeforePath] { Ok(target) } else { Err(unfit()) }
}

/// An address for people: its placeholders as they were written, whatever library encoded them.
pub(super) fn shown(address: &str) -> String {
    if !address.contains("windlass.secret:") {
        return address.to_owned();
    }
    let braces = |text: &str, encoded: &str, brace: &str| {
        text.replace(encoded, brace).replace(&encoded.to_ascii_lowercase(), brace)
    };
    braces(&braces(address, "%7B", "{"), "%7D", "}").replace("%40", "@").replace("%3A", ":")
}
