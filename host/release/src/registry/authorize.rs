//! From a registry's challenge to an `Authorization` header.
//!
//! Basic is RFC 7617; Bearer is the distribution project's token protocol (`docs/spec/auth/token.md`, and `oauth.md` for
//! identity tokens).

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::Serializer;

use super::Access;
use super::credentials::Credentials;
use super::error::RegistryError;
use super::transport::{self, HttpAnswer};

/// The largest answer of a token server.
const MAX_TOKEN: usize = 1 << 20;

/// What a registry asks for.
#[derive(Debug, PartialEq, Eq)]
enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String> },
}

/// The header that answers the challenge of `refusal`; none when there are no credentials for it.
pub(super) async fn authorize(
    client: &Client,
    registry: &str,
    access: &Access,
    repository: &str,
    refusal: &HttpAnswer,
    credentials: Option<&Credentials>,
) -> Result<Option<HeaderValue>, RegistryError> {
    let unusable = |reason: String| RegistryError::Answer { registry: registry.to_owned(), reason };
    let header = match challenge(refusal) {
        None => return Ok(None),
        Some(Challenge::Basic) => match credentials {
            Some(credentials) => basic(credentials),
            None => return Ok(None),
        },
        Some(Challenge::Bearer { realm, service }) => {
            let realm = Url::parse(&realm).map_err(|error| unusable(format!("its token server `{realm}`: {error}")))?;
            format!("Bearer {}", token(client, registry, access, repository, realm, service, credentials).await?)
        }
    };
    let mut header = HeaderValue::try_from(header).map_err(|_| unusable("its token is not a header's value".into()))?;
    header.set_sensitive(true);
    Ok(Some(header))
}

/// Bearer where it is offered, since registries that offer both want it.
fn challenge(refusal: &HttpAnswer) -> Option<Challenge> {
    let mut basic = None;
    for header in refusal.headers.get_all(WWW_AUTHENTICATE) {
        let Ok(text) = header.to_str() else { continue };
        for challenge in http_auth::parser::ChallengeParser::new(text).map_while(Result::ok) {
            let parameter = |wanted: &str| {
                let found = challenge.params.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
                found.map(|(_, value)| value.to_unescaped())
            };
            if challenge.scheme.eq_ignore_ascii_case("bearer")
                && let Some(realm) = parameter("realm")
            {
                return Some(Challenge::Bearer { realm, service: parameter("service") });
            }
            if challenge.scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Challenge::Basic);
            }
        }
    }
    basic
}

fn basic(credentials: &Credentials) -> String {
    use base64::Engine as _;
    let pair = format!("{}:{}", credentials.username, credentials.password);
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

async fn token(
    client: &Client,
    registry: &str,
    access: &Access,
    repository: &str,
    mut realm: Url,
    service: Option<String>,
    credentials: Option<&Credentials>,
) -> Result<String, RegistryError> {
    #[derive(Deserialize)]
    struct Token {
        token: Option<String>,
        access_token: Option<String>,
    }
    let scope = format!("repository:{repository}:pull");
    let service = service.unwrap_or_default();
    let request = if let Some(refresh) = credentials.and_then(|credentials| credentials.identity_token.as_deref()) {
        let form = Serializer::new(String::new())
            .extend_pairs([("grant_type", "refresh_token"), ("client_id", "windlass")])
            .extend_pairs([("service", service.as_str()), ("scope", &scope), ("refresh_token", refresh)])
            .finish();
        client.post(realm).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
    } else {
        if !service.is_empty() {
            realm.query_pairs_mut().append_pair("service", &service);
        }
        realm.query_pairs_mut().append_pair("scope", &scope);
        let request = client.get(realm);
        match credentials {
            Some(credentials) => request.header(AUTHORIZATION, basic(credentials)),
            None => request,
        }
    };
    let answer = transport::send(registry, access, request, MAX_TOKEN).await?;
    match answer.status {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST => {
            return Err(RegistryError::Unauthorized {
                registry: registry.to_owned(),
                repository: repository.to_owned(),
                user: credentials.map(Credentials::user),
                said: answer.said(),
            });
        }
        StatusCode::TOO_MANY_REQUESTS => {
            let retry_after = answer.retry_after();
            return Err(RegistryError::RateLimited { registry: registry.to_owned(), retry_after });
        }
        status => {
            let reason = format!("its token server answers {status}");
            return Err(RegistryError::Unavailable { registry: registry.to_owned(), reason });
        }
    }
    let token: Option<Token> = serde_json::from_slice(&answer.body).ok();
    token.and_then(|token| token.token.or(token.access_token)).ok_or_else(|| RegistryError::Answer {
        registry: registry.to_owned(),
        reason: "its token server sends no token".into(),
    })
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    #[test]
    fn reads_challenges_of_real_registries() {
        let read = |headers: &[&'static str]| {
            let mut map = HeaderMap::new();
            for header in headers {
                map.append(WWW_AUTHENTICATE, HeaderValue::from_static(header));
            }
            challenge(&HttpAnswer { status: StatusCode::UNAUTHORIZED, headers: map, body: Vec::new() })
        };
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer { realm: realm.into(), service: service.map(str::to_owned) })
        };
        assert_eq!(
            read(&[
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull""#
            ]),
            bearer("https://auth.docker.io/token", Some("registry.docker.io"))
        );
        assert_eq!(read(&[r#"Basic realm="Registry Realm""#]), Some(Challenge::Basic));
        assert_eq!(
            read(&[r#"Basic realm="x""#, r#"bearer realm="https://t.example/v2/token""#]),
            bearer("https://t.example/v2/token", None)
        );
        assert_eq!(read(&["Negotiate"]), None);
        assert_eq!(read(&["\"\"=,,=="]), None);
    }
}
