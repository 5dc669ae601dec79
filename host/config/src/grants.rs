//! What is granted to plugins: from what is written to what is meant.
//!
//! Whether a plugin gets it is decided elsewhere, when it asks.

use std::net::IpAddr;

use ipnet::IpNet;
use windlass_foundation::names::Kind;

use super::document::{Read, Spot, all};
use super::file;
use super::resolve::{Names, Reader};
use super::{DockerWrite, FilesGrant, Grant, HttpGrant, Origin};

impl Reader<'_> {
    pub(super) fn grant(&self, grant: file::Grant, names: &Names<'_>) -> Read<Grant> {
        let plugin = self.name(&grant.plugin, "a plugin");
        let digest = grant.digest.as_ref().map_or(Ok(()), |digest| self.digest(digest));
        let applications = grant.applications.as_ref().map_or(Ok(()), |names| self.applications(names));
        let secrets = |list: &[Spot<String>]| -> Read<Vec<String>> {
            all(list.iter().map(|name| self.known(name, "secrets", names.secrets.keys())))
        };
        let docker_write = grant.docker_write.map(|write| self.docker_write(write)).transpose();
        let http = all(grant.http.iter().map(|http| self.http(http, names)));
        let files = all(grant.files.iter().map(|files| self.files(files)));
        let (used, revealed) = (secrets(&grant.secrets), secrets(&grant.reveal));
        let exec = all(grant.exec.iter().map(|name| self.known(name, "commands", names.commands.keys())));
        let parse = |written: &Spot<String>| written.parse().map_err(|why: String| self.wrong(written, why));
        let probe_tcp = all(grant.probe_tcp.iter().map(parse));
        plugin.and(digest).and(applications)?;
        Ok(Grant {
            docker_read: grant.docker_read,
            docker_write: docker_write?,
            http: http?,
            files: files?,
            secrets: used?,
            reveal: revealed?,
            exec: exec?,
            registry: grant.registry.into_iter().map(|host| host.to_ascii_lowercase()).collect(),
            probe_tcp: probe_tcp?,
            state: grant.state,
            plugin: grant.plugin.value,
            digest: grant.digest.map(|digest| digest.value),
            applications: grant.applications.map(|list| list.value).unwrap_or_default(),
        })
    }

    fn digest(&self, digest: &Spot<String>) -> Read<()> {
        let hex = digest.strip_prefix("sha256:").unwrap_or_default();
        if hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Ok(());
        }
        Err(self.wrong(digest, "a digest is `sha256:` and 64 lower-case hexadecimal digits"))
    }

    pub(super) fn applications(&self, names: &Spot<Vec<String>>) -> Read<()> {
        if names.is_empty() {
            return Err(self.wrong(names, "an empty list grants nothing; leave the key out for all applications"));
        }
        all(names.iter().filter(|name| !Kind::Application.is(name)).map(|name| {
            let noted = self.wrong(names, Kind::Application.complaint(name));
            Err(noted)
        }))
    }

    fn docker_write(&self, write: file::DockerWrite) -> Read<DockerWrite> {
        let bind_roots = all(write.bind_roots.iter().map(|root| self.absolute(root)));
        let data_root = write.data_root.as_ref().map(|root| self.absolute(root)).transpose();
        let parse = |written: &Spot<String>| written.parse().map_err(|why: String| self.wrong(written, why));
        let allow = all(write.allow.iter().map(parse));
        let subnets = all(write
            .subnets
            .iter()
            .map(|written| windlass_foundation::addresses::range(written).map_err(|why| self.wrong(written, why))));
        Ok(DockerWrite {
            bind_roots: bind_roots?,
            data_root: data_root?,
            allow: allow?,
            projects: write.projects,
            subnets: subnets?,
        })
    }

    fn http(&self, http: &file::Http, names: &Names<'_>) -> Read<HttpGrant> {
        let to = origin(&http.to).map_err(|why| self.wrong(&http.to, why));
        let addresses = self.ranges(&http.addresses);
        let secrets = all(http.secrets.iter().map(|name| self.known(name, "secrets", names.secrets.keys())));
        let ca = http.ca.as_deref().map(|ca| self.path(ca));
        Ok(HttpGrant { to: to?, addresses: addresses?, ca, secrets: secrets? })
    }

    /// Ranges, and single addresses.
    pub(super) fn ranges(&self, written: &[Spot<String>]) -> Read<Vec<IpNet>> {
        let range = |written: &Spot<String>| {
            let single = || written.parse::<IpAddr>().map(IpNet::from);
            written.parse::<IpNet>().or_else(|_| single()).map_err(|_| {
                self.wrong(written, format!("`{}` is not an address range such as `10.0.0.0/8`", written.value))
            })
        };
        all(written.iter().map(range))
    }

    fn files(&self, files: &file::Files) -> Read<FilesGrant> {
        self.name(&files.root, "a root")?;
        if *files.root == "bundle" {
            return Err(self.wrong(&files.root, "`bundle` is the release's own bundle, which every plugin can read"));
        }
        Ok(FilesGrant { root: files.root.value.clone(), path: self.path(&files.path), write: files.write })
    }
}

/// Reads `scheme://host[:port]`. The URL library decides what a host is, so that the grant and the request are
/// compared in the same form.
pub(super) fn origin(text: &str) -> Result<Origin, String> {
    let form = "write `https://host`, `http://host:port` or `https://*.domain`";
    let (scheme, rest) = text.split_once("://").ok_or_else(|| format!("`{text}` is not a server; {form}"))?;
    let (wildcard, rest) = match rest.strip_prefix("*.") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let url = url::Url::parse(&format!("{scheme}://{rest}")).map_err(|error| format!("`{text}`: {error}; {form}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{}` is not a scheme that plugins can use; {form}", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(format!("`{text}` is more than a server; {form}"));
    }
    if url.path() != "/" || rest.ends_with('/') {
        return Err(format!("`{text}` names a path, which a grant cannot; {form}"));
    }
    let host = match url.host() {
        Some(url::Host::Domain(name)) if name.contains('*') => {
            return Err(format!("`{text}`: `*` stands only first; {form}"));
        }
        Some(url::Host::Domain(name)) => name.strip_suffix('.').unwrap_or(name).to_owned(),
        Some(url::Host::Ipv4(address)) if !wildcard => address.to_string(),
        Some(url::Host::Ipv6(address)) if !wildcard => address.to_string(),
        _ => return Err(format!("`{text}` names no host; {form}")),
    };
    let host = if wildcard { format!("*.{host}") } else { host };
    let port = url.port_or_known_default().ok_or_else(|| format!("`{text}` names no port; {form}"))?;
    Ok(Origin { scheme: url.scheme().to_owned(), host, port })
}
