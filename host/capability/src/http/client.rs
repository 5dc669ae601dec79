//! HTTP clients, one for each set of address ranges and authorities: a pooled connection is only ever used by those
//! who may dial its address.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::io::Read as _;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use windlass_domain::Failure;
use windlass_foundation::addresses;

use super::tls;
use crate::failure::{failure, lost, passing};

/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(15);

/// The largest file of authorities, in bytes.
const AUTHORITIES_LIMIT: u64 = 4 << 20;

/// More kinds of clients than this are not kept.
const KEPT: usize = 32;

/// The HTTP clients of a process. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Clients {
    made: Arc<Mutex<HashMap<Key, reqwest::Client>>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    ranges: Vec<IpNet>,
    /// With the time of the last change, so that a renewed authority is read again.
    authorities: Vec<(PathBuf, Option<SystemTime>)>,
    timeout: Duration,
}

impl Clients {
    /// A client that dials public addresses and those in the ranges.
    pub(super) async fn get(
        &self,
        mut ranges: Vec<IpNet>,
        mut authorities: Vec<PathBuf>,
        timeout: Duration,
    ) -> Result<reqwest::Client, Failure> {
        ranges.sort_unstable();
        ranges.dedup();
        authorities.sort_unstable();
        authorities.dedup();
        let changed = |path: PathBuf| {
            let time = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok();
            (path, time)
        };
        let key = Key { ranges, authorities: authorities.into_iter().map(changed).collect(), timeout };
        if let Some(client) = self.made.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(client.clone());
        }
        // Reading the system's authorities takes milliseconds.
        let wanted = key.clone();
        let client =
            tokio::task::spawn_blocking(move || build(&wanted)).await.map_err(|_| lost("the HTTP client"))??;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.len() >= KEPT {
            made.clear();
        }
        made.insert(key, client.clone());
        Ok(client)
    }
}

fn build(key: &Key) -> Result<reqwest::Client, Failure> {
    // reqwest takes the crypto provider of the process. Where one was installed before, it stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(key.timeout)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(4)
        .user_agent(concat!("windlass/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Filter { ranges: key.ranges.clone().into() });
    for (path, _) in &key.authorities {
        let unusable = |why: String| {
            failure("untrusted", format!("the authorities in `{}` cannot be used: {why}", path.display()))
        };
        let mut pem = Vec::new();
        let file = fs::File::open(path).map_err(|error| unusable(error.to_string()))?;
        file.take(AUTHORITIES_LIMIT).read_to_end(&mut pem).map_err(|error| unusable(error.to_string()))?;
        let authorities = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| unusable(chain(&error)))?;
        if authorities.is_empty() {
            return Err(unusable("it holds no certificate".to_owned()));
        }
        builder = builder.tls_certs_merge(authorities);
    }
    builder.build().map_err(|error| failure("internal", format!("there is no HTTP client: {}", chain(&error))))
}

/// Resolves names and lets through only addresses that are open. What it returns is what is dialled.
struct Filter {
    ranges: Arc<[IpNet]>,
}

impl Resolve for Filter {
    fn resolve(&self, name: Name) -> Resolving {
        let ranges = Arc::clone(&self.ranges);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let open: Vec<_> = found.iter().copied().filter(|found| addresses::is_open(found.ip(), &ranges)).collect();
            match (open.is_empty(), found.first()) {
                (false, _) => Ok(Box::new(open.into_iter()) as Addrs),
                (true, Some(closed)) => Err(Closed(addresses::meant(closed.ip())).into()),
                (true, None) => Err(std::io::Error::from(std::io::ErrorKind::NotFound).into()),
            }
        })
    }
}

/// A name means only addresses that are closed.
#[derive(Debug, thiserror::Error)]
#[error("{0} is closed")]
pub(super) struct Closed(pub(super) IpAddr);

impl Closed {
    /// The refusal inside an error of the HTTP library.
    pub(super) fn cause_of(error: &reqwest::Error) -> Option<&Self> {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if let Some(closed) = error.downcast_ref() {
                return Some(closed);
            }
            cause = error.source();
        }
        None
    }
}

/// An error of the HTTP library in our words. Its own text would repeat the address with its query.
pub(super) fn failed(error: &reqwest::Error, server: &str) -> Failure {
    if error.is_timeout() {
        return passing("timeout", format!("`{server}` did not answer in time"));
    }
    let reason = error.source().map_or_else(|| "the exchange failed".to_owned(), chain);
    if let Some(failure) = tls::failed(error, server, &reason) {
        return failure;
    }
    passing("unavailable", format!("`{server}` cannot be asked: {reason}"))
}

/// An error and its causes, each once.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
